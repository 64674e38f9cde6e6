"""Much mail at once: what asks for something new and concerns nothing else is filed together, in one transaction.

The rules are those of intake.py. Whatever needs more of them than "whose request is it, and may they?" is left to it:
answers, forwards, reports, copies, mail of machines, mail with files, and the second mail of one sender.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from app.core.db import db
from app.core.queue import later_each
from app.helpdesk.actions import bounces, intake, threading
from app.helpdesk.models.foreign_message_id import ForeignMessageId
from app.helpdesk.models.inbound_email import InboundEmail
from app.integrations.mailbox.forwarded import forwarded_in
from app.integrations.mailbox.parse import ParsedMail
from app.roster.models.person import Person

#: Octets of a mail, and seconds for reading all of them: what is large or hard to read delays nobody but itself.
LARGEST: Final = 256 * 1024
LONGEST_READING: Final = 2.0

NOWHERE: Final = threading.Place()

Letter = tuple[InboundEmail, ParsedMail]


def receive_together(
    email_ids: Sequence[UUID], requests: Mapping[UUID, str | None] | None = None
) -> Collection[UUID]:
    """File those of the stored mails that ask for something new, or hold them; their ids. The others are untouched.

    `requests`: which request is behind each, for the log.

    If it raises, nothing was done, and each of them is for intake.receive().
    """
    letters = _without_a_past(list(_new_requests(email_ids)))
    senders = Person.with_addresses(str(mail.from_address) for _, mail in letters)
    opened = intake.tickets_of_this_hour(senders.values())
    hear_of_it = []
    with db.session.no_autoflush:
        for email, mail in letters:
            email.note_head(str(mail.from_address), mail.subject, verified=mail.verified)
            sender = senders.get(str(mail.from_address))
            reason = intake.reason_to_hold(mail, sender)
            if reason or sender is None:
                email.hold(reason)
            elif intake.open_or_hold(sender, mail, email, NOWHERE, opened=opened[sender.id]):
                hear_of_it.append(email.id)
    # Written when all is known: from here on others wait for the number of a ticket.
    db.session.flush()
    later_each(intake.ACKNOWLEDGE, hear_of_it, queue="notifications", requests=requests)
    return [email.id for email, _ in letters]


def _new_requests(email_ids: Sequence[UUID]) -> Iterator[Letter]:
    """One mail of each sender, as far as can be told without asking who they are."""
    began = time.monotonic()
    seen: set[str] = set()
    for email in InboundEmail.to_file(email_ids):
        if email.size > LARGEST or time.monotonic() - began > LONGEST_READING:
            continue
        mail = intake.read(email)
        named = {f"from {mail.from_address}", email.message_id, mail.message_id or ""}
        if seen.isdisjoint(named) and _asks_for_something_new(mail, email):
            yield email, mail
        seen |= named


def _asks_for_something_new(mail: ParsedMail, email: InboundEmail) -> bool:
    return bool(
        mail.from_address
        and email.message_id
        and threading.names_nothing(mail, email.recipients)
        and not mail.files
        and not mail.is_automatic
        and not mail.written_by
        and not any(map(bounces.is_for_bounces, email.recipients))
        and not intake.is_our_own(mail)
        and not intake.is_from_ourselves(mail)
        # Only of whom somebody vouches for is it believed that they forward another's mail.
        and not (mail.verified and forwarded_in(mail))
    )


def _without_a_past(letters: list[Letter]) -> list[Letter]:
    """Those of which no copy came before, and that no answer has named."""
    before = InboundEmail.that_came_before([email for email, _ in letters])
    before |= ForeignMessageId.known_of([mail.message_id or email.message_id for email, mail in letters])
    return [
        (email, mail) for email, mail in letters if before.isdisjoint({email.message_id, mail.message_id})
    ]
