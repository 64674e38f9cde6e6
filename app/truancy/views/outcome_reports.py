"""What notices changed: days missed before and after, and beside those from whom a notice was held back by lot."""

import csv
import io
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.roster.models.language import LANGUAGES
from app.roster.models.school_year import SchoolYear
from app.truancy.law.packs import shipped
from app.truancy.models.outcome_figure import OutcomeFigure
from app.truancy.models.outcome_report import OutcomeReport, outcome_report
from app.truancy.permissions import RULES, May
from app.truancy.views.reports import Asked, asked
from app.web.guard import allow
from app.web.page import page

doors = Doors()
COLUMNS = (
    "group",
    "name",
    "students",
    "missed_before_percent",
    "missed_after_percent",
    "change_points",
    "not_told",
    "not_told_missed_after_percent",
    "difference_points",
    "difference_low",
    "difference_high",
)


@doors.get("/attendance/reports/outcomes")
@allow(May.SEE_REPORTS, RULES)
def index() -> ResponseReturnValue:
    """The current school year, of the schools that the reader works with; or of one of them."""
    of = asked()
    return page(
        "truancy/outcome_reports.html",
        block="results",
        year=SchoolYear.current(),
        schools=of.schools,
        chosen=of.chosen,
        report=_report(of),
        names=_names(),
    )


@doors.get("/attendance/reports/outcomes.csv")
@allow(May.SEE_REPORTS, RULES)
def export_csv() -> ResponseReturnValue:
    """The same as a file. What is too small to show is an empty cell."""
    told, names, out = _report(asked()), _names(), io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for group, lines in (("rule", told.by_rule), ("language", told.by_language)):
        for line in lines:
            cells = (line.students, *map(_cell, (line.before, line.after, line.change)))
            rows.writerow([group, names.get(line.name, line.name), *cells, *[""] * 5])
    for one in told.compared:
        means = _cell(one.told_after), "", one.not_told if one.is_shown else "", _cell(one.not_told_after)
        bounds = map(_cell, (one.difference, one.low, one.high))
        told_students = one.told if one.is_shown else ""
        rows.writerow(["by lot", names.get(one.rule_id, one.rule_id), told_students, "", *means, *bounds])
    headers = {"Content-Disposition": "attachment; filename=attendance-outcomes.csv"}
    return Response(out.getvalue(), mimetype="text/csv", headers=headers)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _report(of: Asked) -> OutcomeReport:
    year = SchoolYear.current()
    return outcome_report(OutcomeFigure.of_year(year.first_day, of.school_ids) if year else ())


def _names() -> dict[Any, str]:
    return {
        **{rule.id: rule.title for rule in shipped()},
        **{one.tag: one.english for one in LANGUAGES.values()},
    }
