"""The operator's own log: what all operators did. Nobody can change a line of it."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.portal.actions.overview import latest_entries
from app.portal.actions.signing_in import SignedIn
from app.web.guard import operators_door
from app.web.page import page

doors = Doors()


@doors.get("/operator/log")
@operators_door
def index(who: SignedIn) -> ResponseReturnValue:
    """Newest first."""
    return page("portal/log.html", who=who, lines=latest_entries())
