"""Groupcall Xporter on loopback, with the habits that others recorded of it, and with trouble.

Tokens are given for a school, a relying party and a secret, and end; lists say how many pages they have; an error may
come with status 200. `stand_in` puts it in Xporter's place. Xporter itself was never asked.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core import clock, services
from app.core.services import GROUPCALL
from app.core.settings import Settings, use_settings
from app.integrations.groupcall import client

PARTY: Final = "desk.maple.example"
SECRET: Final = "sesame-of-maple"
#: What goes wrong with a question: one of these, or any status.
FAULTS: Final = ("429", "500", "html", "cut", "503", "error with 200", "token ended")


def member(nth: int, **other: Any) -> dict[str, Any]:
    """One of the staff, with more than anybody should ask for."""
    told = {
        "Id": str(nth),
        "XID": f"xA{nth}",
        "IdaasId": f"PWT-{nth}",
        "Title": "Mx",
        "StaffCode": "GF",
        "StaffStatus": "Current",
        "Forename": f"Given{nth}",
        "Surname": f"Family{nth}",
        "WorkEmail": f"w{nth}@maple.example",
        "Gender": "F",
        "DateOfBirth": "1980-02-03",
        "NINumber": "QQ123456C",
        "HomeEmail": f"home{nth}@mail.example",
        "RowHash": "75912201",
    }
    return {**told, **other}


def pupil(nth: int, **other: Any) -> dict[str, Any]:
    """A student, with more than anybody should ask for."""
    told = {
        "Id": str(nth),
        "Forename": f"Sam{nth}",
        "Surname": f"Pupil{nth}",
        "AdmissionNo": f"00{nth}",
        "YearGroup": "Year  4",
        "DateofBirth": "2015-02-03",
        "Religion": "Not kept",
        "StudentStatus": "OnRoll",
    }
    return {**told, **other}


@dataclass
class School:
    """One school at Xporter."""

    estab: str
    name: str
    secret: str = SECRET
    staff: list[dict[str, Any]] = field(default_factory=list)
    students: list[dict[str, Any]] = field(default_factory=list)
    #: What it has not authorised.
    refuses: frozenset[str] = frozenset()


class Xporter(ThreadingHTTPServer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.schools: list[School] = []
        self.most = 100
        self.token_lasts = timedelta(hours=1)
        self.tokens: dict[str, str] = {}
        self.trouble: Callable[[str, int], str] = lambda path, nth: ""
        self.before: dict[int, Callable[[], object]] = {}
        self.change: Callable[[dict[str, Any]], object] = lambda body: None
        #: As the recorded answers have it; others write it with capitals.
        self.pagination = "__pagination__"
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(request, client_address)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def lists_asked(self, what: str) -> list[dict[str, str]]:
        """The parameters of each question for a list."""
        parts = [urlsplit(one) for one in self.asked]
        return [
            {name: values[0] for name, values in parse_qs(one.query).items()}
            for one in parts
            if f"/{what}/" in one.path
        ]


class _Refused(Exception):
    def __init__(self, status: int, body: dict[str, Any] | None = None, **headers: str) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers
        self.body = body or {"Message": None, "ExceptionType": None, "ExceptionMessage": "Dr Who is wrong"}


class _Answering(BaseHTTPRequestHandler):
    server: Xporter
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._answer(self._token)

    def do_GET(self) -> None:
        self._answer(self._found)

    def _answer(self, make: Callable[[], dict[str, Any]]) -> None:
        peer = self.server
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.form = json.loads(sent) if sent else {}
        with peer.lock:
            peer.asked.append(self.path)
            nth = len(peer.asked)
        if act := peer.before.pop(nth, None):
            act()
        self.wrong = peer.trouble(self.path, nth)
        try:
            if self.wrong.isdigit():
                raise _Refused(int(self.wrong))
            if self.wrong == "error with 200":
                raise _Refused(200)
            if self.wrong == "token ended":
                peer.tokens.clear()
            body = make()
            peer.change(body)
            self._say(200, body)
        except _Refused as refused:
            self._say(refused.status, refused.body, **refused.headers)

    def _school(self, estab: str) -> School:
        found = next((one for one in self.server.schools if one.estab == estab), None)
        if found is None:
            raise _Refused(404)
        return found

    def _token(self) -> dict[str, Any]:
        if urlsplit(self.path).path != "/idaas/sts/STS/GetToken":
            raise _Refused(404)
        asked = self.form
        school = self._school(asked["estab"])
        said = (asked["relyingParty"], asked["password"], asked["thirdPartyId"])
        if said != (PARTY, school.secret, "XporterOnDemand"):
            raise _Refused(401)
        token = f"token/{len(self.server.asked)}+of="
        self.server.tokens[token] = school.estab
        ends = (clock.now() + self.server.token_lasts).strftime("%Y-%m-%dT%H:%M:%S.1852229Z")
        return {"token": token, "expires": ends}

    def _found(self) -> dict[str, Any]:
        peer = self.server
        parts = urlsplit(self.path)
        *_, estab, what = parts.path.removeprefix("/api/v1/School/").strip("/").split("/")
        if peer.tokens.get(self.headers.get("Authorization", "").removeprefix("Idaas ")) != estab:
            raise _Refused(401)
        school = self._school(estab)
        if what in school.refuses:
            raise _Refused(403)
        meta = [{"Id": 1, "MIS": "simsnet", "Version": "4", "DateTime": "2026-11-25T02:25:06.223"}]
        if what == "SchoolInfo":
            return {"SchoolInfo": [{"Id": "1", "Name": school.name, "EstabId": estab}], "meta": meta}
        asked = {name: one[0] for name, one in parse_qs(parts.query).items()}
        named = {"Staff": (school.staff, "staffStatus"), "Students": (school.students, "studentStatus")}
        if what not in named:
            raise _Refused(404)
        records, status = named[what]
        wanted = asked.get(status)
        records = [one for one in records if wanted in (None, one[status[0].upper() + status[1:]])]
        size, page = min(int(asked["pageSize"]), peer.most), int(asked["page"])
        fields = asked.get("select", "").split(",")
        count = max(1, -(-len(records) // size))
        pages = {"PageSize": size, "PageNumber": page, "PageCount": count, "RowCount": len(records)}
        return {
            what: [
                {name: value for name, value in one.items() if name in fields}
                for one in records[(page - 1) * size : page * size]
            ],
            "meta": meta,
            peer.pagination: [{**pages, "NextPage": f"?page={page + 1}&pageSize={size}"}],
        }

    def _say(self, status: int, said: dict[str, Any], **headers: str) -> None:
        body = json.dumps(said).encode()
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


@contextmanager
def running() -> Iterator[Xporter]:
    """On a port of loopback, until the block ends."""
    peer = Xporter()
    thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join()


def stand_in(patch: pytest.MonkeyPatch, settings: Settings, peer: Xporter) -> None:
    """Xporter is there from now on."""
    patch.setattr(client, "API", f"http://{peer.at}/api/v1")
    patch.setattr(client, "TOKEN", f"http://{peer.at}/idaas/sts/STS/GetToken")
    here = replace(services.service(GROUPCALL), hosts=("127.0.0.1",), built=True)
    patch.setitem(services._BY_KEY, GROUPCALL, here)
    use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
