"""What the staff of a made-up district did for students who missed school, by the actions of the case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from app.auth.models.account import Account
from app.core.actor import Role
from app.core.db import db, uuid7
from app.core.expiring import today
from app.truancy.actions import settling
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty

#: Done for the measure that a rule asks for, by somebody.
Step = Callable[[CaseDuty, Account], object]


def _call(outcome: str, note: str) -> Step:
    return lambda duty, by: settling.log_contact([duty.id], "call", outcome, note, by=by, batch=uuid7())


def _conference(note: str) -> Step:
    return lambda duty, by: settling.schedule(
        [duty.id], today() + timedelta(days=5), note, by=by, batch=uuid7()
    )


def _enter(kind: str, name: str = "", note: str = "") -> Step:
    return lambda duty, by: settling.enter(
        _case(duty), kind, by=by, batch=uuid7(), on=today(), name=name, note=note
    )


def _done(note: str) -> Step:
    return lambda duty, by: settling.finish([duty.id], by=by, batch=uuid7(), note=note)


def _not_done(why: str) -> Step:
    return lambda duty, by: settling.dismiss([duty.id], why, by=by, batch=uuid7())


def _second_tier(duty: CaseDuty, by: Account) -> None:
    case = _case(duty)
    case.tier = 2
    if by.has(Role.COUNSELOR):
        case.counselor_id = by.id


def _case(duty: CaseDuty) -> AttendanceCase:
    return db.session.get_one(AttendanceCase, duty.case_id)


#: For one student after the other: what was done, so many school days after the first letter.
DONE: Final[tuple[tuple[tuple[int, Step], ...], ...]] = (
    (
        (2, _call("no_answer", "")),
        (3, _call("reached", "The older sister drives since the car broke down, and starts work at six.")),
        (5, _conference("With the counselor, in the school office.")),
        (9, _enter(case_entry.HELD, note="Mother and student came.")),
        (9, _enter(case_entry.BARRIER, "transport", "No ride on three mornings a week.")),
        (10, _enter(case_entry.PLAN, "attendance_plan", "Bus pass from the district; check in each Friday.")),
        (10, _second_tier),
        (12, _done("Bus pass handed out, plan signed.")),
    ),
    (
        (2, _call("message", "Asked to call back.")),
        (6, _call("reached", "Did not know that it was three days. Will call the office from now on.")),
        (6, _enter(case_entry.BARRIER, "not_known")),
        (7, _done("Spoke with the family, and with the student in homeroom.")),
    ),
    ((3, _call("wrong_number", "The number belongs to somebody else.")),),
    (
        (4, _call("reached", "Moves to another district at the end of the month.")),
        (8, _not_done("The family moves away. The new school has been told.")),
    ),
    (),
)
