"""One question to a OneRoster server, and what became of it. Nothing that it says in words goes any further."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from app.core import clock, egress
from app.core.feed import Unreadable
from app.core.fetching import NotNow

#: These pass. 500 often does, and where it does not, that shows within the night.
PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """A status that will not change by itself, and the JSON object that came with it; {} if none did."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    #: X-Total-Count, where the server tells it.
    total: int | None = None

    def said(self, name: str) -> str:
        """A text of the object; "" for anything else."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


def call(
    client: egress.Client,
    method: str,
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str],
) -> Answer:
    """What the server answers. Raises NotNow for what may pass, and Unreadable for where we may not call.

    Redirects are not followed: the key would go along.
    """
    try:
        answer = client.request(method, address, data=form, headers={"Accept": "application/json", **headers})
    except egress.OutsideRefused as refused:
        raise Unreadable(str(refused)) from refused
    except (egress.CallFailed, OSError, ValueError) as failed:
        raise NotNow("The server could not be reached.") from failed
    if answer.status_code in PASSING:
        raise NotNow(
            "The server is asked too often."
            if answer.status_code == 429
            else "The server has no answer at the moment.",
            _told_to_wait(answer.headers.get("Retry-After", "")),
        )
    if answer.is_redirect:
        raise Unreadable(
            "The server sends us to another address. That is not followed, since the key would go along: enter the "
            "address that it really has."
        )
    return Answer(
        answer.status_code, _object(answer.content), _total(answer.headers.get("X-Total-Count", ""))
    )


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {}


def _total(header: str) -> int | None:
    """0 says nothing: there are servers that always tell it."""
    return int(header) or None if header.isascii() and header.isdigit() and len(header) < 10 else None


def _told_to_wait(header: str) -> float | None:
    """Seconds, from a number or a date (RFC 9110 §10.2.3). None where it says neither."""
    if header.isascii() and header.isdigit() and len(header) < 8:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - clock.now()).total_seconds())
