"""Google's token and Gmail's users.messages.send on loopback, with trouble.

Verified: tests/notices/test_over_gmail.py sends the same mail to npm's emulate, which others wrote, and Google's own
library speaks with both.
"""

import base64
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.core import services
from app.core.services import GOOGLE_MAIL
from app.core.settings import get_settings, use_settings
from app.integrations.google_directory import service_account
from app.integrations.google_mail import client
from tests.directory_people import PRIVATE_PEM, ROBOT

TOKEN: Final = "a-token-for-an-hour"


class Fake(ThreadingHTTPServer):
    """`sent`: what it took. `trouble`: "cut", "html", or a status and a reason: "403 userRateLimitExceeded"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.sent: list[EmailMessage] = []
        self.trouble: Callable[[], str] = lambda: ""
        self.acted_for: list[tuple[str, str]] = []
        self.heard: list[dict[str, str]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.heard.append(dict(self.headers))
        if self.path == "/token":
            self._give_token(parse_qs(body.decode())["assertion"][0])
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "authError")
        elif self.path.partition("?")[0] != "/gmail/v1/users/me/messages/send":
            self._refuse(404, "notFound")
        else:
            self._send(body)

    def _give_token(self, assertion: str) -> None:
        said = jwt.decode(assertion, RSAKey.import_key(PRIVATE_PEM)).claims
        assert said["iss"] == ROBOT
        self.server.acted_for.append((said["sub"], said["scope"]))
        if said["sub"].startswith("nobody@"):
            self._say(400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"})
        else:
            self._say(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def _send(self, body: bytes) -> None:
        wrong = self.server.trouble()
        status, _, reason = wrong.partition(" ")
        if status.isdigit():
            self._refuse(int(status), reason)
            return
        raw = base64.urlsafe_b64decode(json.loads(body)["raw"])
        self.server.sent.append(message_from_bytes(raw, policy=policy.default))
        if wrong == "cut":
            self.close_connection = True
            self.connection.close()
        elif wrong == "html":
            self._answer(200, b"<html>Hello.</html>")
        else:
            self._say(200, {"id": "18c", "threadId": "18c", "labelIds": ["SENT"]})

    def _refuse(self, status: int, reason: str) -> None:
        errors = [{"domain": "global", "reason": reason, "message": "As Google says it."}]
        self._say(status, {"error": {"code": status, "message": "As Google says it.", "errors": errors}})

    def _say(self, status: int, said: dict[str, Any]) -> None:
        self._answer(status, json.dumps(said).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[Fake]:
    fake = Fake()
    thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        fake.shutdown()
        thread.join()
        fake.server_close()


def stand_in(patch: pytest.MonkeyPatch, at: str) -> None:
    """Google is there from now on."""
    patch.setattr(client, "API", f"http://{at}")
    patch.setattr(service_account, "TOKEN", f"http://{at}/token")
    patch.setitem(services._BY_KEY, GOOGLE_MAIL, replace(services.service(GOOGLE_MAIL), hosts=("127.0.0.1",)))
    use_settings(replace(get_settings(), egress_private_allowed=frozenset({at})))
