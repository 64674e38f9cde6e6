"""A technician forwards a colleague's mail to the desk: it becomes that colleague's request, and not their own.

Only who works at the desk, and is vouched for, is believed about who wrote a mail; and only a member of staff of
the district can be named so. In every other case it is the forwarder's own request, and a note says why.
"""

from dataclasses import dataclass, replace

from app.helpdesk.actions import threading
from app.helpdesk.actions.threading import Desk
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.forwarded import Forwarded, forwarded_in
from app.integrations.mailbox.parse import ParsedMail
from app.roster.models.person import Person


@dataclass(frozen=True)
class PassedOn:
    """Whose request it is, the mail as it is filed, and what technicians alone read beneath it."""

    requester: Person
    mail: ParsedMail
    note: str
    #: What it may be part of already.
    perhaps: Ticket | None = None
    #: False if the forwarder asks for themselves.
    for_a_colleague: bool = True


def passed_on(mail: ParsedMail, by: Person) -> PassedOn | None:
    """What a technician forwarded, or None for a mail of their own, and for anybody who is not one."""
    desk = Desk(by, mail)
    if not desk.works_at():
        return None
    forwarded = forwarded_in(mail)
    if forwarded is None:
        return None
    writer = Person.with_address(forwarded.sender.address) if forwarded.sender else None
    if writer is not None and writer.id == by.id:
        return None
    why_not = _why_not(forwarded, writer, desk)
    if why_not or writer is None:
        return PassedOn(by, mail, f"{why_not} So this is {by.name}'s own request.", for_a_colleague=False)
    letter = _as_the_writers(mail, forwarded)
    place = threading.where_it_belongs(letter, (), writer, id_is_its_own=True)
    return PassedOn(writer, letter, forwarded.said, place.ticket or place.follows or place.perhaps)


def _why_not(forwarded: Forwarded, writer: Person | None, desk: Desk) -> str:
    named = forwarded.sender.address if forwarded.sender else "somebody whose address it does not show"
    if writer is None or not writer.is_active_staff():
        return f"It was forwarded from {named}, which belongs to no active member of staff."
    if writer.school_id is None:
        return f"It was forwarded from {writer.name}, who has no school yet."
    if not desk.works_at(writer.school_id):
        return f"It was forwarded from {writer.name}, at whose school the forwarder does not work."
    return ""


def _as_the_writers(mail: ParsedMail, forwarded: Forwarded) -> ParsedMail:
    """The mail that was forwarded, without what the forwarder says above it: the writer reads their own ticket."""
    whole = forwarded.whole
    beside = (
        tuple(one for one in mail.files if one.declared_type != "message/rfc822") if whole else mail.files
    )
    return replace(
        mail,
        message_id=whole.message_id if whole else None,
        in_reply_to=whole.in_reply_to if whole else (),
        references=whole.references if whole else (),
        subject=forwarded.subject,
        text=forwarded.text,
        html=whole.html if whole else None,
        files=(*(whole.files if whole else ()), *beside),
    )
