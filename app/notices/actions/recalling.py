"""A notice reached the wrong person: what is done at once, what is done after that, and how it ends.

At once, and in one transaction: a notice that has still to leave, or lies in the pile, is stopped; its links to the
family page open nothing any more; the room that stands for it is told that a person is needed; every admin gets a mail
that names nobody. What was said about it is kept as one incident, however often the button was pressed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from app.auth.models.sealed_account import admins
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.family.actions import linking
from app.notices.actions import along, compose, disclosing, withdrawing
from app.notices.actions.refused import Refused
from app.notices.models.incident import ADDRESS, CAUSES, ENVELOPE, STEPS, Incident, IncidentStep
from app.notices.models.incident_setting import Due, IncidentSetting
from app.notices.models.notice import OUT, Notice, NoticeRecipient, State

STOPPED: Final = "An incident was recorded: it reached the wrong person."
WENT_ELSEWHERE: Final = "It reached somebody else: an incident was recorded."
TELL_THEM: Final = (
    "Its notice reached the wrong person. Call the family, or write to them from the student’s notices, and write that "
    "into the case."
)
NOT_YET: Final = "That is still to come. Write when it was noticed."
NOT_YET_DONE: Final = "That is still to come. Write when it was done."
BEFORE_IT_WAS_WRITTEN: Final = "At that moment the notice was not written yet. Write when it was noticed."
BEFORE_IT_WAS_NOTICED: Final = "At that moment nobody had noticed it yet. Write when this was done."
ENOUGH: Final = "{count} incidents of this notice are recorded already. Add what is new to one of them."
ENOUGH_STEPS: Final = "{count} steps are recorded already. No more can be added."
IS_CLOSED: Final = "This incident is closed. Record another one if something new came up."
SAY_WHY: Final = "Say why it is closed: what was done, and why nothing more is to be done."
OF_ANOTHER: Final = "This form was made for another notice. Open the notice again and fill it in anew."
MOST_OF_A_NOTICE: Final = 20
MOST_STEPS: Final = 100
#: How many open incidents are asked whether a deadline is over. So many would be a catastrophe of its own.
MOST_OPEN: Final = 500
#: How many other notices are named.
MOST_BESIDE: Final = 40
#: Other notices to the same people are looked at if they were written within so long.
LOOKED_BACK: Final = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What a person says of it. `key`: of the form, so that sent twice it is one incident."""

    key: UUID
    cause: str
    reached: str
    noticed_at: datetime
    disclosed: Collection[str]
    note: str = ""


@dataclass(frozen=True)
class Beside:
    """Another notice to look at, and why."""

    notice: Notice
    why: str


def record(notice: Notice, happened: Happened, *, by: Actor) -> Incident:
    """Write it down, and do at once what can be done. Raises Refused."""
    assert by.id is not None, "A person writes this down."
    assert happened.cause in CAUSES, happened.cause
    # Held: of the same form sent twice at once, the second finds what the first wrote.
    db.session.refresh(notice, with_for_update=True)
    known = Incident.find(happened.key)
    if known is not None:
        if known.notice_id != notice.id:
            raise Refused(OF_ANOTHER)
        return known
    if Incident.count_of_notice(notice.id) >= MOST_OF_A_NOTICE:
        raise Refused(ENOUGH.format(count=MOST_OF_A_NOTICE))
    if happened.noticed_at > clock.now():
        raise Refused(NOT_YET)
    if happened.noticed_at < notice.made_at.replace(second=0, microsecond=0):
        raise Refused(BEFORE_IT_WAS_WRITTEN)
    could_be = disclosing.disclosed_by(notice)
    incident = Incident(
        id=happened.key,
        notice_id=notice.id,
        school_id=notice.school_id,
        cause=happened.cause,
        reached=happened.reached.strip(),
        note=happened.note.strip() or None,
        disclosed=[one for one in could_be if one in happened.disclosed],
        noticed_at=happened.noticed_at,
        recorded_by_id=by.id,
        recorded_at=clock.now(),
        links_ended=_end_links(notice),
        was_stopped=_stop(notice, happened.cause, by),
    )
    db.session.add(incident)
    db.session.flush()
    along.trouble(notice, TELL_THEM)
    _tell_admins(incident)
    return incident


