"""A named person lets notices leave: many at once, and one by one those that carry a caution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.core.actor import Actor
from app.core.db import db
from app.notices.actions import checks, leaving, passing_on
from app.notices.actions.refused import Refused
from app.notices.models.notice import Notice, State
from app.notices.models.notice_setting import NoticeSetting

#: What one press of the button may let go.
MOST_AT_ONCE: Final = 500
NOBODY: Final = "Only a person of the district can approve a notice."
NOT_WAITING: Final = "This notice does not wait for approval any more."
READ_IT_FIRST: Final = "Say that you have read what is to be kept in mind, or this notice is not approved."


@dataclass(frozen=True)
class Approved:
    """How many leave, how many were stopped by a check, and how many must be approved one by one."""

    leaving: int
    stopped: int
    one_by_one: int


def approve_all(notices: Sequence[Notice], *, by: Actor) -> Approved:
    """Let them leave. Those with a caution stay where they are. Raises Refused."""
    counted = {"leaving": 0, "stopped": 0, "one_by_one": 0}
    for notice in notices[:MOST_AT_ONCE]:
        db.session.refresh(notice, with_for_update=True)
        if notice.state != State.WAITING:
            continue
        if notice.caution:
            counted["one_by_one"] += 1
        elif _approve(notice, by):
            counted["leaving"] += 1
        else:
            counted["stopped"] += 1
    return Approved(**counted)


def approve(notice: Notice, *, caution_read: bool, by: Actor) -> None:
    """Let one leave. Raises Refused, also where a check has stopped it just now."""
    db.session.refresh(notice, with_for_update=True)
    if notice.state != State.WAITING:
        raise Refused(NOT_WAITING)
    if notice.caution and not caution_read:
        raise Refused(READ_IT_FIRST)
    if not _approve(notice, by):
        raise Refused(notice.reason)


def _approve(notice: Notice, by: Actor) -> bool:
    if by.person_id is None:
        raise Refused(NOBODY)
    answer = checks.ask(notice)
    if not answer.may_leave:
        leaving.stop(notice, answer)
        return False
    notice.approve(by.person_id, practice=NoticeSetting.of_this_district().practises)
    passing_on.hand_over(notice, answer)
    return True
