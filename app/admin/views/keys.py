"""The key that the district's secrets are sealed under: how old it is, and rotating it."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.admin.permissions import RULES, May
from app.core import resealing
from app.core.crypto import ring_of
from app.core.db import db
from app.core.room import Doors
from app.core.tenancy import current_district_id
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/key")
@allow(May.ROTATE_KEY, RULES)
def show() -> ResponseReturnValue:
    """Since when it seals, and how much still lies under an older one."""
    ring = ring_of(current_district_id())
    left = resealing.left(db.session()) if ring else 0
    return page("admin/key.html", made_at=ring[0].made_at if ring else None, left=left)


@doors.post("/admin/key")
@allow(May.ROTATE_KEY, RULES, confirmed=True)
def rotate() -> ResponseReturnValue:
    """A fresh key seals from now on; the rest is sealed anew by itself."""
    here = url_for("admin.keys_show")
    if resealing.begin():
        return done(
            "There is a fresh key. What was sealed before is sealed anew now; you can go on working.", here
        )
    return done("The last rotation is not over yet. It goes on.", here)
