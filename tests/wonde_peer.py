"""Wonde on loopback: regions, schools, people, attendance, with its habits and with trouble.

It keeps what a test gives it, checks token, approval and rights as Wonde does, pages with whole addresses, and answers
for a school of another region as if nobody were there. `stand_in` puts it in Wonde's place. Of attendance the paths are
those that clients of others ask for; the properties are told by what may be written back, and not verified.
"""

import base64
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.core import services
from app.core.services import WONDE, WONDE_ATTENDANCE
from app.core.settings import Settings, use_settings
from app.integrations.wonde import wire

TOKEN: Final = "a-token-of-maple"
UK: Final = "api.wonde.com"
RIGHTS: Final = frozenset(
    {"employees", "contact_details", "employment_details", "students", "contacts", "year", "deletions"}
    | {"education_details", "students-leaver", "attendance-codes", "attendance_code", "lesson", "period"}
    | {"attendance/session", "attendance-leavers/session", "attendance/lesson"}
)
#: List → where a school holds it.
LISTS: Final = {
    "employees": "employees",
    "students": "students",
    "students-leaver": "leavers",
    "deletions": "deletions",
    "attendance-codes": "codes",
    "attendance/session": "sessions",
    "attendance-leavers/session": "sessions_of_leavers",
    "attendance/lesson": "lessons",
}
#: Of England: letter, type, description.
CODES: Final = (
    ("/", "PRESENT", "Present (AM)"),
    ("\\", "PRESENT", "Present (PM)"),
    ("L", "PRESENT", "Late (before registers closed)"),
    ("U", "UNAUTHORISED_ABSENCE", "Late (after registers closed)"),
    ("I", "AUTHORISED_ABSENCE", "Illness"),
    ("O", "UNAUTHORISED_ABSENCE", "Absent without authorisation"),
    ("N", "UNAUTHORISED_ABSENCE", "Reason for absence not yet established"),
    ("V", "APPROVED_EDUCATIONAL_ACTIVITY", "Educational visit or trip"),
    ("X", "ATTENDANCE_NOT_REQUIRED", "Non-compulsory school age pupil not required to attend"),
    ("#", "ATTENDANCE_NOT_REQUIRED", "Planned whole school closure"),
    ("-", "", "No mark"),
)
#: What goes wrong with a question: one of FAULTS, or any status.
Trouble = Callable[[str, int], str]
FAULTS: Final = ("429", "500", "html", "cut", "503", "slow down")


def when(day: str = "2026-11-01 08:00:00") -> dict[str, Any]:
    """A date as PHP writes it; the microseconds are sometimes there."""
    return {"date": f"{day}.000000", "timezone_type": 3, "timezone": "Europe/London"}


def employee(nth: int, **other: Any) -> dict[str, Any]:
    """With more than anybody should ask for."""
    told = {
        "id": f"A1{nth:07}",
        "upi": f"upi-{nth}",
        "mis_id": str(nth),
        "initials": "GF",
        "title": "Mx",
        "surname": f"Family{nth}",
        "forename": f"Given{nth}",
        "middle_names": None,
        "legal_surname": f"Family{nth}",
        "legal_forename": f"Given{nth}",
        "gender": "F",
        "date_of_birth": when("1980-02-03"),
        "restored_at": None,
        "created_at": when(),
        "updated_at": when(),
        "contact_details": {
            "phones": {"home": "01632 960000", "mobile": "07700 900000"},
            "emails": {
                "email": f"w{nth}@maple.example",
                "home": f"home{nth}@mail.example",
                "work": f"w{nth}@maple.example",
                "primary": f"home{nth}@mail.example",
            },
        },
        "employment_details": {"current": True, "employment_start_date": when("2010-09-01")},
    }
    return {**told, **other}


def contact(nth: int, relationship: str = "Mother", **other: Any) -> dict[str, Any]:
    """As it hangs on a student: with what it is to them, which is theirs alone."""
    told = {
        "id": f"A3{nth:07}",
        "upi": f"upi-c{nth}",
        "mis_id": str(nth),
        "title": "Ms",
        "surname": f"Parent{nth}",
        "forename": f"Pat{nth}",
        "gender": "F",
        "relationship": {
            "relationship": relationship,
            "parental_responsibility": relationship in ("Mother", "Father"),
            "lives_with_pupil": True,
            "court_order": None,
            "priority": 1,
        },
        "contact_details": {
            "phones": {"primary": f"+44 1632 96{nth % 10000:04}", "mobile": f"+44 7700 9{nth % 100000:05}"},
            "emails": {"primary": f"p{nth}@mail.example", "home": f"p{nth}@mail.example"},
        },
    }
    return {**told, **other}


