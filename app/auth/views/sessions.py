"""Where somebody is signed in, and how they end what they do not recognise."""

from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from app.auth.permissions import RULES, May
from app.core import sessions as rows
from app.core.audit import noted
from app.core.room import Doors
from app.core.sessions import WebSession
from app.web import sessions
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/profile/sessions")
@allow(May.SEE_OWN_SESSIONS, RULES)
def index() -> ResponseReturnValue:
    """This browser first, then the others."""
    mine = WebSession.living(_my_id())
    here = sessions.this_session_id()
    return page(
        "auth/sessions.html",
        here=[s for s in mine if s.id == here],
        elsewhere=[s for s in mine if s.id != here],
    )


@doors.post("/profile/sessions/<uuid:id>/end")
@allow(May.END_OWN_SESSION, RULES, of=WebSession)
def end(session: WebSession) -> ResponseReturnValue:
    """End one of them."""
    rows.end(session.id)
    noted("ended a session", "web_sessions", session.id)
    return done("That session is ended.", url_for("auth.sessions_index"))


@doors.post("/profile/sessions/end-others")
@allow(May.SEE_OWN_SESSIONS, RULES)
def end_others() -> ResponseReturnValue:
    """End all but this one."""
    ended = rows.end_all(_my_id(), but=sessions.this_session_id())
    noted("ended other sessions", "accounts", _my_id(), count=ended)
    return done("You are signed in here alone now.", url_for("auth.sessions_index"))


def _my_id() -> UUID:
    who = me().id
    assert who is not None
    return who
