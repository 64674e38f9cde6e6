"""Duties are done, dismissed, called about, scheduled, referred; and all of it can be undone.

Every press is a batch, known by the key of its paper: sent twice it is done once, and it is undone as a whole. Each
raises Refused with a sentence for whoever asked, and then nothing of the batch was done.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.expiring import today
from app.roster.actions.refused import Refused
from app.truancy.law.words import DUTIES, why_blocked
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import DISMISSED, DONE, CaseDuty
from app.truancy.models.case_entry import CaseEntry

#: What can be settled with one press.
MOST: Final = 200
UNDONE_WITHIN: Final = timedelta(days=7)

#: What a call that reached somebody settles, and what a conference does.
CONTACTS: Final = frozenset({"home_contact", "direct_contact"})
ASKED_TO_CONFERENCE: Final = frozenset({"schedule_conference", "offer_conference"})
NOTICES: Final = frozenset({"notice"})
CONFERENCES: Final = frozenset({"conference", "hold_conference"})
#: What a referral settles, by whom it goes to.
REFERRED: Final = {
    "counseling": frozenset({"offer_counseling"}),
    "review_board": frozenset({"consider_sarb", "referral"}),
    "court": frozenset({"referral", "petition", "court_determination"}),
}
#: What a committee that was told settles. What a person decides they settle themselves.
TOLD: Final = {
    "review_board": frozenset({"consider_sarb"}),
    "review_team": frozenset({"attendance_review_team"}),
    "child_study_team": frozenset({"child_study_team"}),
}

CHANGED: Final = "Somebody settled one of these in the meantime. Look at the list as it is now."
FOR_A_PERSON: Final = (
    "For some of these a person decides about each: {names}. Open those one by one, and leave them out here."
)


def finish(
    duty_ids: Collection[UUID], *, by: Actor, batch: UUID, at_once: bool = True, note: str = ""
) -> int:
    """They are done. `at_once`: several with one press, among which is none that a person decides. How many."""
    duties = _held(duty_ids, batch)
    _refuse_what_a_person_decides(duties, at_once)
    for duty in duties:
        if duty.blocked:
            raise Refused(
                f"{duty.words}: not yet. {' '.join(why_blocked(one) for one in duty.stands_in_the_way)} "
                "Nothing of what you chose was changed."
            )
        _settle(duty, DONE, case_entry.DONE, by, batch, name=duty.do, note=note)
    return _told(duties)


def dismiss(duty_ids: Collection[UUID], reason: str, *, by: Actor, batch: UUID, at_once: bool = True) -> int:
    """They are not done, for a reason that stands in the case. How many."""
    if not reason.strip():
        raise Refused("Write why they are dismissed. The reason stands in each case.")
    duties = _held(duty_ids, batch)
    _refuse_what_a_person_decides(duties, at_once)
    for duty in duties:
        _settle(duty, DISMISSED, case_entry.DISMISSED, by, batch, name=duty.do, note=reason.strip())
    return _told(duties)


def log_contact(
    duty_ids: Collection[UUID], means: str, outcome: str, note: str, *, by: Actor, batch: UUID
) -> int:
    """Somebody was called or tried to be. Where a contact is what is owed and somebody was reached, it is done."""
    duties = _held(duty_ids, batch)
    for duty in duties:
        _write(duty.case_id, case_entry.CONTACT, by, batch, duty=duty, name=means, outcome=outcome, note=note)
        if outcome == "reached" and duty.do in CONTACTS and _settles_along(duty):
            duty.settle(DONE, by_id=_id_of(by), batch=batch)
            _write(duty.case_id, case_entry.DONE, by, batch, duty=duty, name=duty.do)
    return _told(duties)


def schedule(duty_ids: Collection[UUID], on: date, note: str, *, by: Actor, batch: UUID) -> int:
    """A conference is asked for. It is an attempt in the sense of the law, and settles what asks to schedule one."""
    if on < today():
        raise Refused("A conference is scheduled for today or a later day.")
    duties = _held(duty_ids, batch)
    for case_id in dict.fromkeys(duty.case_id for duty in duties):
        _write(case_id, case_entry.SCHEDULED, by, batch, on=on, note=note)
    for duty in duties:
        if duty.do in ASKED_TO_CONFERENCE and _settles_along(duty):
            _settle(duty, DONE, case_entry.DONE, by, batch, name=duty.do)
    return _told(duties)


def enter(
    case: AttendanceCase,
    kind: str,
    *,
    by: Actor,
    batch: UUID,
    on: date | None = None,
    name: str = "",
    outcome: str = "",
    rule_id: str = "",
    note: str = "",
    told: str = "",
    means: str = "",
) -> None:
    """Write into a case what was done or found out. What it settles by that, is settled."""
    if on is not None and kind != case_entry.SCHEDULED and on > today():
        raise Refused("That day is still to come. Write the day on which it was so.")
    if kind == case_entry.SCHEDULED and on is not None and on < today():
        raise Refused("A conference is scheduled for today or a later day.")
    if _is_known(batch):
        return
    _write(
        case.id,
        kind,
        by,
        batch,
        on=on,
        name=name,
        outcome=outcome,
        rule_id=rule_id,
        note=note,
        told=told,
        means=means,
    )
    settled = _settled_by(kind, name, outcome)
    if settled:
        theirs = [
            one.id
            for one in CaseDuty.of_case(case.id)
            if one.do in settled and _settles_along(one) and rule_id in ("", one.rule_id)
        ]
        for duty in CaseDuty.locked(theirs):
            _settle(duty, DONE, case_entry.DONE, by, batch, name=duty.do)
    db.session.flush()


def undo(batch: UUID, *, by: Actor) -> int:
    """Take back all that they did with one press. What was settled by it is open again. How many entries."""
    asked = select(CaseEntry).where(CaseEntry.batch_id == batch, CaseEntry.by_id == by.id)
    entries = list(db.session.scalars(asked.with_for_update()))
    standing = [one for one in entries if one.undone_at is None]
    if not standing:
        raise Refused("That was undone already, or it was not you who did it.")
    if any(clock.now() - one.made_at > UNDONE_WITHIN for one in standing):
        raise Refused("That was done more than a week ago. Write into the case what is so now.")
    for entry in standing:
        entry.undone_at, entry.undone_by_id = clock.now(), by.id
    settled = select(CaseDuty).where(
        CaseDuty.id.in_([one.duty_id for one in standing if one.duty_id]), CaseDuty.batch_id == batch
    )
    for duty in db.session.scalars(settled.with_for_update()):
        duty.reopen()
    db.session.flush()
    return len(standing)


def _held(duty_ids: Collection[UUID], batch: UUID) -> list[CaseDuty]:
    """Those that are open, locked. A batch that was done already has none left, and says nothing twice."""
    if not duty_ids:
        raise Refused("Choose at least one line of the list.")
    if len(duty_ids) > MOST:
        raise Refused(f"Choose at most {MOST} lines at a time.")
    if _is_known(batch):
        return []
    duties = CaseDuty.locked(duty_ids)
    if len(duties) != len(set(duty_ids)):
        raise Refused(CHANGED)
    return duties


def _is_known(batch: UUID) -> bool:
    return db.session.scalar(select(CaseEntry.id).where(CaseEntry.batch_id == batch).limit(1)) is not None


def _refuse_what_a_person_decides(duties: Sequence[CaseDuty], at_once: bool) -> None:
    theirs = [duty for duty in duties if duty.for_person]
    if at_once and theirs:
        names = ", ".join(sorted({duty.case.student.name for duty in theirs})[:5])
        raise Refused(FOR_A_PERSON.format(names=names))


def _settle(
    duty: CaseDuty, state: str, kind: str, by: Actor, batch: UUID, *, name: str, note: str = ""
) -> None:
    reason = note if state == DISMISSED else ""
    duty.settle(state, by_id=_id_of(by), batch=batch, reason=reason)
    _write(duty.case_id, kind, by, batch, duty=duty, name=name, note=note)


def _write(
    case_id: UUID,
    kind: str,
    by: Actor,
    batch: UUID,
    *,
    duty: CaseDuty | None = None,
    on: date | None = None,
    name: str = "",
    outcome: str = "",
    rule_id: str = "",
    note: str = "",
    told: str = "",
    means: str = "",
) -> None:
    db.session.add(
        CaseEntry(
            case_id=case_id,
            duty_id=duty.id if duty else None,
            kind=kind,
            on=on or today(),
            name=name,
            outcome=outcome,
            rule_id=rule_id,
            note=note,
            told=told,
            means=means,
            by_id=_id_of(by),
            batch_id=batch,
        )
    )


def _settles_along(duty: CaseDuty) -> bool:
    """True if what was written into the case settles it by the way. What a person decides, they settle themselves."""
    return not duty.blocked and not duty.for_person


def _settled_by(kind: str, name: str, outcome: str) -> frozenset[str]:
    """The duties that an entry settles."""
    if kind == case_entry.CONTACT and outcome == "reached":
        return CONTACTS
    if kind == case_entry.SCHEDULED:
        return ASKED_TO_CONFERENCE
    if kind in (case_entry.HELD, case_entry.MISSED):
        return CONFERENCES | ASKED_TO_CONFERENCE
    if kind == case_entry.DELIVERED:
        return NOTICES
    if kind == case_entry.REFERRAL:
        return REFERRED.get(name, frozenset())
    if kind == case_entry.COMMITTEE:
        return TOLD.get(name, frozenset())
    if kind == case_entry.PENALTY:
        return frozenset({"decide_notice"})
    if kind == case_entry.PLAN:
        return frozenset({name}) & DUTIES.keys()
    return frozenset()


def _id_of(by: Actor) -> UUID:
    assert by.id is not None, "A person does this."
    return by.id


def _told(duties: Sequence[CaseDuty]) -> int:
    db.session.flush()
    return len(duties)
