"""A OneRoster server on this machine, 1.1 or 1.2, with the habits of real ones. It keeps its state between questions.

What it answers under 1.2 is held against the schema of the binding (oneroster_1_2.json) before it leaves; whatever does
not fit, or is asked for at any other path, stands in `faults` afterwards. Signatures of OAuth 1 are checked by the
server side of oauthlib.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema

KEY, SECRET = "key-of-maple", "s/cret +&=%é"
STATIC_TOKEN = "a-token-that-somebody-copied"
COLLECTIONS = ("orgs", "users", "academicSessions", "courses", "classes", "enrollments")
WHEN = "2026-11-01T08:00:00.000Z"

_DEFINITIONS = json.loads((Path(__file__).parent / "oneroster_1_2.json").read_text(encoding="utf-8"))["$defs"]


@dataclass
class OneRosterServer:
    """What it holds, and how it behaves."""

    version: str = "v1p2"
    #: "oauth2", "bearer", or a signature method of OAuth 1.
    method: str = "oauth2"
    orgs: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    academicSessions: list[dict[str, Any]] = field(default_factory=list)
    courses: list[dict[str, Any]] = field(default_factory=list)
    classes: list[dict[str, Any]] = field(default_factory=list)
    enrollments: list[dict[str, Any]] = field(default_factory=list)
    #: Whatever limit is asked for, no more come.
    most: int = 500
    tells_totals: bool = False
    #: Adds to every total that it tells.
    total_off_by: int = 0
    #: Parameters that it answers with 400.
    refuses: frozenset[str] = frozenset()
    knows_offset: bool = True
    knows_scopes: bool = True
    takes_basic: bool = True
    #: How many questions a token is good for.
    token_lasts: int = 10_000
    #: Where its links and hrefs lead.
    href: str = "users/"
    link: str = ""
    #: Given instead of the next answers: status, headers, body.
    instead: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    #: Done before the answer to the nth question for records, from 1.
    before: dict[int, Callable[[], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/ims/oneroster/{self.version}"

    @property
    def token_address(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth/token?appName=maple"

    def questions(self, what: str) -> list[dict[str, str]]:
        """Those for one collection, as their parameters."""
        paths = [urlsplit(one) for one in self.asked]
        return [
            {name: values[0] for name, values in parse_qs(path.query).items()}
            for path in paths
            if path.path.endswith(f"/{what}")
        ]

    # --- answering -----------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        path = urlsplit(target).path
        if method == "POST" and path == "/oauth/token" and self.method == "oauth2":
            return self._token(headers, parse_qs(body.decode()))
        what = path.removeprefix(f"/ims/oneroster/{self.version}/")
        if method != "GET" or what not in COLLECTIONS:
            self.faults.append(f"{method} {path}")
            return self._error(404, "unknownobject")
        self.asked.append(target)
        if act := self.before.pop(len(self.asked), None):
            act()
        if self.instead:
            return self.instead.pop(0)
        if not self._is_known(target, headers):
            return self._error(401, "unauthorisedrequest")
        return self._records(what, {name: one[0] for name, one in parse_qs(urlsplit(target).query).items()})

    def _records(self, what: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if self.refuses & asked.keys() or int(asked.get("limit", 100)) < 1:
            return self._error(400, "invalid_selection_field")
        limit = min(int(asked.get("limit", 100)), self.most)
        offset = int(asked.get("offset", 0)) if self.knows_offset else 0
        records = list(getattr(self, what))
        if asked.get("sort") == "sourcedId":
            records.sort(key=lambda one: str(one.get("sourcedId", "")))
        page = records[offset : offset + limit]
        if self.version == "v1p2":
            self._check({what: page}, what)
        if fields := asked.get("fields"):
            page = [{name: one[name] for name in fields.split(",") if name in one} for one in page]
        headers = {"Content-Type": "application/json"}
        if self.tells_totals:
            headers["X-Total-Count"] = str(len(records) + self.total_off_by)
        if self.link:
            headers["Link"] = f'<{self.link}>; rel="next"'
        return 200, headers, json.dumps({what: page}).encode()

    def _error(self, status: int, code: str) -> tuple[int, dict[str, str], bytes]:
        said = {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_CodeMinor": {
                "imsx_codeMinorField": [
                    {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}
                ]
            },
        }
        self._check(said, "error")
        return status, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def _check(self, said: Any, what: str) -> None:
        try:
            jsonschema.validate(said, {"$ref": f"#/$defs/{what}", "$defs": _DEFINITIONS})
        except jsonschema.ValidationError as error:
            self.faults.append(f"{what}: {error.message[:200]}")

    # --- keys ----------------------------------------------------------------------------------------------

    def _token(
        self, headers: dict[str, str], form: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        if "scope" in form and not self.knows_scopes:
            return 400, {}, b'{"error": "invalid_scope"}'
        pair = (form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
        told = headers.get("authorization", "")
        if told.startswith("Basic ") and self.takes_basic:
            key, _, secret = base64.b64decode(told[6:]).decode().partition(":")
            pair = (unquote(key), unquote(secret))
        if pair != (KEY, SECRET) or form.get("grant_type") != ["client_credentials"]:
            return 401, {}, b'{"error": "invalid_client"}'
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = self.token_lasts
        said = {"access_token": token, "token_type": "bearer", "expires_in": 3600}
        return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def _is_known(self, target: str, headers: dict[str, str]) -> bool:
        told = headers.get("authorization", "")
        if self.method == "bearer":
            return told == f"Bearer {STATIC_TOKEN}"
        if self.method == "oauth2":
            token = told.removeprefix("Bearer ")
            left = self.tokens.get(token, 0)
            self.tokens[token] = left - 1
            return left > 0
        from tests.integrations import oauth1

        return oauth1.holds(f"http://127.0.0.1:{self.port}{target}", headers, KEY, SECRET, self.method)


@contextmanager
def running(server: OneRosterServer) -> Iterator[OneRosterServer]:
    """Let it answer, on a port of this machine, until the block ends; then nothing may have been wrong."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told, body = server.answer(self.command, self.path, headers, self.rfile.read(length))
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
    assert server.faults == []


