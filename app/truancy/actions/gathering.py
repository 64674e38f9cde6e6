"""All that the law sees of students, gathered from the register and the roster, some thousands at a time.

A student's marks of a school come as one line of text, a word a mark. The same word stands for the same mark of half
a million students (the day, the slot, the minutes, the code), so it is understood once; and schools whose days are
planned alike share one calendar, in which the same days look the same (law/days.py).

What nobody has signed off, or of a school whose register is not in so far, is no mark. What the roster does not have
(a date of birth, a grade that is not given) is not known, and the rules that ask for it wait for a person.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.register.models.attendance_code import AttendanceCode
from app.register.models.counting import meaning_of
from app.register.models.school_day import NO_TRACK
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.truancy.actions.penalties import parents_of
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.schedule import Calendar, Enrollment, Schedule
from app.truancy.law.schedule import SchoolDay as PlannedDay
from app.truancy.law.schedule import SchoolYear as YearOfCalendar
from app.truancy.law.traits import Traits, named
from app.truancy.models.case_entry import CaseEntry, case_events
from app.truancy.models.prior_record import PriorRecord, prior_of
from app.truancy.models.student_flag import StudentFlag, flags_of

#: Words and stays at schools that are remembered from one call to the next.
MOST_WORDS: Final = 200_000
MOST_STAYS: Final = 20_000
#: Between the parts of a word, and between words: what no file can bring in.
BETWEEN: Final = "\x1f"
APART: Final = "\x1e"
_DAY_NOUGHT: Final = date(2000, 1, 1)
#: Of a school of which nothing was ever in.
_NEVER: Final = date.min


class Word(NamedTuple):
    """A mark of a line, understood; without a `mark` where nobody vouches for its code."""

    #: Its day and slot.
    at: tuple[date, str]
    #: As JSON, its code as the register has it; and since when it counts as unexcused, if nobody gave a reason.
    told: str
    #: The same within quotation marks, as PostgreSQL reads an array.
    written: str
    mark: Mark | None


class Words(dict[str, Word]):
    """The words of one school, or of all where codes mean the same at each, read when they first come."""

    def __init__(self, meanings: "Meanings", school: str) -> None:
        self._meanings = meanings
        self._school = school

    def __missing__(self, word: str) -> Word:
        number, slot, told_minutes, code, *lapsed = word.split(BETWEEN)
        day, minutes = _day(number), int(told_minutes) if told_minutes else None
        since = _day(lapsed[0]) if lapsed else None
        traits = self._meanings.on(day, code, self._school, since)
        told = json.dumps([day.isoformat(), slot, code, minutes, *([since.isoformat()] if since else [])])
        mark = None if traits is None else Mark(day, slot, traits, minutes)
        read = self[word] = Word((day, slot), told, quoted_inside(told), mark)
        return read


class Gathered(NamedTuple):
    """A student, as the law sees them, and the words of their marks."""

    id: str
    facts: StudentFacts
    words: Sequence[Word]

    def as_told(self) -> dict[tuple[date, str], str]:
        """By day and slot: each of their marks as JSON, its code as the register has it."""
        return {one.at: one.told for one in self.words}


class Stay(NamedTuple):
    """A stay at one school, ready for all whose stays read the same."""

    enrollment: Enrollment
    #: Of whoever was nowhere else.
    schedule: Schedule
    #: The last day of which the school's register is in.
    in_to: date


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
        self._calendars = _calendars(self.years)
        self._nobody = Calendar(self.years, {})
        self._meanings = Meanings(AttendanceCode.counting())
        card = district_by_id(current_district_id())
        self._zone = card.zone if card else "UTC"
        self._words: dict[str, Words] = {}
        self._stays: dict[tuple[Any, ...], Stay] = {}

    def calendar(self, school: str, track: str) -> Calendar:
        """Of that track; of the whole school, where it has no such track."""
        return self._calendars.get((school, track)) or self._calendars.get((school, NO_TRACK)) or self._nobody

    def calendars_of(self, school: str) -> list[Calendar]:
        """Of each of its tracks."""
        return [one for (where, _), one in self._calendars.items() if where == school]

    def of(self, students: Sequence[str]) -> Iterator[Gathered]:
        """Those students, in any order."""
        if sum(map(len, self._words.values())) > MOST_WORDS:
            self._words.clear()
        if len(self._stays) > MOST_STAYS:
            self._stays.clear()
        marked = defaultdict[str, list[Word]](list)
        for id, school, last, line in db.session.connection().execute(
            _LINES, {"students": as_array(students), "codes": self._meanings.codes}
        ):
            marked[id] += self._read(school, last, line)
        stays = defaultdict[str, list[tuple[Any, ...]]](list)
        known: dict[str, tuple[str, date | None]] = {}
        for id, grade, born, *stay in db.session.connection().execute(
            _STAYS, {"students": as_array(students)}
        ):
            known[id] = grade, born
            if stay[0] is not None:
                stays[id].append(tuple(stay))
        # Asked each time: the first of a district may be written down while a worker goes through everybody.
        knows_flags, knows_cases, knows_records = StudentFlag.any(), CaseEntry.any(), PriorRecord.any()
        asked = knows_flags or knows_cases or knows_records
        ids = [UUID(id) for id in students] if asked else []
        flags = {str(id): theirs for id, theirs in flags_of(ids).items()} if knows_flags else {}
        happened = case_events(ids, self._zone) if knows_cases else {}
        events = {str(id): theirs for id, theirs in happened.items()}
        prior = {str(id): theirs for id, theirs in prior_of(ids).items()} if knows_records else {}
        penalised = [UUID(id) for id, told in events.items() if any(one.kind == "penalty" for one in told)]
        parents = {str(id): theirs for id, theirs in parents_of(penalised).items()} if penalised else {}
        for id, (grade, born) in known.items():
            words = marked.get(id, ())
            schedule, current_to = self._schedule(stays[id])
            facts = StudentFacts(
                schedule=schedule,
                marks=[one.mark for one in words if one.mark is not None],
                born=born,
                grade=grade,
                flags=flags.get(id, ()),
                case=events.get(id, ()),
                parents=parents.get(id, ()),
                prior=prior.get(id, ()),
                current_to=current_to,
            )
            yield Gathered(id, facts, words)

    def _read(self, school: str, last: date, line: str) -> Iterable[Word]:
        """A line of that school's marks, the last of which is of that day."""
        current_to = self.current_to.get(school)
        if current_to is None:
            return ()
        of = school if self._meanings.differ else ""
        words = self._words.get(of)
        if words is None:
            words = self._words[of] = Words(self._meanings, of)
        read = map(words.__getitem__, line.split(APART))
        return read if last <= current_to else [one for one in read if one.at[0] <= current_to]

    def _schedule(self, stays: Sequence[tuple[Any, ...]]) -> tuple[Schedule, date]:
        known = [self._stays.get(stay) or self._stay(stay) for stay in stays]
        if len(known) == 1:
            return known[0].schedule, known[0].in_to
        schedule = Schedule([one.enrollment for one in known])
        return schedule, min((one.in_to for one in known), default=date.max)

    def _stay(self, told: tuple[Any, ...]) -> Stay:
        school, track, entry, exit, is_primary = told
        enrollment = Enrollment(school, entry, exit, self.calendar(school, track), is_primary)
        found = self._stays[told] = Stay(enrollment, Schedule([enrollment]), self._is_in_to(enrollment))
        return found

    def _is_in_to(self, stay: Enrollment) -> date:
        """The last day of which the register of that stay is in; of one that is over and in, any day."""
        there = max(self.current_to.get(stay.school, _NEVER), stay.entry - timedelta(days=1))
        return date.max if stay.exit is not None and stay.exit <= there else there


