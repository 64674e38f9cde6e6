"""Each number, word and day of each rule is changed a little; a boundary case must notice.

What nobody notices could stand in a rule for years. `python -m tests.truancy.test_mutations` lists it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from app.truancy.law.engine import Rulebook
from app.truancy.law.packs import pack, places, shipped
from app.truancy.law.rule import (
    GRADES,
    Count,
    Of,
    Predicate,
    Repeat,
    Rule,
    Scope,
    Span,
    Threshold,
    Unit,
    Window,
)
from app.truancy.law.traits import Trait
from tests.truancy.boundaries import Case, cases

ONE_DAY = timedelta(days=1)
SLIDING = (Span.ROLLING, Span.RUN)
NEIGHBOUR = {
    Unit.DAY_ANY: (Unit.DAY_FULL, Unit.DAY_FRAC),
    Unit.DAY_FULL: (Unit.DAY_ANY, Unit.DAY_FRAC),
    Unit.DAY_FRAC: (Unit.DAY_ANY, Unit.DAY_FULL),
    Unit.OCCASION: (Unit.DAY_ANY, Unit.SESSION),
    Unit.SESSION: (Unit.DAY_ANY, Unit.PERIOD),
    Unit.PERIOD: (Unit.SESSION,),
    Unit.HOUR: (Unit.DAY_FULL,),
}
SPAN_NEIGHBOURS = {
    Span.SCHOOL_YEAR: (Window(Span.SINCE_ENROLLMENT), Window(Span.CALENDAR_MONTH)),
    Span.SINCE_ENROLLMENT: (Window(Span.SCHOOL_YEAR), Window(Span.CALENDAR_MONTH)),
    Span.CALENDAR_MONTH: (Window(Span.SCHOOL_MONTH, 4), Window(Span.SCHOOL_YEAR)),
    Span.SCHOOL_MONTH: (Window(Span.CALENDAR_MONTH), Window(Span.ROLLING, 4, "school_week")),
    Span.RUN: (Window(Span.SCHOOL_YEAR), Window(Span.ROLLING, 14, "calendar_day")),
    Span.SINCE: (Window(Span.SCHOOL_YEAR),),
}
OF_NEIGHBOUR = {
    "calendar_day": ("school_day",),
    "calendar_month": ("school_week",),
    "school_week": ("calendar_month",),
    "school_day": ("calendar_day",),
}


def mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one thing wrong, and what."""
    yield from ((f"scope: {why}", replace(rule, scope=one)) for why, one in _scopes(rule.scope))
    if not rule.count.reports:
        yield from ((f"count: {why}", replace(rule, count=one)) for why, one in _counts(rule.count))
    yield from ((f"window: {why}", replace(rule, window=one)) for why, one in _windows(rule.window))
    yield from (
        (f"threshold: {why}", replace(rule, threshold=one)) for why, one in _thresholds(rule.threshold)
    )
    for by in (-ONE_DAY, ONE_DAY):
        yield f"effective from {by.days:+} day", replace(rule, effective=rule.effective + by)
        if rule.until:
            yield f"effective to {by.days:+} day", replace(rule, until=rule.until + by)
    yield "repeat", replace(rule, repeat=_other(rule))
    for at, one in enumerate(rule.when):
        if one.name != "unused_marks_only":
            yield f"when without {one.name}", replace(rule, when=(*rule.when[:at], *rule.when[at + 1 :]))
        for why, other in _predicates(one):
            yield f"when {why}", replace(rule, when=(*rule.when[:at], other, *rule.when[at + 1 :]))


def _scopes(scope: Scope) -> Iterator[tuple[str, Scope]]:
    for by in (-1, 1):
        if scope.ages:
            youngest, oldest = scope.ages
            yield f"from age {by:+}", replace(scope, ages=(youngest + by, oldest))
            yield f"to age {by:+}", replace(scope, ages=(youngest, oldest + by))
        if scope.grades:
            first, last = (GRADES.index(grade) for grade in scope.grades)
            yield f"from grade {by:+}", replace(scope, grades=(GRADES[first + by], GRADES[last]))
            yield f"to grade {by:+}", replace(scope, grades=(GRADES[first], GRADES[last + by]))
    for flag in scope.exclude:
        yield f"without {flag}", replace(scope, exclude=tuple(one for one in scope.exclude if one != flag))


