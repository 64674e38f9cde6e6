"""Whom a source means by an id of its own, and what it said of them last, group by group.

What a person's page shows may be another's word: provenance.py says whose.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db, one_of
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.person import Person
from app.roster.models.roster_source import RosterSource


class SourcePerson(OwnedThrough, Base):
    """A person as a source knows them. One person may have several: a record for each school is common."""

    __tablename__ = "source_people"
    __keeping__ = Keeping(
        "staff, students and guardians",
        "as long as they work or go to school here, and one year",
        exported=True,
        erased="delete",
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        points_at("person_id", "people"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "source_id", "key"),
        CheckConstraint("key <> ''", name="keyed"),
        CheckConstraint("absences >= 0", name="absences"),
        Index(None, "district_id", "person_id"),
        Index(
            "ix_source_people_known_by",
            "district_id",
            "known_by",
            postgresql_where=text("known_by <> ''"),
        ),
    )

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    key: Mapped[str] = mapped_column(info=PERSONAL)
    person_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Of several records of one person the first one speaks; the others only show that they are there.
    speaks: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    given_name: Mapped[str] = mapped_column(info=PERSONAL)
    family_name: Mapped[str] = mapped_column(info=PERSONAL)
    name_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    email: Mapped[str] = mapped_column(info=PERSONAL)
    email_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    school_key: Mapped[str] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    school_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: The source's own word: "teacher".
    role: Mapped[str] = mapped_column(info=PUBLIC)
    #: Ids of the groups of a directory that they are in (DirectoryGroup).
    groups: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    #: Of a student.
    number: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    number_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    grade: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    grade_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: By which several records are one person: a student's number, a guardian's id in every school or their email.
    known_by: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    #: Of a guardian: the blind index of each way to reach them that the source named, by kind.
    contacts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PRIVATE)
    #: The source's ids of those who belong to them, as far as they are linked here.
    relatives: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PERSONAL)
    #: Of a student or guardian: a code of all that the source said. The same code again is nothing new.
    digest: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    #: What it used to say and leaves blank now, and since when (ISO 8601): "school", or a way to reach a guardian.
    silent: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: How many whole readings in a row did not have them.
    absences: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: When this source had them deactivated, if it did.
    left_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    person: Mapped[Person] = relationship(
        primaryjoin=lambda: foreign(SourcePerson.person_id) == Person.id, viewonly=True
    )
    source: Mapped[RosterSource] = relationship(
        primaryjoin=lambda: foreign(SourcePerson.source_id) == RosterSource.id, viewonly=True
    )

    @classmethod
    def of_source(cls, source_id: UUID, keys: Iterable[str]) -> dict[str, Self]:
        """Those that a source knows by these ids."""
        asked = select(cls).where(cls.source_id == source_id, one_of(cls.key, sorted(keys)))
        return {one.key: one for one in db.session.scalars(asked)}

    @classmethod
    def has_families(cls, source_id: UUID) -> bool:
        """True if that source ever told of students or guardians: of those alone it has a code."""
        asked = select(cls.id).where(cls.source_id == source_id, cls.digest != "")
        return db.session.scalar(asked.limit(1)) is not None

    @classmethod
    def known_as(cls, kind: str, key: str) -> Self | None:
        """Whom this district's source of that kind knows by that id."""
        asked = select(cls).join(RosterSource, RosterSource.id == cls.source_id)
        return db.session.scalar(asked.where(RosterSource.kind == kind, cls.key == key))

    @classmethod
    def of_kind(cls, kind: str, person_id: UUID) -> Self | None:
        """What the source of that kind says of a person whom it still has."""
        asked = select(cls).join(RosterSource, RosterSource.id == cls.source_id)
        mine = (RosterSource.kind == kind, cls.person_id == person_id, cls.left_at.is_(None))
        return db.session.scalars(asked.where(*mine).limit(1)).first()

    @classmethod
    def there(cls, person_id: UUID) -> Sequence[Self]:
        """The records of a person with all sources that still have them."""
        asked = select(cls).where(cls.person_id == person_id, cls.left_at.is_(None))
        return db.session.scalars(asked.order_by(cls.id)).all()

    @classmethod
    def in_group(cls, group_id: UUID) -> Sequence[Self]:
        """Those who are in a group of a directory, by name."""
        asked = select(cls).where(cls.groups.contains([str(group_id)]), cls.left_at.is_(None))
        return db.session.scalars(asked.order_by(cls.family_name, cls.given_name, cls.id)).all()

    def word(self, about: str) -> Any:
        """What the source said last of "name", "email", "school", "number" or "grade"; None for nothing."""
        return {
            "name": (self.given_name, self.family_name) if self.given_name or self.family_name else None,
            "email": self.email or None,
            "school": self.school_id,
            "number": self.number or None,
            "grade": self.grade or None,
        }[about]

    def still_says(self, about: str, since: datetime) -> bool:
        """Whether it says anything of that, or did at that time."""
        return self.word(about) is not None and self._was_heard(about, since)

    def still_names(self, kind: str, since: datetime) -> bool:
        """Whether it names a way of that kind to reach a guardian, or did at that time."""
        return kind in self.contacts and self._was_heard(kind, since)

    def _was_heard(self, about: str, since: datetime) -> bool:
        unsaid = self.silent.get(about)
        was_there = self.left_at is None or self.left_at > since
        return was_there and (unsaid is None or datetime.fromisoformat(unsaid) > since)

    def note_silence(self, blank: Mapping[str, bool]) -> None:
        """Write down what it says no more, and what it says again."""
        now = clock.now().isoformat()
        silent = {about: self.silent.get(about, now) for about, is_blank in blank.items() if is_blank}
        if silent != self.silent:
            self.silent = silent
