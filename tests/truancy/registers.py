"""Registers for tests of the law: a calendar of weekdays, and marks in the shorthand of a school office."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app.truancy.law.changes import Kept
from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import DAY, CaseEvent, Flag, Mark, StudentFacts
from app.truancy.law.firing import Firing
from app.truancy.law.packs import shipped
from app.truancy.law.rule import Rule
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait

U = int(Trait.ABSENT | Trait.UNEXCUSED)
K = int(Trait.ABSENT | Trait.UNKNOWN)
E = int(Trait.ABSENT | Trait.EXCUSED)
T = int(Trait.TARDY | Trait.UNEXCUSED)
LATE_EXCUSED = int(Trait.TARDY | Trait.EXCUSED)
STATE = int(Trait.ABSENT | Trait.EXCUSED | Trait.STATE_EXCUSED)
SUSPENDED = int(Trait.SUSPENDED_OUT | Trait.EXCUSED)

ROOT = Path(__file__).parents[2]


def weekdays(first: date, last: date, *, off: Iterable[date] = ()) -> list[date]:
    """Monday to Friday, but for those days."""
    without = set(off)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in without]


def year(begins: int) -> SchoolYear:
    """The school year that begins in August of that year."""
    return SchoolYear(f"{begins}-{(begins + 1) % 100:02}", date(begins, 8, 1), date(begins + 1, 7, 31))


def calendar(
    *,
    years: Iterable[int] = (2024, 2025, 2026),
    off: Iterable[date] = (),
    minutes: int = 390,
    periods: int = 7,
    opens: tuple[int, int] = (8, 15),
    closes: tuple[int, int] = (6, 12),
    required: int | None = None,
) -> Calendar:
    """Each weekday from mid August to mid June."""
    days: dict[date, SchoolDay] = {}
    for begins in years:
        first, last = date(begins, *opens), date(begins + 1, *closes)
        days |= {day: SchoolDay(minutes, 2, periods) for day in weekdays(first, last, off=off)}
    of = [SchoolYear(one.name, one.begins, one.ends, required) for one in (year(begins) for begins in years)]
    return Calendar(of, days)


@cache
def usual() -> Calendar:
    """The same calendar for every test that does not ask for another."""
    return calendar()


def mark(day: date, traits: int = U, minutes: int | None = None, slot: str = DAY) -> Mark:
    return Mark(day, slot, traits, minutes)


def marks(days: Iterable[date], traits: int = U, minutes: int | None = None) -> list[Mark]:
    return [mark(day, traits, minutes) for day in days]


def student(
    given: Iterable[Mark],
    *,
    of: Calendar | None = None,
    entry: date = date(2024, 8, 15),
    age: int = 12,
    grade: str = "06",
    flags: Iterable[Flag] = (),
    case: Iterable[CaseEvent] = (),
    **more: Any,
) -> StudentFacts:
    """Somebody of that age on 1 September 2026, who goes to one school since `entry`."""
    return StudentFacts(
        schedule=Schedule([Enrollment("north", entry, None, of or usual())]),
        marks=list(given),
        born=date(2026 - age, 3, 1),
        grade=grade,
        flags=list(flags),
        case=list(case),
        **more,
    )


@cache
def _rules() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in shipped():
        found.setdefault(rule.id, []).append(rule)
    return found


def rules(*prefixes: str) -> list[Rule]:
    """The shipped rules whose ids begin so: rules("us-ca")."""
    return [rule for id, versions in _rules().items() for rule in versions if id.startswith(prefixes)]


@cache
def book(*prefixes: str) -> Rulebook:
    """The same as a rulebook."""
    return Rulebook(rules(*prefixes))


def fired(facts: StudentFacts, *prefixes: str, seen_on: date = date(2027, 6, 30)) -> list[Firing]:
    """What fires of those rules."""
    return book(*prefixes).firings(facts, seen_on)


def ids(found: Iterable[Firing]) -> list[str]:
    return sorted(one.rule.id for one in found)


def kept(one: Firing, *, retracted: bool = False) -> Kept:
    """A firing as it is written down."""
    slots = frozenset((mark.day, mark.slot) for mark in one.evidence)
    return Kept(*one.key, slots, one.evidence_sha256, retracted)
