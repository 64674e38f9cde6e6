"""That a rule fired for a student: on what day, by which marks, what is owed, and what stands in its way."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from app.truancy.law.facts import Mark
from app.truancy.law.prior import Prior
from app.truancy.law.rule import Amount, Duty, Rule
from app.truancy.law.schedule import Schedule
from app.truancy.law.traits import names_of

#: It may be answered for later than it was due: then it is late when detected, and says so.
CALENDAR_DAY: Final = "calendar_day"
#: Marks that are remembered as they are written.
MOST_KNOWN: Final = 100_000


class Blocked(NamedTuple):
    """Why what a rule asks for may not be done yet: a name for it, and what it is about."""

    why: str
    about: str = ""


class Owed(NamedTuple):
    """A duty of a firing and its last day; None where the law names none, or the clock stands still."""

    duty: Duty
    due: date | None


class Firing(NamedTuple):
    """One firing. A rule fires once for each student, window and ordinal."""

    rule: Rule
    #: Which window: "2026-27", "2026-09" …
    window: str
    #: Which firing within it, from 1.
    ordinal: int
    #: The day on which the threshold was first met.
    trigger: date
    #: The marks that it rests on, in order; of a rule that counts firings, the marks that these were triggered by.
    evidence: tuple[Mark, ...]
    #: What was counted in the window up to that day: days, sessions, minutes.
    total: Amount
    #: What the total is a share of, where the rule asks for a share.
    out_of: int | None
    duties: tuple[Owed, ...]
    #: Empty if all may be done that the rule asks for.
    blocked: tuple[Blocked, ...]
    #: Flags for which a person looks at it, and no machine.
    excluded: tuple[str, ...]
    #: The records of earlier schools that it rests on besides, in order of their last days.
    prior: tuple[Prior, ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it one of its kind for a student."""
        return self.rule.id, self.window, self.ordinal

    @property
    def trigger_mark(self) -> Mark | None:
        """The last mark it rests on; None if it rests on no mark."""
        return self.evidence[-1] if self.evidence else None

    @property
    def evidence_sha256(self) -> str:
        """The same for the same marks, whatever order they came in and whenever they were looked at."""
        return hashlib.sha256(self.evidence_text().encode("utf-8")).hexdigest()

    def evidence_text(self) -> str:
        """Rule, window, marks and records of earlier schools as JSON, one way to write it."""
        marks = ",".join(map(_TOLD.__getitem__, self.evidence))
        out_of = "null" if self.out_of is None else self.out_of
        # What rests on no record of an earlier school reads as it did before there were any.
        prior = f'"prior":{_records(self.prior)},' if self.prior else ""
        # By hand, in the order of the names: half a million students have a million of them.
        return (
            f'{{"marks":[{marks}],"ordinal":{self.ordinal},"out_of":{out_of},{prior}"rule":"{self.rule.id}",'
            f'"total":"{self.total}","trigger":"{self.trigger.isoformat()}","version":"{self.rule.sha256}",'
            f'"window":{_quoted(self.window)}}}'
        )


def _records(prior: Sequence[Prior]) -> str:
    return json.dumps([[one.id, one.sha256] for one in prior], separators=(",", ":"))


class Told(dict[Mark, str]):
    """Marks as JSON, each written when it first comes: the same mark stands in the registers of thousands."""

    def __missing__(self, mark: Mark) -> str:
        if len(self) > MOST_KNOWN:
            self.clear()
        told = [mark.day.isoformat(), mark.slot, names_of(mark.traits), mark.minutes]
        written = self[mark] = json.dumps(told, separators=(",", ":"))
        return written


_TOLD: Final = Told()
_quoted: Final = json.encoder.encode_basestring_ascii


def owed(duties: Sequence[Duty], schedule: Schedule, trigger: date, seen_on: date) -> tuple[Owed, ...]:
    """The duties with their last days. `seen_on`: the day on which the firing was found."""
    return tuple(Owed(duty, _last_day(duty, schedule, trigger, seen_on)) for duty in duties)


def _last_day(duty: Duty, schedule: Schedule, trigger: date, seen_on: date) -> date | None:
    if duty.due is None or duty.begins == "delivered":
        return None
    begins = trigger if duty.begins == "trigger_mark" else seen_on
    if duty.unit == CALENDAR_DAY:
        return begins + timedelta(days=duty.due)
    return schedule.due(begins, duty.due)
