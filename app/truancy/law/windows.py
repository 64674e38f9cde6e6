"""Finds where a count first meets its threshold, in each kind of window.

Windows that begin and end (a school year, a month) fire by the rule's `repeat`. Those that slide and those that are a
run count no mark twice: once they have fired, they begin anew with the marks that follow. So no mark stands behind two
notices.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple, Protocol

from app.truancy.law.facts import Mark
from app.truancy.law.rule import Amount, Of, Repeat, Rule, Span, Unit, Window
from app.truancy.law.schedule import WEEK, Schedule, SchoolYear, Stretch
from app.truancy.law.traits import Traits

#: Windows that are remembered of one rule.
MOST_KNOWN: Final = 10_000


class Registered(Protocol):
    """A day with something in the register."""

    @property
    def day(self) -> date: ...
    @property
    def traits(self) -> Traits: ...


class Point(NamedTuple):
    """A day that counts, and for how much."""

    day: date
    amount: Amount
    marks: tuple[Mark, ...]
    year: SchoolYear
    stretch: Stretch


class Bounds(NamedTuple):
    """One window that begins and ends."""

    name: str
    first: date
    last: date


#: Which window a day is in.
BoundsOf = Callable[[Point], Bounds | None]


class Crossing(NamedTuple):
    """Where the threshold was met."""

    window: str
    ordinal: int
    day: date
    points: tuple[Point, ...]
    total: Amount
    out_of: int | None


class Share:
    """What a threshold measures by, for one student."""

    def __init__(self, rule: Rule, schedule: Schedule, days: Sequence[Registered]) -> None:
        self._threshold = rule.threshold
        self._schedule = schedule
        less = rule.threshold.less
        self._less = [one.day for one in days if one.traits & less] if less else []
        hours = Unit.HOUR in rule.count.units
        n = rule.threshold.n
        self._least: Amount | None = n * 60 if hours and n is not None else n

    def out_of(self, first: date, point: Point) -> int | None:
        """What the count since `first` is a share of on that day; None if it is no share."""
        of = self._threshold.of
        if of is None:
            return None
        if of is Of.FIXED:
            return self._threshold.fixed
        if of is Of.REQUIRED_MINUTES:
            return point.stretch.enrollment.calendar.required_minutes(point.year)
        less = sum(first <= day <= point.day for day in self._less)
        if of is Of.WINDOW_DAYS:
            return point.stretch.enrollment.calendar.count(first, point.day) - less
        return self._schedule.count(first, point.day) - less

    def met(self, total: Amount, out_of: int | None) -> bool:
        """True if that much is too much."""
        threshold = self._threshold
        if self._least is not None:
            return total > self._least if threshold.over else total >= self._least
        assert threshold.percent is not None, "A threshold is a number or a share."
        if not out_of or out_of < threshold.least:
            return False
        there, asked = total * 100, threshold.percent * out_of
        return there > asked if threshold.over else there >= asked

    def grows_into(self, bounds: Bounds) -> date | None:
        """The day on which the share begins to say something, if not on the first; None if it never does."""
        if self._threshold.least <= 1 or self._threshold.of not in (Of.ENROLLED_DAYS, Of.WINDOW_DAYS):
            return None
        for more in range(len(self._less) + 1):
            day = self._schedule.reaches(bounds.first, self._threshold.least + more)
            if day is None or day > bounds.last:
                return None
            if sum(bounds.first <= one <= day for one in self._less) <= more:
                return day
        return None


def crossings(
    rule: Rule,
    inside: BoundsOf,
    points: Sequence[Point],
    schedule: Schedule,
    share: Share,
    current_to: date,
) -> Iterator[Crossing]:
    """Where the rule's threshold is met, in order. Of windows that begin after another rule: see since()."""
    if rule.window.span is Span.ROLLING:
        yield from _rolling(rule, points, schedule, share)
    elif rule.window.span is Span.RUN:
        yield from _runs(rule, points, schedule, share)
    else:
        for bounds, group in groupby(points, key=inside):
            if bounds is not None:
                yield from _within(rule, bounds, list(group), schedule, share, current_to)
                if rule.repeat is Repeat.ONCE:
                    return


def since(rule: Rule, points: Sequence[Point], begun: Iterable[Bounds], share: Share) -> Iterator[Crossing]:
    """The same for windows that begin with a firing of another rule, the day after it, and end with the school year."""
    for bounds in begun:
        inside = [point for point in points if bounds.first <= point.day <= bounds.last]
        fired = list(_counted(rule, bounds, inside, share))
        yield from fired
        if fired and rule.repeat is Repeat.ONCE:
            return


def _within(
    rule: Rule, bounds: Bounds, points: list[Point], schedule: Schedule, share: Share, current_to: date
) -> Iterator[Crossing]:
    reached = share.grows_into(bounds)
    if reached is not None and reached <= current_to and all(point.day != reached for point in points):
        # On that day a share is first looked at; nothing was missed on it.
        quiet = _quiet(reached, schedule)
        points = sorted([*points, quiet], key=lambda point: point.day) if quiet else points
    return _counted(rule, bounds, points, share)


def _quiet(day: date, schedule: Schedule) -> Point | None:
    stretch, year = schedule.at(day), schedule.year_of(day)
    return Point(day, 0, (), year, stretch) if stretch and year else None


