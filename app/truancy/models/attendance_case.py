"""The case of one student in one school year: how much help they get, and who looks after them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db, uuid7
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, current_district_id, owned, points_at
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student

#: How much help a student gets, as schools say it.
TIERS: Final = {1: "Tier 1: for everybody", 2: "Tier 2: early help", 3: "Tier 3: intensive help"}


class AttendanceCase(OwnedThrough, Base):
    """It goes along with the student: whoever may see the student at their school today may see it."""

    __tablename__ = "attendance_cases"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("counselor_id", "accounts"),
        UniqueConstraint("district_id", "student_id", "year"),
        CheckConstraint("tier between 1 and 3", name="tier"),
        CheckConstraint("year <> ''", name="year"),
        Index(None, "district_id", "counselor_id", postgresql_where="counselor_id is not null"),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: "2026-27", as school_year() says it.
    year: Mapped[str] = mapped_column(info=PUBLIC)
    tier: Mapped[int] = mapped_column(default=1, info=PUBLIC)
    #: Whose caseload it is on.
    counselor_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(AttendanceCase.student_id) == Student.id, viewonly=True
    )
    counselor: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(AttendanceCase.counselor_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The case of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def newest_of(cls, student_id: UUID) -> Self | None:
        """The one that was opened last; None if the student has none."""
        asked = select(cls).where(cls.student_id == student_id)
        return db.session.scalar(asked.order_by(cls.id.desc()).limit(1))

    @classmethod
    def of(cls, student_id: UUID, day: date) -> Self:
        """The student's case in the school year of that day; opened if there is none."""
        asked = select(cls).where(cls.student_id == student_id, cls.year == school_year(day))
        found = db.session.scalar(asked)
        if found is not None:
            return found
        made = {
            "id": uuid7(),
            "district_id": current_district_id(),
            "student_id": student_id,
            "year": school_year(day),
            "tier": 1,
            "made_at": clock.now(),
        }
        # Two who open it at once open one.
        db.session.execute(insert(cls).values(made).on_conflict_do_nothing())
        return db.session.scalars(asked).one()


def school_year(day: date) -> str:
    """The name of the district's school year of that day; where it has written none down, from July to June."""
    return school_years([day])[day]


def school_years(days: Iterable[date]) -> dict[date, str]:
    """The same of many days, asked once."""
    years = [(one.first_day, one.last_day, one.name) for one in SchoolYear.newest()]
    return {
        day: next((name for first, last, name in years if first <= day <= last), _from_july(day))
        for day in days
    }


def _from_july(day: date) -> str:
    begins = day.year if day.month >= 7 else day.year - 1
    return f"{begins}-{(begins + 1) % 100:02}"
