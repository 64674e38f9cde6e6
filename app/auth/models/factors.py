"""What an account has beside its password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import func, or_, select

from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.passkey import Passkey
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sealed_account import SealedAccount
from app.core.db import db


@dataclass(frozen=True)
class Factors:
    """The second factors of one account, as they stand now."""

    #: Only once it was confirmed.
    app: AuthenticatorApp | None
    passkeys: Sequence[Passkey]
    codes_left: int
    #: The district's sealed account: its second step is always asked, and its paper is enough for it.
    is_sealed: bool = False

    @classmethod
    def of(cls, account_id: UUID) -> Self:
        """What this account has."""
        app = AuthenticatorApp.of(account_id)
        confirmed = app if app and app.confirmed_at else None
        return cls(
            confirmed,
            Passkey.of(account_id),
            RecoveryCode.left(account_id),
            SealedAccount.of(account_id) is not None,
        )

    @property
    def count(self) -> int:
        """How many ways there are to take the second step."""
        return len(self.passkeys) + (self.app is not None)

    @property
    def in_words(self) -> str:
        """What they have, as an admin reads it."""
        app = ["an authenticator app"] if self.app else []
        keys = [f"{len(self.passkeys)} {'passkey' if len(self.passkeys) == 1 else 'passkeys'}"]
        return " and ".join([*app, *(keys if self.passkeys else [])]).capitalize() or "None"

    def __bool__(self) -> bool:
        """True if one is asked for at sign-in. Recovery codes alone are none: they stand in for one."""
        return self.count > 0 or self.is_sealed


def counted() -> tuple[int, int]:
    """How many of this district's active accounts have a second factor, and how many there are."""
    active = select(func.count(Account.id)).where(Account.state == "active")
    with_app = select(AuthenticatorApp.account_id).where(AuthenticatorApp.confirmed_at.is_not(None))
    with_key = select(Passkey.account_id)
    having = active.where(or_(Account.id.in_(with_app), Account.id.in_(with_key)))
    return db.session.scalar(having) or 0, db.session.scalar(active) or 0
