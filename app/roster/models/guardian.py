"""A guardian: somebody to whom a school writes about a student. Not an account; families come in by links."""

from typing import Any, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, false, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.guardianship import Guardianship
from app.roster.models.language import ENGLISH, ONE_OF_THEM, Language, language
from app.roster.models.person import Person


class Guardian(OwnedThrough, Base):
    """Beside the person of the same id, whose kind is "guardian": the language they are written to in."""

    __tablename__ = "guardians"
    __keeping__ = Keeping(
        "guardians",
        "as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __table_args__ = owned(points_at("id", "people"), CheckConstraint(ONE_OF_THEM, name="language"))
    FOUND_BY = ("id",)

    language: Mapped[str] = mapped_column(default=ENGLISH, info=PERSONAL)
    #: In an address confidentiality program, or for another reason: letters go to a substitute address alone.
    address_is_confidential: Mapped[bool] = mapped_column(
        default=False, server_default=false(), info=PERSONAL
    )

    person: Mapped[Person] = relationship(
        primaryjoin=lambda: foreign(Guardian.id) == Person.id, lazy="joined", innerjoin=True, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The guardian of that id in this district."""
        return db.session.get(cls, id)

    @property
    def name(self) -> str:
        """The name as it is said."""
        return self.person.name

    @property
    def speaks(self) -> Language:
        """The language they are written to in."""
        return language(self.language)

    def school_ids(self) -> set[UUID]:
        """The schools of the students they belong to: who works with those schools may work with them."""
        theirs: Any = (
            select(Person.school_id)
            .join(Guardianship, Guardianship.student_id == Person.id)
            .where(Guardianship.guardian_id == self.id, Guardianship.ended_at.is_(None))
        )
        return {school_id for school_id in db.session.scalars(theirs) if school_id is not None}
