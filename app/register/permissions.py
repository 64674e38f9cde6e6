"""Who may see the register, brings it in, and vouches for what it says. Technicians, leads and teachers see nothing.

A file is of all schools, and a code counts at all of them: both are for an admin, or whoever has the role everywhere.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.roster.models.school import School
from app.roster.models.student import Student

READERS: Final = (
    Role.ATTENDANCE_CLERK,
    Role.COUNSELOR,
    Role.PRINCIPAL,
    Role.SCHOOL_OFFICE,
    Role.ADMIN,
)
BRINGERS: Final = (Role.ATTENDANCE_CLERK, Role.SCHOOL_OFFICE)
VOUCHERS: Final = (Role.ATTENDANCE_CLERK, Role.PRINCIPAL)


class May(StrEnum):
    """What can be done here."""

    SEE_REGISTER = "see how far the register is in"
    SEE_CALENDAR = "see a school's calendar"
    SEE_CODES = "see what attendance codes mean"
    SIGN_OFF_CODES = "sign off what a code means"
    BRING_IN = "bring in attendance"
    SEE_MARKS = "see a student's attendance"


def schools_read_by(actor: Actor) -> set[UUID] | None:
    """The schools whose registers they may see; None means all."""
    held = [actor.schools_of(role) for role in READERS if actor.has(role)]
    return None if None in held else {id for schools in held if schools is not None for id in schools}


def works_with_attendance(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school, or an admin."""
    return any(actor.has(role) for role in READERS)


def reads_their_school(actor: Actor, thing: School | Student) -> bool:
    """It is a school whose register they may see, or a student of one."""
    schools = schools_read_by(actor)
    return schools is None or (thing.id if isinstance(thing, School) else thing.school_id) in schools


def is_admin(actor: Actor, _: Any) -> bool:
    """A district admin."""
    return actor.has(Role.ADMIN)


def brings_in_for_all_schools(actor: Actor, _: Any) -> bool:
    """Attendance clerk or office of all schools."""
    return _everywhere(actor, BRINGERS)


def vouches_for_all_schools(actor: Actor, _: Any) -> bool:
    """Attendance clerk or principal of all schools."""
    return _everywhere(actor, VOUCHERS)


def _everywhere(actor: Actor, roles: Collection[Role]) -> bool:
    return any(actor.has(role) and actor.schools_of(role) is None for role in roles)


RULES: Final[Rules] = {
    May.SEE_REGISTER: [works_with_attendance],
    May.SEE_CALENDAR: [reads_their_school],
    May.SEE_CODES: [works_with_attendance],
    May.SIGN_OFF_CODES: [is_admin, vouches_for_all_schools],
    May.BRING_IN: [is_admin, brings_in_for_all_schools],
    May.SEE_MARKS: [reads_their_school],
}
