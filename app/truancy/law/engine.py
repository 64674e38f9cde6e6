"""Which rules fire for a student: a pure function of the facts and the rules.

The same facts in any order give the same firings, byte for byte; nothing is asked of a clock, a database or a former
run. What became of firings since they were written down is the business of changes.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from app.truancy.law.conditions import blocked_by, flags_on
from app.truancy.law.counting import Measure, counted, heard, measure
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.firing import Blocked, Firing, owed
from app.truancy.law.rule import GRADES, Amount, Count, Of, Rule, Scope, Span, Unit, in_order
from app.truancy.law.schedule import Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import NOT_EXPECTED, Traits
from app.truancy.law.windows import (
    Bounds,
    BoundsOf,
    Crossing,
    Earlier,
    Point,
    Share,
    bounds_of,
    crossings,
    since,
)

#: Units of which a day is never more than one.
BY_THE_DAY: Final = frozenset({Unit.DAY_ANY, Unit.DAY_FULL, Unit.DAY_FRAC})
_BY_DAY: Final = itemgetter(0)
_BY_TRIGGER: Final = lambda one: (one.trigger, one.key)  # noqa: E731


class StudentDay(NamedTuple):
    """A day on which the student was expected and something stands in the register."""

    day: date
    planned: SchoolDay
    year: SchoolYear
    enrollment: Enrollment
    traits: Traits
    marks: tuple[Mark, ...]


class Counting(NamedTuple):
    """What is counted, and of whom: rules that say the same are counted once."""

    what: Count
    whom: Scope


class Prepared(NamedTuple):
    """A rule with what is known of it before any student is looked at."""

    rule: Rule
    counting: Counting
    measure: Measure
    inside: BoundsOf
    #: With fewer days that could count, it cannot fire.
    least_days: int


class Rulebook:
    """Rules that are put to one student after another."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        # Versions of one rule in the order in which they were in force: a later one knows what an earlier one fired.
        self.rules = in_order(sorted(rules, key=lambda rule: rule.effective))
        same: dict[Counting, Counting] = {}
        self._prepared = []
        for rule in self.rules:
            counting = Counting(rule.count, replace(rule.scope, exclude=(), instead=()))
            counting = same.setdefault(counting, counting)
            self._prepared.append(
                Prepared(rule, counting, measure(rule.count), bounds_of(rule.window), _least_days(rule))
            )

    def firings(self, facts: StudentFacts, seen_on: date) -> list[Firing]:
        """Everything that fires, rule by rule and in order of days. `seen_on`: the day of looking.

        Days on which nobody is expected, or the student was not, count for nothing, whatever was marked on them.
        """
        days, off = _days(facts)
        return _Looking(facts, days, off, seen_on).at(self._prepared) if days else []


