"""No more automatic mail than a person can read: a ladder of limits a ticket and a recipient.

Loops find gaps in every list of headers. What cannot be climbed ends them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.notices.models.message import Message, State

#: Within so many minutes: at most so many about one ticket, at most so many in all, to one address.
STEPS: Final = ((10, 10, 30), (30, 15, 60), (60, 25, 120), (180, 50, 240), (600, 100, 360))
#: Links that open an account: at most so many an hour to one address.
MOST_LINKS_AN_HOUR: Final = 5

TOO_MANY: Final = (
    "Held back: this address has been sent many automatic emails in a short time. Perhaps two machines answer "
    "each other."
)


def is_too_steep(to_address: str, about_id: UUID | None) -> bool:
    """True if one more automatic mail to this address would be one too many."""
    now = clock.now()
    sent = _sent_since(to_address, now - timedelta(minutes=STEPS[-1][0]))
    for minutes, about_one, in_all in STEPS:
        recent = [about for made_at, about in sent if made_at > now - timedelta(minutes=minutes)]
        if len(recent) >= in_all or (about_id is not None and recent.count(about_id) >= about_one):
            return True
    return False


def has_had_enough_links(to_address: str, kinds: frozenset[str]) -> bool:
    """True if this address has been sent as many invitations and new passwords as anyone could want."""
    recent = select(Message.id).where(
        Message.to_address == to_address,
        Message.kind.in_(kinds),
        Message.state != State.FAILED,
        Message.made_at > clock.ago(minutes=60),
    )
    return len(db.session.scalars(recent.limit(MOST_LINKS_AN_HOUR)).all()) >= MOST_LINKS_AN_HOUR


def _sent_since(to_address: str, moment: datetime) -> Sequence[tuple[datetime, UUID | None]]:
    found = select(Message.made_at, Message.about_id).where(
        Message.to_address == to_address, Message.made_at > moment, Message.state != State.FAILED
    )
    rows = db.session.execute(found.order_by(Message.made_at.desc()).limit(STEPS[-1][2] + 1))
    return [(made_at, about_id) for made_at, about_id in rows]
