"""How much of school a student missed, month by month, as a packet tells it: by the day, or by the session."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from app.family.models.absences import EXCUSED, UNEXCUSED, UNEXPLAINED, Absences, absences_of
from app.integrations.typesetting.documents import Block, Paragraph, Table
from app.notices.actions.lettering import MONTHS, day_in_words
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.counting import meaning_on
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions.gathering import Register
from app.truancy.law.schedule import Schedule
from app.truancy.models.regional_words import RegionalWords

_NOT_IN: Final = "The register of the school has not come in, or no school year is written down."
#: What stands for what is not expected in a table of months.
_EXPECTED: Final = "expected"
_PARTS: Final = "parts"


def months(student: Student, in_sessions: bool, said: RegionalWords) -> Iterator[Block]:
    """Of the school year that runs. `in_sessions`: by the half day, as England counts."""
    counted, year = absences_of(student), SchoolYear.current()
    gathered = next(iter(Register().of([str(student.id)])), None)
    if counted is None or year is None or gathered is None:
        yield Paragraph(_NOT_IN)
        return
    schedule, up_to = gathered.facts.schedule, counted.up_to
    excuses = tuple(said.excuses[one] for one in ("unexcused", "excused", "unknown"))
    if in_sessions:
        head: tuple[str, ...] = ("Month", "Sessions expected", *excuses)
        columns: Sequence[str] = (_EXPECTED, "unexcused", "excused", "unknown")
        found = _sessions(student, schedule, year, up_to)
        what = "Half days of registration"
    else:
        head = ("Month", "Days expected", *excuses, "Parts of days")
        columns = (_EXPECTED, UNEXCUSED, EXCUSED, UNEXPLAINED, _PARTS)
        found = _days(counted, schedule, year)
        what = "Whole days absent, and days of which a part was missed"
    all_of_it = sum(found.values(), Counter[str]())
    told = [*((f"{MONTHS[first.month - 1]} {first.year}", sums) for first, sums in found.items())]
    rows = [(name, *(str(sums[one]) for one in columns)) for name, sums in (*told, ("All", all_of_it))]
    yield Table(head, tuple(rows), (2,) * len(head))
    yield Paragraph(
        f"{what}, as the register is in to {day_in_words(up_to)}. A suspension is no absence here."
    )


def _days(counted: Absences, schedule: Schedule, year: SchoolYear) -> dict[date, Counter[str]]:
    """By the first of each month in which there was school, or a day is missed."""
    found = {}
    first = year.first_day.replace(day=1)
    while first <= counted.up_to:
        following = (first + timedelta(days=32)).replace(day=1)
        last = min(following - timedelta(days=1), counted.up_to)
        days = [one for one in counted.days if first <= one.day <= last]
        sums = Counter(one.why for one in days if one.whole)
        sums[_EXPECTED] = schedule.count(max(first, year.first_day), last)
        sums[_PARTS] = sum(not one.whole for one in days)
        if sums[_EXPECTED] or days:
            found[first] = sums
        first = following
    return found


def _sessions(
    student: Student, schedule: Schedule, year: SchoolYear, up_to: date
) -> dict[date, Counter[str]]:
    """The same by the half day; a mark of a whole day is all of its sessions."""
    found: dict[date, Counter[str]] = {}
    day = year.first_day
    while day <= up_to:
        planned = schedule.planned(day)
        if planned is not None:
            found.setdefault(day.replace(day=1), Counter())[_EXPECTED] += planned.sessions
        day += timedelta(days=1)
    codes = AttendanceCode.counting()
    for one in AttendanceMark.of_student(student.id):
        meaning, planned = meaning_on(one, codes), schedule.planned(one.day)
        if planned is None or meaning is None or meaning.kind != "absent":
            continue
        if year.first_day <= one.day <= up_to:
            half = one.slot in ("AM", "PM")
            found[one.day.replace(day=1)][meaning.excuse_of(one.unexcused_since)] += (
                1 if half else planned.sessions
            )
    return found