# --- what it holds ------------------------------------------------------------------------------------------


def org(key: str, name: str, kind: str = "school", **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": key,
        "status": "active",
        "dateLastModified": WHEN,
        "name": name,
        "type": kind,
        **more,
    }


def pointer(key: str, kind: str = "org", href: str = "") -> dict[str, str]:
    return {"href": href or f"{kind}s/{key}", "sourcedId": key, "type": kind}


def term(key: str, begins: str, ends: str) -> dict[str, Any]:
    return {
        "sourcedId": key,
        "status": "active",
        "dateLastModified": WHEN,
        "title": key,
        "startDate": begins,
        "endDate": ends,
        "type": "term",
        "schoolYear": "2027",
    }


def course(key: str, title: str) -> dict[str, Any]:
    head = {"sourcedId": key, "status": "active", "dateLastModified": WHEN}
    return {**head, "title": title, "org": pointer("d1"), "courseCode": key.upper()}


def school_class(key: str, title: str, *terms: str, **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": key,
        "status": "active",
        "dateLastModified": WHEN,
        "title": title,
        "classCode": f"{key}-1",
        "classType": "scheduled",
        "course": pointer("math", "course"),
        "school": pointer("s1"),
        "terms": [pointer(one, "academicSession") for one in terms],
        "periods": ["1", "2"],
        "location": "Room 12",
        **more,
    }


def enrollment(key: str, of: str, person: str, role: str = "student", **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": key,
        "status": "active",
        "dateLastModified": WHEN,
        "user": pointer(person, "user"),
        "class": pointer(of, "class"),
        "school": pointer("s1"),
        "role": role,
        "primary": "false",
        **more,
    }


def user(nth: int, *roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One of the staff under 1.2, with all that a server may say of them, a password too."""
    return {
        "sourcedId": f"u{nth:05}",
        "status": "active",
        "dateLastModified": WHEN,
        "enabledUser": "true",
        "givenName": f"Given{nth}",
        "familyName": f"Family{nth}",
        "email": f"u{nth}@maple.example",
        "username": "",
        "password": "quokka",
        "phone": "quokka",
        "pronouns": "quokka",
        "roles": list(roles) or [role()],
        **more,
    }


def role(
    name: str = "teacher", school: str = "s1", kind: str = "primary", href: str = "", **more: Any
) -> dict[str, Any]:
    return {"roleType": kind, "role": name, "org": pointer(school, href=href), **more}


def user_of_1_1(nth: int, name: str = "teacher", **more: Any) -> dict[str, Any]:
    told = user(nth, **more)
    del told["roles"]
    return {"role": name, "orgs": [pointer("s1")], **told}
