"""How far a school's register is in. Nobody is taken to have been present after that day, and every list says it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School


class SchoolRegister(DistrictOwned, Base):
    """One for each school of which attendance ever came in."""

    __tablename__ = "school_registers"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    # Each import moves it, and tells of itself.
    __audited__ = False
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "school_id"),
        CheckConstraint("jsonb_typeof(row_counts) = 'object'", name="row_counts"),
    )
    FOUND_BY = ("id",)

    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: The last day of which all marks are in; None while only calendar or enrollments have come.
    current_to: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: When something of it changed here last, a day that was closed or a code that was signed off included.
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=func.now(), info=PUBLIC)
    #: {"a_day": […]}: marks for each school day in the last ten windows, the newest last.
    row_counts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)

    school: Mapped[School] = relationship(
        primaryjoin=lambda: foreign(SchoolRegister.school_id) == School.id, viewonly=True
    )

    @classmethod
    def of_school(cls, school_id: UUID) -> Self | None:
        """That of a school, if anything ever came."""
        return db.session.scalar(select(cls).where(cls.school_id == school_id))

    @classmethod
    def by_school(cls) -> Sequence[Self]:
        """All of them, by the name of the school."""
        asked: Any = select(cls).join(School, School.id == cls.school_id).order_by(School.name, School.id)
        rows: Sequence[Self] = db.session.scalars(asked).all()
        return rows
