"""Twilio's messages on loopback, with trouble: what it refuses, when it falls silent, and what it lists.

Verified: tests/integrations/test_twilio.py asks the same of it and of npm's emulate, which others wrote, and both are
read by Twilio's own library.
"""

import base64
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core import clock, services
from app.core.services import TWILIO
from app.core.settings import get_settings, use_settings
from app.integrations.twilio import client

ACCOUNT: Final = "AC" + "0" * 32
KEY: Final = "SK" + "1" * 32
SECRET: Final = "a secret of Maple's key"
TOKEN: Final = "the auth token of Maple's account"
NUMBER: Final = "+15551234567"
#: Numbers such as "21610" refuse; "cut" takes the text and says nothing, "lost" hangs up before; "html", "500", "429".
Trouble = Callable[[str], str]


@dataclass
class Text:
    sid: str
    carries: dict[str, str]
    status: str = "queued"
    code: int | None = None
    made_at: Any = field(default_factory=clock.now)

    def said(self) -> dict[str, Any]:
        made = format_datetime(self.made_at.replace(microsecond=0))
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": self.carries.get("Body"),
            "date_created": made,
            "date_updated": made,
            "date_sent": None,
            "direction": self.carries.get("direction", "outbound-api"),
            "error_code": self.code,
            "error_message": None,
            "from": self.carries.get("From"),
            "messaging_service_sid": self.carries.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "status": self.status,
            "subresource_uris": {},
            "to": self.carries["To"],
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{self.sid}.json",
        }


class Fake(ThreadingHTTPServer):
    """`texts`: what it has taken, in order. `trouble` is asked for each text with the number that it goes to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.texts: list[Text] = []
        self.trouble: Trouble = lambda to: ""
        self.asked: list[str] = []
        #: What a list leaves out, as Twilio's may for a moment.
        self.hides = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    def sent_to(self, number: str) -> list[str]:
        return [one.carries["Body"] for one in self.texts if one.carries["To"] == number]


class _Answering(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        carries = {name: one[0] for name, one in parse_qs(form, keep_blank_values=True).items()}
        if not self._is_let_in():
            return
        self.server.asked.append(f"POST {sorted(carries)}")
        wrong = self.server.trouble(carries.get("To", ""))
        if wrong == "lost":
            self.close_connection = True
            self.connection.close()
        elif wrong == "429":
            self._refuse(429, 20429)
        elif wrong == "500":
            self._refuse(500, 20500)
        elif wrong.isdigit():
            self._refuse(400, int(wrong))
        elif "To" not in carries:
            self._refuse(400, 21201)
        elif "MessagingServiceSid" not in carries and carries.get("From") != NUMBER:
            self._refuse(400, 21606)
        else:
            text = Text(f"SM{len(self.server.texts):032x}", carries)
            self.server.texts.append(text)
            if wrong == "cut":
                self.close_connection = True
                self.connection.close()
            elif wrong == "html":
                self._answer(201, b"<html>Thank you.</html>")
            else:
                self._say(201, text.said())

    def do_GET(self) -> None:
        if not self._is_let_in():
            return
        place = urlsplit(self.path)
        self.server.asked.append(f"GET {place.path}")
        if place.path.endswith("/Messages.json"):
            wanted = {name: one[0] for name, one in parse_qs(place.query).items()}
            theirs = [
                one.said()
                for one in reversed(self.server.texts)
                if wanted.get("To") in (None, one.carries["To"]) and not self.server.hides
            ]
            self._say(200, {"messages": theirs, "next_page_uri": None, "page": 0, "page_size": 50})
            return
        sid = place.path.rpartition("/")[2].removesuffix(".json")
        found = next((one for one in self.server.texts if one.sid == sid), None)
        self._say(200, found.said()) if found else self._refuse(404, 20404)

    def _is_let_in(self) -> bool:
        words = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {words}":
            self._refuse(401, 20003)
            return False
        if not self.path.startswith(f"/2010-04-01/Accounts/{ACCOUNT}/"):
            self._refuse(404, 20404)
            return False
        return True

    def _refuse(self, status: int, code: int) -> None:
        self._say(status, {"code": code, "message": "As Twilio says it.", "more_info": "", "status": status})

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
    """Twilio is there from now on."""
    patch.setattr(client, "API", f"http://{at}")
    patch.setitem(services._BY_KEY, TWILIO, replace(services.service(TWILIO), hosts=("127.0.0.1",)))
    use_settings(replace(get_settings(), egress_private_allowed=frozenset({at})))
