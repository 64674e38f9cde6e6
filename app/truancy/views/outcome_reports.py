"""What notices changed: days missed before and after, and beside those from whom a notice was held back by lot."""

from collections.abc import Iterator
from typing import Any

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.roster.models.language import LANGUAGES
from app.roster.models.school_year import SchoolYear
from app.truancy.law.packs import shipped
from app.truancy.models.outcome_figure import OutcomeFigure
from app.truancy.models.outcome_report import OutcomeReport, outcome_report
from app.truancy.permissions import RULES, May
from app.truancy.views.reports import Asked, asked
from app.web.csv_file import csv_file
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
        takes_state_files=of.takes_state_files,
        report=_report(of),
        names=_names(),
    )


@doors.get("/attendance/reports/outcomes.csv")
@allow(May.SEE_REPORTS, RULES)
def export_csv() -> ResponseReturnValue:
    """The same as a file. What is too small to show is an empty cell."""
    return csv_file("attendance-outcomes.csv", COLUMNS, _rows(_report(asked()), _names()))


def _rows(told: OutcomeReport, names: dict[Any, str]) -> Iterator[list[Any]]:
    for group, lines in (("rule", told.by_rule), ("language", told.by_language)):
        for line in lines:
            means = map(_rounded, (line.before, line.after, line.change))
            yield [group, names.get(line.name, line.name), line.students, *means]
    for one in told.compared:
        sides = (one.told, one.not_told) if one.is_shown else (None, None)
        bounds = map(_rounded, (one.not_told_after, one.difference, one.low, one.high))
        name = names.get(one.rule_id, one.rule_id)
        yield ["by lot", name, sides[0], None, _rounded(one.told_after), None, sides[1], *bounds]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _report(of: Asked) -> OutcomeReport:
    year = SchoolYear.current()
    return outcome_report(OutcomeFigure.of_year(year.first_day, of.school_ids) if year else ())


def _names() -> dict[Any, str]:
    return {
        **{rule.id: rule.title for rule in shipped()},
        **{one.tag: one.english for one in LANGUAGES.values()},
    }
