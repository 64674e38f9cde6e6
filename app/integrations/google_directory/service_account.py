"""A service account with domain-wide delegation: it asks in the name of an admin, for no more than it says here.

“Using OAuth 2.0 for server to server applications” (Google Identity): a JWT that the account's key signs
(RS256, RFC 7523) is given for a token of an hour. The district's admin allows the account's client ID these very
scopes under Security › API controls › Domain-wide delegation; a scope more or less is refused as a whole.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from app.core import asking, clock, egress
from app.core.asking import Said
from app.core.feed import Unreadable

TOKEN: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens are given
SCOPE: Final = "https://www.googleapis.com/auth/admin.directory.{}.readonly"
LASTS: Final = timedelta(hours=1)
#: Two clocks are never the same.
LEEWAY: Final = timedelta(seconds=30)
LARGEST_KEY: Final = 16 * 1024
SHORTEST_RSA_BITS: Final = 2048


class NotAKey(ValueError):
    """What was pasted is no key of a service account; the words say why."""


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """What of the key file is needed. The addresses in it are not: where a key is shown is ours to say."""

    email: str
    #: Its number, which the admin allows. Shown, so that it can be copied.
    client_id: str
    private_key: str = field(repr=False)

    @classmethod
    def of_file(cls, words: str) -> Self:
        """The JSON file that Google's console makes for a key. Raises NotAKey."""
        try:
            said = json.loads(words) if len(words) <= LARGEST_KEY else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise NotAKey(
                "That is not the JSON file of a key. Paste all of it, from the first brace to the last."
            )
        if said.get("type") != "service_account":
            raise NotAKey("That is another kind of key. Make one for a service account, as JSON.")
        email, private, number = (said.get(name) for name in ("client_email", "private_key", "client_id"))
        if not isinstance(email, str) or not isinstance(private, str) or "@" not in email:
            raise NotAKey("The key file lacks client_email or private_key. Make a new key, as JSON.")
        one = cls(email=email[:254], client_id=str(number or "")[:40], private_key=private)
        one.key()
        return one

    def key(self) -> RSAKey:
        """The key that signs. Raises NotAKey."""
        try:
            key = RSAKey.import_key(self.private_key)
            size = key.private_key.key_size if key.is_private and key.private_key else 0
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise NotAKey("The private key in the file is damaged. Make a new key, as JSON.") from error
        if size < SHORTEST_RSA_BITS:
            raise NotAKey("The private key in the file is too weak or no private key. Make a new one.")
        return key

    def assertion(self, admin: str, scopes: tuple[str, ...]) -> str:
        """The signed word that `admin` lets this account ask."""
        now = int((clock.now() - LEEWAY).timestamp())
        claims = {
            "iss": self.email,
            "sub": admin,
            "scope": " ".join(scopes),
            "aud": "https://oauth2.googleapis.com/token",
            "iat": now,
            "exp": now + int(LASTS.total_seconds()),
        }
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self.key())

    def token(self, client: egress.Client, admin: str, scopes: tuple[str, ...]) -> str:
        """A token for an hour. Raises Unreadable with what an admin can do, and NotNow."""
        try:
            assertion = self.assertion(admin, scopes)
        except NotAKey as error:
            raise Unreadable(str(error)) from error
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        said = asking.ask(client, "Google", "POST", TOKEN, form=form)
        token = said.body.get("access_token")
        if not said.is_good or not isinstance(token, str) or not token.isascii():
            raise Unreadable(_why(said, self, admin, scopes))
        return token


def _why(said: Said, account: ServiceAccount, admin: str, scopes: tuple[str, ...]) -> str:
    code: Any = said.body.get("error")
    told = str(said.body.get("error_description") or "").lower()
    if code == "unauthorized_client" or (code == "access_denied" and "scope" in told):
        return (
            "Google does not let the service account do this. In Google’s admin console, under Security › "
            f"API controls › Domain-wide delegation, allow the client ID {account.client_id or 'of the account'} "
            f"exactly these scopes: {', '.join(scopes)}. It takes up to a day until Google knows."
        )
    if code == "invalid_grant" and ("email" in told or "user" in told or "account" in told):
        return (
            f"Google knows no such account as {admin}, or it is suspended. Name one of your Google Workspace that may "
            "do this."
        )
    if code == "invalid_grant":
        return (
            "Google does not accept the key of the service account: it was deleted or disabled there, or the clock of "
            "this server is wrong. Make a new key, and paste it here."
        )
    if code in ("invalid_client", "deleted_client", "disabled_client"):
        return (
            "The service account was deleted or disabled at Google. Make a new one, and paste its key here."
        )
    return (
        f"Google gave no token for the service account (error {said.status}). Check its key, and try again."
    )
