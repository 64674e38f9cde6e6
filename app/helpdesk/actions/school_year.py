"""What a new school year means for the desk: a ticket stays at the school where the trouble is."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select

from app.core.db import db
from app.core.following import Followed, Moving
from app.helpdesk.models.ticket import Ticket


def open_tickets(moving: Moving) -> Sequence[Followed]:
    """Open tickets that students asked who change school or leave."""
    stays = "They stay at the school where they were asked: that is where the device and the room are."
    return [
        Followed("Open tickets of students who change school", _open(moving.changing), stays),
        Followed("Open tickets of students who leave", _open(moving.leaving), stays),
    ]


def _open(students: Select[UUID]) -> int:
    asked = select(func.count(Ticket.id)).where(Ticket.closed_at.is_(None), Ticket.requester_id.in_(students))
    return db.session.scalar(asked) or 0
