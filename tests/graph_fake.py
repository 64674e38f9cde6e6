"""Microsoft's token and Graph's sendMail on loopback, with trouble.

A fake of ours: no peer that others wrote takes MIME under /users/{id}/sendMail. It is held against what Microsoft
publishes (“user: sendMail”, “Get a token”): 202 without a body, 400 ErrorMimeContentInvalidBase64String, errors as
{"error": {"code", "message"}}; and it reads the mail with the standard library.
"""

import base64
import binascii
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

from app.core import services
from app.core.services import MICROSOFT_MAIL
from app.core.settings import get_settings, use_settings
from app.integrations.entra_users import registration
from app.integrations.microsoft_mail import client

TENANT: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
CLIENT: Final = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SECRET: Final = "a secret of Maple's application"
TOKEN: Final = "a-token-for-an-hour"


class Fake(ThreadingHTTPServer):
    """`sent`: by mailbox, what it took. `trouble`: "cut", "html", or status and code: "403 ErrorAccessDenied"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.sent: list[tuple[str, EmailMessage]] = []
        self.trouble: Callable[[], str] = lambda: ""
        self.asked: list[str] = []

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
        self.server.asked.append(self.path)
        if self.path == f"/{TENANT}/oauth2/v2.0/token":
            self._give_token({name: one[0] for name, one in parse_qs(body.decode()).items()})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"error": {"code": "InvalidAuthenticationToken", "message": "As Graph says it."}})
        else:
            self._send_mail(body)

    def _give_token(self, form: dict[str, str]) -> None:
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        if all(form.get(name) == value for name, value in wanted.items()):
            self._say(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
        else:
            self._say(401, {"error": "invalid_client", "error_codes": [7000215]})

    def _send_mail(self, body: bytes) -> None:
        wrong = self.server.trouble()
        status, _, code = wrong.partition(" ")
        mailbox = self.path.removeprefix("/v1.0/users/").removesuffix("/sendMail")
        if status.isdigit():
            self._say(int(status), {"error": {"code": code, "message": "As Graph says it."}})
            return
        try:
            assert self.headers["Content-Type"] == "text/plain"
            raw = base64.b64decode(body, validate=True)
        except (AssertionError, binascii.Error):
            self._say(400, {"error": {"code": "ErrorMimeContentInvalidBase64String", "message": ""}})
            return
        mail = message_from_bytes(raw, policy=policy.default)
        self.server.sent.append((mailbox, mail))
        if wrong == "cut":
            self.close_connection = True
            self.connection.close()
        elif wrong == "html":
            self._answer(200, b"<html>Hello.</html>")
        else:
            self._answer(202, b"")

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
    """Microsoft is there from now on."""
    patch.setattr(client, "API", f"http://{at}/v1.0")
    patch.setattr(registration, "TOKEN", f"http://{at}/{{tenant}}/oauth2/v2.0/token")
    patch.setitem(
        services._BY_KEY, MICROSOFT_MAIL, replace(services.service(MICROSOFT_MAIL), hosts=("127.0.0.1",))
    )
    use_settings(replace(get_settings(), egress_private_allowed=frozenset({at})))
