"""Forms for people without a session: no cookie, but a token bound to form and time, and our own Origin."""

import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import request

from app.core import clock
from app.core.crypto import mac, mac_ok

LASTS: Final = timedelta(hours=24)


def token(form_name: str) -> str:
    """Proves that this form was shown by us, just now, in this district."""
    shown_at, once = str(int(clock.now().timestamp())), secrets.token_hex(8)
    return f"{shown_at}.{once}.{mac('public form', form_name, shown_at, once)}"


def token_holds(form_name: str, given: str | None) -> bool:
    """True for our own token of this form, no more than a day old."""
    shown_at, _, rest = (given or "").partition(".")
    once, _, code = rest.partition(".")
    if not (shown_at.isascii() and shown_at.isdigit()) or not mac_ok(
        code, "public form", form_name, shown_at, once
    ):
        return False
    return -60 < clock.now().timestamp() - int(shown_at) < LASTS.total_seconds()


def comes_from_here() -> bool:
    """True if the browser says that one of our own pages sent this request."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin == request.host_url.rstrip("/")
    if request.headers.get("Sec-Fetch-Site"):
        return request.headers["Sec-Fetch-Site"] == "same-origin"
    referer = urlsplit(request.headers.get("Referer", ""))
    return f"{referer.scheme}://{referer.netloc}" == request.host_url.rstrip("/")


def check(form_name: str, given: str | None) -> bool:
    """Both guards at once."""
    return comes_from_here() and token_holds(form_name, given)
