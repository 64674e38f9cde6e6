"""/.well-known/security.txt: whom to tell about a hole (RFC 9116)."""

from datetime import timedelta

from flask import Response, abort, make_response

from app.core import clock
from app.core.room import Doors
from app.core.settings import get_settings
from app.web.guard import anyone

doors = Doors()

#: The file says itself until when it may be believed: from this process's start, so that an abandoned
#: deployment's contact goes stale as the standard wants.
_GOOD_UNTIL = clock.now() + timedelta(days=180)


@doors.get("/.well-known/security.txt")
@anyone
def security() -> Response:
    settings = get_settings()
    if not settings.operator_contact:
        abort(404)
    lines = (
        f"Contact: mailto:{settings.operator_contact}",
        f"Expires: {_GOOD_UNTIL:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
        f"Policy: {settings.base_url}/trust",
    )
    return make_response("\n".join(lines) + "\n", {"Content-Type": "text/plain; charset=utf-8"})
