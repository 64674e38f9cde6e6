"""Finds where a count first meets its threshold, in each kind of window.

Windows that begin and end (a school year, a month) fire by the rule's `repeat`. Those that slide and those that are a
run count no mark twice: once they have fired, they begin anew with the marks that follow. So no mark stands behind two
notices.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple

from app.truancy.law.bar import Bar
from app.truancy.law.days import Counted, Expected, OutOf, StudentDay
from app.truancy.law.prior import Brought, Prior, within
from app.truancy.law.rule import Amount, Repeat, Rule, Span, Window
from app.truancy.law.schedule import Enrollment, Schedule, monday

#: Windows that are remembered of one rule.
MOST_KNOWN: Final = 10_000
#: Of these a window has one firing.
_ONE_EACH: Final = (Repeat.PER_WINDOW, Repeat.ONCE)
_BY_DAY: Final = attrgetter("day")
_DAY: Final = lambda one: one[0].day  # noqa: E731


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
BoundsOf = Callable[[StudentDay], Bounds | None]


class Earlier(NamedTuple):
    """A firing that is known already: of an earlier version of the rule, or in a window of the same name."""

    window: str
    trigger: date


class Crossing(NamedTuple):
    """Where the threshold was met, on a day on which the rule is in force."""

    window: str
    ordinal: int
    day: date
    #: The days that count and stand behind no crossing before.
    days: tuple[StudentDay, ...]
    total: Amount
    out_of: int | None
    #: The records of earlier schools that were counted besides, and stand behind no crossing before.
    prior: tuple[Prior, ...] = ()


class Tally(NamedTuple):
    """What a rule counts of one student, and what else decides whether it fires."""

    rule: Rule
    bar: Bar
    counted: list[Counted]
    expected: Expected
    current_to: date
    #: Firings of earlier versions.
    earlier: Sequence[Earlier]
    #: What records of earlier schools bring, in order of their last days.
    brought: Sequence[Brought] = ()


def crossings(tally: Tally, inside: BoundsOf) -> list[Crossing]:
    """Where the rule's threshold is met, in order. Of windows that begin after another rule: see since()."""
    rule = tally.rule
    if rule.repeat is Repeat.ONCE and tally.earlier:
        return []
    if rule.window.span is Span.ROLLING:
        found = list(_rolling(tally))
    elif rule.window.span is Span.RUN:
        found = list(_runs(tally))
    else:
        found = _in_windows(tally, _by_window(tally, inside))
    return found[:1] if rule.repeat is Repeat.ONCE else found


def since(tally: Tally, begun: Iterable[Bounds]) -> list[Crossing]:
    """The same for windows that begin with a firing of another rule, the day after it, and end with the school year."""
    if tally.rule.repeat is Repeat.ONCE and tally.earlier:
        return []
    windows = [
        InWindow(one, [each for each in tally.counted if one.first <= each[0].day <= one.last])
        for one in begun
    ]
    found = _in_windows(tally, windows)
    return found[:1] if tally.rule.repeat is Repeat.ONCE else found


class InWindow(NamedTuple):
    """A window and the days in it that count."""

    bounds: Bounds
    counted: list[Counted]
    #: Days that were in another window at the school before: they are counted, but nothing fires on them.
    carried: Set[date] = frozenset()


