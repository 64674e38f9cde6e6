"""One question to an outside service that answers in JSON, by the rules that all of them share.

Nobody waits in here: what passes by itself is NotNow, and whoever asked comes again. A service's own words are never
repeated: they may quote a person.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from app.core import clock, egress
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.spool import NEVER_STORED

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Said:
    """An answer: its status, and its JSON object; {} where it is none. `wait`: seconds it asked for, if it did."""

    status: int
    body: dict[str, Any] = field(repr=False)
    wait: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_good(self) -> bool:
        """It did what it was asked."""
        return 200 <= self.status < 300


def ask(
    client: egress.Client,
    name: str,
    method: str,
    address: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    document: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    passes: Callable[[Said], bool] = lambda said: False,
    none_stays: bool = False,
    listed: str = "",
) -> Said:
    """What the service called `name` answers, if that will stay its answer. A good one is a whole JSON object.

    `form` or `document` (as JSON) is sent along. `passes`: refusals of this service that pass by themselves, though
    their status does not say so. `none_stays`: a good answer without an object is one with {}, where an address that
    somebody typed may lead to any page. `listed`: where it answers with a list, that stands in `body` under this name.
    Raises NotNow, and Unreadable when it may not be called.
    """
    said = None
    for _ in range(2):  # a connection that breaks off is tried again at once: the next one mostly holds
        try:
            said = _read(
                client.request(
                    method, address, params=params, data=form, json=document, headers=dict(headers or {})
                ),
                none_stays=none_stays,
                listed=listed,
            )
            break
        except egress.OutsideRefused as refused:
            raise Unreadable(str(refused)) from refused
        except (egress.CallFailed, OSError, ValueError):
            continue
    if said is None or said.status in PASSING - {429}:
        raise NotNow(f"{name} does not answer as it should just now.", said.wait if said else None)
    if said.status == 429 or passes(said):
        raise NotNow(f"{name} asks us to slow down.", said.wait)
    return said


def text(said: Mapping[str, Any], name: str) -> str:
    """What an answer says there, on one line; "" for nothing and for what is no text."""
    value = said.get(name)
    return " ".join(NEVER_STORED.sub("", value).split()) if isinstance(value, str) else ""


def rows(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects that an answer lists there."""
    listed = said.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def told(answer: egress.Answer) -> Said:
    """An answer as it is: one without a JSON object is one with {}."""
    return _read(answer, none_stays=True)


def _read(answer: egress.Answer, *, none_stays: bool, listed: str = "") -> Said:
    """Raises ValueError for a good answer that is no JSON object: a gateway in trouble says 200 and HTML."""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = None
    if listed and isinstance(body, list):
        body = {listed: body}
    if not isinstance(body, dict):
        if answer.is_success and not none_stays:
            raise ValueError("not a JSON object")
        body = {}
    wait = _told_to_wait(answer.headers.get("Retry-After"))
    return Said(answer.status_code, body, wait, answer.headers)


def _told_to_wait(header: str | None) -> float | None:
    """Seconds, as RFC 9110 §10.2.3 has it: a number or a date. None where it says neither."""
    if not header:
        return None
    if header.isascii() and header.isdigit() and len(header) < 8:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - clock.now()).total_seconds())
