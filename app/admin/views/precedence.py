"""Whose word counts: for each group of fields, the sources of the roster and the office in an order."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.admin.permissions import RULES, May
from app.admin.views.answers import done_unless_refused
from app.core.room import Doors
from app.roster.actions import precedence
from app.roster.models.precedence import BESIDE, GROUPS, HAND, Precedence
from app.roster.models.roster_source import NAMES
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/admin/precedence")
@allow(May.KEEP_PRECEDENCE, RULES)
def index() -> ResponseReturnValue:
    """All groups with their order."""
    return page(
        "admin/precedence.html",
        orders=Precedence.orders(),
        groups=GROUPS,
        hand=HAND,
        beside=BESIDE,
        names={**NAMES, HAND: "By hand"},
    )


@doors.post("/admin/precedence")
@allow(May.KEEP_PRECEDENCE, RULES)
def move() -> ResponseReturnValue:
    """One of them goes a place up or down in one group."""
    given = request.form
    about, who, up = given.get("about", ""), given.get("who", ""), given.get("move") == "up"
    return done_unless_refused(
        lambda: precedence.move(about, who, up=up),
        f"{GROUPS.get(about, 'The order')}: changed. Nobody is changed by this until the next import shows it.",
        url_for("admin.precedence_index", _anchor=about if about in GROUPS else None),
    )
