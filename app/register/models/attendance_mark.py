"""A mark in the register: what was noted of a student for a day, a half day or a lesson.

Exceptions alone: whoever has no mark was there, as far as the register is in (SchoolRegister.current_to). A district
of half a million students has five million marks a year, by the lesson thirty; so a row has no id of its own, and
its key is the order in which a review reads them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at

#: The whole day, half of it, or a lesson: P1, P2 …
DAY: Final = "DAY"
A_SLOT: Final = r"DAY|AM|PM|P[1-9][0-9]?"
LONGEST: Final = {"code": 60, "reason": 200, "record": 64}
#: Of one student on one page.
MOST_SHOWN: Final = 2000


class AttendanceMark(OwnedByItsKey, Base):
    """One mark for each student, day and slot. What it means is said by its code (AttendanceCode) alone.

    One whose code nobody has signed off, or of a day that was no school day after all, stays and counts for nothing.
    """

    __tablename__ = "attendance_marks"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    # Millions: an import tells of a school's in one entry.
    __audited__ = False
    __table_args__ = (
        # Read by student, or all in this order.
        PrimaryKeyConstraint("district_id", "student_id", "day", "slot"),
        points_at("student_id", "students"),
        points_at("school_id", "schools"),
        CheckConstraint("slot ~ '^(DAY|AM|PM|P[1-9][0-9]?)$'", name="slot"),
        CheckConstraint("code <> ''", name="coded"),
        CheckConstraint("minutes between 0 and 1440", name="minutes"),
        # What a window replaces. A hundred rows share each of its keys, so it is a tenth of the key above.
        Index(None, "district_id", "school_id", "day"),
        # Where a reason may still be asked for: read each night by lapsing.py, for a few codes alone.
        Index(
            "ix_attendance_marks_unlapsed",
            "district_id",
            "code",
            "school_id",
            "day",
            postgresql_where=text("unexcused_since is null"),
        ),
    )

    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    #: Whose register it stands in.
    school_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=PUBLIC)
    day: Mapped[date] = mapped_column(Date(), info=PERSONAL)
    #: Minutes missed; None where the source does not say.
    minutes: Mapped[int | None] = mapped_column(SmallInteger(), info=PERSONAL)
    #: Since when it counts as unexcused because nobody gave a reason in the district's time (lapsing.py). The database
    #: forgets it where the code or the school becomes another (migration 0081).
    unexcused_since: Mapped[date | None] = mapped_column(Date(), info=PERSONAL)
    slot: Mapped[str] = mapped_column(Text(), default=DAY, server_default=DAY, info=PUBLIC)
    code: Mapped[str] = mapped_column(Text(), info=PERSONAL)
    #: As somebody wrote it.
    reason: Mapped[str | None] = mapped_column(Text(), info=PRIVATE)
    #: The source's own id of the mark.
    record: Mapped[str | None] = mapped_column(Text(), info=PERSONAL)

    @classmethod
    def of_student(cls, student_id: UUID) -> Sequence[Self]:
        """All of a student, the newest first; MOST_SHOWN at most."""
        asked = select(cls).where(cls.student_id == student_id).order_by(cls.day.desc(), cls.slot)
        return db.session.scalars(asked.limit(MOST_SHOWN)).all()
