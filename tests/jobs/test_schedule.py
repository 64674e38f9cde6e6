"""The timetable: each round once, at each district's own hour, whatever the clocks do."""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import across_districts, clock, timetable
from app.core.timetable import Entry, Round, Timetable
from jobs import run_work, schedule
from jobs.schedule import keep_timetable
from tests.jobs.conftest import Listener, Process, marks, open_district, set_state, wait_until

MARK = Entry("Leave a mark", "tests.jobs.trial.leave_a_mark", every=timedelta(hours=1))
NIGHTLY = Entry("Nightly", "tests.jobs.trial.leave_a_mark", at=time(2, 30))


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(*entries: Entry) -> None:
        monkeypatch.setattr(schedule, "TIMETABLE", entries)

    use(MARK)
    return use


def go_round(after: timedelta = timedelta(0)) -> None:
    with clock.frozen(clock.now() + after):
        schedule.set_up()
        schedule.tick(threading.Event())


def lines() -> dict[tuple[str, UUID], Timetable]:
    with across_districts.session() as across:
        found = {(line.name, line.district_id): line for line in across.scalars(select(Timetable))}
        across.expunge_all()
    return found


class TestRounds:
    def test_every_working_district_has_its_turn_once(
        self, entries: object, maple: UUID, birch: UUID
    ) -> None:
        go_round()
        go_round()

        assert (marks(maple), marks(birch)) == (1, 1)

    def test_it_comes_round_again(self, entries: object, maple: UUID) -> None:
        go_round()
        go_round(after=timedelta(minutes=59))
        assert marks(maple) == 1

        go_round(after=timedelta(minutes=61))
        assert marks(maple) == 2

    def test_what_fell_due_while_nobody_was_there_is_done_once(self, entries: object, maple: UUID) -> None:
        go_round()
        go_round(after=timedelta(days=3))
        go_round(after=timedelta(days=3))

        assert marks(maple) == 2

    def test_closing_districts_are_left(self, entries: object, maple: UUID, birch: UUID) -> None:
        set_state(birch, "closing")
        go_round()
        set_state(maple, "gone")
        go_round(after=timedelta(hours=2))

        assert (marks(maple), marks(birch)) == (1, 0)

    def test_it_notes_how_it_went(self, entries: Callable[..., None], maple: UUID) -> None:
        entries(MARK, Entry("Refuse", "tests.jobs.trial.refuse_without_a_subject", every=timedelta(hours=1)))

        go_round()

        good, bad = lines()["Leave a mark", maple], lines()["Refuse", maple]
        assert good.last_error is None
        assert good.last_started_at is not None
        assert good.last_finished_at is not None
        assert good.lease_until is None
        assert bad.last_error == "There is no printer."
        assert bad.last_finished_at is not None
        assert bad.next_due_at <= bad.last_finished_at + timetable.PAUSE, "sooner than its hour"

    def test_a_fault_in_one_round_keeps_nobody_waiting(
        self, entries: Callable[..., None], maple: UUID
    ) -> None:
        entries(Entry("Fail", "tests.jobs.trial.stumble", every=timedelta(seconds=1)), MARK)

        go_round()

        assert marks(maple) == 1
        assert lines()["Fail", maple].last_error == "It stopped unexpectedly (TypeError)."

    def test_what_takes_long_is_left_to_a_worker_and_does_not_pile_up(
        self, entries: Callable[..., None], maple: UUID, listener: Listener
    ) -> None:
        entries(replace(MARK, queue="upkeep"))

        go_round()
        go_round(after=timedelta(hours=2))

        (bell,) = listener.heard
        assert (bell.district_id, bell.queue) == (maple, "upkeep")
        assert marks(maple) == 0
        run_work(str(maple), str(bell.work_id))
        assert marks(maple) == 1

    def test_what_comes_round_every_few_seconds_is_logged_only_when_it_fails(
        self, entries: Callable[..., None], maple: UUID, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "frontoffice.jobs")
        often = replace(MARK, every=timedelta(seconds=10))
        entries(often, replace(often, name="Fail", job="tests.jobs.trial.stumble"))

        go_round()

        (line,) = (record.getMessage() for record in caplog.records if record.name == "frontoffice.jobs")
        assert line.endswith(" TypeError")

    def test_a_round_in_hand_is_not_begun_again_until_its_lease_is_over(
        self, entries: object, maple: UUID
    ) -> None:
        schedule.set_up()
        assert claim() is not None
        assert claim() is None

        with clock.frozen(clock.now() + timetable.LEASE + timedelta(seconds=1)):
            assert claim() is not None

    def test_who_lost_its_lease_cannot_finish_for_the_heir(self, entries: object, maple: UUID) -> None:
        schedule.set_up()
        slow = claim()
        with clock.frozen(clock.now() + timetable.LEASE + timedelta(seconds=1)):
            heir = claim()
        assert slow is not None
        assert heir is not None

        with across_districts.session() as across:
            assert not timetable.finish(across, slow, None)
            assert timetable.finish(across, heir, None)

    def test_of_many_at_once_one_claims_it(self, app: Flask, entries: object, maple: UUID) -> None:
        schedule.set_up()
        begin, claimed = threading.Barrier(5), []

        def try_it() -> None:
            with app.app_context():
                begin.wait()
                claimed.append(claim())

        threads = [threading.Thread(target=try_it) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len([one for one in claimed if one]) == 1

    def test_a_database_that_is_away_does_not_end_it(
        self, app: Flask, entries: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop, tries = threading.Event(), []

        def set_up() -> None:
            tries.append("try")
            if len(tries) == 1:
                raise OSError("away")
            stop.set()

        monkeypatch.setattr(schedule, "set_up", set_up)
        monkeypatch.setattr(schedule, "TICK", 0.01)
        keep_timetable(app, stop)

        assert len(tries) == 2


def claim() -> Round | None:
    with across_districts.session() as across:
        return timetable.claim_next(across, schedule.TIMETABLE)


class TestProcesses:
    TWICE = """
from datetime import timedelta
from app.core.timetable import Entry
from jobs import run_work, schedule
job = "tests.jobs.trial.mark_slowly_without_a_subject"
schedule.TIMETABLE = (Entry("Leave a mark", job, every=timedelta(hours=1)),)
keep = schedule.keep_timetable
def ready(app, stop):
    print("It hears.", flush=True)
    keep(app, stop)
schedule.keep_timetable = ready
schedule.main()
"""

    def test_two_of_them_do_each_round_once(
        self, maple: UUID, birch: UUID, start: Callable[..., Process]
    ) -> None:
        both = [start(self.TWICE), start(self.TWICE)]

        wait_until(lambda: marks(maple) >= 1 and marks(birch) >= 1)
        wait_until(lambda: all(line.last_finished_at for line in lines().values()))
        # One may have done it all before the other has come up.
        wait_until(lambda: all("It hears." in process.words for process in both))
        for process in both:
            process.send(signal.SIGTERM)
        ended = [process.end() for process in both]

        assert [status for status, _ in ended] == [0, 0], ended
        assert (marks(maple), marks(birch)) == (1, 1)
        assert sum(words.count(" done") for _, words in ended) == 2


class TestHours:
    """America/New_York: clocks go forward on 2026-03-08 at 2:00, and back on 2026-11-01 at 2:00."""

    ZONE = "America/New_York"

    def due(self, *moment: int) -> str:
        return NIGHTLY.next_after(datetime(*moment, tzinfo=UTC), self.ZONE).strftime("%m-%d %H:%M")  # type: ignore[misc]

    def test_an_hour_is_the_districts_own(self) -> None:
        at = datetime(2026, 1, 15, 0, 0, tzinfo=UTC)

        hours = [
            NIGHTLY.next_after(at, zone).hour
            for zone in ("America/New_York", "America/Chicago", "Europe/London")
        ]

        assert hours == [7, 8, 2]

    def test_it_moves_with_the_clocks(self) -> None:
        assert self.due(2026, 3, 7, 0, 0) == "03-07 07:30"
        assert self.due(2026, 3, 9, 0, 0) == "03-09 06:30"

    def test_an_hour_that_is_skipped_still_happens_once(self) -> None:
        assert self.due(2026, 3, 8, 5, 0) == "03-08 07:30"  # 3:30 by the clock on the wall
        assert self.due(2026, 3, 8, 7, 30) == "03-09 06:30"

    def test_an_hour_that_comes_twice_counts_the_first_time(self) -> None:
        twice = Entry("Nightly", "tests.jobs.trial.leave_a_mark", at=time(1, 30))
        first = twice.next_after(datetime(2026, 11, 1, 0, 0, tzinfo=UTC), self.ZONE)

        assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        assert twice.next_after(first, self.ZONE) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)

    def test_one_run_a_local_day_through_a_whole_year(self) -> None:
        for zone in (self.ZONE, "Europe/London", "America/St_Johns", "Pacific/Honolulu"):
            for at in (time(0, 0), time(1, 30), time(2, 30), time(23, 59)):
                entry = Entry("Nightly", "tests.jobs.trial.leave_a_mark", at=at)
                moment, days = datetime(2026, 1, 1, 12, tzinfo=UTC), []
                for _ in range(365):
                    moment = entry.next_after(moment, zone)
                    days.append(clock.local(moment, zone).date())
                assert len(set(days)) == 365
                assert (days[-1] - days[0]).days == 364

    def test_districts_have_it_at_their_own_hour(self, entries: Callable[..., None], here: None) -> None:
        entries(NIGHTLY)
        east, west = open_district("east", "America/New_York"), open_district("west", "America/Los_Angeles")
        evening = datetime(2026, 1, 15, 0, 0, tzinfo=UTC)

        for hours, expected in ((0, (0, 0)), (8, (1, 0)), (11, (1, 1)), (12, (1, 1))):
            with clock.frozen(evening + timedelta(hours=hours)):
                schedule.set_up()
                schedule.tick(threading.Event())
            assert (marks(east), marks(west)) == expected

    def test_an_entry_needs_an_interval_or_an_hour(self) -> None:
        with pytest.raises(ValueError, match="needs either"):
            Entry("Nothing", "tests.jobs.trial.leave_a_mark")
