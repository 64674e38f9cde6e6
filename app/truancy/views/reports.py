"""Reports: how many students miss too much of school, by school, grade and month. Never one student's numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import GRADES
from app.truancy.models.attendance_figure import AttendanceFigure
from app.truancy.models.attendance_report import Line, Report, report
from app.truancy.permissions import RULES, May, schools_reported_to
from app.web.csv_file import csv_file
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@dataclass(frozen=True)
class Asked:
    """Of which schools a report is."""

    schools: Sequence[School]
    chosen: School | None
    #: The reader may also take out what names students.
    takes_state_files: bool

    @property
    def school_ids(self) -> set[UUID]:
        """Of the chosen one, or of all."""
        return {self.chosen.id} if self.chosen else {one.id for one in self.schools}


COLUMNS = (
    "group",
    "name",
    "students",
    "chronically_absent_percent",
    "at_risk_percent",
    "attended_percent_of_days",
    "unexcused_percent_of_days",
)


@doors.get("/attendance/reports")
@allow(May.SEE_REPORTS, RULES)
def index() -> ResponseReturnValue:
    """The current school year, of the schools that the reader works with; or of one of them."""
    of, year = asked(), SchoolYear.current()
    return page(
        "truancy/reports.html",
        block="results",
        year=year,
        schools=of.schools,
        chosen=of.chosen,
        takes_state_files=of.takes_state_files,
        report=_report(year, of),
        names=_names(of),
    )


@doors.get("/attendance/reports.csv")
@allow(May.SEE_REPORTS, RULES)
def export_csv() -> ResponseReturnValue:
    """The same as a file. What is too small to show is an empty cell."""
    of = asked()
    told, names = _report(SchoolYear.current(), of), _names(of)
    rows = (
        [group, f"{line.name:%Y-%m}" if group == "month" else names[line.name], *_cells(line)]
        for group, line in told.lines
    )
    return csv_file("attendance-report.csv", COLUMNS, rows)


def _cells(line: Line) -> list[str]:
    shares = (line.chronic, line.at_risk, line.attended, line.unexcused)
    return ["" if line.students is None else str(line.students)] + [
        one.words.removesuffix(" %") if one.is_shown else "" for one in shares
    ]


def asked() -> Asked:
    """The schools that the reader sees numbers of, and the one that they chose of them, if any."""
    seen = schools_reported_to(me())
    schools = [one for one in db.session.scalars(School.in_use()) if seen is None or one.id in seen]
    chosen = next((one for one in schools if str(one.id) == request.args.get("school")), None)
    return Asked(schools, chosen, permits(RULES, May.TAKE_STATE_FILE, me()))


def _report(year: SchoolYear | None, of: Asked) -> Report:
    if year is None:
        return report(())
    return report(AttendanceFigure.since(year.first_day, of.school_ids))


def _names(of: Asked) -> dict[Any, str]:
    named: dict[Any, str] = {one.id: one.name for one in of.schools}
    return {"all": "All of them", **named, **GRADES}
