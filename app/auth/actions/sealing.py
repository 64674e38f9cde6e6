"""Sealing the account for emergencies, and what happens when somebody opens it."""

import secrets
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Final

from app.auth.actions import ceremonies, granting
from app.auth.actions.refused import Refused
from app.auth.models.account import Account
from app.auth.models.passkey import Passkey
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sealed_account import SealedAccount
from app.auth.models.sign_in_identity import SignInIdentity
from app.auth.models.sign_in_step import SignInStep
from app.core import clock, sessions
from app.core.actor import Actor, Role
from app.core.audit import noted
from app.core.db import db
from app.core.directory import district_by_id
from app.core.queue import later
from app.core.sessions import WebSession
from app.core.tenancy import current_district_id

TELL_OF_SEALING: Final = "jobs.auth.tell_of_sealing"
TELL_OF_OPENING: Final = "jobs.auth.tell_of_opening"
BYTES: Final = 15  # 120 bits, in six groups of four

NOT_THIS_ONE: Final = "This is the sealed account. Seal it anew under “How people sign in”."


@dataclass(frozen=True)
class SafePaper:
    """What goes into the safe: told once, and kept nowhere."""

    name: str
    address: str
    code: str = field(repr=False)
    recovery_codes: list[str] = field(repr=False)


def seal(name: str, *, by: Actor) -> SafePaper:
    """A fresh code and fresh recovery codes for the sealed account, which is made if there is none.

    Everything that opened it before, a security key included, opens it no more.
    """
    account = _account(" ".join(name.split()), by)
    sealed = SealedAccount.of(account.id)
    if sealed is None:
        sealed = SealedAccount(account_id=account.id)
        db.session.add(sealed)
    sealed.sealed_at, sealed.opened_at = clock.now(), None
    sealed.sealed_by_id = by.id if by.kind == "account" and by.id != account.id else None
    code = _random()
    account.set_password(code)
    for old in (*Passkey.of(account.id), *SignInIdentity.of_account(account.id)):
        db.session.delete(old)
    account.signs_in_elsewhere = False
    codes = RecoveryCode.make_all(account.id)
    SignInStep.end_all(account.id)
    sessions.end_all(account.id)
    noted("sealed the account for emergencies", "accounts", account.id)
    later(TELL_OF_SEALING, sealed.id, queue="notifications")
    db.session.flush()
    return SafePaper(account.name, account.email, code, codes)


def add_key(sealed: SealedAccount, *, name: str, answer: str, here: WebSession) -> Passkey:
    """A security key that lies in the safe too. Raises NotThatPasskey or Refused."""
    passkey = ceremonies.added(sealed.account, name, answer, here.take_challenge())
    noted("added a passkey to the sealed account", "accounts", sealed.account_id)
    return passkey


def opened(account: Account) -> None:
    """Called for everybody who is in: of the sealed account all admins hear at once."""
    sealed = SealedAccount.of(account.id)
    if sealed is not None:
        sealed.open()
        noted("opened the sealed account", "accounts", account.id)
        later(TELL_OF_OPENING, sealed.id, queue="notifications")


def refuse_if_sealed(account: Account) -> None:
    """Raises Refused: what is done to people's accounts is not done to this one."""
    if SealedAccount.of(account.id) is not None:
        raise Refused(NOT_THIS_ONE)


def _account(name: str, by: Actor) -> Account:
    sealed = SealedAccount.of_district()
    if sealed is not None:
        account = Account.find(sealed.account_id)
        assert account is not None
        account.name = name
        return account
    card = district_by_id(current_district_id())
    assert card is not None
    # No mailbox has this address: nothing is ever sent there.
    account = Account(email=f"break-glass@{card.slug}", name=name, grants=[])
    db.session.add(account)
    db.session.flush()
    granting.grant(account, Role.ADMIN, None, by=by)
    return account


def _random() -> str:
    text = b32encode(secrets.token_bytes(BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
