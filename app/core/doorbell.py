"""The doorbell: tells a worker through Redis that a row is waiting. Losing it loses nothing.

A bell carries ids only. Where Redis is absent the request that rings goes on at once, and the sweeper does
the work.
"""

import json
import logging
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from flask import current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from app.core import clock
from app.core.settings import get_settings

#: The one function that a worker calls. A name, because the app does not know its jobs.
RUN_WORK: Final = "jobs.run_work"
#: Shorter than a claim's lease (core/queue.py), so that a job is stopped before another may begin it.
LONGEST_RUN: Final = 150
FAILED_BELL_IS_KEPT: Final = 7 * 24 * 3600
#: After a failure nobody asks Redis again for this long, or every request would wait for it.
QUIET_FOR: Final = 5.0

log = logging.getLogger("frontoffice.queue")


class Bell(NamedTuple):
    """Where to find a piece of work."""

    district_id: UUID
    work_id: UUID
    queue: str


class Doorbell:
    """The way to Redis. It never raises and never keeps anybody waiting."""

    def __init__(self, url: str | None) -> None:
        self._redis = connect(url) if url else None
        self._quiet_until = 0.0
        self._queues: dict[str, Queue] = {}
        self._forms: dict[str, dict[str, Any]] = {}

    def ring(self, bells: Sequence[Bell]) -> bool:
        """Ring for all of them; False if nobody can hear."""
        if self._redis is None or self._is_quiet():
            return False
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for bell in bells:
                    queue = self._queue(bell.queue)
                    pipe.sadd(Queue.redis_queues_keys, queue.key)
                    pipe.hset(Job.key_for(str(bell.work_id)), mapping=self._written(bell))
                    queue.push_job_id(str(bell.work_id), pipeline=pipe)
                pipe.execute()
        except (RedisError, OSError):
            self._be_quiet()
            return False
        return True

    def silence(self, bells: Sequence[Bell]) -> None:
        """Take bells down that need no hearing: their work is in hand. One that stays up is heard in vain."""
        if self._redis is None or not bells or self._is_quiet():
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for bell in bells:
                    pipe.lrem(self._queue(bell.queue).key, 1, str(bell.work_id))
                    pipe.delete(Job.key_for(str(bell.work_id)))
                pipe.execute()
        except (RedisError, OSError):
            self._be_quiet()

    def answers(self) -> bool:
        """True if Redis is there now."""
        if self._redis is None or self._is_quiet():
            return False
        try:
            self._redis.ping()
        except (RedisError, OSError):
            self._be_quiet()
            return False
        return True

    def unheard(self, bells: Iterable[Bell]) -> list[Bell]:
        """Those bells that lie in no queue any more."""
        if self._redis is None:
            return []
        waiting: dict[str, set[str]] = {}
        unheard = []
        try:
            for bell in bells:
                if bell.queue not in waiting:
                    waiting[bell.queue] = set(self._queue(bell.queue).job_ids)
                if str(bell.work_id) not in waiting[bell.queue]:
                    unheard.append(bell)
        except (RedisError, OSError):
            self._be_quiet()
        return unheard

    def _queue(self, name: str) -> Queue:
        queue = self._queues.get(name)
        if queue is None:
            queue = Queue(name, connection=self._redis, serializer=JSONSerializer)
            self._queues[name] = queue
        return queue

    def _written(self, bell: Bell) -> dict[str, Any]:
        """The hash from which RQ reads a job. RQ fills in the form once; a bell differs by its ids and its time."""
        if bell.queue not in self._forms:
            self._forms[bell.queue] = self._form(bell.queue)
        now = utcformat(clock.now())
        ids = (str(bell.district_id), str(bell.work_id))
        called = zlib.compress(json.dumps((RUN_WORK, None, ids, {})).encode())
        return {**self._forms[bell.queue], "data": called, "created_at": now, "enqueued_at": now}

    def _form(self, queue: str) -> dict[str, Any]:
        job = Job.create(
            RUN_WORK,
            connection=self._redis,
            description="work",
            timeout=LONGEST_RUN,
            result_ttl=0,
            failure_ttl=FAILED_BELL_IS_KEPT,
            origin=queue,
            status=JobStatus.QUEUED,
            serializer=JSONSerializer,
        )
        return {field: value for field, value in job.to_dict().items() if value != ""}

    def _is_quiet(self) -> bool:
        return time.monotonic() < self._quiet_until

    def _be_quiet(self) -> None:
        self._quiet_until = time.monotonic() + QUIET_FOR
        log.warning("Redis does not answer. The sweeper does the work meanwhile.")


def connect(url: str) -> "Redis":
    """A client that gives up at once: no retries, since the row is safe whatever Redis does."""
    return Redis.from_url(url, socket_connect_timeout=0.25, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))


def doorbell() -> Doorbell:
    """This process's doorbell."""
    bell = current_app.extensions.get("doorbell")
    if bell is None:
        bell = current_app.extensions["doorbell"] = Doorbell(get_settings().redis_url)
    assert isinstance(bell, Doorbell)
    return bell
