"""When the night staff's regular rounds are due, district by district, at each one's own hour.

What there is to do stands in jobs/schedule.py. When it is due next stands here, in the database, so that any
number of schedule processes do each round once, and what fell due while none was running is done when one is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Uuid, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock, presence
from app.core.db import Base, changed_rows
from app.core.directory import District
from app.core.records import PUBLIC, Keeping

WORKING: Final = ("preparing", "open", "read-only")

#: How long one round may take before another process may begin it again; at once if its process has died.
LEASE: Final = timedelta(minutes=10)
#: After a round that failed, unless it is due sooner anyway.
PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Entry:
    """A line of the timetable: `every` so often, or `at` an hour of each district's own day.

    What may take long names a `queue`: then a worker does it, and nobody else's round is kept waiting.
    """

    name: str
    job: str
    every: timedelta | None = None
    at: time | None = None
    states: Sequence[str] = WORKING
    queue: str | None = None

    def __post_init__(self) -> None:
        if (self.every is None) == (self.at is None):
            raise ValueError(f"{self.name!r} needs either an interval or an hour of the day.")

    @property
    def is_frequent(self) -> bool:
        """True for what comes round several times a minute."""
        return self.every is not None and self.every < timedelta(minutes=1)

    def next_after(self, moment: datetime, zone_name: str) -> datetime:
        """When it is due next, for a district in that zone."""
        if self.every is not None:
            return moment + self.every
        assert self.at is not None
        today = clock.local(moment, zone_name).date()
        for day in (today, today + timedelta(days=1)):
            # fold=0: an hour that the clocks repeat counts the first time; one that they skip, moved along.
            due = datetime.combine(day, self.at, tzinfo=clock.zone(zone_name)).astimezone(UTC)
            if due > moment:
                return due
        raise AssertionError("Tomorrow comes after now.")


class Timetable(Base):
    """When one entry is due next in one district, and how it went the last time."""

    __tablename__ = "timetable"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __table_args__ = (Index("ix_timetable_next_due_at", "next_due_at"),)

    name: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    district_id: Mapped[UUID] = mapped_column(
        Uuid(), ForeignKey("districts.id", ondelete="CASCADE"), primary_key=True, info=PUBLIC
    )
    next_due_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    lease_until: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The mark of the process that does it; None where it has none.
    holder: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    last_started_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    last_finished_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    last_error: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: How often it failed, one after another.
    failures: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    last_succeeded_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)


@dataclass(frozen=True)
class Round:
    """One entry, claimed for one district, to be done now by whoever holds this."""

    entry: Entry
    district_id: UUID
    zone_name: str
    lease_until: datetime


def set_up(across: Session, entries: Iterable[Entry]) -> None:
    """Give each working district its lines: intervals begin now, hours of the day when they next strike."""
    now = clock.now()
    districts = across.execute(select(District.id, District.zone, District.state)).all()
    lines = [
        {
            "name": entry.name,
            "district_id": district.id,
            "next_due_at": now if entry.every else entry.next_after(now, district.zone),
        }
        for entry in entries
        for district in districts
        if district.state in entry.states
    ]
    if lines:
        across.execute(insert(Timetable).on_conflict_do_nothing(), lines)


def claim_next(across: Session, entries: Iterable[Entry]) -> Round | None:
    """Take the longest overdue round, alone. It is ours once `across` has committed."""
    by_name = {entry.name: entry for entry in entries}
    now = clock.now()
    line = across.execute(
        select(Timetable.name, Timetable.district_id, District.zone)
        .join(District, District.id == Timetable.district_id)
        .where(
            or_(*((Timetable.name == e.name) & District.state.in_(e.states) for e in by_name.values())),
            Timetable.next_due_at <= now,
            or_(
                Timetable.lease_until.is_(None), Timetable.lease_until < now, presence.gone(Timetable.holder)
            ),
        )
        .order_by(Timetable.next_due_at)
        .limit(1)
        .with_for_update(of=Timetable, skip_locked=True)
    ).one_or_none()
    if line is None:
        return None
    across.execute(
        update(Timetable)
        .where(Timetable.name == line.name, Timetable.district_id == line.district_id)
        .values(lease_until=now + LEASE, holder=presence.my_mark(), last_started_at=now)
    )
    return Round(by_name[line.name], line.district_id, line.zone, now + LEASE)


def finish(across: Session, done: Round, error: str | None) -> bool:
    """Note how it went and when it is due next; False if the lease ran out and the round is another's now."""
    now = clock.now()
    next_due = done.entry.next_after(now, done.zone_name)
    noted = across.execute(
        update(Timetable)
        .where(
            Timetable.name == done.entry.name,
            Timetable.district_id == done.district_id,
            Timetable.lease_until == done.lease_until,
        )
        .values(
            lease_until=None,
            holder=None,
            next_due_at=min(next_due, now + PAUSE) if error else next_due,
            last_finished_at=now,
            last_error=error,
            failures=Timetable.failures + 1 if error else 0,
            **({} if error else {"last_succeeded_at": now}),
        )
    )
    return changed_rows(noted) == 1
