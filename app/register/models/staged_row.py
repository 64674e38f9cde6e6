"""A row of a calendar, of codes or of enrollments, as an import stages it."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Integer, PrimaryKeyConstraint, Text, Uuid, delete
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at


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

    @classmethod
    def forget_births(cls, import_id: UUID) -> None:
        """They stand with the students now, or nowhere: nobody needs them here."""
        rows = delete(cls).where(cls.import_id == import_id, cls.file == "students")
        db.session.execute(rows.execution_options(synchronize_session=False))
