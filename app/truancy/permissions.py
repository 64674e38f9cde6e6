"""Who may see and do what of attendance. Technicians, leads and teachers see nothing of it.

The clerk works the morning list of their schools, the office reads it, and enters what earlier schools wrote down.
Counselor and principal decide what the law leaves to a person, and they alone know what takes a student out of a
machine's hands. An admin sees no case.

Which rules are in use holds for the whole district, so it is for those who answer for a school or for the district;
that it takes two of them is no matter of roles, and activating.approve() asks it.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.roster.models.student import Student
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.prior_record import WAITING, PriorRecord
from app.truancy.models.student_flag import StudentFlag

READERS_OF_RULES: Final = (
    Role.ATTENDANCE_CLERK,
    Role.COUNSELOR,
    Role.PRINCIPAL,
    Role.SCHOOL_OFFICE,
    Role.ADMIN,
)
KEEPERS_OF_RULES: Final = (Role.PRINCIPAL, Role.ADMIN)
READERS_OF_CASES: Final = (Role.ATTENDANCE_CLERK, Role.COUNSELOR, Role.PRINCIPAL, Role.SCHOOL_OFFICE)
KEEPERS_OF_CASES: Final = (Role.ATTENDANCE_CLERK, Role.COUNSELOR, Role.PRINCIPAL)
#: Who decides about a student, and about no crowd of them.
DECIDERS: Final = (Role.COUNSELOR, Role.PRINCIPAL)

Theirs = AttendanceCase | CaseDuty | StudentFlag | Firing | CasePacket | PriorRecord


class May(StrEnum):
    """What can be done here."""

    SEE_RULES = "see the attendance rules"
    SEE_REPORTS = "see how much of school is missed, in numbers without names"
    TAKE_STATE_FILE = "take out attendance files for the state"
    CONFIRM_RULE = "write down that counsel confirmed an attendance rule"
    PROPOSE_RULE = "propose to switch on an attendance rule"
    APPROVE_RULE = "approve, decline or end an attendance rule"
    SEE_WORK = "see what is to be done about absences"
    SEE_CASE = "see a student's attendance case"
    SEE_EVIDENCE = "see the evidence behind a rule that fired"
    WORK = "work the morning list, and undo"
    KEEP_CASE = "write into an attendance case"
    SETTLE_DUTY = "settle a single duty"
    DECIDE = "decide in an attendance case"
    MAKE_PACKET = "put together a packet for a board or a court"
    SEE_PACKET = "see and save a packet for a board or a court"
    KEEP_FLAG = "take away what leaves a student to a person"
    SEE_RECORDS = "see which records of earlier schools wait for a second person"
    ENTER_RECORD = "enter what the record of an earlier school says"
    SEE_RECORD = "see a record of an earlier school, and its paper"
    CONFIRM_RECORD = "confirm a record of an earlier school that somebody else entered"
    WITHDRAW_RECORD = "withdraw a record of an earlier school"


def works_with_attendance(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school, or an admin."""
    return _is_one_of(actor, READERS_OF_RULES)


def answers_for_rules(actor: Actor, _: Any) -> bool:
    """Principal of any school, or an admin."""
    return _is_one_of(actor, KEEPERS_OF_RULES)


def schools_read_by(actor: Actor) -> set[UUID] | None:
    """The schools whose cases they may see; None means all."""
    return _schools(actor, READERS_OF_CASES)


def schools_worked_by(actor: Actor) -> set[UUID] | None:
    """The schools whose morning list they work; None means all."""
    return _schools(actor, KEEPERS_OF_CASES)


def schools_reported_to(actor: Actor) -> set[UUID] | None:
    """The schools whose numbers they see; None means all."""
    return None if actor.has(Role.ADMIN) else schools_read_by(actor)


def reads_cases(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school."""
    return _is_one_of(actor, READERS_OF_CASES)


def works_cases(actor: Actor, _: Any) -> bool:
    """Clerk, counselor or principal of any school."""
    return _is_one_of(actor, KEEPERS_OF_CASES)


def reads_their_school(actor: Actor, thing: Theirs) -> bool:
    """The student goes to a school whose cases they may see."""
    return _is_among(schools_read_by(actor), thing)


def works_at_their_school(actor: Actor, thing: Theirs) -> bool:
    """The student goes to a school whose morning list they work."""
    return _is_among(schools_worked_by(actor), thing)


def decides_at_their_school(actor: Actor, thing: Theirs) -> bool:
    """They decide about students of that school."""
    return _is_among(_schools(actor, DECIDERS), thing)


def may_settle(actor: Actor, duty: CaseDuty) -> bool:
    """They work at the school, and it is not for somebody else to decide."""
    return works_at_their_school(actor, duty) and not duty.for_person


def may_withdraw(actor: Actor, record: PriorRecord) -> bool:
    """They work at the school; or they entered it, and nobody has confirmed it yet."""
    is_theirs = record.state == WAITING and record.entered_by_id == actor.id
    return works_at_their_school(actor, record) or (is_theirs and reads_their_school(actor, record))


def _schools(actor: Actor, roles: Collection[Role]) -> set[UUID] | None:
    held = [actor.schools_of(role) for role in roles if actor.has(role)]
    return None if None in held else {id for schools in held if schools is not None for id in schools}


def _is_among(schools: set[UUID] | None, thing: Theirs) -> bool:
    student: Student = thing.case.student if isinstance(thing, CaseDuty) else thing.student
    # Where they go today: whoever had them before has them no more.
    return schools is None or student.school_id in schools


def _is_one_of(actor: Actor, roles: Collection[Role]) -> bool:
    return any(actor.has(role) for role in roles)


RULES: Final[Rules] = {
    May.SEE_RULES: [works_with_attendance],
    May.SEE_REPORTS: [works_with_attendance],
    May.TAKE_STATE_FILE: [works_cases],
    May.CONFIRM_RULE: [answers_for_rules],
    May.PROPOSE_RULE: [answers_for_rules],
    May.APPROVE_RULE: [answers_for_rules],
    May.SEE_WORK: [reads_cases],
    May.SEE_CASE: [reads_their_school],
    May.SEE_EVIDENCE: [reads_their_school],
    May.WORK: [works_cases],
    May.KEEP_CASE: [works_at_their_school],
    May.SETTLE_DUTY: [may_settle, decides_at_their_school],
    May.DECIDE: [decides_at_their_school],
    May.MAKE_PACKET: [decides_at_their_school],
    May.SEE_PACKET: [decides_at_their_school],
    May.KEEP_FLAG: [decides_at_their_school],
    May.SEE_RECORDS: [reads_cases],
    May.ENTER_RECORD: [reads_their_school],
    May.SEE_RECORD: [reads_their_school],
    May.CONFIRM_RECORD: [works_at_their_school],
    May.WITHDRAW_RECORD: [may_withdraw],
}
