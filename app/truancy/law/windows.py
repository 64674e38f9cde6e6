"""Finds where a count first meets its threshold, in each kind of window.

Windows that begin and end (a school year, a month) fire by the rule's `repeat`. Those that slide and those that are a
run count no mark twice: once they have fired, they begin anew with the marks that follow. So no mark stands behind two
notices.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, Protocol

from app.truancy.law.facts import Mark
from app.truancy.law.rule import Amount, Of, Repeat, Rule, Span, Unit, Window
from app.truancy.law.schedule import Enrollment, Schedule, SchoolYear, monday
from app.truancy.law.traits import Traits

#: Windows that are remembered of one rule.
MOST_KNOWN: Final = 10_000


class Registered(Protocol):
    """A day with something in the register."""

    @property
    def day(self) -> date: ...
    @property
    def traits(self) -> Traits: ...
    @property
    def enrollment(self) -> Enrollment: ...


class Point(NamedTuple):
    """A day that counts, and for how much."""

    day: date
    amount: Amount
    marks: tuple[Mark, ...]
    year: SchoolYear
    enrollment: Enrollment
    #: True for a day that was in another window at the school before: it is counted, but nothing fires on it.
    carried: bool = False


class Bounds(NamedTuple):
    """One window that begins and ends."""

    name: str
    first: date
    last: date
    #: Only days of this enrollment are in it.
    under: Enrollment | None = None
    #: Tells windows of one name apart, where two schools' months or years are not the same.
    part: str = ""


#: Which window a day is in.
BoundsOf = Callable[[Point], Bounds | None]


class Earlier(NamedTuple):
    """A firing that is known already: of an earlier version of the rule, or in a window of the same name."""

    window: str
    trigger: date


class Crossing(NamedTuple):
    """Where the threshold was met, on a day on which the rule is in force."""

    window: str
    ordinal: int
    day: date
    points: tuple[Point, ...]
    total: Amount
    out_of: int | None


class Share:
    """What a threshold measures by, for one student.

    `days`: those with something in the register; `off`: those on which they were not expected after all.
    """

    def __init__(
        self, rule: Rule, schedule: Schedule, days: Sequence[Registered], off: Sequence[date] = ()
    ) -> None:
        self._threshold = rule.threshold
        self._schedule = schedule
        self._off = off
        less = rule.threshold.less
        self._less = [one for one in days if one.traits & less] if less else []
        scale = 60 if Unit.HOUR in rule.count.units else 1
        n = rule.threshold.n
        self._least: Amount | None = None if n is None else n * scale
        #: By how much more it fires again, of Repeat.EACH.
        self.each = rule.each * scale

    def out_of(self, first: date, point: Point, under: Enrollment | None = None) -> int | None:
        """What the count since `first` is a share of on that day; None if it is no share."""
        of = self._threshold.of
        if of is None:
            return None
        if of is Of.FIXED:
            return self._threshold.fixed
        calendar = point.enrollment.calendar
        if of is Of.REQUIRED_MINUTES:
            return calendar.required_minutes(point.year)
        less = sum(
            first <= one.day <= point.day and (under is None or one.enrollment == under) for one in self._less
        )
        if of is Of.WINDOW_DAYS:
            off = sum(first <= day <= point.day and calendar.planned(day) is not None for day in self._off)
            return calendar.count(first, point.day) - off - less
        return self._schedule.count(first, point.day, under) - less

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

    def begins_to_speak(self, bounds: Bounds) -> Point | None:
        """The day on which the share first says something, as one on which nothing was missed.

        None if it does from the first day on, or never.
        """
        least, of = self._threshold.least, self._threshold.of
        if least <= 1 or of not in (Of.ENROLLED_DAYS, Of.WINDOW_DAYS):
            return None
        # A window has days before the student came: those are looked at from the first one of their own.
        days = least if of is Of.ENROLLED_DAYS else 1
        while True:
            day = self._schedule.reaches(bounds.first, days, bounds.under)
            quiet = self._quiet(day) if day is not None and day <= bounds.last else None
            if quiet is None or (self.out_of(bounds.first, quiet, bounds.under) or 0) >= least:
                return quiet
            days += 1

    def _quiet(self, day: date) -> Point | None:
        stretch, year = self._schedule.at(day), self._schedule.year_of(day)
        return Point(day, 0, (), year, stretch.enrollment) if stretch and year else None


def crossings(
    rule: Rule,
    inside: BoundsOf,
    points: Sequence[Point],
    schedule: Schedule,
    share: Share,
    current_to: date,
    earlier: Sequence[Earlier],
) -> list[Crossing]:
    """Where the rule's threshold is met, in order. Of windows that begin after another rule: see since()."""
    if rule.repeat is Repeat.ONCE and earlier:
        return []
    if rule.window.span is Span.ROLLING:
        found = list(_rolling(rule, points, schedule, share, earlier))
    elif rule.window.span is Span.RUN:
        found = list(_runs(rule, points, schedule, share, earlier))
    else:
        windows = _by_window(points, inside)
        if rule.window.span is Span.SCHOOL_MONTH:
            windows = [(bounds, _with_carried(bounds, theirs, points)) for bounds, theirs in windows]
        found = _in_windows(rule, windows, share, current_to, earlier)
    return found[:1] if rule.repeat is Repeat.ONCE else found


