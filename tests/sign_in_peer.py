"""A provider on loopback in the shapes of Google and Microsoft, that can also be made to lie.

It is held against a certified one: tests/auth/test_certified.py runs the same flow through npm's oidc-provider.
It checks what that one checks: who asks, the redirect address, the code once, and the PKCE verifier.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from app.auth.actions import registering
from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import GOOGLE_SIGN_IN, MICROSOFT_SIGN_IN, turn
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.integrations.openid import documents
from app.integrations.openid.providers import BY_SERVICE, GOOGLE, MICROSOFT, PROVIDERS
from tests.page_client import Page, PageClient
from tests.world import World

CLIENT: Final = "frontoffice.apps.example"
SECRET: Final = "a secret that only the two know"
TENANT: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
#: Made once: a key takes longer than a test.
KEY: Final = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, private=True)
OTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, private=True)


def json_of(said: object) -> bytes:
    return json.dumps(said).encode()


def part(said: object) -> str:
    return base64.urlsafe_b64encode(json_of(said)).decode().rstrip("=")


def signed(claims: dict[str, Any], key: RSAKey = KEY, **header: Any) -> str:
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid, **header}, json_of(claims), key)


@dataclass
class Code:
    claims: dict[str, Any]
    challenge: str
    back_to: str


class Peer(ThreadingHTTPServer):
    """What it answers can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.codes: dict[str, Code] = {}
        self.asked: list[str] = []
        self.keys: list[RSAKey] = [KEY]
        #: Changes the description, the claims, and the whole answer for a code.
        self.describe: Callable[[dict[str, Any]], object] = lambda said: None
        self.claim: Callable[[dict[str, Any]], object] = lambda claims: None
        self.make_token: Callable[[dict[str, Any]], object] = signed
        self.hand_out: Callable[[dict[str, Any]], object] = lambda answer: None

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    def issuer(self, word: str) -> str:
        return self.url if word == "google" else f"{self.url}/{TENANT}/v2.0"

    def lets_in(self, address: str, word: str, **claims: Any) -> dict[str, str]:
        """What a browser brings back that was sent to `address` and signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.url}/authorize?"), address
        assert asked["response_type"] == "code"
        assert asked["response_mode"] == "query"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert set(asked["scope"].split()) == {"openid", "email", "profile"}
        code, now = secrets.token_urlsafe(12), int(time.time())
        shape = {"google": google_shape, "microsoft": entra_shape}[word]
        whole = shape(claims) | {
            "iss": self.issuer(word),
            "aud": CLIENT,
            "iat": now,
            "exp": now + 3600,
            "nonce": asked["nonce"],
        }
        if "auth_time" in asked.get("claims", ""):
            whole |= {"auth_time": claims.get("auth_time", now)}
        self.codes[code] = Code(whole, asked["code_challenge"], asked["redirect_uri"])
        return {"code": code, "state": asked["state"]}


def google_shape(claims: dict[str, Any]) -> dict[str, Any]:
    """As Google's “OpenID Connect” page shows an ID token of a Workspace account."""
    return {
        "azp": CLIENT,
        "sub": "110169484474386276334",
        "hd": "maple.example",
        "email": "bell@maple.example",
        "email_verified": True,
        "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
        "name": "Nora Bell",
        "given_name": "Nora",
        "family_name": "Bell",
        "picture": "https://pictures.example/nora",
        **claims,
    }


def entra_shape(claims: dict[str, Any]) -> dict[str, Any]:
    """As Microsoft's “ID token claims reference” shows a token of version 2.0; `sub` is pairwise."""
    return {
        "nbf": int(time.time()),
        "aio": "Df2UVXL1ix!lMCWMSOJBcFatzcGfvFGhjKv8q5g0x732dR5MB5BisvGQO7YWByjd8iQDLq",
        "name": "Nora Bell",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "preferred_username": "bell@maple.example",
        "rh": "0.AAAA",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "tid": TENANT,
        "uti": "fqiBqXLPj0eQa82S-IYFAA",
        "ver": "2.0",
        **claims,
    }


