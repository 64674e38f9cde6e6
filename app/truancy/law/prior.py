"""What a confirmed record of an earlier school says: so many absences between two days, and not on which days.

It is a head start, and no mark: a rule that counts such records (`count: {prior: attested}`) adds what one says where
the whole of its time lies in the window, and fires on a day of our own register. Nothing is made up: what a record does
not say (which days, how long a day was, whether two half days were one day) counts for nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from operator import attrgetter
from typing import Final, NamedTuple

from app.truancy.law.rule import Amount, Count, Of, Rule, Span, Unit, whole
from app.truancy.law.schedule import Schedule
from app.truancy.law.traits import named

DAYS, HALF_DAYS, HOURS, LATES = "day", "half_day", "hour", "late"
_BY_LAST: Final = attrgetter("last", "first", "id")


class Prior(NamedTuple):
    """One record. Its three numbers are of its unit: whole days, half days, hours, or times late."""

    id: str
    first: date
    last: date
    unit: str
    unexcused: Amount
    excused: Amount
    unknown: Amount
    #: Of all that it says, its document included.
    sha256: str


class Brought(NamedTuple):
    """A record that counts under a rule, and for how much, in parts of the rule's unit (bar.py)."""

    prior: Prior
    amount: int

    @property
    def first(self) -> date:
        """The first day that it speaks of."""
        return self.prior.first

    @property
    def last(self) -> date:
        """The last one."""
        return self.prior.last


def why_not_counted(rule: Rule) -> str:
    """Why no record of an earlier school can be counted under this rule; "" where one can.

    Only where it is sure that a rule fires no later for it.
    """
    count, window, of = rule.count, rule.window, rule.threshold.of
    if count.reports:
        return "it counts reports, and no absences"
    if count.but:
        return "it leaves some absences out, and a record does not say which those are"
    if set(count.units) == {Unit.PERIOD}:
        return "it counts lessons, and a record says days"
    if of in (Of.ENROLLED_DAYS, Of.WINDOW_DAYS):
        return "it asks for a share of days, and more days can make a share smaller"
    if window.span is Span.ROLLING:
        known = window.of in ("calendar_day", "calendar_month")
        return (
            "" if known else "its time is told in school days, and those of an earlier school are not known"
        )
    if window.span in (Span.SCHOOL_YEAR, Span.CALENDAR_MONTH, Span.FIXED):
        return ""
    return "its time begins with the enrollment, another rule, or days in a row"


def that_count(
    rule: Rule, papers: Iterable[Prior], schedule: Schedule, first: date, last: date
) -> list[tuple[Prior, Amount]]:
    """Those that count under the rule, in order of their last days, and for how much of its unit (of hours: minutes).

    `first` and `last`: the days of which the student is in its scope. One that speaks of a day on which the student
    was enrolled here counts for nothing: of that day the register speaks.
    """
    return [
        (one, amount)
        for one in sorted(papers, key=_BY_LAST)
        if first <= one.first
        and one.last <= last
        and not _was_here(one, schedule)
        and (amount := worth(rule.count, one))
    ]


def worth(count: Count, paper: Prior) -> Amount:
    """What a record comes to, by what the rule counts. Of unit hour it is minutes."""
    late = paper.unit == LATES
    total: Amount = 0
    for word, number in _KINDS:
        traits = named(["tardy" if late else "absent", word])
        if count.traits & traits:
            total += number(paper)
    return whole(Fraction(total * _of_one(count, paper.unit)))


def _of_one(count: Count, unit: str) -> Amount:
    """One whole day, half day, hour or late arrival."""
    cap = count.cap_per_day
    if unit == DAYS:
        each = sum(one in _OF_A_DAY for one in count.units)
        return each if cap is None else min(each, cap)
    # Nobody knows which of them were on one day.
    if cap is not None:
        return 0
    of: Amount = 0
    for one in count.units:
        if unit == HALF_DAYS and one is Unit.SESSION:
            of += 1
        elif unit == HALF_DAYS and one is Unit.DAY_FRAC:
            half = Fraction(1, 2)
            of += half if count.step is None else half // count.step * count.step
        elif unit == HOURS and one is Unit.HOUR:
            of += 60
        elif unit == LATES and one is Unit.OCCASION and count.over_minutes is None:
            of += 1
    return of


def _was_here(paper: Prior, schedule: Schedule) -> bool:
    return any(one.first <= paper.last and paper.first <= one.last for one in schedule.stretches)


def within(brought: Sequence[Brought], first: date, last: date) -> list[Brought]:
    """Those whose whole time lies between these days."""
    return [one for one in brought if first <= one.first and one.last <= last]


#: A whole day is one of each; how many lessons, sessions and hours it had, no record says.
_OF_A_DAY: Final = frozenset({Unit.DAY_ANY, Unit.DAY_FULL, Unit.DAY_FRAC, Unit.OCCASION})
_KINDS: Final[tuple[tuple[str, Callable[[Prior], Amount]], ...]] = (
    ("unexcused", attrgetter("unexcused")),
    ("excused", attrgetter("excused")),
    ("unknown", attrgetter("unknown")),
)
