"""Passkeys of one's own: added by the browser, named, removed."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import ceremonies, enrolling
from app.auth.actions.refused import NotThatPasskey, Refused, StillAsked
from app.auth.forms import NewPasskeyForm
from app.auth.models.passkey import Passkey
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account, next_page
from app.core.room import Doors
from app.web import sessions
from app.web.guard import allow
from app.web.page import done, go, page

doors = Doors()


@doors.post("/profile/sign-in/passkeys/ask")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def ask() -> ResponseReturnValue:
    """A fresh challenge, which the next page puts to the browser."""
    sessions.this_session().challenge = ceremonies.new_challenge()
    return go(url_for("auth.passkeys_new", next=next_page()))


@doors.get("/profile/sign-in/passkeys/new")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def new() -> ResponseReturnValue:
    """A name, and the browser's own question."""
    if sessions.this_session().challenge is None:
        return go(url_for("auth.factors_index", next=next_page()))
    return _shown(NewPasskeyForm.filled())


@doors.post("/profile/sign-in/passkeys")
@allow(May.KEEP_OWN_FACTORS, RULES, paper=NewPasskeyForm, confirmed=True, before_factor=True)
def create() -> ResponseReturnValue:
    """Keep the key. A refusal asks the browser anew."""
    form, here = NewPasskeyForm.filled(), sessions.this_session()
    if form.validate():
        try:
            answer = form.credential.data
            codes = enrolling.add_passkey(my_account(), name=form.name.data, answer=answer, here=here)
        except (NotThatPasskey, Refused) as refusal:
            form.refuse(refusal.sentence)
        else:
            if codes:
                return page("auth/recovery_codes.html", codes=codes, go_on=next_page())
            return done("The passkey is added.", url_for("auth.factors_index", next=next_page()))
    here.challenge = ceremonies.new_challenge()
    form.credential.data = ""
    return _shown(form, 422)


@doors.post("/profile/sign-in/passkeys/<uuid:id>/remove")
@allow(May.REMOVE_OWN_PASSKEY, RULES, of=Passkey, confirmed=True, before_factor=True)
def remove(passkey: Passkey) -> ResponseReturnValue:
    """Nobody signs in with it any more."""
    name = passkey.name
    try:
        enrolling.remove_passkey(my_account(), passkey)
    except StillAsked as refusal:
        return done(refusal.sentence, url_for("auth.factors_index"), tone="bad")
    return done(f"“{name}” is removed. Delete it on the device too.", url_for("auth.factors_index"))


def _shown(form: NewPasskeyForm, status: int = 200) -> Response:
    options = ceremonies.to_add_one(my_account(), sessions.this_session().challenge or "")
    return page("auth/passkey_new.html", status=status, form=form, options=options, go_on=next_page())
