"""Signing in, and carrying along what somebody was writing when their session ended."""

from typing import Protocol

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from app.auth.actions import signing_in
from app.auth.actions.refused import MustWait, NotThem, OnlyElsewhere
from app.auth.forms import PasskeyAskForm, SignInForm
from app.auth.views import front_door, second_step
from app.core.room import Doors
from app.core.settings import get_settings
from app.web import district, drafts, sessions
from app.web.guard import anyone, local_path, visitor
from app.web.page import go, page

doors = Doors()

NOT_SAFE = (
    "Signing in needs a safe connection, and this one is not: the address must begin with https:// "
    "(or with http://localhost on this very machine)."
)


class DemoAccount(Protocol):
    """One line of the demo's list: which district, who it is, and what to type."""

    slug: str
    what: str
    name: str
    email: str
    password: str


@doors.get("/sign-in")
@anyone
def new() -> ResponseReturnValue:
    """The form; whoever is signed in already goes on."""
    if district.here() is None:
        return front_door.ask_where()
    go_on = local_path(request.args.get("next"))
    if visitor() is not None:
        return go(request.script_root + (go_on or "/"))
    form = SignInForm()
    form.next.data = go_on or ""
    if not sessions.can_be_kept():
        form.refuse(NOT_SAFE)
    return _shown(form)


@doors.post("/sign-in")
@anyone
def create() -> ResponseReturnValue:
    """Address and password open a new session; a draft that came along is kept for its author."""
    if district.here() is None:
        return front_door.find_district()
    form = SignInForm()
    if not sessions.can_be_kept():
        form.refuse(NOT_SAFE)
        return _shown(form, 422)
    if not form.validate():
        return _shown(form, 422)
    try:
        account = signing_in.sign_in(
            email=form.email.data, password=form.password.data, address=request.remote_addr or ""
        )
    except (NotThem, OnlyElsewhere) as refusal:
        form.refuse(refusal.sentence)
        return _shown(form, 422)
    except MustWait as refusal:
        form.refuse(refusal.sentence)
        answer = _shown(form, 429)
        answer.headers["Retry-After"] = str(refusal.seconds)
        return answer
    go_on = local_path(drafts.keep_for(account.id)) or local_path(form.next.data) or "/"
    return second_step.let_in(account, go_on)


def _shown(form: SignInForm, status: int = 200) -> Response:
    kept = drafts.carried() if request.method == "POST" else None
    template = "auth/session_ended.html" if kept else "auth/sign_in.html"
    passkey_form = PasskeyAskForm.blank()
    passkey_form.next.data = form.next.data
    return page(
        template,
        status=status,
        form=form,
        kept=kept,
        passkey_form=passkey_form,
        failed=status != 200,
        demo=_demo_accounts(),
    )


def _demo_accounts() -> list[DemoAccount]:
    """The demo's own accounts of this district; nowhere else is there a list of anybody."""
    card = district.here()
    known = current_app.extensions.get("demo_accounts", ()) if get_settings().demo else ()
    return [one for one in known if card is not None and one.slug == card.slug]
