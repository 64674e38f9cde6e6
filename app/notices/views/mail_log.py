"""The mail log: what became of every outgoing mail. Never what it says."""

from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.room import Doors
from app.notices.actions import delivery
from app.notices.models.message import Message, State
from app.notices.models.muted_address import MutedAddress
from app.notices.permissions import RULES, May
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()

ON_A_PAGE = 50
SHOWN = {
    "all": ("All", ()),
    "waiting": ("Waiting", (State.QUEUED, State.SENDING)),
    "sent": ("Sent", (State.SENT,)),
    "failed": ("Failed", (State.FAILED,)),
    "bounced": ("Came back", (State.BOUNCED,)),
    "unsure": ("Unsure", (State.UNSURE,)),
}
PILLS = {
    State.QUEUED: ("Waiting", "info"),
    State.SENDING: ("Being sent", "info"),
    State.SENT: ("Sent", "good"),
    State.FAILED: ("Failed", "bad"),
    State.UNSURE: ("Unsure", "warn"),
    State.BOUNCED: ("Came back", "bad"),
}


@doors.get("/mail-log")
@allow(May.SEE_MAIL_LOG, RULES)
def index() -> ResponseReturnValue:
    """The newest first; by what became of them."""
    which = request.args.get("show", "all")
    which = which if which in SHOWN else "all"
    before = _id(request.args.get("before"))
    found = db.session.scalars(Message.newest_first(SHOWN[which][1], before).limit(ON_A_PAGE + 1)).all()
    messages, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    return page(
        "notices/mail_log.html",
        messages=messages,
        pills=PILLS,
        muted=MutedAddress.count(),
        tabs=[(label, _address(name), name == which) for name, (label, _) in SHOWN.items()],
        newer=_address(which) if before else None,
        older=_address(which, before=messages[-1].id) if more else None,
    )


@doors.post("/mail-log/<uuid:id>/again")
@allow(May.SEND_AGAIN, RULES, of=Message)
def again(message: Message) -> ResponseReturnValue:
    """Send it once more, as the same mail."""
    try:
        delivery.send_again(message)
    except delivery.CannotSendAgain as refusal:
        return done(str(refusal), url_for("notices.mail_log_index"), tone="warn")
    return done("The email is on its way again.", url_for("notices.mail_log_index"))


def _address(which: str, before: UUID | None = None) -> str:
    return url_for("notices.mail_log_index", show=None if which == "all" else which, before=before)


def _id(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        return None
