"""Mail that came back: which of ours it was, why, and what follows from it.

A report counts when it comes to the envelope address of that one mail, which carries a code that only we can
make and only its recipient's servers saw. The Message-ID within a report is known to everybody in the
conversation: it says which mail may be meant, and changes nothing but the note in the mail log.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.core.db import db
from app.integrations.mailbox.reports import Outcome, Report
from app.integrations.mailgun.hearing import COMPLAINED, DELAYED, FAILED, Event
from app.notices.actions import message_ids, outcomes
from app.notices.models.message import Message, State
from app.notices.models.muted_address import MutedAddress

#: The beginning of an enhanced status code (RFC 3463) → why, in words that end a sentence. The longest holds.
WHY: Final = {
    "5.1.1": "the mailbox does not exist",
    "5.1.2": "the mail domain does not exist",
    "5.1.3": "the address is not written as an address",
    "5.1.6": "the mailbox has moved",
    "5.1.10": "the mailbox does not exist",
    "5.1": "the address is not right",
    "5.2.1": "the mailbox is switched off",
    "5.2.2": "the mailbox is full",
    "5.2.3": "the mail is larger than the mailbox takes",
    "5.2": "the mailbox takes no mail",
    "5.3.4": "the mail is larger than its server takes",
    "5.4": "its mail server could not be reached",
    "5.7": "its mail server refuses our mail",
    "5": "its mail server refused it",
    "4.2.2": "the mailbox is full",
    "4.4": "its mail server could not be reached",
    "4.7": "its mail server puts our mail off",
    "4": "its mail server could not take it",
    "": "its mail server could not deliver it",
}

SPAM: Final = "its reader marked our mail as spam"


@dataclass(frozen=True)
class Returned:
    """One of our mails, and what was reported of it. `counts` is True when it is news that it did not arrive."""

    message: Message
    because: str
    counts: bool


def take_back(report: Report, addresses: Iterable[str]) -> Returned | None:
    """Note what is reported, by the addresses to which the report came; None if it is of no mail of ours."""
    message = _by_envelope(addresses)
    if message is not None:
        return _believe(report, message)
    answered = message_ids.read_message_id(report.about) if report.about else None
    hinted = Message.find(answered.message) if answered else None
    if hinted is None:
        return None
    hinted.hear(f"Somebody reports that it did not arrive: {why(report.status)}.")
    return Returned(hinted, why(report.status), counts=False)


def take_event(event: Event) -> None:
    """Note what a vendor that carried a mail tells of it. It is signed, so its Message-ID counts, and counts once."""
    known = message_ids.read_message_id(event.message_id)
    message = (
        db.session.get(Message, known.message, with_for_update=True, populate_existing=True)
        if known
        else None
    )
    if message is None or message.to_address != event.recipient:
        return
    if event.what == COMPLAINED:
        if MutedAddress.holding(message.to_address) is None:
            MutedAddress.mute(message.to_address, SPAM, message.id)
        message.hear(f"It arrived, and {SPAM}.")
        outcomes.complained_of(message)
    elif event.what == FAILED and message.state != State.BOUNCED:
        message.come_back(f"It came back: {why(event.status)}.")
        MutedAddress.mute(message.to_address, why(event.status), message.id)
        outcomes.of_mail(message)
    elif event.what == DELAYED:
        message.hear(f"Not delivered yet: {why(event.status)}.")


def why(status: str) -> str:
    """An enhanced status code in words that end a sentence, with the code where there is one."""
    parts = status.split(".") if status else []
    beginnings = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    words = next((WHY[one] for one in beginnings if one in WHY), WHY[""])
    return f"{words} ({status})" if status and not status.endswith(".0.0") else words


def lift(muted: MutedAddress) -> None:
    """A person decides that it is written to by itself again."""
    db.session.delete(muted)


def forget_what_is_over() -> int:
    """Remove muted addresses whose time is over; how many."""
    rows = db.session.scalars(MutedAddress.over()).all()
    for row in rows:
        db.session.delete(row)
    return len(rows)


def _by_envelope(addresses: Iterable[str]) -> Message | None:
    for address in addresses:
        found = message_ids.read_envelope(address)
        if found is not None:
            # Its sender may still be writing down that it left.
            return db.session.get(Message, found.message, with_for_update=True, populate_existing=True)
    return None


def _believe(report: Report, message: Message) -> Returned:
    because = why(report.status)
    known = message.state == State.BOUNCED
    if report.outcome is Outcome.FAILED:
        message.come_back(f"It came back: {because}.")
        if report.is_permanent:
            MutedAddress.mute(message.to_address, because, message.id)
        outcomes.of_mail(message)
    elif report.outcome is Outcome.DELAYED:
        message.hear(f"Not delivered yet: {because}.")
    return Returned(message, because, counts=report.outcome is Outcome.FAILED and not known)
