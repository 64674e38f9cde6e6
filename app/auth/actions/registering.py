"""What an admin says about a district's registration at a provider, and trying out whether it can work."""

from datetime import date

from app.auth.actions.refused import Refused
from app.auth.models.sign_in_provider import SignInProvider
from app.core.audit import noted
from app.core.db import db
from app.core.directory import domains_of
from app.core.tenancy import current_district_id
from app.integrations.openid import documents
from app.integrations.openid.refused import ProviderRefused


def change(
    word: str,
    *,
    client_id: str,
    client_secret: str,
    tenant: str = "",
    domains: str = "",
    secret_expires_on: date | None = None,
) -> SignInProvider:
    """Keep what was filled in; a secret left empty stays as it is. Raises Refused."""
    wanted = set(domains.lower().replace(",", " ").split())
    strangers = sorted(wanted - domains_of(current_district_id()))
    if strangers:
        raise Refused(
            f"{', '.join(strangers)} is not verified as this district’s. Leave it out, or have the operator add it."
        )
    setting = SignInProvider.of(word)
    if setting is None:
        setting = SignInProvider(word=word, version=0)
        db.session.add(setting)
    setting.client_id, setting.tenant = client_id.strip(), tenant.strip().lower()
    setting.domains = " ".join(sorted(wanted))
    if client_secret.strip():
        setting.client_secret = client_secret.strip()
    setting.expires_on(secret_expires_on, anew=bool(client_secret.strip()))
    setting.version += 1
    db.session.flush()
    return setting


def try_out(word: str) -> str:
    """Read what the provider publishes, and say what was found. Raises Refused.

    Whether the secret is right shows the first sign-in: no provider tells before.
    """
    setting = SignInProvider.of(word)
    if setting is None or setting.missing():
        raise Refused(f"Fill in {setting.missing() if setting else 'the form'} first, and save.")
    registration, name = setting.registration(), setting.provider.name
    db.session.commit()  # nobody waits for a provider with a transaction open
    noted("tried out", "sign_in_providers", setting.id)
    try:
        keys = documents.read_anew(registration)
    except ProviderRefused as refused:
        setting.failed(refused.sentence)
        raise Refused(refused.sentence) from refused
    setting.worked()
    several = f"{keys} keys" if keys != 1 else "1 key"
    return f"{name} answers for this district, with {several} to check signatures. Sign in once to see the secret work."
