"""What the rules have families told: each rule that owes them a notice, with what the law has it say."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.grounds import Grounds, Wanted
from app.core.permissions import permits
from app.notices.actions import lettering, numbers, telling
from app.notices.actions.refused import Refused
from app.notices.actions.telling import Telling, Told
from app.notices.wording.shipped import EARLIER_SCHOOL
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import bundling, owing, reviewing
from app.truancy.actions.owing import BY_ITSELF, NOTICE, firing_of
from app.truancy.law.packs import NAMES, pack, places, shipped
from app.truancy.law.prior import DAYS
from app.truancy.law.rule import Retract
from app.truancy.law.words import CONTENTS
from app.truancy.models.case_duty import DISMISSED, DONE, HELD_BACK, OPEN, WITHDRAWN, CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.firing_prior import records_behind
from app.truancy.models.notice_trail import DUTY, FIRING
from app.truancy.models.prior_record import PriorRecord
from app.truancy.models.rule_activation import ACTIVE, PROPOSED, RuleActivation, versions_of
from app.truancy.models.student_to_review import StudentToReview
from app.truancy.permissions import RULES, May

NOT_BY_TEXT: Final = "The law asks for this notice in writing. Choose email or letter."
BY_LOT: Final = (
    "By lot this notice is held back from this family, to see whether it helps. Whoever works the case can have it "
    "written all the same."
)
NOT_ANY_MORE: Final = (
    "The absences that this notice rests on do not hold any more: an excuse came, or the register was "
    "corrected."
)


def wanted() -> list[Wanted]:
    """A notice for each rule that owes one to a parent, in the version that holds last."""
    by_law = _by_law()
    return [*by_law.values(), *_added(by_law)]


def _by_law() -> dict[str, Wanted]:
    found: dict[str, Wanted] = {}
    for place in places():
        for rule in pack(place):
            for duty in rule.duties:
                if duty.do == "notice" and rule.until is None:
                    found[rule.id] = Wanted(
                        key=rule.id,
                        title=f"{NAMES[place]}: {rule.title}",
                        authority="; ".join(rule.authority),
                        since=rule.effective,
                        contents=tuple(
                            (item, CONTENTS[item]) for item in duty.contents if item not in BY_ITSELF
                        ),
                    )
    return found


def _added(by_law: Collection[str]) -> list[Wanted]:
    """Those that the district adds to rules by which the law has nobody told: they say what the district likes."""
    asked = select(RuleActivation).where(RuleActivation.state.in_([PROPOSED, ACTIVE]))
    uses = db.session.scalars(asked.order_by(RuleActivation.rule_id, RuleActivation.state)).all()
    titles = {rule.id: rule.title for rule in shipped()}
    return [
        Wanted(
            key=use.rule_id,
            title=f"Your district: {use.laid.title or titles[use.rule_id]}",
            authority="Your district’s own practice",
            since=use.first_day,
            contents=(),
        )
        for use in {one.rule_id: one for one in uses}.values()
        if use.rule_id not in by_law
        and use.rule_id in titles
        and NOTICE in {one.do for one in use.laid.added}
    ]


def why_not(firing_id: UUID) -> str:
    """Why a notice of that firing may not leave; "" while it stands. Until the transaction ends nobody retracts it."""
    if Firing.is_standing(firing_id):
        return ""
    return NOT_ANY_MORE


def _corrects(firing_id: UUID) -> bool:
    """Whether whom its notice reached is told that it does not stand: as its rule says, once it is taken back."""
    firing = Firing.find(firing_id)
    versions = versions_of(firing.rule_id) if firing is not None and not firing.stands else []
    return any(one.retract is Retract.CANCEL_AND_CORRECT for one in versions)


def _must_be_theirs(firing_id: UUID) -> str:
    firing = Firing.find(firing_id)
    return owing.must_be_theirs(firing.rule_id, firing.trigger_day) if firing else ""


def _may_see_firing(who: Actor, firing_id: UUID) -> bool:
    firing = Firing.find(firing_id)
    return firing is not None and permits(RULES, May.SEE_EVIDENCE, who, firing)


#: What the mail room asks of this room.
FIRINGS: Final = Grounds(
    kind=FIRING,
    wanted=wanted,
    why_not=why_not,
    shown_at="truancy.evidence_show",
    may_see=_may_see_firing,
    corrects=_corrects,
    must_be_theirs=_must_be_theirs,
)

#: How many of the days are named in a text.
MOST_DATES: Final = 20


def tell(duty: CaseDuty, values: Mapping[str, str], first: str, why_other: str = "", *, by: Actor) -> Told:
    """Write the notice that a duty asks for, to each home: by the channel `first`, and whom it does not reach by the
    others that the law permits. It waits for approval. Raises the mail room's Refused.

    What else the family is owed about the same absences, and this says, is told along, and done by them (bundling.py).
    """
    if first not in owing.permitted(duty.rule_id):
        raise Refused(NOT_BY_TEXT)
    _review_first(duty.student_id)
    along = bundling.told_along(duty, first)
    rules = [duty.rule_id, *(one.rule_id for one in along)]
    ways = [way for way in owing.permitted(duty.rule_id) if all(way in owing.permitted(id) for id in rules)]
    told = telling.tell(
        Telling(
            grounds_kind=DUTY,
            grounds_id=duty.id,
            duty=duty.do,
            wanted=duty.rule_id,
            student_id=duty.student_id,
            values=values,
            must_say=owing.contents(duty.rule_id, duty.trigger),
            channels=(first, *(one for one in ways if one != first)),
            is_required=not _by_law().keys().isdisjoint(rules),
            certified=any(owing.asks_for_certified_mail(id) for id in rules),
            why_other=why_other,
            along=[one.id for one in along],
        )
    )
    bundling.settle(along, duty, told.notices, by=by)
    return told


def values_of(duty_id: UUID) -> dict[str, str]:
    """The numbers that the register has, and the days that the rule counted."""
    duty = db.session.get(CaseDuty, duty_id)
    if duty is None:
        return {}
    known = numbers.of(db.session.get_one(Student, duty.student_id))
    firing = firing_of(duty)
    records = records_behind(firing.id) if firing else ()
    if records:
        known = _with_records(known, records)
    known[EARLIER_SCHOOL] = "yes" if records else "no"
    days = sorted({date.fromisoformat(mark[0]) for mark in firing.marks}) if firing else []
    if days:
        named = "; ".join(lettering.day_in_words(day) for day in days[:MOST_DATES])
        more = len(days) - MOST_DATES
        known |= {"counted": str(len(days)), "dates": f"{named}; and {more} more" if more > 0 else named}
    return known


def _with_records(known: Mapping[str, str], records: Sequence[PriorRecord]) -> dict[str, str]:
    """The register's numbers of the year and the days that earlier schools wrote down: a family is told all of them."""
    year = SchoolYear.current()
    days = [one for one in records if one.unit == DAYS and (year is None or year.first_day <= one.first)]
    missed = sum(int(one.unexcused + one.excused + one.unknown) for one in days)
    unexcused = sum(int(one.unexcused) for one in days)
    more = {"days": missed, "unexcused": unexcused}
    return {**known, **{name: str(int(known.get(name, "0")) + number) for name, number in more.items()}}


