"""Letters about accounts: signing in has never heard of the mail room, so the chain lies here."""

from uuid import UUID

from app.auth.models.account import Account
from app.auth.models.one_time_link import LASTS, OneTimeLink
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


def _who_invited(account: Account) -> str:
    given_by = next((grant.granted_by_id for grant in account.grants if grant.granted_by_id), None)
    inviter = Account.find(given_by) if given_by else None
    return inviter.name if inviter else desk().district.name