def _least_days(rule: Rule) -> int:
    by_the_day = (
        len(rule.count.units) == 1 and rule.count.units[0] in BY_THE_DAY
    ) or rule.count.cap_per_day == 1
    if not by_the_day or rule.count.reports:
        return 1
    threshold = rule.threshold
    if threshold.n is not None:
        return int(threshold.n) if threshold.n.denominator == 1 else int(threshold.n) + 1
    least = threshold.fixed if threshold.of is Of.FIXED else threshold.least
    assert threshold.percent is not None, "A threshold is a number or a share."
    return max(1, -(-int(threshold.percent * least) // 100))


class _Looking:
    """One student, while rules are put to them."""

    def __init__(
        self, facts: StudentFacts, days: Sequence[StudentDay], off: Sequence[date], seen_on: date
    ) -> None:
        self.facts = facts
        self.days = days
        self.off = off
        self.schedule = facts.schedule.without(off) if off else facts.schedule
        self.seen_on = seen_on
        self.fired: dict[str, list[Firing]] = {}
        self._points: dict[int, list[Point]] = {}

    def at(self, prepared: Sequence[Prepared]) -> list[Firing]:
        """What fires of these rules, each of which comes after those it needs."""
        found: list[Firing] = []
        for one in prepared:
            points = self._reports(one) if one.rule.count.reports else self._counted(one)
            if len(points) < one.least_days:
                continue
            fired = [self._firing(one.rule, crossing) for crossing in self._crossings(one, points)]
            if fired:
                self.fired[one.rule.id] = [*self.fired.get(one.rule.id, ()), *fired]
                found += fired
        return found

    def _counted(self, one: Prepared) -> list[Point]:
        known = self._points.get(id(one.counting))
        if known is None:
            known = self._points[id(one.counting)] = _points(one, self.days, self.facts)
        return known

    def _reports(self, of: Prepared) -> list[Point]:
        """Firings of other rules as points: each that nothing stood in the way of."""
        count, scope = of.counting
        told = [one for id in count.reports for one in self.fired.get(id, ()) if not one.blocked]
        first, last = _in_scope(scope, self.facts)
        points = []
        for day, group in groupby(sorted(told, key=_BY_TRIGGER), key=lambda one: one.trigger):
            stretch, year = self.schedule.at(day), self.schedule.year_of(day)
            if stretch and year and first <= day <= last:
                same_day = list(group)
                marks = tuple(sorted({one.evidence[-1] for one in same_day}))
                much: Amount = len(same_day)
                if count.cap_per_day is not None:
                    much = min(much, count.cap_per_day)
                points.append(Point(day, much, marks, year, stretch.enrollment))
        return points

    def _crossings(self, one: Prepared, points: Sequence[Point]) -> list[Crossing]:
        rule, current_to = one.rule, self.facts.current_to
        share = Share(rule, self.schedule, self.days, self.off)
        earlier = [Earlier(fired.window, fired.trigger) for fired in self.fired.get(rule.id, ())]
        if rule.window.span is Span.SINCE:
            begun = _begun(rule.window.since, self.schedule, self.fired)
            return since(rule, points, begun, share, current_to, earlier)
        return crossings(rule, one.inside, points, self.schedule, share, current_to, earlier)

    def _firing(self, rule: Rule, crossing: Crossing) -> Firing:
        excluded = flags_on(self.facts, rule.scope.exclude, crossing.day) if rule.scope.exclude else ()
        duties = rule.scope.instead if excluded else rule.duties
        not_met = blocked_by(rule, self.facts, self.fired, crossing.day, self.seen_on)
        return Firing(
            rule=rule,
            window=crossing.window,
            ordinal=crossing.ordinal,
            trigger=crossing.day,
            evidence=tuple([mark for point in crossing.points for mark in point.marks]),
            total=crossing.total,
            out_of=crossing.out_of,
            duties=owed(duties, self.facts.schedule, crossing.day, self.seen_on),
            blocked=(*_not_known(rule.scope, self.facts), *not_met),
            excluded=excluded,
        )


def _days(facts: StudentFacts) -> tuple[list[StudentDay], list[date]]:
    """The days that may count, and those on which the student turned out not to be expected."""
    found, off = [], []
    for day, group in groupby(sorted(facts.marks), key=_BY_DAY):
        stretch = facts.schedule.at(day)
        if stretch is None or day > facts.current_to:
            continue
        calendar = stretch.enrollment.calendar
        planned, year = calendar.planned(day), calendar.year_of(day)
        if planned is None or year is None:
            continue
        marks = tuple(group)
        traits = 0
        for mark in marks:
            traits |= mark.traits
        if traits & NOT_EXPECTED:
            off.append(day)
        else:
            found.append(StudentDay(day, planned, year, stretch.enrollment, traits, marks))
    return found, off


def _points(of: Prepared, days: Sequence[StudentDay], facts: StudentFacts) -> list[Point]:
    count, scope = of.counting
    first, last = _in_scope(scope, facts)
    found = []
    for one in days:
        if not one.traits & count.traits or not first <= one.day <= last:
            continue
        # Nearly all days have one mark.
        marks = one.marks if len(one.marks) == 1 and not count.but else counted(count, one.marks)
        much = of.measure(marks, one.planned) if marks else 0
        if much:
            if len(marks) > 1:
                marks = heard(count, marks, one.planned)
            found.append(Point(one.day, much, marks, one.year, one.enrollment))
    return found


def _begun(id: str, schedule: Schedule, fired: Mapping[str, Sequence[Firing]]) -> Iterator[Bounds]:
    for one in fired.get(id, ()):
        year = schedule.year_of(one.trigger)
        if year is not None:
            yield Bounds(f"{one.window}/{one.ordinal}", one.trigger + timedelta(days=1), year.ends)


def _not_known(scope: Scope, facts: StudentFacts) -> tuple[Blocked, ...]:
    """Whoever may be out of scope is for a person to find out."""
    found = []
    if scope.ages and facts.born is None:
        found.append(Blocked("age_not_known"))
    if scope.grades and facts.grade not in GRADES:
        found.append(Blocked("grade_not_known"))
    return tuple(found)


def _in_scope(scope: Scope, facts: StudentFacts) -> tuple[date, date]:
    """From the first birthday that counts to the day before the first that does not any more; never, by grade."""
    if scope.grades and facts.grade in GRADES and not _between(facts.grade, scope.grades):
        return date.max, date.min
    if scope.ages is None or facts.born is None:
        return date.min, date.max
    youngest, oldest = scope.ages
    return _birthday(facts.born, youngest), _birthday(facts.born, oldest + 1) - timedelta(days=1)


def _birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:  # born on 29 February: 1 March of other years
        return date(born.year + age, 3, 1)


def _between(grade: str, grades: tuple[str, str]) -> bool:
    return GRADES.index(grades[0]) <= GRADES.index(grade) <= GRADES.index(grades[1])
