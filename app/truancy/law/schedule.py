"""When a student is expected at school: the calendars of schools, and the stretch of each that is the student's own.

Days on which nobody is expected count for nothing and break no run. They go by all the same where a window is made of
calendar days.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple


def monday(day: date) -> date:
    """Of that day's week."""
    return day - timedelta(days=day.weekday())


class SchoolDay(NamedTuple):
    """A day as the calendar plans it."""

    minutes: int
    #: Half days of registration, as England counts them.
    sessions: int = 2
    #: Lessons, where the school registers by the lesson.
    periods: int = 0


class SchoolYear(NamedTuple):
    """A year of a calendar. `name` stands in keys: "2026-27"."""

    name: str
    begins: date
    ends: date
    #: What the state asks for in the year, where a rule measures by it. None: what the calendar plans.
    required_minutes: int | None = None


class Opened(NamedTuple):
    """A school day of a school year."""

    planned: SchoolDay
    year: SchoolYear
    #: Of all days of the calendar, from 0.
    number: int


class Calendar:
    """The school days of one school and track, over as many years as are known."""

    def __init__(self, years: Iterable[SchoolYear], days: Mapping[date, SchoolDay]) -> None:
        self.years = sorted(years, key=lambda year: year.begins)
        #: How long each school day is.
        self.plan = dict(days)
        #: Each school day, in order.
        self.days = sorted(self.plan)
        # Asked of every mark of half a million registers each night; so it is looked up, and not looked for.
        self._number = {day: number for number, day in enumerate(self.days)}
        self._year: dict[date, SchoolYear] = {}
        #: Those within a school year.
        self.opened = {
            day: Opened(self.plan[day], year, number)
            for day, number in self._number.items()
            if (year := self.year_of(day))
        }
        self._year = {day: there.year for day, there in self.opened.items()}
        self._weeks: dict[SchoolYear, list[date]] = {}
        self._minutes: dict[SchoolYear, int] = {}

    def planned(self, day: date) -> SchoolDay | None:
        """How long that day is; None if nobody is expected."""
        return self.plan.get(day)

    def year_of(self, day: date) -> SchoolYear | None:
        """The school year that the day is in; None between two years."""
        known = self._year.get(day)
        if known is not None:
            return known
        for year in self.years:
            if year.begins <= day <= year.ends:
                return year
        return None

    def number(self, day: date) -> int:
        """Of the first school day from that one on, from 0."""
        known = self._number.get(day)
        return bisect_left(self.days, day) if known is None else known

    def count(self, first: date, last: date) -> int:
        """School days from the one to the other, both included."""
        return max(0, bisect_right(self.days, last) - bisect_left(self.days, first))

    def following(self, day: date, days: int) -> date | None:
        """The nth school day after that day; None where the calendar is not known so far."""
        at = bisect_right(self.days, day) + days - 1
        return self.days[at] if 0 <= at < len(self.days) else None

    def required_minutes(self, year: SchoolYear) -> int:
        """What a student is to attend in that year."""
        if year.required_minutes is not None:
            return year.required_minutes
        if year not in self._minutes:
            first, last = bisect_left(self.days, year.begins), bisect_right(self.days, year.ends)
            self._minutes[year] = sum(self.plan[day].minutes for day in self.days[first:last])
        return self._minutes[year]

    def weeks(self, year: SchoolYear) -> list[date]:
        """The Mondays of that year's weeks that have a school day, in order."""
        if year not in self._weeks:
            self._weeks[year] = sorted({monday(day) for day in self.days if year.begins <= day <= year.ends})
        return self._weeks[year]


class Enrollment(NamedTuple):
    """A stretch at a school. `exit`: the last day at it; None while it lasts."""

    school: str
    entry: date
    exit: date | None
    calendar: Calendar
    primary: bool = True


class Stretch(NamedTuple):
    """What of an enrollment counts: of two at the same time, the primary one."""

    first: date
    last: date
    enrollment: Enrollment


