"""Our own ids: whoever answers one of our mails answers *that* copy, of *that* ticket, to *that* person.

    Message-ID      <fo.maple.{message}.{ticket number}.{code}@desk's domain>
    Reply-To        help+{message}{code}@desk's domain
    envelope        bounce+{message}{code}@desk's domain

`message` is the row's id, `code` a message authentication code over district (its key), ticket, recipient and
message. Letters and digits in one case, since some mail servers change the case of both.
"""

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core.crypto import mac, mac_ok
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.notices.models.mail_setting import BOUNCE, Desk
from app.notices.models.message import Message

MESSAGE_ID: Final = "notices.message-id"
REPLY_TO: Final = "notices.reply-to"
ENVELOPE: Final = "notices.envelope"
TICKET: Final = "notices.ticket"

ID_BITS: Final = 128
#: An address has room for 64 characters before the @, and "help+" wants some of them.
TOKEN_BITS: Final = 96
LONGEST_LOCAL: Final = 64

_ID = re.compile(r"<fo\.([a-z][a-z0-9-]{1,38})\.([a-z2-7]{26})\.(\d{1,9})\.([a-z2-7]{26})@[^@<>\s]{1,250}>")
_TICKET_ID = re.compile(r"<fo\.([a-z][a-z0-9-]{1,38})\.ticket\.(\d{1,9})\.([a-z2-7]{26})@[^@<>\s]{1,250}>")
_TOKEN = re.compile(r"([a-z2-7]{26})([a-z2-7]{20})")


@dataclass(frozen=True)
class Answered:
    """Which of our mails was answered, and so which ticket, and whose copy."""

    message: UUID
    kind: str
    about_table: str | None
    about_id: UUID | None
    about_number: int | None
    to_address: str
    to_person_id: UUID | None

    @property
    def ticket_id(self) -> UUID | None:
        """The ticket it was about, if it was about one."""
        return self.about_id if self.about_table == "tickets" else None


def sign(message: Message, desk: Desk) -> None:
    """Give the message its own Message-ID, Reply-To and envelope sender. It needs its recipient and subject first."""
    shown = _shown(message.id)
    message.from_name, message.from_address = desk.name, desk.address
    code = _code(MESSAGE_ID, message, ID_BITS)
    message.message_id = f"<fo.{desk.district.slug}.{shown}.{message.about_number or 0}.{code}@{desk.domain}>"
    local = desk.address.rpartition("@")[0]
    answer_to = f"{local}+{shown}{_code(REPLY_TO, message, TOKEN_BITS)}"
    # A long desk name leaves no room for a token: its answers are known by the Message-ID alone.
    message.reply_to = f"{answer_to}@{desk.domain}" if len(answer_to) <= LONGEST_LOCAL else desk.address
    message.envelope_from = f"{BOUNCE}+{shown}{_code(ENVELOPE, message, TOKEN_BITS)}@{desk.domain}"


def reference_of(ticket_id: UUID, number: int, desk: Desk) -> str:
    """A reference that every mail of a ticket carries, so that mail programs show them together."""
    code = mac(TICKET, ticket_id, bits=ID_BITS)
    return f"<fo.{desk.district.slug}.ticket.{number}.{code}@{desk.domain}>"


def read_message_id(message_id: str) -> Answered | None:
    """Which of our mails has this id; None unless we made exactly this id in this district."""
    found = _ID.fullmatch(message_id.strip().lower())
    if found is None or found[1] != _slug():
        return None
    message = _message(found[2])
    if message is None or int(found[3]) != (message.about_number or 0):
        return None
    return _answered(message, found[4], MESSAGE_ID, ID_BITS)


def read_reply_to(address: str) -> Answered | None:
    """Which of our mails is answered by writing to this address."""
    return _by_token(address, REPLY_TO)


def read_envelope(address: str) -> Answered | None:
    """Which of our mails came back to this address."""
    return _by_token(address, ENVELOPE) if address.strip().lower().startswith(f"{BOUNCE}+") else None


def numbered_reference(message_id: str) -> int | None:
    """The number in what looks like the reference that all mails of a ticket carry. It proves nothing yet."""
    found = _TICKET_ID.fullmatch(message_id.strip().lower())
    return int(found[2]) if found and found[1] == _slug() else None


def is_reference_of(message_id: str, ticket_id: UUID) -> bool:
    """True if we made it for this ticket."""
    found = _TICKET_ID.fullmatch(message_id.strip().lower())
    return found is not None and mac_ok(found[3], TICKET, ticket_id, bits=ID_BITS)


def looks_like_ours(message_id: str) -> bool:
    """True for an id of this district's make, genuine or forged: never to be taken for a stranger's.

    Another district of this house is a stranger like any other.
    """
    lower = message_id.strip().lower()
    found = _ID.fullmatch(lower) or _TICKET_ID.fullmatch(lower)
    return found is not None and found[1] == _slug()


def loop_mark() -> str:
    """What stands in X-FrontOffice-Loop of every mail of this district."""
    return str(current_district_id())


def _by_token(address: str, purpose: str) -> Answered | None:
    local = address.strip().strip("<>").lower().rpartition("@")[0]
    found = _TOKEN.fullmatch(local.partition("+")[2])
    message = _message(found[1]) if found else None
    return _answered(message, found[2], purpose, TOKEN_BITS) if found and message else None


def _answered(message: Message, code: str, purpose: str, bits: int) -> Answered | None:
    if not mac_ok(code, purpose, *_bound_to(message), bits=bits):
        return None
    return Answered(
        message=message.id,
        kind=message.kind,
        about_table=message.about_table,
        about_id=message.about_id,
        about_number=message.about_number,
        to_address=message.to_address,
        to_person_id=message.to_person_id,
    )


def _code(purpose: str, message: Message, bits: int) -> str:
    return mac(purpose, *_bound_to(message), bits=bits)


def _bound_to(message: Message) -> tuple[str | UUID, ...]:
    about = f"{message.about_table or ''} {message.about_id or ''}"
    return current_district_id(), message.id, about, message.to_address.lower()


def _message(shown: str) -> Message | None:
    id = UUID(bytes=b32decode(shown.upper() + "======"))
    # 26 characters hold two bits more than an id: only the spelling that we write is ours.
    return Message.find(id) if _shown(id) == shown else None


def _shown(id: UUID) -> str:
    return b32encode(id.bytes).decode("ascii").rstrip("=").lower()


def _slug() -> str:
    card = district_by_id(current_district_id())
    return card.slug if card else ""
