"""A row that an import set aside, and why. Nothing of it counts, nothing is lost, and what it names does not vanish."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    Integer,
    PrimaryKeyConstraint,
    Select,
    Text,
    Uuid,
    func,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.attendance import FAULTS_IN_WORDS, Fault
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at

PAGE: Final = 50


class QuarantinedRow(OwnedByItsKey, Base):
    """One row of one file of an import, known by its line."""

    __tablename__ = "register_quarantine"
    __keeping__ = Keeping("students", "30 days after the import", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "import_id", "file", "line"),
        points_at("import_id", "register_imports"),
        CheckConstraint("file in ('calendar','codes','enrollments','marks','students')", name="file"),
        CheckConstraint("fault <> ''", name="fault"),
    )

    import_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    #: What is known of it all the same: marks here that it may be about stay as they are.
    student_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    line: Mapped[int] = mapped_column(Integer(), info=PUBLIC)
    day: Mapped[date | None] = mapped_column(Date(), info=PERSONAL)
    slot: Mapped[str | None] = mapped_column(Text(), info=PUBLIC)
    file: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    fault: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    #: Field → what stands there.
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PERSONAL)

    @classmethod
    def counts(cls, import_id: UUID) -> dict[tuple[str, str], int]:
        """By file and fault, how many."""
        asked = (
            select(cls.file, cls.fault, func.count())
            .where(cls.import_id == import_id)
            .group_by(cls.file, cls.fault)
            .order_by(cls.file, cls.fault)
        )
        return {(row[0], row[1]): row[2] for row in db.session.execute(asked)}

    @classmethod
    def all_of(cls, import_id: UUID) -> Select[Self]:
        """All of an import, in the order of its files."""
        return select(cls).where(cls.import_id == import_id).order_by(cls.file, cls.line)

    @classmethod
    def listed(cls, import_id: UUID, place: tuple[str, int] | None) -> Sequence[Self]:
        """Those after a place, one more than a PAGE."""
        asked = cls.all_of(import_id)
        if place is not None:
            asked = asked.where(tuple_(cls.file, cls.line) > place)
        return db.session.scalars(asked.limit(PAGE + 1)).all()

    @property
    def why(self) -> str:
        """What is wrong with it, in words."""
        return FAULTS_IN_WORDS[Fault(self.fault)]
