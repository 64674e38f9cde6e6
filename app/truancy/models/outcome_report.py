"""What notices changed: days missed before and after, and, where a lot was drawn, those told beside those not told.

Before and after alone proves little: whoever is written to has just missed many days, and most then miss fewer anyway.
Of two groups that only a lot made, the difference is what the notice did, within the bounds that chance leaves.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from app.truancy.models.case_duty import NOT_TOLD, TOLD
from app.truancy.models.outcome_figure import SUMS, OutcomeFigure
from app.truancy.models.suppression import LEAST, hidden

#: Fewer on either side, and what is said of the difference is chance.
LEAST_COMPARED: Final = 30
#: Nineteen of twenty times the true difference lies within so many standard errors of the one that was seen.
WITHIN: Final = 1.96


@dataclass
class Sums:
    """Of some students."""

    students: int = 0
    before: float = 0.0
    before_squares: float = 0.0
    after: float = 0.0
    after_squares: float = 0.0
    change: float = 0.0
    change_squares: float = 0.0

    def take(self, figure: OutcomeFigure) -> None:
        """Add these."""
        for name in ("students", *SUMS):
            setattr(self, name, getattr(self, name) + getattr(figure, name))

    def mean(self, name: str) -> float:
        """In percent of the days on which they were expected."""
        return float(100 * getattr(self, name) / self.students)

    def variance(self, name: str) -> float:
        """Of one student, in percent squared."""
        mean = float(getattr(self, name)) / self.students
        squares = float(getattr(self, f"{name}_squares"))
        # Sums of rounded squares may come out a hair below nought.
        return max(0.0, 10_000 * (squares - self.students * mean * mean) / (self.students - 1))


@dataclass(frozen=True)
class OutcomeLine:
    """Before and after, of those who were written to. None where they are too few to tell."""

    name: Any
    students: int | None
    before: float | None
    after: float | None
    #: Points of percent; below nought, fewer days are missed.
    change: float | None


@dataclass(frozen=True)
class Comparison:
    """Those told and those not told under one rule, as the lot had it. Shares are of days missed afterwards."""

    rule_id: str
    told: int
    not_told: int
    told_after: float | None
    not_told_after: float | None
    #: What being told changed, in points of percent, and the bounds that chance leaves.
    difference: float | None
    low: float | None
    high: float | None

    @property
    def is_shown(self) -> bool:
        """False while either side is too small."""
        return self.difference is not None

    @property
    def says(self) -> str:
        """What may be concluded, in a sentence."""
        if self.difference is None or self.low is None or self.high is None:
            return f"Too few to tell yet: {LEAST_COMPARED} on each side are the least."
        if self.high < 0:
            return "Those who were told missed fewer days, by more than chance explains."
        if self.low > 0:
            return "Those who were told missed more days, by more than chance explains. Look at what the notice says."
        return "No difference that chance does not explain. That may change with more students."


@dataclass(frozen=True)
class OutcomeReport:
    """Of one year, and of the schools that somebody may see."""

    by_rule: Sequence[OutcomeLine]
    by_language: Sequence[OutcomeLine]
    compared: Sequence[Comparison]


def outcome_report(figures: Sequence[OutcomeFigure]) -> OutcomeReport:
    """Of figures of one year, in any order."""
    written = [one for one in figures if not one.drawn]
    drawn = _added_up((one for one in figures if one.drawn), lambda one: (one.rule_id, one.drawn))
    rules = sorted({rule_id for rule_id, _ in drawn})
    return OutcomeReport(
        _lines(_added_up(written, lambda one: one.rule_id)),
        _lines(_added_up(written, lambda one: one.language)),
        [_compared(id, drawn.get((id, TOLD), Sums()), drawn.get((id, NOT_TOLD), Sums())) for id in rules],
    )


def _added_up(figures: Iterable[OutcomeFigure], by: Callable[[OutcomeFigure], Hashable]) -> dict[Any, Sums]:
    sums: dict[Any, Sums] = defaultdict(Sums)
    for one in figures:
        sums[by(one)].take(one)
    return sums


def _lines(sums: dict[Any, Sums]) -> list[OutcomeLine]:
    left_out = hidden({name: one.students for name, one in sums.items()})
    return [_line(name, sums[name], is_hidden=name in left_out) for name in sorted(sums)]


def _line(name: Any, sums: Sums, *, is_hidden: bool) -> OutcomeLine:
    if is_hidden or sums.students < LEAST:
        return OutcomeLine(name, None, None, None, None)
    return OutcomeLine(name, sums.students, sums.mean("before"), sums.mean("after"), sums.mean("change"))


def _compared(rule_id: str, told: Sums, not_told: Sums) -> Comparison:
    if min(told.students, not_told.students) < LEAST_COMPARED:
        return Comparison(rule_id, told.students, not_told.students, None, None, None, None, None)
    difference = told.mean("after") - not_told.mean("after")
    error = sqrt(told.variance("after") / told.students + not_told.variance("after") / not_told.students)
    return Comparison(
        rule_id,
        told.students,
        not_told.students,
        told.mean("after"),
        not_told.mean("after"),
        difference,
        difference - WITHIN * error,
        difference + WITHIN * error,
    )
