"""A school year of the district: its name, its days, and how far its opening has come. The row is the progress.

planned → applying → current → past; by "Undo" current → undoing → planned.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, directory
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned

PLANNED, APPLYING, CURRENT, UNDOING, PAST = "planned", "applying", "current", "undoing", "past"
#: A worker is at it, or will be.
WORKING: Final = (APPLYING, UNDOING)


class SchoolYear(DistrictOwned, Base):
    """Years follow one another: each names the last day of the one before, which the database holds it to."""

    __tablename__ = "school_years"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    # A batch is one entry, and so is each step: its progress would be one a batch more.
    __audited__ = False
    __table_args__ = owned(
        UniqueConstraint("district_id", "name"),
        UniqueConstraint("district_id", "last_day"),
        UniqueConstraint("district_id", "follows_day"),
        ForeignKeyConstraint(
            ["district_id", "follows_day"], ["school_years.district_id", "school_years.last_day"]
        ),
        CheckConstraint("state in ('planned','applying','current','undoing','past')", name="state"),
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("first_day < last_day", name="begins_before_it_ends"),
        CheckConstraint("follows_day < first_day", name="follows"),
        CheckConstraint("follows_day is not null or state in ('current','past')", name="first_moves_nobody"),
        Index(
            "uq_school_years_first",
            "district_id",
            unique=True,
            postgresql_where=text("follows_day is null"),
        ),
        Index(
            "uq_school_years_current",
            "district_id",
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
        Index(
            "uq_school_years_being_opened",
            "district_id",
            unique=True,
            postgresql_where=text("state in ('planned','applying','undoing')"),
        ),
    )
    FOUND_BY = ("id",)

    name: Mapped[str] = mapped_column(info=PUBLIC)
    first_day: Mapped[date] = mapped_column(info=PUBLIC)
    last_day: Mapped[date] = mapped_column(info=PUBLIC)
    #: The last day of the year before; null for the first that was written down.
    follows_day: Mapped[date | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=PLANNED, info=PUBLIC)
    #: Whoever came, or whose grade a source told, on or after this day is in the new grade already, and stays.
    told_since: Mapped[date] = mapped_column(info=PUBLIC)
    #: Which grade comes after which, as it was when the year was planned.
    ladder: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: Up to which student it was applied.
    place: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: How many active students there were when it began, and how many of them are done.
    students: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    students_done: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: How many an undo has put back, and how many had been changed since and stay as they are.
    put_back: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    left_alone: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    began_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    opened_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: When a roster with students was first applied after it: from then on it cannot be undone.
    synced_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The year of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def locked(cls, id: UUID) -> Self | None:
        """The same, held until the transaction ends: whoever goes on with it goes on alone."""
        found = select(cls).where(cls.id == id).with_for_update(of=cls)
        return db.session.scalar(found.execution_options(populate_existing=True))

    @classmethod
    def newest(cls) -> Sequence[Self]:
        """All of them, the newest first."""
        return db.session.scalars(select(cls).order_by(cls.first_day.desc())).all()

    @classmethod
    def last(cls) -> Self | None:
        """The newest, if there is one."""
        return db.session.scalar(select(cls).order_by(cls.first_day.desc()).limit(1))

    @classmethod
    def current(cls) -> Self | None:
        """The one that runs, if the district has written it down."""
        return db.session.scalar(select(cls).where(cls.state == CURRENT))

    @classmethod
    def is_moving_students(cls) -> bool:
        """True while one is applied or undone."""
        return db.session.scalar(select(cls.id).where(cls.state.in_(WORKING))) is not None

    @classmethod
    def hold_the_roster(cls) -> None:
        """Until the transaction ends no year and no import begins to move students beside this one."""
        lock = func.hashtextextended(f"roster moves {current_district_id()}", 0)
        db.session.execute(select(func.pg_advisory_xact_lock(lock)))

    @classmethod
    def roster_was_applied(cls) -> None:
        """A source has spoken of students: what the current year gave them is not undone any more."""
        year = cls.current()
        if year is not None and year.opened_at is not None and year.synced_at is None:
            year.synced_at = clock.now()
            db.session.flush()

    @property
    def before(self) -> Self | None:
        """The year before."""
        if self.follows_day is None:
            return None
        return db.session.scalar(select(type(self)).where(type(self).last_day == self.follows_day))

    @property
    def is_working(self) -> bool:
        """True while a worker has something to do for it."""
        return self.state in WORKING

    @property
    def told_since_moment(self) -> datetime:
        """When that day begins in the district, in UTC."""
        card = directory.district_by_id(current_district_id())
        return clock.day_begins(self.told_since, card.zone if card else "UTC")
