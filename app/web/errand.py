"""A browser that has gone to another site and is to come back: the cookie by which it is known again.

Whoever is not signed in has no session, and an answer that another browser brings must not count in this one.
It holds a random word, for ten minutes, and nothing is known by it but that this is the same browser.
"""

import re
import secrets
from typing import Final

from flask import Response, request

from app.web import district, sessions

LASTS: Final = 600
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{22}")


def word() -> str:
    """This browser's, or a new one: several of its tabs may be on their way."""
    return known() or secrets.token_urlsafe(16)


def known() -> str:
    """What this browser has, or ""."""
    card = district.here()
    given = request.cookies.get(cookie_name(card.slug), "") if card else ""
    return given if _WORD.fullmatch(given) else ""


def keep(answer: Response, word: str) -> None:
    """Have the browser keep it until it comes back."""
    card = district.here()
    if card is not None and sessions.can_be_kept():
        answer.set_cookie(
            cookie_name(card.slug),
            word,
            max_age=LASTS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )


def cookie_name(slug: str) -> str:
    """The cookie of a district on this connection."""
    return f"{'__Host-' if request.is_secure else ''}fo-away-{slug}"
