"""What was compared is applied, batch by batch: schools, people, those who have gone; then students, who name others.

Each row is decided anew, since somebody may have worked here between. A batch and how far it came are one
transaction, so whatever stops it, the next worker goes on with the row after the last that stands.
"""

from typing import Any, Final
from uuid import UUID

from app.core import clock
from app.core.db import db, insert_many, told_rows, uuid7
from app.core.loading import load
from app.core.queue import later_each
from app.roster.actions import class_applying, counting_anew, family_applying
from app.roster.actions.comparing import (
    ABSENCES,
    Decision,
    decide,
    is_known_elsewhere,
    known_of,
    school_called,
    school_link,
)
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.source_person import SourcePerson
from app.roster.models.source_school import SourceSchool

BATCH: Final = 2000


def apply(run: RosterImport, _until: float) -> None:
    """One batch. After the last one the import is done."""
    if run.takes_families and not run.rows_applied:
        SchoolYear.roster_was_applied()
    if run.rows_applied < run.rows_staged:
        _take_over(run)
    elif run.takes_families and run.students_applied < run.rows_staged:
        after, upto = run.students_applied, min(run.students_applied + BATCH, run.rows_staged)
        family_applying.take_over_students(run, after, upto, may_remove=_may_remove(run))
        counting_anew.grew(after, upto)
        run.students_applied = upto
    elif run.takes_families and run.rows_related < run.rows_staged:
        upto = min(run.rows_related + BATCH, run.rows_staged)
        family_applying.relate(run, run.rows_related, upto, may_remove=_may_remove(run))
        run.rows_related = upto
    elif not class_applying.apply(run, may_end=_may_remove(run)):
        run.state = "done"
        ImportNote.write(run.id, "Everything was applied.")


def _take_over(run: RosterImport) -> None:
    after, upto = run.rows_applied, min(run.rows_applied + BATCH, run.rows_staged)
    rows = ImportRow.between(run.id, after, upto)
    for row in rows:
        if row.what == "school" and row.rule is None:
            _take_over_school(row, run.source_id)
    db.session.flush()
    Batch(run, rows).take_over()
    if run.takes_families:
        family_applying.take_over_guardians(run, after, upto, may_remove=_may_remove(run))
    counting_anew.grew(after, upto)
    run.rows_applied = upto


def _may_remove(run: RosterImport) -> bool:
    return not run.guard or run.removals_confirmed


