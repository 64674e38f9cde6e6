"""All that the engine sees of a student. What is not here decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Final, NamedTuple

from app.truancy.law.prior import Prior
from app.truancy.law.schedule import Schedule
from app.truancy.law.traits import Traits

DAY: Final = "DAY"
AM, PM = "AM", "PM"
_SLOT: Final = itemgetter(0, 1)


class Mark(NamedTuple):
    """One mark in the register. There is one for each day and slot."""

    day: date
    #: DAY, AM, PM, or a lesson: P1, P2 …
    slot: str
    traits: Traits
    #: Minutes missed; None where the source does not say.
    minutes: int | None = None


class Flag(NamedTuple):
    """Something that holds of a student for a time: homeless, foster, pregnant, severe_illness, academic_plan."""

    name: str
    first: date
    last: date | None = None


class CaseEvent(NamedTuple):
    """Something that people did, or said was so.

    kind: "done" (name: the duty), "attested" (name: the claim), "delivered" (rule: whose notice arrived),
    "conference_attempted", "conference_held", "plan_failed", "penalty" (name: to which parent).
    """

    kind: str
    on: date
    name: str = ""
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class StudentFacts:
    """One student, as far as is known now."""

    schedule: Schedule
    #: In any order. Two of one day and slot are refused.
    marks: Sequence[Mark]
    born: date | None = None
    #: By the code of CEDS, as the roster writes it: KG, 01 … 12.
    grade: str = ""
    flags: Sequence[Flag] = ()
    case: Sequence[CaseEvent] = ()
    #: The parents that a rule may ask about one by one.
    parents: Sequence[str] = field(default_factory=tuple)
    #: What confirmed records of earlier schools say.
    prior: Sequence[Prior] = ()
    #: The last day of which the register is in. Nothing after it is taken to have been attended.
    current_to: date = date.max

    def __post_init__(self) -> None:
        if len(set(map(_SLOT, self.marks))) != len(self.marks):
            raise ValueError("There are two marks for one day and slot.")
