"""Mail that others wrote and published, and small mails of our own in the same shapes; each ready to come in."""

import re
import tomllib
from pathlib import Path

from tests.integrations.wild_mail import OWN, PARCELS
from tests.needs import PUBLIC_MAIL

REFUSALS = Path(__file__).with_name("public_mail_refusals.toml")


def public_mails() -> dict[str, bytes]:
    """By the name of its file. What is a body alone is put into a mail."""
    found = {
        path.name: _of_its_own(path.read_bytes(), number)
        for number, path in enumerate(sorted(PUBLIC_MAIL.rglob("*.eml")))
    }
    for path in sorted(PUBLIC_MAIL.rglob("*.html")):
        found[path.name] = _around(path, "text/html")
    for path in sorted([*PUBLIC_MAIL.rglob("*.txt"), *PUBLIC_MAIL.rglob("*_reply_text")]):
        found[path.name] = _around(path, "text/plain")
    return found


def own_mails() -> dict[str, bytes]:
    """One of each shape that is read."""
    return {f"own-{number}.eml": raw for number, raw in enumerate((*OWN, *PARCELS), 1)}


def refusals() -> dict[str, dict[str, str]]:
    """What is not filed although its sender is staff: by file, the reason's code and the argument."""
    return tomllib.loads(REFUSALS.read_text())


def _of_its_own(raw: bytes, number: int) -> bytes:
    """Many are one mail with one thing changed, and kept its Message-ID: under it they would be copies."""
    return re.sub(rb"(?im)^(message-id:\s*<)", rb"\g<1>%d." % number, raw, count=1)


def _around(path: Path, kind: str) -> bytes:
    head = (
        f"From: Nora Bell <bell@maple.example>\r\nTo: help@maple.example\r\nSubject: {path.name}\r\n"
        f"Message-ID: <{path.name}@maple.example>\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"
    )
    return head.encode() + path.read_bytes()
