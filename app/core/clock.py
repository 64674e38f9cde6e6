"""The only reader of the time. Stored in UTC, shown in the school's zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


class InAZone(Protocol):
    """Anything with a place: a school, or a district."""

    @property
    def zone_name(self) -> str: ...


class UnknownZone(ValueError):
    """A time zone that the IANA database does not name."""


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


def ago(**kwargs: float) -> datetime:
    """A moment before now: ago(minutes=60)."""
    return now() - timedelta(**kwargs)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock still, for tests and for the demo's past."""
    if at.tzinfo is None:
        raise ValueError("A frozen time needs a zone.")
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(f"{name!r} is not a time zone. Use a name such as America/Chicago.") from error


def local(at: datetime, zone_name: str) -> datetime:
    """The same moment on that place's wall clock."""
    return at.astimezone(zone(zone_name))


def last_struck(hour: int, zone_name: str) -> datetime:
    """When it was that hour there last, in UTC. An hour that the clocks skip strikes when they have."""
    here = local(now(), zone_name)
    for day in (here.date(), here.date() - timedelta(days=1)):
        # fold=0: an hour that the clocks repeat counts the first time.
        struck = datetime.combine(day, time(hour), tzinfo=zone(zone_name)).astimezone(UTC)
        if struck <= now():
            return struck
    raise AssertionError("Yesterday's hour is over.")


def school_day(school: InAZone) -> date:
    """Which day it is at that school now."""
    return local(now(), school.zone_name).date()


def day_begins(day: date, zone_name: str) -> datetime:
    """When that day begins there, in UTC."""
    return datetime.combine(day, time(0), tzinfo=zone(zone_name)).astimezone(UTC)
