"""What stands beside a ticket's words: who, where, which device. One question for all of it. No table."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from app.auth.models.account import Account
from app.core import clock
from app.core.db import db
from app.helpdesk.models.category import Category
from app.helpdesk.models.ticket import Ticket
from app.notices.models.muted_address import MutedAddress
from app.roster.models.device import Device
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School


def card(ticket: Ticket) -> Any:
    """The names behind a ticket's ids, as one row; None where it points at nothing."""
    return db.session.execute(_CARD, {"ticket": ticket.id, "now": clock.now()}).one()


_earlier = aliased(Ticket)
# Put together once: with so many names that costs more than the asking.
_CARD = (
    select(
        Person.given_name,
        Person.family_name,
        Person.email,
        Person.title.label("job"),
        School.name.label("school"),
        School.zone.label("zone"),
        Room.name.label("room"),
        Category.name.label("category"),
        Device.model.label("device_model"),
        Device.serial.label("device_serial"),
        Account.name.label("assignee"),
        _earlier.number.label("follows"),
        MutedAddress.because.label("muted_because"),
        MutedAddress.until.label("muted_until"),
    )
    .select_from(Ticket)
    .join(Person, Person.id == Ticket.requester_id)
    .join(School, School.id == Ticket.school_id)
    .outerjoin(Room, Room.id == Ticket.room_id)
    .outerjoin(Category, Category.id == Ticket.category_id)
    .outerjoin(Device, Device.id == Ticket.device_id)
    .outerjoin(Account, Account.id == Ticket.assignee_id)
    .outerjoin(_earlier, _earlier.id == Ticket.follows_id)
    .outerjoin(MutedAddress, (MutedAddress.address == Person.email) & (MutedAddress.until > bindparam("now")))
    .where(Ticket.id == bindparam("ticket"))
)
