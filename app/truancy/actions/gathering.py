"""All that the law sees of students, gathered from the register and the roster, some thousands at a time.

A student's marks come as one line of text, a word a mark. The same word stands for the same mark of half a million
students (the day, the slot, what the code means, the minutes), so it is understood once.

What nobody has signed off, or of a school whose register is not in so far, is no mark. What the roster does not have
(a date of birth, a grade that is not given) is not known, and the rules that ask for it wait for a person.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, text

from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.register.models.attendance_code import AttendanceCode
from app.register.models.school_day import NO_TRACK
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.schedule import Calendar, Enrollment, Schedule
from app.truancy.law.schedule import SchoolDay as PlannedDay
from app.truancy.law.schedule import SchoolYear as YearOfCalendar
from app.truancy.law.traits import Traits, named
from app.truancy.models.case_entry import CaseEntry, case_events
from app.truancy.models.student_flag import StudentFlag, flags_of

#: Words and stays at schools that are remembered.
MOST_WORDS: Final = 200_000
MOST_STAYS: Final = 20_000
_DAY_NOUGHT: Final = date(2000, 1, 1)
#: Of a school of which nothing was ever in.
_NEVER: Final = date.min


class Gathered(NamedTuple):
    """A student, as the law sees them, and the line of their marks."""

    id: str
    facts: StudentFacts
    line: str


class Word(NamedTuple):
    """A mark of a line, understood; without a `mark` where nobody vouches for its code."""

    day: date
    slot: str
    told: str
    mark: Mark | None


class Register:
    """What holds for all students: school years, calendars, what codes mean, how far each school's register is in.

    Read once for a worker's while, in this context's district.
    """

    def __init__(self) -> None:
        self.years = [
            YearOfCalendar(one.name, one.first_day, one.last_day) for one in reversed(SchoolYear.newest())
        ]
        self.current_to = {
            str(one.school_id): one.current_to for one in SchoolRegister.by_school() if one.current_to
        }
        self._schools = list(self.current_to)
        self._calendars = _calendars(self.years)
        self._nobody = Calendar(self.years, {})
        self._meanings = Meanings(AttendanceCode.counting())
        card = district_by_id(current_district_id())
        self._zone = card.zone if card else "UTC"
        self._knows_flags = db.session.scalar(select(StudentFlag.id).limit(1)) is not None
        self._knows_cases = db.session.scalar(select(CaseEntry.id).limit(1)) is not None
        self._words: dict[str, Word] = {}
        self._stays: dict[tuple[Any, ...], tuple[Enrollment, Schedule]] = {}

    def calendar(self, school: str, track: str) -> Calendar:
        """Of that track; of the whole school, where it has no such track."""
        return self._calendars.get((school, track)) or self._calendars.get((school, NO_TRACK)) or self._nobody

    def calendars_of(self, school: str) -> list[Calendar]:
        """Of each of its tracks."""
        return [one for (where, _), one in self._calendars.items() if where == school]

    def of(self, students: Sequence[str]) -> Iterator[Gathered]:
        """Those students, in any order."""
        asked = {
            "students": as_array(students),
            "schools": self._schools,
            "to": list(self.current_to.values()),
            "codes": self._meanings.codes,
            "by_school": self._meanings.differ,
        }
        lines: dict[str, str] = dict(db.session.connection().execute(_LINES, asked).all())
        stays = defaultdict[str, list[tuple[Any, ...]]](list)
        known: dict[str, tuple[str, date | None]] = {}
        for id, grade, born, *stay in db.session.connection().execute(
            _STAYS, {"students": as_array(students)}
        ):
            known[id] = grade, born
            if stay[0] is not None:
                stays[id].append(tuple(stay))
        ids = [UUID(id) for id in students] if self._knows_flags or self._knows_cases else []
        flags = {str(id): theirs for id, theirs in flags_of(ids).items()} if self._knows_flags else {}
        events = (
            {str(id): theirs for id, theirs in case_events(ids, self._zone).items()}
            if self._knows_cases
            else {}
        )
        for id, (grade, born) in known.items():
            line = lines.get(id, "")
            schedule, current_to = self._schedule(stays[id])
            facts = StudentFacts(
                schedule=schedule,
                marks=self._marks(line),
                born=born,
                grade=grade,
                flags=flags.get(id, ()),
                case=events.get(id, ()),
                current_to=current_to,
            )
            yield Gathered(id, facts, line)

    def as_told(self, line: str) -> dict[tuple[date, str], str]:
        """By day and slot: each mark of a line as JSON, its code as the register has it."""
        return {(one.day, one.slot): one.told for one in map(self._understood, line.split())}

    def _marks(self, line: str) -> list[Mark]:
        return [one.mark for one in map(self._understood, line.split()) if one.mark is not None]

    def _understood(self, word: str) -> Word:
        known = self._words.get(word)
        if known is None:
            if len(self._words) > MOST_WORDS:
                self._words.clear()
            known = self._words[word] = self._read(word)
        return known

    def _read(self, word: str) -> Word:
        number, slot, code, school, *rest = word.split(".")
        day, minutes = _DAY_NOUGHT + timedelta(days=int(number)), int(rest[0]) if rest else None
        traits = self._meanings.on(day, int(code) - 1, self._schools[int(school) - 1])
        told = json.dumps([day.isoformat(), slot, self._meanings.codes[int(code) - 1], minutes])
        return Word(day, slot, told, None if traits is None else Mark(day, slot, traits, minutes))

    def _schedule(self, stays: Sequence[tuple[Any, ...]]) -> tuple[Schedule, date]:
        if len(self._stays) > MOST_STAYS:
            self._stays.clear()
        known = []
        for stay in stays:
            if stay not in self._stays:
                school, track, entry, exit, is_primary = stay
                enrollment = Enrollment(school, entry, exit, self.calendar(school, track), is_primary)
                self._stays[stay] = enrollment, Schedule([enrollment])
            known.append(self._stays[stay])
        schedule = known[0][1] if len(known) == 1 else Schedule([enrollment for enrollment, _ in known])
        return schedule, min((self._is_in_to(enrollment) for enrollment, _ in known), default=date.max)

    def _is_in_to(self, stay: Enrollment) -> date:
        """The last day of which the register of that stay is in; of one that is over and in, any day."""
        there = max(self.current_to.get(stay.school, _NEVER), stay.entry - timedelta(days=1))
        return date.max if stay.exit is not None and stay.exit <= there else there


class Meanings:
    """What the district's codes mean: those that are signed off, each for its days. A school's own goes first."""

    def __init__(self, counting: Sequence[AttendanceCode]) -> None:
        self._held: dict[tuple[str, str | None], list[AttendanceCode]] = defaultdict(list)
        for one in counting:
            self._held[one.code, str(one.school_id) if one.school_id else None].append(one)
        self.codes: Final = sorted({one.code for one in counting})
        #: True if one of them means something else at some school.
        self.differ: Final = any(one.school_id for one in counting)

    def on(self, day: date, number: int, school: str) -> Traits | None:
        """On that day at that school; None if nobody vouches for it."""
        code = self.codes[number]
        for held in (self._held.get((code, school), ()), self._held.get((code, None), ())):
            spoken = [one for one in held if _holds(one, day)]
            if spoken:
                return named(max(spoken, key=lambda one: one.valid_from or date.min).words)
        return None


def as_array(ids: Iterable[str]) -> str:
    """Ids as PostgreSQL reads an array of them: thousands, told three times a batch."""
    return "{" + ",".join(ids) + "}"


def _holds(meaning: AttendanceCode, day: date) -> bool:
    return (meaning.valid_from or date.min) <= day <= (meaning.valid_to or date.max)


def _calendars(years: Sequence[YearOfCalendar]) -> Mapping[tuple[str, str], Calendar]:
    days: dict[tuple[str, str], dict[date, PlannedDay]] = defaultdict(dict)
    alike: dict[PlannedDay, PlannedDay] = {}
    for school, track, day, *planned in db.session.connection().execute(_DAYS):
        one = PlannedDay(*planned)
        days[school, track][day] = alike.setdefault(one, one)
    return {key: Calendar(years, planned) for key, planned in days.items()}


_DAYS: Final = text(
    "select school_id::text, track, day, minutes, sessions, periods from school_days where is_school_day"
)
#: A word: day.slot.code.school.minutes, the code by its number, the school by its own where that matters.
_LINES: Final = text(
    """
    select mark.student_id::text, string_agg(
        concat_ws('.', mark.day - date '2000-01-01', mark.slot, known.number,
            case when :by_school then register.number else 1 end, mark.minutes),
        ' '
    )
    from attendance_marks mark
    join unnest(cast(:codes as text[])) with ordinality as known (code, number) on known.code = mark.code
    join unnest(cast(:schools as uuid[]), cast(:to as date[])) with ordinality
        as register (school_id, current_to, number)
        on register.school_id = mark.school_id and mark.day <= register.current_to
    where mark.student_id = any(cast(:students as uuid[]))
    group by mark.student_id
    """
)
_STAYS: Final = text(
    """
    select student.id::text, student.grade, student.born,
        stay.school_id::text, stay.track, stay.entry, stay.exit, stay.is_primary
    from students student
    left join school_enrollments stay on stay.student_id = student.id
    where student.id = any(cast(:students as uuid[]))
    """
)
