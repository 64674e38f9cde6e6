"""Signing out: of every district, in this browser. School computers are shared."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from app.core.audit import noted
from app.core.room import Doors
from app.web import csrf, district, sessions
from app.web.guard import anyone, sign_in_address, visitor
from app.web.page import go

doors = Doors()


@doors.post("/sign-out")
@anyone
def create() -> ResponseReturnValue:
    """End every session that this browser has a cookie for, and have it forget what it keeps of us."""
    who = visitor()
    if district.here() is None:
        abort(404)
    if who is not None:
        if not csrf.came_from_us():
            abort(400, "This page was open for too long to sign you out. Reload it, then sign out again.")
        noted("signed out", "accounts", who.id)
    sessions.end_everywhere()
    answer = go(sign_in_address() + "?left=yes")
    if sessions.can_be_kept():
        answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    if request.headers.get("HX-Request") == "true":
        answer.status_code, answer.headers["HX-Redirect"] = 200, answer.headers.pop("Location")
    return answer
