"""Setting up a second factor, and giving it up."""

from app.auth.actions import ceremonies, sealing
from app.auth.actions.refused import NotThatCode, Refused, StillAsked
from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.factors import Factors
from app.auth.models.passkey import Passkey
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sign_in_step import SignInStep
from app.core import sessions
from app.core.actor import Actor
from app.core.audit import noted
from app.core.db import db
from app.core.directory import district_by_id
from app.core.queue import later
from app.core.sessions import WebSession

TELL_OF_LOSS = "jobs.auth.tell_of_taken_factors"
TELL_OF_CHANGE = "jobs.auth.tell_of_changed_factors"


def begin_app(account: Account) -> AuthenticatorApp:
    """A fresh secret to be shown once; nothing is asked at sign-in until a code of it was typed. Raises Refused."""
    app = AuthenticatorApp.of(account.id)
    if app is not None and app.confirmed_at:
        raise Refused("You have an authenticator app already. Remove it first, then set up the new one.")
    if app is not None:
        db.session.delete(app)
        db.session.flush()
    return AuthenticatorApp.make(account.id)


def confirm_app(account: Account, code: str, *, here: WebSession) -> list[str]:
    """From here on a code is asked for, and every other session ends. Raises NotThatCode or Refused.

    The recovery codes, if there were none yet.
    """
    app = AuthenticatorApp.of(account.id)
    if app is None or app.confirmed_at:
        raise Refused("There is nothing to confirm any more. Look at what you have below.")
    if not app.takes("".join(code.split())):
        raise NotThatCode
    app.confirm()
    tell_of_change(account, "set up an authenticator app")
    return _has_a_factor(account, here)


def add_passkey(account: Account, *, name: str, answer: str, here: WebSession) -> list[str]:
    """Keep the key that a browser made. Raises NotThatPasskey or Refused; returns as confirm_app() does."""
    ceremonies.added(account, name, answer, here.take_challenge())
    tell_of_change(account, "added a passkey")
    return _has_a_factor(account, here)


def remove_app(account: Account) -> None:
    """No code is asked for any more. Raises StillAsked."""
    app = Factors.of(account.id).app
    if app is not None:
        _remove(account, app, "removed the authenticator app")


def remove_passkey(account: Account, passkey: Passkey) -> None:
    """Nobody signs in with it any more. Raises StillAsked."""
    _remove(account, passkey, "removed a passkey")


def new_codes(account: Account) -> list[str]:
    """Ten fresh recovery codes; the older ones stop working. Raises Refused."""
    if not Factors.of(account.id):
        raise Refused("Recovery codes stand in for a second factor. Set one up first.")
    tell_of_change(account, "made new recovery codes")
    return RecoveryCode.make_all(account.id)


def take_away(account: Account, *, by: Actor) -> None:
    """Somebody lost theirs: all of them go, every session ends, and a mail tells the person. Raises Refused."""
    if account.id == by.id:
        raise Refused("This is you. Change your own factors under “Your sign-in”, or ask another admin.")
    sealing.refuse_if_sealed(account)
    app = AuthenticatorApp.of(account.id)
    if app is not None:
        db.session.delete(app)
    for passkey in Passkey.of(account.id):
        db.session.delete(passkey)
    RecoveryCode.remove_all(account.id)
    SignInStep.end_all(account.id)
    sessions.end_all(account.id)
    noted("took away the second factors", "accounts", account.id)
    later(TELL_OF_LOSS, account.id, queue="notifications")


def tell_of_change(account: Account, did: str) -> None:
    """Note it, and have them told by mail: if it was not they, they should know."""
    noted(did, "accounts", account.id)
    later(TELL_OF_CHANGE, account.id, queue="notifications")


def _has_a_factor(account: Account, here: WebSession) -> list[str]:
    sessions.has_its_factor(here)
    sessions.end_all(account.id, but=here.id)
    return [] if RecoveryCode.left(account.id) else RecoveryCode.make_all(account.id)


def _remove(account: Account, factor: AuthenticatorApp | Passkey, did: str) -> None:
    card = district_by_id(account.district_id)
    if Factors.of(account.id).count == 1 and card is not None and card.asks_a_factor_of(account):
        raise StillAsked
    db.session.delete(factor)
    db.session.flush()
    tell_of_change(account, did)
    if not Factors.of(account.id):
        RecoveryCode.remove_all(account.id)
        sessions.have_no_factor(account.id)