def _counted(rule: Rule, bounds: Bounds, points: Iterable[Point], share: Share) -> Iterator[Crossing]:
    total: Amount = 0
    fired_at: Amount = 0
    ordinal = 0
    fresh: list[Point] = []
    for point in points:
        total += point.amount
        if point.amount:
            fresh.append(point)
        out_of = share.out_of(bounds.first, point)
        if not share.met(total, out_of):
            continue
        if rule.repeat is Repeat.EACH and ordinal and total < fired_at + rule.each:
            continue
        ordinal += 1
        yield Crossing(bounds.name, ordinal, point.day, tuple(fresh), total, out_of)
        fired_at, fresh = total, []
        if rule.repeat in (Repeat.PER_WINDOW, Repeat.ONCE):
            return


def _rolling(rule: Rule, points: Sequence[Point], schedule: Schedule, share: Share) -> Iterator[Crossing]:
    ordinals: dict[str, int] = {}
    held: list[Point] = []
    for point in points:
        first = _start(rule.window, point, schedule)
        held = [one for one in held if one.day >= first]
        held.append(point)
        total = sum([one.amount for one in held])
        out_of = share.out_of(first, point)
        if not share.met(total, out_of):
            continue
        ordinals[point.year.name] = ordinals.get(point.year.name, 0) + 1
        yield Crossing(point.year.name, ordinals[point.year.name], point.day, tuple(held), total, out_of)
        if rule.repeat is Repeat.ONCE:
            return
        held = []


def _start(window: Window, point: Point, schedule: Schedule) -> date:
    """The first day of the window that ends with this one."""
    if window.of == "calendar_day":
        first = point.day - timedelta(days=window.length - 1)
    elif window.of == "calendar_month":
        first = _months_before(point.day, window.length) + timedelta(days=1)
    elif window.of == "school_week":
        first = _weeks_back(point, window.length)
    else:
        first = schedule.back(point.day, window.length)
    return first if window.cross_year else max(first, point.year.begins)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _weeks_back(point: Point, weeks: int) -> date:
    """The Monday of the first of the last so many weeks that have a school day."""
    monday = point.day - timedelta(days=point.day.weekday())
    mondays = point.stretch.enrollment.calendar.weeks
    at = mondays.index(monday)
    return mondays[max(0, at - weeks + 1)]


def _runs(rule: Rule, points: Sequence[Point], schedule: Schedule, share: Share) -> Iterator[Crossing]:
    ordinals: dict[str, int] = {}
    run: list[Point] = []
    fired = False
    for point in points:
        goes_on = run and run[-1].year is point.year and schedule.day_before(point.day) == run[-1].day
        if not goes_on:
            run, fired = [], False
        run.append(point)
        total = sum([one.amount for one in run])
        out_of = share.out_of(run[0].day, point)
        if fired or not share.met(total, out_of):
            continue
        fired = True
        ordinals[point.year.name] = ordinals.get(point.year.name, 0) + 1
        yield Crossing(point.year.name, ordinals[point.year.name], point.day, tuple(run), total, out_of)
        if rule.repeat is Repeat.ONCE:
            return


def bounds_of(window: Window) -> BoundsOf:
    """Which window a day is in, if they are of a kind that begins and ends; made once and asked for every student."""
    known: dict[tuple[Any, ...], Bounds] = {}
    key, make = _KINDS.get(window.span, _FIXED)

    def inside(point: Point) -> Bounds | None:
        of = key(point)
        found = known.get(of)
        if found is None:
            made = make(window, point)
            if made is None:
                return None
            if len(known) > MOST_KNOWN:
                known.clear()
            found = known[of] = made
        return found

    return inside


def _school_year(window: Window, point: Point) -> Bounds:
    return Bounds(point.year.name, point.year.begins, point.year.ends)


def _since_enrollment(window: Window, point: Point) -> Bounds:
    year, enrollment = point.year, point.stretch.enrollment
    entry = max(enrollment.entry, year.begins)
    return Bounds(f"{year.name}@{enrollment.school}:{entry}", entry, min(point.stretch.last, year.ends))


def _calendar_month(window: Window, point: Point) -> Bounds:
    first = point.day.replace(day=1)
    last = _months_before(first, -1) - timedelta(days=1)
    return Bounds(f"{point.day:%Y-%m}", max(first, point.year.begins), min(last, point.year.ends))


def _school_month(window: Window, point: Point) -> Bounds:
    """The weeks of a school year by fours, or as many as the rule says, from the week of its first school day."""
    year, weeks = point.year, window.length
    opens = point.stretch.enrollment.calendar.following(year.begins - timedelta(days=1), 1) or year.begins
    monday = opens - timedelta(days=opens.weekday())
    number = (point.day - monday) // (WEEK * weeks)
    first = monday + number * weeks * WEEK
    return Bounds(f"{year.name}/m{number + 1}", first, first + weeks * WEEK - timedelta(days=1))


def _fixed(window: Window, point: Point) -> Bounds | None:
    if window.first is not None and window.last is not None and window.first <= point.day <= window.last:
        return Bounds(f"{window.first}..{window.last}", window.first, window.last)
    return None


_FIXED: Final = (lambda point: (point.day,), _fixed)
#: By kind of window: what tells one from the other, and how it is made.
_KINDS: Final[
    dict[Span, tuple[Callable[[Point], tuple[Any, ...]], Callable[[Window, Point], Bounds | None]]]
] = {
    Span.SCHOOL_YEAR: (lambda point: (point.year,), _school_year),
    Span.SINCE_ENROLLMENT: (lambda point: (point.year, *point.stretch), _since_enrollment),
    Span.CALENDAR_MONTH: (lambda point: (point.year, point.day.year, point.day.month), _calendar_month),
    Span.SCHOOL_MONTH: (
        lambda point: (point.stretch.enrollment.calendar, point.year, point.day),
        _school_month,
    ),
}
