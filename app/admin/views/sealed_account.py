"""The account for emergencies: sealed here, its paper shown once, and how it was used."""

from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.sign_in import SafeKeyForm, SealForm
from app.admin.permissions import RULES, May
from app.auth.actions import ceremonies, sealing
from app.auth.actions.refused import NotThatPasskey, Refused
from app.auth.models.passkey import Passkey
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sealed_account import SealedAccount
from app.core import sessions as rows
from app.core.room import Doors
from app.web import sessions
from app.web.guard import allow, me
from app.web.page import done, go, page

doors = Doors()

SEAL_FIRST = "Seal the account first."


@doors.get("/admin/sealed-account")
@allow(May.SEAL, RULES)
def show() -> ResponseReturnValue:
    """Whether one is sealed, whether its seal holds, and where it is signed in now."""
    return _shown(SealForm.filled())


@doors.post("/admin/sealed-account")
@allow(May.SEAL, RULES, paper=SealForm, confirmed=True)
def seal() -> ResponseReturnValue:
    """A new code and new recovery codes, shown this once."""
    form = SealForm.filled()
    if not form.validate():
        return _shown(form, 422)
    return page("admin/safe_paper.html", paper=sealing.seal(form.name.data or "", by=me()))


@doors.post("/admin/sealed-account/sign-out")
@allow(May.SEAL, RULES)
def sign_out() -> ResponseReturnValue:
    """End its sessions, wherever they are."""
    sealed = SealedAccount.of_district()
    if sealed is not None:
        rows.end_all(sealed.account_id)
    return done("The sealed account is signed out.", url_for("admin.sealed_account_show"))


@doors.post("/admin/sealed-account/key/ask")
@allow(May.SEAL, RULES, confirmed=True)
def ask_for_key() -> ResponseReturnValue:
    """A fresh challenge, which the next page puts to the browser."""
    sessions.this_session().challenge = ceremonies.new_challenge()
    return go(url_for("admin.sealed_account_new_key"))


@doors.get("/admin/sealed-account/key")
@allow(May.SEAL, RULES, confirmed=True)
def new_key() -> ResponseReturnValue:
    """A name, and the browser's own question."""
    sealed = SealedAccount.of_district()
    if sealed is None or sessions.this_session().challenge is None:
        return go(url_for("admin.sealed_account_show"))
    return _asked(SafeKeyForm.filled(), sealed)


@doors.post("/admin/sealed-account/key")
@allow(May.SEAL, RULES, paper=SafeKeyForm, confirmed=True)
def add_key() -> ResponseReturnValue:
    """Keep the key. A refusal asks the browser anew."""
    form, here, sealed = SafeKeyForm.filled(), sessions.this_session(), SealedAccount.of_district()
    is_whole = form.validate()
    if sealed is None:
        seal_form = SealForm.blank()
        seal_form.refuse(SEAL_FIRST)
        return _shown(seal_form, 422)
    if is_whole:
        try:
            sealing.add_key(sealed, name=form.name.data or "", answer=form.credential.data, here=here)
        except (NotThatPasskey, Refused) as refusal:
            form.refuse(refusal.sentence)
        else:
            return done("The key is added. Put it into the safe.", url_for("admin.sealed_account_show"))
    here.challenge = ceremonies.new_challenge()
    form.credential.data = ""
    return _asked(form, sealed, 422)


def _asked(form: SafeKeyForm, sealed: SealedAccount, status: int = 200) -> Response:
    options = ceremonies.to_add_one(sealed.account, sessions.this_session().challenge or "")
    return page("admin/safe_key.html", status=status, form=form, options=options)


def _shown(form: SealForm, status: int = 200) -> Response:
    sealed = SealedAccount.of_district()
    told: dict[str, Any] = {}
    if sealed is not None:
        told = {
            "keys": Passkey.of(sealed.account_id),
            "codes_left": RecoveryCode.left(sealed.account_id),
            "signed_in": rows.WebSession.living(sealed.account_id),
        }
    return page("admin/sealed_account.html", status=status, form=form, sealed=sealed, **told)
