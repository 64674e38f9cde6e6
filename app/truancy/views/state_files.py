"""Files for the state. They name students or tell of few, so they are for those who work the cases of the schools."""

from flask import abort
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db
from app.core.room import Doors
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.truancy.actions import state_files
from app.truancy.permissions import RULES, May, schools_worked_by
from app.web.csv_file import csv_file
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.get("/attendance/reports/state")
@allow(May.TAKE_STATE_FILE, RULES)
def index() -> ResponseReturnValue:
    """Which files there are, what stands in them and what does not."""
    return page(
        "truancy/state_files.html",
        shapes=state_files.SHAPES.values(),
        year=SchoolYear.current(),
        takes_state_files=True,
    )


@doors.get("/attendance/reports/state/<shape>.csv")
@allow(May.TAKE_STATE_FILE, RULES)
def download(shape: str) -> ResponseReturnValue:
    """The file of the current school year, of the schools that the reader works with. Who took it is written down."""
    asked, year = state_files.SHAPES.get(shape), SchoolYear.current()
    if asked is None or year is None:
        abort(404)
    worked = schools_worked_by(me())
    schools = {one.id for one in db.session.scalars(School.in_use()) if worked is None or one.id in worked}
    rows = list(state_files.rows(asked, year, schools))
    audit.noted("took out", "state_files", shape=asked.key, rows=len(rows))
    db.session.commit()
    return csv_file(f"{asked.key}-{year.name}.csv", asked.columns, rows)
