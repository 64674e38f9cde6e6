"""Much mail at once: new requests are filed together, and each as it would have been alone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.queue import Work
from app.helpdesk.actions import flood, intake
from app.helpdesk.models.counter import TicketCounter
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.foreign_message_id import ForeignMessageId
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from tests.helpdesk.desk import answered_by_desk, ask, at, comes_in, mail_of, photo, vouch_for, written
from tests.helpdesk.public_mail import own_mails
from tests.helpdesk.test_forwarding import FORWARDED
from tests.helpdesk.test_public_mail import everybody_is_staff
from tests.world import World


def stored(app: Flask, world: World, raw: bytes, **way: Any) -> UUID:
    return comes_in(app, world.maple, raw, receive=False, **way)


def asked_by(world: World) -> list[bytes]:
    """Three who write at once."""
    return [
        written(one.email, f"{one.name} asks", message_id=f"<{nth}@maple.example>")
        for nth, one in enumerate((world.bell, world.ortiz, world.lena))
    ]


def test_new_requests_are_filed_together(app: Flask, world: World) -> None:
    ids = [stored(app, world, raw) for raw in asked_by(world)]

    with at(app, world.maple):
        assert list(flood.receive_together(ids, {ids[1]: "0123456789abcdef"})) == ids
        db.session.commit()

    with at(app, world.maple):
        tickets = db.session.scalars(select(Ticket).order_by(Ticket.number)).all()
        assert [one.title for one in tickets] == ["Nora Bell asks", "Elena Ortiz asks", "Lena Brandt asks"]
        assert [one.number for one in tickets] == [1001, 1002, 1003]
        assert [mail_of(one).ticket_id for one in ids] == [one.id for one in tickets]
        assert [one.school_id for one in tickets] == [
            world.maple.schools[name] for name in ("North", "Cedar", "North")
        ]
        told = db.session.scalars(select(TicketEvent).order_by(TicketEvent.id)).all()
        assert {one.words for one in told} == {
            f"{name} asked for help by email" for name in ("Nora Bell", "Elena Ortiz", "Lena Brandt")
        }
        owed = select(Work.subject_id, Work.request).where(Work.job == intake.ACKNOWLEDGE)
        assert dict(db.session.execute(owed).all()) == {
            ids[0]: None,
            ids[1]: "0123456789abcdef",
            ids[2]: None,
        }


def test_nobody_waits_for_a_number_while_mail_is_read(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(app, world.tess)
    ids = [stored(app, world, raw) for raw in asked_by(world)]
    free: list[int] = []
    opened = intake.open_or_hold

    def and_look(*given: Any, **more: Any) -> bool:
        done = opened(*given, **more)
        with at(app, world.maple):
            free.append(db.session.scalars(select(TicketCounter.next).with_for_update(nowait=True)).one())
        return done

    monkeypatch.setattr(intake, "open_or_hold", and_look)
    with at(app, world.maple):
        flood.receive_together(ids)
        db.session.commit()
        numbers = db.session.scalars(select(Ticket.number).where(Ticket.channel == "email")).all()

    assert free == [1002, 1002, 1002]
    assert sorted(numbers) == [1002, 1003, 1004]


Shape = Callable[[Flask, World], tuple[bytes, dict[str, Any]]]


def _of(**given: Any) -> Shape:
    way: dict[str, Any] = {"to": given.pop("to")} if "to" in given else {}
    return lambda _, world: (written(given.pop("sender", world.bell.email), **given), way)


def _answer(app: Flask, world: World) -> tuple[bytes, dict[str, Any]]:
    answered = answered_by_desk(app, world, ask(app, world.bell))
    return written(world.bell.email, "Re: it", in_reply_to=answered), {}


def _again(app: Flask, world: World) -> tuple[bytes, dict[str, Any]]:
    comes_in(app, world.maple, written(world.bell.email))
    return written(world.bell.email), {"mailbox": "another@maple.example"}


def _named_before(app: Flask, world: World) -> tuple[bytes, dict[str, Any]]:
    comes_in(
        app, world.maple, written(world.bell.email, message_id="<2@x.example>", references="<1@x.example>")
    )
    return written(world.bell.email, message_id="<1@x.example>"), {}


def _forward(app: Flask, world: World) -> tuple[bytes, dict[str, Any]]:
    said = FORWARDED.format(name="Nora Bell", address=world.bell.email)
    return written(world.tess.email, "Fwd: It", said, Authentication_Results=vouch_for(app, world)), {}


OTHER_BUSINESS: dict[str, Shape] = {
    "an answer": _answer,
    "a copy": _again,
    "the mail that an answer overtook": _named_before,
    "a forward": _forward,
    "a number": _of(subject="About #1001"),
    "a plus-address": _of(to="help+anything@maple.example"),
    "a file": _of(files=(("stripe.jpg", "image/jpeg", photo()),)),
    "a machine": _of(Auto_Submitted="auto-replied"),
    "a mail to where ours come back": _of(to="bounce@maple.example"),
    "a mail from the desk": _of(sender="help@maple.example"),
    "no Message-ID": _of(message_id=None),
    "no sender": _of(sender=""),
    "a large one": _of(text="It hums. " * 40_000),
}


@pytest.mark.parametrize("name", OTHER_BUSINESS)
def test_any_other_business_is_left_to_be_filed_alone(app: Flask, world: World, name: str) -> None:
    raw, way = OTHER_BUSINESS[name](app, world)
    new, other = stored(app, world, asked_by(world)[1]), stored(app, world, raw, **way)

    with at(app, world.maple):
        assert list(flood.receive_together([other, new])) == [new]
        db.session.commit()
        assert mail_of(other).state == "stored"


def test_of_one_sender_only_the_first_is_filed_together(app: Flask, world: World) -> None:
    first, second = (
        stored(app, world, written(world.bell.email, message_id=f"<{nth}@maple.example>")) for nth in (1, 2)
    )

    with at(app, world.maple):
        assert list(flood.receive_together([first, second])) == [first]


def test_two_under_one_message_id_are_not_filed_together(app: Flask, world: World) -> None:
    first = stored(app, world, written(world.bell.email))
    second = stored(app, world, written(world.ortiz.email))

    with at(app, world.maple):
        assert list(flood.receive_together([first, second])) == [], "one came before the other"


def test_who_wrote_too_much_is_held(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_TICKETS_AN_HOUR", 1)
    comes_in(app, world.maple, written(world.bell.email, message_id="<0@maple.example>"))
    again = stored(app, world, written(world.bell.email, message_id="<1@maple.example>"))

    with at(app, world.maple):
        assert list(flood.receive_together([again])) == [again]
        assert (mail_of(again).state, mail_of(again).reason) == ("held", "too_many")


def test_mail_that_waits_for_a_person_is_left_to_them(app: Flask, world: World) -> None:
    mail = written("new@maple.example", message_id="<new@maple.example>")
    email_id = comes_in(app, world.maple, mail)
    everybody_is_staff(app, world, {"hers": mail})

    with at(app, world.maple):
        assert mail_of(email_id).state == "held"
        assert list(flood.receive_together([email_id])) == []


def test_mail_of_another_district_is_none(app: Flask, world: World) -> None:
    email_id = stored(app, world, written(world.bell.email))

    with at(app, world.birch):
        assert list(flood.receive_together([email_id])) == []


def test_each_is_filed_as_it_would_have_been_alone(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of each shape that mail has, once in a flood and once by itself."""
    monkeypatch.setattr(flood, "LONGEST_READING", 600.0)  # a slow machine leaves some for later
    mails = {name: _by_one_of_their_own(raw, name) for name, raw in own_mails().items()}
    mails |= {f"asked-{nth}": raw for nth, raw in enumerate(asked_by(world))}
    mails["stranger"] = written("stranger@elsewhere.example", message_id="<s@elsewhere.example>")
    everybody_is_staff(app, world, {name: raw for name, raw in mails.items() if name != "stranger"})
    ids = {name: stored(app, world, raw) for name, raw in mails.items()}

    with at(app, world.maple):
        together = flood.receive_together(list(ids.values()))
        for one in ids.values():
            if one not in together:
                intake.receive(one)
        db.session.flush()
        in_a_flood = {name: _what_became(one) for name, one in ids.items()}
        owed = _receipts_owed()
        db.session.rollback()
    assert 5 <= len(together) < len(ids)

    with at(app, world.maple):
        for one in ids.values():
            intake.receive(one)
            db.session.flush()
        alone = {name: _what_became(one) for name, one in ids.items()}
        assert _receipts_owed() == owed
    assert in_a_flood == alone


