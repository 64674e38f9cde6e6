"""later(): a row with the transaction, a bell after it."""

import time
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from app.core import across_districts, clock, queue
from app.core.db import db, uuid7
from app.core.doorbell import Bell, Doorbell
from app.core.queue import Work, later
from app.core.tenancy import NoDistrict, as_district
from tests.jobs.conftest import Listener

JOB = "tests.jobs.trial.leave_a_mark"


def rows() -> list[UUID]:
    """The work that everybody can see: what is committed."""
    with across_districts.session() as across:
        return [work.id for work in across.query(Work)]


def test_it_rings_when_the_row_is_there_for_all_to_see(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        work_id = later(JOB, queue="intake")

        assert listener.heard == []
        assert rows() == []
        db.session.commit()

    assert listener.heard == [Bell(maple, work_id, "intake")]
    assert rows() == [work_id]


def test_it_rings_once(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        later(JOB)
        db.session.commit()
        db.session.commit()

    assert len(listener.heard) == 1


def test_a_rollback_forgets_row_and_bell(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        later(JOB)
        db.session.rollback()
        db.session.commit()

    assert listener.heard == []
    assert rows() == []


def test_the_release_of_a_savepoint_does_not_ring(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        with db.session.begin_nested():
            work_id = later(JOB)
        assert listener.heard == [], "nobody else can see the row yet"
        db.session.commit()

    assert [bell.work_id for bell in listener.heard] == [work_id]


def test_a_bell_of_a_released_savepoint_is_forgotten_with_the_whole(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        with db.session.begin_nested():
            later(JOB)
        db.session.rollback()
        db.session.commit()

    assert listener.heard == []


def test_a_savepoint_rolled_back_forgets_its_own_bells_only(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        before = later(JOB)
        savepoint = db.session.begin_nested()
        later(JOB)
        with db.session.begin_nested():
            later(JOB)
        savepoint.rollback()
        after = later(JOB)
        db.session.commit()

    assert [bell.work_id for bell in listener.heard] == [before, after]
    assert sorted(rows()) == sorted([before, after])


def test_a_failed_flush_within_a_savepoint_forgets_its_bells(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        kept = later(JOB)
        with pytest.raises(ZeroDivisionError), db.session.begin_nested():  # noqa: PT012
            later(JOB)
            raise ZeroDivisionError
        db.session.commit()

    assert [bell.work_id for bell in listener.heard] == [kept]


def test_a_session_that_is_left_uncommitted_rings_nothing(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        later(JOB)
        db.session.close()
        db.session.commit()

    assert listener.heard == []


def test_work_for_another_day_is_not_rung_now(maple: UUID, listener: Listener) -> None:
    with as_district(maple):
        later(JOB, due=clock.now() + timedelta(hours=1))
        db.session.commit()

    assert listener.heard == []
    assert len(rows()) == 1


def test_it_refuses_a_queue_that_nobody_listens_to(maple: UUID) -> None:
    with as_district(maple), pytest.raises(ValueError, match="intake, notifications, upkeep"):
        later(JOB, queue="urgent")


def test_it_needs_a_district(here: None) -> None:
    with pytest.raises(NoDistrict):
        later(JOB)


def test_a_bell_carries_ids_and_a_description_without_any(
    maple: UUID, bell: Doorbell, redis_url: str
) -> None:
    from redis import Redis
    from rq import Queue
    from rq.serializers import JSONSerializer

    with as_district(maple):
        work_id = later(JOB, maple, queue="notifications")
        db.session.commit()

    with Redis.from_url(redis_url) as connection:
        (rung,) = Queue("notifications", connection=connection, serializer=JSONSerializer).jobs
        assert (rung.func_name, rung.args) == ("jobs.run_work", [str(maple), str(work_id)])
        assert rung.description == "work"
        assert rung.result_ttl == 0
        assert rung.failure_ttl is not None
        assert rung.failure_ttl <= 7 * 24 * 3600
        assert rung.timeout is not None
        assert rung.timeout < queue.LEASE.total_seconds()


def test_a_bell_is_written_as_rq_itself_writes_a_job(maple: UUID, bell: Doorbell, redis_url: str) -> None:
    from redis import Redis
    from rq import Queue
    from rq.serializers import JSONSerializer

    ours, theirs = str(uuid7()), str(uuid7())
    with Redis.from_url(redis_url) as connection:
        queue = Queue("upkeep", connection=connection, serializer=JSONSerializer)
        connection.delete(queue.key, Queue.redis_queues_keys)
        assert bell.ring([Bell(maple, UUID(ours), "upkeep")])
        assert connection.smembers(Queue.redis_queues_keys) == {queue.key.encode()}
        queue.enqueue_call(
            "jobs.run_work",
            args=(str(maple), theirs),
            job_id=theirs,
            description="work",
            timeout=150,
            result_ttl=0,
            failure_ttl=7 * 24 * 3600,
        )
        rung, enqueued = queue.jobs

    told = [{**job.to_dict(), "data": job.data} for job in (rung, enqueued)]
    for one in told:
        assert clock.ago(minutes=1) < datetime.fromisoformat(one.pop("created_at")) <= clock.now()
        assert clock.ago(minutes=1) < datetime.fromisoformat(one.pop("enqueued_at")) <= clock.now()
        one["data"] = one["data"].replace(theirs.encode(), ours.encode())
    assert told[0] == told[1]


class TestWithoutRedis:
    def test_the_request_goes_on_at_once(self, app: Flask, maple: UUID) -> None:
        app.extensions["doorbell"] = Doorbell("unix:///nowhere/redis.sock?db=0")
        try:
            with as_district(maple):
                began = time.monotonic()
                for _ in range(20):
                    later(JOB)
                    db.session.commit()
                assert time.monotonic() - began < 2
        finally:
            del app.extensions["doorbell"]

        assert len(rows()) == 20

    def test_a_redis_that_never_answers_is_asked_once_in_a_while(
        self, app: Flask, maple: UUID, silent_server: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.extensions["doorbell"] = Doorbell(silent_server)
        try:
            with as_district(maple):
                began = time.monotonic()
                for _ in range(5):
                    later(JOB)
                    db.session.commit()
                assert time.monotonic() - began < 2.5, "asked each time"
        finally:
            del app.extensions["doorbell"]

        assert [entry.getMessage() for entry in caplog.records] == [
            "Redis does not answer. The sweeper does the work meanwhile."
        ]

    @pytest.fixture
    def silent_server(self) -> object:
        """Takes connections and says nothing."""
        import socket

        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
