"""/legal/retention: what every table of the house declares about how long it is kept."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.legal.models.keeping import kept
from app.legal.views.reading import read
from app.web.guard import anyone

doors = Doors()


@doors.get("/legal/retention")
@anyone
def index() -> ResponseReturnValue:
    return read("retention", kept=list(kept()))
