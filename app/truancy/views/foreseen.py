"""Before an import of attendance is applied: whose firings it would change."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.expiring import today
from app.core.room import Doors
from app.register.models.register_import import RegisterImport
from app.truancy.law.packs import shipped
from app.truancy.models.rule_activation import active_rules
from app.truancy.models.trial import trial_of_import
from app.truancy.permissions import RULES, May, schools_read_by
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.get("/attendance/imports/<uuid:id>/firings")
@allow(May.SEE_RULES, RULES, of=RegisterImport)
def show(run: RegisterImport) -> ResponseReturnValue:
    """The counts of the district, and the students of the reader's own schools."""
    rules = active_rules(today())
    return page(
        "truancy/foreseen.html",
        block="foreseen",
        run=run,
        trial=trial_of_import(run.id, schools_read_by(me())),
        no_rule=not rules,
        here=url_for("truancy.foreseen_show", id=run.id),
        names={rule.id: rule.title for rule in (*shipped(), *rules)},
    )
