"""What Mailgun tells by itself: that it is Mailgun, and what became of a mail.

“Securing webhooks”: hex HMAC-SHA256 under the webhook signing key, which is another than the API key, over timestamp
and token. Each retry is signed anew, so an old signature is a replay.
"""

import hmac
import re
from dataclasses import dataclass, field
from typing import Any, Final

from app.core import clock

FRESH_FOR: Final = 15 * 60.0
LARGEST: Final = 256 * 1024

FAILED, DELAYED, COMPLAINED = "failed", "delayed", "complained"

_ENHANCED: Final = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class Event:
    """`what`: failed for good, delayed, or complained of as spam. `status`: an enhanced code, or its first digit."""

    what: str
    message_id: str
    recipient: str = field(repr=False)
    status: str


def is_from_mailgun(key: str, said: Any) -> bool:
    """True if whoever has the signing key signed it, lately."""
    signed = said.get("signature") if isinstance(said, dict) else None
    if not key or not isinstance(signed, dict):
        return False
    at, token, given = (str(signed.get(name, "")) for name in ("timestamp", "token", "signature"))
    ours = hmac.digest(key.encode(), f"{at}{token}".encode(), "sha256").hex()
    if not hmac.compare_digest(given.encode(), ours.encode()):
        return False
    is_number = at.isascii() and at.isdigit() and len(at) < 12
    return is_number and abs(clock.now().timestamp() - int(at)) <= FRESH_FOR


def event(said: Any) -> Event | None:
    """What is told of a mail, or None for what decides nothing (accepted, delivered, opened …)."""
    told = _within(said, "event-data")
    message_id = _text(_within(_within(told, "message"), "headers"), "message-id").strip("<>")
    recipient, what = _text(told, "recipient").lower(), _text(told, "event")
    if not message_id or not recipient:
        return None
    if what == "complained":
        return Event(COMPLAINED, f"<{message_id}>", recipient, "")
    if what not in ("failed", "rejected"):
        return None
    is_passing = what == "failed" and _text(told, "severity") != "permanent"
    return Event(
        DELAYED if is_passing else FAILED,
        f"<{message_id}>",
        recipient,
        _status(told, "4" if is_passing else "5"),
    )


def _status(told: dict[str, Any], first: str) -> str:
    enhanced = _text(_within(told, "delivery-status"), "enhanced-code")
    return enhanced if _ENHANCED.fullmatch(enhanced) and enhanced[0] == first else first


def _within(said: Any, name: str) -> dict[str, Any]:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}


def _text(said: dict[str, Any], name: str) -> str:
    found = said.get(name)
    return found[:998].strip() if isinstance(found, str) else ""
