"""Addresses from which mail came back: an admin sees why, and lets the desk write there by itself again."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.room import Doors
from app.notices.actions import returns
from app.notices.models.muted_address import MutedAddress
from app.notices.permissions import RULES, May
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()

AT_MOST = 200


@doors.get("/muted-addresses")
@allow(May.SEE_MAIL_LOG, RULES)
def index() -> ResponseReturnValue:
    """The newest first."""
    rows = db.session.scalars(MutedAddress.now_muted().limit(AT_MOST)).all()
    return page("notices/muted_addresses.html", rows=rows)


@doors.post("/muted-addresses/<uuid:id>/lifting")
@allow(May.LIFT_MUTES, RULES, of=MutedAddress)
def lift(muted: MutedAddress) -> ResponseReturnValue:
    """Write there by itself again."""
    returns.lift(muted)
    return done(
        f"The desk writes to {muted.address} by itself again.", url_for("notices.muted_addresses_index")
    )
