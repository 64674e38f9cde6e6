"""An OutgoingMail becomes raw bytes: plain text and simple HTML, and headers that nobody can add to.

Headers are written here, letter by letter. The library's own header classes read encoded words in what they
are given, so that a subject of `=?utf-8?q?=0D=0ABcc:…?=` came out as two headers (tried with Python 3.11).
"""

import hashlib
import quopri
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from app.core.mail_driver import refuse_unless_plain
from app.core.queue import PermanentFailure
from app.integrations.mailbox.headers import one_line

_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_PRINTABLE = re.compile(r"[ -~]*")
_ENCODED_BYTES = 45
MOST_REFERENCES = 12
LONGEST_SUBJECT = 200
LONGEST_NAME = 120


@dataclass(frozen=True)
class OutgoingMail:
    """One mail to one person."""

    from_name: str
    from_address: str
    to_address: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    message_id: str
    date: datetime
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    #: Marks each mail of this district, so that one that comes back is known as our own.
    loop_mark: str = ""
    #: Where one click ends such mail (RFC 8058): an https address, or none.
    unsubscribe: str = ""


def write(mail: OutgoingMail) -> bytes:
    """The mail as it goes over the wire. Raises PermanentFailure for an address that cannot be written."""
    if not _ID.fullmatch(mail.message_id):
        raise PermanentFailure("The mail's own id cannot be written as a header.")
    head = [
        ("From", _address(mail.from_address, mail.from_name)),
        ("To", _address(mail.to_address)),
        ("Subject", _words(one_line(mail.subject)[:LONGEST_SUBJECT])),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]
    if mail.reply_to:
        head.append(("Reply-To", _address(mail.reply_to, mail.from_name)))
    if answered := _plain_ids([mail.in_reply_to or ""]):
        head.append(("In-Reply-To", answered[0]))
    if references := _short_enough(_plain_ids(mail.references)):
        head.append(("References", "\r\n ".join(references)))
    if mail.unsubscribe:
        head.append(("List-Unsubscribe", f"<{mail.unsubscribe}>"))
        head.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if mail.loop_mark:
        head.append(("X-FrontOffice-Loop", _words(one_line(mail.loop_mark))))
    return _joined([*map(_line, head), *_body(mail)])


def _body(mail: OutgoingMail) -> Iterator[str]:
    if mail.html is None:
        yield from _part(mail.text, "plain")
        return
    # The same mail sent again is the same bytes.
    boundary = f"=_{hashlib.sha256(mail.message_id.encode()).hexdigest()[:40]}"
    yield f'Content-Type: multipart/alternative; boundary="{boundary}"'
    for text, kind in ((mail.text, "plain"), (mail.html, "html")):
        yield f"\r\n--{boundary}"
        yield from _part(text, kind)
    yield f"\r\n--{boundary}--"


def _part(text: str, kind: str) -> Iterator[str]:
    yield f"Content-Type: text/{kind}; charset=utf-8"
    yield "Content-Transfer-Encoding: quoted-printable\r\n"
    plain = "\n".join(text.splitlines()).encode("utf-8", "replace")
    yield quopri.encodestring(plain).decode("ascii").replace("\n", "\r\n")


def _joined(lines: Sequence[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _line(header: tuple[str, str]) -> str:
    name, value = header
    if not all(_PRINTABLE.fullmatch(line) for line in value.split("\r\n ")):
        raise PermanentFailure(f"The {name} of this mail cannot be written as a header.")
    return f"{name}: {value}"


def _words(text: str) -> str:
    """Plain where that is safe, else RFC 2047; whatever looks like an encoded word is encoded itself."""
    if _PRINTABLE.fullmatch(text) and "=?" not in text:
        return text
    chunks, waiting = [], b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(waiting) + len(octets) > _ENCODED_BYTES:
            chunks.append(waiting)
            waiting = b""
        waiting += octets
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk).decode('ascii')}?=" for chunk in [*chunks, waiting])


def _address(address: str, name: str = "") -> str:
    plain = address.strip()
    refuse_unless_plain(plain)
    shown = _words(one_line(name)[:LONGEST_NAME])
    if not shown:
        return plain
    if not shown.startswith("=?"):
        shown = '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'
    return f"{shown} <{plain}>"


def _plain_ids(ids: Sequence[str]) -> list[str]:
    """Foreign ids come from strangers: only what is plainly an id goes into our headers."""
    return [one for one in dict.fromkeys(one.strip() for one in ids) if _ID.fullmatch(one)]


def _short_enough(references: list[str]) -> list[str]:
    """The first, which tells the thread, and the last ones."""
    return references[:1] + references[1:][-(MOST_REFERENCES - 1) :]
