"""The two ends of the code flow: the address to send a browser to, and the code that it brings back."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from app.integrations.openid import documents, id_token
from app.integrations.openid.id_token import Somebody
from app.integrations.openid.providers import Registration
from app.integrations.openid.refused import ProviderRefused

LONGEST_CODE: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What one sign-in knows and nobody else does."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    #: PKCE's, of RFC 7636 §4.1.
    verifier: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a browser brought back in its address."""

    code: str = field(default="", repr=False)
    error: str = ""
    #: RFC 9207: who says so.
    issuer: str = ""


#: A fresh sign-in, whatever session they have there (OpenID Connect Core §3.1.2.1), and its moment in the token: Google
#: and Microsoft write `auth_time` only where it is asked for and turned on at the registration (docs/sign-in.md).
FRESH: Final = {
    "prompt": "login",
    "max_age": "0",
    "claims": '{"id_token":{"auth_time":{"essential":true}}}',
}


def address(registration: Registration, secrets: Secrets, *, back_to: str, fresh: bool = False) -> str:
    """Where to send a browser. `fresh`: they are to sign in there once more. Raises ProviderRefused."""
    asked = {
        "response_type": "code",
        "response_mode": "query",
        "client_id": registration.client_id,
        "redirect_uri": back_to,
        "scope": "openid email profile",
        "state": secrets.state,
        "nonce": secrets.nonce,
        "code_challenge": challenge(secrets.verifier),
        "code_challenge_method": "S256",
        "prompt": "select_account",
        **(FRESH if fresh else {}),
    }
    at = documents.addresses(registration).authorization
    return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"


def challenge(verifier: str) -> str:
    """S256 of RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def who(
    registration: Registration,
    secrets: Secrets,
    answer: Answer,
    *,
    back_to: str,
    signed_in_since: datetime | None = None,
) -> Somebody:
    """Whom the provider vouches for. Raises ProviderRefused.

    `signed_in_since`: a session that they had there before does not count.

    1. The answer is the one of the provider that was asked (RFC 9207), and says yes.
    2. The code is exchanged, once, with the verifier that only we have.
    3. The ID token that comes for it is read.
    """
    name = registration.provider.name
    at = documents.addresses(registration)
    if answer.issuer not in registration.issuers and (answer.issuer or at.names_itself):
        raise ProviderRefused(f"The answer did not come from {name}.")
    if answer.error:
        raise _not_let_in(name, answer.error)
    if not 1 <= len(answer.code) <= LONGEST_CODE:
        raise ProviderRefused(f"{name} sent no code along.")
    form = {
        "grant_type": "authorization_code",
        "code": answer.code,
        "redirect_uri": back_to,
        "code_verifier": secrets.verifier,
    }
    headers = {}
    if at.secret_in_form:
        form |= {"client_id": registration.client_id, "client_secret": registration.client_secret}
    else:
        headers["Authorization"] = _basic(registration)
    given = documents.answered(registration, "POST", at.token, form, **headers)
    return id_token.read(
        given.get("id_token"),
        registration,
        keys_for=lambda kid: documents.keys(registration, wanted=kid),
        nonce=secrets.nonce,
        signed_in_since=signed_in_since,
    )


def _basic(registration: Registration) -> str:
    # RFC 6749 §2.3.1: both are form-encoded first.
    pair = f"{quote(registration.client_id, safe='')}:{quote(registration.client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _not_let_in(name: str, code: str) -> ProviderRefused:
    if code in {"access_denied", "consent_required", "interaction_required", "login_required"}:
        said = f"You were not signed in at {name}, or did not agree there. Start again if you want to."
        return ProviderRefused(said, is_fault=False)
    if code in {"temporarily_unavailable", "server_error"}:
        return ProviderRefused(f"{name} cannot sign anybody in just now. Try again in a few minutes.")
    return ProviderRefused(f"{name} refused to sign you in for this help desk.")
