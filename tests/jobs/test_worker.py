"""The worker: every queue, nothing lost on the way, a warm end."""

import signal
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from redis import Redis
from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.serializers import JSONSerializer
from rq.utils import as_text

from app.core import queue
from app.core.doorbell import Doorbell
from jobs.worker import MovingQueue
from tests.jobs import trial
from tests.jobs.conftest import Process, given, marks, row, wait_until

RUN = "from jobs.worker import main\nmain()"


@pytest.fixture
def connection(redis_url: str) -> "Iterator[Redis]":
    with Redis.from_url(redis_url) as connection:
        yield connection


def intermediate(connection: "Redis") -> list[str]:
    """What workers hold, or held when they died."""
    lists = [f"rq:queue:{name}:intermediate" for name in queue.QUEUES]
    return [as_text(id) for name in lists for id in connection.lrange(name, 0, -1)]


def test_it_serves_every_queue_and_ends_when_told(
    maple: UUID, bell: Doorbell, redis_url: str, connection: "Redis", start: Callable[..., Process]
) -> None:
    worker = start(RUN, redis_url)
    for name in queue.QUEUES:
        given(maple, queue=name)

    wait_until(lambda: marks(maple) == 3)
    wait_until(lambda: intermediate(connection) == [])
    wait_until(lambda: not list(connection.scan_iter("rq:job:*")))  # outcomes are kept in the database alone

    worker.send(signal.SIGTERM)
    status, words = worker.end()
    assert status == 0, words
    assert "Traceback" not in words
    assert words.count("jobs.trial.leave_a_mark district=maple") == 3


def test_told_to_end_in_the_middle_it_ends_the_job_first(
    maple: UUID, bell: Doorbell, redis_url: str, start: Callable[..., Process]
) -> None:
    worker = start(RUN, redis_url, TRIAL_SECONDS="1.5")
    work_id = given(maple, trial.mark_slowly)
    wait_until(lambda: (work := row(maple, work_id)) is not None and work.lease_until is not None)

    worker.send(signal.SIGTERM)
    status, words = worker.end()

    assert status == 0, words
    assert marks(maple) == 1


def test_without_redis_it_waits_and_ends_when_told(start: Callable[..., Process], here: None) -> None:
    workers = [start(RUN, None), start(RUN, "unix:///nowhere/redis.sock?db=0")]
    for worker in workers:
        wait_until(lambda worker=worker: "he sweeper does the work" in worker.words)  # type: ignore[misc]
    for worker in workers:
        worker.send(signal.SIGTERM)
        status, words = worker.end()
        assert status == 0, words


class TestMovingQueue:
    @pytest.fixture
    def queues(self, connection: "Redis") -> list[Queue]:
        return [MovingQueue(name, connection=connection, serializer=JSONSerializer) for name in queue.QUEUES]

    def test_what_it_pops_from_any_queue_is_moved_not_lost(
        self, maple: UUID, bell: Doorbell, connection: "Redis", queues: list[Queue]
    ) -> None:
        for name in queue.QUEUES:
            work_id = given(maple, queue=name)
            popped = MovingQueue.dequeue_any(queues, 2, connection, serializer=JSONSerializer)
            assert popped is not None
            assert popped[1].name == name
            assert intermediate(connection)[-1] == str(work_id), "a worker that dies now loses it"

    def test_the_most_urgent_comes_first(
        self, maple: UUID, bell: Doorbell, connection: "Redis", queues: list[Queue]
    ) -> None:
        for name in reversed(queue.QUEUES):
            given(maple, queue=name)

        served = [MovingQueue.dequeue_any(queues, 2, connection, serializer=JSONSerializer) for _ in range(3)]

        assert [one[1].name for one in served if one] == list(queue.QUEUES)

    def test_with_nothing_to_do_it_says_so_in_time(self, connection: "Redis", queues: list[Queue]) -> None:
        with pytest.raises(DequeueTimeout):
            MovingQueue.dequeue_any(queues, 1, connection, serializer=JSONSerializer)
        assert MovingQueue.dequeue_any(queues, None, connection, serializer=JSONSerializer) is None
