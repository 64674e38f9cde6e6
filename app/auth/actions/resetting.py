"""A new password by a link. Whoever asks gets the same answer, whether the address has an account or not."""

from typing import Final

from app.auth.actions import inviting, requiring, trying
from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.sealed_account import SealedAccount
from app.core import quotas
from app.core.audit import noted
from app.core.db import uuid7
from app.core.queue import later

RESET: Final = "reset"


def ask(*, email: str, address: str) -> None:
    """Send a link if there is somebody to send it to. Raises MustWait after many tries, known address or not.

    Raises OnlyElsewhere, for any address, where a provider alone opens accounts.
    """
    requiring.refuse_local()
    trying.counted(RESET, email, address)
    account = Account.with_address(email)
    is_sealed = account is not None and SealedAccount.of(account.id) is not None
    if account is None or is_sealed or account.state == "suspended" or quotas.is_reached(quotas.LINKS):
        later(inviting.POST_LINK, uuid7(), queue="notifications")  # finds nothing; takes as long
        return
    link = OneTimeLink.make(account, "reset" if account.state == "active" else "invite")
    noted("asked for a new password", "accounts", account.id)
    later(inviting.POST_LINK, link.id, queue="notifications")


def set_password(token: str, new_password: str) -> Account:
    """Set the new password and end every session. Raises LinkUsedUp or WeakPassword."""
    return inviting.open_by_link(token, "reset", new_password, did="set a new password")
