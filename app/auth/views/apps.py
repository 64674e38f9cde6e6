"""An authenticator app: set up by a QR code or by typing, and removed."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import enrolling
from app.auth.actions.refused import NotThatCode, Refused, StillAsked
from app.auth.forms import AppForm
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account, next_page
from app.core.db import db
from app.core.room import Doors
from app.core.settings import get_settings
from app.web import district, qr, sessions
from app.web.guard import allow
from app.web.page import done, go, page

doors = Doors()

THEY_STAY = "Your authenticator app is set up. Your recovery codes still work."


@doors.post("/profile/sign-in/app")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def create() -> ResponseReturnValue:
    """A fresh secret, to be shown on the next page."""
    try:
        enrolling.begin_app(my_account())
    except Refused as refusal:
        return done(refusal.sentence, url_for("auth.factors_index"), tone="bad")
    return go(url_for("auth.apps_new", next=next_page()))


@doors.get("/profile/sign-in/app")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def new() -> ResponseReturnValue:
    """The secret as a picture and as text, until a first code was typed; never again after that."""
    app = AuthenticatorApp.of(my_account().id)
    if app is None or app.confirmed_at:
        return go(url_for("auth.factors_index"))
    return _shown(app, AppForm.filled())


@doors.post("/profile/sign-in/app/confirm")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def confirm() -> ResponseReturnValue:
    """The first code: from here on one is asked for. What comes back is the recovery codes, this once."""
    account, form = my_account(), AppForm.filled()
    app = AuthenticatorApp.of(account.id)
    if app is None or app.confirmed_at:
        return go(url_for("auth.factors_index"))
    if not form.validate():
        return _shown(app, form, 422)
    try:
        codes = enrolling.confirm_app(account, form.code.data, here=sessions.this_session())
    except NotThatCode as refusal:
        db.session.rollback()
        form.code.errors = [refusal.sentence]
        return _shown(app, form, 422)
    if not codes:
        return done(THEY_STAY, url_for("auth.factors_index", next=next_page()))
    return page("auth/recovery_codes.html", codes=codes, go_on=next_page())


@doors.post("/profile/sign-in/app/remove")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def remove() -> ResponseReturnValue:
    """No code is asked for any more."""
    try:
        enrolling.remove_app(my_account())
    except StillAsked as refusal:
        return done(refusal.sentence, url_for("auth.factors_index"), tone="bad")
    return done(
        "The authenticator app is removed. Delete it on your phone too.", url_for("auth.factors_index")
    )


def _shown(app: AuthenticatorApp, form: AppForm, status: int = 200) -> Response:
    card = district.here()
    issuer = f"{get_settings().product_name} {card.name if card else ''}".strip()
    address = app.address(my_account().email, issuer)
    picture = qr.drawn(address, "QR code to scan with the app. The same secret stands below as text.")
    told = {"picture": picture, "spelled": app.spelled, "go_on": next_page()}
    return page("auth/app.html", status=status, form=form, **told)
