"""How much is too much under a rule."""

from collections.abc import Iterable
from fractions import Fraction

from app.truancy.law.rule import Amount, Of, Rule, Span, Unit, whole


class Bar:
    """The threshold of a rule, made ready once for all students.

    `parts`: amounts are told to it in so many parts of the rule's unit, so that whole numbers are added up.
    """

    def __init__(self, rule: Rule, parts: int = 1) -> None:
        self._rule = rule
        self._others: dict[int, Bar] = {}
        self._parts = parts
        threshold = rule.threshold
        # Hours are counted in minutes.
        scale = 60 * parts if Unit.HOUR in rule.count.units else parts
        self._number = None if threshold.n is None else whole(Fraction(threshold.n * scale * 100))
        self._percent = whole(Fraction((threshold.percent or 0) * parts))
        self._over = threshold.over
        self.of = threshold.of
        self.fixed = threshold.fixed
        self.less = threshold.less
        #: By how much more it fires again, of Repeat.EACH.
        self.each = rule.each * scale
        #: A share of less than that says nothing yet.
        self.least_days = threshold.least
        #: True where it says nothing on the first days of a window.
        self.waits = threshold.least > 1 and self.of in (Of.ENROLLED_DAYS, Of.WINDOW_DAYS)
        #: True where what it is a share of never shrinks while a window lasts.
        self.grows = self.of is Of.ENROLLED_DAYS
        #: True where nothing decides but the days of a year, or since the student came.
        self.plain = (
            self.grows and not self.less and rule.window.span in (Span.SCHOOL_YEAR, Span.SINCE_ENROLLMENT)
        )
        #: In hundredths: with less in all it never fires, whatever it is a share of.
        self.least = self.hundredths(threshold.fixed if self.of is Of.FIXED else threshold.least)

    def within_reach(self, days: Iterable[tuple[int, int]]) -> bool:
        """False where the share is never met on these days of one window: number of the day, and amount at most.

        Days are numbered from 1 on, the first of what it is a share of.
        """
        total, percent, least = 0, self._percent, self.least_days
        for number, amount in days:
            total += amount
            if total * 100 >= percent * (number if number > least else least):
                return True
        return False

    def by(self, parts: int) -> "Bar":
        """The same for amounts in so many parts."""
        if parts == self._parts:
            return self
        if parts not in self._others:
            self._others[parts] = Bar(self._rule, parts)
        return self._others[parts]

    def hundredths(self, out_of: int | None) -> Amount:
        """How much it takes, a hundred times: with less it is not met."""
        return self._percent * (out_of or 0) if self._number is None else self._number

    def met(self, total: int, out_of: int | None) -> bool:
        """True if that much is too much."""
        if self._number is None and (not out_of or out_of < self.least_days):
            return False
        there, asked = total * 100, self.hundredths(out_of)
        return there > asked if self._over else there >= asked

    def told(self, total: int) -> Amount:
        """An amount in the rule's unit."""
        return total if self._parts == 1 else whole(Fraction(total, self._parts))
