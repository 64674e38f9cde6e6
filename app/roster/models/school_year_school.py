"""What a school year means for one school: its highest grade, and where those go who have been in it."""

from collections.abc import Sequence
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School
from app.roster.models.student import GRADES

#: The grades that follow one another, the lowest first. "Ungraded" and an unknown grade are none of them.
LADDER: Final = tuple(code for code in GRADES if code not in ("", "UG"))
NOT_SAID, LEAVE, GO_ON = "not said", "leave", "go on"
_ON_THE_LADDER: Final = "highest in ({})".format(",".join(f"'{code}'" for code in LADDER))


class SchoolYearSchool(DistrictOwned, Base):
    """One school of one year. The next year begins with the same words."""

    __tablename__ = "school_year_schools"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("year_id", "school_years"),
        points_at("school_id", "schools"),
        points_at("goes_to_id", "schools"),
        UniqueConstraint("district_id", "year_id", "school_id"),
        CheckConstraint(_ON_THE_LADDER, name="highest"),
        CheckConstraint("leavers in ('not said','leave','go on')", name="leavers"),
        CheckConstraint("(leavers = 'go on') = (goes_to_id is not null)", name="goes_somewhere"),
        CheckConstraint("goes_to_id <> school_id", name="goes_elsewhere"),
        Index(None, "district_id", "school_id"),
        Index(None, "district_id", "goes_to_id"),
    )
    FOUND_BY = ("id",)

    year_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    highest: Mapped[str] = mapped_column(info=PUBLIC)
    #: What becomes of whoever has been in the highest grade.
    leavers: Mapped[str] = mapped_column(default=NOT_SAID, info=PUBLIC)
    goes_to_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    school: Mapped[School] = relationship(
        primaryjoin=lambda: foreign(SchoolYearSchool.school_id) == School.id, viewonly=True
    )
    goes_to: Mapped[School | None] = relationship(
        primaryjoin=lambda: foreign(SchoolYearSchool.goes_to_id) == School.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The row of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_year(cls, year_id: UUID) -> Sequence[Self]:
        """Those of a year, by the name of the school."""
        asked: Any = select(cls).join(School, School.id == cls.school_id).where(cls.year_id == year_id)
        rows: Sequence[Self] = db.session.scalars(asked.order_by(School.name)).all()
        return rows

    @property
    def highest_name(self) -> str:
        """The highest grade as it is said."""
        return GRADES[self.highest]