class Meanings:
    """What the district's codes mean: those that are signed off, each for its days. A school's own goes first."""

    def __init__(self, counting: Sequence[AttendanceCode]) -> None:
        self._held: dict[str, list[AttendanceCode]] = defaultdict(list)
        for one in counting:
            self._held[one.code].append(one)
        self.codes: Final = sorted({one.code for one in counting})
        #: True if one of them means something else at some school.
        self.differ: Final = any(one.school_id for one in counting)

    def on(self, day: date, code: str, school: str, unexcused_since: date | None = None) -> Traits | None:
        """On that day at that school, of a mark that counts as unexcused since a day or not.

        None if nobody vouches for it.
        """
        held = self._held.get(code, ())
        meaning = meaning_of(held, code, day, UUID(school) if school else None)
        return named(meaning.words_of(unexcused_since)) if meaning else None


def quoted_inside(told: str) -> str:
    """Text as it stands within quotation marks in an array of PostgreSQL."""
    return told.replace("\\", "\\\\").replace('"', '\\"')


def as_array(ids: Iterable[str]) -> str:
    """Ids as PostgreSQL reads an array of them: thousands, told three times a batch."""
    return "{" + ",".join(ids) + "}"


def _day(number: str) -> date:
    return _DAY_NOUGHT + timedelta(days=int(number))


def _calendars(years: Sequence[YearOfCalendar]) -> Mapping[tuple[str, str], Calendar]:
    """By school and track. Few schools of a district have days of their own, and each kind is told once."""
    found: dict[tuple[str, str], Calendar] = {}
    alike: dict[PlannedDay, PlannedDay] = {}
    for of, days in db.session.connection().execute(_DAYS):
        plan = {}
        for told in days.split(" "):
            number, *planned = map(int, told.split("."))
            one = PlannedDay(*planned)
            plan[_DAY_NOUGHT + timedelta(days=number)] = alike.setdefault(one, one)
        calendar = Calendar(years, plan)
        found.update(((school, track), calendar) for school, track in of)
    return found


_DAYS: Final = text(
    """
    select array_agg(array[school_id::text, track]), days
    from (
        select school_id, track, string_agg(
            (day - :day_nought) || '.' || minutes || '.' || sessions || '.' || periods, ' ' order by day
        ) as days
        from school_days where is_school_day group by school_id, track
    ) as planned
    group by days
    """
).bindparams(day_nought=_DAY_NOUGHT)
# One student after the other: of a table of millions the planner would sort those of thousands.
_LINES: Final = text(
    """
    select those.id::text, line.*
    from unnest(cast(:students as uuid[])) as those (id)
    cross join lateral (
        select mark.school_id::text, max(mark.day), string_agg(
            (mark.day - :day_nought) || :between || mark.slot || :between
                || coalesce(mark.minutes::text, '') || :between
                || case when mark.unexcused_since is null then mark.code
                    else mark.code || :between || (mark.unexcused_since - :day_nought) end,
            :apart
        )
        from attendance_marks mark
        where mark.student_id = those.id and mark.code = any(cast(:codes as text[]))
        group by mark.school_id
    ) as line
    """
).bindparams(day_nought=_DAY_NOUGHT, between=BETWEEN, apart=APART)
_STAYS: Final = text(
    """
    select those.id::text, student.grade, student.born,
        stay.school_id::text, stay.track, stay.entry, stay.exit, stay.is_primary
    from unnest(cast(:students as uuid[])) as those (id)
    cross join lateral (select grade, born from students where id = those.id offset 0) as student
    left join lateral (select * from school_enrollments where student_id = those.id offset 0) as stay on true
    """
)
