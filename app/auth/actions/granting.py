"""Giving and taking roles. Any change ends the account's sessions, so that nobody works on with what they lost."""

from uuid import UUID

from sqlalchemy import func, select

from app.auth.actions.refused import LastAdmin, Refused
from app.auth.models.account import Account
from app.auth.models.role_grant import RoleGrant
from app.auth.models.sealed_account import SealedAccount
from app.core import sessions
from app.core.actor import Actor, Role
from app.core.audit import noted
from app.core.db import db


def grant(
    account: Account,
    role: Role,
    school_id: UUID | None,
    *,
    by: Actor,
    but: UUID | None = None,
    from_directory: bool = False,
) -> RoleGrant:
    """Give a role, at one school or (None) at all. `but`: the session in which somebody changes their own.

    What a group of the directory had given, and is now given by hand, stays when the group goes.
    """
    if role is Role.ADMIN and school_id is not None:
        raise Refused("An admin is admin of the whole district. Choose all schools.")
    held = account.grant_of(role, school_id)
    if held is not None:
        held.from_directory = held.from_directory and from_directory
        db.session.flush()
        return held
    given_by = by.id if by.kind == "account" else None
    given = RoleGrant(
        account_id=account.id,
        role=role.value,
        school_id=school_id,
        granted_by_id=given_by,
        from_directory=from_directory,
    )
    account.grants.append(given)
    db.session.flush()
    sessions.end_all(account.id, but=but)
    return given


def withdraw(held: RoleGrant, *, by: Actor, but: UUID | None = None) -> None:
    """Take a role away. Raises LastAdmin."""
    account = Account.find(held.account_id)
    assert account is not None
    if held.role == Role.ADMIN:
        _somebody_else_is_admin(account)
    account.grants.remove(held)
    # The row is gone, and with it the way from the account to what was done to it.
    noted("took a role away", "accounts", account.id, role=held.role, school_id=held.school_id)
    db.session.flush()
    sessions.end_all(account.id, but=but)


def suspend(account: Account, *, by: Actor) -> None:
    """Nobody signs in with it from this moment on. Raises LastAdmin."""
    if account.has(Role.ADMIN):
        _somebody_else_is_admin(account)
    account.suspend()
    db.session.flush()
    sessions.end_all(account.id)


def resume(account: Account, *, by: Actor) -> None:
    """Let them in again."""
    account.resume()
    db.session.flush()


def _somebody_else_is_admin(account: Account) -> None:
    # Locked, so that two admins cannot take each other's role at once.
    admins = db.session.scalars(
        select(RoleGrant).where(RoleGrant.role == Role.ADMIN.value).with_for_update()
    ).all()
    sealed = SealedAccount.of_district()
    left_out = {account.id, sealed.account_id if sealed else None}
    others = [grant.account_id for grant in admins if grant.account_id not in left_out]
    active = select(func.count(Account.id)).where(Account.id.in_(others), Account.state == "active")
    if not others or not db.session.scalar(active):
        raise LastAdmin
