"""A mail comes in: its raw bytes are stored first, and a job finds out later whose ticket it is.

store() runs at the mail door, receive() in a job, acknowledge() in another; a flood is filed several mails at a time
(flood.py). Whatever goes wrong with a mail stays that mail's own trouble: it is listed under "mail not filed" with the
reason, the next one has its turn, and nothing is lost.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from app.auth.models.account import Account
from app.core import clock, directory, quotas, storage
from app.core.actor import SYSTEM, Actor, NightStaff
from app.core.db import db
from app.core.directory import DistrictCard, district_by_domain
from app.core.queue import TryAgain, later
from app.core.storage import StorageFault, StorageFull
from app.core.tenancy import current_district_id
from app.helpdesk.actions import attaching, bounces, forwarding, opening, replying, telling, threading
from app.helpdesk.actions import copies as known_copies
from app.helpdesk.models.inbound_email import NOT_OPEN, InboundEmail, MailState
from app.helpdesk.models.reply import Reply, ReplyKind
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.authentication import Vouched
from app.integrations.mailbox.parse import ParsedMail, parse
from app.integrations.mailbox.reading import MailFile
from app.notices.actions import message_ids
from app.notices.actions.holding import PERHAPS_SENT_SINCE
from app.notices.models.mail_setting import desk
from app.notices.models.message import State
from app.roster.models.person import Person

#: Nobody writes more to a help desk within an hour; beyond it a machine does.
MOST_TICKETS_AN_HOUR: Final = 30
MOST_ACKNOWLEDGED_AN_HOUR: Final = 10
ACKNOWLEDGE: Final = "jobs.helpdesk.acknowledge"
NO_FILES: Final = "The files cannot be reached at the moment; this mail is tried again by itself."
NO_ROOM: Final = "There is no room left to store the files of this mail; it is tried again by itself."
LONGEST_KEY: Final = 500

POINTS_AT: Final = (
    "This mail points at #{number}, but its writer takes no part in it. Perhaps it belongs there."
)
PART_OF: Final = "Perhaps this is part of #{number} already."

_MESSAGE_ID = re.compile(
    rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[!-;=?-~]{1,490}>)", re.IGNORECASE | re.MULTILINE
)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")

log = logging.getLogger("frontoffice.intake")


# --- at the mail door -------------------------------------------------------------------------------------


def store(
    card: DistrictCard,
    *,
    mailbox: str,
    provider_id: str | None,
    envelope_from: str,
    envelope_to: str,
    raw: bytes,
) -> UUID:
    """Commit a mail as it came and have it filed; the same mail again answers with the same id.

    Whoever calls may say "received" when this returns, and must not if it raises.
    """
    if card.id != current_district_id():
        raise ValueError("A mail is stored within its own district.")
    email = InboundEmail(
        mailbox=_key(mailbox),
        provider_id=_key(provider_id) if provider_id else None,
        message_id=_message_id(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        envelope_from=_key(envelope_from),
        envelope_to=_key(envelope_to),
        size=len(raw),
    )
    quotas.refuse_if_reached(quotas.MAILS_IN, quotas.STORED)
    # Whether it is known is asked of the unique keys alone, for hardly any mail comes twice.
    email_id = email.id
    email.storage_key = storage.put(["mail", email.id], raw, "message/rfc822").key
    try:
        db.session.add(email)
        db.session.flush()
        later("jobs.helpdesk.take_in", email_id, queue="intake")
        db.session.commit()
    except IntegrityError:
        # The same mail, by the same road or another.
        key = email.storage_key
        db.session.rollback()
        known = _stored_before(email)
        if known is None:
            raise
        storage.delete(key)
        return known
    return email_id


def _stored_before(email: InboundEmail) -> UUID | None:
    same = InboundEmail.message_id == email.message_id, InboundEmail.sha256 == email.sha256
    known = select(InboundEmail.id).where(InboundEmail.mailbox == email.mailbox)
    found = db.session.scalar(known.where(*same))
    if found is None and email.provider_id is not None:
        found = db.session.scalar(known.where(InboundEmail.provider_id == email.provider_id))
    return found


def _message_id(raw: bytes) -> str:
    head = raw[:262_144]
    end = _END_OF_HEADERS.search(head)
    found = _MESSAGE_ID.search(head[: end.start()] if end else head)
    return found[1].decode("ascii") if found else ""


def _key(text: str) -> str:
    """What PostgreSQL and its indexes can hold, of what a stranger wrote."""
    plain = text.replace("\x00", "").encode(errors="replace").decode()
    if len(plain) <= LONGEST_KEY:
        return plain
    return f"{plain[: LONGEST_KEY - 65]}…{hashlib.sha256(plain.encode()).hexdigest()}"


# --- in the job -------------------------------------------------------------------------------------------


def receive(email_id: UUID) -> None:
    """File a stored mail. Safe to run twice. Only what will pass by itself (files out of reach) is tried again."""
    email = db.session.get(InboundEmail, email_id, with_for_update=True, populate_existing=True)
    if email is None or not (email.state == MailState.STORED or email.waits_for_opening_day):
        return
    try:
        # The mail's own row is written once, when all is known.
        with db.session.begin_nested(), db.session.no_autoflush:
            _file(email)
    except StorageFault as fault:
        raise TryAgain(NO_ROOM if isinstance(fault, StorageFull) else NO_FILES) from fault
    except OperationalError:
        # The database itself: another attempt may have more luck.
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this mail's own trouble, and a person sees it
        log.error("mail=%s not filed: %s", email_id, type(fault).__name__)
        email.fail("fault")


def acknowledge(email_id: UUID, *, in_doubt: bool = False) -> None:
    """Tell the writer of a mail that opened a ticket that we have it; `in_doubt`, once a person says so.

    Its work is struck off in the transaction that writes the receipt, so there is one.
    """
    email = db.session.get(InboundEmail, email_id)
    if email is None or email.ticket_id is None:
        return  # erased meanwhile
    try:
        mail = read(email)
    except StorageFault as fault:
        raise TryAgain(NO_FILES) from fault
    receipt = telling.that_we_have_it(db.session.get_one(Ticket, email.ticket_id), mail)
    if in_doubt and receipt is not None and receipt.state == State.QUEUED:
        receipt.doubt(PERHAPS_SENT_SINCE)


def read(email: InboundEmail) -> ParsedMail:
    """The stored mail, parsed."""
    with storage.open(email.storage_key) as raw:
        mail = parse(raw.read(), authserv_id=desk().authserv_id, zone=desk().district.zone)
    # At the SMTP door the empty sender stands in the envelope alone; whoever writes so wants no answer (RFC 5321).
    came_by_smtp = email.provider_id is None
    if came_by_smtp and not email.envelope_from and not mail.is_automatic:
        mail = replace(mail, automatic_because="the envelope names no sender")
    return mail


def _file(email: InboundEmail) -> None:
    """1 Read it. 2 Is it mail of ours that came back? 3 Who wrote it? 4 Was it here before? 5 May they be answered?
    6 Is it forwarded for a colleague? 7 Where does it belong? 8 Answer in it, or open a ticket."""
    mail = read(email)
    email.note_head(mail.from_address or "", mail.subject, verified=mail.verified)
    if bounces.take_back(mail, email):
        return
    if is_our_own(mail):
        email.discard("loop")
        return
    if _came_through_a_group(mail):
        if mail.vouched is Vouched.NOTHING:
            email.hold("through_a_group")
            return
        mail = _as_its_writers(mail)
        email.note_head(mail.from_address or "", mail.subject, verified=mail.verified)
    if is_from_ourselves(mail):
        email.discard("loop")
        return
    sender = Person.with_address(mail.from_address) if mail.from_address else None
    copies = email.copies()
    if known_copies.is_known_already(mail, email, copies, sender):
        return
    reason = reason_to_hold(mail, sender)
    if reason or sender is None:
        email.hold(reason or "unknown_sender")
        return
    _file_from(sender, mail, email, id_is_its_own=not copies)
    if email.state == MailState.FILED:
        known_copies.put_aside_what_waits(mail, email, copies)


def _file_from(sender: Person, mail: ParsedMail, email: InboundEmail, *, id_is_its_own: bool) -> None:
    """The mail of somebody we know."""
    passed_on = forwarding.passed_on(mail, sender)
    place = threading.where_it_belongs(mail, email.recipients, sender, id_is_its_own=id_is_its_own)
    if place.ticket is not None and passed_on is None:
        _answer_in(place.ticket, mail, email, sender)
    elif mail.is_automatic and place.perhaps is not None:
        # An answer by a machine to what the desk told somebody else: it says nothing to anybody.
        email.discard("automatic")
    elif mail.is_automatic:
        email.hold("automatic")
    elif passed_on is not None and passed_on.requester.school_id is not None:
        if tickets_of_this_hour([sender])[sender.id] >= MOST_TICKETS_AN_HOUR:
            email.hold("too_many")
        else:
            _open_passed_on(passed_on, sender, email, place)
    elif open_or_hold(sender, mail, email, place, opened=tickets_of_this_hour([sender])[sender.id]):
        # A piece of work of its own: a flood of mail is filed first, and answered as there is time.
        later(ACKNOWLEDGE, email.id, queue="notifications")


def _came_through_a_group(mail: ParsedMail) -> bool:
    """A mail group of this district put its own address in the place of the sender's."""
    if mail.written_by is None or mail.from_address is None:
        return False
    card = district_by_domain(mail.from_address.rpartition("@")[2])
    is_ours = card is not None and card.id == current_district_id()
    # A person is no group: they could pass for anybody.
    return is_ours and Person.with_address(mail.from_address) is None


