"""Signing in with a passkey: after the password, or instead of it."""

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import ceremonies, proving
from app.auth.actions.refused import BeginAgain, MustWait, NotThatPasskey, OnlyElsewhere
from app.auth.forms import PasskeyAskForm, PasskeyForm
from app.auth.models.sign_in_step import SignInStep
from app.auth.views import second_step
from app.core.room import Doors
from app.web import district, sessions
from app.web.guard import anyone, local_path, sign_in_address
from app.web.page import go, page

doors = Doors()


@doors.post("/sign-in/passkey/ask")
@anyone
def ask() -> ResponseReturnValue:
    """A fresh challenge, which the next page puts to the browser. Nobody has said who they are."""
    form = PasskeyAskForm()
    if district.here() is None:
        abort(404)
    if not form.validate() or not sessions.can_be_kept():
        return go(sign_in_address(local_path(form.next.data)))
    sessions.carry(SignInStep.begin(None))
    return go(url_for("auth.passkey_sign_in_new", next=local_path(form.next.data)))


@doors.get("/sign-in/passkey")
@anyone
def new() -> ResponseReturnValue:
    """The browser's own question."""
    if district.here() is None:
        abort(404)
    step = SignInStep.of_token(sessions.carried())
    if step is None or step.challenge is None:
        return go(sign_in_address(local_path(request.args.get("next"))))
    form = PasskeyForm()
    form.next.data = local_path(request.args.get("next")) or ""
    return _shown(form, step)


@doors.post("/sign-in/passkey")
@anyone
def create() -> ResponseReturnValue:
    """The key's signature opens the session. A refusal asks anew."""
    if district.here() is None:
        abort(404)
    form, token = PasskeyForm(), sessions.carried()
    status, wait, step = 422, "", SignInStep.of_token(token)
    through = step.through if step else ""
    if form.validate():
        try:
            account = proving.by_passkey(
                token, answer=form.credential.data, address=request.remote_addr or ""
            )
        except (BeginAgain, OnlyElsewhere) as refusal:
            return page("auth/begin_again.html", status=422, sentence=refusal.sentence)
        except NotThatPasskey as refusal:
            form.refuse(refusal.sentence)
        except MustWait as refusal:
            form.refuse(refusal.sentence)
            status, wait = 429, str(refusal.seconds)
        else:
            sessions.begin(account.id, by_factor=True, through=through)
            return go(request.script_root + (local_path(form.next.data) or "/"))
    step = SignInStep.of_token(token)
    if step is None:
        return page("auth/begin_again.html", status=422, sentence=BeginAgain().sentence)
    step.challenge = ceremonies.new_challenge()
    form.credential.data = ""
    answer = _shown(form, step, status)
    if wait:
        answer.headers["Retry-After"] = wait
    return answer


def _shown(form: PasskeyForm, step: SignInStep, status: int = 200) -> Response:
    if step.account_id is not None:
        return second_step.shown(step, passkey_form=form, status=status)
    options = ceremonies.to_recognise(step.challenge or "")
    return page("auth/passkey.html", status=status, form=form, options=options, failed=status != 200)
