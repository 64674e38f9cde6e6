"""Which ticket does a mail belong to? The surest sign first, and a stranger's mail to no ticket but their own.

1. a Message-ID that we signed, in In-Reply-To, then in References from the last to the first
2. the signed token of our Reply-To address, in the envelope or in To
3. a Message-ID of others that a mail of the ticket had or named, so that answers among people find it too
4. "[#1042]" in the subject, then a bare "#1042"
Each only finds; whether the sender takes part in what was found is asked of every one of them. What a machine
wrote is never taken for the desk's answer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

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
MOST_NUMBERS: Final = 5

_OUR_TAG = re.compile(r"\[#(\d{4,9})\]")
_NUMBER = re.compile(r"#(\d{4,9})\b")


@dataclass(frozen=True)
class Place:
    """Where a mail goes: into `ticket`, or into a new one that goes on from `follows` or might belong to `perhaps`."""

    ticket: Ticket | None = None
    follows: Ticket | None = None
    perhaps: Ticket | None = None


def where_it_belongs(
    mail: ParsedMail, recipients: Sequence[str], sender: Person, *, id_is_its_own: bool
) -> Place:
    """The ticket that the mail answers, if its sender takes part in it.

    `id_is_its_own`: False where another mail had the same Message-ID, as some senders give one to all their mails.
    """
    perhaps: Ticket | None = None
    desk = Desk(sender, mail)
    for ticket in _found(mail, recipients, id_is_its_own):
        if ticket.requester_id == sender.id:
            goes_on_elsewhere = ticket.is_closed and not ticket.reopens and not mail.is_automatic
            return Place(follows=ticket) if goes_on_elsewhere else Place(ticket=ticket)
        if desk.works_on(ticket):
            return Place(ticket=ticket)
        perhaps = perhaps or ticket
    return Place(perhaps=perhaps)


def names_nothing(mail: ParsedMail, recipients: Sequence[str]) -> bool:
    """True if it shows none of the signs by which a ticket is found, but for its own Message-ID."""
    addresses = (*recipients, *(one.address for one in (*mail.to, *mail.cc)))
    return not (_named(mail) or _NUMBER.search(mail.subject) or any("+" in one for one in addresses))


def remember(ticket: Ticket, mail: ParsedMail) -> None:
    """Keep every id that others gave and the mail names, so that any answer in its thread finds the ticket."""
    new = _foreign([mail.message_id or "", *_named(mail)])
    if ticket not in db.session.new:
        known = select(ForeignMessageId.message_id).where(ForeignMessageId.ticket_id == ticket.id)
        new -= set(db.session.scalars(known))
    db.session.add_all(ForeignMessageId(ticket_id=ticket.id, message_id=one) for one in sorted(new))


def forget(ticket: Ticket, mail: ParsedMail) -> None:
    """The ids of a mail that was taken out of the ticket again."""
    named = ForeignMessageId.message_id.in_(_foreign([mail.message_id or "", *_named(mail)]))
    for row in db.session.scalars(
        select(ForeignMessageId).where(ForeignMessageId.ticket_id == ticket.id, named)
    ):
        db.session.delete(row)


class Desk:
    """Whether the sender writes for the desk: a technician, vouched for, and no machine in their name."""

    def __init__(self, sender: Person, mail: ParsedMail) -> None:
        believed = mail.verified and not mail.is_automatic
        account = Account.of_person(sender.id) if believed else None
        self._account = account if account is not None and account.is_active else None

    def works_on(self, ticket: Ticket) -> bool:
        """They look after the school of this ticket."""
        return self.works_at(ticket.school_id)

    def works_at(self, school_id: UUID | None = None) -> bool:
        """They look after that school; or after any, where none is named."""
        return self._account is not None and self._account.has(Role.TECHNICIAN, school_id)


def _found(mail: ParsedMail, recipients: Sequence[str], id_is_its_own: bool) -> Iterator[Ticket]:
    for ticket_id in (*_signed(mail), *_addressed(mail, recipients)):
        ticket = db.session.get(Ticket, ticket_id)
        if ticket is not None:
            yield ticket
    yield from _of_the_thread(mail)
    yield from _filed_before(mail, id_is_its_own)
    yield from _numbered(mail)


def _signed(mail: ParsedMail) -> Iterator[UUID]:
    for one in _named(mail):
        answered = message_ids.read_message_id(one)
        if answered is not None and answered.ticket_id is not None:
            yield answered.ticket_id


def _addressed(mail: ParsedMail, recipients: Sequence[str]) -> Iterator[UUID]:
    written = (one.address for one in (*mail.to, *mail.cc))
    for one in dict.fromkeys((*recipients, *written)):
        answered = message_ids.read_reply_to(one)
        if answered is not None and answered.ticket_id is not None:
            yield answered.ticket_id


def _of_the_thread(mail: ParsedMail) -> Iterator[Ticket]:
    """By the reference that all our mails of a ticket share, where a mail program kept only the first one."""
    for one in _named(mail):
        number = message_ids.numbered_reference(one)
        ticket = Ticket.find(number=number) if number else None
        if ticket is not None and message_ids.is_reference_of(one, ticket.id):
            yield ticket


def _filed_before(mail: ParsedMail, id_is_its_own: bool) -> Iterator[Ticket]:
    """The tickets whose mails had or named one of these ids. Its own is among them if an answer overtook it."""
    asked = list(_named(mail))
    if mail.message_id and id_is_its_own:
        asked.append(mail.message_id)
    foreign = _foreign(asked)
    if foreign:
        yield from db.session.scalars(_FILED_UNDER, {"ids": sorted(foreign)})


_FILED_UNDER: Final = (
    select(Ticket)
    .where(
        Ticket.id.in_(
            select(ForeignMessageId.ticket_id).where(
                ForeignMessageId.message_id.in_(bindparam("ids", expanding=True))
            )
        )
    )
    .order_by(Ticket.id.desc())
    .limit(MOST_FOUND)
)


def _numbered(mail: ParsedMail) -> Iterator[Ticket]:
    """Our own tag before whatever else looks like a number: other desks write theirs into subjects too."""
    found = dict.fromkeys((*_OUR_TAG.findall(mail.subject), *_NUMBER.findall(mail.subject)))
    for number in list(found)[:MOST_NUMBERS]:
        ticket = Ticket.find(number=min(int(number), 2**31 - 1))
        if ticket is not None:
            yield ticket


def _named(mail: ParsedMail) -> list[str]:
    """What it answers: In-Reply-To, then References from the last to the first."""
    return list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:MOST_IDS]


def _foreign(ids: Iterable[str]) -> set[str]:
    """Without those of our own make, genuine or forged: they are never taken for a stranger's."""
    return {one for one in ids if one and len(one) <= LONGEST_ID and not message_ids.looks_like_ours(one)}