def _by_one_of_their_own(raw: bytes, name: str) -> bytes:
    head, end, body = raw.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"from:", b"message-id:"))]
    return b"\r\n".join([f"From: {name}@maple.example\r\nMessage-ID: <{name}>".encode(), *kept]) + end + body


def _receipts_owed() -> set[UUID | None]:
    waiting = db.session.scalars(select(Work.subject_id).where(Work.job == intake.ACKNOWLEDGE))
    return set(waiting)


def _what_became(email_id: UUID) -> Any:
    email = db.session.get_one(InboundEmail, email_id)
    ticket = db.session.get(Ticket, email.ticket_id) if email.ticket_id else None
    if ticket is None:
        return email.state, email.reason, email.from_address, email.subject, email.verified
    events = select(TicketEvent.what, TicketEvent.by_name, TicketEvent.detail, TicketEvent.version)
    ids = select(ForeignMessageId.message_id).where(ForeignMessageId.ticket_id == ticket.id)
    requester = db.session.get_one(Person, ticket.requester_id)
    shown = ("title", "text", "text_html", "state", "urgency", "channel", "verified", "version", "school_id")
    return (
        (email.state, email.reason, email.from_address, email.subject, email.verified),
        requester.email,
        [getattr(ticket, name) for name in shown],
        sorted(map(repr, db.session.execute(events.where(TicketEvent.ticket_id == ticket.id)).all())),
        sorted(db.session.scalars(ids)),
    )