def _counts(count: Count) -> Iterator[tuple[str, Count]]:
    for trait in Trait:
        if count.traits & trait:
            yield f"without {trait.name}", replace(count, traits=count.traits & ~int(trait))
    for at, unit in enumerate(count.units):
        for other in NEIGHBOUR[unit]:
            if other not in count.units:
                units = (*count.units[:at], other, *count.units[at + 1 :])
                yield f"{other} for {unit}", replace(count, units=units)
    if count.over_minutes is not None:
        yield "over_minutes -1", replace(count, over_minutes=count.over_minutes - 1)
        yield "over_minutes +1", replace(count, over_minutes=count.over_minutes + 1)
    if count.cap_per_day is not None and count.units != (Unit.DAY_ANY,):
        yield "no cap", replace(count, cap_per_day=None)


def _windows(window: Window) -> Iterator[tuple[str, Window]]:
    if window.length:
        yield "length -1", replace(window, length=window.length - 1)
        yield "length +1", replace(window, length=window.length + 1)
    if window.span is Span.ROLLING:
        yield "cross_year", replace(window, cross_year=not window.cross_year)
        yield from ((f"of {other}", replace(window, of=other)) for other in OF_NEIGHBOUR[window.of])
    for other in SPAN_NEIGHBOURS.get(window.span, ()):
        yield f"{other.span}", other


def _thresholds(threshold: Threshold) -> Iterator[tuple[str, Threshold]]:
    yield "op", replace(threshold, over=not threshold.over)
    for by in (-1, 1):
        if threshold.n is not None and threshold.n + by > 0:
            yield f"n {by:+}", replace(threshold, n=threshold.n + by)
        if threshold.percent is not None and threshold.percent + by > 0:
            yield f"pct {by:+}", replace(threshold, percent=threshold.percent + by)
        if threshold.of is Of.ENROLLED_DAYS and threshold.least + by > 0:
            yield f"min_den {by:+}", replace(threshold, least=threshold.least + by)
        if threshold.of is Of.FIXED:
            yield f"fixed {by:+}", replace(threshold, fixed=threshold.fixed + by)


def _predicates(one: Predicate) -> Iterator[tuple[str, Predicate]]:
    if one.name == "fewer_than":
        most, kind, years, whose = one.about
        for by in (-1, 1):
            yield f"fewer than {by:+}", replace(one, about=(str(int(most) + by), kind, years, whose))
            told = f"{int(years.removesuffix('y')) + by}y"
            yield f"in {told}", replace(one, about=(most, kind, told, whose))


def _other(rule: Rule) -> Repeat:
    """A repeat that says something else in a window of that kind."""
    if rule.repeat is not Repeat.PER_WINDOW:
        return Repeat.PER_WINDOW
    return Repeat.ONCE if rule.window.span in SLIDING else Repeat.EVERY


def survivors() -> tuple[int, list[str]]:
    """How many mutants there were, and those that no case noticed."""
    told: dict[str, list[Case]] = {}
    for case in cases():
        told.setdefault(case.rule, []).append(case)
    tried, left = 0, []
    for place in places():
        for rule in pack(place):
            for why, mutant in mutants(rule):
                tried += 1
                book = Rulebook([mutant if one is rule else one for one in pack(place)])
                if all(case.holds(book) for case in told.get(rule.id, ())):
                    left.append(f"{rule.id}: {why}")
    return tried, left


def test_boundaries_notice_nearly_every_change_of_a_rule():
    tried, left = survivors()

    assert tried > 12 * len(shipped())
    assert len(left) <= 0.05 * tried, left


if __name__ == "__main__":
    tried, left = survivors()
    print(*left, f"{tried - len(left)} of {tried} noticed, {100 * (1 - len(left) / tried):.1f} %", sep="\n")
