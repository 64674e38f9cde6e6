"""Who reads what families send, makes links for them, and sets the page up.

A doctor's letter is for those who work with the student's days: office, counselor, clerk and principal of the school.
An admin sets the page up and reads nothing of a family. Families themselves hold no role: their link is their key.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_file import FamilyFile
from app.family.models.family_link import FamilyLink
from app.roster.models.school import School
from app.roster.models.student import Student
from app.roster.permissions import READERS_OF_FAMILIES, works_with_their_families

#: They answer families. A principal looks.
WORKERS: Final = (Role.SCHOOL_OFFICE, Role.COUNSELOR, Role.ATTENDANCE_CLERK)

Theirs = Student | FamilyLink | FamilyAnswer | FamilyFile


class May(StrEnum):
    """What can be done here."""

    SEE_ANSWERS = "see what families sent"
    READ_ANSWER = "read what a family sent"
    SEE_FILE = "see a file that a family sent"
    SETTLE_ANSWER = "settle what a family sent"
    SEE_LINKS = "see the family links of a student"
    MAKE_LINK = "make a family link"
    WITHDRAW_LINK = "withdraw a family link"
    SEE_FAMILY_PAGE = "see how the family page is set up"
    KEEP_SCHOOL = "say what the family page says of a school"
    KEEP_DISTRICT = "say what the family page says for the district"
    APPROVE_WORDS = "approve a language of the family page"


def schools_read_by(actor: Actor) -> set[UUID] | None:
    """The schools of whose families they read; None means all."""
    return _schools(actor, READERS_OF_FAMILIES)


def reads_somewhere(actor: Actor, _: Any) -> bool:
    """Office, counselor, clerk or principal of any school."""
    return any(actor.has(role) for role in READERS_OF_FAMILIES)


def reads_of_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a student of their school."""
    return works_with_their_families(actor, _student_of(thing))


def works_for_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a student of a school whose families they answer."""
    return _is_among(_schools(actor, WORKERS), _student_of(thing).school_id)


def reads_or_sets_up(actor: Actor, thing: Any) -> bool:
    """Whoever reads answers anywhere, or an admin."""
    return reads_somewhere(actor, thing) or is_admin(actor, thing)


def keeps_the_school(actor: Actor, school: School) -> bool:
    """They are of its office."""
    return _is_among(_schools(actor, (Role.SCHOOL_OFFICE,)), school.id)


def is_admin(actor: Actor, _: Any) -> bool:
    """An admin of the district."""
    return actor.has(Role.ADMIN)


def _schools(actor: Actor, roles: Collection[Role]) -> set[UUID] | None:
    held = [actor.schools_of(role) for role in roles if actor.has(role)]
    return None if None in held else {id for schools in held if schools is not None for id in schools}


def _is_among(schools: set[UUID] | None, school_id: UUID | None) -> bool:
    return schools is None or school_id in schools


def _student_of(thing: Theirs) -> Student:
    if isinstance(thing, Student):
        return thing
    return thing.answer.student if isinstance(thing, FamilyFile) else thing.student


RULES: Final[Rules] = {
    May.SEE_ANSWERS: [reads_somewhere],
    May.READ_ANSWER: [reads_of_their_school],
    May.SEE_FILE: [reads_of_their_school],
    May.SETTLE_ANSWER: [works_for_their_school],
    May.SEE_LINKS: [reads_of_their_school],
    May.MAKE_LINK: [works_for_their_school],
    May.WITHDRAW_LINK: [works_for_their_school],
    May.SEE_FAMILY_PAGE: [reads_or_sets_up],
    May.KEEP_SCHOOL: [keeps_the_school, is_admin],
    May.KEEP_DISTRICT: [is_admin],
    May.APPROVE_WORDS: [is_admin],
}
