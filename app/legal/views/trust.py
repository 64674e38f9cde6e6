"""/trust: what is claimed about security, each claim beside the tests that keep it."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.legal.models.promise import PROMISES
from app.legal.views.reading import read
from app.web.guard import anyone

doors = Doors()


@doors.get("/trust")
@anyone
def index() -> ResponseReturnValue:
    return read("trust", promises=PROMISES)
