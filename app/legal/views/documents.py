"""The texts: /legal/privacy and its sisters, the product's and the district's."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.core.services import HTMX_CDN, is_on
from app.legal.views.reading import read
from app.web import district, errand
from app.web.guard import anyone
from app.web.sessions import cookie_name

doors = Doors()


@doors.get("/legal/privacy")
@anyone
def privacy() -> ResponseReturnValue:
    return read("privacy")


@doors.get("/legal/terms")
@anyone
def terms() -> ResponseReturnValue:
    return read("terms")


@doors.get("/legal/accessibility")
@anyone
def accessibility() -> ResponseReturnValue:
    return read("accessibility")


@doors.get("/legal/cookies")
@anyone
def cookies() -> ResponseReturnValue:
    here = district.here()
    slug = here.slug if here else "district"
    return read(
        "cookies",
        cookie=cookie_name(slug) or "none, for it would not be safe here",
        away=errand.cookie_name(slug),
        cdn_is_on=is_on(HTMX_CDN),
    )
