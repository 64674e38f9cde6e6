"""What a guardian is to a student. The rights that go with it are facts of their own (guardian_right.py)."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.student import Student

#: A closed list, in the words of Ed-Fi's RelationDescriptor: "Mother, step" is how it writes a stepmother.
RELATIONS: Final = (
    "Mother",
    "Father",
    "Parent",
    "Mother, step",
    "Father, step",
    "Mother, foster",
    "Father, foster",
    "Foster parent",
    "Adoptive parents",
    "Grandmother",
    "Grandfather",
    "Grandparent",
    "Aunt",
    "Uncle",
    "Sister",
    "Brother",
    "Cousin",
    "Family member",
    "Guardian",
    "Court appointed guardian",
    "Case Worker, CPS",
    "Agency representative",
    "Other",
)
_ONE_OF_THEM: Final = "relation in ({})".format(",".join(f"'{word}'" for word in RELATIONS))


class Guardianship(OwnedThrough, Base):
    """One guardian and one student, until it ends. An ended one stays, with its facts, and counts for nothing."""

    __tablename__ = "guardianships"
    __keeping__ = Keeping(
        "students and guardians",
        "as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("guardian_id", "guardians"),
        points_at("source_id", "roster_sources"),
        CheckConstraint(_ONE_OF_THEM, name="relation"),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "guardian_id"),
        Index(
            "uq_guardianships_once",
            "district_id",
            "student_id",
            "guardian_id",
            unique=True,
            postgresql_where="ended_at is null",
        ),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    relation: Mapped[str] = mapped_column(info=PERSONAL)
    #: Which source of the roster said so; null if the office did. Only what a source said can a source take back.
    source_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(Guardianship.student_id) == Student.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The guardianship of that id in this district, while it lasts."""
        return db.session.scalar(select(cls).where(cls.id == id, cls.ended_at.is_(None)))

    @classmethod
    def between(cls, student_id: UUID, guardian_id: UUID) -> Self | None:
        """What this guardian is to this student, if anything."""
        return db.session.scalar(
            cls._lasting().where(cls.student_id == student_id, cls.guardian_id == guardian_id)
        )

    @classmethod
    def of_student(cls, student_id: UUID) -> list[Self]:
        """A student's guardians, in the order they were entered."""
        theirs = cls._lasting().where(cls.student_id == student_id)
        return list(db.session.scalars(theirs.order_by(cls.made_at, cls.id)))

    @classmethod
    def of_guardian(cls, guardian_id: UUID) -> list[Self]:
        """A guardian's students, in the order they were entered."""
        theirs = cls._lasting().where(cls.guardian_id == guardian_id)
        return list(db.session.scalars(theirs.order_by(cls.made_at, cls.id)))

    @classmethod
    def _lasting(cls) -> Select[Self]:
        return select(cls).where(cls.ended_at.is_(None))
