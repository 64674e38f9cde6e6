"""`make law`: the engine against the oracle, on ten thousand students that nobody thought of.

`python -m tests.truancy.ten_thousand [students] [first]`. Prints each student and rule on which the two differ,
and is 1 if there is one. The model's text settles who is right, and whoever is wrong is mended.
"""

import sys
import time
from collections import Counter
from functools import cache
from random import Random

from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import StudentFacts
from app.truancy.law.packs import shipped
from app.truancy.law.rule import Rule
from tests.truancy.anyone import SEEN_ON, anyone, invented
from tests.truancy.oracle import Told, expected, told

STUDENTS = 10_000


@cache
def all_rules() -> tuple[Rule, ...]:
    """Those we ship, and those that use the rest of the grammar."""
    return (*shipped(), *invented())


@cache
def everything() -> Rulebook:
    """All of them as a rulebook."""
    return Rulebook(all_rules())


def both(facts: StudentFacts) -> tuple[set[Told], set[Told]]:
    """What the engine finds, and what the oracle does. Raises AssertionError where the engine says a thing twice."""
    found = [told(one) for one in everything().firings(facts, SEEN_ON)]
    assert len({(one.rule, one.window, one.ordinal) for one in found}) == len(found), "One key stands twice."
    return set(found), set(expected(all_rules(), facts, SEEN_ON))


def main(students: int = STUDENTS, first: int = 0) -> int:
    """Compare, print, and say how it went."""
    began, fired, differ = time.monotonic(), Counter[str](), 0
    for seed in range(first, first + students):
        engine, oracle = both(anyone(Random(seed)))
        fired.update(one.rule for one in oracle)
        for rule in sorted({one.rule for one in engine ^ oracle}):
            differ += 1
            print(f"Student {seed}, {rule}")
            for name, here, there in (("engine", engine, oracle), ("oracle", oracle, engine)):
                for one in sorted(
                    (one for one in here - there if one.rule == rule), key=lambda one: one.trigger
                ):
                    print(f"  only the {name}: {one}")
    print(
        f"{students:,} students, {len(all_rules())} rules, {fired.total():,} firings,"
        f" {differ} differences, {time.monotonic() - began:.0f} s"
    )
    silent = sorted({rule.id for rule in all_rules()} - set(fired))
    if silent:
        print(f"Never fired: {', '.join(silent)}")
    return 1 if differ or silent else 0


if __name__ == "__main__":
    sys.exit(main(*(int(number) for number in sys.argv[1:3])))
