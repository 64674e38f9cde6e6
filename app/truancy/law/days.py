"""The days of one student on which something stands in the register, and those that a share is a share of."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from app.truancy.law.bar import Bar
from app.truancy.law.counting import NOTHING, Amounts, Worth
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.rule import Count, Of
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import NOT_EXPECTED, Traits

#: Looks that are remembered of one calendar.
MOST_LOOKS: Final = 50_000
_THE_DAY: Final = itemgetter(0)
_made: Final = tuple.__new__


class StudentDay(NamedTuple):
    """A day on which the student was expected."""

    day: date
    year: SchoolYear
    enrollment: Enrollment
    #: Of the days of the calendar.
    number: int
    marks: tuple[Mark, ...]
    #: What it comes to under each count of the rulebook.
    worth: Amounts = NOTHING

    @property
    def planned(self) -> SchoolDay:
        """How long it was to be."""
        return self.enrollment.calendar.plan[self.day]


class Look(NamedTuple):
    """A school day with the marks that some student has on it."""

    year: SchoolYear
    number: int
    marks: tuple[Mark, ...]
    #: NOTHING where the marks say that nobody is expected.
    worth: Amounts


_NEW: Final = Look(SchoolYear("", date.min, date.min), 0, (), NOTHING)


#: A day that counts under a rule, and for how much, in parts of the rule's unit (bar.py).
Counted = tuple[StudentDay, int]


#: What the count is a share of on a day; None if it is no share.
OutOf = Callable[[StudentDay], int | None]


def at_school(schedule: Schedule, day: date, marks: tuple[Mark, ...] = ()) -> StudentDay | None:
    """That day; None if the student is not expected on it."""
    stretch = schedule.at(day)
    opened = stretch.enrollment.calendar.opened.get(day) if stretch else None
    return (
        StudentDay(day, opened.year, stretch.enrollment, opened.number, marks) if stretch and opened else None
    )


class Looks:
    """What days with the same marks come to, worked out once for all students of a calendar.

    In a calendar there are some thousand of such looks, and a register has some millions of marks.
    """

    def __init__(self, counts: Sequence[Count]) -> None:
        self._worth = Worth(counts)
        self._of: dict[Calendar, dict[Any, Look | None]] = {}

    def of(self, calendar: Calendar) -> dict[Any, "Look | None"]:
        """Those of a calendar that are known: by a day's only mark, or by all of its marks."""
        known = self._of.setdefault(calendar, {})
        if len(known) > MOST_LOOKS:
            known.clear()
        return known

    def look(self, calendar: Calendar, day: date, marks: tuple[Mark, ...]) -> "Look | None":
        """None if the day is no school day."""
        opened = calendar.opened.get(day)
        if opened is None:
            return None
        worth = NOTHING if any_of(marks, NOT_EXPECTED) else self._worth.of(marks, opened.planned)
        return Look(opened.year, opened.number, marks, worth)


def registered(facts: StudentFacts, looks: Looks) -> tuple[list[StudentDay], list[date]]:
    """The days that may count, and those on which the student turned out not to be expected."""
    found: list[StudentDay] = []
    off: list[date] = []
    current_to, first, last = facts.current_to, date.max, date.min
    for day, marked in _by_day(facts.marks):
        if day > current_to:
            break
        if not first <= day <= last:
            stretch = facts.schedule.at(day)
            if stretch is None:
                continue
            first, last, enrollment = stretch
            known = looks.of(enrollment.calendar)
        look = known.get(marked, _NEW)
        if look is _NEW:
            marks = (marked,) if isinstance(marked, Mark) else marked
            look = known[marked] = looks.look(enrollment.calendar, day, marks)
        if look is None:
            continue
        year, number, marks, worth = look
        if worth is NOTHING:
            off.append(day)
        else:
            # Not by its name: five million times a night that is a second of it.
            found.append(_made(StudentDay, (day, year, enrollment, number, marks, worth)))
    return found, off


def _by_day(marks: Sequence[Mark]) -> Iterable[tuple[date, Mark | tuple[Mark, ...]]]:
    """Each day with its only mark, or with all of its marks."""
    if len(set(map(_THE_DAY, marks))) == len(marks):
        ordered = sorted(marks)
        return zip(map(_THE_DAY, ordered), ordered, strict=True)
    return [(day, tuple(group)) for day, group in groupby(sorted(marks), key=_THE_DAY)]


def any_of(marks: Iterable[Mark], traits: Traits) -> bool:
    """True if one of the marks has one of the traits."""
    return any(mark.traits & traits for mark in marks)


class Expected:
    """The days on which one student was expected: what a share is a share of.

    `days`: those with something in the register; `off`: those on which they were not expected after all.
    """

    def __init__(self, schedule: Schedule, days: Sequence[StudentDay], off: Sequence[date]) -> None:
        self.schedule = schedule
        stretches = schedule.stretches
        #: Where the student is, if it is one school all the time, as with nearly everybody.
        self.only: Final = stretches[0] if len(stretches) == 1 else None
        self._days = days
        self._off = off

    def out_of(self, bar: Bar, first: date, under: Enrollment | None = None) -> OutOf:
        """What a count since `first` is a share of, to be asked day by day."""
        less = [one for one in self._days if any_of(one.marks, bar.less)] if bar.less else []
        match bar.of:
            case None:
                return lambda there: None
            case Of.FIXED:
                return lambda there: bar.fixed
            case Of.REQUIRED_MINUTES:
                return lambda there: there.enrollment.calendar.required_minutes(there.year)
            case Of.WINDOW_DAYS:
                return lambda there: self._in_calendar(first, there) - _between(less, first, there, under)
        only = self.only
        if only and not less and (under is None or under == only.enrollment):
            before = only.enrollment.calendar.number(max(first, only.first)) - 1
            return lambda there: there.number - before
        count = self.schedule.count
        return lambda there: count(first, there.day, under) - _between(less, first, there, under)

    def _in_calendar(self, first: date, there: StudentDay) -> int:
        calendar = there.enrollment.calendar
        off = sum(first <= day <= there.day and calendar.planned(day) is not None for day in self._off)
        return calendar.count(first, there.day) - off

    def first_said(self, bar: Bar, first: date, last: date, under: Enrollment | None) -> StudentDay | None:
        """The day of a window on which the share first says something, as one on which nothing was missed.

        None if it does from the first day on, or never.
        """
        out_of = self.out_of(bar, first, under)
        # A window has days before the student came: those are looked at from the first one of their own.
        days = bar.least_days if bar.of is Of.ENROLLED_DAYS else 1
        while True:
            day = self.schedule.reaches(first, days, under)
            quiet = at_school(self.schedule, day) if day is not None and day <= last else None
            if quiet is None or (out_of(quiet) or 0) >= bar.least_days:
                return quiet
            days += 1


def _between(days: Iterable[StudentDay], first: date, last: StudentDay, under: Enrollment | None) -> int:
    return sum(first <= one.day <= last.day and (under is None or one.enrollment == under) for one in days)
