"""The ladder: whatever machines do, nobody is sent more automatic mail than it allows, and nobody less."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.db import db, uuid7
from app.notices.actions import ladder
from app.notices.models.message import Message, State
from tests.notices.letters import a_reply
from tests.world import Place, World

TICKETS = [UUID(int=number) for number in range(3)]
BEGAN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

#: Mails that somebody wants to send: how many at once, about what, and how many seconds later the next ones.
wishes = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([*TICKETS, None]), st.integers(0, 9000)), max_size=20
)


def climbed(wanted: list[tuple[int, UUID | None, int]]) -> tuple[list[ladder.Sent], list[ladder.Sent]]:
    """What of it is sent, and what is held back."""
    sent: list[ladder.Sent] = []
    held: list[ladder.Sent] = []
    now = BEGAN
    for count, about, pause in wanted:
        for _ in range(count):
            (held if ladder.step_that_holds(sent, about, now) else sent).append((now, about))
        now += timedelta(seconds=pause)
    return sent, held


def within(sent: list[ladder.Sent], end: datetime, minutes: int) -> list[UUID | None]:
    return [about for at, about in sent if end - timedelta(minutes=minutes) < at <= end]


@settings(deadline=None, max_examples=50)
@given(wishes)
def test_no_window_ever_holds_more_than_its_step(wanted: list[tuple[int, UUID | None, int]]) -> None:
    sent, _ = climbed(wanted)

    for step in ladder.LADDER:
        for end in {at for at, _ in sent}:
            window = within(sent, end, step.minutes)
            assert len(window) <= step.in_all
            assert all(window.count(ticket) <= step.about_one for ticket in TICKETS)


@settings(deadline=None, max_examples=50)
@given(wishes)
def test_what_is_held_back_would_have_passed_a_step(wanted: list[tuple[int, UUID | None, int]]) -> None:
    sent, held = climbed(wanted)

    for at, about in held:
        assert any(
            len(within(sent, at, step.minutes)) >= step.in_all
            or (about is not None and within(sent, at, step.minutes).count(about) >= step.about_one)
            for step in ladder.LADDER
        )


def test_two_machines_that_answer_each_other_come_to_the_last_step() -> None:
    sent, held = climbed([(2, TICKETS[0], 60)] * 599)

    assert len(sent) == 100
    assert len(held) == 2 * 599 - 100


def test_the_ladder_is_as_it_was_decided() -> None:
    assert [(step.about_one, step.minutes) for step in ladder.LADDER] == [
        (10, 10),
        (15, 30),
        (25, 60),
        (50, 180),
        (100, 600),
    ]
    assert [(step.in_all, step.minutes) for step in ladder.LADDER] == [
        (30, 10),
        (60, 30),
        (120, 60),
        (240, 180),
        (360, 600),
    ]


def test_what_a_technician_writes_does_not_count_either(maple: Place, world: World) -> None:
    ticket = uuid7()
    for _ in range(12):
        a_reply(world, ticket)

    receipt = a_reply(world, ticket, kind="ticket_received", context={"number": 1001, "title": "Projector"})

    assert receipt.state == State.QUEUED


def test_what_is_held_back_stands_in_the_log_with_its_reason(maple: Place, world: World) -> None:
    told = {"number": 1001, "title": "Projector"}
    for _ in range(31):
        a_reply(world, uuid7(), kind="ticket_received", context=told)

    newest = db.session.scalars(Message.newest_first().limit(1)).one()

    assert (newest.state, newest.reason) == (State.FAILED, ladder.TOO_MANY)