def _as_its_writers(mail: ParsedMail) -> ParsedMail:
    """In the name of whoever wrote it. The group is vouched for and the writer is not: they open tickets, no more."""
    assert mail.written_by is not None
    failed = mail.vouched is Vouched.FAILED or mail.writer_was_refused
    return replace(
        mail,
        from_name=mail.written_by.name,
        from_address=mail.written_by.address,
        vouched=Vouched.FAILED if failed else Vouched.NOTHING,
    )


def is_our_own(mail: ParsedMail) -> bool:
    """It carries the mark that this district puts on each mail, or an id that we signed as its own."""
    own_id = mail.message_id and message_ids.read_message_id(mail.message_id)
    return mail.is_own_loop(message_ids.loop_mark()) or bool(own_id)


def is_from_ourselves(mail: ParsedMail) -> bool:
    """It says that it comes from an address at which this district receives mail."""
    if not mail.from_address:
        return False
    local, _, domain = mail.from_address.lower().rpartition("@")
    return bool({mail.from_address, f"{local.partition('+')[0]}@{domain}"} & desk().own_addresses)


def reason_to_hold(mail: ParsedMail, sender: Person | None) -> str:
    """Why a person must decide on it, whatever it is about; empty if nobody need."""
    if not mail.from_address:
        return "no_sender"
    if sender is None or not sender.is_active_staff():
        return "unknown_sender"
    if not desk().district.has_opened and directory.is_still_preparing(current_district_id()):
        return NOT_OPEN
    return "failed_authentication" if mail.vouched is Vouched.FAILED else ""


