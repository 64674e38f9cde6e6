"""The morning list: students for whom something is to be done, the most urgent first, a page at a time.

A student stands on it once, at the place of what is due first of theirs, with all that is to be done for them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, select, text, tuple_
from sqlalchemy.orm import aliased

from app.core.db import db, one_of
from app.register.models.school_day import SchoolDay
from app.roster.models.person import Person
from app.roster.models.student import Student
from app.truancy.law.firing import Blocked
from app.truancy.law.words import why_blocked
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry

#: Things on one page. Students are not torn apart for it.
AT_MOST: Final = 50
#: Of one student; the others stand in the case.
MOST_OF_ONE: Final = 10
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
class WorkStudent:
    """A student, and what is to be done for them, in the order in which it is due."""

    id: UUID
    name: str
    number: str
    school_id: UUID
    #: Their case of the newest school year of which something is to be done.
    case_id: UUID
    lines: Sequence[WorkLine]
    #: How many more than MOST_OF_ONE there are.
    more: int


@dataclass(frozen=True)
class WorkPage:
    """Students, and where the next page begins."""

    students: Sequence[WorkStudent]
    after: tuple[date, UUID] | None
    #: How many things there are in all, MOST_COUNTED + 1 at most.
    count: int
    #: For how many students; of no meaning where not all things were counted.
    student_count: int


@dataclass(frozen=True)
class Batch:
    """What somebody did with one press, as it is offered to be undone."""

    id: UUID
    kind: str
    number: int


def work_page(asked: Asked, today: date, *, after: tuple[date, UUID] | None = None) -> WorkPage:
    """Some AT_MOST things. `after`: the place of the last student before them, which is that of their first thing."""
    db.session.connection().execute(_FOR_THESE_SCHOOLS)
    firsts = _firsts(asked, after)
    theirs = _theirs(asked, [first.student_id for first in firsts])
    fitting = _fitting([min(len(theirs[first.student_id]), MOST_OF_ONE) for first in firsts])
    shown = firsts[:fitting]
    due = {row.by_day for first in shown for row in theirs[first.student_id]}
    days = _school_days({first.school_id for first in shown}, today, due)
    things, students = _counts(asked)
    return WorkPage(
        students=[
            _student(first, theirs[first.student_id], today, days.get(first.school_id))
            for first in shown
            # Somebody may have settled all of theirs a moment ago.
            if theirs[first.student_id]
        ],
        after=(shown[-1].by_day, shown[-1].id) if len(firsts) > fitting else None,
        count=things,
        student_count=students,
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


def _firsts(asked: Asked, after: tuple[date, UUID] | None) -> Sequence[Any]:
    """Of AT_MOST + 1 students after that place: what is due first of theirs, and who they are."""
    place = (CaseDuty.by_day, CaseDuty.id)
    before = aliased(CaseDuty)
    # Offset 0 keeps it a question about one student: joined, it would be answered for all of them first.
    something_before = (
        select(literal_column("1"))
        .where(
            before.student_id == CaseDuty.student_id,
            _concerns(before, asked),
            tuple_(before.by_day, before.id) < tuple_(*place),
        )
        .offset(0)
        .correlate(CaseDuty)
        .exists()
    )
    chosen = (
        _chosen(
            select(
                CaseDuty.id,
                CaseDuty.student_id,
                CaseDuty.by_day,
                Person.given_name,
                Person.family_name,
                Person.school_id,
                Student.number,
            ).join(Student, Student.id == CaseDuty.student_id),
            asked,
        )
        .where(~something_before)
        .order_by(*place)
    )
    if after is not None:
        chosen = chosen.where(tuple_(*place) > tuple_(*after))
    return db.session.execute(chosen.limit(AT_MOST + 1)).all()


def _theirs(asked: Asked, student_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """All that is to be done for each of them, in the order in which it is due."""
    chosen = (
        select(
            CaseDuty.student_id,
            CaseDuty.id,
            CaseDuty.case_id,
            CaseDuty.do,
            CaseDuty.to,
            CaseDuty.rule_id,
            CaseDuty.trigger,
            CaseDuty.by_day,
            CaseDuty.blocked,
            CaseDuty.trouble,
            CaseDuty.for_person,
        )
        .where(one_of(CaseDuty.student_id, student_ids), _concerns(CaseDuty, asked))
        .order_by(CaseDuty.by_day, CaseDuty.trigger, CaseDuty.id)
    )
    found: dict[UUID, list[Any]] = {id: [] for id in student_ids}
    for row in db.session.execute(chosen):
        found[row.student_id].append(row)
    return found


def _fitting(sizes: Sequence[int]) -> int:
    """How many students fit on a page, of those with so many things: one at least, where there are some."""
    filled = 0
    for nth, size in enumerate(sizes):
        filled += size
        if nth and filled > AT_MOST:
            return nth
    return min(len(sizes), AT_MOST)


def _chosen(columns: Any, asked: Asked) -> Any:
    chosen = columns.join(Person, Person.id == CaseDuty.student_id).where(
        _concerns(CaseDuty, asked), Person.active, Person.school_id.is_not(None)
    )
    return chosen if asked.schools is None else chosen.where(one_of(Person.school_id, asked.schools))


def _concerns(duty: type[CaseDuty], asked: Asked) -> ColumnElement[bool]:
    """True of the duties that are asked for, as far as it does not depend on where the student is."""
    concerns = [duty.is_open()]
    if asked.before is not None:
        concerns.append(duty.trigger < asked.before)
    if asked.counselor_id is not None:
        cases = select(AttendanceCase.id).where(AttendanceCase.counselor_id == asked.counselor_id)
        concerns.append(duty.case_id.in_(cases))
    return and_(*concerns)


def _counts(asked: Asked) -> tuple[int, int]:
    """How many things, and for how many students; of MOST_COUNTED + 1 things at most."""
    some = (
        _chosen(select(CaseDuty.student_id).select_from(CaseDuty), asked).limit(MOST_COUNTED + 1).subquery()
    )
    counted = select(func.count(), func.count(some.c.student_id.distinct())).select_from(some)
    things, students = db.session.execute(counted).one()
    return things, students


def _student(first: Any, rows: Sequence[Any], today: date, days: Sequence[date] | None) -> WorkStudent:
    return WorkStudent(
        id=first.student_id,
        name=f"{first.given_name} {first.family_name}".strip(),
        number=first.number,
        school_id=first.school_id,
        case_id=max(row.case_id for row in rows),
        lines=[_line(row, today, days) for row in rows[:MOST_OF_ONE]],
        more=max(0, len(rows) - MOST_OF_ONE),
    )


def _line(row: Any, today: date, days: Sequence[date] | None) -> WorkLine:
    due = None if row.by_day == date.max else row.by_day
    return WorkLine(
        id=row.id,
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
