"""May they? The mail log and the mail settings are the district admin's; the demo shows its mail to its people.

What families are told is seen by those who work with them, and written and approved by those who answer for it.
"""

from enum import StrEnum
from typing import Any, Final

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


def runs_the_district(who: Actor, _: Any) -> bool:
    """A district admin."""
    return who.has(Role.ADMIN)


def writes_to_families(who: Actor, _: Any) -> bool:
    """Whoever works with students' families at any school."""
    return any(who.has(role) for role in WRITE_TO_FAMILIES)


def answers_for_a_school(who: Actor, _: Any) -> bool:
    """A principal, or a district admin."""
    return who.has(Role.PRINCIPAL) or who.has(Role.ADMIN)


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
}
