"""Visits of the operator: an admin lets them look for a while, or not, and sees what was."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.actions import visits
from app.admin.actions.visits import NotOpenAnyMore
from app.admin.forms.sign_in import VisitForm
from app.admin.models.operator_visit import OperatorVisit
from app.admin.permissions import RULES, May
from app.auth.models.account import Account
from app.core.room import Doors
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/operator")
@allow(May.SEE_VISITS, RULES)
def index() -> ResponseReturnValue:
    """Who asks, who looks now, and who did."""
    return _shown(VisitForm.filled())


@doors.post("/admin/operator/<uuid:id>/grant")
@allow(May.ANSWER_VISIT, RULES, of=OperatorVisit, paper=VisitForm, confirmed=True)
def grant(visit: OperatorVisit) -> ResponseReturnValue:
    """Let them look, until a moment."""
    form = VisitForm.filled()
    if not form.validate():
        return _shown(form, 422)
    try:
        visits.grant(visit, minutes=int(form.minutes.data), by=me())
    except NotOpenAnyMore as refusal:
        return done(refusal.sentence, url_for("admin.operator_visits_index"), tone="bad")
    return done(
        f"{visit.operator_name} can look for {form.minutes.data} minutes.",
        url_for("admin.operator_visits_index"),
    )


@doors.post("/admin/operator/<uuid:id>/end")
@allow(May.ANSWER_VISIT, RULES, of=OperatorVisit)
def end(visit: OperatorVisit) -> ResponseReturnValue:
    """Do not let them, or no longer."""
    try:
        visits.end(visit)
    except NotOpenAnyMore as refusal:
        return done(refusal.sentence, url_for("admin.operator_visits_index"), tone="bad")
    return done(f"{visit.operator_name} sees nothing here.", url_for("admin.operator_visits_index"))


def _shown(form: VisitForm, status: int = 200) -> Response:
    found = OperatorVisit.latest()
    given_by = {one.granted_by_id for one in found if one.granted_by_id}
    names = {id: account.name for id in given_by if (account := Account.find(id)) is not None}
    return page("admin/operator_visits.html", status=status, form=form, visits=found, names=names)
