"""Students whose firings may not be what their register says any more.

The database keeps it, by triggers (migration 0058): whoever changes a mark, a stretch at a school, a grade, a calendar,
how far a register is in, a flag or a line of a case, by whatever way, has its students waiting here in the same
transaction. So nothing is missed, a deleted mark included, and a review takes from here and asks nobody. A review of
everybody needs no row of everybody: it strikes off whom it comes by.
"""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Uuid, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey
from app.truancy.models.review_range import ReviewRange


class StudentToReview(OwnedByItsKey, Base):
    """One student, once, however often something changed."""

    __tablename__ = "students_to_review"
    __keeping__ = Keeping("students", "until it is done", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "student_id"),
        # Who goes waits no longer.
        ForeignKeyConstraint(
            ["district_id", "student_id"], ["students.district_id", "students.id"], ondelete="CASCADE"
        ),
    )

    student_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)

    @classmethod
    def waits(cls, student_id: UUID) -> bool:
        """True if something of them changed since they were looked at, or a review of everybody has yet to come by."""
        waits = select(cls.student_id).where(cls.student_id == student_id)
        return db.session.scalar(waits) is not None or ReviewRange.has_yet_to_come_by(student_id)

    @classmethod
    def any(cls) -> bool:
        """True if somebody waits."""
        return db.session.scalar(select(cls.student_id).limit(1)) is not None

    @classmethod
    def count(cls) -> int:
        """How many wait."""
        return db.session.scalar(select(func.count()).select_from(cls)) or 0
