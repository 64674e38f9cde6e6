"""Boundary cases, a line each, as a school lawyer can read them: rule | register | fires on | with.

    us-pa.truant | U U H U | 4

The register is one word a school day, Monday to Friday, from 1 September 2026: `.` was there, `U` absent unexcused,
`K` for a reason nobody knows, `E` excused, `X` excused by the state, `S` suspended, `T40` came 40 minutes late, `O40`
left 40 minutes early, `L` late and excused, `U195` absent for 195 minutes, `H` a holiday, `~` not expected after all.
Slots are named before a colon and several marks joined: `AM:U`, `P1:T40+P5:U`. `.*27` is twenty-seven of them, `@9/28`
goes on with that day, `>>` changes school. A day has 390 minutes, two sessions and six lessons; the student comes on
the first day of the register, which is in up to its last, and school goes on from mid August to mid June.

It fires on the words counted from 1, or on dates (`9/28`); `!` after it: something stands in its way, `?`: a person
looks at it; `-`: not at all. `with`: born, age (that many years from the January before), grade, flag, joins, required,
daily (school on all days of the year), and what happened: `done:notice@9/4`.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import DAY, CaseEvent, Flag, Mark, StudentFacts
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait
from tests.truancy.registers import LATE_EXCUSED, STATE, SUSPENDED, E, K, T, U

FOLDER: Final = Path(__file__).parent
CODES: Final = {
    "U": U, "K": K, "E": E, "X": STATE, "S": SUSPENDED, "T": T, "L": LATE_EXCUSED,
    "O": int(Trait.EARLY_OUT | Trait.UNEXCUSED), "~": int(Trait.NOT_EXPECTED),
}  # fmt: skip
WORD: Final = re.compile(r"(?:(?P<slot>AM|PM|P\d):)?(?P<code>[UKEXSTLO~])(?P<minutes>\d+)?")
SEEN_ON: Final = date(2028, 1, 1)
ONE_DAY: Final = timedelta(days=1)


class Case(NamedTuple):
    """One line."""

    rule: str
    register: str
    fires: str
    facts: StudentFacts

    def holds(self, book: Rulebook) -> bool:
        """True if the rule fires on the days that the line says, and on no other."""
        return self.found(book) == self.fires

    def found(self, book: Rulebook) -> str:
        """The days on which it fires, as the line writes them."""
        fired = [one for one in book.firings(self.facts, SEEN_ON) if one.rule.id == self.rule]
        told = (one.trigger.isoformat() + "!" * bool(one.blocked) + "?" * bool(one.excluded) for one in fired)
        return " ".join(told) or "-"


@cache
def cases() -> tuple[Case, ...]:
    """All of them."""
    return tuple(
        _case(line)
        for file in sorted(FOLDER.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    )


def _case(line: str) -> Case:
    rule, register, fires, *rest = (part.strip() for part in line.split("|"))
    having = dict(_having(rest[0] if rest else ""))
    days = _Days(daily="daily" in having)
    marks: list[Mark] = []
    for word in _words(register):
        marks += days.read(word)
    return Case(rule, f"{register} | {' '.join(rest)}", days.told(fires), _facts(days, marks, having))


def _having(text: str) -> Iterator[tuple[str, Any]]:
    events = []
    for word in text.split():
        if "@" in word:
            events.append(_event(word))
        else:
            name, _, value = word.partition("=")
            yield name, value
    yield "case", events


def _event(word: str) -> CaseEvent:
    """`done:notice@9/4`, `delivered:us-pa.truant@9/4`."""
    what, _, on = word.partition("@")
    kind, _, name = what.partition(":")
    rule = name if kind == "delivered" else ""
    return CaseEvent(kind, _day(on), "" if rule else name, rule)


def _words(register: str) -> Iterator[str]:
    for word in register.split():
        once, _, times = word.partition("*")
        yield from [once] * int(times or 1)


class _Days:
    """Goes through the register and notes its days."""

    def __init__(self, *, daily: bool) -> None:
        self.daily = daily
        self.before = date(2026, 8, 31)
        self.read_so_far: list[date] = []
        self.off: set[date] = set()
        self.moves: list[date] = []

    def read(self, word: str) -> list[Mark]:
        if word.startswith("@"):
            self.before = _day(word[1:]) - ONE_DAY
            return []
        day = self.before + ONE_DAY
        while not self.school_on(day):
            day += ONE_DAY
        if word == ">>":
            self.moves.append(day)
            return []
        self.before = day
        self.read_so_far.append(day)
        if word == "H":
            self.off.add(day)
        return [] if word in (".", "H") else [_mark(day, one) for one in word.split("+")]

    def school_on(self, day: date) -> bool:
        summer = (6, 12) < (day.month, day.day) < (8, 17)
        return self.daily or (day.weekday() < 5 and not summer)

    def told(self, fires: str) -> str:
        """With dates instead of numbers."""
        found = []
        for word in fires.split():
            when, sign = re.fullmatch(r"(-|[\d/-]+)([!?]*)", word).groups()
            day = self.read_so_far[int(when) - 1] if when.isdigit() else when
            found.append(
                ("-" if day == "-" else (day if isinstance(day, date) else _day(day)).isoformat()) + sign
            )
        return " ".join(found)


def _mark(day: date, word: str) -> Mark:
    found = WORD.fullmatch(word)
    assert found, f"{word} is no mark."
    minutes = found["minutes"]
    return Mark(day, found["slot"] or DAY, CODES[found["code"]], int(minutes) if minutes else None)


def _day(text: str) -> date:
    """9/28 of the school year 2026-27, or an ISO date."""
    if "/" not in text:
        return date.fromisoformat(text)
    month, day = (int(part) for part in text.split("/"))
    return date(2026 if month > 6 else 2027, month, day)


def _facts(days: _Days, marks: list[Mark], having: dict[str, Any]) -> StudentFacts:
    first, last = days.read_so_far[0], days.read_so_far[-1]
    born = date(first.year - int(having.get("age", 12)), 1, 1)
    if "born" in having:
        born = _day(having["born"]) if having["born"] else None  # type: ignore[assignment]
    calendar = _calendar(days, first, having.get("required"))
    entry = _day(having["joins"]) if "joins" in having else first
    begins = [entry, *days.moves]
    ends = [day - ONE_DAY for day in days.moves] + [None]
    stays = zip("abcdefgh", begins, ends, strict=False)
    return StudentFacts(
        schedule=Schedule([Enrollment(name, begin, end, calendar) for name, begin, end in stays]),
        marks=marks,
        born=born,
        grade=having.get("grade", "06"),
        flags=[Flag(having["flag"], date(2000, 1, 1))] if "flag" in having else [],
        case=having["case"],
        parents=having.get("parents", "mother").split(","),
        current_to=last,
    )


def _calendar(days: _Days, first: date, required: str | None) -> Calendar:
    years = [
        SchoolYear(
            f"{year}-{(year + 1) % 100:02}",
            date(year, 8, 1),
            date(year + 1, 7, 31),
            int(required) if required else None,
        )
        for year in (first.year - 1, first.year, first.year + 1)
    ]
    length = (years[-1].ends - first).days
    every = (first + timedelta(days=number) for number in range(length))
    planned = {day: SchoolDay(390, 2, 6) for day in every if days.school_on(day) and day not in days.off}
    return Calendar(years, planned)
