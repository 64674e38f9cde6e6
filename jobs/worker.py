"""An RQ worker with our app in it. `python -m jobs.worker` ends the job in hand on SIGTERM, then itself.

RQ pops from several queues with BLPOP: whatever the worker held when it died is in no list any more. Here
each pop is a move to that queue's intermediate list. (The row would still be swept, only later.)
"""

import logging
import signal
import time
from collections.abc import Iterable
from threading import Event
from types import FrameType
from typing import Any, Final

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text

from app.core import logs, memory
from app.core.egress import shut_other_doors
from app.core.queue import QUEUES
from app.core.settings import get_settings
from app.factory import create_app

#: Of so many looks one begins with the less urgent queues: a flood of mail must not silence the desk.
TURN_OF_THE_OTHERS: Final = 8
#: How long the less urgent queues may wait while the worker listens at the first one.
LISTEN_FOR: Final = 1
WITHOUT_REDIS: Final = 2.0
#: Octets; what a worker needs without any mail in hand, and some.
MUCH_MEMORY: Final = 110 * 1024 * 1024
SWEEP_EVERY: Final = 5.0

log = logging.getLogger("frontoffice.worker")


class MovingQueue(Queue):
    """A queue that moves an id when it pops it, whatever the number of queues."""

    _looks = 0

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Queue],
        timeout: int | None,
        connection: "Redis",
        job_class: type[Job] | None = None,
        serializer: Any = None,
        death_penalty_class: Any = None,
    ) -> tuple[Job, Queue] | None:
        """The most urgent job; None or DequeueTimeout if there is none, as RQ's own does it."""
        keys = [queue.key for queue in queues]
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            popped = cls._pop(connection, keys, until)
            if popped is None:
                return None
            key, job_id = map(as_text, popped)
            found = cls._fetch_dequeued_job(
                connection,
                key,
                job_id,
                job_class=job_class,
                serializer=serializer,
                death_penalty_class=death_penalty_class,
            )
            if found is not None:
                return found

    @classmethod
    def _pop(cls, connection: "Redis", keys: list[str], until: float | None) -> Any:
        while True:
            MovingQueue._looks += 1
            turned = MovingQueue._looks % TURN_OF_THE_OTHERS == 0
            for key in [*keys[1:], *keys[:1]] if turned else keys:
                if (popped := cls.lmove(connection, key, None)) is not None:
                    return popped
            if until is None:
                return None
            if time.monotonic() >= until:
                raise DequeueTimeout(0, keys)
            try:
                return cls.lmove(connection, keys[0], LISTEN_FOR)
            except DequeueTimeout:
                continue


class Worker(SimpleWorker):
    """Does its jobs in its own process: they wait for mail servers more than they compute."""

    queue_class = MovingQueue
    max_connection_wait_time = 5.0
    told_to_stop = False
    swept_at = 0.0

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """work() also returns when it breaks; this is how to tell."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def perform_job(self, *given: Any) -> bool:
        """A mail with photos leaves holes in the memory that only a sweep gives back."""
        try:
            return bool(super().perform_job(*given))
        finally:
            if memory.resident() > MUCH_MEMORY and time.monotonic() > self.swept_at + SWEEP_EVERY:
                memory.give_back()
                self.swept_at = time.monotonic()

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """RQ clears the intermediate list only for a worker with one queue; ours moves for each."""
        super().prepare_job_execution(job, remove_from_intermediate_queue=True)


def main() -> None:
    logs.set_up("worker")
    logging.getLogger("rq").setLevel(logging.WARNING)
    app = create_app()
    shut_other_doors()
    stop = Event()
    url = get_settings().redis_url
    if url is None:
        log.info("There is no Redis here: the sweeper does the work, and this process waits.")
    while not stop.is_set():
        _until_told(stop)
        if url is not None and _serve(app, url):
            return
        stop.wait(WITHOUT_REDIS)


def _until_told(stop: Event) -> None:
    """RQ takes the signals while it works; between, they are ours."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def _serve(app: Flask, url: str) -> bool:
    """Work until told to stop (True) or until Redis is lost (False)."""
    connection = Redis.from_url(url)
    worker = None
    try:
        connection.ping()
        queues = [MovingQueue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
        worker = Worker(queues, connection=connection, serializer=JSONSerializer, log_job_description=False)
        log.info("Listening to %s.", ", ".join(QUEUES))
        with app.app_context():
            worker.work(logging_level="WARNING")
    except (RedisError, OSError):
        log.warning("Redis does not answer. The sweeper does the work meanwhile.")
    finally:
        connection.close()
    return worker is not None and worker.told_to_stop


if __name__ == "__main__":
    main()
