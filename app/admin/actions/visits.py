"""A visit of the operator: asked for, granted, refused, used and ended. All admins hear of each of the first four."""

from datetime import timedelta
from typing import Final

from app.admin.models.operator_visit import LONGEST, OperatorVisit
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.queue import later

TELL_ASKED: Final = "jobs.admin.tell_visit_asked"
TELL_GRANTED: Final = "jobs.admin.tell_visit_granted"
TELL_USED: Final = "jobs.admin.tell_visit_used"


class NotOpenAnyMore(Exception):
    """The visit was answered, or is over; `sentence` says so."""

    sentence = "That request was answered already, or is too old. Nothing was changed."


def ask(*, scope: str, reason: str, by: Actor) -> OperatorVisit:
    """An operator asks to look, in the district that is open."""
    assert by.id is not None
    visit = OperatorVisit(operator_id=by.id, operator_name=by.name, scope=scope, reason=reason.strip())
    db.session.add(visit)
    db.session.flush()
    later(TELL_ASKED, visit.id, queue="notifications")
    return visit


def grant(visit: OperatorVisit, *, minutes: int, by: Actor) -> None:
    """Let them look, for so many minutes from now. Raises NotOpenAnyMore."""
    _lock(visit)
    if visit.state != "asked":
        raise NotOpenAnyMore
    now = clock.now()
    visit.granted_at, visit.granted_by_id = now, by.id
    visit.expires_at = now + min(timedelta(minutes=minutes), LONGEST)
    db.session.flush()
    later(TELL_GRANTED, visit.id, queue="notifications")


def end(visit: OperatorVisit) -> None:
    """Refuse it, or end it before its time. Raises NotOpenAnyMore."""
    _lock(visit)
    if visit.state not in ("asked", "on"):
        raise NotOpenAnyMore
    visit.ended_at = clock.now()
    db.session.flush()


def used(visit: OperatorVisit) -> None:
    """A page is looked at; of the first, all admins hear."""
    if visit.used_at is None:
        _lock(visit)
    if visit.used_at is None:
        visit.used_at = clock.now()
        db.session.flush()
        later(TELL_USED, visit.id, queue="notifications")


def _lock(visit: OperatorVisit) -> None:
    db.session.refresh(visit, with_for_update=True)
