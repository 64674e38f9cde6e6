"""The operator's first page: asking a district to let them look, and the visits that were asked for."""

from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectChoice

from app.core.directory import district_by_slug
from app.core.room import Doors
from app.portal.actions import looking
from app.portal.actions.overview import districts, visits_of
from app.portal.actions.signing_in import SignedIn
from app.portal.forms import OperatorSignOutForm, VisitAskForm, VisitLeaveForm
from app.web.guard import operators_door
from app.web.page import go, page

doors = Doors()


@doors.get("/operator")
@operators_door
def index(who: SignedIn) -> ResponseReturnValue:
    """Their visits, and the form to ask for one."""
    return _shown(who, VisitAskForm.blank())


@doors.post("/operator/visits")
@operators_door
def ask(who: SignedIn) -> ResponseReturnValue:
    """Ask a district; its admins hear of it within the minute."""
    form = _with_districts(VisitAskForm())
    card = district_by_slug(form.district.data or "")
    if not form.validate() or card is None:
        return _shown(who, form, 422)
    looking.ask(who, card, scope=form.scope.data, reason=form.reason.data or "")
    return go(url_for("portal.visits_index"))


@doors.post("/operator/visits/<uuid:district_id>/<uuid:id>/leave")
@operators_door
def leave(who: SignedIn, district_id: UUID, id: UUID) -> ResponseReturnValue:
    """End one of their own."""
    if VisitLeaveForm().validate():
        looking.leave(who, district_id, id)
    return go(url_for("portal.visits_index"))


def _shown(who: SignedIn, form: VisitAskForm, status: int = 200) -> Response:
    return page(
        "portal/visits.html",
        status=status,
        who=who,
        form=_with_districts(form),
        leave_form=VisitLeaveForm.blank(),
        sign_out_form=OperatorSignOutForm.blank(),
        visits=visits_of(who.id),
    )


def _with_districts(form: VisitAskForm) -> VisitAskForm:
    form.district.choices = [SelectChoice(slug, name) for slug, name in districts()]
    return form
