"""Inviting somebody, and accepting an invitation."""

from collections.abc import Iterable
from uuid import UUID

from app.auth.actions import granting, requiring
from app.auth.actions.refused import LinkUsedUp, Refused, WeakPassword
from app.auth.models import password as passwords
from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.sign_in_step import SignInStep
from app.core import quotas, sessions
from app.core.actor import Actor, Role, acting_as
from app.core.audit import noted
from app.core.db import db
from app.core.queue import later

POST_LINK = "jobs.auth.post_link"
ENOUGH_LINKS = (
    "This district has made as many links as it may within an hour, so nobody was invited. Try again when the next "
    "hour begins."
)


def invite(
    *,
    email: str,
    name: str,
    roles: Iterable[tuple[Role, UUID | None]],
    by: Actor,
    person_id: UUID | None = None,
    send: bool = True,
) -> OneTimeLink:
    """A new account with its roles, and the link that opens it. `send`: by mail, or the caller shows it.

    Raises Refused; so it does where a provider alone opens accounts.
    """
    requiring.refuse_local()
    if Account.with_address(email) is not None:
        raise Refused("Somebody in this district already has an account with that address.")
    account = Account(email=email.strip().lower(), name=name.strip(), person_id=person_id, grants=[])
    db.session.add(account)
    db.session.flush()
    for role, school_id in roles:
        granting.grant(account, role, school_id, by=by)
    return _link(account, send)


def invite_again(account: Account, *, by: Actor, send: bool = True) -> OneTimeLink:
    """A fresh link for somebody who has not accepted yet; the older one stops working. Raises Refused."""
    requiring.refuse_local()
    if account.state != "invited":
        raise Refused(f"{account.name} has accepted already. They can ask for a new password themselves.")
    noted("invited again", "accounts", account.id)
    return _link(account, send)


def accept(token: str, new_password: str) -> Account:
    """Open the account with its first password. Raises LinkUsedUp or WeakPassword; a refusal uses nothing up."""
    return open_by_link(token, "invite", new_password, did="accepted the invitation")


def open_by_link(token: str, purpose: str, new_password: str, *, did: str) -> Account:
    """Use a link up and set the password it was for. Every session of the account ends.

    Raises LinkUsedUp, WeakPassword or OnlyElsewhere.
    """
    requiring.refuse_local()
    link = OneTimeLink.use(token, purpose)
    account = link.account if link else None
    if link is None or account is None or account.state == "suspended":
        db.session.rollback()
        raise LinkUsedUp
    weakness = passwords.weakness(new_password, name=account.name, email=account.email)
    if weakness:
        db.session.rollback()  # the link still works for a better one
        raise WeakPassword(weakness)
    with acting_as(account):
        account.set_password(new_password)
        sessions.end_all(account.id)
        SignInStep.end_all(account.id)
        noted(did, "accounts", account.id)
        db.session.flush()
    return account


def _link(account: Account, send: bool) -> OneTimeLink:
    if quotas.is_reached(quotas.LINKS):
        raise Refused(ENOUGH_LINKS)
    link = OneTimeLink.make(account, "invite")
    if send:
        later(POST_LINK, link.id, queue="notifications")
    return link
