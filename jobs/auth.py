"""Letters about accounts: signing in has never heard of the mail room, so the chain lies here."""

from uuid import UUID

from app.auth.models.account import Account
from app.auth.models.factor_changes import lately_changed
from app.auth.models.one_time_link import LASTS, OneTimeLink
from app.auth.models.sealed_account import SealedAccount, admins
from app.core.db import db
from app.notices.actions import compose
from app.notices.models.mail_setting import desk
from jobs import job


@job
def post_link(link_id: UUID) -> None:
    """Send somebody their invitation, or the link for a new password."""
    link = OneTimeLink.find(link_id)
    if link is None or not link.still_works():
        return
    account = link.account
    told = {"name": account.name, "link": link.address, "minutes": int(LASTS.total_seconds() // 60)}
    if link.purpose == "invite":
        compose.email(
            "account_invited", account.email, account.person_id, told | {"by": _who_invited(account)}
        )
    else:
        compose.email("password_reset", account.email, account.person_id, told)


@job
def tell_of_taken_factors(account_id: UUID) -> None:
    """Tell somebody that an admin took their second factors away: if they did not ask for it, they should know."""
    account = Account.find(account_id)
    if account is not None and account.is_active:
        compose.email("factors_taken_away", account.email, account.person_id, {"name": account.name})


@job
def tell_of_changed_factors(account_id: UUID) -> None:
    """Tell somebody what was changed about their way in, within the last minutes: it may not have been they."""
    account = Account.find(account_id)
    changes = lately_changed(account_id)
    if account is not None and account.is_active and changes:
        told = {"name": account.name, "changes": changes}
        compose.email("factors_changed", account.email, account.person_id, told)


@job
def tell_of_opening(sealed_id: UUID) -> None:
    """Tell all admins that somebody signed in with the sealed account."""
    _tell_admins(
        sealed_id,
        "Somebody has just signed in with the sealed account.",
        "If none of you did, end its session there at once. When the emergency is over, seal it anew: what lay in the "
        "safe is known now.",
    )


@job
def tell_of_sealing(sealed_id: UUID) -> None:
    """Tell all admins that there is new paper for the safe: whoever has it is an admin."""
    _tell_admins(
        sealed_id,
        "The sealed account was sealed: it has a new code, and new recovery codes.",
        "Whoever holds that paper can be an admin of the district. If none of you sealed it, seal it anew yourself.",
    )


def _tell_admins(sealed_id: UUID, happened: str, do: str) -> None:
    if db.session.get(SealedAccount, sealed_id) is None:
        return
    for admin in admins():
        told = {"name": admin.name, "happened": happened, "do": do}
        compose.email("sealed_account", admin.email, admin.person_id, told)


def _who_invited(account: Account) -> str:
    given_by = next((grant.granted_by_id for grant in account.grants if grant.granted_by_id), None)
    inviter = Account.find(given_by) if given_by else None
    return inviter.name if inviter else desk().district.name
