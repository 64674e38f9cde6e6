"""Google's Directory API and Microsoft Graph on loopback, with as many people as a test wants, and with trouble.

Google's half is held against Google's own description of it (the discovery document within google-api-python-client):
it refuses what that does not allow, and never sends what it does not describe; and Google's own client reads it. Both
check what the real ones check: who asks and with what right.
"""

import base64
import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.core import services
from app.core.services import ENTRA_USERS, GOOGLE_DIRECTORY
from app.core.settings import Settings, use_settings
from app.integrations.entra_users import client as entra_client
from app.integrations.entra_users import registration
from app.integrations.google_directory import client as google_client
from app.integrations.google_directory import service_account
from tests.directory_people import (
    ADMIN,
    APPLICATION,
    CERTIFICATE,
    CERTIFICATE_KEY,
    GROUP_SCOPE,
    PRINCIPAL,
    ROBOT,
    SECRET,
    TENANT,
    USER_SCOPE,
    Somebody,
)
from tests.google_description import (
    Refused,
    described,
    fields_of,
    google_error,
    refuse_what_google_would,
)

#: What goes wrong with a request: "429", "403", "500", "html", "cut", "401", "forgotten", "again", "overlap".
Trouble = Callable[[str, int], str]


class Peer(ThreadingHTTPServer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True
    #: As many connections as it is called by at once.
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.begin()

    def begin(self) -> None:
        self.people: list[Somebody] = []
        #: Numbers of those who were deleted.
        self.deleted: list[Somebody] = []
        #: By address at Google, by id at Microsoft.
        self.groups: dict[str, list[Somebody]] = {}
        #: By value: people, and ids of groups.
        self.app_roles: dict[str, list[Somebody | str]] = {}
        self.allowed: set[str] = {USER_SCOPE, GROUP_SCOPE}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.most = 1000
        #: A test holds the clock at another day.
        self.is_another_day = False
        self.trouble: Trouble = lambda path, nth: ""
        self.refuse_token: dict[str, Any] = {}
        self.change: Callable[[dict[str, Any]], object] = lambda body: None
        #: Graph's list of changes since the bookmark: rows as it tells them.
        self.changes: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.calls = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(request, client_address)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    def paths(self) -> list[str]:
        return [urlsplit(one).path for one in self.asked]


class _Answering(BaseHTTPRequestHandler):
    server: Peer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._got)

    def do_POST(self) -> None:
        self._answer(self._posted)

    def _answer(self, make: Callable[[], dict[str, Any]]) -> None:
        peer = self.server
        with peer.lock:
            peer.calls += 1
            nth = peer.calls
            peer.asked.append(self.path)
        length = int(self.headers.get("Content-Length", 0))
        self.form = {name: one[0] for name, one in parse_qs(self.rfile.read(length).decode()).items()}
        self.query = {
            name: one[0] for name, one in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()
        }
        self.wrong = peer.trouble(urlsplit(self.path).path, nth)
        try:
            self._make_trouble()
            body = make()
            peer.change(body)
            self._say(200, json.dumps(body).encode())
        except Refused as refused:
            self._say(refused.status, json.dumps(refused.body).encode(), **refused.headers)

    def _make_trouble(self) -> None:
        if self.wrong == "429":
            raise Refused(429, {"error": {"code": "TooManyRequests"}}, **{"Retry-After": "7"})
        if self.wrong == "403":
            raise Refused(403, google_error(403, "userRateLimitExceeded"))
        if self.wrong == "500":
            raise Refused(500, {"error": {"code": "generalException"}})
        if self.wrong == "401":
            self.server.tokens.clear()

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        if self.wrong == "html":
            body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if self.wrong == "html" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.wrong == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    # --- who is there -------------------------------------------------------------------------------------

    def _posted(self) -> dict[str, Any]:
        path = urlsplit(self.path).path
        if self.server.refuse_token:
            raise Refused(400, self.server.refuse_token)
        if path == "/token":
            return self._google_token()
        if path == f"/{TENANT}/oauth2/v2.0/token":
            return self._microsoft_token()
        raise Refused(404, {"error": "not_found"})

    def _google_token(self) -> dict[str, Any]:
        assert self.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        token = jwt.decode(self.form["assertion"], RSAKey.import_key(CERTIFICATE_KEY), algorithms=["RS256"])
        claims = token.claims
        assert claims["aud"] == "https://oauth2.googleapis.com/token"
        self._made_just_now(claims["iat"], claims["exp"], 3600)
        if claims["iss"] != ROBOT:
            raise Refused(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if claims.get("sub") != ADMIN:
            raise Refused(400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"})
        if not set(claims["scope"].split()) <= self.server.allowed:
            raise Refused(
                401,
                {
                    "error": "unauthorized_client",
                    "error_description": "Client is unauthorized to retrieve access tokens using this method, or "
                    "client not authorized for any of the scopes requested.",
                },
            )
        return self._token(3599)

    def _microsoft_token(self) -> dict[str, Any]:
        assert self.form["grant_type"] == "client_credentials"
        assert self.form["scope"] == "https://graph.microsoft.com/.default"
        if self.form["client_id"] != APPLICATION:
            raise Refused(400, entra_refusal("unauthorized_client", 700016))
        if "client_assertion" in self.form:
            kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            assert self.form["client_assertion_type"] == kind
            key = RSAKey.import_key(CERTIFICATE_KEY)
            token = jwt.decode(self.form["client_assertion"], key, algorithms=["PS256"])
            der = x509.load_pem_x509_certificate(CERTIFICATE.encode()).public_bytes(
                serialization.Encoding.DER
            )
            digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
            if token.header.get("x5t#S256") != digest:
                raise Refused(401, entra_refusal("invalid_client", 700027))
            claims = token.claims
            self._made_just_now(claims["nbf"], claims["exp"], 700)
            assert claims["iss"] == claims["sub"] == APPLICATION
            assert claims["aud"] == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
            assert len(claims["jti"]) >= 32
        elif self.form.get("client_secret") != SECRET:
            raise Refused(401, entra_refusal("invalid_client", 7000215))
        return self._token(3599)

    def _made_just_now(self, since: int, until: int, most: int) -> None:
        assert 0 < until - since <= most
        if not self.server.is_another_day:
            assert since - 60 <= time.time() <= until

    def _token(self, lasts: int) -> dict[str, Any]:
        token = f"token-{len(self.server.tokens)}-{self.server.calls}"
        self.server.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": lasts}

    def _got(self) -> dict[str, Any]:
        path = unquote(urlsplit(self.path).path)
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        is_known = scheme == "Bearer" and token in self.server.tokens
        if path.startswith("/admin/directory/v1"):
            if not is_known:
                raise Refused(401, google_error(401, "authError"))
            return self._google(path.removeprefix("/admin/directory/v1"))
        if path.startswith("/v1.0/"):
            if not is_known:
                raise Refused(401, {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}})
            return self._graph(path.removeprefix("/v1.0"))
        raise Refused(404, {"error": "not_found"})

    # --- Google -------------------------------------------------------------------------------------------

    def _google(self, path: str) -> dict[str, Any]:
        members = re.fullmatch(r"/groups/([^/]+)/members", path)
        if members:
            refuse_what_google_would("members", self.query)
            return self._google_members(members[1])
        if path != "/users":
            raise Refused(404, google_error(404, "notFound"))
        refuse_what_google_would("users", self.query)
        if "customer" not in self.query and "domain" not in self.query:
            raise Refused(400, google_error(400, "badRequest"))
        which = self.server.deleted if self.query.get("showDeleted") == "true" else self.server.people
        if self.query.get("query") == "isSuspended=true":
            which = [one for one in which if not one.active]
        rows, then = self._slice(which, int(self.query.get("maxResults", 100)), self.query.get("pageToken"))
        body: dict[str, Any] = {"kind": "admin#directory#users", "etag": '"e"'}
        if rows:
            body["users"] = [one.at_google() for one in rows]
        if then:
            body["nextPageToken"] = then
        return described("Users", fields_of(body, self.query.get("fields")))

    def _google_members(self, group: str) -> dict[str, Any]:
        if group not in self.server.groups:
            raise Refused(404, google_error(404, "notFound"))
        most = int(self.query.get("maxResults", 200))
        rows, then = self._slice(self.server.groups[group], most, self.query.get("pageToken"))
        body: dict[str, Any] = {"kind": "admin#directory#members", "etag": '"e"'}
        body["members"] = [
            {
                "kind": "admin#directory#member",
                "id": one.number,
                "email": one.email,
                "role": "MEMBER",
                "type": "USER",
            }
            for one in rows
        ]
        if then:
            body["nextPageToken"] = then
        return described("Members", fields_of(body, self.query.get("fields")))

    def _slice(self, which: Sequence[Somebody], most: int, at: str | None) -> tuple[Sequence[Somebody], str]:
        """A page token is a place and nothing more: so is a repeated page, and one that nobody knows any more."""
        if self.wrong == "forgotten" and at:
            raise Refused(400, google_error(400, "invalid"))
        begin = int(at.removeprefix("at-")) if at else 0
        if self.wrong == "again":
            begin = max(0, begin - min(most, self.server.most))  # the page before, once more
        end = begin + min(most, self.server.most)
        if self.wrong == "overlap":
            begin = max(0, begin - 5)
        return which[begin:end], f"at-{end}" if end < len(which) else ""

    # --- Microsoft ----------------------------------------------------------------------------------------

    def _graph(self, path: str) -> dict[str, Any]:
        peer = self.server
        if path == "/users":
            assert set(self.query) <= {"$select", "$top", "$filter", "$skiptoken"}
            return self._graph_users()
        if path == "/users/delta":
            return self._graph_changes()
        group = re.fullmatch(r"/groups/([^/]+)/(members|transitiveMembers)(/microsoft\.graph\.user)?", path)
        if group:
            if group[1] not in peer.groups:
                raise Refused(404, {"error": {"code": "Request_ResourceNotFound"}})
            return self._listed(path, [{"id": one.guid} for one in peer.groups[group[1]]])
        if path == f"/servicePrincipals(appId='{APPLICATION}')":
            ids = app_role_ids(peer)
            return {
                "id": PRINCIPAL,
                "appRoles": [{"id": ids[value], "value": value} for value in peer.app_roles],
            }
        if path == f"/servicePrincipals/{PRINCIPAL}/appRoleAssignedTo":
            ids = app_role_ids(peer)
            rows = [
                {
                    "appRoleId": ids[value],
                    "principalId": one if isinstance(one, str) else one.guid,
                    "principalType": "Group" if isinstance(one, str) else "User",
                }
                for value, several in peer.app_roles.items()
                for one in several
            ]
            return self._listed(path, rows)
        raise Refused(404, {"error": {"code": "Request_ResourceNotFound"}})

    def _graph_users(self) -> dict[str, Any]:
        people = self.server.people
        wanted = re.fullmatch(r"id in \((.*)\)", self.query.get("$filter", ""))
        if wanted:
            ids = [one.strip("'") for one in wanted[1].split(",")]
            assert len(ids) <= 15
            people = [one for one in people if one.guid in ids]
        return self._listed("/users", people, self.query.get("$select", "id"))

    def _graph_changes(self) -> dict[str, Any]:
        if self.query.get("$deltatoken") == "latest":
            return {"value": [], "@odata.deltaLink": f"{self.server.url}/v1.0/users/delta?$deltatoken=d1"}
        if self.wrong == "forgotten":
            raise Refused(410, {"error": {"code": "syncStateNotFound"}})
        said = self._listed("/users/delta", self.server.changes)
        if "@odata.nextLink" not in said:
            said["@odata.deltaLink"] = f"{self.server.url}/v1.0/users/delta?$deltatoken=d2"
        return said

    def _listed(self, path: str, rows: Sequence[Any], select: str = "") -> dict[str, Any]:
        """A page; where to go on carries all that was asked for, as Graph's links do."""
        token = self.query.get("$skiptoken")
        if self.wrong == "forgotten" and token:
            raise Refused(400, {"error": {"code": "Directory_ExpiredPageToken"}})
        if token:
            begin, most, select = json.loads(base64.urlsafe_b64decode(token))
        else:
            begin, most = 0, min(int(self.query.get("$top", 100)), self.server.most)
        if self.wrong == "again":
            begin = max(0, begin - most)
        first = max(0, begin - 5) if self.wrong == "overlap" else begin
        some = [
            one.at_microsoft() if isinstance(one, Somebody) else one for one in rows[first : begin + most]
        ]
        if select:
            names = select.split(",")
            some = [{name: one[name] for name in names} for one in some]
        said: dict[str, Any] = {"@odata.context": "whatever", "value": some}
        if begin + most < len(rows):
            then = base64.urlsafe_b64encode(json.dumps([begin + most, most, select]).encode()).decode()
            said["@odata.nextLink"] = f"{self.server.url}/v1.0{path}?{urlencode({'$skiptoken': then})}"
        return said


def app_role_ids(peer: Peer) -> dict[str, str]:
    return {value: f"aaaaaaaa-0000-4000-8000-{nth:012x}" for nth, value in enumerate(peer.app_roles, start=1)}


def entra_refusal(error: str, code: int) -> dict[str, Any]:
    return {
        "error": error,
        "error_description": f"AADSTS{code}: as Microsoft says it. Trace ID: 0000 Timestamp: 2026-11-26 10:00:00Z",
        "error_codes": [code],
        "timestamp": "2026-11-26 10:00:00Z",
        "trace_id": "0000",
        "correlation_id": "0000",
    }


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


def stand_in(patch: pytest.MonkeyPatch, settings: Settings, peer: Peer) -> None:
    """Google and Microsoft are there from now on."""
    patch.setattr(service_account, "TOKEN", f"{peer.url}/token")
    patch.setattr(google_client, "API", f"{peer.url}/admin/directory/v1")
    patch.setattr(registration, "TOKEN", f"{peer.url}/{{tenant}}/oauth2/v2.0/token")
    patch.setattr(entra_client, "API", f"{peer.url}/v1.0")
    for key in (GOOGLE_DIRECTORY, ENTRA_USERS):
        here = replace(services.service(key), hosts=("127.0.0.1",), built=True)
        patch.setitem(services._BY_KEY, key, here)
    use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))


@dataclass
class Every:
    """Trouble at every so many-th request, one kind after another. Never twice in a row at one request."""

    kinds: Sequence[str]
    of: int = 3
    told: list[str] = field(default_factory=list)

    def __call__(self, path: str, nth: int) -> str:
        if nth % self.of or path.endswith("token"):
            return ""
        kind = self.kinds[len(self.told) % len(self.kinds)]
        self.told.append(kind)
        return kind
