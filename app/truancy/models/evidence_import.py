"""What is kept of an import of the register beyond its time, and of which marks: those that a firing stands on.

An import's own record is cleared after 30 days, with its rows. Before that, truancy/actions/keeping_origins.py writes
here what whoever asks about a firing must still be told years later, and no more.
"""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, OwnedByItsKey, owned, points_at
from app.register.models.register_import import RegisterImport


class EvidenceImport(DistrictOwned, Base):
    """An import in one line. Its id is the import's."""

    __tablename__ = "evidence_imports"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(CheckConstraint("octet_length(sha256) = 64", name="sha256"))

    made_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    #: Who uploaded it; None where a system was asked by itself.
    made_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The system that was asked, as people call it; "" of a file that was uploaded.
    system: Mapped[str] = mapped_column(default="", info=PUBLIC)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)

    @classmethod
    def of(cls, run: RegisterImport) -> Self:
        """The line of an import, written once."""
        found = db.session.get(cls, run.id)
        if found is None:
            system = run.connection.name if run.connection else ""
            found = cls(
                id=run.id, made_at=run.made_at, made_by_id=run.made_by_id, system=system, sha256=run.sha256
            )
            db.session.add(found)
            db.session.flush()
        return found


class MarkOrigin(OwnedByItsKey, Base):
    """Which import said it last of a student, day and slot that there is this code."""

    __tablename__ = "mark_origins"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "student_id", "day", "slot", "code"),
        points_at("student_id", "students"),
        points_at("import_id", "evidence_imports"),
        Index(None, "district_id", "import_id"),
    )

    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    day: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    slot: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    code: Mapped[str] = mapped_column(Text(), info=PERSONAL)
    import_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
