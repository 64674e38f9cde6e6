"""winmail.dat: the parcel in which Outlook sends a mail to its like (TNEF, MS-OXTNEF), unpacked."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.integrations.mailbox import rtf
from app.integrations.mailbox.allowance import (
    LARGEST_WINMAIL,
    MOST_FILES_IN_WINMAIL,
    WINMAIL_MEMORY,
    WINMAIL_SECONDS,
    WINMAIL_WAIT,
    Allowance,
)
from app.integrations.mailbox.charsets import to_text

KINDS: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_CHILD: Final = Path(__file__).with_name("winmail_child.py")
_SIGNATURE: Final = b"\x78\x9f\x3e\x22"


class Unreadable(Exception):
    """It is damaged, too large, or takes too long."""


@dataclass(frozen=True)
class Winmail:
    """Its text (plain, or told from its rich text), its HTML, and its files by name."""

    text: str
    html: str
    files: tuple[tuple[str, bytes], ...]


def unpacked(data: bytes, allowance: Allowance) -> Winmail:
    """What lies in it. Raises Unreadable."""
    if not data.startswith(_SIGNATURE) or len(data) > LARGEST_WINMAIL:
        raise Unreadable
    body, html, rich, files = _from_the_child(data, allowance)
    return Winmail(text=to_text(body) or _rich(rich), html=to_text(html), files=files)


def _rich(rich: bytes) -> str:
    try:
        return rtf.as_text(rtf.unpacked(rich)) if rich else ""
    except ValueError:
        return ""


def _from_the_child(
    data: bytes, allowance: Allowance
) -> tuple[bytes, bytes, bytes, tuple[tuple[str, bytes], ...]]:
    seconds = max(1, min(WINMAIL_SECONDS, int(allowance.seconds_left)))
    ceilings = (seconds, WINMAIL_MEMORY, MOST_FILES_IN_WINMAIL)
    try:
        told = subprocess.run(  # noqa: S603 our own interpreter and file; the mail is only its input
            [sys.executable, "-I", str(_CHILD), *map(str, ceilings)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WINMAIL_WAIT,
            check=True,
            env={},
        ).stdout
    except (subprocess.SubprocessError, OSError) as error:
        raise Unreadable from error
    line, _, rest = told.partition(b"\n")
    head = json.loads(line)
    pieces, at = [], 0
    for size in head["sizes"]:
        pieces.append(rest[at : at + size])
        at += size
    return pieces[0], pieces[1], pieces[2], tuple(zip(head["names"], pieces[3:], strict=True))
