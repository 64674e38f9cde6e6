"""What an account has beside its password."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import func, select

from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.recovery_code import RecoveryCode
from app.core.db import db


@dataclass(frozen=True)
class Factors:
    """The second factors of one account, as they stand now."""

    #: Only once it was confirmed.
    app: AuthenticatorApp | None
    codes_left: int

    @classmethod
    def of(cls, account_id: UUID) -> Self:
        """What this account has."""
        app = AuthenticatorApp.of(account_id)
        return cls(app if app and app.confirmed_at else None, RecoveryCode.left(account_id))

    @property
    def in_words(self) -> str:
        """What they have, as an admin reads it."""
        return f"An authenticator app, and {self.codes_left} recovery codes that still work" if self.app else "None"

    def __bool__(self) -> bool:
        """True if one is asked for at sign-in. Recovery codes alone are none: they stand in for one."""
        return self.app is not None


def counted() -> tuple[int, int]:
    """How many of this district's active accounts have a second factor, and how many there are."""
    active = select(func.count(Account.id)).where(Account.state == "active")
    with_app = select(AuthenticatorApp.account_id).where(AuthenticatorApp.confirmed_at.is_not(None))
    having = active.where(Account.id.in_(with_app))
    return db.session.scalar(having) or 0, db.session.scalar(active) or 0
