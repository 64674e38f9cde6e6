"""An ID token, and all that must be right about it before it says who somebody is (OpenID Connect Core §3.1.3.7).

Nothing is believed of a token before its signature holds under a key of the provider, and nothing is looked up
where a token points: its `jku`, `x5u` or issuer are never addresses to us.
"""

import base64
import binascii
import hmac
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.core import clock
from app.integrations.openid.providers import Registration
from app.integrations.openid.refused import ProviderRefused

LARGEST: Final = 16 * 1024
#: How far their clock and ours may be apart.
LEEWAY: Final = timedelta(seconds=60)
#: A token is made while somebody waits for it.
OLDEST: Final = timedelta(minutes=10)
#: What a key of each kind signs with. A secret (HS256) or nothing (none) is no signature of theirs.
ALGORITHMS: Final = {"RSA": "RS256", "EC": "ES256"}

PARTS: Final = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}

KeysFor = Callable[[str], Mapping[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """Whom a provider vouches for. `issuer`, `tenant` and `subject` are the key; the address may change hands."""

    issuer: str
    tenant: str
    subject: str
    #: Lower case; "" unless the provider vouches that its owner is this person.
    email: str
    name: str
    #: Microsoft: the values of the app roles that were assigned to them.
    app_roles: frozenset[str] = frozenset()


def read(
    token: object,
    registration: Registration,
    *,
    keys_for: KeysFor,
    nonce: str,
    signed_in_since: datetime | None = None,
) -> Somebody:
    """Who this is. `keys_for(kid)`: the provider's keys by id. Raises ProviderRefused.

    `signed_in_since`: they must have signed in there after that, not only have a session.
    """
    claims = _signed(token, registration, keys_for)
    _made_for_us(claims, registration)
    _made_just_now(claims)
    _made_for_this_sign_in(claims, nonce)
    if signed_in_since is not None:
        _signed_in_just_now(claims, registration, signed_in_since)
    if registration.provider.has_tenants:
        return _of_microsoft(claims, registration)
    return _of_google(claims, registration)


def _signed(token: object, registration: Registration, keys_for: KeysFor) -> dict[str, Any]:
    name = registration.provider.name
    if not isinstance(token, str) or not token:
        raise ProviderRefused(f"{name} sent no ID token, so nobody is known.")
    if len(token) > LARGEST or not token.isascii() or token.count(".") != 2:
        raise ProviderRefused("The ID token is not one.")
    header = _object(token.partition(".")[0])
    if "crit" in header:
        raise ProviderRefused("The ID token asks for something that is not understood here.")
    kid, algorithm = header.get("kid"), str(header.get("alg"))
    if algorithm not in ALGORITHMS.values():
        raise ProviderRefused("The ID token is not signed in a way that is trusted here.")
    if not isinstance(kid, str):
        raise ProviderRefused("The ID token does not say which key signed it.")
    key = keys_for(kid).get(kid)
    if key is None:
        raise ProviderRefused(f"The ID token is signed with a key that {name} does not publish.")
    if ALGORITHMS.get(key["kty"]) != algorithm:
        raise ProviderRefused("The ID token is signed with a key of another kind than it says.")
    try:
        # Of a key, what makes it one: vendors write more beside it, which is nobody's business here.
        plain = {part: key[part] for part in PARTS[key["kty"]]}
        imported = RSAKey.import_key(plain) if key["kty"] == "RSA" else ECKey.import_key(plain)
        jws.deserialize_compact(token, imported, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderRefused("The signature of the ID token does not hold.") from error
    return _object(token.split(".")[1])


def _object(part: str) -> dict[str, Any]:
    try:
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProviderRefused("The ID token is not one.")
    return said


def _made_for_us(claims: Mapping[str, Any], registration: Registration) -> None:
    name = registration.provider.name
    if claims.get("iss") not in registration.issuers:
        raise ProviderRefused(f"The ID token was issued by somebody else than {name} for this district.")
    audience = claims.get("aud")
    if audience != registration.client_id and audience != [registration.client_id]:
        raise ProviderRefused("The ID token was made for another application.")
    # Beside the audience, never instead of it.
    if claims.get("azp", registration.client_id) != registration.client_id:
        raise ProviderRefused("The ID token was handed out to another application.")


def _made_just_now(claims: Mapping[str, Any]) -> None:
    now, leeway = clock.now().timestamp(), LEEWAY.total_seconds()
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if now >= expires + leeway:
        raise ProviderRefused("The ID token has expired. Start again.")
    if issued > now + leeway or ("nbf" in claims and _moment(claims, "nbf") > now + leeway):
        raise ProviderRefused("The ID token is from the future: one of the two clocks is wrong.")
    if issued < now - OLDEST.total_seconds() - leeway:
        raise ProviderRefused("The ID token was made too long ago. Start again.")


def _signed_in_just_now(claims: Mapping[str, Any], registration: Registration, since: datetime) -> None:
    name, leeway = registration.provider.name, LEEWAY.total_seconds()
    if "auth_time" not in claims:
        raise ProviderRefused(
            f"{name} does not say when you signed in there, so this cannot count. Use a passkey or a code, or have "
            "your district’s admin turn that on at the registration."
        )
    said = _moment(claims, "auth_time")
    if not since.timestamp() - leeway <= said <= clock.now().timestamp() + leeway:
        raise ProviderRefused(f"{name} did not ask you to sign in again. Try once more.", is_fault=False)


def _moment(claims: Mapping[str, Any], claim: str) -> float:
    said = claims.get(claim)
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise ProviderRefused("The ID token does not say when it was made and how long it holds.")
    return min(float(said), 1e12) if said < 10**18 else 1e12


def _made_for_this_sign_in(claims: Mapping[str, Any], nonce: str) -> None:
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise ProviderRefused("The ID token belongs to another sign-in.")


def _of_google(claims: Mapping[str, Any], registration: Registration) -> Somebody:
    # The `hd` of the request is a hint that anyone can take out; the claim is Google's word.
    hosted = claims.get("hd")
    if not isinstance(hosted, str) or hosted.lower() not in registration.domains:
        raise ProviderRefused(
            "That Google account is not one of this district’s. Choose your work account.", is_fault=False
        )
    return _somebody(
        claims, registration, "", claims.get("email") if claims.get("email_verified") is True else ""
    )


def _of_microsoft(claims: Mapping[str, Any], registration: Registration) -> Somebody:
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or tenant.lower() != registration.tenant:
        raise ProviderRefused(
            "That Microsoft account belongs to another organization. Choose your work account.",
            is_fault=False,
        )
    if "idp" in claims and claims["idp"] not in registration.issuers:
        raise ProviderRefused(
            "That Microsoft account is a guest of this district. Choose your work account.", is_fault=False
        )
    # `email` is whatever somebody wrote, unless Microsoft says that its domain's owner vouches for it.
    vouched = claims.get("xms_edov") in (True, 1, "1", "true")
    return _somebody(
        claims, registration, tenant.lower(), claims.get("email" if vouched else "preferred_username")
    )


def _app_roles(claims: Mapping[str, Any]) -> frozenset[str]:
    said = claims.get("roles")
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def _somebody(claims: Mapping[str, Any], registration: Registration, tenant: str, email: object) -> Somebody:
    subject = claims.get(registration.provider.subject_claim)
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise ProviderRefused("The ID token does not say who it is about.")
    address = email.strip().lower() if isinstance(email, str) else ""
    name = claims.get("name")
    said = " ".join(name.split())[:120] if isinstance(name, str) else ""
    return Somebody(
        issuer=registration.issuers[0],
        tenant=tenant,
        subject=subject,
        email=address
        if 3 <= len(address) <= 254 and address.isprintable() and address.count("@") == 1
        else "",
        name="".join(letter for letter in said if letter.isprintable()),
        app_roles=_app_roles(claims) if tenant else frozenset(),
    )
