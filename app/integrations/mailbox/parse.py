"""Raw bytes become a ParsedMail. It never raises: what cannot be read is named in `faults`, what can is kept."""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from html import escape

from app.integrations.mailbox import groups
from app.integrations.mailbox.authentication import Vouched, vouched
from app.integrations.mailbox.automatic import why_automatic
from app.integrations.mailbox.charsets import tidy, to_text
from app.integrations.mailbox.clean import as_text, cids_in, clean
from app.integrations.mailbox.headers import Address, Headers, one_line
from app.integrations.mailbox.transfer import parts_of, unpacked

#: Bounds that no honest mail reaches. Beyond them the mail is kept whole and only its headers are read.
MOST_PARTS = 300
DEEPEST = 30
MOST_BOUNDARIES = 100
MOST_DASHED_LINES = 50_000
LONGEST_TEXT = 500_000

LONGEST_HEAD = 1_000_000

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_SPACE_BEFORE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_HEADER_LINE = re.compile(rb"[!-9;-~]+:|[ \t]")
_SURELY_A_HEADER = re.compile(
    rb"(from|to|cc|subject|date|message-id|received|mime-version|content-type|return-path):", re.IGNORECASE
)
_PATH = re.compile(r"^.*[/\\]", re.DOTALL)
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_AS_IT_CAME = policy.compat32.clone(mangle_from_=False, max_line_length=None)
_ENDINGS = {"text/plain": ".txt", "image/jpeg": ".jpg", "message/rfc822": ".eml", "text/calendar": ".ics"}


@dataclass(frozen=True)
class MailFile:
    """A file that came with a mail. Its type is what the sender says; sniffing is the attachments' business."""

    name: str
    declared_type: str
    content: bytes = field(repr=False)
    cid: str | None
    inline: bool


@dataclass(frozen=True)
class ParsedMail:
    """A mail as the help desk needs it. Everything in it is the sender's claim, but for `vouched`."""

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    from_name: str
    from_address: str | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str | None
    files: tuple[MailFile, ...]
    vouched: Vouched
    automatic_because: str | None
    is_from_list: bool
    #: Who wrote it, where a mail group put its own address in From: the group's word (groups.py).
    written_by: Address | None
    #: The group's own server says that whoever wrote it failed the check of their sender.
    writer_was_refused: bool
    loop_marks: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """The district's own server vouches that it comes from the address in From."""
        return self.vouched is Vouched.PASSED

    @property
    def is_automatic(self) -> bool:
        return self.automatic_because is not None

    def is_own_loop(self, mark: str) -> bool:
        """One of our own mails came back: it carries the mark that this district puts on each."""
        return mark.strip().lower() in self.loop_marks


def parse(raw: bytes, *, authserv_id: str | None = None) -> ParsedMail:
    """Read a mail. `authserv_id` names the district's own mail server, the only one believed (RFC 8601)."""
    raw = _mended(raw)
    faults: list[str] = []
    try:
        message = _opened(raw, faults)
        body = _Body()
        for part, block in _leaves(message, faults):
            _take(part, block, body, faults)
        text, html, files = body.settled(faults)
    except Exception as error:  # noqa: BLE001 a mail that breaks a parser is still somebody's mail
        faults.append(f"The body could not be read ({type(error).__name__}); the mail is kept as it came.")
        message, text, html, files = _headers_only(raw), "", None, ()
    return _described(message, text, html, files, faults, authserv_id)


def _take(part: Message, block: int, body: "_Body", faults: list[str]) -> None:
    try:
        body.take(part, block)
    except Exception as error:  # noqa: BLE001 one broken part must not cost the others
        faults.append(f"One part could not be read ({type(error).__name__}); the mail is kept as it came.")


def _described(
    message: Message,
    text: str,
    html: str | None,
    files: tuple[MailFile, ...],
    faults: list[str],
    authserv_id: str | None,
) -> ParsedMail:
    headers = Headers(message)
    senders = headers.addresses("from")
    sender = senders[0] if senders else None
    if sender is None:
        faults.append("It has no sender's address.")
    # Two senders: a server may have vouched for one and a reader see the other.
    is_one = len(headers.all("from")) == 1 and len(senders) == 1
    address = sender.address if sender else None
    checked = vouched(headers.all("authentication-results"), authserv_id, address)
    if sender is not None and not is_one:
        faults.append("It names more than one sender.")
        checked = Vouched.FAILED if checked is Vouched.PASSED else checked
    return ParsedMail(
        message_id=next(iter(headers.ids("message-id")), None),
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        from_name=sender.name if sender else "",
        from_address=address,
        reply_to=headers.addresses("reply-to"),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        subject=headers.words("subject")[:500],
        sent_at=headers.date(),
        text=text,
        html=html,
        files=files,
        vouched=checked,
        automatic_because=why_automatic(headers, message.get_content_type(), address),
        is_from_list=any(headers.first(name) for name in ("list-id", "list-unsubscribe", "list-post")),
        written_by=groups.written_by(headers, sender),
        writer_was_refused=groups.was_refused(headers.all("x-original-authentication-results")),
        loop_marks=tuple(mark.strip().lower() for mark in headers.all("x-frontoffice-loop")),
        faults=tuple(faults),
    )