def student(nth: int, *contacts: dict[str, Any], **other: Any) -> dict[str, Any]:
    """With more than anybody should ask for."""
    told = {
        "id": f"A2{nth:07}",
        "upi": f"upi-s{nth}",
        "mis_id": str(nth),
        "surname": f"Pupil{nth}",
        "forename": f"Sam{nth}",
        "gender": "M",
        "date_of_birth": when("2015-02-03"),
        "updated_at": when(),
        "year": {"code": "7", "name": "Year 7"},
        "education_details": {
            "admission_number": f"00{nth}",
            "upn": f"X{nth:012}",
            "admission_date": when("2022-09-01 00:00:00"),
            "leaving_date": None,
        },
        "contacts": list(contacts),
    }
    return {**told, **other}


@dataclass
class School:
    """One school at Wonde."""

    id: str
    name: str
    domain: str = UK
    #: "approved", "pending" or "revoked".
    access: str = "approved"
    employees: list[dict[str, Any]] = field(default_factory=list)
    students: list[dict[str, Any]] = field(default_factory=list)
    deletions: list[dict[str, Any]] = field(default_factory=list)
    leavers: list[dict[str, Any]] = field(default_factory=list)
    codes: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    sessions_of_leavers: list[dict[str, Any]] = field(default_factory=list)
    lessons: list[dict[str, Any]] = field(default_factory=list)
    _marks: int = 0

    def has_codes(self, *codes: tuple[str, str, str]) -> None:
        """Its attendance codes: letter, type, description."""
        self.codes = [
            {"id": f"A4{nth:07}", "code": code, "type": kind, "description": said}
            for nth, (code, kind, said) in enumerate(codes, 1)
        ]

    def session(self, student: str, day: str, session: str, code: str, **other: Any) -> dict[str, Any]:
        """What was noted of a student in a session."""
        made = {
            **self._mark(student, code),
            "date": {**when(f"{day} 00:00:00"), "timezone": "Europe/London"},
            "session": session,
            **other,
        }
        self.sessions.append(made)
        return made

    def lesson(self, student: str, start: str, period: str, code: str, **other: Any) -> dict[str, Any]:
        """What was noted of a student in a lesson."""
        about = {"id": "A70000001", "start_at": when(start), "period": {"data": {"id": "A8", "name": period}}}
        made = {**self._mark(student, code), "lesson": about, **other}
        self.lessons.append(made)
        return made

    def _mark(self, student: str, code: str) -> dict[str, Any]:
        self._marks += 1
        found = next(one for one in self.codes if one["code"] == code)
        return {
            "id": f"A9{self._marks:07}",
            "student": student,
            "attendance_code": found,
            "comment": None,
            "minutes_late": None,
            "created_at": when(),
            "updated_at": when(),
        }

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "establishment_number": "6006",
            "urn": 10003,
            "la_code": "825",
            "timezone": "Europe/London",
            "mis": "SIMS",
            "region": {
                "code": "GBR",
                "domain": self.domain,
                "school_url": f"https://{self.domain}/v1.0/schools/{self.id}",
            },
        }


class Wonde(ThreadingHTTPServer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, certificate: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.schools: list[School] = []
        self.token = TOKEN
        self.rights = set(RIGHTS)
        #: Whatever is asked for, no more come at once.
        self.most = 100
        self.trouble: Trouble = lambda path, nth: ""
        #: Done before the answer to the nth question.
        self.before: dict[int, Callable[[], object]] = {}
        #: What stands in the place of its next address.
        self.next: Callable[[str], str] = lambda address: address
        self.change: Callable[[dict[str, Any]], object] = lambda body: None
        self.pages_by: str = "page"
        #: What becomes of a question for the days of attendance: "heeded", "ignored" or "refused".
        self.days: str = "heeded"
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(request, client_address)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.at}"

    def school(self, id: str) -> School | None:
        return next((one for one in self.schools if one.id == id), None)

    def lists_asked(self, what: str) -> list[dict[str, str]]:
        """The parameters of each question for a list."""
        parts = [urlsplit(one) for one in self.asked]
        return [
            {name: values[0] for name, values in parse_qs(one.query).items()}
            for one in parts
            if one.path.rstrip("/").endswith(f"/{what}")
        ]


class _Refused(Exception):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers


class _Answering(BaseHTTPRequestHandler):
    server: Wonde
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        peer = self.server
        with peer.lock:
            peer.asked.append(self.path)
            nth = len(peer.asked)
        peer.agents.add(self.headers.get("User-Agent", ""))
        if act := peer.before.pop(nth, None):
            act()
        parts = urlsplit(self.path)
        self.wrong = peer.trouble(parts.path, nth)
        try:
            if self.wrong.isdigit():
                raise _Refused(int(self.wrong))
            if self.wrong == "slow down":
                raise _Refused(429, **{"Retry-After": "7"})
            self._refuse_strangers()
            body = self._found(parts.path.removeprefix("/v1.0/").strip("/").split("/"))
            peer.change(body)
            self._say(200, json.dumps(body).encode())
        except _Refused as refused:
            said = json.dumps({"error": "refused", "error_description": "Dr Who"}).encode()
            self._say(refused.status, said, **refused.headers)

    def _refuse_strangers(self) -> None:
        basic = base64.b64encode(f"{self.server.token}:".encode()).decode()
        if self.headers.get("Authorization") not in (f"Bearer {self.server.token}", f"Basic {basic}"):
            raise _Refused(401)

    def _found(self, parts: list[str]) -> dict[str, Any]:
        asked = {name: one[0] for name, one in parse_qs(urlsplit(self.path).query).items()}
        peer = self.server
        if parts[0] != "schools":
            raise _Refused(404)
        if parts[1:] == ["pending"]:
            waiting = [one.told() for one in peer.schools if one.access == "pending"]
            return self._page(waiting, asked)
        if len(parts) == 1:
            return self._page([one.told() for one in peer.schools if one.access == "approved"], asked)
        school = peer.school(parts[1])
        if school is None or school.access != "approved":
            raise _Refused(404 if school is None else 403)
        if len(parts) == 2:
            return {"data": school.told(), "meta": {"includes": []}}
        includes = set(filter(None, asked.get("include", "").split(",")))
        page = self._page(self._records(school, "/".join(parts[2:]), includes, asked), asked)
        return {**page, "data": [_with(one, includes) for one in page["data"]]}

    def _records(
        self, school: School, what: str, includes: set[str], asked: dict[str, str]
    ) -> list[dict[str, Any]]:
        peer = self.server
        if what not in LISTS:
            raise _Refused(404)
        if what not in peer.rights or not {one.split(".")[-1] for one in includes} <= peer.rights:
            raise _Refused(403)
        records: list[dict[str, Any]] = getattr(school, LISTS[what])
        if since := asked.get("updated_after"):
            if len(since) != 19 or since[10] != " ":
                raise _Refused(422)
            named = "deleted_at" if what == "deletions" else "updated_at"
            records = [one for one in records if one[named]["date"] >= since]
        records = self._of_days(records, asked)
        if school.domain != UK:
            return []  # this region knows nothing of it, and says so by saying nothing
        return records

    def _of_days(self, records: list[dict[str, Any]], asked: dict[str, str]) -> list[dict[str, Any]]:
        first, last = asked.get("attendance_date_after", ""), asked.get("attendance_date_before", "~")
        if (first or last != "~") and self.server.days == "refused":
            raise _Refused(422)
        if self.server.days == "ignored":
            return records
        found = [(one, one.get("date") or one.get("lesson", {}).get("start_at", {})) for one in records]
        return [
            one
            for one, at in found
            if not isinstance(at, dict) or first < at.get("date", "")[:10] < last or not at
        ]

    def _page(self, records: Sequence[dict[str, Any]], asked: dict[str, str]) -> dict[str, Any]:
        peer = self.server
        if not 1 <= int(asked.get("per_page", 50)) <= 200:
            raise _Refused(422)
        size = min(int(asked.get("per_page", 50)), peer.most)
        by = "cursor" if "cursor" in asked else peer.pages_by
        page = int(asked.get("page") or asked.get("cursor", "c1").replace("true", "c1")[1:])
        pages: dict[str, Any] = {"previous": None, "next": None, "more": False, "per_page": size}
        pages["current_page"] = page
        if len(records) > page * size:
            mark = str(page + 1) if by == "page" else f"c{page + 1}"
            others = {name: one for name, one in asked.items() if name not in ("page", "cursor")}
            query = urlencode({**others, by: mark})
            pages["more"] = True
            pages["next"] = peer.next(f"{peer.url}{urlsplit(self.path).path}?{query}")
        return {
            "data": list(records[(page - 1) * size : page * size]),
            "meta": {"pagination": pages, "includes": []},
        }

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


def _with(record: dict[str, Any], includes: set[str]) -> dict[str, Any]:
    """What was asked for with it, wrapped; the rest of what can hang on it is left away."""
    told = dict(record)
    for name in ("contact_details", "employment_details", "education_details", "year", "lesson"):
        value = told.pop(name, None)
        if name in includes:
            told[name] = {"data": value}
    if "attendance_code" in told and "attendance_code" in includes:
        told["attendance_code"] = {"data": told["attendance_code"]}
    elif isinstance(told.get("attendance_code"), dict):
        told["attendance_code"] = told["attendance_code"]["id"]
    contacts = told.pop("contacts", [])
    if "contacts" in includes:
        inner = {one.removeprefix("contacts.") for one in includes if one.startswith("contacts.")}
        told["contacts"] = {
            "data": [{**_with(one, inner), "relationship": {"data": one["relationship"]}} for one in contacts]
        }
    return told


@contextmanager
def running(certificate: str = "") -> Iterator[Wonde]:
    """On a port of loopback, until the block ends."""
    peer = Wonde(certificate)
    thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join()


def stand_in(patch: pytest.MonkeyPatch, settings: Settings, peer: Wonde) -> None:
    """Wonde is there from now on, whichever region is asked."""
    patch.setattr(wire, "API", f"{peer.url}/v1.0")
    for key in (WONDE, WONDE_ATTENDANCE):
        here = replace(services.service(key), hosts=("127.0.0.1",), built=True)
        patch.setitem(services._BY_KEY, key, here)
    use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