class Schedule:
    """The days on which one student is expected, each under one enrollment."""

    def __init__(self, enrollments: Sequence[Enrollment], *, off: Iterable[date] = ()) -> None:
        self._enrollments = enrollments
        self.stretches = _stretches(enrollments)
        for day in off:
            self.stretches = [
                Stretch(first, last, one.enrollment)
                for one in self.stretches
                for first, last in _without(one.first, one.last, day, day)
            ]

    def without(self, days: Iterable[date]) -> "Schedule":
        """The same, but for days on which this student was not expected after all."""
        return Schedule(self._enrollments, off=days)

    def at(self, day: date) -> Stretch | None:
        """The stretch that the day is in."""
        for stretch in self.stretches:
            if stretch.first <= day <= stretch.last:
                return stretch
        return None

    def planned(self, day: date) -> SchoolDay | None:
        """How long the student is expected that day; None if not at all."""
        stretch = self.at(day)
        return stretch.enrollment.calendar.planned(day) if stretch else None

    def year_of(self, day: date) -> SchoolYear | None:
        """The school year of the school that the student goes to on that day."""
        stretch = self.at(day)
        return stretch.enrollment.calendar.year_of(day) if stretch else None

    def count(self, first: date, last: date, under: Enrollment | None = None) -> int:
        """Days on which the student was expected, from the one to the other, both included.

        `under`: only the days of that enrollment.
        """
        return sum(
            one.enrollment.calendar.count(max(first, one.first), min(last, one.last))
            for one in self.stretches
            if one.first <= last and first <= one.last and (under is None or one.enrollment == under)
        )

    def reaches(self, first: date, days: int, under: Enrollment | None = None) -> date | None:
        """The day on which they have been expected that many days since `first`; None if it never comes."""
        for one in self.stretches:
            if one.last < first or not (under is None or one.enrollment == under):
                continue
            begins, calendar = max(first, one.first), one.enrollment.calendar
            there = calendar.days[calendar.number(begins) + days - 1 :][:1]
            if there and there[0] <= one.last:
                return there[0]
            days -= calendar.count(begins, one.last)
        return None

    def back(self, day: date, days: int) -> date:
        """The first of the last `days` expected days up to that day; the very first if there were fewer."""
        for one in reversed(self.stretches):
            if one.first > day:
                continue
            calendar = one.enrollment.calendar
            last = min(day, one.last)
            there = calendar.count(one.first, last)
            if there >= days:
                return calendar.days[bisect_right(calendar.days, last) - days]
            days -= there
        return self.stretches[0].first if self.stretches else day

    def day_before(self, day: date) -> date | None:
        """The expected day before that day."""
        for one in reversed(self.stretches):
            if one.first >= day:
                continue
            days = one.enrollment.calendar.days
            at = (bisect_left(days, day) if day <= one.last else bisect_right(days, one.last)) - 1
            if at >= 0 and days[at] >= one.first:
                return days[at]
        return None

    def weeks_back(self, day: date, weeks: int) -> date:
        """The Monday of the first of the last so many weeks, up to that day's, in which they were expected."""
        first = monday(day)
        for _ in range(weeks - 1):
            before = self.day_before(first)
            if before is None:
                break
            first = monday(before)
        return first

    def due(self, day: date, days: int) -> date | None:
        """The nth school day after that day at the school they go to then, or went to last.

        None where its calendar is not known so far: the clock stands still.
        """
        stretch = self.at(day) or next((one for one in reversed(self.stretches) if one.first <= day), None)
        return stretch.enrollment.calendar.following(day, days) if stretch else None


def _stretches(enrollments: Sequence[Enrollment]) -> list[Stretch]:
    """Without overlaps. The primary one wins; of two alike, the one that began later.

    Who left before they came, as systems write of a child that never turned up, was not there.
    """
    if len(enrollments) == 1:
        (only,) = enrollments
        last = only.exit or date.max
        return [Stretch(only.entry, last, only)] if only.entry <= last else []
    found: list[Stretch] = []
    there = [one for one in enrollments if one.exit is None or one.entry <= one.exit]
    for one in sorted(there, key=lambda one: (not one.primary, -one.entry.toordinal(), one.school)):
        free = [(one.entry, one.exit or date.max)]
        for taken in found:
            free = [piece for first, last in free for piece in _without(first, last, taken.first, taken.last)]
        found += [Stretch(first, last, one) for first, last in free]
    return sorted(found, key=lambda one: one.first)


def _without(first: date, last: date, taken_from: date, taken_to: date) -> list[tuple[date, date]]:
    if last < taken_from or taken_to < first:
        return [(first, last)]
    left = []
    if first < taken_from:
        left.append((first, taken_from - timedelta(days=1)))
    if taken_to < last:
        left.append((taken_to + timedelta(days=1), last))
    return left
