"""The second step of signing in, and showing again that it is still them."""

from typing import Final, NoReturn

from app.auth.actions import ceremonies, requiring, signing_in, trying
from app.auth.actions.refused import BeginAgain, NotThatCode, NotThatPasskey, NotThem, OnlyElsewhere
from app.auth.models import recovery_code
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sign_in_step import SignInStep
from app.core.actor import acting_as
from app.core.audit import noted
from app.core.db import db

SECOND_STEP: Final = "second step"


def second_step(token: str | None, *, typed: str, address: str) -> Account:
    """Whoever gave the password, in now. Raises BeginAgain, MustWait, NotThatCode or OnlyElsewhere.

    `token`: what the browser carries since the first step. `typed`: a code of the app, or a recovery code.
    """
    step = SignInStep.of_token(token)
    account = Account.signed_in(str(step.account_id)) if step and step.account_id else None
    if step is None or account is None:
        raise BeginAgain
    how = _how(step)
    _take(account, typed, address)
    signing_in.is_in(account, **how)
    SignInStep.end_all(account.id)
    db.session.flush()
    return account


def by_passkey(token: str | None, *, answer: str, address: str) -> Account:
    """Whoever has that key, in now: after the password, or instead of it. Raises BeginAgain, MustWait, NotThatPasskey,
    OnlyElsewhere.

    `token`: what the browser carries since it was asked. `answer`: what its authenticator said, as JSON.
    """
    step = SignInStep.of_token(token)
    if step is None:
        raise BeginAgain
    attempt = trying.counted(SECOND_STEP, str(step.account_id or step.id), address)
    account = _whose_passkey(step, answer)
    if account is None:
        noted("passkey refused", "accounts", step.account_id)
        db.session.commit()
        raise NotThatPasskey
    attempt.worked = True
    signing_in.is_in(account, **_how(step))
    db.session.delete(step)
    SignInStep.end_all(account.id)
    db.session.flush()
    return account


def _whose_passkey(step: SignInStep, answer: str) -> Account | None:
    try:
        passkey = ceremonies.recognised(answer, step.take_challenge())
    except NotThatPasskey:
        return None
    is_theirs = step.account_id in (None, passkey.account_id)
    return Account.signed_in(str(passkey.account_id)) if is_theirs else None


def confirm(account: Account, *, typed: str, address: str) -> None:
    """It is still them, by their password or by a code. Raises MustWait or NotThem."""
    attempt = trying.counted(SECOND_STEP, str(account.id), address)
    if not (_knows(account, typed) or _fits(account, typed)):
        _not_confirmed(account)
    attempt.worked = True
    noted("confirmed who they are", "accounts", account.id)


def confirm_by_passkey(account: Account, *, answer: str, challenge: str | None, address: str) -> None:
    """It is still them, by a passkey of theirs. Raises MustWait or NotThem."""
    attempt = trying.counted(SECOND_STEP, str(account.id), address)
    try:
        passkey = ceremonies.recognised(answer, challenge)
    except NotThatPasskey:
        _not_confirmed(account)
    if passkey.account_id != account.id:
        _not_confirmed(account)
    attempt.worked = True
    noted("confirmed who they are", "accounts", account.id, by="passkey")


def _knows(account: Account, typed: str) -> bool:
    try:
        requiring.refuse_local(account)
    except OnlyElsewhere:
        return False
    return account.knows(typed)


def _not_confirmed(account: Account) -> NoReturn:
    noted("confirmation refused", "accounts", account.id)
    db.session.commit()
    raise NotThem


def _how(step: SignInStep) -> dict[str, str]:
    return {"through": step.through} if step.through else {}


def _take(account: Account, typed: str, address: str) -> None:
    attempt = trying.counted(SECOND_STEP, str(account.id), address)
    with acting_as(account):
        fits = _fits(account, typed)
        if not fits:
            noted("second factor refused", "accounts", account.id)
            db.session.commit()
            raise NotThatCode
    attempt.worked = True


def _fits(account: Account, typed: str) -> bool:
    factors, code = Factors.of(account.id), "".join(typed.split())
    if recovery_code.looks_like_one(code):
        if not factors or RecoveryCode.use(account.id, code) is None:
            return False
        noted("used a recovery code", "accounts", account.id)
        return True
    return factors.app is not None and factors.app.takes(code)
