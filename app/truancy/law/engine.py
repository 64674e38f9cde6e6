"""Which rules fire for a student: a pure function of the facts and the rules.

The same facts in any order give the same firings, byte for byte; nothing is asked of a clock, a database or a former
run. What became of firings since they were written down is the business of changes.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, compress, groupby
from math import ceil, lcm
from operator import attrgetter, sub
from typing import Final, NamedTuple

from app.truancy.law.bar import Bar
from app.truancy.law.conditions import blocked_by, flags_on
from app.truancy.law.counting import heard
from app.truancy.law.days import Counted, Expected, Looks, StudentDay, at_school, registered
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.firing import Blocked, Firing, Owed, owed
from app.truancy.law.prior import Brought, that_count
from app.truancy.law.rule import GRADES, Amount, Count, Duty, Rule, Scope, Span, in_order
from app.truancy.law.schedule import Schedule
from app.truancy.law.windows import (
    Bounds,
    BoundsOf,
    Crossing,
    Earlier,
    Tally,
    bounds_of,
    crossings,
    longest,
    since,
)

_BY_TRIGGER: Final = attrgetter("trigger")
_WORTH: Final = attrgetter("worth")
_NUMBER: Final = attrgetter("number")
_MARKS: Final = attrgetter("marks")


class Prepared(NamedTuple):
    """A rule with what is known of it before any student is looked at."""

    rule: Rule
    #: Which of the rulebook's counts is its own: rules that count the same are counted once.
    number: int
    #: With less in all it never fires, whatever its windows and conditions are.
    enough: int
    bar: Bar
    #: How many calendar days its windows last at most; None where the calendar does not tell.
    within: int | None
    inside: BoundsOf
    #: What is owed under it where no calendar is asked for that; else None.
    owed: tuple[Owed, ...] | None
    #: True if neither age nor grade decides who it is about.
    for_all: bool


class Rulebook:
    """Rules that are put to one student after another."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        # Versions of one rule in the order in which they were in force: a later one knows what an earlier one fired.
        self.rules = in_order(sorted(rules, key=lambda rule: rule.effective))
        counts = list(dict.fromkeys(rule.count for rule in self.rules))
        self._looks = Looks(counts)
        #: In their order.
        self.prepared = [
            Prepared(
                rule,
                counts.index(rule.count),
                ceil(bar.least / 100),
                bar,
                longest(rule.window),
                bounds_of(rule.window),
                _undated(rule.duties),
                rule.scope.ages is None and rule.scope.grades is None,
            )
            for rule, bar in zip(self.rules, map(Bar, self.rules), strict=True)
        ]

    def firings(self, facts: StudentFacts, seen_on: date) -> list[Firing]:
        """Everything that fires, rule by rule and in order of days. `seen_on`: the day of looking.

        Days on which nobody is expected, or the student was not, count for nothing, whatever was marked on them.
        """
        days, off = registered(facts, self._looks)
        return Looking(facts, days, off, seen_on).at(self.prepared) if days else []


def _undated(duties: Sequence[Duty]) -> tuple[Owed, ...] | None:
    return tuple([Owed(duty, None) for duty in duties]) if all(duty.due is None for duty in duties) else None


