"""What happened to a ticket, in order: replies, notes and events, as the reader may see them. No table."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from app.core.actor import Actor
from app.core.db import db
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.event import FOR_THE_DESK, TicketEvent, told
from app.helpdesk.models.reply import Reply, ReplyKind
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox import quote

#: The newest of each are shown; a ticket with more has a machine talking to it.
AT_MOST: Final = 200
#: The request itself stands above the timeline, with its date.
SHOWN_ABOVE: Final = ("opened", "opened_by_mail")


@dataclass(frozen=True)
class File:
    """A file as a page lists it."""

    id: UUID
    name: str
    size: int
    content_type: str
    has_thumbnail: bool
    width: int | None
    height: int | None
    cid: str | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    id: UUID
    #: "reply", "note" (among technicians) or "event".
    kind: str
    at: datetime
    by_name: str
    by_account_id: UUID | None
    #: What was written, or the event as a sentence.
    text: str
    version: int
    html: str | None = None
    from_desk: bool = False
    channel: str = "web"
    verified: bool = True
    automatic: bool = False
    files: list[File] = field(default_factory=list)

    @property
    def said(self) -> quote.Reply:
        """What is new in it, and what of it only repeats the mail that it answers."""
        return quote.split(self.text) if self.channel == "email" else quote.Reply.all_new(self.text)


@dataclass(frozen=True)
class Timeline:
    """A ticket's entries, oldest first, and the files that came with the request itself."""

    entries: list[Entry]
    files: list[File]


def timeline(ticket: Ticket, *, for_desk: bool) -> Timeline:
    """Everything; without the notes among technicians and their files unless it is for the desk."""
    entries = [*_replies(ticket, for_desk), *_events(ticket, for_desk)]
    files = _files(ticket, {entry.id for entry in entries})
    for entry in entries:
        entry.files.extend(files.get(entry.id, ()))
    return Timeline(sorted(entries, key=_order), files.get(None, []))


def unseen(ticket: Ticket, *, seen: int | None, by: Actor, for_desk: bool) -> list[Entry]:
    """What others did since the reader's page was made, that the reader may see."""
    if seen is None or seen >= ticket.version:
        return []
    entries = [*_replies(ticket, for_desk, after=seen), *_events(ticket, for_desk, after=seen)]
    return sorted((entry for entry in entries if entry.by_account_id != by.id), key=_order)


def _order(entry: Entry) -> tuple[int, datetime]:
    return entry.version, entry.at


def _replies(ticket: Ticket, for_desk: bool, after: int = 0) -> Iterable[Entry]:
    asked = _REPLIES if for_desk else _PUBLIC_REPLIES
    for row in db.session.execute(asked, {"ticket": ticket.id, "after": after}):
        yield Entry(
            id=row.id,
            kind="note" if row.kind == ReplyKind.INTERNAL else "reply",
            at=row.made_at,
            by_name=row.author_name,
            by_account_id=row.author_account_id,
            text=row.text,
            html=row.html,
            version=row.version,
            from_desk=row.from_desk,
            channel=row.channel,
            verified=row.verified,
            automatic=row.automatic,
        )


def _events(ticket: Ticket, for_desk: bool, after: int = 0) -> Iterable[Entry]:
    asked = _EVENTS if for_desk else _PUBLIC_EVENTS
    for row in db.session.execute(asked, {"ticket": ticket.id, "after": after}):
        yield Entry(
            id=row.id,
            kind="event",
            at=row.made_at,
            by_name=row.by_name,
            by_account_id=row.by_account_id,
            text=told(row.what, row.by_name, row.detail),
            version=row.version,
        )


def _files(ticket: Ticket, shown: set[UUID]) -> dict[UUID | None, list[File]]:
    files: dict[Any, list[File]] = defaultdict(list)
    for row in db.session.execute(_FILES, {"ticket": ticket.id}):
        if row.reply_id is None or row.reply_id in shown:
            files[row.reply_id].append(
                File(
                    id=row.id,
                    name=row.name,
                    size=row.size,
                    content_type=row.content_type,
                    has_thumbnail=row.has_thumbnail,
                    width=row.width,
                    height=row.height,
                    cid=row.inline_cid,
                )
            )
    return files


# Put together once, asked with each ticket's id.

_ALL_REPLIES = select(
    Reply.id,
    Reply.kind,
    Reply.made_at,
    Reply.author_name,
    Reply.author_account_id,
    Reply.text,
    Reply.html,
    Reply.version,
    Reply.from_desk,
    Reply.channel,
    Reply.verified,
    Reply.automatic,
).where(Reply.ticket_id == bindparam("ticket"), Reply.version > bindparam("after"))
_REPLIES = _ALL_REPLIES.order_by(Reply.id.desc()).limit(AT_MOST)
_PUBLIC_REPLIES = _ALL_REPLIES.where(Reply.kind == ReplyKind.PUBLIC).order_by(Reply.id.desc()).limit(AT_MOST)

_ALL_EVENTS = select(
    TicketEvent.id,
    TicketEvent.what,
    TicketEvent.made_at,
    TicketEvent.by_name,
    TicketEvent.by_account_id,
    TicketEvent.detail,
    TicketEvent.version,
).where(
    TicketEvent.ticket_id == bindparam("ticket"),
    TicketEvent.version > bindparam("after"),
    TicketEvent.what.not_in(SHOWN_ABOVE),
)
_EVENTS = _ALL_EVENTS.order_by(TicketEvent.id.desc()).limit(AT_MOST)
_PUBLIC_EVENTS = (
    _ALL_EVENTS.where(TicketEvent.what.not_in(FOR_THE_DESK)).order_by(TicketEvent.id.desc()).limit(AT_MOST)
)

_FILES = (
    select(
        Attachment.id,
        Attachment.reply_id,
        Attachment.name,
        Attachment.size,
        Attachment.content_type,
        Attachment.thumbnail_key.is_not(None).label("has_thumbnail"),
        Attachment.width,
        Attachment.height,
        Attachment.inline_cid,
    )
    .where(Attachment.ticket_id == bindparam("ticket"))
    .order_by(Attachment.id)
)
