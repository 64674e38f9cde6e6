"""A ticket is opened: from the form, from a mail, or by a lead who files one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.db import db, refused_by
from app.helpdesk.actions import attaching
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.category import Category
from app.helpdesk.models.ticket import ONE_OF_A_FORM, TITLE_AT_MOST, Ticket
from app.helpdesk.models.urgency import Urgency
from app.roster.models.device import Device
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School

NO_TITLE: Final = "(no subject)"

_MADE_BEFORE: Final = select(Ticket).where(
    Ticket.requester_id == bindparam("requester"), Ticket.once == bindparam("once")
)


class NoSchool(Exception):
    """A ticket belongs to a school, and this person has none."""

    def __init__(self) -> None:
        super().__init__("Say which school this is about.")


class NotHere(Exception):
    """A room, school or category that is not one of the district's, or not of that school."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody asks, and where."""

    title: str
    text: str
    html: str | None = None
    urgency: str = Urgency.NORMAL
    school_id: UUID | None = None
    room_id: UUID | None = None
    category_id: UUID | None = None
    device_tag: str = ""


def open_ticket(
    words: Words,
    *,
    requester: Person,
    by: Actor,
    files: Sequence[attaching.Upload] = (),
    once: UUID | None = None,
    follows: Ticket | None = None,
) -> Ticket:
    """Open a ticket from the form. The same `once` again answers with the ticket that it made, and undoes
    whatever else this transaction did.

    Raises NoSchool, NotHere, and FileRefused for a file that cannot be kept.
    """
    requester_id = requester.id
    ticket = prepared(words, requester=requester, once=once, follows=follows)
    kept = attaching.keep(files)
    try:
        put_in(ticket, kept, by=by, what="opened", follows=follows)
        db.session.flush()
    except IntegrityError as error:
        # The database is the one to ask: the other click of a double click may be a moment ahead of this one.
        if refused_by(error) != ONE_OF_A_FORM:
            raise
        db.session.rollback()
        attaching.let_go(kept)
        return db.session.scalars(_MADE_BEFORE, {"requester": requester_id, "once": once}).one()
    return ticket


def prepared(
    words: Words,
    *,
    requester: Person,
    channel: str = "web",
    once: UUID | None = None,
    verified: bool = True,
    follows: Ticket | None = None,
) -> Ticket:
    """A ticket that only lacks its number; everything it points at was found in this district."""
    school_id = words.school_id or requester.school_id
    if school_id is None:
        raise NoSchool
    if school_id != requester.school_id and db.session.get(School, school_id) is None:
        raise NotHere
    _refuse_what_is_not_here(words, school_id)
    tag = words.device_tag.strip()
    device = Device.with_tag(tag) if tag else None
    return Ticket(
        title=words.title.strip()[:TITLE_AT_MOST] or NO_TITLE,
        text=words.text,
        text_html=words.html,
        urgency=Urgency(words.urgency),
        school_id=school_id,
        room_id=words.room_id,
        category_id=words.category_id,
        device_id=device.id if device else None,
        device_tag=device.tag if device else tag,
        requester_id=requester.id,
        channel=channel,
        once=once,
        verified=verified,
        follows_id=follows.id if follows else None,
        version=1,
    )


def put_in(
    ticket: Ticket,
    files: Sequence[Attachment],
    *,
    by: Actor,
    what: str,
    follows: Ticket | None = None,
    **detail: str,
) -> None:
    """Write it down, with its files and the first lines of its timeline. It has its number once that is flushed."""
    if follows is not None:
        ticket.get_number()
    db.session.add(ticket)
    if files:
        db.session.flush()
    attaching.attach(files, ticket.id)
    ticket.tell(what, by, **detail)
    if follows is not None:
        ticket.tell("follows", by, number=follows.number)
        follows.tell("went_on", by, number=ticket.number)


def _refuse_what_is_not_here(words: Words, school_id: UUID) -> None:
    if words.room_id is not None:
        room = db.session.get(Room, words.room_id)
        if room is None or room.school_id != school_id:
            raise NotHere
    if words.category_id is not None and db.session.get(Category, words.category_id) is None:
        raise NotHere