class Batch:
    """Some rows about people, while they are applied."""

    def __init__(self, run: RosterImport, rows: list[ImportRow]) -> None:
        self.run, self.known = run, known_of(run, rows)
        self.rows = [row for row in rows if row.what != "school"]
        self.newcomers: list[dict[str, Any]] = []
        self.links: list[SourcePerson] = []
        #: Whose account may have to follow: their name, address or presence is another now.
        self.to_follow: list[UUID] = []
        self.returned: list[UUID] = []
        #: Whoever left, as one source says: nobody stays signed in as them.
        self.to_sign_out: list[UUID] = []
        self.may_remove = _may_remove(run)

    def take_over(self) -> None:
        """Apply all of them."""
        for row in self.rows:
            if row.what == "gone":
                self._miss(row)
            elif row.rule is None:
                decision = decide(row, self.known)
                if decision.rule is None:
                    self._do(row, decision)
                    _note_silence(row, decision.link)
        load(Person, self.newcomers, source=f"roster import {self.run.id}")
        db.session.flush()
        self._write_links()
        later_each("jobs.roster.sign_out", self.to_sign_out)
        later_each("jobs.roster.follow", self.to_follow)
        later_each("jobs.roster.welcome_back", self.returned)

    def _do(self, row: ImportRow, decision: Decision) -> None:
        person, link = decision.person, decision.link
        if decision.verdict == "leaves" and person is not None and link is not None:
            if self.may_remove:
                self._deactivate(person, link)
        elif decision.verdict == "new":
            self._add(row)
        elif decision.verdict == "also":
            known = person or self.known.by_address.get(row.email)
            if known is not None:
                self._link(row, known.id, speaks=False)
        elif decision.verdict == "matched" and person is not None:
            self._write(row, person, decision)
            self._link(row, person.id)
            if row.groups:
                self.to_follow.append(person.id)
        elif (
            decision.verdict in ("changed", "rekeyed", "returns") and person is not None and link is not None
        ):
            self._write(row, person, decision)
            self._note_down(row, link, decision)
            if decision.verdict == "rekeyed":
                link.key = row.key
            if link.left_at is not None:
                person.active, link.left_at = True, None
                self.returned.append(person.id)

    def _add(self, row: ImportRow) -> None:
        person_id = uuid7()
        newcomer = {
            "id": person_id,
            "given_name": row.given_name,
            "family_name": row.family_name,
            "email": row.email or None,
            "school_id": self.known.schools.get(row.school_key),
            "kind": "staff",
            "source": "sync",
            "title": "",
            "active": True,
            "made_at": clock.now(),
        }
        self.newcomers.append(newcomer)
        if row.email:
            # Never added to the session: it stands for the row that load() writes.
            self.known.by_address[row.email] = Person(**newcomer)
        self._link(row, person_id)

    def _link(self, row: ImportRow, person_id: UUID, *, speaks: bool = True) -> None:
        link = SourcePerson(
            source_id=self.run.source_id,
            key=row.key,
            person_id=person_id,
            speaks=speaks,
            given_name=row.given_name,
            family_name=row.family_name,
            email=row.email,
            school_key=row.school_key,
            school_id=self.known.schools.get(row.school_key),
            role=row.role,
            groups=row.groups,
        )
        self.links.append(link)
        self.known.links[row.key] = link
        self.known.links_of.setdefault(person_id, []).append(link)
        if speaks:
            self.known.present[row.key] = row.email

    def _write_links(self) -> None:
        now = clock.now()
        told = [
            {name: getattr(link, name) for name in _OF_A_LINK}
            | {
                "id": uuid7(),
                "district_id": self.run.district_id,
                "name_at": now,
                "email_at": now,
                "school_at": now,
            }
            for link in self.links
        ]
        if told:
            db.session.connection().execute(_ADD_LINKS, {"rows": told_rows(told)})

    def _write(self, row: ImportRow, person: Person, decision: Decision) -> None:
        """Those groups of which the source speaks, and nobody who goes before it says otherwise."""
        groups = [group for group in decision.changes if group not in decision.kept]
        if "name" in groups:
            person.given_name, person.family_name = row.given_name, row.family_name
        if "email" in groups:
            person.email = row.email
        school_id = self.known.schools.get(row.school_key)
        if "school" in groups and school_id is not None:
            person.school_id = school_id
        if {"name", "email"} & set(groups):
            self.to_follow.append(person.id)

    def _note_down(self, row: ImportRow, link: SourcePerson, decision: Decision) -> None:
        now = clock.now()
        # What is said still, and may be said only now, was said when it was said.
        if "name" in decision.changes and link.word("name") != (row.given_name, row.family_name):
            link.given_name, link.family_name, link.name_at = row.given_name, row.family_name, now
        if "email" in decision.changes and link.email != row.email:
            link.email, link.email_at = row.email, now
        if "school" in decision.changes and link.school_key != row.school_key:
            link.school_key, link.school_id, link.school_at = (
                row.school_key,
                self.known.schools.get(row.school_key),
                now,
            )
        if "role" in decision.changes:
            link.role = row.role
        if "groups" in decision.changes:
            link.groups = row.groups
            self.to_follow.append(link.person_id)
        link.absences = 0

    def _miss(self, row: ImportRow) -> None:
        link = self.known.links.get(row.key)
        person = self.known.people.get(link.person_id) if link is not None else None
        if (
            not self.may_remove
            or link is None
            or person is None
            or link.left_at is not None
            or not person.active
        ):
            return
        link.absences += 1
        if link.absences >= ABSENCES:
            self._deactivate(person, link)

    def _deactivate(self, person: Person, link: SourcePerson) -> None:
        """They have left, as far as this source knows. Whom another source still has stays, and is signed out."""
        link.left_at = clock.now()
        if not is_known_elsewhere(link):
            person.active = False
        if person.kind == "staff":
            self.to_sign_out.append(person.id)
            self.to_follow.append(person.id)


_OF_A_LINK: Final = (
    *(
        "source_id",
        "key",
        "person_id",
        "speaks",
        "given_name",
        "family_name",
        "email",
        "school_key",
        "school_id",
    ),
    *("role", "groups"),
)
#: What is said of students and guardians alone, or not yet, has the table's own default.
_ADD_LINKS: Final = insert_many(
    SourcePerson.__table__,
    "rows",
    without={one.name for one in SourcePerson.__table__.c}
    - {*_OF_A_LINK, "id", "district_id", "name_at", "email_at", "school_at"},
)


def _note_silence(row: ImportRow, link: SourcePerson | None) -> None:
    if link is not None and link.speaks and row.active:
        link.note_silence(
            {
                "email": bool(link.email and not row.email),
                "school": bool(link.school_key and not row.school_key),
            }
        )


def _take_over_school(row: ImportRow, source_id: UUID) -> None:
    link = school_link(row)
    if link is None:
        school = school_called(row.family_name)
        if school is None:
            school = School(name=row.family_name, short_name=row.family_name[:30])
            db.session.add(school)
            db.session.flush()
        db.session.add(
            SourceSchool(source_id=source_id, key=row.key, school_id=school.id, name=row.family_name)
        )
        db.session.flush()
    elif link.name != row.family_name:
        school = School.find(link.school_id)
        # A name that an admin chose stays, and so does one that would be another school's.
        if (
            school is not None
            and school.name == link.name
            and school_called(row.family_name) in (None, school)
        ):
            school.name = row.family_name
        link.name, link.said_at = row.family_name, clock.now()
        db.session.flush()
