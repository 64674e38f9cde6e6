"""What a file of a mail is called, whatever its sender wrote."""

import mimetypes
import re
from typing import Final

from app.integrations.mailbox.headers import one_line
from app.integrations.mailbox.parts import Part

_NOT_IN_A_NAME: Final = re.compile(r"[/\\:]+")
_PATH: Final = re.compile(r"^.*[/\\]", re.DOTALL)
_UNSEEN: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ENDINGS: Final = {
    "text/plain": ".txt",
    "text/calendar": ".ics",
    "text/rfc822-headers": ".txt",
    "image/jpeg": ".jpg",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pgp-signature": ".asc",
}


def file_name(given: str, kind: str, content: bytes, number: int) -> str:
    """A name that is only a name: no path, no unseen characters, and short enough for every disk.

    A forwarded mail without one is called by its subject, everything else by its number.
    """
    if not given and kind == "message/rfc822":
        subject = Part(content).headers.words("subject")
        given = f"{_NOT_IN_A_NAME.sub('-', subject)}{ending(kind)}" if subject else ""
    name = _UNSEEN.sub("", one_line(_PATH.sub("", given))).strip(" .")
    if not name:
        return f"attachment-{number}{ending(kind)}"
    stem, dot, after = name.rpartition(".")
    return f"{stem[:120]}.{after[:20]}" if dot and stem else name[:120]


def ending(kind: str) -> str:
    """What a file name of that type ends with, with its dot; "" for a type that nobody knows."""
    return _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ""