def _mended(raw: bytes) -> bytes:
    """The same mail with a head that can be read.

    Some stores write blank lines or a mailbox's `From ` line before the first header; some senders a space
    before the colon, or a line that is no header: there a parser would take the rest for the body.
    """
    raw = raw.lstrip(b"\r\n\t \xef\xbb\xbf")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    end = _END_OF_HEAD.search(raw)
    head, rest = (raw[: end.start()], raw[end.start() :]) if end else (raw, b"")
    if len(head) > LONGEST_HEAD:
        return raw
    lines = _SPACE_BEFORE_COLON.sub(rb"\1:", head).split(b"\n")
    broken = [number for number, line in enumerate(lines) if not _HEADER_LINE.match(line)]
    if broken and not any(_SURELY_A_HEADER.match(line) for line in lines[broken[0] :]):
        return raw  # the body began without a blank line
    return b"\n".join(line for number, line in enumerate(lines) if number not in set(broken)) + rest


def _opened(raw: bytes, faults: list[str]) -> Message:
    tangled = raw.lower().count(b"boundary=") > MOST_BOUNDARIES or raw.count(b"\n--") > MOST_DASHED_LINES
    if tangled:
        faults.append("It has more parts inside parts than can be opened; the mail is kept as it came.")
        return _headers_only(raw)
    return BytesParser(policy=policy.compat32).parsebytes(raw)


def _headers_only(raw: bytes) -> Message:
    head = _END_OF_HEAD.split(raw[:LONGEST_HEAD], maxsplit=1)[0]
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(head + b"\n\n")
    message.set_payload("")
    return message


def _leaves(message: Message, faults: list[str]) -> Iterator[tuple[Message, int]]:
    """The parts that carry something, first to last, each with the number of its block.

    Parts of one multipart/alternative share a block: they say the same twice. A forwarded mail is one part.
    """
    waiting: list[tuple[Message, int, int]] = [(message, 0, 0)]
    count = blocks = 0
    while waiting:
        part, depth, block = waiting.pop()
        children = parts_of(part)
        if part.get_content_maintype() == "multipart" and children:
            if depth > DEEPEST:
                faults.append("Some parts lie too deep to be opened.")
                continue
            if not block and part.get_content_subtype() == "alternative":
                blocks += 1
                block = blocks
            waiting.extend((child, depth + 1, block) for child in reversed(children))
            continue
        count += 1
        if count > MOST_PARTS:
            faults.append(f"It has more than {MOST_PARTS} parts; the rest was left out.")
            return
        if not block:
            blocks += 1
        yield part, block or blocks


class _Body:
    """What the parts add up to."""

    def __init__(self) -> None:
        self.blocks: dict[int, tuple[list[str], list[str]]] = {}
        self.files: list[MailFile] = []

    def take(self, part: Message, block: int) -> None:
        headers = Headers(part)
        kind = part.get_content_type().lower()
        name = headers.parameter("content-disposition", "filename") or headers.parameter(
            "content-type", "name"
        )
        disposition = headers.first("content-disposition").partition(";")[0].strip().lower()
        content = _content(part, headers)
        if kind.startswith("multipart/"):
            kind = "text/plain"  # it promised parts and has none
        if kind in {"text/plain", "text/html"} and not name and disposition != "attachment":
            text = to_text(content, headers.parameter("content-type", "charset"))
            self.blocks.setdefault(block, ([], []))[kind == "text/html"].append(text)
        elif content or name:
            self.files.append(
                MailFile(
                    name=_file_name(name, kind, len(self.files) + 1),
                    declared_type=kind,
                    content=content,
                    cid=one_line(headers.first("content-id")).strip("<> ") or None,
                    inline=disposition != "attachment" and bool(headers.first("content-id")),
                )
            )

    def settled(self, faults: list[str]) -> tuple[str, str | None, tuple[MailFile, ...]]:
        html = self._html()
        if html is None and any(htmls for _, htmls in self.blocks.values()):
            faults.append("Its formatting is too large to be cleaned; the text is shown alone.")
        text = self._text()
        if len(text) > LONGEST_TEXT:
            faults.append("Its text is longer than is shown; the whole mail is kept.")
            text = text[:LONGEST_TEXT]
        shown = cids_in(html or "")
        files = tuple(
            MailFile(
                one.name, one.declared_type, one.content, one.cid, inline=one.inline and one.cid in shown
            )
            for one in self.files
        )
        return tidy(text).rstrip(), html or None, files

    def _text(self) -> str:
        """Of each block the plain text, or its HTML told as text."""
        told = []
        for texts, htmls in self.blocks.values():
            plain = "\n\n".join(text.strip("\n") for text in texts)
            told.append(plain if plain.strip() else "\n\n".join(map(as_text, htmls)))
        return "\n\n".join(filter(str.strip, told))

    def _html(self) -> str | None:
        """Of each block the HTML, or its text; None when no part is HTML."""
        if not any(htmls for _, htmls in self.blocks.values()):
            return None
        shown = []
        for texts, htmls in self.blocks.values():
            plain = escape("\n\n".join(texts).strip()).replace("\n", "<br>")
            shown.append(
                "\n".join(htmls) if any(map(str.strip, htmls)) else f"<p>{plain}</p>" if plain else ""
            )
        return clean("\n".join(shown))


def _content(part: Message, headers: Headers) -> bytes:
    inner = parts_of(part)
    if inner:
        return b"\n".join(one.as_bytes(policy=_AS_IT_CAME) for one in inner)
    return unpacked(part, headers.first("content-transfer-encoding"))


def _file_name(given: str, kind: str, number: int) -> str:
    """A name that is only a name: no path, no unseen characters, and short enough for every disk."""
    name = _UNSEEN.sub("", one_line(_PATH.sub("", given))).strip(" .")
    if not name:
        ending = _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ""
        return f"attachment-{number}{ending}"
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:120]}.{ending[:20]}" if dot and stem else name[:120]
