"""The same mail by several ways: an alias and the address itself, a mail group and the direct copy.

A Message-ID alone proves nothing, since some senders give one to all their mails. Two mails are the same when
sender, date, subject and text say so as well; then the second is put aside, in sight, and not answered again.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from app.auth.models.account import Account
from app.core import storage
from app.core.actor import Role
from app.core.db import db
from app.core.storage import FileMissing
from app.helpdesk.models.inbound_email import InboundEmail, MailState
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.parse import ParsedMail, parse
from app.roster.models.person import Person

#: The date of a mail travels with it; mail groups round it to the minute at most.
SAME_MOMENT: Final = timedelta(minutes=1)
#: Mails without a date are told apart by when they came.
WITHOUT_A_DATE: Final = timedelta(hours=1)
#: Of the words of the shorter text, the part that the longer must have: groups add their lines to it.
SHARED: Final = 0.9
MOST_WORDS: Final = 5000

_PREFIX = re.compile(r"^\s*(\[[^\]]{1,60}\]|[^\W\d_]{2,4}(\[\d+\])?\s*[:：])\s*")
_WORD = re.compile(r"\w+")


def is_known_already(
    mail: ParsedMail, email: InboundEmail, copies: Sequence[InboundEmail], sender: Person | None
) -> bool:
    """True if a copy of this mail was filed, and this one adds nothing: it is put aside, and points at that copy."""
    for first in copies:
        if first.state == MailState.FILED and _are_the_same(mail, email, first):
            if mail.verified and not first.verified:
                if sender is not None and _works_at_the_desk(sender):
                    # What nobody vouched for did not count as the desk's answer. This does.
                    return False
                _believe(first)
            email.is_copy_of(first)
            return True
    return False


def put_aside_what_waits(mail: ParsedMail, email: InboundEmail, copies: Sequence[InboundEmail]) -> None:
    """Copies that came before and waited for a person need none any more: this one was filed."""
    for copy in copies:
        waits = copy.state == MailState.HELD and not copy.decided_at
        # What waits for opening day has its turn, and may be in other hands at this moment.
        if waits and not copy.waits_for_opening_day and _are_the_same(mail, email, copy):
            copy.is_copy_of(email)


def _works_at_the_desk(sender: Person) -> bool:
    account = Account.of_person(sender.id)
    return account is not None and account.is_active and account.has(Role.TECHNICIAN)


def _believe(first: InboundEmail) -> None:
    """This copy is vouched for and the first was not: what became of the first is its writer's after all."""
    reply = db.session.get(Reply, first.reply_id) if first.reply_id else None
    made = reply or db.session.get_one(Ticket, first.ticket_id)
    made.verified = first.verified = True


def _are_the_same(mail: ParsedMail, email: InboundEmail, other: InboundEmail) -> bool:
    if email.from_address != other.from_address:
        return False
    if email.sha256 == other.sha256:
        return True
    first = _read(other)
    return first is not None and (
        _same_moment(mail, email, first, other)
        and _plain(mail.subject) == _plain(first.subject)
        and _same_words(mail.text, first.text)
    )


def _read(email: InboundEmail) -> ParsedMail | None:
    try:
        with storage.open(email.storage_key) as raw:
            return parse(raw.read())
    except FileMissing:
        return None


def _same_moment(mail: ParsedMail, email: InboundEmail, first: ParsedMail, other: InboundEmail) -> bool:
    if mail.sent_at is None or first.sent_at is None:
        return abs(email.received_at - other.received_at) <= WITHOUT_A_DATE
    return abs(mail.sent_at - first.sent_at) <= SAME_MOMENT


def _plain(subject: str) -> str:
    """Without the prefixes that programs and mail groups put before it."""
    while (shorter := _PREFIX.sub("", subject, count=1)) != subject:
        subject = shorter
    return " ".join(subject.casefold().split())


def _same_words(one: str, other: str) -> bool:
    ones, others = _words(one), _words(other)
    shorter = min(ones.total(), others.total())
    if not shorter:
        return ones == others
    return (ones & others).total() >= SHARED * shorter


def _words(text: str) -> Counter[str]:
    return Counter(word.casefold() for word in _WORD.findall(text[:100_000])[:MOST_WORDS])
