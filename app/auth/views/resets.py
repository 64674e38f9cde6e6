"""A forgotten password. No answer here says whether an address has an account."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import requiring, resetting
from app.auth.actions.refused import LinkUsedUp, MustWait, OnlyElsewhere, WeakPassword
from app.auth.forms import ForgottenForm, NewPasswordForm
from app.auth.models.one_time_link import OneTimeLink
from app.auth.views import second_step
from app.core.room import Doors
from app.web.guard import anyone
from app.web.page import go, page

doors = Doors()


@doors.get("/resets")
@anyone
def new() -> ResponseReturnValue:
    """Which address? Where a provider alone opens accounts, why there is no link."""
    try:
        requiring.refuse_local()
    except OnlyElsewhere as refusal:
        return page("auth/only_elsewhere.html", sentence=refusal.sentence)
    return page("auth/reset_ask.html", form=ForgottenForm())


@doors.post("/resets")
@anyone
def create() -> ResponseReturnValue:
    """The same answer for every address."""
    form = ForgottenForm()
    if not form.validate():
        return page("auth/reset_ask.html", status=422, form=form)
    try:
        resetting.ask(email=form.email.data, address=request.remote_addr or "")
    except OnlyElsewhere as refusal:
        return page("auth/only_elsewhere.html", status=422, sentence=refusal.sentence)
    except MustWait as refusal:
        form.refuse(refusal.sentence)
        answer = page("auth/reset_ask.html", status=429, form=form, failed=True)
        answer.headers["Retry-After"] = str(refusal.seconds)
        return answer
    return go(url_for("auth.resets_asked"))


@doors.get("/resets/asked")
@anyone
def asked() -> ResponseReturnValue:
    """What happens now, whoever asked."""
    return page("auth/reset_asked.html")


@doors.get("/resets/<token>")
@anyone
def show(token: str) -> ResponseReturnValue:
    """The form, while the link works. Opening it uses nothing up."""
    if OneTimeLink.working(token, "reset") is None:
        return page("auth/link_used_up.html", status=410, sentence=LinkUsedUp().sentence)
    return page("auth/reset.html", form=NewPasswordForm())


@doors.post("/resets/<token>")
@anyone
def change(token: str) -> ResponseReturnValue:
    """The new password ends every session and opens one here."""
    form = NewPasswordForm()
    if form.validate():
        try:
            account = resetting.set_password(token, form.password.data)
        except OnlyElsewhere as refusal:
            return page("auth/only_elsewhere.html", status=422, sentence=refusal.sentence)
        except LinkUsedUp as refusal:
            return page("auth/link_used_up.html", status=410, sentence=refusal.sentence)
        except WeakPassword as refusal:
            form.password.errors = [refusal.sentence]
        else:
            return second_step.let_in(
                account, said="Your password is changed, and you are signed in here alone."
            )
    return page("auth/reset.html", status=422, form=form)