def since(
    rule: Rule,
    points: Sequence[Point],
    begun: Iterable[Bounds],
    share: Share,
    current_to: date,
    earlier: Sequence[Earlier],
) -> list[Crossing]:
    """The same for windows that begin with a firing of another rule, the day after it, and end with the school year."""
    if rule.repeat is Repeat.ONCE and earlier:
        return []
    windows = ((one, [point for point in points if one.first <= point.day <= one.last]) for one in begun)
    found = _in_windows(rule, windows, share, current_to, earlier)
    return found[:1] if rule.repeat is Repeat.ONCE else found


def _by_window(points: Sequence[Point], inside: BoundsOf) -> Iterable[tuple[Bounds, list[Point]]]:
    """The days of each window. A year goes on at the next school, even where that school's begins on another day."""
    opened: dict[tuple[str, str], tuple[Bounds, list[Point]]] = {}
    before: Bounds | None = None
    theirs: list[Point] = []
    for point in points:
        bounds = inside(point)
        if bounds is None:
            continue
        # Nearly always the window of the day before: this is gone through for every student each night.
        if bounds is not before:
            key, before = (bounds.name, bounds.part), bounds
            known = opened.get(key)
            if known is None:
                theirs = []
                opened[key] = bounds, theirs
            else:
                first, last = min(known[0].first, bounds.first), max(known[0].last, bounds.last)
                theirs = known[1]
                opened[key] = known[0]._replace(first=first, last=last), theirs
        theirs.append(point)
    return opened.values()


def _with_carried(bounds: Bounds, theirs: list[Point], points: Sequence[Point]) -> list[Point]:
    """A month of the new school has days that were in a month of the old one."""
    own = {point.day for point in theirs}
    return [
        point if point.day in own else point._replace(carried=True)
        for point in points
        if bounds.first <= point.day <= bounds.last
    ]


def _in_windows(
    rule: Rule,
    windows: Iterable[tuple[Bounds, list[Point]]],
    share: Share,
    current_to: date,
    earlier: Sequence[Earlier],
) -> list[Crossing]:
    found: list[Crossing] = []
    triggers: dict[str, list[date]] = {}
    for one in earlier:
        triggers.setdefault(one.window, []).append(one.trigger)
    for bounds, points in windows:
        if not points:
            continue
        quiet = share.begins_to_speak(bounds)
        if quiet and quiet.day <= current_to and all(point.day != quiet.day for point in points):
            points = sorted([*points, quiet], key=lambda point: point.day)
        before = triggers.setdefault(bounds.name, [])
        met = list(_counted(rule, bounds, points, share, before))
        found += met
        before += [one.day for one in met]
    return sorted(found, key=lambda one: one.day)


