"""A lead decides on mail that was not filed: a ticket of its own, part of another, or put aside. Each can be undone."""

from uuid import UUID

from sqlalchemy import Select, select

from app.core.actor import Actor, NightStaff
from app.core.db import db
from app.helpdesk.actions import attaching, intake, replying, threading
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.foreign_message_id import ForeignMessageId
from app.helpdesk.models.inbound_email import InboundEmail, MailState
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.parse import ParsedMail
from app.roster.models.person import Person


class DecidedAlready(Exception):
    """Somebody else dealt with this mail meanwhile."""

    def __init__(self) -> None:
        super().__init__("Somebody dealt with this mail in the meantime. Look at it again before you decide.")


class CannotBeUndone(Exception):
    """Work has gone on upon what was decided."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Somebody has worked on #{number} since, so it stays. Close it there if it was a mistake."
        )


def file_as_new(email: InboundEmail, *, requester: Person, by: Actor) -> Ticket:
    """The mail becomes a ticket of that person. Raises DecidedAlready, opening.NoSchool."""
    _hold_still(email)
    mail = intake.read(email)
    ticket = intake.open_from(mail, email, requester=requester, by=by, what="filed", sender=_sender(email))
    email.file(ticket.id, by=by)
    return ticket


def merge(email: InboundEmail, *, ticket: Ticket, by: Actor) -> Reply:
    """The mail becomes a reply of that ticket, in the name of whoever sent it. Raises DecidedAlready."""
    _hold_still(email)
    mail = intake.read(email)
    ticket.lock()
    files = attaching.keep_from_mail(intake.uploads(mail.files))
    reply = replying.add_from_requester(ticket, intake.answer_of(mail, email), files, by=_writer(mail, email))
    ticket.note("mail_added", by, sender=_sender(email))
    threading.remember(ticket, mail)
    intake.tell_how_it_was_read(ticket, mail)
    email.file(ticket.id, reply.id, by=by)
    return reply


def discard(email: InboundEmail, *, by: Actor) -> None:
    """The mail is put aside. Raises DecidedAlready."""
    _hold_still(email)
    email.discard(by=by)


def undo(email: InboundEmail, *, by: Actor) -> None:
    """As if nothing had been decided. Raises DecidedAlready, CannotBeUndone."""
    email.lock()
    if not email.can_be_undone:
        raise DecidedAlready
    if email.state == MailState.DISCARDED:
        email.back_to_the_list()
        return
    ticket, reply_id = db.session.get_one(Ticket, email.ticket_id), email.reply_id
    ticket.lock()
    if reply_id is None and ticket.version != 1:
        raise CannotBeUndone(ticket.number)
    email.back_to_the_list()
    db.session.flush()
    if reply_id is None:
        _unmake(ticket)
    else:
        _take_out(ticket, reply_id, email, by)


def _hold_still(email: InboundEmail) -> None:
    email.lock()
    if not email.is_waiting:
        raise DecidedAlready


def _unmake(ticket: Ticket) -> None:
    """Remove a ticket upon which nothing has happened since it was filed."""
    _remove_files(select(Attachment).where(Attachment.ticket_id == ticket.id))
    for model in (ForeignMessageId, TicketEvent):
        for row in db.session.scalars(select(model).where(model.ticket_id == ticket.id)):
            db.session.delete(row)
    db.session.flush()
    db.session.delete(ticket)
    db.session.flush()


def _take_out(ticket: Ticket, reply_id: UUID, email: InboundEmail, by: Actor) -> None:
    _remove_files(select(Attachment).where(Attachment.reply_id == reply_id))
    db.session.flush()
    db.session.delete(db.session.get_one(Reply, reply_id))
    ticket.reply_count -= 1
    threading.forget(ticket, intake.read(email))
    ticket.note("mail_taken_out", by)
    db.session.flush()


def _remove_files(chosen: Select[Attachment]) -> None:
    files = list(db.session.scalars(chosen))
    for file in files:
        db.session.delete(file)
    db.session.flush()
    # The mail itself is kept, so that no file of it is lost with these.
    attaching.let_go(files)


def _writer(mail: ParsedMail, email: InboundEmail) -> Actor:
    person = Person.with_address(email.from_address) if email.from_address else None
    if person is not None:
        return intake.writer(person)
    return NightStaff("system", mail.from_name or _sender(email))


def _sender(email: InboundEmail) -> str:
    return email.from_address or "an unknown address"