def _by_window(tally: Tally, inside: BoundsOf) -> Iterable[InWindow]:
    """The days of each window. A year goes on at the next school, even where that school's begins on another day."""
    counted = tally.counted
    if tally.expected.only:
        # Nearly everybody is at one school, and most windows are a year.
        first, last = counted[0][0], counted[-1][0]
        bounds = inside(first)
        if bounds and last.day <= bounds.last and last.year is first.year:
            return [InWindow(bounds, counted)]
    opened: dict[tuple[str, str], InWindow] = {}
    theirs: list[Counted] = []
    until, enrollment = date.min, None
    for one in counted:
        there = one[0]
        if there.day <= until and there.enrollment is enrollment:
            # In the window of the day before it.
            theirs.append(one)
            continue
        bounds = inside(there)
        if bounds is None:
            continue
        until, enrollment = bounds.last, there.enrollment
        known = opened.get((bounds.name, bounds.part))
        if known is None:
            theirs = [one]
            opened[bounds.name, bounds.part] = InWindow(bounds, theirs)
            continue
        theirs = known.counted
        theirs.append(one)
        if bounds is not known.bounds:
            wider = known.bounds._replace(
                first=min(known.bounds.first, bounds.first), last=max(known.bounds.last, bounds.last)
            )
            opened[bounds.name, bounds.part] = InWindow(wider, known.counted)
    if tally.rule.window.span is Span.SCHOOL_MONTH and not tally.expected.only:
        return [_with_carried(bounds, theirs, counted) for bounds, theirs, _ in opened.values()]
    return opened.values()


def _with_carried(bounds: Bounds, theirs: Sequence[Counted], counted: Sequence[Counted]) -> InWindow:
    """A month of the new school has days that were in a month of the old one."""
    own = {there.day for there, _ in theirs}
    all_ = [one for one in counted if bounds.first <= one[0].day <= bounds.last]
    return InWindow(bounds, all_, {there.day for there, _ in all_} - own)


def _in_windows(tally: Tally, windows: Iterable[InWindow]) -> list[Crossing]:
    found: list[Crossing] = []
    triggers: dict[str, list[date]] = {}
    for one in tally.earlier:
        triggers.setdefault(one.window, []).append(one.trigger)
    for opened in windows:
        brought = _brought_into(tally, opened.bounds) if tally.brought else ()
        enough = _enough(tally.bar, opened.counted, _much(brought) if brought else 0)
        if enough is None:
            continue
        name, first, _, under, _ = opened.bounds
        share_of = tally.expected.out_of(tally.bar, first, under)
        if tally.bar.waits:
            opened = _looked_at(tally, opened, enough, share_of)
        met = _met(tally, opened, share_of, triggers.get(name, ()), brought)
        if met:
            found += met
            triggers.setdefault(name, []).extend([one.day for one in met])
    return sorted(found, key=_BY_DAY) if len(found) > 1 else found


def _brought_into(tally: Tally, bounds: Bounds) -> list[Brought]:
    """What records of earlier schools bring into a window: into a year from the first day that it has at any school."""
    first, last = bounds.first, bounds.last
    if tally.rule.window.span is Span.SCHOOL_YEAR:
        calendars = [one.enrollment.calendar for one in tally.expected.schedule.stretches]
        years = [year for one in calendars for year in one.years if year.name == bounds.name]
        first, last = min(one.begins for one in years), max(one.ends for one in years)
    return within(tally.brought, first, last)


def _enough(bar: Bar, counted: Iterable[Counted], brought: int) -> StudentDay | None:
    """The first day on which the threshold could be met, whatever it is a share of."""
    total = brought
    for there, amount in counted:
        total += amount
        if total * 100 >= bar.least:
            return there
    return None


def _looked_at(tally: Tally, opened: InWindow, enough: StudentDay, share_of: OutOf) -> InWindow:
    """With the day on which the share first says something, if anything can be met on it."""
    bar, expected = tally.bar, tally.expected
    bounds, counted, carried = opened
    if bar.grows and (share_of(enough) or 0) >= bar.least_days:
        return opened
    quiet = expected.first_said(bar, bounds.first, bounds.last, bounds.under)
    if quiet is None or quiet.day > tally.current_to:
        return opened
    at = bisect_left(counted, quiet.day, key=_DAY)
    if at < len(counted) and counted[at][0].day == quiet.day:
        return opened
    return InWindow(bounds, [*counted[:at], (quiet, 0), *counted[at:]], carried)


