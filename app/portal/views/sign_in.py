"""Where operators sign in and out: outside every district, with password and code."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions.refused import MustWait, Refused
from app.core.room import Doors
from app.portal.actions import signing_in
from app.portal.forms import OperatorSignInForm, OperatorSignOutForm
from app.web import operators, sessions
from app.web.guard import anyone
from app.web.page import go, page

doors = Doors()

NOT_HERE = "Operators do not sign in on this host: it has no FRONTOFFICE_DATABASE_ACROSS_URL."
NOT_SAFE = "Signing in needs a safe connection, and this one is not: the address must begin with https://."


@doors.get("/operator/sign-in")
@anyone
def new() -> ResponseReturnValue:
    """The form; whoever is signed in already goes on."""
    if operators.operator() is not None:
        return go(url_for("portal.visits_index"))
    form = OperatorSignInForm()
    if not sessions.can_be_kept():
        form.refuse(NOT_SAFE)
    if not signing_in.is_possible():
        form.refuse(NOT_HERE)
    return _shown(form)


@doors.post("/operator/sign-in")
@anyone
def create() -> ResponseReturnValue:
    """All three right: a session of the operator's own."""
    form = OperatorSignInForm()
    if not sessions.can_be_kept():
        form.refuse(NOT_SAFE)
        return _shown(form, 422)
    if not signing_in.is_possible():
        form.refuse(NOT_HERE)
        return _shown(form, 422)
    if not form.validate():
        return _shown(form, 422)
    try:
        token = signing_in.sign_in(
            email=form.email.data or "", given=form.password.data or "", code=form.code.data or ""
        )
    except MustWait as refusal:
        form.refuse(refusal.sentence)
        waiting = _shown(form, 429)
        waiting.headers["Retry-After"] = str(refusal.seconds)
        return waiting
    except Refused as refusal:
        form.refuse(refusal.sentence)
        return _shown(form, 422)
    answer = go(url_for("portal.visits_index"))
    operators.keep(answer, token)
    return answer


@doors.post("/operator/sign-out")
@anyone
def end() -> ResponseReturnValue:
    """End this session."""
    form = OperatorSignOutForm()
    if not form.validate():
        return _shown(OperatorSignInForm.blank(), 422)
    token = request.cookies.get(operators.cookie_name() or "")
    if token and signing_in.is_possible():
        signing_in.sign_out(token)
    answer = go(url_for("portal.sign_in_new"))
    operators.forget(answer)
    return answer


def _shown(form: OperatorSignInForm, status: int = 200) -> Response:
    return page("portal/sign_in.html", status=status, form=form, failed=status != 200)
