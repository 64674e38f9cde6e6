"""Sign-in by the district's provider alone: what it refuses, and who may ask for it.

Passwords, links for them and passkeys in their place open nothing then, except the one sealed account. Whoever asks
for it has come in by the provider themselves, and that account lies sealed: no district locks itself out.
"""

from app.auth.actions.refused import OnlyElsewhere, Refused
from app.auth.models.account import Account
from app.auth.models.sealed_account import SealedAccount
from app.auth.models.sign_in_provider import SignInProvider
from app.auth.models.sign_in_step import SignInStep
from app.core import sessions
from app.core.db import db
from app.core.directory import District, forget_directory, is_provider_only
from app.core.sessions import WebSession
from app.core.tenancy import current_district_id


def refuse_local(account: Account | None = None) -> None:
    """Raises OnlyElsewhere where a provider is asked for; not for the sealed account.

    What it answers stays true until this transaction ends: whoever turns it on waits for a sign-in that is under way.
    """
    if is_provider_only(current_district_id()) and not _is_sealed(account):
        raise OnlyElsewhere(names())


def names() -> str:
    """Google, Microsoft, or both, as this district has them turned on."""
    return " or ".join(one.provider.name for one in SignInProvider.in_use()) or "its provider"


def missing(here: WebSession | None) -> list[str]:
    """What must be done before a provider can be asked for, in sentences. `here`: the session that asks."""
    in_use = [one.word for one in SignInProvider.in_use()]
    if not in_use:
        return ["Turn on Google or Microsoft under “Outside services”."]
    sealed = SealedAccount.of_district()
    left = []
    if sealed is None or not sealed.holds:
        left.append("Seal an account for emergencies, and put its paper into a safe.")
    if here is None or here.through not in in_use:
        left.append(f"Sign in with {names()} yourself: sign out, and come back that way.")
    return left


def turn_on(here: WebSession) -> None:
    """From now on staff come in by the provider alone; sessions that it did not open end. Raises Refused."""
    left = missing(here)
    if left:
        raise Refused(" ".join(left))
    _set(True)
    SignInStep.end_all_local()
    sessions.end_all_local()
    _tell_the_house()


def turn_off() -> None:
    """Passwords open accounts again."""
    _set(False)
    _tell_the_house()


def refuse_to_lose_the_last(word: str) -> None:
    """Raises Refused where nobody could sign in without this provider."""
    others = [one.word for one in SignInProvider.in_use() if one.word != word]
    if is_provider_only(current_district_id()) and not others:
        raise Refused(
            "Your staff sign in with this alone. Let them use passwords again under “How people sign in” first."
        )


def _is_sealed(account: Account | None) -> bool:
    return account is not None and SealedAccount.of(account.id) is not None


def _set(on: bool) -> None:
    district = db.session.get(District, current_district_id())
    assert district is not None
    district.provider_only = on
    db.session.flush()


def _tell_the_house() -> None:
    # Committed before it is forgotten: the directory reads on a connection of its own.
    db.session.commit()
    forget_directory()
