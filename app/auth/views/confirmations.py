"""Showing again that it is still them, before the way in is changed: a session may have been left open."""

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.auth.actions import proving
from app.auth.actions.refused import MustWait, NotThem
from app.auth.forms import ConfirmForm
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account, next_page
from app.core import sessions as rows
from app.core.room import Doors
from app.web import sessions
from app.web.guard import CONFIRM, FACTORS, allow, local_path
from app.web.page import go, page

doors = Doors()

DOES_NOT_FIT = "That is neither your password nor a code that still works. Check it, then try again."


@doors.get(CONFIRM)
@allow(May.KEEP_OWN_FACTORS, RULES, before_factor=True)
def new() -> ResponseReturnValue:
    """Password, or a code."""
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
    rows.confirm(sessions.this_session())
    return go(request.script_root + (local_path(form.next.data) or FACTORS))


def _shown(form: ConfirmForm, status: int = 200) -> Response:
    account: Account = my_account()
    return page(
        "auth/confirm.html", status=status, form=form, factors=Factors.of(account.id), failed=status != 200
    )
