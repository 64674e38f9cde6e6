"""Stopping a notice: by a person, or because what it rests on does not stand any more.

What has not left is cancelled. What is in a print batch, or has left, is withdrawn: the batch says which to take out of
the pile, and whom it reached is written a correction (correcting.py) where the room that stands for it says so. What
has left and tells something else along (along.py) is withdrawn when nothing of it stands any more.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_

from app.core import clock, grounds
from app.core.actor import Actor
from app.core.db import db, one_of
from app.core.queue import later
from app.notices.actions import along, correcting
from app.notices.actions.refused import Refused
from app.notices.models.notice import OPEN, OUT, Notice, State
from app.notices.models.notice_round import NoticeRound

BY_HAND: Final = "Cancelled: {why}"
LEFT_ALREADY: Final = "This notice has left, or was stopped before. There is nothing to cancel."
SAY_WHY: Final = "Say why it is cancelled: whoever looks at the student next year wants to know."
#: What left longer ago is not looked at any more.
LOOKED_AT_FOR: Final = timedelta(days=60)
MOST_AT_ONCE: Final = 1000
#: What an excuse can still stop, or has to be said of.
LOOKED_AT: Final = (*OPEN, State.IN_PRINT, *OUT)
LOOK: Final = "jobs.notices.look_whether_notices_stand"


def cancel(notice: Notice, why: str, *, by: Actor) -> None:
    """A person stops it. Raises Refused."""
    if not why.strip():
        raise Refused(SAY_WHY)
    db.session.refresh(notice, with_for_update=True)
    if notice.state == State.IN_PRINT:
        along.withdraw(notice, BY_HAND.format(why=why.strip()), by.person_id)
    elif notice.is_open:
        along.cancel(notice, BY_HAND.format(why=why.strip()), by.person_id)
    else:
        raise Refused(LEFT_ALREADY)


def look_again(kind: str, id: UUID) -> int:
    """What rests on this has perhaps changed: stop what rests on it if it does not stand. How many were stopped."""
    why = grounds.why_not(kind, id)
    if not why:
        return 0
    stopped = 0
    for notice in db.session.scalars(Notice.resting_on(kind, id).with_for_update()).all():
        if notice.is_open:
            along.cancel(notice, why, None)
            stopped += 1
        elif notice.state == State.IN_PRINT or (notice.state in OUT and not along.another_stands(notice)):
            along.withdraw(notice, why, None)
            correcting.correct(notice)
            stopped += 1
    return stopped


def look_again_of(students: Collection[UUID]) -> int:
    """The same for all that was written about these students and has still to leave, or left not long ago."""
    resting = (
        select(Notice.grounds_kind, Notice.grounds_id)
        .where(one_of(Notice.student_id, students), Notice.state.in_(LOOKED_AT))
        .distinct()
    )
    stopped = sum(look_again(kind, id) for kind, id in db.session.execute(resting).all())
    correcting.take_up_again(students)
    return stopped


def look_at_all() -> int:
    """Ask of everything that has still to leave, or left not long ago: a thousand references, from where the last look
    ended, and the rest after this transaction. How many were stopped.
    """
    now = clock.now()
    this_round = NoticeRound.of_this_district()
    if not this_round.begins(now):
        return 0
    key = (Notice.grounds_kind, Notice.grounds_id)
    resting = (
        select(*key)
        .where(Notice.state.in_(LOOKED_AT), Notice.made_at > now - LOOKED_AT_FOR)
        .group_by(*key)
        .order_by(*key)
        .limit(MOST_AT_ONCE)
    )
    if this_round.after_id is not None:
        resting = resting.where(tuple_(*key) > tuple_(this_round.after_kind, this_round.after_id))
    found = db.session.execute(resting).all()
    stopped = sum(look_again(kind, id) for kind, id in found)
    if len(found) == MOST_AT_ONCE:
        this_round.has_come_to(*found[-1])
        later(LOOK, queue="notifications")
    else:
        this_round.comes_round(now)
    return stopped
