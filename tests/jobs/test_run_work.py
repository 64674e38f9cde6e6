"""run_work(): one claim, one transaction, effects that stand once."""

import logging
import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.core import across_districts, clock, queue
from app.core.audit import AuditEntry, noted
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from jobs import NEVER_FINISHED, UNFORESEEN, UNKNOWN, find, job, run_work
from tests.jobs import trial
from tests.jobs.conftest import given, let_the_lease_run_out, marks, row, set_state


def run(district_id: UUID, work_id: UUID) -> None:
    run_work(str(district_id), str(work_id))


def test_it_does_the_work_and_strikes_it_off(maple: UUID) -> None:
    work_id = given(maple)

    run(maple, work_id)

    assert marks(maple) == 1
    assert row(maple, work_id) is None


def test_what_it_does_is_done_by_the_system(maple: UUID) -> None:
    run(maple, given(maple))

    with as_district(maple):
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "marked")).one()
        assert (entry.by_kind, entry.which) == ("system", trial.SUBJECT)


def test_a_bell_that_rings_twice_runs_it_once(maple: UUID) -> None:
    work_id = given(maple)

    run(maple, work_id)
    run(maple, work_id)

    assert marks(maple) == 1


def test_of_two_at_once_only_one_does_it(app: Flask, maple: UUID) -> None:
    work_id = given(maple, trial.mark_slowly)
    begin = threading.Barrier(4)

    def work() -> None:
        with app.app_context():
            begin.wait()
            run(maple, work_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert marks(maple) == 1
    assert row(maple, work_id) is None


def test_the_claim_is_committed_before_the_work_begins(app: Flask, maple: UUID) -> None:
    work_id = given(maple)
    with as_district(maple):
        assert queue.claim(work_id) is not None

    held = row(maple, work_id)
    assert held is not None
    assert held.lease_until is not None
    assert held.attempts == 1


def test_work_in_other_hands_is_left_to_them(maple: UUID) -> None:
    work_id = given(maple)
    with as_district(maple):
        queue.claim(work_id)

    run(maple, work_id)

    assert marks(maple) == 0


def test_work_whose_lease_ran_out_is_taken_over(maple: UUID) -> None:
    work_id = given(maple)
    with as_district(maple):
        queue.claim(work_id)
    let_the_lease_run_out(work_id)

    run(maple, work_id)

    assert marks(maple) == 1


def test_who_lost_the_claim_loses_the_effects_too(maple: UUID, caplog: pytest.LogCaptureFixture) -> None:
    work_id = given(maple, lose_the_claim)

    run(maple, work_id)

    assert marks(maple) == 0
    heir = row(maple, work_id)
    assert heir is not None
    assert heir.attempts == 2
    assert heir.lease_until is not None, "the heir's claim is not freed by who lost it"
    assert "another attempt counts" in caplog.text


def test_who_lost_the_claim_and_puts_it_off_frees_nothing_of_the_heirs(maple: UUID) -> None:
    work_id = given(maple)
    with as_district(maple):
        lost = queue.claim(work_id)
    let_the_lease_run_out(work_id)
    with as_district(maple):
        assert lost is not None
        assert queue.claim(work_id)
        queue.put_off(lost, "The mail server is closed.")

    heir = row(maple, work_id)
    assert heir is not None
    assert (heir.attempts, heir.last_error) == (2, None)
    assert heir.lease_until is not None


def test_work_for_another_day_waits(maple: UUID) -> None:
    work_id = given(maple, due=clock.now() + timedelta(minutes=5))

    run(maple, work_id)
    assert marks(maple) == 0

    with clock.frozen(clock.now() + timedelta(minutes=6)):
        run(maple, work_id)
    assert marks(maple) == 1


def test_a_wish_to_try_again_takes_everything_back_and_keeps_the_sentence(maple: UUID) -> None:
    work_id = given(maple, trial.ask_again)

    run(maple, work_id)

    assert marks(maple) == 0
    work = row(maple, work_id)
    assert work is not None
    assert work.last_error == "The mail server is closed."
    assert work.lease_until is None
    assert timedelta(seconds=25) < work.due_at - clock.now() <= timedelta(seconds=30)


def test_a_job_may_say_when_to_try_again(maple: UUID) -> None:
    work_id = given(maple, trial.ask_again_soon)

    run(maple, work_id)

    work = row(maple, work_id)
    assert work is not None
    assert work.due_at - clock.now() <= timedelta(seconds=5)


def test_the_pauses_grow_to_four_hours() -> None:
    minutes = [queue.pause_after(attempt).total_seconds() / 60 for attempt in (1, 2, 3, 4, 5, 6, 12)]

    assert minutes == [0.5, 2, 8, 32, 128, 240, 240]


def test_after_too_many_attempts_it_is_left_to_a_person(maple: UUID) -> None:
    work_id = given(maple, trial.ask_again)
    moment = clock.now()

    for _ in range(queue.MOST_ATTEMPTS + 3):
        moment += timedelta(hours=5)
        with clock.frozen(moment):
            run(maple, work_id)

    work = row(maple, work_id)
    assert work is not None
    assert work.attempts == queue.MOST_ATTEMPTS
    assert work.failed_at is not None
    assert work.last_error == "The mail server is closed."


def test_work_that_kills_its_worker_does_not_do_so_for_ever(maple: UUID) -> None:
    work_id = given(maple)
    for _ in range(queue.MOST_ATTEMPTS):
        with as_district(maple):
            assert queue.claim(work_id)
        let_the_lease_run_out(work_id)

    run(maple, work_id)

    assert marks(maple) == 0
    work = row(maple, work_id)
    assert work is not None
    assert work.failed_at is not None
    assert work.last_error == NEVER_FINISHED


def test_a_permanent_failure_is_not_tried_again(maple: UUID) -> None:
    work_id = given(maple, trial.refuse)

    run(maple, work_id)
    run(maple, work_id)

    assert marks(maple) == 0
    work = row(maple, work_id)
    assert work is not None
    assert (work.attempts, work.last_error) == (1, "There is no such address.")
    assert work.failed_at is not None


def test_a_fault_is_tried_again_and_its_words_stay_nowhere(
    maple: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    work_id = given(maple, trial.stumble)

    run(maple, work_id)

    assert marks(maple) == 0
    work = row(maple, work_id)
    assert work is not None
    assert (work.last_error, work.failed_at, work.lease_until) == (UNFORESEEN, None, None)
    assert "ValueError" in caplog.text
    assert trial.SECRET not in caplog.text


def test_it_writes_one_line_with_ids_alone(maple: UUID, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "frontoffice.jobs")

    run(maple, given(maple))

    (line,) = (record.getMessage() for record in caplog.records if record.name == "frontoffice.jobs")
    assert line.startswith(f"tests.jobs.trial.leave_a_mark district=maple id={trial.SUBJECT} ms=")
    assert line.endswith(" done")


def test_a_stranger_cannot_have_it_done(maple: UUID, birch: UUID) -> None:
    work_id = given(maple)

    run(birch, work_id)

    assert marks(maple) == marks(birch) == 0
    assert row(maple, work_id) is not None


@pytest.mark.parametrize("state", ["closing", "gone"])
def test_a_closing_district_is_left_as_it_is(maple: UUID, state: str) -> None:
    work_id = given(maple)
    set_state(maple, state)

    run(maple, work_id)

    assert marks(maple) == 0


def test_a_bell_for_a_district_or_work_that_is_gone_does_no_harm(maple: UUID) -> None:
    run(uuid4(), uuid4())
    run(maple, uuid4())
    run_work("not an id", "nor this")


def test_only_what_was_declared_a_job_can_be_reached(maple: UUID) -> None:
    for name in ("jobs.run_work", "jobs.nowhere.at_all", "os.system", "jobs.upkeep.noted", "jobs"):
        with pytest.raises(LookupError):
            find(name)


def test_a_name_that_nobody_knows_yet_is_tried_again(maple: UUID) -> None:
    work_id = given(maple)
    with across_districts.session() as across:
        across.execute(update(Work).values(job="jobs.nowhere.at_all"))

    run(maple, work_id)

    work = row(maple, work_id)
    assert work is not None
    assert (work.last_error, work.failed_at) == (UNKNOWN, None)


def test_failed_work_is_forgotten_after_thirty_days(maple: UUID) -> None:
    work_id = given(maple, trial.refuse)
    run(maple, work_id)

    with as_district(maple), clock.frozen(clock.now() + timedelta(days=29)):
        assert queue.forget_failed_work() == 0
    with as_district(maple), clock.frozen(clock.now() + timedelta(days=31)):
        assert queue.forget_failed_work() == 1


@job
def lose_the_claim(subject_id: UUID) -> None:
    """While it works its lease runs out, and somebody else takes the work."""
    noted("marked", "trial", subject_id)
    work_id = db.session.scalars(select(Work.id)).one()
    let_the_lease_run_out(work_id)
    with as_district(db.session.info["district_id"]):
        assert queue.claim(work_id)


def test_a_job_that_is_declared_elsewhere_is_found() -> None:
    assert find("tests.jobs.trial.leave_a_mark") is trial.leave_a_mark
