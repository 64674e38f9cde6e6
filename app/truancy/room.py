"""The card on the door of the room for attendance: the rules, and what follows from them."""

from app.core.foreseen import Foreseen
from app.core.room import MenuItem, Room
from app.truancy.actions.school_year import open_lines
from app.truancy.actions.telling import DUTIES, FIRINGS
from app.truancy.models.rule_activation import asks_for_an_age
from app.truancy.permissions import RULES, May
from app.truancy.views import (
    activations,
    cases,
    evidence,
    foreseen,
    notice_reports,
    notices,
    outcome_reports,
    packets,
    prior_records,
    reports,
    rules,
    state_files,
    work,
)

ROOM = Room(
    "truancy",
    "Attendance",
    doors=[
        rules,
        activations,
        work,
        cases,
        evidence,
        foreseen,
        packets,
        prior_records,
        reports,
        notice_reports,
        outcome_reports,
        state_files,
        notices,
    ],
    menu=[
        MenuItem("To do", "truancy.work_index", May.SEE_WORK, RULES, 45, "Attendance"),
        MenuItem("Cases", "truancy.cases_index", May.SEE_WORK, RULES, 47, "Attendance"),
        MenuItem("Reports", "truancy.reports_index", May.SEE_REPORTS, RULES, 50, "Attendance"),
        MenuItem("Attendance rules", "truancy.rules_index", May.SEE_RULES, RULES, 55, "Attendance"),
    ],
    follows=[open_lines],
    grounds=[FIRINGS, DUTIES],
    wants_births=asks_for_an_age,
    foreseen=[
        Foreseen("What the rules would make of it", "truancy.foreseen_show", May.SEE_RULES, RULES),
    ],
)
