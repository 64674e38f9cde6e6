"""Aeries on loopback: schools with absence codes, calendars, enrollments and attendance, with habits and with trouble.

Unverified with a running Aeries: paths, header and properties are those that its published documentation of the API
(version 5) names. It checks the certificate and the areas that it may read, answers lists whole, writes days with a
time behind them, and answers XML to whoever does not ask for JSON.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core import services
from app.core.services import AERIES
from app.core.settings import Settings, use_settings

CERTIFICATE: Final = "477abe9e0f0f0f0f0f0f0f0f0f0f0f0f"
FAULTS: Final = ("429", "500", "html", "cut", "503", "slow down")
AREAS: Final = frozenset({"AbsenceCodes", "calendar", "enrollment", "attendance"})


def at(day: str) -> str:
    """A day as Aeries writes it."""
    return f"{day}T00:00:00"


@dataclass
class School:
    """One school, by its code."""

    code: int
    codes: list[dict[str, Any]] = field(default_factory=list)
    calendar: list[dict[str, Any]] = field(default_factory=list)
    enrollments: list[dict[str, Any]] = field(default_factory=list)
    #: Student → day → what was noted.
    noted: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def absence_code(self, code: str, type_name: str, **more: Any) -> None:
        told = {"SchoolCode": self.code, "Code": code, "Description": f"Code {code}", "TypeID": "1"}
        flags = {"CountForADA": False, "TruancyFlag": False, "Suspension": False, "IndependentStudy": False}
        self.codes.append({**told, "TypeName": type_name, **flags, **more})

    def day(self, day: str, holiday: str = "", **more: Any) -> None:
        told = {"SchoolCode": self.code, "CalendarDate": at(day), "HolidayCode": holiday, "TrackHolidays": []}
        self.calendar.append({**told, **more})

    def enroll(self, student: int, enter: str = "2026-08-24", leave: str = "", **more: Any) -> None:
        self.enrollments.append(
            {
                "StudentID": student,
                "SchoolCode": self.code,
                "StudentNumber": 2,
                "AcademicYear": "2026",
                "Track": "",
                "Grade": 12,
                "EnterDate": at(enter),
                "LeaveDate": at(leave) if leave else None,
                "ExitReasonCode": "",
                **more,
            }
        )

    def note(self, student: int, day: str, all_day: str = "", **periods: str) -> None:
        classes = [
            {"Period": int(name[1:]), "SectionNumber": 101, "AttendanceCode": code}
            for name, code in periods.items()
        ]
        told = {"CalendarDate": at(day), "AllDayAttendanceCode": all_day, "Classes": classes}
        self.noted.setdefault(student, {})[day] = told


class Aeries(ThreadingHTTPServer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.schools: dict[int, School] = {}
        self.certificate = CERTIFICATE
        self.may_read = set(AREAS)
        self.trouble: Callable[[str, int], str] = lambda path, nth: ""
        self.before: dict[int, Callable[[], object]] = {}
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/aeries/api/v5"


class _Answering(BaseHTTPRequestHandler):
    server: Aeries
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        peer = self.server
        with peer.lock:
            peer.asked.append(self.path)
            nth = len(peer.asked)
        if act := peer.before.pop(nth, None):
            act()
        parts = urlsplit(self.path)
        self.wrong = peer.trouble(parts.path, nth)
        refused = {"Message": "Student Pat Doe is locked"}
        if self.wrong.isdigit():
            self._say(int(self.wrong), refused)
        elif self.wrong == "slow down":
            self._say(429, refused, {"Retry-After": "7"})
        elif self.wrong == "elsewhere":
            self._say(302, refused, {"Location": "https://birch.example/aeries/api/v5"})
        elif self.headers.get("AERIES-CERT") != peer.certificate:
            self._say(401, refused)
        elif "application/json" not in self.headers.get("Accept", ""):
            self._say(200, "<ArrayOfSchool/>")
        else:
            asked = {name: one[0] for name, one in parse_qs(parts.query).items()}
            self._found(parts.path.removeprefix("/aeries/api/v5/schools/").split("/"), asked)

    def _found(self, parts: list[str], asked: dict[str, str]) -> None:
        school = self.server.schools.get(int(parts[0])) if parts[0].isdigit() else None
        if school is None or len(parts) < 2 or parts[1] not in AREAS:
            self._say(404, {})
        elif parts[1] not in self.server.may_read:
            self._say(403, {})
        elif parts[1] == "AbsenceCodes":
            self._say(200, school.codes)
        elif parts[1] == "calendar":
            self._say(200, school.calendar)
        elif parts[1] == "enrollment":
            assert parts[2:4] == ["0", "year"]
            self._say(200, [one for one in school.enrollments if one["AcademicYear"] == parts[4]])
        else:
            self._say(200, self._attendance(school, asked["StartDate"], asked["EndDate"]))

    def _attendance(self, school: School, first: str, last: str) -> list[dict[str, Any]]:
        assert len(first) == len(last) == 8
        return [
            {
                "StudentID": student,
                "SchoolCode": school.code,
                "AttendanceDays": [one for day, one in days.items() if first <= day.replace("-", "") <= last],
            }
            for student, days in school.noted.items()
        ]

    def _say(self, status: int, told: object, more: dict[str, str] | None = None) -> None:
        body = json.dumps(told).encode()
        if self.wrong == "html":
            body = b"<html><body><h1>Runtime Error</h1></body></html>"
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


@contextmanager
def running() -> Iterator[Aeries]:
    """On a port of loopback, until the block ends."""
    peer = Aeries()
    thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join()


def stand_in(monkeypatch: pytest.MonkeyPatch, settings: Settings, peer: Aeries) -> None:
    """The one address of loopback that may be called in this test."""
    monkeypatch.setitem(services._BY_KEY, AERIES, replace(services.service(AERIES), built=True))
    use_settings(replace(settings, egress_private_allowed=frozenset({f"127.0.0.1:{peer.server_port}"})))
