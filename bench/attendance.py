"""`python -m bench.attendance --law [students]`: what the law costs, student by student, without a database.

Registers as a district has them: nine in ten students have few marks, one in ten many; some twelve each over 180 days.
Twelve rules, of every kind of window: counts, months, sliding windows, shares, reports. Seconds are the processor's,
as others may use the cores.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Final

from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import DAY, Mark, StudentFacts
from app.truancy.law.packs import shipped
from app.truancy.law.rule import Rule
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import named

SCHOOLS: Final = 100
SEEN_ON: Final = date(2027, 6, 14)
YEAR: Final = SchoolYear("2026-27", date(2026, 8, 1), date(2027, 7, 31))
#: What a mark says, and how many of twenty say so.
HABITS: Final = (
    (11, named(["absent", "excused"]), None),
    (3, named(["absent", "unexcused"]), None),
    (2, named(["absent", "unknown"]), None),
    (2, named(["tardy", "unexcused"]), 12),
    (1, named(["tardy", "unexcused"]), 45),
    (1, named(["absent", "excused"]), 195),
)
_SAID: Final = [(traits, minutes) for often, traits, minutes in HABITS for _ in range(often)]


def main() -> int:
    """Measure and print."""
    order = argparse.ArgumentParser(prog="bench.attendance")
    order.add_argument("students", nargs="?", type=int, default=20_000)
    order.add_argument("--law", action="store_true", required=True)
    asked = order.parse_args()
    _law(asked.students)
    return 0


def _law(students: int) -> None:
    rules, spent, fired, marks = twelve(), 0.0, 0, 0
    book = Rulebook(rules)
    for few in _by_thousands(students):
        began = time.process_time()
        fired += sum(len(book.firings(one, SEEN_ON)) for one in few)
        spent += time.process_time() - began
        marks += sum(len(one.marks) for one in few)
    each = spent / students * 1e6
    print(
        f"{students:,} students, {marks / students:.1f} marks each, {len(rules)} rules, {fired:,} firings:"
        f" {each:.0f} microseconds of the processor a student"
    )


def twelve() -> list[Rule]:
    """The rules that are measured."""
    asked = ("us-ca", "us-fed", "us-fl", "us-tx", "us-ga.chronic")
    return [rule for rule in shipped() if rule.id.startswith(asked)]


@cache
def school_days() -> tuple[date, ...]:
    """180 days from the middle of August on: no weekends, and three weeks off."""
    first, off = (
        date(2026, 8, 17),
        {date(2026, 11, 23), date(2026, 12, 21), date(2026, 12, 28), date(2027, 4, 5)},
    )
    days = (first + timedelta(days=number) for number in range(400))
    open_ = [day for day in days if day.weekday() < 5 and day - timedelta(days=day.weekday()) not in off]
    return tuple(open_[:180])


def marked(random: Random) -> Iterator[tuple[date, int, int | None]]:
    """One student's marks in order of days: day, traits, minutes."""
    days = school_days()
    many = random.random() < 0.1
    often = random.randint(20, 60) if many else random.randint(0, 18)
    for at in sorted(random.sample(range(len(days)), often)):
        yield days[at], *random.choice(_SAID)


def _by_thousands(students: int) -> Iterator[Sequence[StudentFacts]]:
    calendars = [
        Calendar([YEAR], {day: SchoolDay(390, 2, 7) for day in school_days()}) for _ in range(SCHOOLS)
    ]
    entry = school_days()[0]
    made: list[StudentFacts] = []
    for number in range(students):
        random = Random(number)
        enrolled = Enrollment(f"school-{number % SCHOOLS}", entry, None, calendars[number % SCHOOLS])
        marks = [Mark(day, DAY, traits, minutes) for day, traits, minutes in marked(random)]
        born = date(2026 - random.randint(5, 18), 3, 1) + timedelta(days=random.randint(0, 364))
        made.append(
            StudentFacts(
                schedule=Schedule([enrolled]),
                marks=marks,
                born=born,
                grade=f"{number % 12 + 1:02}",
                current_to=school_days()[-1],
            )
        )
        if len(made) == 1000:
            yield made
            made = []
    if made:
        yield made


if __name__ == "__main__":
    sys.exit(main())
