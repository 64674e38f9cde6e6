"""A student of the roster: what the office needs to know whom it means, and nothing else.

No demographics, no picture, whatever a file or a form carries; and a date of birth only where the office wrote one
down, because an attendance rule asks for an age. No file brings one.
"""

from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, contains_eager, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.language import ENGLISH, ONE_OF_THEM, Language, language
from app.roster.models.person import Person

#: The codes of CEDS "Entry Grade Level", which OneRoster and Ed-Fi use, and how they are said. "" is not known.
GRADES: Final = {
    "": "Not given",
    "PK": "Pre-kindergarten",
    "TK": "Transitional kindergarten",
    "KG": "Kindergarten",
    **{f"{year:02}": f"Grade {year}" for year in range(1, 14)},
    "UG": "Ungraded",
}
_ONE_OF_GRADES: Final = "grade in ({})".format(",".join(f"'{code}'" for code in GRADES))


class Student(OwnedThrough, Base):
    """Beside the person of the same id, whose kind is "student": the number, the grade, the home language."""

    __tablename__ = "students"
    __keeping__ = Keeping(
        "students",
        "as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __table_args__ = owned(
        points_at("id", "people"),
        UniqueConstraint("district_id", "number"),
        CheckConstraint("number <> ''", name="numbered"),
        CheckConstraint(_ONE_OF_GRADES, name="grade"),
        CheckConstraint(ONE_OF_THEM, name="language"),
        CheckConstraint("born > '1900-01-01'", name="born"),
    )
    FOUND_BY = ("id",)

    #: As the school writes it; unique in the district.
    number: Mapped[str] = mapped_column(info=PERSONAL)
    grade: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: The date of birth, where an attendance rule asks for an age. A family's link ends with the eighteenth.
    born: Mapped[date | None] = mapped_column(info=PERSONAL)
    #: What is spoken at home.
    language: Mapped[str] = mapped_column(default=ENGLISH, info=PERSONAL)

    person: Mapped[Person] = relationship(
        primaryjoin=lambda: foreign(Student.id) == Person.id, lazy="joined", innerjoin=True, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The student of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def numbered(cls, number: str) -> Self | None:
        """The student with that number in this district."""
        return db.session.scalar(select(cls).where(cls.number == number.strip()))

    @classmethod
    def by_name(cls) -> Select[Any]:
        """All students, in the order of a list."""
        return (
            select(cls)
            .join(Person, Person.id == cls.id)
            .options(contains_eager(cls.person))
            .order_by(Person.family_name, Person.given_name, Person.id)
        )

    @property
    def name(self) -> str:
        """The name as it is said."""
        return self.person.name

    @property
    def school_id(self) -> UUID | None:
        """The school they go to."""
        return self.person.school_id

    @property
    def grade_name(self) -> str:
        """The grade as it is said."""
        return GRADES[self.grade]

    @property
    def speaks(self) -> Language:
        """The home language."""
        return language(self.language)
