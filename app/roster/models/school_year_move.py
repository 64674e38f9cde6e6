"""What the opening of a school year gave a student, and what they had before: by it the opening is undone."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class SchoolYearMove(DistrictOwned, Base):
    """One student of one year. A source's next word is held against it: what a year gave is no admin's correction."""

    __tablename__ = "school_year_moves"
    __keeping__ = Keeping(
        "students",
        "until the year after is opened; of those who left, as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("year_id", "school_years"),
        points_at("student_id", "students"),
        points_at("from_school_id", "schools"),
        points_at("to_school_id", "schools"),
        UniqueConstraint("district_id", "year_id", "student_id"),
        CheckConstraint("left_on is null or from_school_id = to_school_id", name="leavers_keep_their_school"),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "from_school_id"),
        Index(None, "district_id", "to_school_id"),
    )

    year_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    from_grade: Mapped[str] = mapped_column(info=PERSONAL)
    to_grade: Mapped[str] = mapped_column(info=PERSONAL)
    from_school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    to_school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Their last day here, the last of the year before; null for whoever goes on.
    left_on: Mapped[date | None] = mapped_column(info=PERSONAL)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
