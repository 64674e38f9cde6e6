"""The morning list: what is to be done for students, the most urgent first, a page at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text, tuple_

from app.core.db import db, one_of
from app.register.models.school_day import SchoolDay
from app.roster.models.person import Person
from app.roster.models.student import Student
from app.truancy.law.firing import Blocked
from app.truancy.law.words import why_blocked
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry

AT_MOST: Final = 50
#: A count beyond it reads "more than 1,000".
MOST_COUNTED: Final = 1000
#: Deadlines further off are told by their date alone.
FURTHEST: Final = timedelta(days=120)


@dataclass(frozen=True)
class Asked:
    """Whose duties: at which schools (None: all), and on whose caseload, if only one's."""

    schools: Collection[UUID] | None
    counselor_id: UUID | None = None
    #: Only what rules found before this day: of earlier school years.
    before: date | None = None


@dataclass(frozen=True)
class WorkLine:
    """One thing to do."""

    id: UUID
    case_id: UUID
    student: str
    number: str
    school_id: UUID
    do: str
    to: str
    rule_id: str
    trigger: date
    due: date | None
    #: In school days from today: nought is today, less is late; None where no deadline or no calendar says.
    left: int | None
    #: True if its last day is over.
    is_late: bool
    blocked: Sequence[str]
    #: What its notice has met; "" where nothing.
    trouble: str
    for_person: bool


@dataclass(frozen=True)
class WorkPage:
    """Lines, and where the next page begins."""

    lines: Sequence[WorkLine]
    after: tuple[date, UUID] | None
    #: How many there are in all, MOST_COUNTED + 1 at most.
    count: int


@dataclass(frozen=True)
class Batch:
    """What somebody did with one press, as it is offered to be undone."""

    id: UUID
    kind: str
    number: int


def work_page(asked: Asked, today: date, *, after: tuple[date, UUID] | None = None) -> WorkPage:
    """AT_MOST lines. `after`: the place of the last line before them."""
    db.session.connection().execute(_FOR_THESE_SCHOOLS)
    place = (CaseDuty.by_day, CaseDuty.id)
    chosen = _chosen(
        select(
            CaseDuty.id,
            CaseDuty.case_id,
            Person.given_name,
            Person.family_name,
            Student.number,
            Person.school_id,
            CaseDuty.do,
            CaseDuty.to,
            CaseDuty.rule_id,
            CaseDuty.trigger,
            CaseDuty.by_day,
            CaseDuty.blocked,
            CaseDuty.trouble,
            CaseDuty.for_person,
        ).join(Student, Student.id == CaseDuty.student_id),
        asked,
    ).order_by(*place)
    if after is not None:
        chosen = chosen.where(tuple_(*place) > tuple_(*after))
    rows = db.session.execute(chosen.limit(AT_MOST + 1)).all()
    shown = rows[:AT_MOST]
    days = _school_days({row.school_id for row in shown}, today, {row.by_day for row in shown})
    return WorkPage(
        lines=[_line(row, today, days.get(row.school_id)) for row in shown],
        after=(shown[-1].by_day, shown[-1].id) if len(rows) > AT_MOST else None,
        count=_count(asked),
    )


#: One school of fifty and all of them are two different plans; one that is kept for both is a bad one for each.
_FOR_THESE_SCHOOLS: Final = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")


def batches_of(account_id: UUID | None, since: datetime) -> list[Batch]:
    """What they did since that moment and can undo, the newest first."""
    newest = func.max(CaseEntry.made_at)
    asked = (
        select(CaseEntry.batch_id, func.min(CaseEntry.kind), func.count(CaseEntry.id))
        .where(CaseEntry.by_id == account_id, CaseEntry.made_at >= since, CaseEntry.undone_at.is_(None))
        .group_by(CaseEntry.batch_id)
        .order_by(newest.desc())
        .limit(5)
    )
    return [Batch(*row) for row in db.session.execute(asked)]


def _chosen(columns: Any, asked: Asked) -> Any:
    chosen = columns.join(Person, Person.id == CaseDuty.student_id).where(
        CaseDuty.is_open(), Person.active, Person.school_id.is_not(None)
    )
    if asked.schools is not None:
        chosen = chosen.where(one_of(Person.school_id, asked.schools))
    if asked.before is not None:
        chosen = chosen.where(CaseDuty.trigger < asked.before)
    if asked.counselor_id is not None:
        chosen = chosen.join(AttendanceCase, AttendanceCase.id == CaseDuty.case_id).where(
            AttendanceCase.counselor_id == asked.counselor_id
        )
    return chosen


def _count(asked: Asked) -> int:
    some = _chosen(select(CaseDuty.id).select_from(CaseDuty), asked).limit(MOST_COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _line(row: Any, today: date, days: Sequence[date] | None) -> WorkLine:
    due = None if row.by_day == date.max else row.by_day
    return WorkLine(
        id=row.id,
        case_id=row.case_id,
        student=f"{row.given_name} {row.family_name}".strip(),
        number=row.number,
        school_id=row.school_id,
        do=row.do,
        to=row.to,
        rule_id=row.rule_id,
        trigger=row.trigger,
        due=due,
        left=school_days_left(due, today, days),
        is_late=due is not None and due < today,
        blocked=[why_blocked(Blocked(why, about)) for why, about in row.blocked],
        trouble=row.trouble,
        for_person=row.for_person,
    )


def school_days_left(due: date | None, today: date, days: Sequence[date] | None) -> int | None:
    """How many school days there are until then: 0 today, 1 the next one, -1 the one before. None: nobody knows."""
    if due == today:
        return 0
    if due is None or days is None:
        return None
    if due > today:
        return max(1, sum(today < day <= due for day in days))
    return -max(1, sum(due < day <= today for day in days))


def _school_days(schools: Collection[UUID], today: date, due: Collection[date]) -> dict[UUID, list[date]]:
    """The school days of each between today and the deadlines, on whatever track; of schools with a calendar."""
    near = [day for day in due if abs(day - today) <= FURTHEST]
    if not near:
        return {}
    first, last = min(*near, today), max(*near, today)
    asked = (
        select(SchoolDay.school_id, SchoolDay.day)
        .where(
            one_of(SchoolDay.school_id, schools), SchoolDay.day.between(first, last), SchoolDay.is_school_day
        )
        .distinct()
    )
    found: dict[UUID, list[date]] = {}
    for school_id, day in db.session.execute(asked):
        found.setdefault(school_id, []).append(day)
    return found
