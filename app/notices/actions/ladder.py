"""No more automatic mail than a person can read: a ladder of limits a ticket and a recipient.

Loops find gaps in every list of headers. What cannot be climbed ends them. Only what a machine decides to send
climbs it: what a technician wrote is neither counted nor held back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.notices.models.message import AUTOMATIC, Message, State


@dataclass(frozen=True)
class Step:
    """Within so many minutes one address is sent at most so many about one ticket, and at most so many in all."""

    minutes: int
    about_one: int
    in_all: int


LADDER: Final = (
    Step(minutes=10, about_one=10, in_all=30),
    Step(minutes=30, about_one=15, in_all=60),
    Step(minutes=60, about_one=25, in_all=120),
    Step(minutes=180, about_one=50, in_all=240),
    Step(minutes=600, about_one=100, in_all=360),
)
#: Links that open an account: at most so many an hour to one address.
MOST_LINKS_AN_HOUR: Final = 5

TOO_MANY: Final = (
    "Held back: this address has been sent many automatic emails in a short time. Perhaps two machines answer "
    "each other."
)

#: When a mail was written, and what it was about.
Sent = tuple[datetime, UUID | None]


def is_too_steep(to_address: str, about_id: UUID | None) -> bool:
    """True if one more automatic mail to this address would be one too many."""
    now = clock.now()
    longest = max(step.minutes for step in LADDER)
    return (
        step_that_holds(_sent_since(to_address, now - timedelta(minutes=longest)), about_id, now) is not None
    )


def step_that_holds(sent: Sequence[Sent], about_id: UUID | None, now: datetime) -> Step | None:
    """The first step that one more mail about this would pass, given what was sent to the address; None if none."""
    for step in LADDER:
        recent = [about for made_at, about in sent if made_at > now - timedelta(minutes=step.minutes)]
        if len(recent) >= step.in_all:
            return step
        if about_id is not None and recent.count(about_id) >= step.about_one:
            return step
    return None


def has_had_enough_links(to_address: str, kinds: frozenset[str]) -> bool:
    """True if this address has been sent as many invitations and new passwords as anyone could want."""
    recent = select(Message.id).where(
        Message.to_address == to_address,
        Message.kind.in_(kinds),
        Message.state != State.FAILED,
        Message.made_at > clock.ago(minutes=60),
    )
    return len(db.session.scalars(recent.limit(MOST_LINKS_AN_HOUR)).all()) >= MOST_LINKS_AN_HOUR


def _sent_since(to_address: str, moment: datetime) -> Sequence[Sent]:
    found = select(Message.made_at, Message.about_id).where(
        Message.to_address == to_address,
        Message.made_at > moment,
        Message.kind.in_(AUTOMATIC),
        Message.state != State.FAILED,
    )
    most = max(step.in_all for step in LADDER)
    rows = db.session.execute(found.order_by(Message.made_at.desc()).limit(most + 1))
    return [(made_at, about_id) for made_at, about_id in rows]
