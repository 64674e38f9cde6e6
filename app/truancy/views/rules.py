"""The statutory rules that we ship: cited, dated, read-only."""

from flask import abort
from flask.typing import ResponseReturnValue

from app.core import clock
from app.core.room import Doors
from app.truancy.law import words
from app.truancy.law.packs import NAMES, pack, places
from app.truancy.permissions import RULES, May
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/attendance/rules")
@allow(May.SEE_RULES, RULES)
def index() -> ResponseReturnValue:
    """The places whose rules are here."""
    return page("truancy/rules.html", packs=[(place, NAMES[place], pack(place)) for place in places()])


@doors.get("/attendance/rules/<place>")
@allow(May.SEE_RULES, RULES)
def show(place: str) -> ResponseReturnValue:
    """The rules of one place, each in plain words, with its citation."""
    if place not in places():
        abort(404)
    return page(
        "truancy/rule_pack.html", name=NAMES[place], rules=pack(place), words=words, today=clock.now().date()
    )
