"""How a OneRoster server knows that it is we who ask: OAuth 2 (client credentials), a bearer token, or OAuth 1.

OAuth 1 is the one-legged kind of OneRoster 1.1: each address is signed with key and secret (RFC 5849), and no token is
asked for.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote

from app.core import asking, egress
from app.core.asking import Said, text
from app.core.feed import Unreadable

#: As sentences call it.
SERVER: Final = "The OneRoster server"
LONGEST_TOKEN: Final = 16_000

WRONG_KEY: Final = (
    "The server does not accept the key and the secret. Check both, or make a new secret there."
)

_SCOPE: Final = "https://purl.imsglobal.org/spec/or/{version}/scope/roster-core.readonly"


class Key(Protocol):
    """What makes a question ours."""

    def sign(self, client: egress.Client, address: str) -> Mapping[str, str]:
        """The headers that go with a question to that address. Raises Unreadable and NotNow."""
        ...

    def renew(self) -> bool:
        """It was refused. True if another try can be made with a new one."""
        ...


@dataclass
class Bearer:
    """A token that somebody copied."""

    token: str = field(repr=False)

    def sign(self, _client: egress.Client, _address: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        return False


@dataclass
class OAuth1:
    """Key and secret sign every address. `method`: "HMAC-SHA1" or "HMAC-SHA256"."""

    key: str
    secret: str = field(repr=False)
    method: str

    def sign(self, _client: egress.Client, address: str) -> Mapping[str, str]:
        from oauthlib.oauth1 import Client  # only who needs it pays for it

        _, headers, _ = Client(self.key, self.secret, signature_method=self.method).sign(address)
        return {"Authorization": headers["Authorization"]}

    def renew(self) -> bool:
        return False


@dataclass
class OAuth2:
    """Key and secret are exchanged for a token, which is kept in memory while one job goes on. RFC 6749 §4.4."""

    key: str
    secret: str = field(repr=False)
    token_address: str
    #: "v1p1" or "v1p2", as the scopes name it.
    version: str
    _token: str = field(default="", repr=False)

    def sign(self, client: egress.Client, _address: str) -> Mapping[str, str]:
        if not self._token:
            self._token = self._asked_for(client)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        self._token = ""
        return True

    def _asked_for(self, client: egress.Client) -> str:
        """The token. Servers differ in whether they know scopes, and in where they want the secret."""
        pair = f"{quote(self.key, safe='')}:{quote(self.secret, safe='')}"  # RFC 6749 §2.3.1
        basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        grant = {"grant_type": "client_credentials"}
        scoped = {**grant, "scope": _SCOPE.format(version=self.version)}
        in_form = {"client_id": self.key, "client_secret": self.secret}
        answer = self._call(client, scoped, basic)
        if answer.status == 400 and text(answer.body, "error") == "invalid_scope":
            answer = self._call(client, grant, basic)
        if answer.status in (400, 401):
            answer = self._call(client, {**grant, **in_form}, {})
        if answer.status in (400, 401, 403):
            raise Unreadable(WRONG_KEY)
        token = text(answer.body, "access_token")
        if answer.status != 200 or not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise Unreadable("The address for tokens gave none. Check it.")
        return token

    def _call(self, client: egress.Client, form: Mapping[str, str], headers: Mapping[str, str]) -> Said:
        return asking.ask(
            client, SERVER, "POST", self.token_address, form=form, headers=headers, none_stays=True
        )


def key_of(settings: Mapping[str, Any], secret: str, *, version: str) -> Key:
    """The key that an admin filled in."""
    key, method = settings.get("client_id", ""), settings.get("method", "")
    if method == "bearer":
        return Bearer(secret)
    if method == "oauth1_sha256":
        return OAuth1(key, secret, "HMAC-SHA256")
    if method == "oauth1_sha1":
        return OAuth1(key, secret, "HMAC-SHA1")
    return OAuth2(key, secret, settings.get("token_address", ""), version)
