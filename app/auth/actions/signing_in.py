"""Signing in with an address and a password."""

from typing import Final

from app.auth.actions import requiring, sealing, trying
from app.auth.actions.refused import NotThem
from app.auth.models import password as passwords
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.core import clock
from app.core.actor import acting_as
from app.core.audit import noted
from app.core.db import db

SIGN_IN: Final = "sign in"


def sign_in(*, email: str, password: str, address: str) -> Account:
    """The account that this is. Raises MustWait, NotThem or OnlyElsewhere. Whoever has a second factor is not in yet.

    1. The try is counted and committed before it is decided: many at once see each other.
    2. Where a provider is asked for, no password is looked at but the sealed account's.
    3. The password is compared even where there is no account, so the clock tells nothing.
    """
    attempt = trying.counted(SIGN_IN, email, address)
    account = Account.with_address(email)
    requiring.refuse_local(account)
    right = account.knows(password) if account else passwords.matches(password, None)
    if account is None or not right or not account.may_sign_in():
        noted("sign-in refused", "accounts", account.id if account else None)
        db.session.commit()
        raise NotThem
    attempt.worked = True
    if Factors.of(account.id):
        with acting_as(account):
            noted("gave the password", "accounts", account.id)
    else:
        is_in(account)
    return account


def is_in(account: Account, **how: str) -> None:
    """Nothing more is asked of them. `through`: the provider, if it was one. Raises OnlyElsewhere."""
    if not how.get("through"):
        requiring.refuse_local(account)
    with acting_as(account):
        sealing.opened(account)
        noted("signed in", "accounts", account.id, **how)
        account.last_sign_in_at = clock.now()
        db.session.flush()
