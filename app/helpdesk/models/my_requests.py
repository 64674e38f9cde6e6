"""What one person has asked for, the liveliest first, a page at a time. No table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, tuple_

from app.core.db import db
from app.core.search import requests_matching
from app.helpdesk.models.ticket import Ticket
from app.roster.models.school import School

PAGE: Final = 25
_STAMP: Final = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Page:
    """A page of rows, and where the next begins."""

    rows: Sequence[Row[Any]]
    after: str | None


def page(person_id: UUID, *, typed: str = "", after: str = "") -> Page:
    """The requests of that person, or those on which every word typed was said.

    An `after` that nobody of us wrote is the first page.
    """
    asked = (
        select(
            Ticket.id,
            Ticket.number,
            Ticket.title,
            Ticket.state,
            Ticket.urgency,
            Ticket.last_activity_at,
            Ticket.reply_count,
            School.zone.label("zone"),
        )
        .join(School, School.id == Ticket.school_id)
        .where(Ticket.requester_id == person_id)
        .order_by(Ticket.last_activity_at.desc(), Ticket.id.desc())
    )
    if typed:
        asked = asked.where(Ticket.id.in_(requests_matching(typed, person_id)))
    place = _place(after)
    if place is not None:
        columns = (Ticket.last_activity_at, Ticket.id)
        asked = asked.where(tuple_(*columns) < tuple_(*place, types=[column.type for column in columns]))
    rows: list[Row[Any]] = list(db.session.execute(asked.limit(PAGE + 1)))
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.last_activity_at.astimezone(UTC):{_STAMP}}.{last.id}" if last else None)


def _place(after: str) -> tuple[datetime, UUID] | None:
    stamp, _, ticket_id = after.partition(".")
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC), UUID(ticket_id)
    except ValueError:
        return None
