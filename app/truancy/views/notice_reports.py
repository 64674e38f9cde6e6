"""What became of the notices: how many left, came back, were read and answered. Never one family's answer."""

from dataclasses import replace
from typing import Any

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.notices.models.notice import CHANNELS
from app.roster.models.language import LANGUAGES
from app.roster.models.school_year import SchoolYear
from app.truancy.law.packs import shipped
from app.truancy.models.notice_report import NoticeLine, NoticeReport, notice_report
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
    "written",
    "still_to_leave",
    "left",
    "answered_percent",
    "read_percent",
    "came_back_percent",
    "withdrawn_percent",
    "median_days_until_it_left",
)


@doors.get("/attendance/reports/notices")
@allow(May.SEE_REPORTS, RULES)
def index() -> ResponseReturnValue:
    """The current school year, of the schools that the reader works with; or of one of them."""
    of = asked()
    return page(
        "truancy/notice_reports.html",
        block="results",
        year=SchoolYear.current(),
        schools=of.schools,
        chosen=of.chosen,
        takes_state_files=of.takes_state_files,
        report=_report(of),
        names=_names(of),
    )


@doors.get("/attendance/reports/notices.csv")
@allow(May.SEE_REPORTS, RULES)
def export_csv() -> ResponseReturnValue:
    """The same as a file. What is too small to show is an empty cell."""
    of = asked()
    names = _names(of)
    rows = (
        [group, f"{line.name:%Y-%m}" if group == "month" else names.get(line.name, line.name), *_cells(line)]
        for group, line in _report(of).lines
    )
    return csv_file("attendance-notices.csv", COLUMNS, rows)


def _cells(line: NoticeLine) -> list[str]:
    counts = (line.students, line.written, line.open, line.departed)
    shares = (line.answered, line.read, line.returned, line.withdrawn)
    return [
        *("" if one is None else str(one) for one in counts),
        *(one.words.removesuffix(" %") if one.is_shown else "" for one in shares),
        "" if line.days is None else f"{line.days:.1f}",
    ]


def _report(of: Asked) -> NoticeReport:
    year = SchoolYear.current()
    if year is None:
        return NoticeReport.empty()
    found, names = notice_report(year.first_day, of.school_ids), _names(of)
    by = {
        group: sorted(lines, key=lambda line: str(names.get(line.name, line.name)))
        for group, lines in found.by.items()
    }
    return replace(found, by=by)


def _names(of: Asked) -> dict[Any, str]:
    return {
        "all": "All of them",
        **{one.id: one.name for one in of.schools},
        **{rule.id: rule.title for rule in shipped()},
        **{one.tag: one.english for one in LANGUAGES.values()},
        **CHANNELS,
    }
