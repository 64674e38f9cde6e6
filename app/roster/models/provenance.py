"""Where each part of somebody comes from, and since when: a source, the office, or a new school year.

It is seen from what the sources said last and from the audit log, and stored nowhere (decision 34).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.audit import AuditEntry
from app.core.db import db
from app.roster.models.contact import KINDS, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.person import Person
from app.roster.models.precedence import CONTACTS, Precedence
from app.roster.models.roster_source import RosterSource
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_move import SchoolYearMove
from app.roster.models.source_person import SourcePerson
from app.roster.models.student import GRADES, Student

BY_HAND: Final = "Entered here"
#: Who told us of a person whose words no source says and nobody changed.
_AT_FIRST: Final = {
    "admin": BY_HAND,
    "mail": "From a mail",
    "sync": "From an import",
    "demo": "Made up for the demo",
}
#: What a page calls each, the group whose order counts, and the columns that the audit log names.
_PARTS: Final = {
    "name": ("Name", "name", ("given_name", "family_name")),
    "email": ("Work email", "email", ("email",)),
    "number": ("Student number", "grade", ("number",)),
    "school": ("School", "school", ("school_id",)),
    "grade": ("Grade", "grade", ("grade",)),
    "title": ("What they do", "", ("title",)),
    "language": ("Language", "", ("language",)),
}
#: Entries of the audit log that are looked through for who changed what last.
_LOOKED_THROUGH: Final = 200


@dataclass(frozen=True)
class Word:
    """What a source says of a part, when it said it first, and since when it leaves it blank, if it does."""

    source: str
    text: str
    at: datetime | None
    unsaid_since: datetime | None = None


@dataclass(frozen=True)
class Origin:
    """A part of somebody. `others`: the sources that say something else, which does not count now."""

    part: str
    by: str
    at: datetime | None
    others: Sequence[Word] = ()


@dataclass(frozen=True)
class Named:
    """Who named a way to reach somebody, or a relationship, and when that was written down."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Provenance:
    """Of one person, for their page."""

    origins: Sequence[Origin]
    #: What each source knows of them, those that leave nothing to be told included.
    records: Sequence[SourcePerson]
    #: By contact.
    contacts: Mapping[UUID, Named]
    #: Ways that a source names and that are not kept here: source and kind, in words.
    not_kept: Sequence[tuple[str, str]]

    @classmethod
    def of_staff(cls, person: Person) -> "Provenance":
        """Name, work email, school, title."""
        values = {
            "name": _name(person),
            "email": person.email,
            "school": person.school_id,
            "title": person.title or None,
        }
        return _Told(person).of(values)

    @classmethod
    def of_student(cls, student: Student) -> "Provenance":
        """Name, number, school, grade, language."""
        values = {
            "name": _name(student.person),
            "number": student.number,
            "school": student.school_id,
            "grade": student.grade or None,
            "language": student.language,
        }
        return _Told(student.person).of(values)

    @classmethod
    def of_guardian(cls, guardian: Guardian, contacts: Sequence[Contact]) -> "Provenance":
        """Name, language, and each way to reach them."""
        told = _Told(guardian.person)
        return told.of({"name": _name(guardian.person), "language": guardian.language}, contacts)


def named_by(source_id: UUID | None, at: datetime) -> Named:
    """Of a relationship: the source that told of it, or the office."""
    source = db.session.get(RosterSource, source_id) if source_id else None
    return Named(source.name if source else BY_HAND, at)


def _name(person: Person) -> tuple[str, str]:
    return person.given_name, person.family_name


