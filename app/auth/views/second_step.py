"""The second step of signing in: a code of the app, or one from paper. Who has no second factor never sees it."""

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import ceremonies, proving
from app.auth.actions.refused import BeginAgain, MustWait, NotThatCode, OnlyElsewhere
from app.auth.forms import PasskeyForm, SecondStepForm
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.auth.models.sign_in_step import SignInStep
from app.core.room import Doors
from app.web import district, sessions
from app.web.guard import anyone, local_path, sign_in_address
from app.web.page import done, go, page

doors = Doors()


def let_in(account: Account, go_on: str = "/", said: str = "", through: str = "") -> ResponseReturnValue:
    """A session, or first the second step if this account has one. Every way in ends here.

    `said`: what the first page is to tell whoever is in at once. `through`: the provider that vouched for them.
    """
    if Factors.of(account.id):
        sessions.carry(SignInStep.begin(account.id, through=through))
        return go(url_for("auth.second_step_new", next=go_on))
    sessions.begin(account.id, through=through)
    address = request.script_root + go_on
    return done(said, address) if said else go(address)


@doors.get("/sign-in/second-step")
@anyone
def new() -> ResponseReturnValue:
    """Which code?"""
    if district.here() is None:
        abort(404)
    go_on = local_path(request.args.get("next"))
    step = SignInStep.of_token(sessions.carried())
    if step is None or step.account_id is None:
        return go(sign_in_address(go_on))
    form, passkey_form = SecondStepForm(), PasskeyForm()
    form.next.data = passkey_form.next.data = go_on or ""
    return shown(step, form, passkey_form)


@doors.post("/sign-in/second-step")
@anyone
def create() -> ResponseReturnValue:
    """The right code opens the session."""
    if district.here() is None:
        abort(404)
    form, token = SecondStepForm(), sessions.carried()
    step = SignInStep.of_token(token)
    if step is None or step.account_id is None:
        return page("auth/begin_again.html", status=422, sentence=BeginAgain().sentence)
    if not form.validate():
        return shown(step, form, status=422)
    through = step.through
    try:
        account = proving.second_step(token, typed=form.code.data, address=request.remote_addr or "")
    except (BeginAgain, OnlyElsewhere) as refusal:
        return page("auth/begin_again.html", status=422, sentence=refusal.sentence)
    except NotThatCode as refusal:
        form.code.errors = [refusal.sentence]
        return shown(step, form, status=422)
    except MustWait as refusal:
        form.refuse(refusal.sentence)
        answer = shown(step, form, status=429)
        answer.headers["Retry-After"] = str(refusal.seconds)
        return answer
    sessions.begin(account.id, by_factor=True, through=through)
    return go(request.script_root + (local_path(form.next.data) or "/"))


def shown(
    step: SignInStep,
    form: SecondStepForm | None = None,
    passkey_form: PasskeyForm | None = None,
    status: int = 200,
) -> Response:
    """The ways that this account has to take the second step, whichever was tried before."""
    account = Account.signed_in(str(step.account_id))
    if account is None:
        return page("auth/begin_again.html", status=422, sentence=BeginAgain().sentence)
    form, passkey_form = form or SecondStepForm.blank(), passkey_form or PasskeyForm.blank()
    form.next.data = passkey_form.next.data = form.next.data or passkey_form.next.data
    step.challenge = step.challenge or ceremonies.new_challenge()
    return page(
        "auth/second_step.html",
        status=status,
        form=form,
        passkey_form=passkey_form,
        step=step,
        factors=Factors.of(account.id),
        options=ceremonies.to_recognise(step.challenge, account),
        failed=status != 200,
    )
