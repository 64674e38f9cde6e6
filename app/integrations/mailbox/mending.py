"""The head of a mail, mended: what stands before it or between its lines would end it for every reader."""

import re
from typing import Final

from app.integrations.mailbox.allowance import LONGEST_HEAD

_MAILBOX_LINE: Final = re.compile(rb">?From (?![ \t]*:)")
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_SPACE_BEFORE_COLON: Final = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_HEADER_LINE: Final = re.compile(rb"[!-9;-~]+:|[ \t]")
_SURELY_A_HEADER: Final = re.compile(
    rb"(from|to|cc|subject|date|message-id|received|mime-version|content-type|return-path):", re.IGNORECASE
)


def mended(raw: bytes) -> bytes:
    """The same mail with a head that can be read.

    Some stores write blank lines or a mailbox's `From ` line before the first header; some senders a space
    before the colon, or a line that is no header: there a reader would take the rest for the body.
    """
    raw = raw.lstrip(b"\r\n\t \xef\xbb\xbf")
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if _MAILBOX_LINE.match(raw):
        raw = raw.partition(b"\n")[2]
    end = _END_OF_HEAD.search(raw, 0, LONGEST_HEAD + 4)
    if end is None and len(raw) > LONGEST_HEAD:
        return raw
    head, rest = (raw[: end.start()], end.start()) if end else (raw, len(raw))
    lines = _SPACE_BEFORE_COLON.sub(rb"\1:", head).split(b"\n")
    broken = {number for number, line in enumerate(lines) if not _HEADER_LINE.match(line)}
    if broken and not any(_SURELY_A_HEADER.match(line) for line in lines[min(broken) :]):
        return raw  # the body began without a blank line
    mended = b"\n".join(line for number, line in enumerate(lines) if number not in broken)
    return raw if mended == head else mended + raw[rest:]
