"""A row of a calendar, of codes or of enrollments, as an import stages it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Integer, PrimaryKeyConstraint, Text, Uuid, delete, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at
from app.roster.models.student import Student

#: How many are shown at once.
PAGE: Final = 50


class StagedRow(OwnedByItsKey, Base):
    """`told`: field → what the file says, as the names of SHEETS in integrations/spreadsheet/attendance.py."""

    __tablename__ = "register_staged_rows"
    __keeping__ = Keeping("students", "30 days after the import", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "import_id", "file", "line"),
        points_at("import_id", "register_imports"),
        CheckConstraint("file in ('calendar','codes','enrollments','students')", name="file"),
    )

    import_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    #: None: a code of the whole district.
    school_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    student_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    line: Mapped[int] = mapped_column(Integer(), info=PUBLIC)
    file: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PERSONAL)
    #: What it is about is here, and is to be taken out.
    is_gone: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)

    student: Mapped[Student | None] = relationship(
        primaryjoin=lambda: foreign(StagedRow.student_id) == Student.id, viewonly=True, lazy="joined"
    )

    @classmethod
    def gone(cls, import_id: UUID, school_id: UUID, file: str, after: int | None = None) -> Sequence[Self]:
        """Days ("calendar") or stretches ("enrollments") of a school that are to be taken out, one more than a PAGE."""
        asked = select(cls).where(
            cls.import_id == import_id, cls.school_id == school_id, cls.file == file, cls.is_gone
        )
        if after is not None:
            asked = asked.where(cls.line < after)
        return db.session.scalars(asked.order_by(cls.line.desc()).limit(PAGE + 1)).all()

    @property
    def first(self) -> date:
        """The day that it is about, or the first of a stretch."""
        return date.fromisoformat(self.told.get("day") or self.told["entry"])

    @property
    def last(self) -> date | None:
        """The last day of a stretch, if it has one."""
        return date.fromisoformat(self.told["exit"]) if self.told.get("exit") else None

    @classmethod
    def forget_births(cls, import_id: UUID) -> None:
        """They stand with the students now, or nowhere: nobody needs them here."""
        rows = delete(cls).where(cls.import_id == import_id, cls.file == "students")
        db.session.execute(rows.execution_options(synchronize_session=False))
