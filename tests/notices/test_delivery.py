"""A message leaves once; whatever goes wrong is written down, and what nobody can know is left to a person."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from app.core import clock, presence, queue
from app.core.db import db
from app.core.mail_driver import Delivered, OutcomeUnknown
from app.core.queue import PermanentFailure, TryAgain, Work
from app.core.tenancy import as_district
from app.integrations.mailbox.parse import ParsedMail
from app.notices.actions import delivery
from app.notices.models.mail_setting import MailSetting
from app.notices.models.message import HOLDS_FOR, STOPPED_WHILE_SENDING, Message, State
from tests.notices.letters import a_receipt, a_reply, bells_for
from tests.world import Place, World

Left = Callable[[], list[ParsedMail]]


class Stub:
    """A driver that does as it is told, and counts."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[bytes] = []
        self.state_meanwhile: list[str] = []

    def send(
        self, raw: bytes, envelope_from: str, to: list[str], before_the_end: Callable[[], object]
    ) -> Delivered:
        self.sent.append(raw)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome:
            raise outcome
        return Delivered(accepted=tuple(to))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stub]:
    def use(*outcomes: Exception | None) -> Stub:
        stub = Stub(*outcomes)
        monkeypatch.setattr(delivery, "_driver", lambda: stub)
        return stub

    return use


def reread(message_id: UUID) -> Message:
    db.session.expire_all()
    found = Message.find(message_id)
    assert found is not None
    return found


def test_it_leaves_and_is_sent(maple: Place, world: World, left: Left) -> None:
    message = a_reply(world)

    delivery.deliver(message.id)

    (mail,) = left()
    assert mail.message_id == message.message_id
    assert mail.from_address == "help@maple.example"
    assert [one.address for one in mail.to] == [world.bell.email]
    assert mail.reply_to[0].address == message.reply_to
    assert mail.is_own_loop(str(maple.id))
    assert mail.is_automatic
    assert "Tess Okafor wrote:\n\nIs it plugged in?" in mail.text
    sent = reread(message.id)
    assert (sent.state, sent.attempts, sent.reason) == (State.SENT, 1, "")
    assert sent.sent_at is not None


def test_it_leaves_once_however_often_the_bell_rings(maple: Place, world: World, left: Left) -> None:
    message = a_reply(world)

    for _ in range(3):
        delivery.deliver(message.id)
    assert len(left()) == 1


