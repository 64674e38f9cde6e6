"""What takes a student out of a machine's hands for a time: homeless, in foster care, pregnant, ill, under a plan.

It is known to those who decide about the student, and to nobody else: on the list it only says that a person decides.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db, one_of
from app.core.expiring import today
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.student import Student
from app.truancy.law.facts import Flag
from app.truancy.law.words import FLAGS


class StudentFlag(DistrictOwned, Base):
    """One of them, from a day on."""

    __tablename__ = "student_flags"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("entered_by_id", "accounts"),
        CheckConstraint("name in ({})".format(",".join(f"'{name}'" for name in FLAGS)), name="name"),
        CheckConstraint("last >= first", name="begins_before_it_ends"),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "entered_by_id"),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PRIVATE)
    first: Mapped[date] = mapped_column(info=PRIVATE)
    #: The last day on which it holds; None while nobody knows.
    last: Mapped[date | None] = mapped_column(info=PRIVATE)
    entered_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(StudentFlag.student_id) == Student.id, viewonly=True
    )
    entered_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(StudentFlag.entered_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def any(cls) -> bool:
        """Whether the district has one at all."""
        return db.session.scalar(select(cls.id).limit(1)) is not None

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The flag of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_student(cls, student_id: UUID) -> list[Self]:
        """All of a student, the newest first."""
        asked = select(cls).where(cls.student_id == student_id)
        return list(db.session.scalars(asked.order_by(cls.first.desc(), cls.id.desc())))

    @classmethod
    def holds_for(cls, student_id: UUID) -> bool:
        """True if one of them holds today."""
        asked = select(cls.id).where(
            cls.student_id == student_id, cls.first <= today(), (cls.last.is_(None)) | (cls.last >= today())
        )
        return db.session.scalar(asked.limit(1)) is not None

    @property
    def words(self) -> str:
        """As it is said of the student."""
        return FLAGS[self.name].capitalize()


def flags_of(student_ids: Collection[UUID]) -> dict[UUID, list[Flag]]:
    """The flags of these students, as the rules ask about them."""
    found: dict[UUID, list[Flag]] = {}
    for one in db.session.scalars(select(StudentFlag).where(one_of(StudentFlag.student_id, student_ids))):
        found.setdefault(one.student_id, []).append(Flag(one.name, one.first, one.last))
    return found