def _met(
    tally: Tally, opened: InWindow, share_of: OutOf, before: Sequence[date], brought: Sequence[Brought]
) -> list[Crossing]:
    """`before`: the days on which the window, or one of its name, has fired already."""
    rule, bar = tally.rule, tally.bar
    bounds, counted, carried = opened
    found: list[Crossing] = []
    ordinal, used = len(before), max(before, default=date.min)
    if before and rule.repeat is Repeat.PER_WINDOW:
        return found
    total = fired_at = 0
    least = bar.least
    fresh: list[StudentDay] = []
    prior: list[Prior] = []
    waiting = deque(brought) if brought else None
    for there, amount in counted:
        total += amount
        day = there[0]
        while waiting and waiting[0].last < day:
            one = waiting.popleft()
            total += one.amount
            if one.last < used:
                fired_at += one.amount
            else:
                prior.append(one.prior)
        if day <= used:
            fired_at = total
            continue
        if amount:
            fresh.append(there)
        if total * 100 < least or day in carried:
            continue
        out_of = share_of(there)
        if not bar.met(total, out_of):
            if bar.grows:
                # It will not be a share of fewer days later on.
                least = bar.hundredths(out_of)
            continue
        if not rule.in_force(day):
            continue
        if ordinal and rule.repeat is Repeat.EACH and total < fired_at + bar.each:
            continue
        ordinal += 1
        told = bar.told(total)
        found.append(Crossing(bounds.name, ordinal, day, tuple(fresh), told, out_of, tuple(prior)))
        fired_at, fresh, prior = total, [], []
        if rule.repeat in _ONE_EACH:
            break
    return found


def _rolling(tally: Tally) -> Iterator[Crossing]:
    rule, bar, expected = tally.rule, tally.bar, tally.expected
    ordinals = Counter(one.window for one in tally.earlier)
    used = max((one.trigger for one in tally.earlier), default=date.min)
    held: deque[Counted] = deque()
    brought = [one for one in tally.brought if one.last > used] if tally.brought else ()
    total, own_least = 0, bar.least - 100 * _much(brought) if brought else bar.least
    for one in tally.counted:
        there = one[0]
        if there.day <= used:
            continue
        held.append(one)
        total += one[1]
        if total * 100 < own_least:
            continue
        first = _start(rule.window, there, expected.schedule)
        while held[0][0].day < first:
            total -= held.popleft()[1]
        prior = within(brought, first, there.day) if brought else ()
        much = total + _much(prior) if prior else total
        if much * 100 < bar.least:
            continue
        out_of = expected.out_of(bar, first)(there) if bar.of else None
        if not bar.met(much, out_of) or not rule.in_force(there.day):
            continue
        name, days = there.year.name, tuple([day for day, _ in held])
        ordinals[name] += 1
        told, behind = bar.told(much), tuple([one.prior for one in prior])
        yield Crossing(name, ordinals[name], there.day, days, told, out_of, behind)
        held.clear()
        total = 0
        if brought:
            brought = [one for one in brought if one.last > there.day]
            own_least = bar.least - 100 * _much(brought)


def _much(brought: Iterable[Brought]) -> int:
    return sum([one.amount for one in brought])


def _runs(tally: Tally) -> Iterator[Crossing]:
    rule, bar, expected = tally.rule, tally.bar, tally.expected
    ordinals = Counter(one.window for one in tally.earlier)
    triggers = {one.trigger for one in tally.earlier}
    run: list[StudentDay] = []
    total, fired = 0, False
    for there, amount in tally.counted:
        name = there.year.name
        before = run[-1] if run else None
        if not before or before.year.name != name or expected.schedule.day_before(there.day) != before.day:
            run, total, fired = [], 0, False
        run.append(there)
        total += amount
        fired = fired or there.day in triggers
        if fired or total * 100 < bar.least:
            continue
        out_of = expected.out_of(bar, run[0].day)(there)
        if not bar.met(total, out_of) or not rule.in_force(there.day):
            continue
        fired = True
        ordinals[name] += 1
        yield Crossing(name, ordinals[name], there.day, tuple(run), bar.told(total), out_of)


