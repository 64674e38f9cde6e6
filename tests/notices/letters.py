"""A letter to send, for the tests of this room."""

from typing import Any
from uuid import UUID

from app.core.db import db, uuid7
from app.core.queue import Work
from app.notices.actions import compose
from app.notices.models.message import Message
from tests.world import World

TOLD = {"number": 1001, "title": "The projector", "technician": "Tess Okafor", "text": "Is it plugged in?"}


def a_reply(world: World, ticket_id: UUID | None = None, **changes: Any) -> Message:
    """An answer of Tess's to Ms Bell, written and committed."""
    given: dict[str, Any] = {
        "kind": "ticket_reply",
        "to_address": world.bell.email,
        "to_person_id": world.bell.person_id,
        "context": TOLD,
        "about": ("tickets", ticket_id or uuid7(), 1001),
    }
    message = compose.email(**(given | changes))
    db.session.commit()
    return message


def a_receipt(world: World) -> Message:
    """The note to Ms Bell that the desk has her mail."""
    return a_reply(world, kind="ticket_received", context={"number": 1001, "title": "The projector"})


def bells_for(message: Message) -> list[Work]:
    """The work that will deliver it."""
    return list(
        db.session.query(Work).where(Work.subject_id == message.id, Work.job == "jobs.notices.deliver")
    )
