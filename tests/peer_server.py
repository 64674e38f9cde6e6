"""A service on loopback that answers in JSON: what the peers of our tests have in common, trouble included.

A peer says what it answers (`found`), and who may ask (`refuse`). What goes wrong goes wrong here, the same for all.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core import services
from app.core.settings import Settings, use_settings

#: What passes by itself.
FAULTS: Final = ("429", "500", "html", "cut", "503", "slow down")
#: Stands in what is refused, and must never be repeated.
NAME_IN_A_REFUSAL: Final = "Pat Doe"


class Refused(Exception):
    """Answered with that status."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers


@dataclass(frozen=True)
class Told:
    """An answer with headers of its own."""

    body: Any
    headers: dict[str, str]


class Peer(ThreadingHTTPServer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        #: What goes wrong with the nth question: one of FAULTS, "elsewhere", or any status.
        self.trouble: Callable[[str, int], str] = lambda path, nth: ""
        #: Done before the answer to the nth question.
        self.before: dict[int, Callable[[], object]] = {}
        #: An answer, before it is sent.
        self.change: Callable[[str, Any], object] = lambda path, told: None
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def at(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    def refuse(self, headers: Any) -> None:
        """Raises Refused for who may not ask."""

    def found(self, path: str, asked: dict[str, str], headers: Any) -> Any:
        """What is there; with the headers of the answer behind it, as Told. Raises Refused."""
        raise NotImplementedError

    def posted(self, path: str, form: dict[str, str], headers: Any) -> dict[str, Any]:
        """What is answered to a form. Raises Refused."""
        raise Refused(404)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(request, client_address)


class Answering(BaseHTTPRequestHandler):
    server: Peer
    protocol_version = "HTTP/1.1"
    wrong = ""

    def do_POST(self) -> None:
        written = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: one[0] for name, one in parse_qs(written).items()}
        self.wrong = self.server.trouble(self.path, 0)
        self._answer(lambda: self.server.posted(self.path, form, self.headers))

    def do_GET(self) -> None:
        peer = self.server
        with peer.lock:
            peer.asked.append(self.path)
            nth = len(peer.asked)
        if act := peer.before.pop(nth, None):
            act()
        parts = urlsplit(self.path)
        self.wrong = peer.trouble(parts.path, nth)
        self._answer(lambda: self._found(parts.path, parts.query))

    def _found(self, path: str, query: str) -> Any:
        peer = self.server
        peer.refuse(self.headers)
        asked = {name: one[0] for name, one in parse_qs(query).items()}
        told = peer.found(path, asked, self.headers)
        peer.change(path, told.body if isinstance(told, Told) else told)
        return told

    def _answer(self, found: Callable[[], Any]) -> None:
        try:
            if self.wrong.isdigit():
                raise Refused(int(self.wrong))
            if self.wrong == "slow down":
                raise Refused(429, **{"Retry-After": "7"})
            if self.wrong == "elsewhere":
                raise Refused(302, Location="https://birch.example/elsewhere")
            told = found()
            if isinstance(told, Told):
                self._say(200, told.body, told.headers)
            else:
                self._say(200, told)
        except Refused as refused:
            self._say(refused.status, {"message": f"{NAME_IN_A_REFUSAL} is locked"}, refused.headers)

    def _say(self, status: int, told: object, more: dict[str, str] | None = None) -> None:
        body = json.dumps(told).encode()
        if self.wrong == "html":
            body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if self.wrong == "html" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.wrong == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


P = TypeVar("P", bound=Peer)


@contextmanager
def running(peer: P) -> Iterator[P]:
    """On a port of loopback, until the block ends."""
    thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join()


def stand_in(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, service: str, peer: Peer, *hosts: str
) -> None:
    """The one address of loopback that may be called in this test. `hosts`: where the registry names them."""
    monkeypatch.setitem(
        services._BY_KEY, service, replace(services.service(service), built=True, hosts=hosts)
    )
    use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
