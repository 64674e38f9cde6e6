"""The app registration that may read users by itself: by a secret, or by a certificate whose key never leaves here.

Microsoft identity platform, “OAuth 2.0 client credentials flow” and “Certificate credentials”: an
assertion signed PS256 that names the certificate by the SHA-256 of its DER.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from app.core import asking, clock, egress
from app.core.asking import Said
from app.core.db import uuid7
from app.core.feed import Unreadable

TOKEN: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"  # noqa: S105 - where tokens are given
#: As Microsoft knows itself, wherever it is reached.
AUDIENCE: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
SCOPE: Final = "https://graph.microsoft.com/.default"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LASTS: Final = timedelta(minutes=10)
LARGEST_PEM: Final = 32 * 1024


class NotACertificate(ValueError):
    """What was pasted cannot sign; the words say why."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One app of one tenant. Either `secret` or `certificate` (PEM, with its private key) is filled."""

    #: A GUID in lower case: the district's own, never one that an answer names.
    tenant: str
    client_id: str
    secret: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)

    def token(self, client: egress.Client) -> str:
        """A token for an hour or so. Raises Unreadable with what an admin can do, and NotNow."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "scope": SCOPE}
        if self.certificate:
            try:
                assertion = self.assertion()
            except NotACertificate as error:
                raise Unreadable(str(error)) from error
            form |= {"client_assertion_type": ASSERTION, "client_assertion": assertion}
        else:
            form |= {"client_secret": self.secret}
        said = asking.ask(client, "Microsoft", "POST", TOKEN.format(tenant=self.tenant), form=form)
        token = said.body.get("access_token")
        if not said.is_good or not isinstance(token, str) or not token.isascii():
            raise Unreadable(_why(said))
        return token

    def assertion(self) -> str:
        """The word that this registration asks, signed with its certificate's key. Raises NotACertificate."""
        certificate, key = read_pem(self.certificate)
        digest = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).decode().rstrip("=")
        now = clock.now()
        claims = {
            "aud": AUDIENCE.format(tenant=self.tenant),
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": str(uuid7()),
            "nbf": int((now - timedelta(minutes=1)).timestamp()),
            "iat": int(now.timestamp()),
            "exp": int((now + LASTS).timestamp()),
        }
        header = {"alg": "PS256", "typ": "JWT", "x5t#S256": digest}
        return jwt.encode(header, claims, key, algorithms=["PS256"])


def read_pem(words: str) -> tuple[x509.Certificate, RSAKey]:
    """The certificate and its key, which belong to each other. Raises NotACertificate."""
    blocks = re.findall(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", words[:LARGEST_PEM], re.DOTALL)
    if "CERTIFICATE" not in blocks or not any(kind.endswith("PRIVATE KEY") for kind in blocks):
        raise NotACertificate(
            "Paste both, the certificate and its private key, as PEM: BEGIN CERTIFICATE and so on."
        )
    if "ENCRYPTED PRIVATE KEY" in blocks:
        raise NotACertificate("The private key is locked with a password. Paste it without one.")
    parts = {
        kind: f"-----BEGIN {kind}-----{body}-----END {kind}-----"
        for kind, body in re.findall(
            r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", words[:LARGEST_PEM], re.DOTALL
        )
    }
    private = next(part for kind, part in parts.items() if kind.endswith("PRIVATE KEY"))
    try:
        certificate = x509.load_pem_x509_certificate(parts["CERTIFICATE"].encode())
        key = RSAKey.import_key(private)
    except (JoseError, ValueError, TypeError) as error:
        raise NotACertificate(
            "The certificate or its key is damaged, or is not RSA. Paste both again."
        ) from error
    if certificate.public_key() != key.public_key:
        raise NotACertificate(
            "The private key is not the one of this certificate. Paste those that belong together."
        )
    return certificate, key


def runs_out(words: str) -> datetime:
    """When a certificate is no longer taken. Raises NotACertificate."""
    return read_pem(words)[0].not_valid_after_utc


#: Microsoft Entra, “Authentication and authorization error codes”, in words an admin can act on.
_CODES: Final = {
    7000215: "Microsoft does not accept the client secret. Copy the secret’s value (not its ID), or make a new one.",
    7000222: "The client secret has run out. Make a new one at Microsoft, and paste it here.",
    700016: "Microsoft knows no such application in this tenant. Check the application ID and the tenant ID.",
    7000112: "The application is disabled in your tenant. Enable it in the Entra admin center.",
    90002: "Microsoft knows no such tenant. Check the tenant ID.",
    900023: "Microsoft knows no such tenant. Check the tenant ID.",
    700027: "Microsoft does not know the certificate. Upload its public part at the app registration.",
    700024: "The signed word came too late or too early: the clock of this server is wrong.",
    7000218: "Microsoft wants a secret or a certificate for this application. Fill in one of them.",
    53003: "A Conditional Access policy of your tenant stops the application. Let it through there.",
    65001: "Nobody has consented for this application. In the Entra admin center, grant admin consent.",
    70011: "Microsoft does not accept what the application asks for. Grant admin consent, and try again.",
}


def _why(said: Said) -> str:
    codes: Any = said.body.get("error_codes")
    for code in codes if isinstance(codes, list) else []:
        if code in _CODES:
            return _CODES[code]
    if said.body.get("error") == "invalid_client" and not codes:
        return _CODES[7000215]
    number = f"AADSTS{codes[0]}" if isinstance(codes, list) and codes and isinstance(codes[0], int) else ""
    told = f" (look up {number} at login.microsoftonline.com/error)" if number else f" (error {said.status})"
    return f"Microsoft gave no token for the application{told}. Check the settings, and try again."
