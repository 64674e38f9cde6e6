"""Somebody answers: the desk, the requester, or a technician for colleagues alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.helpdesk.actions import attaching, telling
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.reply import Reply, ReplyKind
from app.helpdesk.models.ticket import State, Ticket
from app.helpdesk.models.timeline import Entry, unseen

#: What the desk may do in the same go as it answers.
WAIT: Final = "wait"
CLOSE: Final = "close"


class Unseen(Exception):
    """Others did something that the writer has not seen; nothing was sent yet."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("Something happened here while you were writing. Read it, then send again.")
        self.entries = entries


class TooLate(Exception):
    """Closed too long ago to be opened by an answer."""

    def __init__(self) -> None:
        super().__init__("This was closed more than a week ago. Ask anew, and we will see the two together.")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was written, and how it came."""

    text: str
    html: str | None = None
    kind: ReplyKind = ReplyKind.PUBLIC
    channel: str = "web"
    verified: bool = True
    automatic: bool = False
    inbound_email_id: UUID | None = None


def answer_from_desk(
    ticket: Ticket,
    answer: Answer,
    *,
    by: Actor,
    then: str = "",
    files: Sequence[attaching.Upload] = (),
    seen: int | None = None,
    once: UUID | None = None,
) -> Reply:
    """A technician answers, or notes something for colleagues. Raises Unseen, and FileRefused.

    An answer takes a ticket that nobody has, and is mailed to the requester; a note does neither.
    """
    ticket.lock()
    made = _made_before(ticket, by, once)
    if made is not None:
        return made
    _refuse_unseen(ticket, seen, by, for_desk=True)
    return add_from_desk(ticket, answer, attaching.keep(files), by=by, then=then, once=once)


def add_from_desk(
    ticket: Ticket,
    answer: Answer,
    kept: Sequence[Attachment],
    *,
    by: Actor,
    then: str = "",
    once: UUID | None = None,
) -> Reply:
    """The same with files that are stored already, into a ticket that is locked, and without questions."""
    reply = _write(ticket, answer, kept, by=by, from_desk=True, once=once)
    if answer.kind is ReplyKind.PUBLIC:
        if ticket.assignee_id is None:
            ticket.take(by)
        ticket.begin_work()
    if then == WAIT and not ticket.is_closed:
        ticket.wait(by)
    if then == CLOSE:
        ticket.close(by)
    if answer.kind is ReplyKind.PUBLIC:
        telling.of_a_reply(ticket, reply, closing=then == CLOSE)
    return reply


def answer_from_requester(
    ticket: Ticket,
    answer: Answer,
    *,
    by: Actor,
    files: Sequence[attaching.Upload] = (),
    seen: int | None = None,
    once: UUID | None = None,
) -> Reply:
    """The requester answers: a ticket that waits for it, or was closed in the last days, is open again.

    Raises Unseen, TooLate, and FileRefused.
    """
    ticket.lock()
    made = _made_before(ticket, by, once)
    if made is not None:
        return made
    if ticket.is_closed and not ticket.reopens:
        raise TooLate
    _refuse_unseen(ticket, seen, by, for_desk=False)
    return add_from_requester(ticket, answer, attaching.keep(files), by=by, once=once)


def add_from_requester(
    ticket: Ticket, answer: Answer, kept: Sequence[Attachment], *, by: Actor, once: UUID | None = None
) -> Reply:
    """The same with files that are stored already, into a ticket that is locked, and without questions.

    What a machine wrote is added, and opens nothing.
    """
    reply = _write(ticket, answer, kept, by=by, from_desk=False, once=once)
    if not answer.automatic and (ticket.state == State.WAITING or ticket.reopens):
        ticket.reopen(by, "reopened_by_answer")
    telling.its_technician_of_an_answer(ticket, reply, by)
    return reply


def _write(
    ticket: Ticket,
    answer: Answer,
    kept: Sequence[Attachment],
    *,
    by: Actor,
    from_desk: bool,
    once: UUID | None,
) -> Reply:
    # What a machine wrote is shown, and is nobody's doing.
    ticket.touch(is_activity=not answer.automatic)
    if answer.kind is ReplyKind.PUBLIC:
        ticket.reply_count += 1
    reply = Reply(
        ticket_id=ticket.id,
        kind=answer.kind,
        author_person_id=by.person_id,
        author_account_id=by.id if by.kind == "account" else None,
        author_name=by.name,
        from_desk=from_desk,
        text=answer.text,
        html=answer.html,
        channel=answer.channel,
        once=once,
        inbound_email_id=answer.inbound_email_id,
        verified=answer.verified,
        automatic=answer.automatic,
        version=ticket.version,
    )
    db.session.add(reply)
    db.session.flush()
    attaching.attach(kept, ticket.id, reply.id)
    return reply


def _made_before(ticket: Ticket, by: Actor, once: UUID | None) -> Reply | None:
    if once is None:
        return None
    same = select(Reply).where(
        Reply.author_account_id == by.id, Reply.once == once, Reply.ticket_id == ticket.id
    )
    return db.session.scalar(same)


def _refuse_unseen(ticket: Ticket, seen: int | None, by: Actor, *, for_desk: bool) -> None:
    entries = unseen(ticket, seen=seen, by=by, for_desk=for_desk)
    if entries:
        raise Unseen(entries)
