"""That nobody gave a reason for a mark in the district's time, and since when it counts as unexcused.

A mark itself knows since when it does (AttendanceMark.unexcused_since) and forgets it with its code. This is written
once and stays, so that it can be said years later what counted when, and by whose word.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Date, PrimaryKeyConstraint, Text, Uuid, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at
from app.register.models.attendance_code import AttendanceCode


class ReasonNotGiven(OwnedByItsKey, Base):
    """One mark, on the day on which it began to count as unexcused."""

    __tablename__ = "reasons_not_given"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    # A row is the log itself; the audit log tells of a school's in one entry.
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "student_id", "day", "slot", "since"),
        points_at("student_id", "students"),
        points_at("code_id", "attendance_codes"),
    )

    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    day: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    slot: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    #: The day from which it counts as unexcused.
    since: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    #: What its code meant, with the time that was given for a reason and who signed that off.
    code_id: Mapped[UUID] = mapped_column(Uuid(), info=PERSONAL)

    meaning: Mapped[AttendanceCode] = relationship(
        primaryjoin=lambda: foreign(ReasonNotGiven.code_id) == AttendanceCode.id, viewonly=True, lazy="joined"
    )

    @property
    def school_days(self) -> int:
        """So many were given for a reason."""
        return self.meaning.unexcused_after or 0

    @classmethod
    def of_student(cls, student_id: UUID, days: Iterable[date]) -> Mapping[tuple[date, str, date], Self]:
        """Those of marks of these days, by day, slot and the day since when."""
        asked: Any = select(cls).where(cls.student_id == student_id, cls.day.in_(set(days)))
        return {(one.day, one.slot, one.since): one for one in db.session.scalars(asked)}
