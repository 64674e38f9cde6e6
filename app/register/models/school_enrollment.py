"""A stretch of a student at a school: when they were expected there, and by which calendar."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, points_at
from app.register.models.school_day import NO_TRACK


class SchoolEnrollment(OwnedThrough, Base):
    """One student at one school from a day on (StudentSchoolAssociation of Ed-Fi). Of two at a time the primary counts.

    Who left before they came, as systems write of a child that never turned up, was not there.
    """

    __tablename__ = "school_enrollments"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    # A year begins with all of them: an import tells of a school's in one entry.
    __audited__ = False
    # Nothing points at one, so its id needs no second key beside the district.
    __table_args__ = (
        points_at("student_id", "students"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "student_id", "school_id", "entry"),
        Index(None, "district_id", "school_id"),
    )

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    track: Mapped[str] = mapped_column(default=NO_TRACK, server_default="", info=PUBLIC)
    #: The first day.
    entry: Mapped[date] = mapped_column(info=PERSONAL)
    #: The last day; None while it lasts.
    exit: Mapped[date | None] = mapped_column(info=PERSONAL)
    exit_reason: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    is_primary: Mapped[bool] = mapped_column(default=True, server_default="true", info=PUBLIC)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=func.now(), info=PUBLIC)

    @classmethod
    def of_student(cls, student_id: UUID) -> Sequence[Self]:
        """All of a student, the newest first."""
        asked = select(cls).where(cls.student_id == student_id)
        return db.session.scalars(asked.order_by(cls.entry.desc(), cls.id)).all()
