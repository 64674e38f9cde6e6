"""What a mark in the register says, in words that every rule knows.

A school's own codes become traits before the engine sees a mark, by a table that the district signs off; so no rule
names a code, and no code names a rule.
"""

from collections.abc import Iterable
from enum import IntFlag
from typing import Final


class Trait(IntFlag):
    """One word. A mark has several: absent and unexcused, tardy and excused."""

    PRESENT = 1
    ABSENT = 2
    TARDY = 4
    EARLY_OUT = 8
    EXCUSED = 16
    UNEXCUSED = 32
    UNKNOWN = 64
    MEDICAL = 128
    SUSPENDED_OUT = 256
    SUSPENDED_IN = 512
    STATE_EXCUSED = 1024
    OFFSITE_INSTRUCTION = 2048
    NOT_EXPECTED = 4096


#: Several traits at once, as a plain number: half a million registers are gone through each night.
Traits = int
#: Away for the whole of the slot that the mark is about, where it says no minutes.
AWAY: Final[Traits] = int(Trait.ABSENT | Trait.SUSPENDED_OUT)
NOT_EXPECTED: Final[Traits] = int(Trait.NOT_EXPECTED)


def named(names: Iterable[str]) -> Traits:
    """The traits of these names, as rules write them: "suspended_out". Raises KeyError for a word that is none."""
    found = 0
    for name in names:
        found |= int(Trait[name.upper()])
    return found


def names_of(traits: Traits) -> list[str]:
    """Their names, in the order of the list above."""
    return [one.name.lower() for one in Trait if one & traits and one.name]
