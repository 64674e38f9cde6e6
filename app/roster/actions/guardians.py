"""Guardians, what they are to a student, and the rights that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.roster.actions import households
from app.roster.actions.refused import Refused
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT, RIGHTS, GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.person import Person
from app.roster.models.student import Student


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What the office knows of a guardian."""

    given_name: str
    family_name: str
    language: str = "en"
    address_is_confidential: bool = False


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What the office says of the five, and what the court order says. None: nobody knows."""

    holds: Mapping[str, bool | None]
    note: str = ""


def add(of: Particulars, *, once: UUID) -> Guardian:
    """Somebody new, of no student yet. The same `once` again answers with the guardian that it made."""
    made = Guardian.find(once)
    if made is not None:
        return made
    person = Person(id=once, kind="guardian")
    _name(person, of)
    db.session.add(person)
    db.session.flush()
    guardian = Guardian(id=once, language=of.language)
    db.session.add(guardian)
    db.session.flush()
    return guardian


def change(guardian: Guardian, of: Particulars) -> None:
    """Another name or language, or another answer to whether the address is confidential."""
    _name(guardian.person, of)
    guardian.language = of.language
    guardian.address_is_confidential = of.address_is_confidential
    db.session.flush()


def link(student: Student, guardian: Guardian, relation: str) -> Guardianship:
    """From now on they belong together; if they do already, what they are to each other is said anew."""
    held = Guardianship.between(student.id, guardian.id)
    if held is None:
        held = Guardianship(student_id=student.id, guardian_id=guardian.id, relation=relation)
        db.session.add(held)
    held.relation = relation
    db.session.flush()
    households.derive_for([guardian.id])
    return held


def unlink(held: Guardianship) -> None:
    """They no longer belong together. The facts that held stay, and count for nothing."""
    held.ended_at = clock.now()
    db.session.flush()
    # Those who are left share one student less, and perhaps none.
    households.derive_for([held.guardian_id])
    households.derive_for([one.guardian_id for one in Guardianship.of_student(held.student_id)])


def say_rights(held: Guardianship, of: Rights, *, by: Actor) -> None:
    """Enter each fact that is new or another one; the one before it stays as what held until now. Raises Refused."""
    if of.holds.get(NO_CONTACT) and (of.holds.get(EDUCATION) or of.holds.get(MAIL)):
        raise Refused(
            "“No contact” takes every letter away, so it cannot stand beside education rights or mail. "
            "Set those to “No”, or “No contact” to “No”."
        )
    if of.note.strip() and not of.holds.get(COURT_ORDER):
        raise Refused("Say that a court order is on file before you write down what it says.")
    now = GuardianRight.in_force([held.id])[held.id]
    for name in RIGHTS:
        holds = of.holds.get(name)
        note = of.note.strip() or None if name == COURT_ORDER else None
        before = now.get(name)
        if before is not None and (before.holds, before.note) == (holds, note):
            continue
        if before is not None:
            before.replaced_at = clock.now()
            db.session.flush()
        if holds is not None:
            fact = GuardianRight(guardianship_id=held.id, name=name, holds=holds, entered_by_id=by.person_id)
            fact.note = note
            db.session.add(fact)
    db.session.flush()


def _name(person: Person, of: Particulars) -> None:
    person.given_name = " ".join(of.given_name.split())
    person.family_name = " ".join(of.family_name.split())
