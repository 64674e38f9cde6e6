"""A mark as an import stages it, before it is compared. Gone once it is."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, PrimaryKeyConstraint, SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at


class StagedMark(OwnedByItsKey, Base):
    """One row of marks.csv, of a student and a school that are here (actions/staging.py)."""

    __tablename__ = "register_staged_marks"
    __keeping__ = Keeping("students", "until the next", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "import_id", "line"),
        points_at("import_id", "register_imports"),
    )

    import_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    line: Mapped[int] = mapped_column(info=PUBLIC)
    day: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    minutes: Mapped[int | None] = mapped_column(SmallInteger(), info=PERSONAL)
    #: Of changes: take it away.
    is_gone: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    slot: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    code: Mapped[str] = mapped_column(Text(), info=PERSONAL)
    reason: Mapped[str | None] = mapped_column(Text(), info=PRIVATE)
    record: Mapped[str | None] = mapped_column(Text(), info=PERSONAL)