class _Answering(BaseHTTPRequestHandler):
    server: Peer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.endswith("/.well-known/openid-configuration"):
            shared = self.path.startswith(f"/{TENANT}")
            url = self.server.url
            said = {
                # Microsoft's shared description has these very letters in it.
                "issuer": f"{url}/{{tenantid}}/v2.0" if shared else url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            }
            self.server.describe(said)
            self._say(200, said)
        elif self.path == "/keys":
            self._say(200, {"keys": [key.as_dict(private=False) for key in self.server.keys]})
        else:
            self._say(404, {"error": "not_found"})

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        length = int(self.headers.get("Content-Length", 0))
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            self._say(401, {"error": "invalid_client"})
            return
        code = self.server.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or proof != code.challenge or form.get("redirect_uri") != code.back_to:
            self._say(400, {"error": "invalid_grant"})
            return
        self.server.claim(code.claims)
        answer: dict[str, Any] = {"access_token": "not looked at", "token_type": "Bearer", "expires_in": 3599}
        answer["id_token"] = self.server.make_token(code.claims)
        self.server.hand_out(answer)
        self._say(200, answer)

    def _say(self, status: int, said: object) -> None:
        body = json_of(said)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Peer]:
    peer = Peer()
    thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        thread.join()
        peer.server_close()


def stand_in(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, at: str, *, google: str, microsoft: str
) -> None:
    """Both providers are at `at` from now on: their hosts, and how they name themselves."""
    documents._remembered.clear()
    places = {
        GOOGLE: (google, f"http://{at}/.well-known/openid-configuration"),
        MICROSOFT: (microsoft, f"{microsoft}/.well-known/openid-configuration"),
    }
    for provider, (issuer, discovery) in places.items():
        issuers = (issuer, issuer.removeprefix("http://")) if provider is GOOGLE else (issuer,)
        moved = replace(provider, issuers=issuers, discovery=discovery)
        monkeypatch.setitem(PROVIDERS, provider.word, moved)
        monkeypatch.setitem(BY_SERVICE, provider.service, moved)
    for key in (GOOGLE_SIGN_IN, MICROSOFT_SIGN_IN):
        monkeypatch.setitem(services._BY_KEY, key, replace(services.service(key), hosts=("127.0.0.1",)))
    use_settings(replace(settings, egress_private_allowed=frozenset({at})))


def set_up(world: World, word: str, *, on: bool = True) -> None:
    """Maple is registered there, and has it turned on. Needs an app context."""
    with as_district(world.maple.id):
        tenant = TENANT if word == "microsoft" else ""
        registering.change(word, client_id=CLIENT, client_secret=SECRET, tenant=tenant)
        turn(PROVIDERS[word].service, on, by=SYSTEM)
        db.session.commit()


@dataclass
class Journey:
    """One browser that signs in at Maple with one of the two."""

    client: PageClient
    peer: Peer
    word: str = "google"
    back: dict[str, str] = field(default_factory=dict)

    def go(self, query: str = "") -> Page:
        """To the page that goes on to the provider."""
        return self.client.submit(self.client.get(f"/maple/sign-in{query}"), f"/sign-in/{self.word}")

    def sign_in_there(self, going: Page, **claims: Any) -> None:
        self.back = self.peer.lets_in(address_on(going), self.word, **claims)

    def come_back(self, client: PageClient | None = None, word: str = "", **changed: str | None) -> Page:
        brought = {name: value for name, value in {**self.back, **changed}.items() if value is not None}
        path = f"/maple/sign-in/{word or self.word}/callback?{urlencode(brought)}"
        return (client or self.client).get(path)

    def whole(self, **claims: Any) -> Page:
        self.sign_in_there(self.go(), **claims)
        return self.come_back()

    def confirm(self, **claims: Any) -> Page:
        """Show once more that it is they, there: whoever is signed in to this browser."""
        going = self.client.submit(self.client.get("/maple/profile/confirm"), f"/confirm/{self.word}")
        self.sign_in_there(going, **claims)
        return self.come_back()


def address_on(going: Page) -> str:
    assert going.status == 200, going
    address = going.headers["Refresh"].removeprefix("0; url=")
    assert going.one("main").one("a", href=address).text.startswith("Go on to")
    return address
