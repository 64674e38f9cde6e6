"""How people sign in here: by their provider alone or not, and of whom a second factor is asked."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.actions import naming
from app.admin.forms.sign_in import FactorsForm
from app.admin.permissions import RULES, May
from app.auth.actions import requiring
from app.auth.actions.refused import Refused
from app.auth.models import factors
from app.auth.models.sealed_account import SealedAccount
from app.core.actor import Guest
from app.core.room import Doors
from app.web.district import here
from app.web.guard import allow, me
from app.web.page import done, page
from app.web.sessions import this_session

doors = Doors()

NOW_ASKED = {
    "nobody": "Nobody has to have a second factor. Those who have one are still asked for it.",
    "desk": "Admins and technicians need a second factor from their next page on.",
    "everybody": "Everybody needs a second factor from their next page on.",
}


@doors.get("/admin/sign-in")
@allow(May.KEEP_SIGN_IN, RULES)
def show() -> ResponseReturnValue:
    """Who is asked now, and how many would have to set one up."""
    return _shown(FactorsForm.filled(obj=here()))


@doors.post("/admin/sign-in")
@allow(May.KEEP_SIGN_IN, RULES, paper=FactorsForm, confirmed=True)
def change() -> ResponseReturnValue:
    """Ask others, or nobody."""
    form = FactorsForm.filled()
    if not form.validate():
        return _shown(form, 422)
    naming.ask_for_factors(of=form.factor_for.data)
    return done(NOW_ASKED[form.factor_for.data], url_for("admin.sign_in_show"))


@doors.post("/admin/sign-in/provider-only")
@allow(May.KEEP_SIGN_IN, RULES, confirmed=True)
def ask_for_provider() -> ResponseReturnValue:
    """From now on staff come in by Google or Microsoft alone."""
    try:
        requiring.turn_on(this_session())
    except Refused as refusal:
        return done(refusal.sentence, url_for("admin.sign_in_show"), tone="bad")
    return done(
        f"Staff sign in with {requiring.names()} alone. Whoever had come in otherwise is signed out.",
        url_for("admin.sign_in_show"),
    )


@doors.post("/admin/sign-in/provider-only/off")
@allow(May.KEEP_SIGN_IN, RULES, confirmed=True)
def take_passwords() -> ResponseReturnValue:
    """Passwords open accounts again."""
    requiring.turn_off()
    return done("Passwords open accounts again.", url_for("admin.sign_in_show"))


def _shown(form: FactorsForm, status: int = 200) -> Response:
    having, active = factors.counted()
    return page(
        "admin/sign_in.html",
        status=status,
        form=form,
        having=having,
        active=active,
        names=requiring.names(),
        missing=requiring.missing(None if isinstance(me(), Guest) else this_session()),
        sealed=SealedAccount.of_district(),
    )