def _answer_in(ticket: Ticket, mail: ParsedMail, email: InboundEmail, sender: Person) -> None:
    ticket.lock()
    files = attaching.keep_from_mail(uploads(mail.files))
    answer = answer_of(mail, email)
    if ticket.requester_id == sender.id:
        reply = replying.add_from_requester(ticket, answer, files, by=writer(sender))
    else:
        # threading has seen to it that this is a technician of its school, and verified.
        account = Account.of_person(sender.id)
        assert account is not None
        reply = replying.add_from_desk(ticket, answer, files, by=account)
    threading.remember(ticket, mail)
    tell_how_it_was_read(ticket, mail)
    email.file(ticket.id, reply.id)


def open_or_hold(
    sender: Person, mail: ParsedMail, email: InboundEmail, place: threading.Place, *, opened: int
) -> bool:
    """Open a ticket of the sender, who had `opened` of them within this hour; True if they hear that we have it."""
    if opened >= MOST_TICKETS_AN_HOUR:
        email.hold("too_many")
    elif sender.school_id is None:
        email.hold("no_school")
    else:
        ticket = open_from(
            mail, email, requester=sender, by=writer(sender), what="opened_by_mail", follows=place.follows
        )
        if place.perhaps is not None:
            _note(ticket, POINTS_AT.format(number=place.perhaps.number))
            place.perhaps.tell("perhaps", SYSTEM, number=ticket.number, sender=sender.name)
        email.file(ticket.id)
    return email.state == MailState.FILED and opened < MOST_ACKNOWLEDGED_AN_HOUR


