"""How much of school was missed, a row for each school, grade and month: what the reports add up.

No row is about one student, but a small one nearly is: what leaves this room goes through models/suppression.py.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School

#: A share of the expected days from which on a student counts as chronically absent, and as severely (ED, EDFacts
#: C195: ten percent; the other steps are those of Attendance Works).
AT_RISK, CHRONIC, SEVERE = 5, 10, 20
#: Who was expected on fewer days is not judged by a share of them (EDFacts C195).
LEAST_EXPECTED: Final = 10


class AttendanceFigure(DistrictOwned, Base):
    """Days of one month; students by their share of the whole year, as it stood when the month was over."""

    __tablename__ = "attendance_figures"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: counts alone")
    # Counted anew each night from what lies in the register.
    __audited__ = False
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "school_id", "grade", "month"),
        CheckConstraint("extract(day from month) = 1", name="first_of_a_month"),
        CheckConstraint("absent = excused + unexcused + unknown", name="each_absence_once"),
        CheckConstraint(
            "at_risk + chronic + severe <= judged and judged <= students", name="each_student_once"
        ),
    )

    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    grade: Mapped[str] = mapped_column(info=PUBLIC)
    month: Mapped[date] = mapped_column(info=PUBLIC)
    #: Expected on a day of the month at least; and of these, on LEAST_EXPECTED days of the year by then.
    students: Mapped[int] = mapped_column(info=PUBLIC)
    judged: Mapped[int] = mapped_column(info=PUBLIC)
    #: Student-days: expected, and missed by half or more.
    expected: Mapped[int] = mapped_column(info=PUBLIC)
    absent: Mapped[int] = mapped_column(info=PUBLIC)
    excused: Mapped[int] = mapped_column(info=PUBLIC)
    unexcused: Mapped[int] = mapped_column(info=PUBLIC)
    unknown: Mapped[int] = mapped_column(info=PUBLIC)
    #: Students who missed 5 to 10, 10 to 20, and 20 percent or more.
    at_risk: Mapped[int] = mapped_column(info=PUBLIC)
    chronic: Mapped[int] = mapped_column(info=PUBLIC)
    severe: Mapped[int] = mapped_column(info=PUBLIC)

    @classmethod
    def since(cls, first: date, schools: Collection[UUID] | None) -> Sequence[Self]:
        """Those of a year that began on that day. `schools`: of these alone; None means all."""
        asked = select(cls).join(School, School.id == cls.school_id).where(cls.month >= first.replace(day=1))
        if schools is not None:
            asked = asked.where(cls.school_id.in_(schools))
        return db.session.scalars(asked.order_by(cls.month, School.name, School.id)).all()
