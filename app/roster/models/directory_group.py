"""A group, organizational unit or app role of a directory, and what being in it means here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.actor import Role
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.roster_source import RosterSource
from app.roster.models.school import School

#: What can be meant, and how a page calls it.
WHATS: Final = {
    "everybody": "Everybody in the directory",
    "ou": "Organizational unit",
    "group": "Group",
    "app_role": "App role",
}
#: Roles that a group gives as soon as it is written down. Every other opens more than tickets: an admin looks twice.
GIVEN_AT_ONCE: Final = frozenset({Role.TECHNICIAN})
#: Roles that a group can give. Whoever is on the staff may ask for help without one.
GIVEN: Final = tuple(role for role in Role if role is not Role.REQUESTER)


class DirectoryGroup(DistrictOwned, Base):
    """Whoever is in it is on the staff (with `takes_in` off: is not), at a school, with a role; as far as is said."""

    __tablename__ = "directory_groups"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "source_id", "what", "name"),
        CheckConstraint("what in ('everybody','ou','group','app_role')", name="what"),
        CheckConstraint("(what = 'everybody') = (name = '')", name="named"),
        CheckConstraint("takes_in or (role is null and school_id is null)", name="leaves_out_and_no_more"),
        CheckConstraint("what <> 'everybody' or role is null", name="no_role_for_everybody"),
        CheckConstraint(
            "role in ('technician','lead','admin','school_office','counselor','attendance_clerk','principal')",
            name="role",
        ),
        CheckConstraint("role <> 'admin' or school_id is null", name="admin_of_all_schools"),
        Index(None, "district_id", "school_id"),
    )
    FOUND_BY = ("id",)

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    what: Mapped[str] = mapped_column(info=PUBLIC)
    #: As the directory names it: a path, an address, an object id, a value. "" for everybody.
    name: Mapped[str] = mapped_column(info=PUBLIC)
    takes_in: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    #: Null: it says nothing of a school, and its role is held at all of them.
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    role: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: When an admin looked at it again and said yes, and whose account that was.
    confirmed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    confirmed_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    source: Mapped[RosterSource] = relationship(
        primaryjoin=lambda: foreign(DirectoryGroup.source_id) == RosterSource.id, viewonly=True, lazy="joined"
    )
    school: Mapped[School | None] = relationship(
        primaryjoin=lambda: foreign(DirectoryGroup.school_id) == School.id, viewonly=True, lazy="joined"
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The one of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_source(cls, source_id: UUID) -> Sequence[Self]:
        """Those of a source, in the order of a list."""
        asked = select(cls).where(cls.source_id == source_id)
        return db.session.scalars(asked.order_by(cls.what.desc(), cls.name, cls.id)).all()

    @classmethod
    def of_kind(cls, kind: str) -> Sequence[Self]:
        """The same, by the kind of source; none where there is none yet."""
        source = db.session.scalar(select(RosterSource.id).where(RosterSource.kind == kind))
        return cls.of_source(source) if source is not None else []

    @classmethod
    def roles_by(cls, ids: Iterable[str]) -> set[tuple[Role, UUID | None]]:
        """The roles that these give, each with its school (None: all)."""
        asked = select(cls).where(cls.id.in_([UUID(one) for one in ids]))
        return {
            (Role(one.role), one.school_id)
            for one in db.session.scalars(asked)
            if one.role and one.is_in_force
        }

    @property
    def needs_a_second_look(self) -> bool:
        """True if its role is given only once an admin has confirmed it."""
        return self.role is not None and Role(self.role) not in GIVEN_AT_ONCE

    @property
    def is_in_force(self) -> bool:
        """False while its role waits for the second look."""
        return not self.needs_a_second_look or self.confirmed_at is not None

    @property
    def title(self) -> str:
        """As a page calls it."""
        return self.name or WHATS[self.what]
