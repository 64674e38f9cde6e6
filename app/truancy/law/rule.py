"""A rule as it is written: twelve fields, each with a meaning that does not depend on the state it is from.

The grammar is rule.schema.json; reading.py reads files of it. Nothing here knows a place, a number or a code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from app.truancy.law.traits import Traits

#: Exact, and an int where it is one: half a million registers are added up each night.
Amount = int | Fraction
#: By CEDS code, in the order in which they are gone through.
GRADES: Final = ("PK", "TK", "KG", *(f"{year:02}" for year in range(1, 14)))


class Unit(StrEnum):
    """How a day becomes a number."""

    DAY_ANY = "day_any"
    DAY_FULL = "day_full"
    DAY_FRAC = "day_frac"
    OCCASION = "occasion"
    PERIOD = "period"
    SESSION = "session"
    HOUR = "hour"


class Span(StrEnum):
    """What kind of window is counted in."""

    SCHOOL_YEAR = "school_year"
    SINCE_ENROLLMENT = "since_enrollment"
    CALENDAR_MONTH = "calendar_month"
    SCHOOL_MONTH = "school_month"
    ROLLING = "rolling"
    RUN = "run"
    SINCE = "since"
    FIXED = "fixed"


class Of(StrEnum):
    """What a share is a share of."""

    ENROLLED_DAYS = "enrolled_days"
    WINDOW_DAYS = "window_days"
    REQUIRED_MINUTES = "required_minutes"
    FIXED = "fixed"


class Repeat(StrEnum):
    """How often a window fires."""

    ONCE = "once"
    PER_WINDOW = "per_window"
    EACH = "each"
    EVERY = "every"


class Retract(StrEnum):
    """What becomes of notices when later facts do not support the firing any more."""

    CANCEL_UNSENT = "cancel_unsent"
    CANCEL_AND_CORRECT = "cancel_and_correct"
    KEEP = "keep"


@dataclass(frozen=True)
class Count:
    """What of a student-day is counted, and as how much."""

    traits: Traits
    #: Rules whose firings are counted instead of marks ("report:us-ca.truant.1").
    reports: tuple[str, ...]
    #: One or several, summed.
    units: tuple[Unit, ...]
    #: An occasion is one of more minutes than these.
    over_minutes: int | None = None
    #: The share of a day that makes it a full day.
    full_share: Amount = 1
    #: Parts of days are rounded down to a multiple of this.
    step: Amount | None = None
    #: No day counts for more.
    cap_per_day: Amount | None = None
    #: Marks with one of these are not counted, whatever else they say.
    but: Traits = 0
    #: True if what confirmed records of an earlier school say is counted, too (prior.py).
    prior: bool = False


@dataclass(frozen=True)
class Window:
    """Over which days it is counted."""

    span: Span
    #: Weeks of a school month; length of a rolling window.
    length: int = 0
    #: What a rolling window is made of: calendar_day, calendar_month, school_week, school_day.
    of: str = ""
    #: True if it goes on from one school year into the next.
    cross_year: bool = False
    #: After whose firing it begins.
    since: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Threshold:
    """How much is too much: a number, or a share of something."""

    #: True for ">", False for ">=".
    over: bool
    n: Amount | None = None
    percent: Amount | None = None
    of: Of | None = None
    fixed: int = 0
    #: Below this, the share says nothing yet.
    least: int = 1
    #: Days with one of these are no part of what the share is of.
    less: Traits = 0


@dataclass(frozen=True)
class Scope:
    """To whom it applies, by the day of each mark."""

    ages: tuple[int, int] | None = None
    #: By CEDS code, both included.
    grades: tuple[str, str] | None = None
    #: Who has one of these flags is for a person to look at, and for no machine.
    exclude: tuple[str, ...] = ()
    #: What is owed to them instead.
    instead: tuple["Duty", ...] = ()


@dataclass(frozen=True)
class Predicate:
    """A condition beside the count: a name and what it is asked about."""

    name: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Duty:
    """What is to be done, by when, for whom."""

    do: str
    to: str = ""
    #: In `unit`s after `begins`; None if the law names no time.
    due: int | None = None
    unit: str = "school_day"
    begins: str = "trigger_mark"
    #: Due before the count comes to this.
    due_before_count: int | None = None
    contents: tuple[str, ...] = ()
    #: "human" where no notice may leave, and nothing be referred, without a person.
    approve: str = ""
    attempts: int = 1
    then: str = ""


@dataclass(frozen=True)
class Rule:
    """One version of one rule. It speaks for firings whose trigger lies between `effective` and `until`."""

    id: str
    authority: tuple[str, ...]
    effective: date
    until: date | None
    scope: Scope
    count: Count
    window: Window
    threshold: Threshold
    when: tuple[Predicate, ...]
    level: str
    duties: tuple[Duty, ...]
    repeat: Repeat
    #: Of Repeat.EACH: how much further.
    each: int
    retract: Retract
    #: Of what decides: it stands on evidence, and tells one version from another.
    sha256: str
    #: As a person reads it: a name, the law in plain words, where it was read, and when.
    title: str = ""
    text: str = ""
    source: str = ""
    retrieved: date | None = None
    #: True where the day from which it holds was not looked up, and counsel must say it.
    placeholder_date: bool = False

    def in_force(self, day: date) -> bool:
        """True if this version speaks for what is triggered on that day."""
        return self.effective <= day and (self.until is None or day <= self.until)

    @property
    def needs(self) -> set[str]:
        """The rules that must be known before this one: those it counts, begins after, or asks about."""
        asked = {one.about[0] for one in self.when if one.name in ASK_ABOUT_RULES}
        return {*self.count.reports, *([self.window.since] if self.window.since else []), *asked}


def whole(value: Amount) -> Amount:
    """The same, as an int where it is one."""
    return value.numerator if value.denominator == 1 else value


ASK_ABOUT_RULES: Final = frozenset(
    {"fired", "delivered", "conference_attempted_after", "conference_date_passed"}
)


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """So that each comes after those it needs. Raises ValueError where two wait for each other."""
    known = {rule.id for rule in rules}
    left, done, ordered = list(rules), set[str](), list[Rule]()
    while left:
        ready = [rule for rule in left if not (rule.needs & known) - done - {rule.id}]
        if not ready:
            raise ValueError(f"These rules wait for each other: {', '.join(rule.id for rule in left)}.")
        ordered += ready
        left = [rule for rule in left if rule not in ready]
        done |= {rule.id for rule in ready} - {rule.id for rule in left}
    return ordered
