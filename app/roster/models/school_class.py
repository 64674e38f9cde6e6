"""A class of a school, as its source tells of it: a homeroom, or a section of a course that meets at its periods.

Nobody writes one by hand. It is over when its last day is past, or when its source has it no more.
"""

from collections.abc import Collection, Sequence
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
    tuple_,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.school import School

HOMEROOM, SCHEDULED = "homeroom", "scheduled"
KINDS: Final = {HOMEROOM: "Homeroom", SCHEDULED: "Class"}
AT_MOST: Final = 50


class SchoolClass(OwnedThrough, Base):
    """One class: in OneRoster's words title, classCode, classType, school, course, periods and terms."""

    __tablename__ = "classes"
    __keeping__ = Keeping("staff and students", "the contract", exported=True, erased="keep: ids only")
    # A school has hundreds, and all of them change at once: an import tells of each batch in one entry.
    __audited__ = False
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "source_id", "key"),
        CheckConstraint("key <> ''", name="keyed"),
        CheckConstraint("title <> ''", name="titled"),
        CheckConstraint("kind in ('homeroom','scheduled')", name="kind"),
        CheckConstraint("begins_on <= ends_on", name="begins_before_it_ends"),
        CheckConstraint("absences >= 0", name="absences"),
        Index(None, "district_id", "school_id", "title", "id"),
    )
    FOUND_BY = ("id",)

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    key: Mapped[str] = mapped_column(info=PUBLIC)
    title: Mapped[str] = mapped_column(info=PUBLIC)
    code: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: The title of the course.
    course: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    periods: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    #: From the first day of its first term to the last of its last, as far as they are told.
    begins_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    ends_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: The source's ids of those in it who are not here: as soon as one of them is, they are enrolled.
    waits_for: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PERSONAL)
    #: A code of all that the source said of it and of who is in it. The same code again is nothing new.
    digest: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    #: How many whole readings in a row did not have it.
    absences: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: When its source had it no more.
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    school: Mapped[School] = relationship(
        primaryjoin=lambda: foreign(SchoolClass.school_id) == School.id,
        lazy="joined",
        innerjoin=True,
        viewonly=True,
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The class of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def going_on(cls, day: date) -> ColumnElement[bool]:
        """Those that are not over on that day. Those that begin later are among them."""
        return cls.ended_at.is_(None) & or_(cls.ends_on.is_(None), cls.ends_on >= day)

    @classmethod
    def found(
        cls,
        typed: str,
        *,
        day: date,
        schools: Collection[UUID] | None,
        taught: Select[Any] | None = None,
        after: UUID | None = None,
    ) -> tuple[Sequence[Self], UUID | None]:
        """Classes that are not over, AT_MOST of them by title, and the one after which the next page begins.

        `typed`: a part of title, code or course. `schools`: those at these, None means all; and those whose ids
        `taught` gives.
        """
        chosen = select(cls).where(cls.going_on(day)).order_by(cls.title, cls.id)
        if schools is not None:
            there = cls.school_id.in_(schools)
            chosen = chosen.where(there if taught is None else or_(there, cls.id.in_(taught)))
        if typed:
            words = func.lower(cls.title + " " + cls.code + " " + cls.course)
            chosen = chosen.where(words.contains(typed.lower(), autoescape=True))
        place = cls.find(after) if after else None
        if place is not None:
            chosen = chosen.where(tuple_(cls.title, cls.id) > (place.title, place.id))
        rows = db.session.scalars(chosen.limit(AT_MOST + 1)).all()
        return rows[:AT_MOST], rows[AT_MOST - 1].id if len(rows) > AT_MOST else None

    @property
    def kind_name(self) -> str:
        """As it is said."""
        return KINDS[self.kind]

    def is_over(self, day: date) -> bool:
        """True if nobody goes there any more on that day."""
        return self.ended_at is not None or (self.ends_on is not None and self.ends_on < day)
