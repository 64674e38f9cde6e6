"""The token that shows a request came from a page of ours.

The secret lies in the session; what stands on a page is that secret under a fresh random mask,
so that compressed pages give nothing away by their length (BREACH).
"""

import base64
import binascii
import hmac
import secrets

from flask import g, request, session

#: Its place in the session, and its name in forms.
KEY = "csrf_token"
HEADER = "X-CSRFToken"

#: What a person reads when the token does not fit; what they typed stands below it.
STALE = "This page was open for a long time, so nothing was sent. Check what you wrote, then send it again."


def token() -> str:
    """The session's secret under this response's mask; nothing for whoever is not signed in."""
    secret = session.get(KEY)
    if not secret:
        return ""
    if "csrf_masked" not in g:
        g.csrf_masked = masked(str(secret))
    token: str = g.csrf_masked
    return token


def masked(secret: str) -> str:
    """The secret under a mask of its own."""
    plain = secret.encode()
    mask = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(mask + _crossed(mask, plain)).decode()


def came_from_us() -> bool:
    """Whether this request carries the session's token, in its form or in its header."""
    given = request.form.get(KEY) or request.headers.get(HEADER) or ""
    secret = str(session.get(KEY) or "").encode()
    try:
        both = base64.urlsafe_b64decode(given.encode())
    except (binascii.Error, ValueError):
        return False
    half = len(both) // 2
    return bool(secret) and hmac.compare_digest(_crossed(both[:half], both[half:]), secret)


def _crossed(mask: bytes, text: bytes) -> bytes:
    length = min(len(mask), len(text))
    crossed = int.from_bytes(mask[:length]) ^ int.from_bytes(text[:length])
    return crossed.to_bytes(length)
