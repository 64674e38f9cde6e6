"""Who may see students and those who belong to them, and classes.

The school office keeps them for its schools; counselors, attendance clerks and principals read those of theirs, an
admin reads all. Whoever teaches a class sees who is in it, and no more of them than that. Technicians, leads and
requesters see nothing: every other door here is a 404 to them.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.core import clock
from app.core.actor import Actor, Role
from app.core.expiring import today
from app.core.permissions import Rules
from app.roster.models.contact import Contact
from app.roster.models.enrollment import Enrollment
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import Household
from app.roster.models.school_class import SchoolClass
from app.roster.models.student import Student

READERS: Final = (Role.SCHOOL_OFFICE, Role.COUNSELOR, Role.ATTENDANCE_CLERK, Role.PRINCIPAL, Role.ADMIN)
#: Who looks at the records of a school's students is for those who answer for them.
READERS_OF_HISTORY: Final = (Role.SCHOOL_OFFICE, Role.PRINCIPAL, Role.ADMIN)
#: What a court order says, and not only that there is one, is for those who decide about the student's day.
READERS_OF_ORDERS: Final = (Role.SCHOOL_OFFICE, Role.COUNSELOR, Role.PRINCIPAL)
#: What families write, doctors' letters among it, is for those who work with the student's days. Not for admins.
READERS_OF_FAMILIES: Final = (Role.SCHOOL_OFFICE, Role.COUNSELOR, Role.ATTENDANCE_CLERK, Role.PRINCIPAL)

Theirs = Student | Guardian | Guardianship | Contact | Household


class May(StrEnum):
    """What can be done here."""

    FIND_STUDENTS = "find students"
    SEE_STUDENT = "see a student with guardians"
    ADD_STUDENT = "add a student"
    KEEP_STUDENT = "change a student and add guardians"
    SEE_GUARDIAN = "see a guardian's contacts"
    KEEP_GUARDIAN = "change a guardian and add contacts"
    SEE_RIGHTS = "see the rights of a guardian"
    KEEP_RIGHTS = "say the rights of a guardian"
    READ_COURT_ORDER = "read what a court order says"
    KEEP_CONTACT = "change or remove a contact"
    KEEP_HOUSEHOLD = "correct a household"
    FIND_CLASSES = "find classes"
    SEE_CLASS = "see a class and who is in it"


def schools_read_by(actor: Actor) -> set[UUID] | None:
    """The schools whose students they may see; None means all."""
    return _schools(actor, READERS)


def schools_kept_by(actor: Actor) -> set[UUID] | None:
    """The schools whose students they keep; None means all."""
    return _schools(actor, (Role.SCHOOL_OFFICE,))


def reads_somewhere(actor: Actor, _: Any) -> bool:
    """Office, counselor or clerk of any school, or an admin."""
    return any(actor.has(role) for role in READERS)


def keeps_somewhere(actor: Actor, _: Any) -> bool:
    """School office of any school."""
    return actor.has(Role.SCHOOL_OFFICE)


def reads_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a school whose students they may see."""
    return _is_among(schools_read_by(actor), thing)


def keeps_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a school whose students they keep."""
    return _is_among(schools_kept_by(actor), thing)


def reads_orders_of_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a school where they decide about the student's day."""
    return _is_among(_schools(actor, READERS_OF_ORDERS), thing)


def answers_for_their_school(actor: Actor, thing: Theirs) -> bool:
    """It is of a school for whose records they answer."""
    return _is_among(_schools(actor, READERS_OF_HISTORY), thing)


def works_with_their_families(actor: Actor, thing: Theirs) -> bool:
    """It is of a school where they read what families write."""
    return _is_among(_schools(actor, READERS_OF_FAMILIES), thing)


def teaches_something(actor: Actor, _: Any) -> bool:
    """The roster says that they teach a class today."""
    return actor.person_id is not None and Enrollment.teaches(actor.person_id, today())


def teaches_it(actor: Actor, school_class: SchoolClass) -> bool:
    """The roster says that they teach this class today, and it is not over."""
    day = clock.school_day(school_class.school)
    return (
        actor.person_id is not None
        and not school_class.is_over(day)
        and Enrollment.teaches(actor.person_id, day, school_class.id)
    )


def reads_classes_of_its_school(actor: Actor, school_class: SchoolClass) -> bool:
    """It is of a school whose students they may see."""
    schools = schools_read_by(actor)
    return schools is None or school_class.school_id in schools


def teaches_and_is_not_at_the_desk(actor: Actor, thing: Any) -> bool:
    """Asked on every page: who works at the desk opens thousands, and finds a class that they teach by its address."""
    return not actor.has(Role.TECHNICIAN) and teaches_something(actor, thing)


def _schools(actor: Actor, roles: Collection[Role]) -> set[UUID] | None:
    held = [actor.schools_of(role) for role in roles if actor.has(role)]
    return None if None in held else {id for schools in held if schools is not None for id in schools}


def _is_among(schools: set[UUID] | None, thing: Theirs) -> bool:
    return schools is None or not schools.isdisjoint(_schools_of(thing))


def _schools_of(thing: Theirs) -> set[UUID]:
    if isinstance(thing, Student):
        return {thing.school_id} if thing.school_id else set()
    if isinstance(thing, Guardianship):
        return _schools_of(thing.student)
    return thing.guardian.school_ids() if isinstance(thing, Contact) else thing.school_ids()


RULES: Final[Rules] = {
    May.FIND_STUDENTS: [reads_somewhere],
    May.SEE_STUDENT: [reads_their_school],
    May.ADD_STUDENT: [keeps_somewhere],
    May.KEEP_STUDENT: [keeps_their_school],
    May.SEE_GUARDIAN: [reads_their_school],
    May.KEEP_GUARDIAN: [keeps_their_school],
    May.SEE_RIGHTS: [reads_their_school],
    May.KEEP_RIGHTS: [keeps_their_school],
    May.READ_COURT_ORDER: [reads_orders_of_their_school],
    May.KEEP_CONTACT: [keeps_their_school],
    May.KEEP_HOUSEHOLD: [keeps_their_school],
    May.FIND_CLASSES: [reads_somewhere, teaches_something],
    May.SEE_CLASS: [reads_classes_of_its_school, teaches_it],
}

#: To whom the menu offers the classes.
IN_THE_MENU: Final[Rules] = {May.FIND_CLASSES: [reads_somewhere, teaches_and_is_not_at_the_desk]}