def test_two_workers_at_once_send_one(
    app: Flask, maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver()
    message_id = a_reply(world).id
    db.session.commit()
    start = threading.Barrier(8)

    def work() -> None:
        with app.app_context(), as_district(world.maple.id):
            start.wait()
            delivery.deliver(message_id)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(stub.sent) == 1
    assert reread(message_id).attempts == 1


def test_the_claim_is_committed_before_the_wire(
    app: Flask, maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver()
    message_id = a_reply(world).id
    seen: list[tuple[str, bool]] = []
    send = stub.send

    def look_from_outside(raw: bytes, envelope_from: str, to: list[str], end: Any) -> Delivered:
        in_transaction = db.session().in_transaction()
        with app.app_context(), as_district(world.maple.id):
            found = Message.find(message_id)
            assert found is not None
            seen.append((found.state, in_transaction))
        return send(raw, envelope_from, to, end)

    stub.send = look_from_outside  # type: ignore[assignment]
    delivery.deliver(message_id)

    assert seen == [(State.SENDING, False)]


def test_a_dead_server_means_later_with_growing_pauses(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver(*[TryAgain("The mail server does not answer.")] * 99)
    message_id = a_reply(world).id
    at, pauses = clock.now(), []

    for _ in range(len(delivery.PAUSES)):
        with clock.frozen(at):
            delivery.deliver(message_id)
            waiting = reread(message_id)
            assert (waiting.state, waiting.reason) == (State.QUEUED, "The mail server does not answer.")
            assert waiting.next_try_at is not None
            assert max(work.due_at for work in bells_for(waiting)) == waiting.next_try_at
            delivery.deliver(message_id)  # too early: nothing happens
            pauses.append(waiting.next_try_at - at)
            at = waiting.next_try_at

    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert len(stub.sent) == len(delivery.PAUSES)
    with clock.frozen(at):
        delivery.deliver(message_id)
    given_up = reread(message_id)
    assert given_up.state == State.FAILED
    assert given_up.reason == "Given up after two days: The mail server does not answer."


def test_it_comes_right_at_the_second_try(maple: Place, world: World, driver: Callable[..., Stub]) -> None:
    stub = driver(TryAgain("The mail server does not answer."))
    message_id = a_reply(world).id
    delivery.deliver(message_id)

    with clock.frozen(clock.now() + timedelta(minutes=2)):
        delivery.deliver(message_id)

    sent = reread(message_id)
    assert (sent.state, sent.attempts, sent.reason) == (State.SENT, 2, "")
    assert stub.sent[0] == stub.sent[1]  # the same mail, with the same Message-ID


def test_a_server_may_say_when(maple: Place, world: World, driver: Callable[..., Stub]) -> None:
    driver(TryAgain("Busy.", in_seconds=7))
    message_id = a_reply(world).id
    now = clock.now()

    with clock.frozen(now):
        delivery.deliver(message_id)
    assert reread(message_id).next_try_at == now + timedelta(seconds=7)


def test_a_bad_address_has_failed_for_good(maple: Place, world: World, driver: Callable[..., Stub]) -> None:
    driver(PermanentFailure("The mail server refused the address (550)."))
    message_id = a_reply(world).id

    delivery.deliver(message_id)
    failed = reread(message_id)
    assert (failed.state, failed.reason) == (State.FAILED, "The mail server refused the address (550).")


def test_what_nobody_can_know_is_never_sent_again_by_itself(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver(OutcomeUnknown("Nobody knows."))
    message_id = a_reply(world).id

    delivery.deliver(message_id)
    assert (reread(message_id).state, reread(message_id).reason) == (State.UNSURE, "Nobody knows.")
    with clock.frozen(clock.now() + timedelta(days=3)):
        delivery.deliver(message_id)
        delivery.send_what_is_due()
    assert len(stub.sent) == 1


class PowerCut(BaseException):
    """The process is no more: nothing of it is left but what was committed."""


class TestAWorkerThatDiedAtWork:
    """`killed` sends a message and is cut short before or after the mark; `found` is what the next one makes of it."""

    @pytest.fixture
    def killed(
        self, maple: Place, world: World, driver: Callable[..., Stub], monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., UUID]:
        def killed(kind: str, *, after_the_mark: bool, message_id: UUID | None = None) -> UUID:
            stub = driver()

            def die(
                raw: bytes, envelope_from: str, to: list[str], before_the_end: Callable[[], object]
            ) -> Delivered:
                if after_the_mark:
                    before_the_end()
                raise PowerCut

            stub.send = die  # type: ignore[method-assign]
            message_id = message_id or (a_receipt(world) if kind == "ticket_received" else a_reply(world)).id
            with pytest.raises(PowerCut):
                delivery.deliver(message_id)
            db.session.rollback()
            assert reread(message_id).state == State.SENDING
            presence.leave()
            return message_id

        return killed

    @pytest.fixture(params=["the bell", "the timetable"])
    def found(self, request: pytest.FixtureRequest, driver: Callable[..., Stub]) -> Callable[[UUID], Stub]:
        def found(message_id: UUID) -> Stub:
            stub = driver()
            if request.param == "the timetable":
                delivery.send_what_is_due()
                db.session.commit()
            delivery.deliver(message_id)
            return stub

        return found

    @pytest.mark.parametrize("kind", ["ticket_received", "ticket_reply"])
    def test_before_the_mark_nobody_has_it_so_it_is_sent(
        self, killed: Callable[..., UUID], found: Callable[[UUID], Stub], kind: str
    ) -> None:
        message_id = killed(kind, after_the_mark=False)

        stub = found(message_id)

        sent = reread(message_id)
        assert (sent.state, sent.repeats, len(stub.sent)) == (State.SENT, 0, 1)

    def test_after_the_mark_a_receipt_goes_once_more_as_the_same_mail(
        self, killed: Callable[..., UUID], found: Callable[[UUID], Stub]
    ) -> None:
        message_id = killed("ticket_received", after_the_mark=True)

        stub = found(message_id)

        sent = reread(message_id)
        assert (sent.state, sent.repeats, len(stub.sent)) == (State.SENT, 1, 1)
        assert f"Message-ID: {sent.message_id}".encode() in stub.sent[0]

    def test_a_receipt_is_not_repeated_for_ever(
        self, killed: Callable[..., UUID], found: Callable[[UUID], Stub]
    ) -> None:
        message_id = killed("ticket_received", after_the_mark=True)
        delivery.send_what_is_due()
        db.session.commit()
        killed("ticket_received", after_the_mark=True, message_id=message_id)

        stub = found(message_id)

        assert (reread(message_id).state, stub.sent) == (State.UNSURE, [])

    def test_after_the_mark_what_a_person_wrote_is_left_to_a_person(
        self, killed: Callable[..., UUID], found: Callable[[UUID], Stub]
    ) -> None:
        message_id = killed("ticket_reply", after_the_mark=True)

        stub = found(message_id)

        unsure = reread(message_id)
        assert (unsure.state, unsure.reason) == (State.UNSURE, STOPPED_WHILE_SENDING)
        assert stub.sent == []


def test_one_who_is_slow_and_lives_keeps_the_message(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver(PowerCut())
    message_id = a_reply(world).id
    with pytest.raises(PowerCut):
        delivery.deliver(message_id)
    db.session.rollback()

    delivery.deliver(message_id)
    delivery.send_what_is_due()
    db.session.commit()

    assert (reread(message_id).state, len(stub.sent)) == (State.SENDING, 1)


def test_one_who_is_too_slow_may_not_end_what_another_sends(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver()
    message_id = a_reply(world).id
    left: list[str] = []

    def sleep_at_work(raw: bytes, envelope_from: str, to: list[str], end: Any) -> Delivered:
        with clock.frozen(clock.now() + HOLDS_FOR + timedelta(seconds=1)):
            stub.send = Stub.send.__get__(stub)  # type: ignore[method-assign]
            delivery.deliver(message_id)
        end()
        left.append("twice")
        return Delivered(accepted=tuple(to))

    stub.send = sleep_at_work  # type: ignore[assignment]
    delivery.deliver(message_id)

    assert (reread(message_id).state, len(stub.sent), left) == (State.SENT, 1, [])


def test_a_fault_on_the_way_gives_the_message_back(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    driver(ZeroDivisionError())
    message_id = a_reply(world).id

    with pytest.raises(ZeroDivisionError):
        delivery.deliver(message_id)

    assert reread(message_id).state == State.QUEUED


def test_what_a_server_answered_is_written_down_once_the_database_is_back(
    maple: Place, world: World, driver: Callable[..., Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = driver()
    message_id = a_reply(world).id
    monkeypatch.setattr(delivery, "SETTLE_AGAIN_AFTER", (0.0, 0.0))

    def cut_the_line(raw: bytes, envelope_from: str, to: list[str], end: Any) -> Delivered:
        end()
        connection = db.session.connection()
        number = connection.scalar(text("select pg_backend_pid()"))
        with db.engine.connect() as other:
            other.execute(text("select pg_terminate_backend(:number)"), {"number": number})
        return Delivered(accepted=tuple(to))

    stub.send = cut_the_line  # type: ignore[assignment]
    delivery.deliver(message_id)

    assert reread(message_id).state == State.SENT


def test_a_claim_ends_before_the_work_is_given_to_another() -> None:
    assert HOLDS_FOR < queue.LEASE


def test_a_late_outcome_does_not_touch_a_newer_attempt(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver()
    message_id = a_reply(world).id
    send = stub.send

    def slow(raw: bytes, envelope_from: str, to: list[str], end: Any) -> Delivered:
        message = reread(message_id)
        message.claim(clock.now())
        message.begin_anew()
        db.session.commit()
        return send(raw, envelope_from, to, end)

    stub.send = slow  # type: ignore[assignment]
    delivery.deliver(message_id)

    assert reread(message_id).state == State.QUEUED


def test_a_person_sends_it_again_as_the_same_mail(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver(OutcomeUnknown("Nobody knows."))
    message = a_reply(world)
    delivery.deliver(message.id)

    delivery.send_again(reread(message.id))
    db.session.commit()
    delivery.deliver(message.id)

    assert reread(message.id).state == State.SENT
    assert stub.sent[0] == stub.sent[1]


def test_what_is_sent_or_on_its_way_is_not_sent_again(maple: Place, world: World) -> None:
    message = a_reply(world)

    with pytest.raises(delivery.CannotSendAgain, match="nothing to send again"):
        delivery.send_again(message)
    delivery.deliver(message.id)
    with pytest.raises(delivery.CannotSendAgain):
        delivery.send_again(reread(message.id))


LINK = {
    "kind": "password_reset",
    "context": {"name": "Nora Bell", "link": "http://localhost/maple/reset/secret", "minutes": 60},
    "about": None,
}


def test_a_link_that_opens_an_account_is_not_kept(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    stub = driver()
    message = a_reply(world, **LINK)

    delivery.deliver(message.id)
    assert b"secret" in stub.sent[0]
    kept = reread(message.id)
    assert (kept.state, kept.text, kept.html) == (State.SENT, "", "")


def test_a_link_that_ran_out_is_not_sent_again(
    maple: Place, world: World, driver: Callable[..., Stub]
) -> None:
    driver(PermanentFailure("No."))
    message = a_reply(world, **LINK)
    delivery.deliver(message.id)

    with (
        clock.frozen(clock.now() + timedelta(minutes=61)),
        pytest.raises(delivery.CannotSendAgain, match="run out"),
    ):
        delivery.send_again(reread(message.id))


def test_without_a_mail_server_it_waits_and_says_why(maple: Place, world: World) -> None:
    db.session.add(MailSetting(driver="relay"))
    message_id = a_reply(world).id

    delivery.deliver(message_id)
    waiting = reread(message_id)
    assert (waiting.state, waiting.reason) == (State.QUEUED, delivery.NO_SERVER)


def test_a_server_of_the_district_that_is_switched_off_is_not_called(maple: Place, world: World) -> None:
    db.session.add(MailSetting(driver="smtp", host="smtp.maple.example", password="secret"))
    message_id = a_reply(world).id

    delivery.deliver(message_id)
    waiting = reread(message_id)
    assert waiting.state == State.QUEUED
    assert "not turned on" in waiting.reason


def test_what_nobody_rang_for_is_rung_for(maple: Place, world: World) -> None:
    message = a_reply(world)
    for work in bells_for(message):
        db.session.delete(work)
    db.session.commit()

    assert delivery.send_what_is_due() == 1
    db.session.commit()
    assert len(bells_for(message)) == 1
    assert delivery.send_what_is_due() == 0  # a bell is waiting already


def test_the_message_is_delivered_by_its_job(app: Flask, maple: Place, world: World, left: Left) -> None:
    import jobs

    message = a_reply(world)
    (work,) = bells_for(message)
    jobs.run_work(str(maple.id), str(work.id))

    assert len(left()) == 1
    db.session.expire_all()
    assert db.session.query(Work).where(Work.subject_id == message.id).count() == 0


def test_one_mail_that_cannot_be_written_does_not_stop_the_job(
    maple: Place, world: World, left: Left
) -> None:
    message = a_reply(world)
    message.to_address = "not an address"
    db.session.commit()

    delivery.deliver(message.id)
    failed = reread(message.id)
    assert (failed.state, failed.reason) == (State.FAILED, "This is not an address that mail can be sent to.")
    assert left() == []


def test_a_report_that_is_faster_than_its_sender_stands(
    maple: Place, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_reply(world)

    class Quick(Stub):
        """Its server sends the mail back before it has said that it took it."""

        def send(self, *about: Any) -> Delivered:
            delivered = super().send(*about)
            reread(message.id).come_back("It came back: the mailbox does not exist (5.1.1).")
            db.session.commit()
            return delivered

    monkeypatch.setattr(delivery, "_driver", lambda: Quick())
    delivery.deliver(message.id)

    assert (reread(message.id).state, reread(message.id).reason[:13]) == (State.BOUNCED, "It came back:")
