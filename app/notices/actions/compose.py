"""Writing a message: from a kind, a recipient and a few words to a row that will be delivered.

A message that must not leave (nobody known there, too many, no desk address) is written down all the same,
as failed, with the reason: the mail log shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from app.auth.models.account import Account
from app.core.actor import Role
from app.core.db import db
from app.core.settings import get_settings
from app.integrations.mailbox.quote import MARK
from app.notices.actions import ladder, letters, message_ids
from app.notices.models.mail_setting import Desk, desk
from app.notices.models.message import AUTOMATIC, CARRIES_A_LINK, Message
from app.notices.models.muted_address import MutedAddress
from app.roster.models.person import Person

#: Kinds that go to people of the roster alone.
TO_PEOPLE: Final = frozenset({"ticket_received", "ticket_reply", "ticket_closed"})
#: Kinds that go to those who work at the desk.
TO_THE_DESK: Final = frozenset({"ticket_assigned", "ticket_answered"})

NOBODY_KNOWN: Final = "Held back: the recipient is not an active member of staff with this address."
NOBODY_WORKING: Final = "Held back: nobody who works at the desk signs in with this address."
NO_ADDRESS: Final = (
    "The desk has no email address yet, so it cannot write. A district admin can set it in the mail settings."
)
NOT_OPEN: Final = "Held back: the district is not open yet, so nothing is written by itself."
MUTED: Final = (
    "Held back: mail to this address came back because {because}. Nothing is written to it by itself until its "
    "60 days are over, or an admin or a lead lifts that."
)
ENOUGH_LINKS: Final = (
    "Held back: this address was sent several links within the last hour. One of them still works."
)

About = tuple[str, UUID, int]


@dataclass(frozen=True)
class Thread:
    """The conversation that a mail belongs to."""

    ticket_id: UUID
    #: The Message-ID of the mail that is answered, and those that it named itself.
    in_reply_to: str | None = None
    references: tuple[str, ...] = field(default_factory=tuple)
    #: It began with a mail: then its subject stays, since some mail programs thread by it.
    began_by_mail: bool = False


def email(
    kind: str,
    to_address: str,
    to_person_id: UUID | None,
    context: Mapping[str, Any],
    about: About | None = None,
    thread: Thread | None = None,
) -> Message:
    """Write a mail of that kind (letters.KINDS says what it must be told) and have it delivered."""
    ours = desk()
    letter = letters.render(kind, context, _around(ours), began_by_mail=bool(thread and thread.began_by_mail))
    message = Message(
        kind=kind,
        to_address=to_address.strip().lower(),
        to_person_id=to_person_id,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
    )
    if about is not None:
        message.about_table, message.about_id, message.about_number = about
    if thread is not None:
        message.in_reply_to = thread.in_reply_to
        message.reference_ids = _references(thread, about, ours)
    refusal = _why_not(message, ours)
    if ours.address:
        message_ids.sign(message, ours)
    db.session.add(message)
    if refusal:
        message.fail(refusal)
    else:
        message.ring()
    db.session.flush()
    return message


def _why_not(message: Message, ours: Desk) -> str:
    if not ours.address:
        return NO_ADDRESS
    if message.kind in TO_PEOPLE and not _is_known(message):
        return NOBODY_KNOWN
    if message.kind in TO_THE_DESK and not _works_here(message.to_address):
        return NOBODY_WORKING
    if message.kind in AUTOMATIC and not ours.district.has_opened:
        return NOT_OPEN
    if message.kind in AUTOMATIC and (muted := MutedAddress.holding(message.to_address)):
        return MUTED.format(because=muted.because)
    if message.kind in AUTOMATIC and ladder.is_too_steep(message.to_address, message.about_id):
        return ladder.TOO_MANY
    if message.kind in CARRIES_A_LINK and ladder.has_had_enough_links(message.to_address, CARRIES_A_LINK):
        return ENOUGH_LINKS
    return ""


def _is_known(message: Message) -> bool:
    person = Person.find(message.to_person_id) if message.to_person_id else None
    return person is not None and person.is_active_staff() and person.email == message.to_address


def _works_here(address: str) -> bool:
    account = Account.with_address(address)
    return account is not None and account.is_active and account.has(Role.TECHNICIAN)


def _references(thread: Thread, about: About | None, ours: Desk) -> list[str]:
    own = [message_ids.reference_of(thread.ticket_id, about[2] if about else 0, ours)] if ours.address else []
    answered = [thread.in_reply_to] if thread.in_reply_to else []
    return list(dict.fromkeys([*own, *thread.references, *answered]))


def _around(ours: Desk) -> dict[str, Any]:
    return {
        "whose": ours.signature,
        "desk_name": ours.name,
        "house": f"{get_settings().base_url}/{ours.district.slug}",
        "answer_above": MARK,
    }
