"""A message is written down, and rung for if it may leave; if it may not, the reason stands in the log."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db, uuid7
from app.core.directory import District, InboundAddress, forget_directory
from app.core.tenancy import as_district
from app.notices.actions import compose, ladder
from app.notices.actions.compose import Thread
from app.notices.models.message import Message, State
from app.roster.models.person import Person
from tests.notices.letters import TOLD, a_reply, bells_for
from tests.world import Place, World

RECEIVED = {"kind": "ticket_received", "context": {"number": 1001, "title": "The projector"}}


def a_note_to_tess(world: World, ticket_id: UUID) -> Message:
    """A colleague gave the ticket to her."""
    return a_reply(
        world,
        ticket_id,
        kind="ticket_assigned",
        context={
            "number": 1001,
            "title": "The projector",
            "requester": "Nora",
            "school": "North",
            "by": "Lee",
        },
        to_address=world.tess.email,
        to_person_id=world.tess.person_id,
    )


def test_a_message_is_queued_and_rung_for(maple: Place, world: World) -> None:
    message = a_reply(world)

    assert message.state == State.QUEUED
    assert message.from_address == "help@maple.example"
    assert message.from_name == "Maple School District Help Desk"
    assert [work.queue for work in bells_for(message)] == ["notifications"]


def test_nothing_is_rung_for_what_is_rolled_back(maple: Place, world: World) -> None:
    compose.email("ticket_reply", world.bell.email, world.bell.person_id, TOLD, ("tickets", uuid7(), 1001))
    db.session.rollback()

    assert db.session.query(Message).count() == 0


def test_a_mail_is_threaded_by_what_it_answers_and_by_its_ticket(maple: Place, world: World) -> None:
    ticket = uuid7()
    thread = Thread(ticket, "<two@mail.example>", ("<one@mail.example>",), began_by_mail=True)
    message = a_reply(world, ticket, thread=thread)

    assert message.in_reply_to == "<two@mail.example>"
    assert message.reference_ids[1:] == ["<one@mail.example>", "<two@mail.example>"]
    assert message.reference_ids[0].startswith("<fo.maple.ticket.1001.")
    assert message.subject == "Re: The projector"


@pytest.mark.parametrize(
    "changes",
    [
        {"to_person_id": None},
        {"to_person_id": uuid7()},
        {"to_address": "mallory@evil.example"},
    ],
    ids=["nobody", "a stranger's id", "another address"],
)
def test_only_people_of_the_roster_are_written_to(
    maple: Place, world: World, changes: dict[str, object]
) -> None:
    if changes.get("to_person_id"):
        changes = {"to_person_id": world.quincy.person_id}  # Birch's
        with pytest.raises(Exception, match="messages"):  # the floor: a composite key
            a_reply(world, **changes)
        return
    message = a_reply(world, **changes)

    assert (message.state, message.reason) == (State.FAILED, compose.NOBODY_KNOWN)
    assert bells_for(message) == []


def test_who_has_left_is_not_written_to(maple: Place, world: World) -> None:
    bell = db.session.get(Person, world.bell.person_id)
    assert bell is not None
    bell.active = False
    db.session.commit()

    assert a_reply(world).state == State.FAILED


def test_automatic_mail_ends_by_the_ladder(maple: Place, world: World) -> None:
    ticket = uuid7()
    sent = [a_note_to_tess(world, ticket) for _ in range(11)]

    assert [one.state for one in sent] == [State.QUEUED] * 10 + [State.FAILED]
    assert sent[-1].reason == ladder.TOO_MANY
    assert bells_for(sent[-1]) == []


def test_the_ladder_counts_each_recipient_over_all_tickets(maple: Place, world: World) -> None:
    states = [a_reply(world, **RECEIVED).state for _ in range(31)]

    assert states == [State.QUEUED] * 30 + [State.FAILED]
    other = a_reply(world, **RECEIVED, to_address=world.ortiz.email, to_person_id=world.ortiz.person_id)
    assert other.state == State.QUEUED


def test_after_a_pause_the_next_step_of_the_ladder_holds(maple: Place, world: World) -> None:
    ticket, began = uuid7(), clock.now()
    for _ in range(10):
        a_note_to_tess(world, ticket)

    with clock.frozen(began + timedelta(minutes=11)):
        states = [a_note_to_tess(world, ticket).state for _ in range(6)]
    assert states == [State.QUEUED] * 5 + [State.FAILED]


def test_what_a_technician_wrote_is_never_held_back(maple: Place, world: World) -> None:
    ticket = uuid7()

    assert {a_reply(world, ticket).state for _ in range(12)} == {State.QUEUED}


def test_links_are_few(maple: Place, world: World) -> None:
    told = {"name": "Nora Bell", "link": "http://localhost/maple/reset/x", "minutes": 60}
    states = [
        compose.email("password_reset", world.bell.email, world.bell.person_id, told).state for _ in range(6)
    ]

    assert states == [State.QUEUED] * 5 + [State.FAILED]


def test_a_desk_without_an_address_says_so(app: Flask, maple: Place, world: World) -> None:
    for row in db.session.query(InboundAddress).where(InboundAddress.district_id == maple.id):
        db.session.delete(row)
    db.session.commit()
    message = a_reply(world)

    assert (message.state, message.reason, message.message_id) == (State.FAILED, compose.NO_ADDRESS, None)


def test_another_district_sees_no_message(app: Flask, maple: Place, world: World) -> None:
    id = a_reply(world).id

    with app.app_context(), as_district(world.birch.id):
        assert Message.find(id) is None


def test_notes_to_the_desk_go_to_those_who_work_there(maple: Place, world: World) -> None:
    told = {"number": 1001, "title": "The projector", "requester": "Nora Bell", "text": "It works."}

    to_tess = a_reply(world, kind="ticket_answered", context=told, to_address=world.tess.email)
    to_bell = a_reply(world, kind="ticket_answered", context=told)
    to_nobody = a_reply(world, kind="ticket_answered", context=told, to_address="mallory@evil.example")

    assert to_tess.state == State.QUEUED
    assert {to_bell.reason, to_nobody.reason} == {compose.NOBODY_WORKING}


def test_while_a_district_is_prepared_nothing_is_written_by_itself(
    app: Flask, maple: Place, world: World
) -> None:
    district = db.session.get(District, maple.id)
    assert district is not None
    district.state = "preparing"
    db.session.commit()
    forget_directory()

    assert a_reply(world, **RECEIVED).reason == compose.NOT_OPEN
    assert a_reply(world).state == State.QUEUED


def test_a_ticket_is_acknowledged_once(maple: Place, world: World) -> None:
    ticket = uuid7()
    a_reply(world, ticket, kind="ticket_received", context=RECEIVED["context"])

    with pytest.raises(IntegrityError):
        a_reply(world, ticket, kind="ticket_received", context=RECEIVED["context"])
