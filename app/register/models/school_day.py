"""A day of a school's calendar: whether there is school on it, and how long."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

#: The whole school, where it has no tracks.
NO_TRACK: Final = ""
#: Minutes, sessions and lessons of a day; more are a mistake.
LONGEST_DAY: Final = 1440
MOST_SESSIONS: Final = 4
MOST_PERIODS: Final = 24


class SchoolDay(DistrictOwned, Base):
    """One day of one school and track. A day that the calendar does not name is no school day.

    A day that is closed after all stays with `is_school_day` false: the marks of it stay, too, and count for nothing.
    """

    __tablename__ = "school_days"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    # A calendar is some two hundred rows a school and year: an import tells of them in one entry.
    __audited__ = False
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "school_id", "track", "day"),
        CheckConstraint("minutes between 0 and 1440", name="minutes"),
        CheckConstraint("sessions between 0 and 4", name="sessions"),
        CheckConstraint("periods between 0 and 24", name="periods"),
    )
    FOUND_BY = ("id",)

    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    track: Mapped[str] = mapped_column(default=NO_TRACK, server_default="", info=PUBLIC)
    day: Mapped[date] = mapped_column(info=PUBLIC)
    is_school_day: Mapped[bool] = mapped_column(info=PUBLIC)
    #: Minutes of instruction that are planned.
    minutes: Mapped[int] = mapped_column(SmallInteger(), default=0, server_default="0", info=PUBLIC)
    #: Half days of registration, as England counts them.
    sessions: Mapped[int] = mapped_column(SmallInteger(), default=2, server_default="2", info=PUBLIC)
    #: Lessons, where the school registers by the lesson.
    periods: Mapped[int] = mapped_column(SmallInteger(), default=0, server_default="0", info=PUBLIC)
    #: What the calendar calls it: "Weather day", "Minimum day".
    note: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=func.now(), info=PUBLIC)

    @classmethod
    def of_school(cls, school_id: UUID, first: date, last: date) -> Sequence[Self]:
        """The days of a school's calendars from the one to the other, both included, in order."""
        asked = select(cls).where(cls.school_id == school_id, cls.day.between(first, last))
        return db.session.scalars(asked.order_by(cls.day, cls.track)).all()

    @classmethod
    def on(cls, school_id: UUID, day: date) -> Sequence[Self]:
        """That day of each track."""
        return cls.of_school(school_id, day, day)
