"""Did the district's own mail server vouch for the sender? (RFC 8601)

Anybody can write an Authentication-Results header. Only the topmost one that carries the authserv-id of the
district's own server is read; without a configured authserv-id nothing is, and the mail is unverified.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_RESULT = re.compile(r"^\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z]+)\s*\.\s*([a-z0-9_-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)


class Vouched(StrEnum):
    """What the district's own server says of the sender."""

    PASSED = "passed"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True)
class _Result:
    method: str
    result: str
    about: str


def vouched(results: Sequence[str], authserv_id: str | None, from_address: str | None) -> Vouched:
    """PASSED only when what passed is the very domain that stands in From."""
    if not authserv_id or not from_address:
        return Vouched.NOTHING
    trusted = next(
        (plain for plain in map(_plain, results) if _server(plain) == authserv_id.strip().lower()), None
    )
    if trusted is None:
        return Vouched.NOTHING
    domain = from_address.rpartition("@")[2].lower()
    found = [one for one in map(_read, trusted.split(";")[1:]) if one]
    policy = {one.result for one in found if one.method == "dmarc"}
    if policy == {"pass"}:
        aligned = all(_aligned(one.about or domain, domain) for one in found if one.method == "dmarc")
        return Vouched.PASSED if aligned else Vouched.FAILED
    if policy - {"none", "temperror", "bestguesspass"}:
        return Vouched.FAILED
    sender = [one for one in found if one.method in {"spf", "dkim"}]
    if any(one.result == "pass" and _aligned(one.about, domain) for one in sender):
        return Vouched.PASSED
    refused = any(one.result in {"fail", "permerror", "policy"} for one in sender)
    return Vouched.FAILED if refused else Vouched.NOTHING


def _plain(value: str) -> str:
    """Without comments, and with quoted text made harmless: senders choose what stands in both.

    A header whose quotes or brackets do not close says nothing at all.
    """
    kept: list[str] = []
    depth, in_quotes, position = 0, False, 0
    while position < len(value):
        character = value[position]
        if character == "\\":
            position += 1
        elif character == '"':
            in_quotes = not in_quotes
        elif in_quotes:
            kept.append("" if depth else character if character.isalnum() or character in "@.-_+" else "_")
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif not depth:
            kept.append(character)
        position += 1
    return "" if depth or in_quotes else "".join(kept)


def _server(plain: str) -> str:
    return (plain.partition(";")[0].split() or [""])[0].lower()


def _read(piece: str) -> _Result | None:
    found = _RESULT.match(piece)
    if not found:
        return None
    method = found[1].lower()
    properties = {f"{kind}.{name}".lower(): text.lower() for kind, name, text in _PROPERTY.findall(piece)}
    about = {
        "dmarc": properties.get("header.from", ""),
        "dkim": properties.get("header.d") or properties.get("header.i", ""),
        "spf": properties.get("smtp.mailfrom", ""),
    }.get(method, "")
    return _Result(method, found[2].lower(), about.rpartition("@")[2])


def _aligned(passed: str, domain: str) -> bool:
    """The same domain, or a parent of it that is more than a public ending such as `org`."""
    return passed == domain or ("." in passed and domain.endswith(f".{passed}"))
