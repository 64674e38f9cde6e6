"""Showing again that it is still them, before the way in is changed: a session may have been left open."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import ceremonies, proving, requiring, signing_in_elsewhere
from app.auth.actions.refused import MustWait, NotThem, OnlyElsewhere
from app.auth.forms import ConfirmByPasskeyForm, ConfirmForm
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.auth.models.sign_in_identity import SignInIdentity
from app.auth.permissions import RULES, May
from app.auth.views.elsewhere import leave
from app.auth.views.my_account import my_account, next_page
from app.core import sessions as rows
from app.core.room import Doors
from app.web import sessions
from app.web.guard import CONFIRM, FACTORS, allow, local_path
from app.web.page import done, go, page

doors = Doors()

NOT_THAT_KEY = "That passkey was not accepted. Try once more, or use another way."
DOES_NOT_FIT = "That is neither your password nor a code that still works. Check it, then try again."


@doors.get(CONFIRM)
@allow(May.KEEP_OWN_FACTORS, RULES, before_factor=True)
def new() -> ResponseReturnValue:
    """Password, code, passkey, or a fresh sign-in at the provider: whatever this account has."""
    form = ConfirmForm.filled()
    form.next.data = next_page() or ""
    return _shown(form)


@doors.post(CONFIRM)
@allow(May.KEEP_OWN_FACTORS, RULES, paper=ConfirmForm, before_factor=True)
def create() -> ResponseReturnValue:
    """It is them, for ten minutes; back to where they were."""
    form = ConfirmForm.filled()
    if not form.validate():
        return _shown(form, 422)
    try:
        proving.confirm(my_account(), typed=form.typed.data, address=request.remote_addr or "")
    except NotThem:
        form.typed.errors = [DOES_NOT_FIT]
        return _shown(form, 422)
    except MustWait as refusal:
        form.refuse(refusal.sentence)
        answer = _shown(form, 429)
        answer.headers["Retry-After"] = str(refusal.seconds)
        return answer
    return _go_on(form)


@doors.post(CONFIRM + "/passkey")
@allow(May.KEEP_OWN_FACTORS, RULES, paper=ConfirmByPasskeyForm, before_factor=True)
def by_passkey() -> ResponseReturnValue:
    """The same, by what the browser's authenticator answers. A refusal asks it anew."""
    form, challenge = ConfirmByPasskeyForm.filled(), sessions.this_session().take_challenge()
    status = 422
    if form.validate():
        try:
            proving.confirm_by_passkey(
                my_account(),
                answer=form.credential.data,
                challenge=challenge,
                address=request.remote_addr or "",
            )
        except NotThem:
            form.refuse(NOT_THAT_KEY)
        except MustWait as refusal:
            form.refuse(refusal.sentence)
            status = 429
        else:
            return _go_on(form)
    sessions.this_session().challenge = ceremonies.new_challenge()
    form.credential.data = ""
    return _shown(ConfirmForm.blank(), status, form)


@doors.post(CONFIRM + "/<word>")
@allow(May.KEEP_OWN_FACTORS, RULES, before_factor=True)
def elsewhere(word: str) -> ResponseReturnValue:
    """To the provider that opens this account, to sign in there once more."""
    if word not in _words(my_account()):
        return done("That does not open your account.", url_for("auth.confirmations_new"), tone="bad")
    go_on = local_path(request.form.get("next")) or FACTORS
    return leave(word, go_on=go_on, account_id=my_account().id, confirms=True)


def _go_on(form: ConfirmForm | ConfirmByPasskeyForm) -> ResponseReturnValue:
    rows.confirm(sessions.this_session())
    return go(request.script_root + (local_path(form.next.data) or FACTORS))


def _shown(
    form: ConfirmForm, status: int = 200, passkey_form: ConfirmByPasskeyForm | None = None
) -> Response:
    account, here = my_account(), sessions.this_session()
    factors = Factors.of(account.id)
    passkey_form = passkey_form or ConfirmByPasskeyForm.blank()
    form.next.data = passkey_form.next.data = form.next.data or passkey_form.next.data
    if factors.passkeys and here.challenge is None:
        here.challenge = ceremonies.new_challenge()
    return page(
        "auth/confirm.html",
        status=status,
        form=form,
        passkey_form=passkey_form,
        factors=factors,
        options=ceremonies.to_recognise(here.challenge or "", account) if factors.passkeys else "",
        has_password=_may_use_a_password(account),
        ways=[one.provider for one in signing_in_elsewhere.offered() if one.word in _words(account)],
        failed=status != 200,
    )


def _may_use_a_password(account: Account) -> bool:
    try:
        requiring.refuse_local(account)
    except OnlyElsewhere:
        return False
    return account.password_hash is not None


def _words(account: Account) -> set[str]:
    return {one.word for one in SignInIdentity.of_account(account.id)}
