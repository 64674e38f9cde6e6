"""A ticket goes through hands: taken, assigned, waiting, closed, opened again, its details put right."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.auth.models.account import Account
from app.core.actor import Actor, Role
from app.core.db import db
from app.helpdesk.actions import telling
from app.helpdesk.actions.opening import NotHere
from app.helpdesk.actions.replying import TooLate
from app.helpdesk.models.category import Category
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.models.urgency import Urgency
from app.roster.models.device import Device
from app.roster.models.room import Room
from app.roster.models.school import School

#: How an empty detail is told in the timeline.
NOTHING: Final = "nothing"


class TakenAlready(Exception):
    """A colleague was faster."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is looking after this already. You can still answer, or take it over.")


class NotAtThisSchool(Exception):
    """Whoever should look after it does not work at its school."""

    def __init__(self) -> None:
        super().__init__("Choose somebody who works at this school.")


def take(ticket: Ticket, *, seen: int | None, by: Actor) -> None:
    """Look after it. Raises TakenAlready if a colleague took it after the page was made."""
    ticket.lock()
    if ticket.assignee_id not in (None, by.id) and seen is not None and seen < ticket.version:
        holder = db.session.get(Account, ticket.assignee_id)
        raise TakenAlready(holder.name if holder else "A colleague")
    ticket.take(by)


def assign(ticket: Ticket, to_id: UUID | None, *, by: Actor) -> None:
    """Ask a colleague to look after it; None leaves it for anyone. Raises NotAtThisSchool."""
    ticket.lock()
    if to_id is None:
        ticket.put_back(by)
    elif to_id == by.id:
        ticket.take(by)
    else:
        to = next((one for one in technicians_of(ticket.school_id) if one.id == to_id), None)
        if to is None:
            raise NotAtThisSchool
        if ticket.assignee_id != to.id:
            ticket.assign(to.id, to.name, by)
            telling.its_technician_that_it_is_theirs(ticket, by)


def technicians_of(school_id: UUID) -> list[Account]:
    """Who may look after a ticket of that school, by name."""
    everywhere = db.session.scalars(Account.holding(Role.TECHNICIAN))
    return [account for account in everywhere if account.has(Role.TECHNICIAN, school_id)]


def close(ticket: Ticket, *, by: Actor) -> None:
    """The desk is done, and the requester hears of it. Closing what is closed does nothing."""
    ticket.lock()
    if not ticket.is_closed:
        ticket.close(by)
        telling.that_it_is_closed(ticket, by)


def close_by_requester(ticket: Ticket, *, by: Actor) -> None:
    """It works now, says who asked. Closing what is closed does nothing."""
    ticket.lock()
    ticket.close(by, "works_now")


def reopen(ticket: Ticket, *, by: Actor) -> None:
    """Not done after all. Opening what is open does nothing."""
    ticket.lock()
    if ticket.is_closed:
        ticket.reopen(by)


def reopen_by_requester(ticket: Ticket, *, by: Actor) -> None:
    """The same, for as long as an answer would do it. Raises TooLate."""
    ticket.lock()
    if ticket.is_closed and not ticket.reopens:
        raise TooLate
    if ticket.is_closed:
        ticket.reopen(by)


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a technician may put right."""

    urgency: str
    category_id: UUID | None
    school_id: UUID
    room_id: UUID | None
    device_tag: str


def put_right(ticket: Ticket, details: Details, *, by: Actor) -> None:
    """Change what differs, each with a line in the timeline. Raises NotHere."""
    ticket.lock()
    school = _here(School, details.school_id)
    room = _here(Room, details.room_id)
    category = _here(Category, details.category_id)
    if school is None or (room is not None and room.school_id != school.id):
        raise NotHere
    tag = details.device_tag.strip()
    device = Device.with_tag(tag) if tag else None
    tag = device.tag if device else tag

    urgency = Urgency(details.urgency)
    for column, value, field, before, after in (
        ("urgency", urgency, "urgency", Urgency(ticket.urgency).words, urgency.words),
        (
            "category_id",
            details.category_id,
            "kind of problem",
            _of(Category, ticket.category_id),
            _name(category),
        ),
        ("school_id", school.id, "school", _of(School, ticket.school_id), _name(school)),
        ("room_id", details.room_id, "room", _of(Room, ticket.room_id), _name(room)),
        ("device_tag", tag, "device", ticket.device_tag or NOTHING, tag or NOTHING),
    ):
        ticket.change(column, value, field=field, before=before, after=after, by=by)
    ticket.device_id = device.id if device else None


def _of(model: Any, id: UUID | None) -> str:
    return _name(_here(model, id))


def _here(model: Any, id: UUID | None) -> Any:
    """The row of that id in this district, None for no id. Raises NotHere."""
    if id is None:
        return None
    found = db.session.get(model, id)
    if found is None:
        raise NotHere
    return found


def _name(thing: Any) -> str:
    return thing.name if thing is not None else NOTHING
