"""Who hears of it by mail: the requester what the desk answers, its technician what the requester does.

Notes never leave the house, and nobody hears of what they did themselves.
"""

from sqlalchemy import select

from app.auth.models.account import Account
from app.core.actor import Actor, Role
from app.core.db import db
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox import quote
from app.integrations.mailbox.parse import ParsedMail
from app.notices.actions import compose
from app.notices.actions.compose import Thread
from app.notices.models.message import Message
from app.roster.models.person import Person
from app.roster.models.school import School


class NeverLeaves(RuntimeError):
    """A note among technicians was about to be mailed."""


def that_we_have_it(ticket: Ticket, mail: ParsedMail) -> Message | None:
    """Acknowledge a mail that opened a ticket, once, beneath that mail. None if its requester is to hear nothing."""
    return _mail(ticket, "ticket_received", {}, answered=mail.message_id, references=mail.references)


def of_a_reply(ticket: Ticket, reply: Reply, *, closing: bool) -> None:
    """Send what the desk answered, and that it is closed if it was in the same go. Raises NeverLeaves for a note."""
    if reply.is_internal:
        raise NeverLeaves
    words = {"technician": reply.author_name, "text": reply.text}
    _mail(ticket, "ticket_closed" if closing else "ticket_reply", words, answered=_latest_mail_of(ticket))


def that_it_is_closed(ticket: Ticket, by: Actor) -> None:
    """The desk closed it without a word; the mail says how to open it again."""
    _mail(ticket, "ticket_closed", {"technician": by.name, "text": ""}, answered=_latest_mail_of(ticket))


def its_technician_that_it_is_theirs(ticket: Ticket, by: Actor) -> None:
    """A colleague gave it to them."""
    school = db.session.get_one(School, ticket.school_id)
    _note(ticket, "ticket_assigned", {"school": school.name, "by": by.name}, by)


def its_technician_of_an_answer(ticket: Ticket, reply: Reply, by: Actor) -> None:
    """The requester answered, and no machine did it for them. Raises NeverLeaves for a note."""
    if reply.is_internal:
        raise NeverLeaves
    if not reply.automatic:
        said = quote.split(reply.text).new if reply.channel == "email" else reply.text
        _note(ticket, "ticket_answered", {"text": said}, by)


def _note(ticket: Ticket, kind: str, words: dict[str, str], by: Actor) -> None:
    """A note to whoever looks after it, if they still work at its school and did not do it themselves."""
    technician = db.session.get(Account, ticket.assignee_id) if ticket.assignee_id else None
    if (
        technician is None
        or not technician.is_active
        or not technician.has(Role.TECHNICIAN, ticket.school_id)
    ):
        return
    if technician.id == by.id or (by.person_id is not None and technician.person_id == by.person_id):
        return
    requester = db.session.get_one(Person, ticket.requester_id)
    compose.email(
        kind,
        to_address=technician.email,
        to_person_id=technician.person_id,
        context={"number": ticket.number, "title": ticket.title, "requester": requester.name, **words},
        about=("tickets", ticket.id, ticket.number),
        thread=Thread(ticket.id),
    )


def _mail(
    ticket: Ticket,
    kind: str,
    words: dict[str, str],
    *,
    answered: str | None,
    references: tuple[str, ...] = (),
) -> Message | None:
    requester = db.session.get_one(Person, ticket.requester_id)
    if requester.email is None or not requester.is_active_staff():
        return None
    return compose.email(
        kind,
        to_address=requester.email,
        to_person_id=requester.id,
        context={"number": ticket.number, "title": ticket.title, **words},
        about=("tickets", ticket.id, ticket.number),
        thread=Thread(ticket.id, answered, references, began_by_mail=ticket.channel == "email"),
    )


def _latest_mail_of(ticket: Ticket) -> str | None:
    """The id of the newest mail in which the requester, and no machine in their name, wrote to this ticket."""
    by_a_machine = select(Reply.id).where(Reply.inbound_email_id == InboundEmail.id, Reply.automatic)
    latest = (
        select(InboundEmail.message_id)
        .join(Person, Person.email == InboundEmail.from_address)
        .where(
            InboundEmail.ticket_id == ticket.id,
            InboundEmail.message_id != "",
            Person.id == ticket.requester_id,
            ~by_a_machine.exists(),
        )
    )
    return db.session.scalar(latest.order_by(InboundEmail.id.desc()).limit(1))
