"""Whether a firing agrees with what is in the register at this moment: the rules are put to it once more.

Nothing is written. What a check finds, the next review writes down.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.expiring import today
from app.truancy.actions.gathering import Gathered, Register
from app.truancy.law import firing as law
from app.truancy.law.changes import Change, Kept, Outcome, changes
from app.truancy.law.engine import Rulebook
from app.truancy.law.rule import Rule
from app.truancy.models.firing import RETRACTED, Firing
from app.truancy.models.firing_prior import records_behind
from app.truancy.models.prior_record import CONFIRMED
from app.truancy.models.rule_activation import active_rules
from app.truancy.models.student_to_review import StudentToReview

TAKEN_BACK: Final = "The register still does not support it, as on the day on which it was taken back."
SUPPORTED_AGAIN: Final = "The register supports it again. The next review puts it back."
NOT_IN_USE: Final = "The rule is not in use for that day any more."
OTHER_VERSION: Final = "Another version of the rule is in use for that day now."
OTHER_MEANING: Final = (
    "The marks are the same. What their codes mean, whom the rule is about, or what it asks beside the count is "
    "another now."
)
GONE: Final = "The register has this student no more."


@dataclass(frozen=True)
class Check:
    """What came of it. `because`: sentences, one a reason, where it does not agree."""

    agrees: bool
    #: Of what the register gives now; "" where it gives nothing.
    sha256: str
    because: tuple[str, ...] = ()
    #: True while a review will look at the student anyway.
    waits: bool = False


def check(firing: Firing) -> Check:
    """Put the rules to the register as it is now, and hold what they give against what was written down."""
    waits = StudentToReview.waits(firing.student_id)
    rules = active_rules(today())
    student = next(iter(Register().of([str(firing.student_id)])), None)
    if student is None:
        return Check(False, "", (GONE,), waits)
    became = _became(firing, Rulebook(rules).firings(student.facts, today()))
    now = became.now if became else None
    if became is None:  # taken back, and still so
        return Check(True, "", (TAKEN_BACK,), waits)
    if became.outcome is Outcome.UPHELD and now is not None:
        return Check(True, now.evidence_sha256, waits=waits)
    if became.outcome is Outcome.REINSTATED and now is not None:
        return Check(False, now.evidence_sha256, (SUPPORTED_AGAIN,), waits)
    because = tuple(_reasons(firing, now, student, rules))
    return Check(False, now.evidence_sha256 if now else "", because, waits)


def _became(firing: Firing, found: list[law.Firing]) -> Change | None:
    kept = [
        Kept(
            one.rule_id,
            one.window_name,
            one.ordinal,
            frozenset((date.fromisoformat(day), slot) for day, slot, *_ in one.marks),
            one.evidence_sha256,
            one.state == RETRACTED,
        )
        for one in Firing.of_student(firing.student_id)
    ]
    key = firing.rule_id, firing.window_name, firing.ordinal
    return next((one for one in changes(kept, found) if one.before and one.before.key == key), None)


def _reasons(firing: Firing, now: law.Firing | None, student: Gathered, rules: list[Rule]) -> Iterator[str]:
    told = student.as_told()
    counting = {(mark.day, mark.slot) for mark in student.facts.marks}
    found = [one for mark in firing.marks if (one := _other(mark, told, counting, student))]
    yield from found
    behind = records_behind(firing.id)
    withdrawn = [f"The record of {one.where} was withdrawn." for one in behind if one.state != CONFIRMED]
    yield from withdrawn
    others = {one.id for one in now.prior} - {str(one.id) for one in behind} if now is not None else ()
    if others:
        yield "A record of an earlier school that it did not count is counted now."
    speaking = [one for one in rules if one.id == firing.rule_id and one.in_force(firing.trigger_day)]
    if not speaking:
        yield NOT_IN_USE
    elif firing.rule_version not in {one.sha256 for one in speaking}:
        yield OTHER_VERSION
    elif now is not None and (str(now.total), now.out_of) != (firing.total, firing.out_of):
        then, since = _counted(firing.total, firing.out_of), _counted(str(now.total), now.out_of)
        yield f"It counted {then}, and counts {since} now."
    elif not found and not withdrawn and not others:
        yield OTHER_MEANING


def _other(
    mark: list[object],
    told: Mapping[tuple[date, str], str],
    counting: set[tuple[date, str]],
    student: Gathered,
) -> str:
    day, slot, code, minutes = date.fromisoformat(str(mark[0])), str(mark[1]), mark[2], mark[3]
    lapsed, there = mark[4:], told.get((day, slot))
    if there is None:
        return f"The mark of {day} is no longer in the register, or nobody vouches for its code."
    _, _, code_now, minutes_now, *lapsed_now = json.loads(there)
    if code_now != code:
        return f"The mark of {day} was {code}, and is {code_now} now."
    if minutes_now != minutes:
        return f"The mark of {day} has other minutes now."
    if lapsed_now and lapsed_now != lapsed:
        return f"The mark of {day} counts as unexcused since {lapsed_now[0]}: no reason was given in time."
    if lapsed and not lapsed_now:
        return f"The mark of {day} counted as unexcused for want of a reason, and its time began anew."
    if (day, slot) not in counting:
        return f"Nobody has signed off what {code} means on {day}."
    if student.facts.schedule.planned(day) is None:
        return f"On {day} the student is not expected at school any more."
    return ""


def _counted(total: str, out_of: int | None) -> str:
    return total if out_of is None else f"{total} of {out_of}"
