"""Who looked at one's own record or changed it."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.auth.models.own_history import own_history
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account
from app.core.room import Doors
from app.web.district import here
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/profile/history")
@allow(May.SEE_OWN_HISTORY, RULES)
def index() -> ResponseReturnValue:
    """Newest first: by others, or by anybody."""
    card, whose = here(), "anybody" if request.args.get("by") == "anybody" else "others"
    found = own_history(
        my_account(), card.zone if card else "UTC", by_others=whose == "others", before=_position()
    )
    address = url_for("auth.history_index", by=whose)
    return page(
        "auth/history.html",
        found=found,
        whose=whose,
        older=url_for("auth.history_index", by=whose, before=found.older) if found.older else None,
        newest=address if request.args.get("before") else None,
    )


def _position() -> int | None:
    given = request.args.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
