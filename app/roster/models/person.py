"""A person of the district: staff, student or guardian.

A person is not an account: whoever can sign in has an Account (room auth) that points here. What a student or a
guardian has beyond a name lies in tables of their own, which nothing of the help desk reads.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.search import folded
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School

KINDS = ("staff", "student", "guardian")


class Person(DistrictOwned, Base):
    """Somebody with a name, and perhaps an email address and a school."""

    __tablename__ = "people"
    __keeping__ = Keeping(
        "staff, students and guardians",
        "as long as they work or go to school here, and one year",
        exported=True,
        erased="anonymise",
    )
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "email"),
        CheckConstraint("kind in ('staff','student','guardian')", name="kind"),
        CheckConstraint("source in ('admin','mail','sync','demo')", name="source"),
        CheckConstraint("email = lower(email)", name="email_is_lower"),
        CheckConstraint("given_name <> '' or family_name <> ''", name="named"),
        Index(None, "district_id", "school_id"),
        Index(None, "district_id", "family_name", "given_name", "id"),
        Index(None, "district_id", "kind", "family_name", "given_name", "id"),
        Index(
            "ix_people_folded", "folded", postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"}
        ),
    )
    FOUND_BY = ("id",)

    given_name: Mapped[str] = mapped_column(info=PERSONAL)
    family_name: Mapped[str] = mapped_column(info=PERSONAL)
    kind: Mapped[str] = mapped_column(default="staff", info=PUBLIC)
    #: Lower case; unique in the district.
    email: Mapped[str | None] = mapped_column(info=PERSONAL)
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: What they do, in the words of the office: "Grade 4 teacher".
    title: Mapped[str] = mapped_column(default="", info=PERSONAL)
    active: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    #: Who told us of them: an admin by hand, a mail, the nightly sync, the demo.
    source: Mapped[str] = mapped_column(default="admin", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    folded: Mapped[str] = folded("given_name, family_name, email, title", info=PERSONAL)

    school: Mapped[School | None] = relationship(primaryjoin=lambda: foreign(Person.school_id) == School.id)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The person of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def with_address(cls, email: str) -> "Person | None":
        """Who has this email address in this district."""
        return db.session.scalar(_WITH_ADDRESS, {"address": email.strip().lower()})

    @classmethod
    def with_addresses(cls, emails: Iterable[str]) -> "dict[str, Person]":
        """Who has these, in one question; by their address in lower case."""
        asked = sorted({email.strip().lower() for email in emails})
        return {str(one.email): one for one in db.session.scalars(_WITH_ADDRESSES, {"addresses": asked})}

    @classmethod
    def staff_by_name(cls) -> Select[Self]:
        """All staff, in the order of a list."""
        return select(cls).where(cls.kind == "staff").order_by(cls.family_name, cls.given_name, cls.id)

    @classmethod
    def count_active_staff(cls) -> int:
        """How many staff there are."""
        staff = select(func.count(cls.id)).where(cls.kind == "staff", cls.active)
        return db.session.scalar(staff) or 0

    @property
    def name(self) -> str:
        """The name as it is said."""
        return f"{self.given_name} {self.family_name}".strip()

    def is_active_staff(self) -> bool:
        """True if their mail opens tickets and they may sign in."""
        return self.active and self.kind == "staff"


_WITH_ADDRESS: Final = select(Person).where(Person.email == bindparam("address"))
_WITH_ADDRESSES: Final = select(Person).where(Person.email.in_(bindparam("addresses", expanding=True)))