def longest(window: Window) -> int | None:
    """How many calendar days a window lasts at most; None where the calendar does not tell."""
    if window.span is Span.CALENDAR_MONTH:
        return 31
    return window.length if window.span is Span.ROLLING and window.of == "calendar_day" else None


def _start(window: Window, there: StudentDay, schedule: Schedule) -> date:
    """The first day of the window that ends with this one."""
    if window.of == "calendar_day":
        first = there.day - timedelta(days=window.length - 1)
    elif window.of == "calendar_month":
        first = _months_before(there.day, window.length) + timedelta(days=1)
    elif window.of == "school_week":
        first = schedule.weeks_back(there.day, window.length)
    else:
        first = schedule.back(there.day, window.length)
    return first if window.cross_year else max(first, there.year.begins)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def bounds_of(window: Window) -> BoundsOf:
    """Which window a day is in, if they are of a kind that begins and ends; made once and asked for every student."""
    known: dict[tuple[Any, ...], Bounds] = {}
    key, make = _KINDS.get(window.span, _FIXED)

    def inside(there: StudentDay) -> Bounds | None:
        of = key(there)
        found = known.get(of)
        if found is None:
            made = make(window, there)
            if made is None:
                return None
            if len(known) > MOST_KNOWN:
                known.clear()
            found = known[of] = made
        return found

    return inside


def _school_year(window: Window, there: StudentDay) -> Bounds:
    return Bounds(there.year.name, there.year.begins, there.year.ends)


def _since_enrollment(window: Window, there: StudentDay) -> Bounds:
    year, enrollment = there.year, there.enrollment
    entry = max(enrollment.entry, year.begins)
    last = min(enrollment.exit or date.max, year.ends)
    return Bounds(f"{year.name}@{enrollment.school}:{entry}", entry, last, enrollment, f"{enrollment.entry}")


def _calendar_month(window: Window, there: StudentDay) -> Bounds:
    year, first = there.year, there.day.replace(day=1)
    last = _months_before(first, -1) - timedelta(days=1)
    return Bounds(f"{there.day:%Y-%m}", max(first, year.begins), min(last, year.ends), part=year.name)


def _school_month(window: Window, there: StudentDay) -> Bounds:
    """The school weeks of a year by fours, or as many as the rule says. A week without school is none of them."""
    weeks = there.enrollment.calendar.weeks(there.year)
    number = weeks.index(monday(there.day)) // window.length
    own = weeks[number * window.length : (number + 1) * window.length]
    first, last = own[0], own[-1] + timedelta(days=6)
    return Bounds(f"{there.year.name}/m{number + 1}", first, last, part=f"{first}..{last}")


def _fixed(window: Window, there: StudentDay) -> Bounds | None:
    if window.first is not None and window.last is not None and window.first <= there.day <= window.last:
        return Bounds(f"{window.first}..{window.last}", window.first, window.last)
    return None


_FIXED: Final = (lambda there: (there.day,), _fixed)
#: By kind of window: what tells one from the other, and how it is made.
_KINDS: Final[
    dict[Span, tuple[Callable[[StudentDay], tuple[Any, ...]], Callable[[Window, StudentDay], Bounds | None]]]
] = {
    Span.SCHOOL_YEAR: (lambda there: (there.year,), _school_year),
    Span.SINCE_ENROLLMENT: (lambda there: (there.year, there.enrollment), _since_enrollment),
    Span.CALENDAR_MONTH: (lambda there: (there.year, there.day.year, there.day.month), _calendar_month),
    Span.SCHOOL_MONTH: (
        lambda there: (there.enrollment.calendar, there.year, monday(there.day)),
        _school_month,
    ),
}