class _Told:
    """All that was said of a person."""

    def __init__(self, person: Person) -> None:
        self.person = person
        records = (
            select(SourcePerson)
            .where(SourcePerson.person_id == person.id)
            .options(joinedload(SourcePerson.source))
            .order_by(SourcePerson.speaks.desc(), SourcePerson.id)
        )
        self.records = db.session.scalars(records).all()
        self.orders = Precedence.orders()
        entries = (
            select(AuditEntry.at, AuditEntry.by_kind, AuditEntry.changes)
            .where(AuditEntry.which == person.id, AuditEntry.did.in_(("created", "changed")))
            .order_by(AuditEntry.position.desc())
            .limit(_LOOKED_THROUGH)
        )
        self.entries = db.session.execute(entries).all()
        self.moved = db.session.scalars(
            select(SchoolYearMove)
            .where(SchoolYearMove.student_id == person.id)
            .order_by(SchoolYearMove.made_at.desc())
            .limit(1)
        ).first()

    def of(self, values: Mapping[str, Any], contacts: Sequence[Contact] = ()) -> Provenance:
        kept = {(one.kind, one.value_index) for one in contacts}
        return Provenance(
            [self._origin(part, value) for part, value in values.items()],
            self.records,
            {one.id: self._named(one) for one in contacts},
            [
                (record.source.name, KINDS[kind].lower())
                for record in self._speaking(CONTACTS)
                for kind, index in record.contacts.items()
                if record.left_at is None and kind not in record.silent and (kind, index) not in kept
            ],
        )

    def _origin(self, part: str, value: Any) -> Origin:
        label, about, columns = _PARTS[part]
        speaking = [one for one in self._speaking(about) if about and one.word(part) is not None]
        others = [
            Word(one.source.name, _in_words(part, one.word(part)), _said_at(one, part), _unsaid(one, part))
            for one in speaking
            if one.word(part) != value and one.left_at is None
        ]
        if value is None:
            return Origin(label, "", None, others)
        speaker = next((one for one in speaking if one.word(part) == value), None)
        if speaker is not None:
            return Origin(label, speaker.source.name, _said_at(speaker, part), others)
        if (year := self._year_that_gave(part, value)) is not None:
            return Origin(label, f"School year {year[0]}", year[1], others)
        changed = next((one for one in self.entries if set(columns) & set(one.changes)), None)
        if changed is not None and changed.by_kind != "system":
            return Origin(label, BY_HAND, changed.at, others)
        if part == "language" and self.person.source == "sync":
            return Origin(label, "Nobody has said another", None, others)
        at = changed.at if changed is not None else self.person.made_at
        return Origin(label, _AT_FIRST[self.person.source], at, others)

    def _speaking(self, about: str) -> list[SourcePerson]:
        """The records that speak, in the order in which they are believed; whoever has left last."""
        order = self.orders.get(about, [])
        speaking = [one for one in self.records if one.speaks and one.source.kind in order]
        return sorted(speaking, key=lambda one: (one.left_at is not None, order.index(one.source.kind)))

    def _year_that_gave(self, part: str, value: Any) -> tuple[str, datetime] | None:
        if self.moved is None or part not in ("grade", "school"):
            return None
        given = self.moved.to_grade if part == "grade" else self.moved.to_school_id
        year = db.session.get(SchoolYear, self.moved.year_id)
        return (year.name, self.moved.made_at) if year is not None and given == value else None

    def _named(self, contact: Contact) -> Named:
        naming = [
            one for one in self._speaking(CONTACTS) if one.contacts.get(contact.kind) == contact.value_index
        ]
        told = contact.source_id is not None and bool(naming)
        return (
            Named(naming[0].source.name, contact.made_at)
            if told
            else named_by(contact.source_id, contact.made_at)
        )


def _said_at(record: SourcePerson, part: str) -> datetime | None:
    at: datetime | None = getattr(record, f"{part}_at")
    return at


def _unsaid(record: SourcePerson, part: str) -> datetime | None:
    since = record.silent.get(part)
    return datetime.fromisoformat(since) if since else None


def _in_words(part: str, word: Any) -> str:
    if part == "name":
        return " ".join(word).strip()
    if part == "school":
        school = School.find(word)
        return school.name if school else "a school that is gone"
    return GRADES.get(word, word) if part == "grade" else str(word)
