"""Which ticket does a mail belong to? The surest sign first, and a stranger's mail to no ticket but their own.

1. a Message-ID that we signed, in In-Reply-To, then in References from the last to the first
2. the signed token of our Reply-To address, in the envelope or in To
3. a Message-ID of others that was filed with a ticket before
4. "#1042" in the subject
Each only finds; whether the sender takes part in what was found is asked of every one of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.auth.models.account import Account
from app.core.actor import Role
from app.core.db import db
from app.helpdesk.models.foreign_message_id import ForeignMessageId
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.parse import ParsedMail
from app.notices.actions import message_ids
from app.roster.models.person import Person

LONGEST_ID: Final = 500
MOST_IDS: Final = 100
MOST_FOUND: Final = 20

_NUMBER = re.compile(r"#(\d{4,9})\b")


@dataclass(frozen=True)
class Place:
    """Where a mail goes: into `ticket`, or into a new one that goes on from `follows` or might belong to `perhaps`."""

    ticket: Ticket | None = None
    follows: Ticket | None = None
    perhaps: Ticket | None = None


def where_it_belongs(mail: ParsedMail, envelope_to: str, sender: Person) -> Place:
    """The ticket that the mail answers, if its sender takes part in it."""
    perhaps: Ticket | None = None
    desk = _Desk(sender, mail.verified)
    for ticket in _found(mail, envelope_to):
        if ticket.requester_id == sender.id:
            goes_on_elsewhere = ticket.is_closed and not ticket.reopens and not mail.is_automatic
            return Place(follows=ticket) if goes_on_elsewhere else Place(ticket=ticket)
        if desk.works_on(ticket):
            return Place(ticket=ticket)
        perhaps = perhaps or ticket
    return Place(perhaps=perhaps)


def remember(ticket: Ticket, mail: ParsedMail) -> None:
    """Keep every id that others gave and the mail names, so that any answer in its thread finds the ticket."""
    known = select(ForeignMessageId.message_id).where(ForeignMessageId.ticket_id == ticket.id)
    new = _ids(mail) - set(db.session.scalars(known))
    db.session.add_all(ForeignMessageId(ticket_id=ticket.id, message_id=one) for one in sorted(new))


def forget(ticket: Ticket, mail: ParsedMail) -> None:
    """The ids of a mail that was taken out of the ticket again."""
    named = ForeignMessageId.message_id.in_(_ids(mail))
    for row in db.session.scalars(
        select(ForeignMessageId).where(ForeignMessageId.ticket_id == ticket.id, named)
    ):
        db.session.delete(row)


class _Desk:
    """Whether the sender answers for the desk: a technician, and the mail is vouched for."""

    def __init__(self, sender: Person, verified: bool) -> None:
        account = Account.of_person(sender.id) if verified else None
        self._account = account if account is not None and account.is_active else None

    def works_on(self, ticket: Ticket) -> bool:
        return self._account is not None and self._account.has(Role.TECHNICIAN, ticket.school_id)


def _found(mail: ParsedMail, envelope_to: str) -> Iterator[Ticket]:
    for ticket_id in (*_signed(mail), *_addressed(mail, envelope_to)):
        ticket = db.session.get(Ticket, ticket_id)
        if ticket is not None:
            yield ticket
    yield from _filed_before(mail)
    yield from _numbered(mail)


def _signed(mail: ParsedMail) -> Iterator[UUID]:
    for one in (*mail.in_reply_to, *reversed(mail.references)):
        answered = message_ids.read_message_id(one)
        if answered is not None and answered.ticket_id is not None:
            yield answered.ticket_id


def _addressed(mail: ParsedMail, envelope_to: str) -> Iterator[UUID]:
    written = (one.address for one in (*mail.to, *mail.cc))
    for one in dict.fromkeys((*(address.strip() for address in envelope_to.split(",")), *written)):
        answered = message_ids.read_reply_to(one)
        if answered is not None and answered.ticket_id is not None:
            yield answered.ticket_id


def _filed_before(mail: ParsedMail) -> Iterator[Ticket]:
    named = select(ForeignMessageId.ticket_id).where(ForeignMessageId.message_id.in_(_ids(mail)))
    newest = select(Ticket).where(Ticket.id.in_(named)).order_by(Ticket.id.desc()).limit(MOST_FOUND)
    yield from db.session.scalars(newest)


def _numbered(mail: ParsedMail) -> Iterator[Ticket]:
    number = _NUMBER.search(mail.subject)
    ticket = Ticket.find(number=min(int(number[1]), 2**31 - 1)) if number else None
    if ticket is not None:
        yield ticket


def _ids(mail: ParsedMail) -> set[str]:
    named = [*([mail.message_id] if mail.message_id else []), *mail.in_reply_to, *reversed(mail.references)]
    return {
        one for one in named[:MOST_IDS] if len(one) <= LONGEST_ID and not message_ids.looks_like_ours(one)
    }
