"""Aeries on loopback: schools with absence codes, calendars, enrollments and attendance, with habits and with trouble.

Unverified with a running Aeries: paths, header and properties are those that its published documentation of the API
(version 5) names. It checks the certificate and the areas that it may read, answers lists whole, writes days with a
time behind them, and answers XML to whoever does not ask for JSON.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from app.core.services import AERIES
from app.core.settings import Settings
from tests import peer_server
from tests.peer_server import Peer, Refused

CERTIFICATE: Final = "477abe9e0f0f0f0f0f0f0f0f0f0f0f0f"
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


class Aeries(Peer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.schools: dict[int, School] = {}
        self.certificate = CERTIFICATE
        self.may_read = set(AREAS)

    @property
    def address(self) -> str:
        return f"http://{self.at}/aeries/api/v5"

    def refuse(self, headers: Any) -> None:
        if headers.get("AERIES-CERT") != self.certificate:
            raise Refused(401)

    def found(self, path: str, asked: dict[str, str], headers: Any) -> Any:
        if "application/json" not in headers.get("Accept", ""):
            return "<ArrayOfSchool/>"
        parts = path.removeprefix("/aeries/api/v5/schools/").split("/")
        school = self.schools.get(int(parts[0])) if parts[0].isdigit() else None
        if school is None or len(parts) < 2 or parts[1] not in AREAS:
            raise Refused(404)
        if parts[1] not in self.may_read:
            raise Refused(403)
        if parts[1] == "AbsenceCodes":
            return school.codes
        if parts[1] == "calendar":
            return school.calendar
        if parts[1] == "enrollment":
            assert parts[2:4] == ["0", "year"]
            return [one for one in school.enrollments if one["AcademicYear"] == parts[4]]
        return _attendance(school, asked["StartDate"], asked["EndDate"])


def _attendance(school: School, first: str, last: str) -> list[dict[str, Any]]:
    assert len(first) == len(last) == 8
    return [
        {
            "StudentID": student,
            "SchoolCode": school.code,
            "AttendanceDays": [one for day, one in days.items() if first <= day.replace("-", "") <= last],
        }
        for student, days in school.noted.items()
    ]


def running() -> AbstractContextManager[Aeries]:
    """On a port of loopback, until the block ends."""
    return peer_server.running(Aeries())


def stand_in(monkeypatch: pytest.MonkeyPatch, settings: Settings, peer: Aeries) -> None:
    """The one address of loopback that may be called in this test."""
    peer_server.stand_in(monkeypatch, settings, AERIES, peer)
