"""Cases as they are found: by name, at the schools that the reader works with, on one counselor's caseload."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, tuple_

from app.auth.models.account import Account
from app.core.db import db, one_of
from app.roster.models.person import Person
from app.truancy.models.attendance_case import AttendanceCase, school_year
from app.truancy.models.case_duty import CaseDuty

AT_MOST: Final = 50


@dataclass(frozen=True)
class CaseLine:
    """One case of the list."""

    id: UUID
    student: str
    school_id: UUID
    tier: int
    counselor: str | None
    #: How many duties are open.
    open: int


def cases_found(
    *, schools: Collection[UUID] | None, counselor_id: UUID | None, day: date, after: UUID | None
) -> tuple[Sequence[CaseLine], UUID | None]:
    """AT_MOST cases of the school year of that day, and the one after whom the next page begins."""
    place = (Person.family_name, Person.given_name, AttendanceCase.id)
    still_open = (
        select(func.count())
        .where(CaseDuty.student_id == AttendanceCase.student_id, CaseDuty.is_open())
        .where(CaseDuty.case_id == AttendanceCase.id)
        .scalar_subquery()
    )
    chosen: Any = (
        select(
            AttendanceCase.id,
            Person.given_name,
            Person.family_name,
            Person.school_id,
            AttendanceCase.tier,
            Account.name,
            still_open.label("open"),
        )
        .join(Person, Person.id == AttendanceCase.student_id)
        .outerjoin(Account, Account.id == AttendanceCase.counselor_id)
        .where(AttendanceCase.year == school_year(day), Person.active, Person.school_id.is_not(None))
        .order_by(*place)
    )
    if schools is not None:
        chosen = chosen.where(one_of(Person.school_id, schools))
    if counselor_id is not None:
        chosen = chosen.where(AttendanceCase.counselor_id == counselor_id)
    last = AttendanceCase.find(after) if after else None
    if last is not None:
        person = last.student.person
        chosen = chosen.where(tuple_(*place) > tuple_(person.family_name, person.given_name, last.id))
    rows = db.session.execute(chosen.limit(AT_MOST + 1)).all()
    lines = [
        CaseLine(
            row.id, f"{row.given_name} {row.family_name}".strip(), row.school_id, row.tier, row.name, row.open
        )
        for row in rows[:AT_MOST]
    ]
    return lines, lines[-1].id if len(rows) > AT_MOST else None
