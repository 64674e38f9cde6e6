"""Who is in a class: a student, or a teacher of it, from a day to a day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    Select,
    UniqueConstraint,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, contains_eager, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, points_at
from app.roster.models.person import Person
from app.roster.models.school_class import SchoolClass

STUDENT, TEACHER = "student", "teacher"
#: A class list is one page.
MOST_SHOWN: Final = 500


class Enrollment(OwnedThrough, Base):
    """One person in one class. Its class ended, so did it: nothing is written for that."""

    __tablename__ = "enrollments"
    __keeping__ = Keeping(
        "staff and students",
        "as long as they work or go to school here, and one year",
        exported=True,
        erased="delete",
    )
    # A million come at once: an import tells of each batch in one entry.
    __audited__ = False
    # A million are written at once: nothing points at one, so its id needs no second key beside the district.
    __table_args__ = (
        points_at("class_id", "classes"),
        points_at("person_id", "people"),
        # The source's own id; a class has one source.
        UniqueConstraint("district_id", "class_id", "key"),
        CheckConstraint("key <> ''", name="keyed"),
        CheckConstraint("role in ('student','teacher')", name="role"),
        CheckConstraint("begins_on <= ends_on", name="begins_before_it_ends"),
        CheckConstraint("absences >= 0", name="absences"),
        Index(None, "district_id", "person_id"),
    )

    class_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    person_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    key: Mapped[str] = mapped_column(info=PERSONAL)
    role: Mapped[str] = mapped_column(info=PUBLIC)
    #: Of several teachers the one who answers for the class.
    is_primary: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: First and last day, where they differ from those of the class.
    begins_on: Mapped[date | None] = mapped_column(info=PERSONAL)
    ends_on: Mapped[date | None] = mapped_column(info=PERSONAL)
    #: How many whole readings in a row did not have it.
    absences: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: When the source had it no more.
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    person: Mapped[Person] = relationship(
        primaryjoin=lambda: foreign(Enrollment.person_id) == Person.id, viewonly=True
    )
    in_class: Mapped[SchoolClass] = relationship(
        primaryjoin=lambda: foreign(Enrollment.class_id) == SchoolClass.id, viewonly=True
    )

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        """True of those that hold on that day, whatever their class does."""
        return (
            cls.ended_at.is_(None)
            & or_(cls.begins_on.is_(None), cls.begins_on <= day)
            & or_(cls.ends_on.is_(None), cls.ends_on >= day)
        )

    @classmethod
    def in_the_class(cls, class_id: UUID, day: date) -> Sequence[Self]:
        """Who is in it that day and still here, by name; MOST_SHOWN at most."""
        asked = (
            select(cls)
            .join(Person, Person.id == cls.person_id)
            .options(contains_eager(cls.person))
            .where(cls.class_id == class_id, cls.holds_on(day), Person.active)
            .order_by(cls.is_primary.desc(), Person.family_name, Person.given_name, cls.id)
        )
        # Who is enrolled twice stands in the list once.
        seen: dict[tuple[UUID, str], Self] = {}
        for one in db.session.scalars(asked.limit(MOST_SHOWN)):
            seen.setdefault((one.person_id, one.role), one)
        return list(seen.values())

    @classmethod
    def of_person(cls, person_id: UUID, day: date) -> Sequence[Self]:
        """The classes that somebody is in that day, by title."""
        asked = (
            select(cls)
            .join(SchoolClass, SchoolClass.id == cls.class_id)
            .options(contains_eager(cls.in_class))
            .where(cls.person_id == person_id, cls.holds_on(day), SchoolClass.going_on(day))
            .order_by(SchoolClass.title, SchoolClass.id, cls.id)
        )
        seen: dict[UUID, Self] = {}
        for one in db.session.scalars(asked.limit(MOST_SHOWN)):
            seen.setdefault(one.class_id, one)
        return list(seen.values())

    @classmethod
    def teachers_of(cls, class_ids: Sequence[UUID], day: date) -> dict[UUID, list[Person]]:
        """Who teaches each of these classes that day, whoever answers for it first."""
        asked = (
            select(cls)
            .join(Person, Person.id == cls.person_id)
            .options(contains_eager(cls.person))
            .where(cls.class_id.in_(class_ids), cls.role == TEACHER, cls.holds_on(day), Person.active)
            .order_by(cls.is_primary.desc(), Person.family_name, Person.given_name, cls.id)
        )
        teachers: dict[UUID, list[Person]] = {}
        for one in db.session.scalars(asked):
            theirs = teachers.setdefault(one.class_id, [])
            if one.person not in theirs:
                theirs.append(one.person)
        return teachers

    @classmethod
    def students_in(cls, class_ids: Sequence[UUID], day: date) -> dict[UUID, int]:
        """How many students are in each of these classes that day."""
        asked = (
            select(cls.class_id, func.count(cls.person_id.distinct()))
            .join(Person, Person.id == cls.person_id)
            .where(cls.class_id.in_(class_ids), cls.role == STUDENT, cls.holds_on(day), Person.active)
            .group_by(cls.class_id)
        )
        return {row[0]: row[1] for row in db.session.execute(asked)}

    @classmethod
    def teaches(cls, person_id: UUID, day: date, class_id: UUID | None = None) -> bool:
        """Whether somebody teaches that class that day, or any that is not over."""
        asked = cls.taught_by(person_id, day)
        if class_id is not None:
            asked = asked.where(cls.class_id == class_id)
        else:
            asked = asked.join(SchoolClass, SchoolClass.id == cls.class_id).where(SchoolClass.going_on(day))
        return db.session.execute(asked.limit(1)).first() is not None

    @classmethod
    def taught_by(cls, person_id: UUID, day: date) -> Select[Any]:
        """Ids of the classes that somebody teaches that day; of a class that is over, too."""
        return select(cls.class_id).where(cls.person_id == person_id, cls.role == TEACHER, cls.holds_on(day))
