"""Passkeys: adding one, and being recognised by one. "Ceremony" is WebAuthn's own word for either.

A challenge lies in a row of ours and is taken out by the first answer, right or wrong. Origin and RP id are those
of the deployment's base URL, whatever a request calls itself; the authenticator must have verified its user.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.auth.actions.refused import NotThatPasskey, Refused
from app.auth.models.account import Account
from app.auth.models.passkey import MOST, Passkey
from app.core.db import db
from app.core.settings import get_settings

#: An answer of an authenticator is some kilobytes; more is not one.
LONGEST_ANSWER: Final = 20_000
#: What the parts of an answer that is none may raise; webauthn's own come on top.
MALFORMED: Final = (
    WebAuthnException,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)


def new_challenge() -> str:
    """256 random bits, as text."""
    return secrets.token_urlsafe(32)


def to_add_one(account: Account, challenge: str) -> str:
    """What the browser is asked, as JSON, so that a new key comes back."""
    options = generate_registration_options(
        rp_id=rp_id(),
        rp_name=get_settings().product_name,
        user_id=account.id.bytes,
        user_name=account.email,
        user_display_name=account.name,
        challenge=base64url_to_bytes(challenge),
        exclude_credentials=_described(Passkey.of(account.id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return options_to_json(options)


def to_recognise(challenge: str, account: Account | None = None) -> str:
    """What the browser is asked, as JSON: a key of this account, or any that it has for us."""
    options = generate_authentication_options(
        rp_id=rp_id(),
        challenge=base64url_to_bytes(challenge),
        allow_credentials=_described(Passkey.of(account.id)) if account else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def added(account: Account, name: str, answer: str, challenge: str | None) -> Passkey:
    """The new key, kept. Raises NotThatPasskey or Refused."""
    if len(Passkey.of(account.id)) >= MOST:
        raise Refused(f"You have {MOST} passkeys, which is as many as there can be. Remove one first.")
    try:
        seen = verify_registration_response(
            credential=_read(answer),
            expected_challenge=base64url_to_bytes(challenge or ""),
            expected_rp_id=rp_id(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotThatPasskey from error
    credential_id = bytes_to_base64url(seen.credential_id)
    if not challenge or Passkey.called(credential_id) is not None:
        raise NotThatPasskey
    passkey = Passkey(
        account_id=account.id,
        name=" ".join(name.split()),
        credential_id=credential_id,
        public_key=bytes_to_base64url(seen.credential_public_key),
        sign_count=seen.sign_count,
        transports=_transports(answer),
    )
    db.session.add(passkey)
    db.session.flush()
    return passkey


def recognised(answer: str, challenge: str | None) -> Passkey:
    """The key that signed this challenge, just now and here. Raises NotThatPasskey."""
    try:
        read = _read(answer)
        passkey = Passkey.called(str(read["id"])[:1400])
        if passkey is None or not challenge:
            raise NotThatPasskey
        seen = verify_authentication_response(
            credential=read,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=rp_id(),
            expected_origin=origin(),
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotThatPasskey from error
    passkey.used(seen.new_sign_count)
    return passkey


def origin() -> str:
    """Where our pages stand, as a browser says it."""
    parts = urlsplit(get_settings().base_url)
    return f"{parts.scheme}://{parts.netloc}"


def rp_id() -> str:
    """The host to which keys are bound. Moved to another host, a deployment's passkeys are void."""
    return urlsplit(get_settings().base_url).hostname or ""


def _read(answer: str) -> dict[str, object]:
    read = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    if not isinstance(read, dict):
        raise ValueError("This is no answer of an authenticator.")
    return read


def _transports(answer: str) -> list[str]:
    response = _read(answer).get("response")
    given = response.get("transports") if isinstance(response, dict) else None
    known = ("ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb")
    return [one for one in known if isinstance(given, list) and one in given]


def _described(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in passkeys]