def take_step(
    incident: Incident, kind: str, done_at: datetime, note: str, *, key: UUID, by: Actor
) -> IncidentStep:
    """Write down that something was done. Sent twice with one key it is one step. Raises Refused."""
    assert by.id is not None, "A person writes this down."
    assert kind in STEPS, kind
    held = Incident.locked(incident.id)
    known = db.session.get(IncidentStep, key)
    if known is not None and known.incident_id == held.id:
        return known
    if not held.is_open:
        raise Refused(IS_CLOSED)
    if len(held.steps) >= MOST_STEPS:
        raise Refused(ENOUGH_STEPS.format(count=MOST_STEPS))
    if done_at > clock.now():
        raise Refused(NOT_YET_DONE)
    if done_at < held.noticed_at.replace(second=0, microsecond=0):
        raise Refused(BEFORE_IT_WAS_NOTICED)
    step = IncidentStep(
        id=key,
        incident_id=held.id,
        kind=kind,
        done_at=done_at,
        by_id=by.id,
        recorded_at=clock.now(),
        note=note.strip() or None,
    )
    db.session.add(step)
    db.session.flush()
    return step


def close(incident: Incident, reason: str, *, by: Actor) -> None:
    """A person ends it, with the reason. Raises Refused."""
    assert by.id is not None, "A person closes it."
    held = Incident.locked(incident.id)
    if not held.is_open:
        raise Refused(IS_CLOSED)
    if not reason.strip():
        raise Refused(SAY_WHY)
    held.close(by.id, reason.strip())


def clock_of(incident: Incident) -> list[Due]:
    """What is due when, and whether it was done."""
    # The first time counts: the steps come in the order in which they were taken.
    first = {one.kind: one.done_at for one in reversed(incident.steps)}
    return IncidentSetting.of_this_district().due(incident.noticed_at, first)


def past_due() -> int:
    """How many open incidents have a deadline that is over and was not kept."""
    setting = IncidentSetting.of_this_district()
    if not any(one.kept_by for one in setting.deadlines):
        return 0
    found = db.session.scalars(Incident.at_schools(None, closed=False).limit(MOST_OPEN)).all()
    steps = select(IncidentStep).where(IncidentStep.incident_id.in_([one.id for one in found]))
    done: dict[UUID, dict[str, datetime]] = {}
    for step in db.session.scalars(steps):
        done.setdefault(step.incident_id, {})[step.kind] = step.done_at
    return sum(any(due.is_past for due in setting.due(one.noticed_at, done.get(one.id, {}))) for one in found)


def beside(notice: Notice) -> list[Beside]:
    """Other notices that may have gone the same way: of its envelope, of those beside it, and to the same people."""
    found: dict[UUID, Beside] = {}
    if notice.batch_id is not None and notice.envelope is not None:
        near = select(Notice).where(
            Notice.batch_id == notice.batch_id,
            Notice.envelope.between(notice.envelope - 1, notice.envelope + 1),
            Notice.id != notice.id,
        )
        for one in db.session.scalars(near.order_by(Notice.envelope, Notice.id).limit(MOST_BESIDE)):
            same = one.envelope == notice.envelope
            found[one.id] = Beside(
                one, "In the same envelope" if same else f"In envelope {one.envelope}, beside it"
            )
    for one in _to_the_same(notice):
        found.setdefault(one.id, Beside(one, "To the same guardian"))
    return list(found.values())[:MOST_BESIDE]


def _to_the_same(notice: Notice) -> Sequence[Notice]:
    theirs = (
        select(Notice)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .where(
            NoticeRecipient.guardian_id.in_(notice.guardian_ids),
            Notice.id != notice.id,
            or_(
                Notice.made_at > clock.now() - LOOKED_BACK, Notice.state.in_([State.WAITING, State.APPROVED])
            ),
        )
        .order_by(Notice.made_at.desc(), Notice.id.desc())
        .limit(MOST_BESIDE)
    )
    return db.session.scalars(theirs).unique().all()


def _stop(notice: Notice, cause: str, by: Actor) -> bool:
    """Stop it where it can still be stopped; where it went to another place, it has not reached its family."""
    if notice.is_open or notice.state == State.IN_PRINT:
        withdrawing.cancel(notice, STOPPED, by=by)
        return True
    if notice.state in OUT and cause in {ADDRESS, ENVELOPE}:
        # It goes no further by itself: an error stands in what we would send by.
        notice.miss(WENT_ELSEWHERE)
        notice.went_on()
    return False


def _end_links(notice: Notice) -> int:
    working = [one for one in disclosing.links_of(notice) if one.withdrawn_at is None]
    for link in working:
        linking.withdraw(link)
    return len(working)


def _tell_admins(incident: Incident) -> None:
    for admin in admins():
        told = {"name": admin.name, "page": f"/incidents/{incident.id}"}
        compose.email("incident_recorded", admin.email, admin.person_id, told)
