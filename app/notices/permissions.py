"""May they? The mail log and the mail settings are the district admin's; the demo shows its mail to its people.

What families are told is seen by those who work with them, and written and approved by those who answer for it.
"""

from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.core.settings import get_settings

#: Who sees what families are told.
WRITE_TO_FAMILIES: Final = (
    Role.SCHOOL_OFFICE,
    Role.COUNSELOR,
    Role.ATTENDANCE_CLERK,
    Role.PRINCIPAL,
    Role.ADMIN,
)
#: Who lets a notice leave, by name.
APPROVE: Final = (Role.SCHOOL_OFFICE, Role.ATTENDANCE_CLERK, Role.PRINCIPAL, Role.ADMIN)
#: Who says that an incident is over.
ANSWER_FOR: Final = (Role.PRINCIPAL, Role.ADMIN)


class HasASchool(Protocol):
    """A notice, or a student."""

    @property
    def school_id(self) -> UUID | None: ...


class May(StrEnum):
    """What is asked at the doors of this room."""

    SEE_MAIL_LOG = "see what became of outgoing mail"
    SEND_AGAIN = "send a mail again"
    LIFT_MUTES = "write again to an address that mail came back from"
    SET_UP_MAIL = "choose how mail leaves"
    LIST_DEMO_MAIL = "see that the demo sends mail"
    READ_DEMO_MAIL = "read a mail that the demo sent"
    SEE_TEMPLATES = "see what families are told"
    WRITE_TEMPLATES = "write what families are told"
    APPROVE_TEXTS = "approve a text for families"
    LIST_NOTICES = "list notices to families"
    SEE_NOTICE = "see a notice to a family"
    SEE_NOTICES_OF_STUDENT = "see the notices about a student"
    WRITE_NOTICE = "write to a student's family"
    APPROVE_NOTICES = "approve notices to families together"
    APPROVE_NOTICE = "approve, cancel or write anew a notice"
    SEE_BATCHES = "see what is printed"
    PRINT_LETTERS = "print and post letters"
    TAKE_IN_RETURNED = "take in letters that came back"
    SET_UP_NOTICES = "say how families are written to"
    RECORD_INCIDENT = "say that a notice reached the wrong person"
    LIST_INCIDENTS = "list incidents of notices"
    SEE_INCIDENT = "see an incident of a notice"
    CLOSE_INCIDENT = "close an incident of a notice"


def runs_the_district(who: Actor, _: Any) -> bool:
    """A district admin."""
    return who.has(Role.ADMIN)


def writes_to_families(who: Actor, _: Any) -> bool:
    """Whoever works with students' families at any school."""
    return any(who.has(role) for role in WRITE_TO_FAMILIES)


def works_at_its_school(who: Actor, thing: HasASchool) -> bool:
    """They work with the families of its school."""
    return _is_at(who, WRITE_TO_FAMILIES, thing)


def approves_somewhere(who: Actor, _: Any) -> bool:
    """They approve notices at any school."""
    return any(who.has(role) for role in APPROVE)


def approves_at_its_school(who: Actor, thing: HasASchool) -> bool:
    """They approve notices at its school."""
    return _is_at(who, APPROVE, thing)


def prints_for_all_schools(who: Actor, _: Any) -> bool:
    """A batch has letters of every school: an admin, or whoever keeps the office of all of them."""
    return who.has(Role.ADMIN) or (who.has(Role.SCHOOL_OFFICE) and who.schools_of(Role.SCHOOL_OFFICE) is None)


def schools_written_from(who: Actor) -> set[UUID] | None:
    """The schools to whose families they write; None means all."""
    return _schools(who, WRITE_TO_FAMILIES)


def answers_for_a_school(who: Actor, _: Any) -> bool:
    """A principal, or a district admin."""
    return who.has(Role.PRINCIPAL) or who.has(Role.ADMIN)


def answers_for_its_school(who: Actor, thing: HasASchool) -> bool:
    """The principal of its school, or a district admin."""
    return _is_at(who, ANSWER_FOR, thing)


def schools_approved_at(who: Actor) -> set[UUID] | None:
    """The schools whose notices they let leave; None means all."""
    return _schools(who, APPROVE)


def _is_at(who: Actor, roles: tuple[Role, ...], thing: HasASchool) -> bool:
    held = [who.schools_of(role) for role in roles if who.has(role)]
    return any(schools is None or thing.school_id in schools for schools in held)


def _schools(who: Actor, roles: tuple[Role, ...]) -> set[UUID] | None:
    held = [who.schools_of(role) for role in roles if who.has(role)]
    return None if None in held else {id for schools in held if schools is not None for id in schools}


def is_in_the_demo(who: Actor, _: Any) -> bool:
    """Somebody signed in to a demonstration, where everybody is made up."""
    return get_settings().demo and who.kind == "account"


def may_read_in_the_demo(who: Actor, mail: Any) -> bool:
    """Their own mail; those who work at the desk, and admins, everybody's."""
    works_here = who.has(Role.TECHNICIAN) or who.has(Role.ADMIN)
    return is_in_the_demo(who, mail) and (works_here or mail.is_to(who.person_id))


RULES: Final[Rules] = {
    May.SEE_MAIL_LOG: [runs_the_district],
    May.SEND_AGAIN: [runs_the_district],
    May.LIFT_MUTES: [runs_the_district],
    May.SET_UP_MAIL: [runs_the_district],
    May.LIST_DEMO_MAIL: [is_in_the_demo],
    May.READ_DEMO_MAIL: [may_read_in_the_demo],
    May.SEE_TEMPLATES: [writes_to_families],
    May.WRITE_TEMPLATES: [answers_for_a_school],
    May.APPROVE_TEXTS: [answers_for_a_school],
    May.LIST_NOTICES: [writes_to_families],
    May.SEE_NOTICE: [works_at_its_school],
    May.SEE_NOTICES_OF_STUDENT: [works_at_its_school],
    May.WRITE_NOTICE: [approves_at_its_school],
    May.APPROVE_NOTICES: [approves_somewhere],
    May.APPROVE_NOTICE: [approves_at_its_school],
    May.SEE_BATCHES: [prints_for_all_schools],
    May.PRINT_LETTERS: [prints_for_all_schools],
    May.TAKE_IN_RETURNED: [approves_somewhere],
    May.SET_UP_NOTICES: [runs_the_district],
    May.RECORD_INCIDENT: [works_at_its_school],
    May.LIST_INCIDENTS: [approves_somewhere],
    May.SEE_INCIDENT: [approves_at_its_school],
    May.CLOSE_INCIDENT: [answers_for_its_school],
}
