"""Two rules, one event: what a family is owed by several rules about the same absences is told by one notice.

A line of the morning list is told along with another of the same student if it is owed to the same people, rests on no
other marks than that one, if the text of that one says all that its own law asks for, and if its law permits the way.
It is then done by whoever had the notice written; where the notice is stopped or reaches nobody, it is open again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db, uuid7
from app.notices.actions import telling
from app.notices.models.notice import SMS, Notice, NoticeRecipient
from app.truancy.actions import settling
from app.truancy.actions.owing import NOTICE, contents, firing_of, permitted, title
from app.truancy.law.words import CONTENTS, why_blocked
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.firing_prior import records_behind
from app.truancy.models.notice_trail import DUTY

TO: Final = {"parent": "a parent", "each_parent": "each parent"}
OTHER_PEOPLE: Final = "it is owed to {theirs}, and this notice to {ours}."
OTHER_DAYS: Final = "it counts absences that this notice does not count."
OTHER_RECORDS: Final = "it counts a record of an earlier school that this notice does not count."
FOR_A_PERSON: Final = "a person decides about it by itself."
NOT_YET: Final = "it is not due yet. {why}"
NOT_SAID: Final = "the text of this notice does not say {items}."
IN_WRITING: Final = "its law asks for it in writing, and this notice may go as a text message first."
TOLD_BY: Final = "Told by the notice of “{title}”, {codes}."


@dataclass(frozen=True)
class Beside:
    """Another notice that the same family is owed about the same absences."""

    duty: CaseDuty
    title: str
    #: By these ways one notice tells both; none where two are needed.
    ways: tuple[str, ...]
    #: Why two are needed, or by text message; "" where one tells both by every way.
    why: str
    #: Two are needed, since this notice does not tell that one; but that one tells this.
    tells_this: bool = False


def beside(duty: CaseDuty) -> list[Beside]:
    """What else is open for a family about absences that this line counts, too."""
    found = []
    for other in _others(duty):
        ways, why = _one_for_both(duty, other)
        tells_this = not ways and bool(_one_for_both(other, duty)[0])
        found.append(Beside(other, title(other.rule_id), ways, why, tells_this))
    return found


def told_along(duty: CaseDuty, first: str) -> list[CaseDuty]:
    """The lines that a notice of this one tells along, sent by the way `first`; held until the transaction ends."""
    theirs = select(CaseDuty.id).where(
        CaseDuty.student_id == duty.student_id, CaseDuty.do == NOTICE, CaseDuty.is_open()
    )
    # All of them, in one order: whoever tells another of them at this moment waits here.
    CaseDuty.locked([duty.id, *db.session.scalars(theirs)])
    return [other for other in _others(duty) if first in _one_for_both(duty, other)[0]]


def told_by(notices: Iterable[Notice]) -> list[CaseDuty]:
    """The lines that are told along by these."""
    ids = dict.fromkeys(id for notice in notices for id in notice.along)
    return [one for one in map(CaseDuty.find, ids) if one is not None]


def settle(along: Iterable[CaseDuty], duty: CaseDuty, notices: Sequence[Notice], *, by: Actor) -> None:
    """They are done by the notices of another line, as far as each of these tells them."""
    told = [one for one in along if notices and all(one.id in notice.along for notice in notices)]
    if told:
        codes = ", ".join(notice.code for notice in notices)
        note = TOLD_BY.format(title=title(duty.rule_id), codes=codes)
        settling.finish([one.id for one in told], by=by, batch=uuid7(), note=note)


def _others(duty: CaseDuty) -> list[CaseDuty]:
    """Open lines of the student that owe a notice about some of the same absences, and that nothing tells yet."""
    ours = _marks(firing_of(duty))
    asked = select(CaseDuty).where(
        CaseDuty.student_id == duty.student_id,
        CaseDuty.do == NOTICE,
        CaseDuty.is_open(),
        CaseDuty.id != duty.id,
    )
    asked = asked.order_by(CaseDuty.by_day, CaseDuty.id).execution_options(populate_existing=True)
    return [
        one
        for one in db.session.scalars(asked)
        if ours & _marks(firing_of(one)) and not _has_a_notice(one.id)
    ]


def _one_for_both(duty: CaseDuty, other: CaseDuty) -> tuple[tuple[str, ...], str]:
    """By which ways a notice of `duty` tells `other`, too, and why not by all."""
    ways = tuple(way for way in permitted(duty.rule_id) if way in permitted(other.rule_id))
    unsaid = _unsaid(duty, other)
    if other.to != duty.to:
        return (), OTHER_PEOPLE.format(theirs=TO.get(other.to, other.to), ours=TO.get(duty.to, duty.to))
    if other.for_person:
        return (), FOR_A_PERSON
    if other.blocked:
        return (), NOT_YET.format(why=" ".join(why_blocked(one) for one in other.stands_in_the_way))
    if not _marks(firing_of(other)) <= _marks(firing_of(duty)):
        return (), OTHER_DAYS
    if not _records(other) <= _records(duty):
        return (), OTHER_RECORDS
    if unsaid:
        return (), NOT_SAID.format(items="; ".join(CONTENTS[item] for item in unsaid))
    return ways, IN_WRITING if SMS in permitted(duty.rule_id) and SMS not in ways else ""


def _unsaid(duty: CaseDuty, other: CaseDuty) -> list[str]:
    """What the law of `other` asks for and the approved text of `duty` does not say."""
    said = telling.said_by(duty.rule_id)
    return [item for item in contents(other.rule_id, other.trigger) if item not in said]


def _marks(firing: Firing | None) -> frozenset[tuple[str, str]]:
    """Day and slot of what a standing firing counts; nothing of a line that was opened by hand."""
    if firing is None or not firing.stands:
        return frozenset()
    return frozenset((day, slot) for day, slot, *_ in firing.marks)


def _records(duty: CaseDuty) -> frozenset[UUID]:
    """The records of earlier schools that it counts besides."""
    firing = firing_of(duty)
    return frozenset(one.id for one in records_behind(firing.id)) if firing is not None else frozenset()


def _has_a_notice(duty_id: UUID) -> bool:
    """Whether anybody was told it, or is to be, or a person decided otherwise."""
    told = NoticeRecipient.of_key(DUTY, duty_id, NOTICE)
    return any(telling.that_counts(notices) is not None for notices in told.values())
