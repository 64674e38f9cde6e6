"""Whom Google or Microsoft vouches for and the staff list does not know: an admin says who they are, or nobody."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.sign_in import AdmitForm
from app.admin.permissions import RULES, May
from app.auth.actions import recognising
from app.auth.actions.refused import Refused
from app.auth.models.held_sign_in import HeldSignIn
from app.core.db import db
from app.core.room import Doors
from app.roster.models.person import Person
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

NOBODY = "Nobody on the staff has that address. Add them under People first."


@doors.get("/admin/held-sign-ins")
@allow(May.ADMIT, RULES)
def index() -> ResponseReturnValue:
    """Who waits, and who was refused."""
    return page("admin/held_sign_ins.html", waiting=HeldSignIn.waiting(), refused=HeldSignIn.refused())


@doors.get("/admin/held-sign-ins/<uuid:id>")
@allow(May.ADMIT, RULES, of=HeldSignIn)
def show(held: HeldSignIn) -> ResponseReturnValue:
    """One of them, with what the provider says of them."""
    known = Person.with_address(held.email) if held.email else None
    return _shown(held, AdmitForm.filled(data={"email": known.email if known else ""}))


@doors.post("/admin/held-sign-ins/<uuid:id>")
@allow(May.ADMIT, RULES, of=HeldSignIn, paper=AdmitForm)
def accept(held: HeldSignIn) -> ResponseReturnValue:
    """From now on they sign in as that person."""
    form = AdmitForm.filled()
    if not form.validate():
        return _shown(held, form, 422)
    person = Person.with_address(form.email.data or "")
    if person is None:
        form.email.errors = [NOBODY]
        return _shown(held, form, 422)
    try:
        account = recognising.accept(held, person, by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(held, form, 422)
    return done(
        f"{account.name} can sign in with {held.provider_name} from now on.",
        url_for("admin.held_sign_ins_index"),
    )


@doors.post("/admin/held-sign-ins/<uuid:id>/refuse")
@allow(May.ADMIT, RULES, of=HeldSignIn)
def refuse(held: HeldSignIn) -> ResponseReturnValue:
    """Nobody of the staff: the next try is refused too."""
    recognising.refuse(held, by=me())
    return done(
        "They are told to ask you if that was a mistake. You can still let them in below.",
        url_for("admin.held_sign_ins_index"),
    )


def _shown(held: HeldSignIn, form: AdmitForm, status: int = 200) -> Response:
    return page("admin/held_sign_in.html", status=status, held=held, form=form)
