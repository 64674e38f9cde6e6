"""What is read of the mail room each minute, over all districts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import first_id_of
from app.core.directory import District
from app.core.measures import seconds_since
from app.core.queue import LEFT_ALONE
from app.core.readings import Found, Measure
from app.notices.models.message import Message, State
from app.notices.models.notice import FAILED, Notice

ON_THEIR_WAY: Final = (State.QUEUED, State.SENDING)
#: Further back, failed mail is history.
LATELY: Final = timedelta(days=1)


def _unsent(across: Session) -> Iterator[Found]:
    counted = (
        select(func.count(), Message.state).where(Message.state.in_(ON_THEIR_WAY)).group_by(Message.state)
    )
    there = {state: int(count) for count, state in across.execute(counted)}
    return (Found(there.get(state, 0), state) for state in ON_THEIR_WAY)


def _oldest_unsent(across: Session) -> Iterator[Found]:
    oldest = (
        select(func.max(seconds_since(Message.made_at)), District.slug, District.id)
        .join(District, District.id == Message.district_id)
        .where(Message.state.in_(ON_THEIR_WAY), District.state.not_in(LEFT_ALONE))
        .group_by(District.slug, District.id)
    )
    return (Found(*row) for row in across.execute(oldest))


def _failed(across: Session) -> Iterator[Found]:
    """An id begins with its time, so the index of the mail log finds the newest of each district."""
    first = first_id_of(clock.now() - LATELY)
    for state in (State.FAILED, State.UNSURE):
        found = (
            select(func.count(Message.id))
            .select_from(District)
            .join(Message, Message.district_id == District.id)
            .where(Message.state == state, Message.id > first)
        )
        yield Found(across.execute(found).scalar_one(), state)


def _to_go_on(across: Session) -> Iterator[Found]:
    """A sweeper has them go on every ten minutes, so that of any that stay somebody should hear."""
    counted = (
        select(func.count(), District.slug, District.id)
        .select_from(Notice)
        .join(District, District.id == Notice.district_id)
        .where(Notice.state.in_(FAILED), Notice.went_on_at.is_(None))
        .group_by(District.slug, District.id)
    )
    return (Found(*row) for row in across.execute(counted))


MEASURES: Final = (
    Measure("mail_unsent", "Mail that is on its way.", _unsent, "state"),
    Measure(
        "mail_oldest_unsent_seconds", "How long the oldest mail waits to leave.", _oldest_unsent, "district"
    ),
    Measure(
        "notices_to_go_on",
        "Notices to families that did not arrive and have gone no further.",
        _to_go_on,
        "district",
    ),
    Measure("mail_not_delivered", "Mail of the last day that failed or is in doubt.", _failed, "state"),
)
