"""Two desks that have each other on their staff lists and write to each other: they stop by themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.db import db
from app.core.tenancy import as_district
from app.helpdesk.models.inbound_email import InboundEmail
from app.notices.actions import delivery
from app.notices.models.message import Message, State
from app.roster.models.person import Person
from jobs.mail_door import deliver
from tests.helpdesk.desk import at, comes_in, mail_of, messages, written
from tests.notices.conftest import mail_folder
from tests.world import Place, World

__all__ = ["mail_folder"]

#: What a server on the way may take from our mails: the marks by which we know machines and ourselves.
MARKS = r"^(auto-submitted|x-frontoffice-loop|x-auto-response-suppress|precedence):.*\r?\n"
IDS = r"^(in-reply-to|references):.*\r?\n([ \t].*\r?\n)*"


@pytest.fixture
def befriended(app: Flask, world: World) -> World:
    """Each desk is a member of the other's staff."""
    for place, other in ((world.maple, world.birch), (world.birch, world.maple)):
        with at(app, place):
            school = place.schools["North"]
            db.session.add(Person(given_name="The", family_name="Desk", email=other.desk, school_id=school))
            db.session.commit()
    return world


def leaving(app: Flask, place: Place, folder: Path) -> Iterator[bytes]:
    """Whatever waits to be sent leaves; its bytes."""
    with app.app_context(), as_district(place.id):
        waiting = list(db.session.scalars(select(Message.id).where(Message.state == State.QUEUED)))
    for message_id in waiting:
        with app.app_context(), as_district(place.id):
            delivery.deliver(message_id)
            assert db.session.get_one(Message, message_id).state == State.SENT
    for path in sorted((folder / place.slug / "new").glob("*")):
        yield path.read_bytes()
        path.unlink()


def carry_on(app: Flask, world: World, folder: Path, strip: tuple[str, ...]) -> int:
    """Carry every mail of each desk to the other until nothing is under way; how many were carried."""
    carried = 0
    for _ in range(40):
        under_way = [
            (place, other, raw)
            for place, other in ((world.maple, world.birch), (world.birch, world.maple))
            for raw in leaving(app, place, folder)
        ]
        if not under_way:
            return carried
        for _place, other, raw in under_way:
            text = raw.decode("ascii")
            for lines in strip:
                text = re.sub(lines, "", text, flags=re.IGNORECASE | re.MULTILINE)
            envelope = re.search(r"(?im)^reply-to:.*?<?([^<>\s]+@[^<>\s]+?)>?\r?$", text)
            comes_in(app, other, text.encode(), envelope_from=envelope[1] if envelope else "x@x.example")
            carried += 1
    raise AssertionError("They never stop.")


def acknowledgements(app: Flask, place: Place) -> int:
    with at(app, place):
        return sum(one.kind == "ticket_received" and one.state == State.SENT for one in messages())


@pytest.mark.parametrize("strip", [(), (MARKS,), (IDS,)], ids=["as sent", "without marks", "without threads"])
def test_they_acknowledge_each_other_once_at_most(
    app: Flask, befriended: World, mail_folder: Path, strip: tuple[str, ...]
) -> None:
    world = befriended
    comes_in(app, world.maple, written(world.birch.desk, "Shared bus list", "Can you send it?"))

    carry_on(app, world, mail_folder, strip)

    assert acknowledgements(app, world.maple) <= 1
    assert acknowledgements(app, world.birch) <= 1


def test_even_with_every_mark_gone_they_come_to_an_end(
    app: Flask, befriended: World, mail_folder: Path
) -> None:
    world = befriended
    comes_in(app, world.maple, written(world.birch.desk, "Shared bus list", "Can you send it?"))

    carried = carry_on(app, world, mail_folder, (MARKS, IDS))

    # Each desk acknowledges ten mails an hour of one sender, and no more.
    assert 2 < carried <= 20
    assert acknowledgements(app, world.maple) <= 10
    assert acknowledgements(app, world.birch) <= 10


def test_one_mail_to_both_desks_is_a_ticket_in_each(app: Flask, befriended: World) -> None:
    world = befriended
    raw = written(world.bell.email, to=f"{world.maple.desk}, {world.birch.desk}")

    with app.app_context():
        deliver(None, world.bell.email, [world.maple.desk, world.birch.desk], raw)

    for place in (world.maple, world.birch):
        with at(app, place):
            assert db.session.scalar(select(func.count(InboundEmail.id))) == 1
            assert mail_of(db.session.scalars(select(InboundEmail.id)).one()).mailbox == place.desk
