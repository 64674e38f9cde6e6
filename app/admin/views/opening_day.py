"""Opening day: what is still missing, a test of each, and the key to the front door."""

from flask import abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.admin.actions import naming, opening_day
from app.admin.permissions import RULES, May
from app.core.room import Doors
from app.helpdesk.actions import catching_up
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/opening-day")
@allow(May.SEE_OVERVIEW, RULES)
def index() -> ResponseReturnValue:
    """Every step, done or not."""
    steps = opening_day.steps()
    return page(
        "admin/opening_day.html",
        steps=steps,
        missing=[step for step in steps if not step.is_done],
        mails=catching_up.how_many_wait(),
    )


@doors.post("/admin/opening-day/open")
@allow(May.KEEP_DISTRICT, RULES)
def open_for_all() -> ResponseReturnValue:
    """Everybody of the district may come in."""
    mails = catching_up.how_many_wait()
    naming.open_for_all()
    told = "The district is open: everybody with an account can sign in."
    if mails:
        told += f" Mail that came before is being filed: {mails}."
    return done(told, url_for("admin.opening_day_index"))


@doors.post("/admin/opening-day/<key>")
@allow(May.SEE_OVERVIEW, RULES)
def test(key: str) -> ResponseReturnValue:
    """Try one step out, and say in words what was found."""
    result = opening_day.test(key, email=current_user.email, name=me().name)
    if result is None:
        abort(404)
    return done(result.sentence, url_for("admin.opening_day_index"), tone="good" if result.worked else "warn")