def _counted(
    rule: Rule, bounds: Bounds, points: Iterable[Point], share: Share, before: Sequence[date]
) -> Iterator[Crossing]:
    """`before`: the days on which the window, or one of its name, has fired already."""
    ordinal, used = len(before), max(before, default=date.min)
    if before and rule.repeat is Repeat.PER_WINDOW:
        return
    total: Amount = 0
    fired_at: Amount = 0
    fresh: list[Point] = []
    for point in points:
        total += point.amount
        if point.day <= used:
            fired_at = total
            continue
        if point.amount:
            fresh.append(point)
        out_of = share.out_of(bounds.first, point, bounds.under)
        if point.carried or not share.met(total, out_of) or not rule.in_force(point.day):
            continue
        if rule.repeat is Repeat.EACH and ordinal and total < fired_at + share.each:
            continue
        ordinal += 1
        yield Crossing(bounds.name, ordinal, point.day, tuple(fresh), total, out_of)
        fired_at, fresh = total, []
        if rule.repeat in (Repeat.PER_WINDOW, Repeat.ONCE):
            return


def _rolling(
    rule: Rule, points: Sequence[Point], schedule: Schedule, share: Share, earlier: Sequence[Earlier]
) -> Iterator[Crossing]:
    ordinals = Counter(one.window for one in earlier)
    used = max((one.trigger for one in earlier), default=date.min)
    held: list[Point] = []
    for point in points:
        if point.day <= used:
            continue
        first = _start(rule.window, point, schedule)
        held = [one for one in held if one.day >= first]
        held.append(point)
        total = sum([one.amount for one in held])
        out_of = share.out_of(first, point)
        if not share.met(total, out_of) or not rule.in_force(point.day):
            continue
        ordinals[point.year.name] += 1
        yield Crossing(point.year.name, ordinals[point.year.name], point.day, tuple(held), total, out_of)
        held = []


def _runs(
    rule: Rule, points: Sequence[Point], schedule: Schedule, share: Share, earlier: Sequence[Earlier]
) -> Iterator[Crossing]:
    ordinals = Counter(one.window for one in earlier)
    triggers = {one.trigger for one in earlier}
    run: list[Point] = []
    fired = False
    for point in points:
        goes_on = (
            run and run[-1].year.name == point.year.name and schedule.day_before(point.day) == run[-1].day
        )
        if not goes_on:
            run, fired = [], False
        run.append(point)
        fired = fired or point.day in triggers
        total = sum([one.amount for one in run])
        out_of = share.out_of(run[0].day, point)
        if fired or not share.met(total, out_of) or not rule.in_force(point.day):
            continue
        fired = True
        ordinals[point.year.name] += 1
        yield Crossing(point.year.name, ordinals[point.year.name], point.day, tuple(run), total, out_of)


def _start(window: Window, point: Point, schedule: Schedule) -> date:
    """The first day of the window that ends with this one."""
    if window.of == "calendar_day":
        first = point.day - timedelta(days=window.length - 1)
    elif window.of == "calendar_month":
        first = _months_before(point.day, window.length) + timedelta(days=1)
    elif window.of == "school_week":
        first = schedule.weeks_back(point.day, window.length)
    else:
        first = schedule.back(point.day, window.length)
    return first if window.cross_year else max(first, point.year.begins)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


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
    year, enrollment = point.year, point.enrollment
    entry = max(enrollment.entry, year.begins)
    last = min(enrollment.exit or date.max, year.ends)
    return Bounds(f"{year.name}@{enrollment.school}:{entry}", entry, last, enrollment, f"{enrollment.entry}")


def _calendar_month(window: Window, point: Point) -> Bounds:
    year, first = point.year, point.day.replace(day=1)
    last = _months_before(first, -1) - timedelta(days=1)
    return Bounds(f"{point.day:%Y-%m}", max(first, year.begins), min(last, year.ends), part=year.name)


def _school_month(window: Window, point: Point) -> Bounds:
    """The school weeks of a year by fours, or as many as the rule says. A week without school is none of them."""
    weeks = point.enrollment.calendar.weeks(point.year)
    number = weeks.index(monday(point.day)) // window.length
    own = weeks[number * window.length : (number + 1) * window.length]
    first, last = own[0], own[-1] + timedelta(days=6)
    return Bounds(f"{point.year.name}/m{number + 1}", first, last, part=f"{first}..{last}")


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
    Span.SINCE_ENROLLMENT: (lambda point: (point.year, point.enrollment), _since_enrollment),
    Span.CALENDAR_MONTH: (lambda point: (point.year, point.day.year, point.day.month), _calendar_month),
    Span.SCHOOL_MONTH: (lambda point: (point.enrollment.calendar, point.year, point.day), _school_month),
}
