"""What an import would do to one mark, or did: the preview, what is applied, and which students are touched."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    PrimaryKeyConstraint,
    Select,
    SmallInteger,
    Text,
    Uuid,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, contains_eager, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at
from app.roster.models.student import Student

NEW, CHANGED, VANISHED = "new", "changed", "vanished"
#: What the preview calls them.
WORDS: Final = {NEW: "New", CHANGED: "Changed", VANISHED: "No longer there"}
PAGE: Final = 50


class MarkChange(OwnedByItsKey, Base):
    """A mark that is new, says something else, or is there no more. What stays as it is has no row here."""

    __tablename__ = "register_mark_changes"
    __keeping__ = Keeping("students", "30 days after the import", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = (
        # A school is applied in this order, which is that of the marks themselves.
        PrimaryKeyConstraint("district_id", "import_id", "school_id", "student_id", "day", "slot"),
        points_at("import_id", "register_imports"),
        CheckConstraint("what in ('new','changed','vanished')", name="what"),
    )

    import_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    day: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    minutes: Mapped[int | None] = mapped_column(SmallInteger(), info=PERSONAL)
    slot: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    what: Mapped[str] = mapped_column(Text(), info=PUBLIC)
    #: Of one that is there no more, what it was.
    code: Mapped[str] = mapped_column(Text(), info=PERSONAL)
    #: Of one that says something else, what it said.
    was: Mapped[str | None] = mapped_column(Text(), info=PERSONAL)
    reason: Mapped[str | None] = mapped_column(Text(), info=PRIVATE)
    record: Mapped[str | None] = mapped_column(Text(), info=PERSONAL)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(MarkChange.student_id) == Student.id, viewonly=True
    )

    @classmethod
    def listed(
        cls, import_id: UUID, school_id: UUID, what: str, place: tuple[UUID, date, str] | None
    ) -> Sequence[Self]:
        """Those of one school and kind after a place, one more than a PAGE."""
        asked: Any = (
            select(cls)
            .join(Student, Student.id == cls.student_id)
            .options(contains_eager(cls.student))
            .where(cls.import_id == import_id, cls.school_id == school_id, cls.what == what)
            .order_by(cls.student_id, cls.day, cls.slot)
            .limit(PAGE + 1)
        )
        if place is not None:
            asked = asked.where(tuple_(cls.student_id, cls.day, cls.slot) > place)
        rows: Sequence[Self] = db.session.scalars(asked).all()
        return rows

    @classmethod
    def students_of(cls, import_id: UUID) -> Select[Any]:
        """Ids of the students whose marks an import changes: for whoever counts anew."""
        return select(cls.student_id).where(cls.import_id == import_id).distinct()
