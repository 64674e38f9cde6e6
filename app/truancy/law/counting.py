"""Turns one student-day into a number, by the units of AR/1.

Where a day has a mark of its own (slot DAY), that one speaks for the day, and lessons are not counted beside it; they
are where a rule counts lessons or sessions. Minutes are capped by what the day plans. An absence without minutes is
the whole of its slot; a late arrival without minutes is of none that we know.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil
from typing import Any, Final, NamedTuple

from app.truancy.law.facts import AM, DAY, PM, Mark
from app.truancy.law.rule import Amount, Count, Unit, whole
from app.truancy.law.schedule import SchoolDay
from app.truancy.law.traits import AWAY

#: From the marks that count, and the day as it was planned, to a number.
Measure = Callable[[Sequence[Mark], SchoolDay], Amount]

HALF_DAYS: Final = (AM, PM)
#: Looks of a day that are remembered.
MOST_KNOWN: Final = 20_000


class Amounts(NamedTuple):
    """What a day comes to under each of several counts."""

    exact: tuple[Amount, ...]
    #: The same, parts of days as whole ones; the same object where there are none.
    at_most: tuple[int, ...]


NOTHING: Final = Amounts((), ())


class Worth:
    """What days come to under each of several counts.

    Days that look alike, of the same plan and the same marks but for the date, come to the same; so each is worked
    out once for all students.
    """

    def __init__(self, counts: Sequence[Count]) -> None:
        self._counts = [(count, measure(count)) for count in counts]
        self._known: dict[tuple[Any, ...], Amounts] = {}

    def of(self, marks: Sequence[Mark], planned: SchoolDay) -> Amounts:
        """The amounts, in the order of the counts."""
        look = (planned, marks[0][1:]) if len(marks) == 1 else (planned, *[mark[1:] for mark in marks])
        known = self._known.get(look)
        if known is None:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            known = self._known[look] = _rounded([_worth(*one, marks, planned) for one in self._counts])
        return known


def _rounded(amounts: Sequence[Amount]) -> Amounts:
    at_most = tuple([ceil(one) for one in amounts])
    return Amounts(at_most if at_most == tuple(amounts) else tuple(amounts), at_most)


def _worth(count: Count, measured: Measure, marks: Sequence[Mark], planned: SchoolDay) -> Amount:
    its_own = counted(count, marks)
    return measured(its_own, planned) if its_own else 0


def counted(count: Count, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Those marks of a day that the rule is about."""
    traits, but = count.traits, count.but
    return tuple([mark for mark in marks if mark.traits & traits and not mark.traits & but])


def measure(count: Count) -> Measure:
    """What some marks of one day come to, by what the rule counts. Of unit hour it is minutes."""
    units = [_UNITS[unit](count) for unit in count.units]
    cap = count.cap_per_day
    if cap is not None and Unit.HOUR in count.units:
        cap *= 60
    if len(units) == 1 and cap is None:
        return units[0]

    def summed(marks: Sequence[Mark], planned: SchoolDay) -> Amount:
        total: Amount = 0
        for unit in units:
            total += unit(marks, planned)
        return total if cap is None or total <= cap else cap

    return summed


def heard(count: Count, marks: Sequence[Mark], planned: SchoolDay) -> tuple[Mark, ...]:
    """Those of a day's marks that count: what a firing rests on."""
    marks = counted(count, marks)
    if len(marks) == 1:
        return marks
    found = set[Mark]()
    for unit in count.units:
        if unit in _PARTS:
            found.update(_PARTS[unit](marks) or [mark for mark in marks if mark.slot == DAY])
        else:
            of_the_day = _of_the_day(marks)
            if unit is Unit.OCCASION and count.over_minutes is not None:
                found.update(mark for mark in of_the_day if missed(mark, planned) > count.over_minutes)
            elif _UNITS[unit](count)(marks, planned):
                found.update(of_the_day)
    return tuple([mark for mark in marks if mark in found])


def missed(mark: Mark, planned: SchoolDay) -> Amount:
    """Minutes, as far as they are known."""
    if mark.minutes is not None:
        return min(mark.minutes, planned.minutes)
    if not mark.traits & AWAY:
        return 0
    if mark.slot == DAY:
        return planned.minutes
    parts = planned.sessions if mark.slot in HALF_DAYS else planned.periods
    return whole(Fraction(planned.minutes, parts)) if parts else 0


def _missed_that_day(marks: Sequence[Mark], planned: SchoolDay) -> Amount:
    of_the_day = _of_the_day(marks)
    if len(of_the_day) == 1:
        return missed(of_the_day[0], planned)
    total: Amount = 0
    for mark in of_the_day:
        total += missed(mark, planned)
    return min(total, planned.minutes)


def _of_the_day(marks: Sequence[Mark]) -> Sequence[Mark]:
    if len(marks) == 1:
        return marks
    for mark in marks:
        if mark.slot == DAY:
            return [mark]
    return marks


def _day_any(count: Count) -> Measure:
    return lambda marks, planned: 1


def _day_full(count: Count) -> Measure:
    share = count.full_share

    def full(marks: Sequence[Mark], planned: SchoolDay) -> Amount:
        if not planned.minutes:
            return _away_all_day(marks)
        return 1 if _missed_that_day(marks, planned) >= share * planned.minutes else 0

    return full


def _day_frac(count: Count) -> Measure:
    step = count.step

    def part(marks: Sequence[Mark], planned: SchoolDay) -> Amount:
        if not planned.minutes:
            return _away_all_day(marks)
        minutes = _missed_that_day(marks, planned)
        if minutes == planned.minutes:
            return 1
        if not minutes:
            return 0
        share = Fraction(minutes) / planned.minutes
        return share if step is None else whole(share // step * step)

    return part


def _away_all_day(marks: Sequence[Mark]) -> Amount:
    return int(any(mark.slot == DAY and mark.traits & AWAY for mark in marks))


def _occasion(count: Count) -> Measure:
    over = count.over_minutes
    if over is None:
        return lambda marks, planned: len(_of_the_day(marks))
    return lambda marks, planned: sum([missed(mark, planned) > over for mark in _of_the_day(marks)])


def _period(count: Count) -> Measure:
    return lambda marks, planned: len(_lessons(marks)) or _parts(marks, planned.periods)


def _lessons(marks: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.slot != DAY and mark.slot not in HALF_DAYS]


def _session(count: Count) -> Measure:
    return lambda marks, planned: len(_half_days(marks)) or _parts(marks, planned.sessions)


def _half_days(marks: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.slot in HALF_DAYS]


def _parts(marks: Sequence[Mark], parts: int) -> Amount:
    """Of a mark of the whole day: every part of it, or the one that somebody came late to or left early."""
    for mark in marks:
        if mark.slot == DAY:
            return parts if mark.traits & AWAY else min(1, parts)
    return 0


def _hour(count: Count) -> Measure:
    return _missed_that_day


_UNITS: Final[dict[Unit, Callable[[Count], Measure]]] = {
    Unit.DAY_ANY: _day_any,
    Unit.DAY_FULL: _day_full,
    Unit.DAY_FRAC: _day_frac,
    Unit.OCCASION: _occasion,
    Unit.PERIOD: _period,
    Unit.SESSION: _session,
    Unit.HOUR: _hour,
}
#: Units that are parts of a day, and the marks of such parts.
_PARTS: Final[dict[Unit, Callable[[Sequence[Mark]], list[Mark]]]] = {
    Unit.PERIOD: _lessons,
    Unit.SESSION: _half_days,
}
