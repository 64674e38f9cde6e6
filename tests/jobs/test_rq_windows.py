"""Where RQ loses work or does it twice: each window is shown on plain RQ first, then ours on the same event.

RQ's own recovery takes minutes where there is one; here it is shown where the job lies meanwhile. Ours is what
make the row, the claim and the sweeper of it: done once, by the next round.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from app.core import clock
from app.core.doorbell import Doorbell
from app.core.queue import QUEUES
from jobs import run_work
from jobs.sweeper import sweep, take_over
from jobs.worker import MovingQueue
from tests.jobs import plain, trial
from tests.jobs.conftest import Process, given, marks, row, wait_until

Start = Callable[..., Process]

POP_AND_DIE = """
import os, signal
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from jobs.worker import MovingQueue
connection = Redis.from_url(os.environ["REDIS_URL"])
queues = [{kind}(name, connection=connection, serializer=JSONSerializer) for name in {names}]
assert {kind}.dequeue_any(queues, 1, connection, serializer=JSONSerializer)
os.kill(os.getpid(), signal.SIGKILL)
"""
PLAIN_WORKER = """
import os
from redis import Redis
from rq import {kind}
from rq.serializers import JSONSerializer
connection = Redis.from_url(os.environ["REDIS_URL"])
{kind}(["intake"], connection=connection, serializer=JSONSerializer).work(burst=True)
"""
OUR_WORKER = "from jobs.worker import main\nmain()"


@pytest.fixture
def connection(redis_url: str) -> "Iterator[Redis]":
    with Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture
def told(connection: "Redis", tmp_path: Path) -> "Told":
    return Told(connection, tmp_path / "effects")


class Told:
    """One job of plain RQ, and what became of it."""

    def __init__(self, connection: "Redis", path: Path) -> None:
        self.connection = connection
        self.path = path
        self.queue = Queue("intake", connection=connection, serializer=JSONSerializer)

    def to(self, function: Callable[[str], None]) -> Job:
        return self.queue.enqueue(function, str(self.path), job_timeout=180)

    @property
    def effects(self) -> int:
        return len(self.path.read_text().splitlines()) if self.path.exists() else 0

    def waits_in_a_list(self) -> bool:
        """True if a worker that starts now would find it."""
        return any(self.connection.llen(f"rq:queue:{name}") for name in QUEUES)

    def intermediate(self) -> int:
        return int(self.connection.llen("rq:queue:intake:intermediate"))

    def maintain(self) -> None:
        """What RQ does every ten minutes, now."""
        SimpleWorker(
            [self.queue], connection=self.connection, serializer=JSONSerializer
        ).run_maintenance_tasks()


def next_round(connection: "Redis") -> None:
    """The sweeper's look and round, and a worker that hears what it rang."""
    take_over()
    with clock.frozen(clock.now() + timedelta(seconds=20)):
        sweep(threading.Event())
    queues = [MovingQueue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
    while popped := MovingQueue.dequeue_any(queues, None, connection, serializer=JSONSerializer):
        with clock.frozen(clock.now() + timedelta(seconds=20)):
            run_work(*popped[0].args)


def done_once(district_id: UUID, work_id: UUID) -> bool:
    return marks(district_id) == 1 and row(district_id, work_id) is None


class TestPoppedAndKilled:
    """Windows 1 and 2: between the pop and the first line of the job."""

    def test_plain_from_two_queues_it_is_in_no_list_any_more(self, told: Told, start: Start) -> None:
        job = told.to(plain.write_a_line)

        start(POP_AND_DIE.format(kind="Queue", names=["intake", "upkeep"]), redis_url_of(told)).end()
        told.maintain()

        assert job.get_status() is JobStatus.QUEUED, "and so it stays for ever"
        assert (told.waits_in_a_list(), told.intermediate()) == (False, 0)

    def test_plain_from_one_queue_it_waits_where_nobody_looks(self, told: Told, start: Start) -> None:
        told.to(plain.write_a_line)

        start(POP_AND_DIE.format(kind="Queue", names=["intake"]), redis_url_of(told)).end()
        told.maintain()

        assert (told.waits_in_a_list(), told.intermediate()) == (False, 1)

    @pytest.mark.parametrize("names", [["intake"], list(QUEUES)], ids=len)
    def test_ours_is_done_by_the_next_round(
        self, maple: UUID, bell: Doorbell, connection: "Redis", told: Told, start: Start, names: list[str]
    ) -> None:
        work_id = given(maple, queue="intake")
        status, words = start(POP_AND_DIE.format(kind="MovingQueue", names=names), redis_url_of(told)).end()
        assert status == -signal.SIGKILL, words
        assert not told.waits_in_a_list()

        next_round(connection)

        assert done_once(maple, work_id)


class TestKilledAtWork:
    """Windows 3 and 6: in the middle of the job, also when the patience of whoever said SIGTERM ran out."""

    def test_plain_it_counts_as_begun_and_nobody_begins_it(self, told: Told, start: Start) -> None:
        job = told.to(plain.die_at_work)

        start(PLAIN_WORKER.format(kind="SimpleWorker"), redis_url_of(told)).end()
        told.maintain()

        assert job.get_status() is JobStatus.STARTED
        assert not told.waits_in_a_list()
        (lasts_until,) = (score for _, score in told.connection.zrange(registry(), 0, -1, withscores=True))
        assert lasts_until - clock.now().timestamp() > 60, "until then nothing happens"

    def test_plain_a_warm_end_that_takes_too_long_is_no_better(self, told: Told, start: Start) -> None:
        job = told.to(plain.work_slowly)
        worker = start(PLAIN_WORKER.format(kind="SimpleWorker"), redis_url_of(told))
        wait_until(Path(f"{told.path}.begun").exists)

        worker.send(signal.SIGTERM)
        worker.kill()
        told.maintain()

        assert job.get_status() is JobStatus.STARTED
        assert (told.waits_in_a_list(), told.effects) == (False, 0)

    def test_ours_is_done_by_the_next_look(
        self,
        maple: UUID,
        bell: Doorbell,
        connection: "Redis",
        told: Told,
        start: Start,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("TRIAL_FILE", str(tmp_path / "been-here"))
        work_id = given(maple, trial.die_once, queue="intake")
        start(OUR_WORKER, redis_url_of(told), TRIAL_FILE=str(tmp_path / "been-here")).end()
        assert marks(maple) == 0

        next_round(connection)

        assert done_once(maple, work_id)

    def test_ours_after_a_warm_end_that_took_too_long(
        self,
        maple: UUID,
        bell: Doorbell,
        connection: "Redis",
        told: Told,
        start: Start,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        worker = start(OUR_WORKER, redis_url_of(told), TRIAL_SECONDS="60")
        work_id = given(maple, trial.mark_slowly, queue="intake")
        wait_until(lambda: (work := row(maple, work_id)) is not None and work.lease_until is not None)

        worker.send(signal.SIGTERM)
        worker.kill()
        monkeypatch.setenv("TRIAL_SECONDS", "0")
        next_round(connection)

        assert done_once(maple, work_id)


class TestTheWorkHorse:
    """Window 4: RQ's forking worker is killed, and its child goes on."""

    def test_plain_a_job_whose_worker_is_dead_goes_on_beside_its_heir(self, told: Told, start: Start) -> None:
        job = told.to(plain.outlive_the_worker)

        start(PLAIN_WORKER.format(kind="Worker"), redis_url_of(told)).end()
        told.queue.enqueue_job(job)  # as RQ does after 89 seconds, if the job may be retried
        start(PLAIN_WORKER.format(kind="SimpleWorker"), redis_url_of(told)).end()
        wait_until(lambda: told.effects >= 2, seconds=10)

        assert told.effects == 2

    def test_ours_has_no_horse(
        self,
        maple: UUID,
        bell: Doorbell,
        connection: "Redis",
        told: Told,
        start: Start,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        worker = start(OUR_WORKER, redis_url_of(told), TRIAL_SECONDS="60")
        work_id = given(maple, trial.mark_slowly, queue="intake")
        wait_until(lambda: (work := row(maple, work_id)) is not None and work.lease_until is not None)

        assert worker.children() == []
        worker.kill()
        monkeypatch.setenv("TRIAL_SECONDS", "0")
        next_round(connection)

        assert done_once(maple, work_id)


class TestHeardTwice:
    """Window 5: some versions take a finished job for abandoned and put it back."""

    def test_plain_does_it_again(self, told: Told, start: Start) -> None:
        job = told.to(plain.write_a_line)
        start(PLAIN_WORKER.format(kind="SimpleWorker"), redis_url_of(told)).end()

        told.queue.enqueue_job(job)
        start(PLAIN_WORKER.format(kind="SimpleWorker"), redis_url_of(told)).end()

        assert told.effects == 2

    def test_ours_does_not(self, maple: UUID, bell: Doorbell, connection: "Redis") -> None:
        work_id = given(maple, queue="intake")
        waiting = Queue("intake", connection=connection, serializer=JSONSerializer)
        (rung,) = waiting.jobs
        next_round(connection)

        waiting.enqueue_job(rung)
        next_round(connection)

        assert done_once(maple, work_id)


class TestRedisForgets:
    """Window 7: everything since its last snapshot, or everything."""

    def test_plain_it_is_gone(self, told: Told) -> None:
        told.to(plain.write_a_line)

        told.connection.flushall()

        assert not told.waits_in_a_list()
        assert list(told.connection.scan_iter("rq:job:*")) == []

    def test_ours_is_rung_again(self, maple: UUID, bell: Doorbell, connection: "Redis") -> None:
        work_id = given(maple, queue="intake")

        connection.flushall()
        next_round(connection)

        assert done_once(maple, work_id)


def registry() -> str:
    return "rq:wip:intake"


def redis_url_of(told: Told) -> str:
    return f"unix://{told.connection.connection_pool.connection_kwargs['path']}?db=0"
