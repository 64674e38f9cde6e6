"""The sweeper: what nobody heard is rung again; without Redis it does the work itself."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from redis import Redis
from rq import Queue

from app.core import clock, queue
from app.core.doorbell import Doorbell
from app.core.tenancy import as_district
from jobs import sweeper
from jobs.sweeper import keep_sweeping, sweep
from tests.jobs import trial
from tests.jobs.conftest import (
    Process,
    given,
    marks,
    row,
    set_state,
)


def go_round(after: timedelta = timedelta(seconds=20)) -> float:
    with clock.frozen(clock.now() + after):
        return sweep(threading.Event())


def rung(redis_url: str) -> list[str]:
    with Redis.from_url(redis_url) as connection:
        return [id for name in queue.QUEUES for id in Queue(name, connection=connection).job_ids]


class TestWithRedis:
    @pytest.fixture(autouse=True)
    def _redis(self, bell: Doorbell) -> None: ...

    def test_it_rings_again_for_work_of_every_district(
        self, maple: UUID, birch: UUID, redis_url: str
    ) -> None:
        wanted = [given(maple, queue="intake"), given(birch, queue="upkeep")]
        lose_all_bells(redis_url)

        assert go_round() == sweeper.BETWEEN_ROUNDS

        assert rung(redis_url) == [str(work_id) for work_id in wanted]
        assert marks(maple) == 0, "it rings; the worker works"

    def test_a_bell_that_still_hangs_there_is_not_rung_again(self, maple: UUID, redis_url: str) -> None:
        work_id = given(maple)

        go_round()
        go_round()

        assert rung(redis_url) == [str(work_id)]

    def test_who_wrote_the_work_may_ring_first(self, maple: UUID, redis_url: str) -> None:
        given(maple)
        lose_all_bells(redis_url)

        go_round(after=timedelta(seconds=1))

        assert rung(redis_url) == []

    def test_work_that_falls_due_is_rung_then(self, maple: UUID, redis_url: str) -> None:
        work_id = given(maple, due=clock.now() + timedelta(hours=1))

        go_round()
        assert rung(redis_url) == []

        go_round(after=timedelta(hours=1, seconds=10))
        assert rung(redis_url) == [str(work_id)]

    def test_work_in_hand_or_failed_or_of_a_closing_district_is_left(
        self, maple: UUID, birch: UUID, redis_url: str
    ) -> None:
        in_hand, failed = given(maple), given(maple)
        given(birch)
        with as_district(maple):
            queue.claim(in_hand)
            lost = queue.claim(failed)
            assert lost
            queue.give_up(lost, "It cannot be done.")
        set_state(birch, "closing")
        lose_all_bells(redis_url)

        go_round()

        assert rung(redis_url) == []


class TestWithoutRedis:
    def test_it_does_the_work_of_every_district_itself(self, maple: UUID, birch: UUID) -> None:
        given(maple)
        given(birch)

        assert go_round(after=timedelta(0)) == 0.0, "it looks again at once"
        assert (marks(maple), marks(birch)) == (1, 1)
        assert go_round(after=timedelta(0)) == sweeper.WITHOUT_REDIS

    def test_it_stops_between_two_pieces_of_work(self, maple: UUID) -> None:
        given(maple)
        stop = threading.Event()
        stop.set()

        sweep(stop)

        assert marks(maple) == 0

    def test_one_that_fails_does_not_keep_the_next_waiting(self, maple: UUID) -> None:
        given(maple, trial.stumble)
        given(maple, trial.leave_a_mark)

        go_round(after=timedelta(0))

        assert marks(maple) == 1


def test_it_outlives_a_round_that_fails(app: Flask, maple: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[str] = []
    stop = threading.Event()

    def fail_first(_stop: threading.Event) -> float:
        rounds.append("round")
        if len(rounds) == 1:
            raise OSError("The database is away.")
        stop.set()
        return 0.0

    monkeypatch.setattr(sweeper, "sweep", fail_first)
    monkeypatch.setattr(sweeper, "WITHOUT_REDIS", 0.01)

    keep_sweeping(app, stop)

    assert len(rounds) == 2


def test_work_killed_in_the_middle_is_done_once_by_the_next_sweep(
    maple: UUID, start: Callable[..., Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_FILE", str(tmp_path / "been-here"))
    work_id = given(maple, trial.die_once)

    status, words = start(
        "from app.factory import create_app\nfrom jobs import run_work\n"
        f"with create_app().app_context(): run_work('{maple}', '{work_id}')",
        TRIAL_FILE=str(tmp_path / "been-here"),
    ).end()
    assert status == -signal.SIGKILL, words
    assert marks(maple) == 0
    held = row(maple, work_id)
    assert held is not None
    assert held.attempts == 1

    assert held.lease_until is not None
    assert held.lease_until > clock.now(), "its lease still holds, and nobody waits for it"

    go_round(after=timedelta(0))
    go_round(after=timedelta(0))
    assert marks(maple) == 1
    assert row(maple, work_id) is None


def test_dead_redis_then_back(app: Flask, maple: UUID, redis_url: str) -> None:
    """While Redis is away the sweeper works; once it answers, it rings again."""
    app.extensions["doorbell"] = Doorbell("unix:///nowhere/redis.sock?db=0")
    given(maple)
    go_round(after=timedelta(0))
    assert marks(maple) == 1

    app.extensions["doorbell"] = Doorbell(redis_url)
    work_id = given(maple)
    lose_all_bells(redis_url)
    go_round()
    del app.extensions["doorbell"]
    assert rung(redis_url) == [str(work_id)]


def lose_all_bells(redis_url: str) -> None:
    with Redis.from_url(redis_url) as connection:
        connection.flushall()
