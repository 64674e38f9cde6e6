"""What a provider publishes about itself: its addresses and its keys, read through egress and remembered.

Remembered for an hour in this process, under the version of the settings they were read for: whoever changes
a setting is asked for by nobody's memory.
"""

import base64
import binascii
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.core import egress
from app.integrations.openid.providers import Registration
from app.integrations.openid.refused import ProviderRefused

FRESH_FOR: Final = 3600.0
#: Keys are asked for again when a token names an unknown one: at most this often, whoever makes tokens up.
KEYS_AGAIN_AFTER: Final = 30.0
LARGEST: Final = 256 * 1024
MOST_KEYS: Final = 50
MOST_REMEMBERED: Final = 256
SHORTEST_RSA_BITS: Final = 2048
PATIENCE: Final = 5.0
LONGEST: Final = 10.0


@dataclass(frozen=True)
class Addresses:
    """Where things are done at a provider."""

    authorization: str
    token: str
    keys: str
    #: RFC 9207: it promises to name itself in each answer.
    names_itself: bool
    #: How it wants the secret: in the form, or (False) in a header.
    secret_in_form: bool


@dataclass
class _Read:
    addresses: Addresses
    at: float
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys_at: float = 0.0
    asked_again_at: float = -KEYS_AGAIN_AFTER


_lock: Final = threading.Lock()
_remembered: Final[dict[str, _Read]] = {}


def addresses(registration: Registration) -> Addresses:
    """The provider's addresses. Raises ProviderRefused."""
    return _known(registration).addresses


def keys(registration: Registration, *, wanted: str = "") -> Mapping[str, dict[str, Any]]:
    """Its keys by their ids, asked for once more if `wanted` is not among them. Raises ProviderRefused."""
    known = _known(registration)
    now = time.monotonic()
    if not known.keys or now - known.keys_at > FRESH_FOR:
        known.keys, known.keys_at = _usable(answered(registration, "GET", known.addresses.keys)), now
    elif wanted and wanted not in known.keys and now - known.asked_again_at >= KEYS_AGAIN_AFTER:
        known.asked_again_at = now
        known.keys, known.keys_at = _usable(answered(registration, "GET", known.addresses.keys)), now
    return known.keys


def read_anew(registration: Registration) -> int:
    """Forget what is remembered, and read all of it again: how many keys there are. Raises ProviderRefused."""
    with _lock:
        _remembered.pop(registration.known_as, None)
    return len(keys(registration))


def answered(
    registration: Registration,
    method: str,
    address: str,
    form: Mapping[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """The JSON object that the provider answers with. Raises ProviderRefused; nothing of its words is repeated."""
    status, body = _call(registration, method, address, form, headers)
    name = registration.provider.name
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if status != 200:
        raise ProviderRefused(_refusal(name, status, said))
    if not isinstance(said, dict):
        raise ProviderRefused(f"{name} answered with something that is not what OpenID Connect says.")
    return said


def _call(
    registration: Registration,
    method: str,
    address: str,
    form: Mapping[str, str] | None,
    headers: Mapping[str, str],
) -> tuple[int, bytes]:
    name = registration.provider.name
    try:
        with egress.http_client(
            registration.provider.service, timeout=PATIENCE, longest=LONGEST, largest=LARGEST
        ) as client:
            answer = client.request(
                method, address, data=form, headers={"Accept": "application/json", **headers}
            )
    except egress.OutsideRefused as refused:
        raise ProviderRefused(str(refused)) from refused
    except (egress.CallFailed, OSError, ValueError) as failed:
        raise ProviderRefused(
            f"{name} could not be reached just now. Try again in a few minutes."
        ) from failed
    return answer.status_code, answer.content


#: What the two say when something is set up wrongly (RFC 6749 §5.2), in words an admin can act on.
_CODES: Final = {
    "invalid_client": "{name} does not accept the client ID and secret. Check both, or make a new secret there.",
    "unauthorized_client": "{name} does not accept the client ID and secret. Check both, or make a new secret there.",
    "invalid_grant": "{name} says that this sign-in was used already or took too long. Start again.",
    "redirect_uri_mismatch": "{name} does not know the address that it sends people back to. Add it there.",
    "invalid_tenant": "{name} does not know that tenant ID. Check it.",
}


def _refusal(name: str, status: int, said: object) -> str:
    code = said.get("error") if isinstance(said, dict) else None
    known = _CODES.get(code) if isinstance(code, str) else None
    return known.format(name=name) if known else f"{name} answered with error {status}."


def _known(registration: Registration) -> _Read:
    with _lock:
        known = _remembered.get(registration.known_as)
    if known is not None and time.monotonic() - known.at < FRESH_FOR:
        return known
    read = _Read(_described(registration), time.monotonic())
    with _lock:
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[registration.known_as] = read
    return read


def _described(registration: Registration) -> Addresses:
    name = registration.provider.name
    said = answered(registration, "GET", registration.discovery)
    issuer = said.get("issuer")
    # Microsoft's shared document says {tenantid} literally. It is filled in from the settings, never from a token.
    if registration.provider.has_tenants and isinstance(issuer, str):
        issuer = issuer.replace("{tenantid}", registration.tenant)
    if issuer not in registration.issuers:
        raise ProviderRefused(f"The description found at {name} is of somebody else. Check the settings.")
    found = [said.get(what) for what in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    for address in found:
        if not isinstance(address, str) or not address.isascii() or not address.isprintable():
            raise ProviderRefused(f"The description found at {name} lacks an address.")
        try:
            egress.refuse_elsewhere(registration.provider.service, address)
        except egress.OutsideRefused as refused:
            raise ProviderRefused(str(refused)) from refused
    methods = said.get("token_endpoint_auth_methods_supported")
    return Addresses(
        authorization=str(found[0]),
        token=str(found[1]),
        keys=str(found[2]),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        secret_in_form=isinstance(methods, list) and "client_secret_post" in methods,
    )


def _usable(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Public keys that sign, of the two kinds that we check; others are as if they were not there."""
    listed = said.get("keys")
    found = [one for one in listed[:MOST_KEYS] if isinstance(one, dict)] if isinstance(listed, list) else []
    usable = {
        one["kid"]: one
        for one in found
        if isinstance(one.get("kid"), str) and one.get("use", "sig") == "sig" and _is_strong(one)
    }
    if not usable:
        raise ProviderRefused("The provider publishes no key that a signature could be checked with.")
    return usable


def _is_strong(key: dict[str, Any]) -> bool:
    if key.get("kty") == "EC":
        return bool(key.get("crv") == "P-256")
    number = key.get("n")
    if key.get("kty") != "RSA" or not isinstance(number, str):
        return False
    try:
        octets = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except (ValueError, binascii.Error):
        return False
    return int.from_bytes(octets).bit_length() >= SHORTEST_RSA_BITS
