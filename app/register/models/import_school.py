"""What an import would change at one school, whether it asks first, and whether it was applied there."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School

#: Why a school asks before it is applied.
ASKS: Final = {
    "": "",
    "absences": "Its absences fall by more than 30 percent.",
    "rows": "It has less than half as many marks a day as in its last files.",
    "gone": "More than 30 percent of its marks of those days would be taken away.",
    "days": "Several of its school days would be taken out of its calendar.",
    "enrollments": "More than 5 percent of its enrollments would be taken out.",
}


class ImportSchool(DistrictOwned, Base):
    """One school of one import. All of it is applied in one transaction."""

    __tablename__ = "register_import_schools"
    __keeping__ = Keeping(
        "nobody", "30 days after the import", exported=False, erased="keep: holds counts only"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "register_imports"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "import_id", "school_id"),
        CheckConstraint("asks in ('','absences','rows','gone','days','enrollments')", name="asks"),
        CheckConstraint("not (left_out and applied_at is not null)", name="applied_or_left_out"),
        Index(None, "district_id", "school_id"),
        Index(
            "ix_register_import_schools_to_do",
            "district_id",
            "import_id",
            postgresql_where=text("applied_at is null and not left_out"),
        ),
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Marks in the file, and the last day that one of them is about.
    rows: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    last_day: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: Absences in the window, as they are here and as the file has them.
    absences_before: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    absences_after: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    new: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    changed: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    vanished: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    students: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Days of the calendar and stretches of students that would change.
    days: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    enrollments: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Days and stretches that are here, and that the source has no more.
    days_gone: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    enrollments_gone: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Marks that stay here on days that the calendar now closes, or does not have any more.
    voided: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: A word of ASKS.
    asks: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    #: It asked, and nobody said yes: this school stays as it is.
    left_out: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    applied_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    school: Mapped[School] = relationship(
        primaryjoin=lambda: foreign(ImportSchool.school_id) == School.id, viewonly=True, lazy="joined"
    )

    @classmethod
    def of(cls, import_id: UUID) -> Sequence[Self]:
        """Those of an import, by name; those that ask first."""
        asked: Any = (
            select(cls)
            .join(School, School.id == cls.school_id)
            .where(cls.import_id == import_id)
            .order_by((cls.asks == ""), School.name, School.id)
        )
        rows: Sequence[Self] = db.session.scalars(asked).all()
        return rows

    @classmethod
    def next_of(cls, import_id: UUID, *, asking: bool = True) -> Self | None:
        """The next that is to be applied. Not `asking`: of those that ask nothing."""
        asked = select(cls).where(
            cls.import_id == import_id, cls.applied_at.is_(None), cls.left_out.is_(False)
        )
        if not asking:
            asked = asked.where(cls.asks == "")
        return db.session.scalar(asked.order_by(cls.id).limit(1))

    @classmethod
    def left_out_of(cls, import_id: UUID) -> int:
        """How many stay as they are."""
        asked = select(func.count(cls.id)).where(cls.import_id == import_id, cls.left_out)
        return db.session.scalar(asked) or 0

    @classmethod
    def applied_of(cls, import_id: UUID) -> int:
        """How many of an import are done."""
        asked = select(func.count(cls.id)).where(cls.import_id == import_id, cls.applied_at.is_not(None))
        return db.session.scalar(asked) or 0

    @property
    def asks_because(self) -> str:
        """Why it asks, in words."""
        return ASKS[self.asks]