def put_to_a_person(duty_id: UUID, sentence: str) -> None:
    """Its notice reached nobody, or lies: the line says so on the morning list, and is open again if it was done."""
    duty = db.session.get(CaseDuty, duty_id, with_for_update=True, populate_existing=True)
    if duty is not None and duty.state in (OPEN, DONE):
        duty.trouble = sentence
        if sentence and duty.state == DONE:
            duty.reopen()
            firing = firing_of(duty)
            if firing is not None and not firing.stands:
                duty.withdraw()


def _review_first(student_id: UUID) -> None:
    """The register changed and no review has come by yet: nothing leaves on what it said before."""
    if StudentToReview.waits(student_id):
        reviewing.look_at([student_id])


def _why_not_for_duty(duty_id: UUID) -> str:
    """Why a notice of that duty may not leave; "" while it is asked for. It stays so until the transaction ends."""
    student_id = db.session.scalar(select(CaseDuty.student_id).where(CaseDuty.id == duty_id))
    if student_id is not None:
        _review_first(student_id)
    duty = db.session.get(CaseDuty, duty_id, with_for_update={"read": True}, populate_existing=True)
    firing = firing_of(duty) if duty else None
    if duty is None or duty.state == WITHDRAWN or (firing and not Firing.is_standing(firing.id)):
        return NOT_ANY_MORE
    if duty.state == DISMISSED:
        return "Somebody decided in the case that this notice is not sent."
    if duty.state == HELD_BACK:
        return BY_LOT
    return ""


def _corrects_duty(duty_id: UUID) -> bool:
    """The same of a line. Whatever somebody decided in the case takes no notice back."""
    duty = CaseDuty.find(duty_id)
    firing = firing_of(duty) if duty else None
    return firing is not None and _corrects(firing.id)


def _must_be_theirs_for_duty(duty_id: UUID) -> str:
    duty = CaseDuty.find(duty_id)
    return owing.must_be_theirs(duty.rule_id, duty.trigger) if duty else ""


def _called(duty_id: UUID) -> str:
    duty = CaseDuty.find(duty_id)
    return owing.title(duty.rule_id) if duty else ""


def _may_see_duty(who: Actor, duty_id: UUID) -> bool:
    duty = CaseDuty.find(duty_id)
    return duty is not None and firing_of(duty) is not None and permits(RULES, May.SEE_CASE, who, duty)


#: The same for what stands on the morning list.
DUTIES: Final = Grounds(
    kind=DUTY,
    wanted=lambda: (),
    why_not=_why_not_for_duty,
    shown_at="truancy.evidence_of_duty",
    may_see=_may_see_duty,
    corrects=_corrects_duty,
    must_be_theirs=_must_be_theirs_for_duty,
    called=_called,
    values=values_of,
    trouble=put_to_a_person,
)
