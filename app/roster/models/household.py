"""A household: guardians to whom one letter goes. Derived, and corrected by hand; a correction is never undone.

Derived are guardians who share a student and have the same address. Whoever was put somewhere by hand is `pinned`
there: the next derivation leaves them where they are.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.guardian import Guardian
from app.roster.models.person import Person


class Household(DistrictOwned, Base):
    """One household."""

    __tablename__ = "households"
    __keeping__ = Keeping("guardians", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned()
    FOUND_BY = ("id",)

    #: Whom a letter is addressed to, as the office said it: "The family of Ana Salas". "" is made of the names.
    mail_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    members: Mapped[list["HouseholdMember"]] = relationship(
        primaryjoin=lambda: foreign(HouseholdMember.household_id) == Household.id,
        order_by=lambda: [HouseholdMember.made_at, HouseholdMember.id],
        viewonly=True,
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The household of that id in this district."""
        return db.session.get(cls, id)

    @property
    def guardians(self) -> list[Guardian]:
        """Who is of it."""
        return [member.guardian for member in self.members]

    @property
    def is_corrected(self) -> bool:
        """Whether somebody was put here by hand."""
        return any(member.pinned for member in self.members)

    @property
    def name(self) -> str:
        """Whom a letter to all of them is addressed to."""
        return self.mail_name or names_together(one.person for one in self.guardians)

    def school_ids(self) -> set[UUID]:
        """The schools of the students of its guardians."""
        return {id for one in self.guardians for id in one.school_ids()}


class HouseholdMember(DistrictOwned, Base):
    """A guardian in a household: each in one."""

    __tablename__ = "household_members"
    __keeping__ = Keeping("guardians", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("household_id", "households"),
        points_at("guardian_id", "guardians"),
        UniqueConstraint("district_id", "guardian_id"),
        Index(None, "district_id", "household_id"),
    )

    household_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Put here by hand.
    pinned: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    guardian: Mapped[Guardian] = relationship(
        primaryjoin=lambda: foreign(HouseholdMember.guardian_id) == Guardian.id, viewonly=True
    )

    @classmethod
    def of_guardians(cls, guardian_ids: Iterable[UUID]) -> dict[UUID, Self]:
        """In which household each is, by guardian."""
        theirs = select(cls).where(cls.guardian_id.in_(list(guardian_ids)))
        return {one.guardian_id: one for one in db.session.scalars(theirs)}


def names_together(people: Iterable[Person]) -> str:
    """ "Ana and Ben Salas", "Ana Salas and Ben Stone": in their order."""
    named = list(people)
    families = {one.family_name for one in named}
    if len(named) > 1 and len(families) == 1 and all(one.given_name for one in named):
        return f"{_and([one.given_name for one in named])} {families.pop()}".strip()
    return _and([one.name for one in named])


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