def _open_passed_on(
    passed_on: forwarding.PassedOn, sender: Person, email: InboundEmail, place: threading.Place
) -> None:
    """A technician forwarded it: a ticket of whoever wrote it, who hears that we have it."""
    requester = passed_on.requester
    ticket = open_from(
        passed_on.mail,
        email,
        requester=requester,
        by=writer(sender),
        what="passed_on" if passed_on.for_a_colleague else "opened_by_mail",
        sender=requester.name,
    )
    perhaps = passed_on.perhaps or place.ticket or place.perhaps
    if passed_on.note:
        _note(ticket, passed_on.note, by=sender if passed_on.for_a_colleague else None)
    if perhaps is not None:
        _note(ticket, PART_OF.format(number=perhaps.number))
    email.file(ticket.id)
    db.session.flush()
    telling.that_we_have_it(ticket, passed_on.mail)


# --- shared with a lead who files by hand (filing.py) ------------------------------------------------------


def open_from(
    mail: ParsedMail,
    email: InboundEmail,
    *,
    requester: Person,
    by: Actor,
    what: str,
    follows: Ticket | None = None,
    **detail: str,
) -> Ticket:
    """A mail becomes a ticket of that person's school, numbered once it is flushed. Raises opening.NoSchool."""
    words = opening.Words(title=mail.subject, text=mail.text, html=mail.html)
    ticket = opening.prepared(
        words, requester=requester, channel="email", verified=bool(email.verified), follows=follows
    )
    files = attaching.keep_from_mail(uploads(mail.files))
    opening.put_in(ticket, files, by=by, what=what, follows=follows, **detail)
    threading.remember(ticket, mail)
    tell_how_it_was_read(ticket, mail)
    return ticket


def tell_how_it_was_read(ticket: Ticket, mail: ParsedMail) -> None:
    """What could not be read of it, or had to be unpacked: a line for technicians."""
    remarks = (*mail.faults, *mail.notes)
    if remarks:
        ticket.tell("mail_read", SYSTEM, remarks=" ".join(remarks))


def answer_of(mail: ParsedMail, email: InboundEmail) -> replying.Answer:
    """A mail as what its writer answers."""
    return replying.Answer(
        text=mail.text,
        html=mail.html,
        channel="email",
        verified=bool(email.verified),
        automatic=mail.is_automatic,
        inbound_email_id=email.id,
    )


def uploads(files: Sequence[MailFile]) -> list[attaching.Upload]:
    """The files of a mail, as attaching wants them."""
    return [
        attaching.Upload(one.name, one.declared_type, one.content, one.cid if one.inline else None)
        for one in files
    ]


def writer(person: Person) -> NightStaff:
    """Who wrote a mail, as the timeline names them: the system did it, in their name."""
    return NightStaff("system", person.name, person_id=person.id)


def tickets_of_this_hour(senders: Iterable[Person]) -> Counter[UUID]:
    """How many tickets each of them has opened by mail."""
    asked = {"requesters": [one.id for one in senders], "since": clock.ago(minutes=60)}
    return Counter(dict(db.session.execute(_MAILED_SINCE, asked).all()))


_MAILED_SINCE: Final = (
    select(Ticket.requester_id, func.count(Ticket.id))
    .where(
        Ticket.requester_id.in_(bindparam("requesters", expanding=True)),
        Ticket.channel == "email",
        Ticket.opened_at > bindparam("since"),
    )
    .group_by(Ticket.requester_id)
)


def _note(ticket: Ticket, text: str, by: Person | None = None) -> None:
    """For technicians alone: what a forwarder said, or what the house noticed."""
    ticket.touch()
    db.session.add(
        Reply(
            ticket_id=ticket.id,
            kind=ReplyKind.INTERNAL,
            author_person_id=by.id if by else None,
            author_name=by.name if by else SYSTEM.name,
            from_desk=True,
            text=text,
            version=ticket.version,
        )
    )
    db.session.flush()