class Looking:
    """One student, while rules are put to them."""

    def __init__(
        self, facts: StudentFacts, days: Sequence[StudentDay], off: Sequence[date], seen_on: date
    ) -> None:
        self.facts = facts
        self.days = days
        self.schedule = facts.schedule.without(off) if off else facts.schedule
        self.expected = Expected(self.schedule, days, off)
        exact, at_most = zip(*map(_WORTH, days), strict=True)
        #: True where all amounts are whole numbers, under each count.
        self.whole = exact == at_most
        self.seen_on = seen_on
        self.fired: dict[str, list[Firing]] = {}
        #: Under each count of the rulebook: what each day comes to at most, and all of them.
        self.at_most = list(zip(*at_most, strict=True))
        self.totals = list(map(sum, self.at_most))
        #: Under each count that was asked for: the days that count, and of how many parts of a day the amounts are.
        self.that_count: dict[int, tuple[list[Counted], int]] = {}
        #: Of the days of the student's only year at their only school, the first being 1; empty for others.
        self.numbers = self._numbered()

    def at(self, prepared: Sequence[Prepared]) -> list[Firing]:
        """What fires of these rules, each of which comes after those it needs."""
        found: list[Firing] = []
        # Nearly nobody has a record of an earlier school.
        has_records = bool(self.facts.prior)
        for one in prepared:
            rule, number, enough = one[:3]
            brought: Sequence[Brought] = ()
            if rule.count.reports:
                counted, parts = self._reports(rule, enough)
            elif has_records and rule.count.prior:
                counted, parts, brought = self._with_prior(one)
            elif self.totals[number] < enough or not self.within_reach(one):
                # So it is of most students and most rules.
                continue
            else:
                counted, parts = self._counted(one)
            if not counted:
                continue
            crossed = self._crossings(one, counted, parts, brought)
            fired = [self._firing(one, crossing) for crossing in crossed]
            if fired:
                self.fired[rule.id] = [*self.fired.get(rule.id, ()), *fired]
                found += fired
        return found

    def _numbered(self) -> list[int]:
        days, only = self.days, self.expected.only
        year = days[0].year
        if only is None or year is not days[-1].year:
            return []
        before = only.enrollment.calendar.number(max(only.first, year.begins)) - 1
        return [number - before for number in map(_NUMBER, days)]

    def within_reach(self, one: Prepared) -> bool:
        """False where the rule cannot fire, whatever its windows and conditions are; there is enough in all."""
        bar, since = one.bar, one.rule.window.since
        if since and since not in self.fired:
            return False
        if bar.plain and self.numbers:
            return bar.within_reach(zip(self.numbers, self.at_most[one.number], strict=True))
        return one.within is None or self._lie_close(one.number, one.enough, one.within)

    def _lie_close(self, number: int, enough: int, within: int) -> bool:
        """False where so much never lies within so many calendar days, wherever they begin; in all there is enough."""
        amounts = self.at_most[number]
        many = ceil(enough / max(amounts))
        if many < 2:
            return True
        days = [day.day.toordinal() for day in compress(self.days, amounts)]
        nearest: int = min(map(sub, days[many - 1 :], days))
        return nearest < within

    def _counted(self, one: Prepared) -> tuple[list[Counted], int]:
        """The days that count under the rule, and of how many parts of a day the amounts are."""
        known = self.that_count.get(one.number)
        if known is None:
            known = self.that_count[one.number] = self._that_count(one.number)
        if one.for_all:
            return known
        counted, parts = known
        first, last = _in_scope(one.rule.scope, self.facts)
        if counted and (counted[0][0].day < first or last < counted[-1][0].day):
            counted = [one for one in counted if first <= one[0].day <= last]
        return counted, parts

    def _with_prior(self, one: Prepared) -> tuple[list[Counted], int, list[Brought]]:
        """The same with what records of earlier schools bring, in the same parts."""
        counted, parts = self._counted(one)
        schedule, scope = self.facts.schedule, _in_scope(one.rule.scope, self.facts)
        told = that_count(one.rule, self.facts.prior, schedule, *scope)
        finer = lcm(parts, *[amount.denominator for _, amount in told])
        return (
            [(there, amount * (finer // parts)) for there, amount in counted],
            finer,
            [Brought(prior, int(amount * finer)) for prior, amount in told],
        )

    def _that_count(self, number: int) -> tuple[list[Counted], int]:
        days, amounts = self.days, self.at_most[number]
        if not self.whole:
            exact = tuple([day.worth.exact[number] for day in days])
            if exact != amounts:
                return _in_parts(list(compress(zip(days, exact, strict=True), exact)))
        return list(compress(zip(days, amounts, strict=True), amounts)), 1

    def _reports(self, rule: Rule, enough: int) -> tuple[list[Counted], int]:
        """The same of firings of other rules: each that nothing stood in the way of. None if they are not enough."""
        told = [one for id in rule.count.reports for one in self.fired.get(id, ()) if not one.blocked]
        if len(told) < enough or not told:
            return [], 1
        first, last = _in_scope(rule.scope, self.facts)
        found: list[tuple[StudentDay, Amount]] = []
        for day, group in groupby(sorted(told, key=_BY_TRIGGER), key=_BY_TRIGGER):
            same_day = list(group)
            marks = (same_day[0].evidence[-1],) if len(same_day) == 1 else _last_of_each(same_day)
            there = at_school(self.schedule, day, marks)
            if there and first <= day <= last:
                much: Amount = len(same_day)
                cap = rule.count.cap_per_day
                found.append((there, much if cap is None else min(much, cap)))
        return _in_parts(found)

    def _crossings(
        self, one: Prepared, counted: list[Counted], parts: int, brought: Sequence[Brought]
    ) -> list[Crossing]:
        rule = one.rule
        before = self.fired.get(rule.id)
        earlier = [Earlier(fired.window, fired.trigger) for fired in before] if before else ()
        tally = Tally(
            rule, one.bar.by(parts), counted, self.expected, self.facts.current_to, earlier, brought
        )
        if rule.window.span is Span.SINCE:
            return since(tally, _begun(rule.window.since, self.schedule, self.fired))
        return crossings(tally, one.inside)

    def _firing(self, one: Prepared, crossing: Crossing) -> Firing:
        rule, facts = one.rule, self.facts
        excluded = flags_on(facts, rule.scope.exclude, crossing.day) if rule.scope.exclude else ()
        duties = one.owed
        if duties is None or excluded:
            due = rule.scope.instead if excluded else rule.duties
            duties = owed(due, facts.schedule, crossing.day, self.seen_on)
        not_met = blocked_by(rule, facts, self.fired, crossing.day, self.seen_on) if rule.when else ()
        return Firing(
            rule=rule,
            window=crossing.window,
            ordinal=crossing.ordinal,
            trigger=crossing.day,
            evidence=_evidence(rule.count, crossing.days),
            total=crossing.total,
            out_of=crossing.out_of,
            duties=duties,
            blocked=(*_not_known(rule.scope, facts), *not_met),
            excluded=excluded,
            prior=crossing.prior,
        )


def _last_of_each(fired: Sequence[Firing]) -> tuple[Mark, ...]:
    return tuple(sorted({one.evidence[-1] for one in fired}))


def _in_parts(days: Sequence[tuple[StudentDay, Amount]]) -> tuple[list[Counted], int]:
    """Amounts as whole numbers of parts: fractions are slow to add."""
    told = [(there, amount.as_integer_ratio()) for there, amount in days]
    parts = lcm(*{denominator for _, (_, denominator) in told})
    return [(there, of * (parts // denominator)) for there, (of, denominator) in told], parts


def _evidence(count: Count, days: Sequence[StudentDay]) -> tuple[Mark, ...]:
    marks = tuple(chain.from_iterable(map(_MARKS, days)))
    # Nearly all days have one mark.
    if len(marks) == len(days) or count.reports:
        return marks
    return tuple(
        chain.from_iterable(
            [one.marks if len(one.marks) < 2 else heard(count, one.marks, one.planned) for one in days]
        )
    )


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
    return _of_age(facts.born, *scope.ages)


@lru_cache(10_000)
def _of_age(born: date, youngest: int, oldest: int) -> tuple[date, date]:
    return _birthday(born, youngest), _birthday(born, oldest + 1) - timedelta(days=1)


def _birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:  # born on 29 February: 1 March of other years
        return date(born.year + age, 3, 1)


def _between(grade: str, grades: tuple[str, str]) -> bool:
    return GRADES.index(grades[0]) <= GRADES.index(grade) <= GRADES.index(grades[1])
