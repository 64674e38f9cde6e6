"""What the foundation itself measures: work, timetable, districts, processes, Redis, disks, secrets."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import current_app
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import ColumnElement, Float, SQLColumnExpression, cast, delete, func, select
from sqlalchemy.orm import Session

from app.core import clock, quotas
from app.core.directory import District
from app.core.doorbell import connect
from app.core.queue import LEFT_ALONE, QUEUES, Work
from app.core.readings import Found, Heartbeat, Measure
from app.core.settings import get_settings
from app.core.timetable import Timetable

#: A process that has been away for so long was taken away on purpose.
FORGOTTEN: Final = timedelta(days=7)
#: RQ's workers say every few minutes that they live.
WORKER_LIVES: Final = timedelta(minutes=10)


def seconds_since(moment: SQLColumnExpression[Any]) -> ColumnElement[float]:
    """How long ago, on our clock; never less than nothing."""
    return cast(func.greatest(0, func.extract("epoch", clock.now() - moment)), Float)


def _work_waiting(across: Session) -> Iterator[Found]:
    counted = select(Work.queue, func.count()).where(Work.failed_at.is_(None)).group_by(Work.queue)
    there: dict[str, int] = {queue: int(count) for queue, count in across.execute(counted)}
    return (Found(there.get(queue, 0), queue) for queue in QUEUES)


def _oldest_work(across: Session) -> Iterator[Found]:
    """Since it fell due, so that what is put off until tonight is not late."""
    overdue = (
        select(Work.queue, func.max(seconds_since(Work.due_at)))
        .join(District, District.id == Work.district_id)
        .where(Work.failed_at.is_(None), Work.due_at <= clock.now(), District.state.not_in(LEFT_ALONE))
        .group_by(Work.queue)
    )
    there: dict[str, float] = {queue: float(seconds) for queue, seconds in across.execute(overdue)}
    return (Found(there.get(queue, 0.0), queue) for queue in QUEUES)


def _work_failed(across: Session) -> Iterator[Found]:
    failed = (
        select(func.count(), District.slug, District.id)
        .select_from(Work)
        .join(District, District.id == Work.district_id)
        .where(Work.failed_at.is_not(None))
        .group_by(District.slug, District.id)
    )
    return (Found(*row) for row in across.execute(failed))


def _failures(across: Session) -> Iterator[Found]:
    worst = select(func.max(Timetable.failures), Timetable.name).group_by(Timetable.name)
    return (Found(*row) for row in across.execute(worst))


def _lateness(across: Session) -> Iterator[Found]:
    late = (
        select(func.max(seconds_since(Timetable.next_due_at)), Timetable.name)
        .join(District, District.id == Timetable.district_id)
        .where(District.state.not_in(LEFT_ALONE))
        .group_by(Timetable.name)
    )
    return (Found(*row) for row in across.execute(late))


def _last_success(across: Session) -> Iterator[Found]:
    longest = (
        select(func.max(seconds_since(Timetable.last_succeeded_at)), Timetable.name)
        .where(Timetable.last_succeeded_at.is_not(None))
        .group_by(Timetable.name)
    )
    return (Found(*row) for row in across.execute(longest))


def _districts(across: Session) -> Iterator[Found]:
    counted = select(func.count(), District.state).group_by(District.state)
    return (Found(*row) for row in across.execute(counted))


def _heartbeats(across: Session) -> Iterator[Found]:
    across.execute(delete(Heartbeat).where(Heartbeat.at < clock.now() - FORGOTTEN))
    return (Found(*row) for row in across.execute(select(seconds_since(Heartbeat.at), Heartbeat.process)))


def _redis(_: Session) -> Iterator[Found]:
    url = get_settings().redis_url
    if url is None:
        return
    try:
        with connect(url) as redis:
            redis.ping()
    except (RedisError, OSError):
        yield Found(0)
    else:
        yield Found(1)


def _workers(_: Session) -> Iterator[Found]:
    """Those whose life RQ has heard of lately. Nothing is known while Redis is away."""
    url = get_settings().redis_url
    if url is None:
        return
    try:
        with connect(url) as redis:
            beats = [worker.last_heartbeat for worker in Worker.all(connection=redis)]
    except (RedisError, OSError):
        return
    long_ago = clock.now() - WORKER_LIVES
    yield Found(sum(1 for beat in beats if beat and _aware(beat) > long_ago))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _disks(_: Session) -> Iterator[Found]:
    settings = get_settings()
    for folder in dict.fromkeys((settings.instance, settings.instance / "files", *settings.disk_folders)):
        if folder.is_dir():
            yield Found(free_ratio(folder), str(folder))


def free_ratio(folder: Path) -> float:
    """What is left of that folder's disk, from 0 to 1, for processes that are not root."""
    _, used, free = shutil.disk_usage(folder)
    return free / (used + free) if used + free else 0.0


def _secrets(_: Session) -> Iterator[Found]:
    today = clock.now().date()
    return (Found((last - today).days, name) for name, last in get_settings().secrets_expire)


def _database(across: Session) -> Iterator[Found]:
    yield Found(across.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


MEASURES: Final = (
    Measure("work_waiting", "Pieces of work that are to be done.", _work_waiting, "queue"),
    Measure("work_oldest_seconds", "How long the oldest work has been due.", _oldest_work, "queue"),
    Measure("work_failed", "Work that failed for good, within 30 days.", _work_failed, "district"),
    Measure("timetable_failures", "Failures one after another, in the worst district.", _failures, "line"),
    Measure("timetable_late_seconds", "How late a line is, in the latest district.", _lateness, "line"),
    Measure(
        "timetable_since_success_seconds",
        "Since a line last went well, where that is longest ago.",
        _last_success,
        "line",
    ),
    Measure("districts", "Districts in each state.", _districts, "state"),
    Measure(
        "heartbeat_age_seconds", "Since a process of a kind was last seen at work.", _heartbeats, "process"
    ),
    Measure("redis_answers", "1 while Redis answers; nothing where there is none.", _redis),
    Measure("workers", "Workers that listen to Redis.", _workers),
    Measure("disk_free_ratio", "What is left of a folder's disk.", _disks, "folder"),
    Measure("secret_days_left", "Days until a secret runs out.", _secrets, "secret"),
    Measure("stored_bytes", "What a district stores.", quotas.stored_bytes, "district"),
    Measure("stored_ratio", "What a district stores, of what it may.", quotas.stored_ratio, "district"),
    Measure(
        "hourly_quota_ratio",
        "What a district used in this hour, of what it may.",
        quotas.hourly_ratio,
        "quota",
    ),
    Measure("database_bytes", "The size of the database.", _database),
)


def every_measure() -> list[Measure]:
    """These, and those of the rooms' cards."""
    rooms = current_app.extensions.get("rooms", ())
    return [*MEASURES, *(measure for room in rooms for measure in room.measures)]
