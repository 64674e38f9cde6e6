"""What followed on notices, a row for each rule, school, lot and language: sums from which means and spreads come.

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

#: So many days before and after are held against each other, and school is expected on so many of each at least.
DAYS: Final = 28
LEAST_EXPECTED: Final = 10
#: Shares of days missed, added up; and their squares.
SUMS: Final = ("before", "before_squares", "after", "after_squares", "change", "change_squares")


class OutcomeFigure(DistrictOwned, Base):
    """Of the students of whom four weeks before and after are in the register. A student counts once for a rule."""

    __tablename__ = "outcome_figures"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: sums alone")
    # Counted anew each night from what lies in the register.
    __audited__ = False
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "year", "school_id", "rule_id", "drawn", "language"),
        CheckConstraint("drawn in ('','told','not told')", name="drawn"),
        CheckConstraint("students > 0", name="of_somebody"),
    )

    #: The first day of the school year.
    year: Mapped[date] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    #: As CaseDuty.drawn: "" where nothing was held back from anybody.
    drawn: Mapped[str] = mapped_column(info=PUBLIC)
    #: Of the first notice that left; "" where it is the lot that is looked at.
    language: Mapped[str] = mapped_column(info=PUBLIC)
    students: Mapped[int] = mapped_column(info=PUBLIC)
    before: Mapped[float] = mapped_column(info=PUBLIC)
    before_squares: Mapped[float] = mapped_column(info=PUBLIC)
    after: Mapped[float] = mapped_column(info=PUBLIC)
    after_squares: Mapped[float] = mapped_column(info=PUBLIC)
    change: Mapped[float] = mapped_column(info=PUBLIC)
    change_squares: Mapped[float] = mapped_column(info=PUBLIC)

    @classmethod
    def of_year(cls, first: date, schools: Collection[UUID]) -> Sequence[Self]:
        """Those of these schools in the year that began on that day."""
        asked = select(cls).where(cls.year == first, cls.school_id.in_(list(schools)))
        return db.session.scalars(asked.order_by(cls.rule_id, cls.language, cls.id)).all()
