"""A right of a guardian about a student, each a fact of its own: what holds, who entered it and when.

A fact is replaced, never changed, so that the page can say what held when a letter went out.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.person import Person

EDUCATION: Final = "education_rights"
MAIL: Final = "may_receive_mail"
LIVES_WITH: Final = "lives_with"
COURT_ORDER: Final = "court_order"
NO_CONTACT: Final = "no_contact"

#: Each as the office says it.
RIGHTS: Final = {
    EDUCATION: "Holds education rights",
    MAIL: "May receive mail",
    LIVES_WITH: "Lives with the student",
    COURT_ORDER: "Court order on file",
    NO_CONTACT: "No contact",
}
_ONE_OF_THEM: Final = "name in ({})".format(",".join(f"'{name}'" for name in RIGHTS))


class GuardianRight(DistrictOwned, Base):
    """One fact. `note` is of a court order alone: what it says, sealed, for those who may read it."""

    __tablename__ = "guardian_rights"
    __keeping__ = Keeping(
        "students and guardians",
        "as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __table_args__ = owned(
        points_at("guardianship_id", "guardianships"),
        points_at("entered_by_id", "people"),
        CheckConstraint(_ONE_OF_THEM, name="name"),
        CheckConstraint("note_sealed is null or name = 'court_order'", name="note_of_a_court_order"),
        CheckConstraint("replaced_at is null or replaced_at >= entered_at", name="replaced_after"),
        Index(None, "district_id", "guardianship_id"),
        Index(
            "uq_guardian_rights_in_force",
            "district_id",
            "guardianship_id",
            "name",
            unique=True,
            postgresql_where="replaced_at is null",
        ),
    )

    guardianship_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PUBLIC)
    holds: Mapped[bool] = mapped_column(info=PERSONAL)
    note_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: A person of the staff; null where no person did (the sync, the demo).
    entered_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    entered_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    replaced_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    note = Sealed("note_sealed")

    entered_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(GuardianRight.entered_by_id) == Person.id, viewonly=True
    )

    @classmethod
    def in_force(cls, guardianship_ids: Iterable[UUID]) -> dict[UUID, dict[str, Self]]:
        """The facts that hold now, by guardianship and name, in one question."""
        asked = list(guardianship_ids)
        found: dict[UUID, dict[str, Self]] = {id: {} for id in asked}
        facts = select(cls).where(cls.guardianship_id.in_(asked), cls.replaced_at.is_(None))
        for fact in db.session.scalars(facts) if asked else ():
            found[fact.guardianship_id][fact.name] = fact
        return found

    @classmethod
    def replaced_of(cls, guardianship_id: UUID) -> list[Self]:
        """What held before, the newest first."""
        before = select(cls).where(cls.guardianship_id == guardianship_id, cls.replaced_at.is_not(None))
        return list(db.session.scalars(before.order_by(cls.replaced_at.desc(), cls.id.desc()).limit(50)))
