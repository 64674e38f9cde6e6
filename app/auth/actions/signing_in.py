"""Signing in with an address and a password."""

from typing import Final

from app.auth.actions.refused import MustWait, NotThem
from app.auth.models import password as passwords
from app.auth.models.account import Account
from app.auth.models.sign_in_attempt import SignInAttempt
from app.core import clock
from app.core.actor import acting_as
from app.core.audit import noted
from app.core.db import db

SIGN_IN: Final = "sign in"


def sign_in(*, email: str, password: str, address: str) -> Account:
    """The account that this is. Raises MustWait or NotThem.

    1. The try is counted and committed before it is decided: many at once see each other.
    2. The password is compared even where there is no account, so the clock tells nothing.
    """
    attempt = _counted(email, address)
    account = Account.with_address(email)
    right = account.knows(password) if account else passwords.matches(password, None)
    if account is None or not right or account.state != "active":
        noted("sign-in refused", "accounts", account.id if account else None)
        db.session.commit()
        raise NotThem
    attempt.worked = True
    with acting_as(account):
        noted("signed in", "accounts", account.id)
        account.last_sign_in_at = clock.now()
        db.session.flush()
    return account


def _counted(email: str, address: str) -> SignInAttempt:
    attempt = SignInAttempt.begin(SIGN_IN, email, address)
    db.session.commit()
    wait = attempt.must_wait()
    if wait:
        db.session.delete(attempt)  # waiting does not make the wait longer
        db.session.commit()
        raise MustWait(wait)
    return attempt
