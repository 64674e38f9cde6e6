"""Setting up an operator's account by the link of the command line: a password and an app, both."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions.refused import LinkUsedUp, NotThatCode, WeakPassword
from app.auth.models.authenticator_app import codes_of, spelled
from app.core.room import Doors
from app.core.settings import get_settings
from app.portal.actions import signing_in
from app.portal.actions.signing_in import Setup
from app.portal.forms import OperatorSetupForm
from app.web import qr
from app.web.guard import anyone
from app.web.page import go, page

doors = Doors()

USED_UP = "This link does not work any more. It works once, for 60 minutes: have a new one made on the command line."


@doors.get("/operator/setup/<token>")
@anyone
def show(token: str) -> ResponseReturnValue:
    """The form, while the link works. Opening it uses nothing up."""
    if not signing_in.is_possible():
        abort(404)
    try:
        return _shown(signing_in.setup_of(token), OperatorSetupForm())
    except LinkUsedUp:
        return page("portal/link_used_up.html", status=410, sentence=USED_UP)


@doors.post("/operator/setup/<token>")
@anyone
def create(token: str) -> ResponseReturnValue:
    """Open the account; then they sign in."""
    if not signing_in.is_possible():
        abort(404)
    form = OperatorSetupForm()
    try:
        if form.validate():
            signing_in.set_up(token, new_password=form.password.data or "", code=form.code.data or "")
            return go(url_for("portal.sign_in_new"))
    except WeakPassword as refusal:
        form.password.errors = [refusal.sentence]
    except NotThatCode as refusal:
        form.code.errors = [refusal.sentence]
    except LinkUsedUp:
        return page("portal/link_used_up.html", status=410, sentence=USED_UP)
    try:
        return _shown(signing_in.setup_of(token), form, 422)
    except LinkUsedUp:
        return page("portal/link_used_up.html", status=410, sentence=USED_UP)


def _shown(setup: Setup, form: OperatorSetupForm, status: int = 200) -> Response:
    issuer = f"{get_settings().product_name} operator"
    address = codes_of(setup.secret).provisioning_uri(name=setup.email, issuer_name=issuer)
    picture = qr.drawn(address, "QR code to scan with the app. The same secret stands below as text.")
    return page(
        "portal/setup.html",
        status=status,
        form=form,
        setup=setup,
        picture=picture,
        spelled=spelled(setup.secret),
    )
