"""Mail that others wrote, through the real intake: filed when its sender is staff, held when a stranger's."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.parse import parse
from app.notices.models.message import Message
from app.roster.models.person import Person
from tests.helpdesk.desk import at, comes_in, mail_of
from tests.helpdesk.public_mail import own_mails, public_mails, refusals
from tests.needs import PUBLIC_MAIL
from tests.world import World

needs_public_mail = pytest.mark.skipif(
    not PUBLIC_MAIL.is_dir(), reason="The public mail is not here: set FRONTOFFICE_PUBLIC_MAIL to its folder."
)
#: Of what a person wrote and sent whole.
LEAST_FILED = 0.95


def everybody_is_staff(app: Flask, world: World, mails: dict[str, bytes]) -> None:
    senders = {parse(raw).from_address for raw in mails.values()} - {None}
    with at(app, world.maple):
        for address in sorted(filter(None, senders)):
            if Person.with_address(address) is None:
                school = world.maple.schools["North"]
                db.session.add(Person(given_name="A", family_name="Writer", email=address, school_id=school))
        db.session.commit()


def all_come_in(app: Flask, world: World, mails: dict[str, bytes]) -> dict[str, UUID]:
    """Each two hours after the one before: so many from one person within an hour are a machine's."""
    came, start = {}, clock.now()
    for number, (name, raw) in enumerate(mails.items()):
        with clock.frozen(start + timedelta(hours=2 * number)):
            came[name] = comes_in(app, world.maple, raw)
    return came


def counted(app: Flask, world: World) -> dict[str, int]:
    with at(app, world.maple):
        tables = (Ticket, Reply, Attachment, Message, InboundEmail)
        return {
            table.__tablename__: db.session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def not_filed(app: Flask, world: World, came: dict[str, UUID]) -> dict[str, str]:
    with at(app, world.maple):
        return {name: mail_of(id).reason for name, id in came.items() if mail_of(id).state != "filed"}


def test_our_own_mails_of_every_shape_are_filed_and_twice_is_once(app: Flask, world: World) -> None:
    mails = own_mails()

    came = all_come_in(app, world, mails)
    made = counted(app, world)

    assert not_filed(app, world, came) == {"own-11.eml": "report_of_nothing"}
    assert all_come_in(app, world, mails) == came
    assert counted(app, world) == made


@needs_public_mail
def test_the_mail_of_staff_is_filed_but_for_what_is_argued_and_twice_is_once(
    app: Flask, world: World
) -> None:
    mails = public_mails()
    everybody_is_staff(app, world, mails)

    came = all_come_in(app, world, mails)
    made = counted(app, world)

    argued = refusals()
    refused = not_filed(app, world, came)
    assert refused == {name: entry["reason"] for name, entry in argued.items()}
    assert all(entry["because"] for entry in argued.values())
    machines = {name for name, entry in argued.items() if entry["written_by"] in {"a machine", "nobody"}}
    whole = mails.keys() - machines
    assert sum(name not in refused for name in whole) >= LEAST_FILED * len(whole)
    assert made["inbound_emails"] == len(set(came.values()))
    assert all_come_in(app, world, mails) == came
    assert counted(app, world) == made


@needs_public_mail
def test_the_mail_of_strangers_opens_nothing_and_hears_nothing(app: Flask, world: World) -> None:
    mails = {name: raw for name, raw in public_mails().items() if parse(raw).from_address != world.bell.email}

    came = all_come_in(app, world, mails)

    assert set(not_filed(app, world, came)) == set(mails)
    made = counted(app, world)
    assert (made["tickets"], made["replies"], made["messages"]) == (0, 0, 0)
