"""An Ed-Fi ODS / API on loopback: tokens, resources, paging, change queries, deletes and key changes, and trouble.

Unverified with a running ODS: its resources have the properties, and its questions the parameters, that the published
description of ODS / API 7.3 names (SHAPES, PARAMETERS), and a question or a resource that is otherwise is refused. It
keeps one sequence of versions, as the ODS does: each write takes the next, and a delete leaves its key.
"""

import base64
import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest

from app.core.services import ED_FI
from app.core.settings import Settings
from tests import peer_server
from tests.peer_server import Peer, Refused, Told

KEY: Final = "a-key-of-maple"
SECRET: Final = "a-secret-of-maple"
YEAR: Final = 2027
NAMESPACE: Final = "uri://ed-fi.org"
#: Resource → its properties (docs of the models EdFiStudentSchoolAttendanceEvent, … of ODS / API 7.3).
SHAPES: Final = {
    "attendanceEventCategoryDescriptors": {
        "codeValue",
        "description",
        "effectiveBeginDate",
        "effectiveEndDate",
        "namespace",
        "shortDescription",
    },
    "calendars": {
        "calendarCode",
        "calendarTypeDescriptor",
        "gradeLevels",
        "schoolReference",
        "schoolYearTypeReference",
    },
    "calendarDates": {"calendarEvents", "calendarReference", "date"},
    "studentSchoolAssociations": {
        "calendarReference",
        "entryDate",
        "entryGradeLevelDescriptor",
        "exitWithdrawDate",
        "exitWithdrawTypeDescriptor",
        "primarySchool",
        "schoolReference",
        "schoolYearTypeReference",
        "studentReference",
    },
    "studentSchoolAttendanceEvents": {
        "arrivalTime",
        "attendanceEventCategoryDescriptor",
        "attendanceEventReason",
        "eventDate",
        "eventDuration",
        "schoolAttendanceDuration",
        "schoolReference",
        "sessionReference",
        "studentReference",
    },
    "studentSectionAttendanceEvents": {
        "attendanceEventCategoryDescriptor",
        "attendanceEventReason",
        "classPeriods",
        "eventDate",
        "eventDuration",
        "sectionAttendanceDuration",
        "sectionReference",
        "studentReference",
    },
}
#: Questions that every list understands.
PARAMETERS: Final = {"offset", "limit", "totalCount", "minChangeVersion", "maxChangeVersion"}
#: Parameter → where its value stands in a record.
FILTERS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "schoolId": (
        ("schoolReference", "schoolId"),
        ("calendarReference", "schoolId"),
        ("sectionReference", "schoolId"),
    ),
    "schoolYear": (
        ("sessionReference", "schoolYear"),
        ("calendarReference", "schoolYear"),
        ("schoolYearTypeReference", "schoolYear"),
        ("sectionReference", "schoolYear"),
    ),
    "eventDate": (("eventDate",),),
}
EVENTS: Final = "studentSchoolAttendanceEvents"
BY_SECTION: Final = "studentSectionAttendanceEvents"


def category(code: str) -> str:
    return f"{NAMESPACE}/AttendanceEventCategoryDescriptor#{code}"


@dataclass
class Kept:
    """A resource as the ODS keeps it."""

    id: str
    version: int
    told: dict[str, Any]


@dataclass
class Ods:
    """What it holds. Tests write to it as a vendor's system does."""

    version: int = 1000
    resources: dict[str, list[Kept]] = field(default_factory=lambda: {name: [] for name in SHAPES})
    deletes: list[dict[str, Any]] = field(default_factory=list)
    key_changes: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0

    def put(self, what: str, **told: Any) -> Kept:
        assert set(told) <= SHAPES[what], set(told) - SHAPES[what]
        self.version += 1
        self.made += 1
        kept = Kept(str(UUID(int=self.made)).replace("-", ""), self.version, told)
        self.resources[what].append(kept)
        return kept

    def school(
        self, id: int, *days: str, events: tuple[str, ...] = ("Instructional day",), code: str = "C1"
    ) -> None:
        """A calendar and its days."""
        about = {"calendarCode": code, "schoolId": id, "schoolYear": YEAR}
        self.put(
            "calendars",
            calendarCode=code,
            schoolReference={"schoolId": id},
            schoolYearTypeReference={"schoolYear": YEAR},
        )
        for day in days:
            self.day(about, day, *events)

    def day(self, about: dict[str, Any], day: str, *events: str) -> None:
        told = [{"calendarEventDescriptor": f"{NAMESPACE}/CalendarEventDescriptor#{one}"} for one in events]
        self.put("calendarDates", calendarReference=about, date=day, calendarEvents=told)

    def enroll(self, student: str, school: int, entry: str = "2026-08-24", **more: Any) -> Kept:
        return self.put(
            "studentSchoolAssociations",
            studentReference={"studentUniqueId": student},
            schoolReference={"schoolId": school},
            entryDate=entry,
            entryGradeLevelDescriptor=f"{NAMESPACE}/GradeLevelDescriptor#Fifth grade",
            **more,
        )

    def event(
        self, student: str, school: int, day: str, code: str = "Unexcused Absence", **more: Any
    ) -> Kept:
        return self.put(
            EVENTS,
            studentReference={"studentUniqueId": student},
            schoolReference={"schoolId": school},
            sessionReference={"schoolId": school, "schoolYear": YEAR, "sessionName": "Fall"},
            eventDate=day,
            attendanceEventCategoryDescriptor=category(code),
            **more,
        )

    def lesson(
        self, student: str, school: int, day: str, *periods: str, code: str = "Unexcused Absence"
    ) -> Kept:
        told = [{"classPeriodReference": {"classPeriodName": one, "schoolId": school}} for one in periods]
        about = {
            "localCourseCode": "ALG-1",
            "schoolId": school,
            "schoolYear": YEAR,
            "sectionIdentifier": "25",
        }
        return self.put(
            BY_SECTION,
            studentReference={"studentUniqueId": student},
            sectionReference={**about, "sessionName": "Fall"},
            eventDate=day,
            attendanceEventCategoryDescriptor=category(code),
            classPeriods=told,
        )

    def delete(self, kept: Kept) -> None:
        """An event: its key is remembered."""
        self.resources[EVENTS].remove(kept)
        self.version += 1
        self.deletes.append({"id": kept.id, "changeVersion": self.version, "keyValues": self.key_of(kept)})

    def move(self, kept: Kept, **key: Any) -> None:
        """An event gets another day or category."""
        old = self.key_of(kept)
        self.version += 1
        kept.told |= key
        kept.version = self.version
        change = {
            "id": kept.id,
            "changeVersion": self.version,
            "oldKeyValues": old,
            "newKeyValues": self.key_of(kept),
        }
        self.key_changes.append(change)

    def key_of(self, kept: Kept) -> dict[str, Any]:
        told = kept.told
        return {
            "attendanceEventCategoryDescriptor": told["attendanceEventCategoryDescriptor"],
            "eventDate": told["eventDate"],
            "schoolId": told["schoolReference"]["schoolId"],
            "schoolYear": YEAR,
            "sessionName": "Fall",
            "studentUniqueId": told["studentReference"]["studentUniqueId"],
        }


class EdFi(Peer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.ods = Ods()
        self.most = 500
        #: The headers of a page, before they are sent.
        self.headers: Callable[[str, dict[str, str]], None] = lambda what, headers: None
        self.tokens: set[str] = set()
        self.tells_changes = True
        self.tells_keys = True
        self.may_read = set(SHAPES)
        #: Identifiers of snapshots, and what such a reader is shown.
        self.snapshots: list[str] = []
        self.read_from: list[str] = []
        self._made = itertools.count()

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    @property
    def address(self) -> str:
        return f"{self.url}/api/data/v3"

    def lists_asked(self, what: str) -> list[dict[str, str]]:
        """The parameters of each question for a list."""
        parts = [urlsplit(one) for one in self.asked]
        return [
            {name: values[0] for name, values in parse_qs(one.query).items()}
            for one in parts
            if one.path.endswith(f"/ed-fi/{what}")
        ]

    def posted(self, path: str, form: dict[str, str], headers: Any) -> dict[str, Any]:
        pair = base64.b64decode(headers.get("Authorization", " ").partition(" ")[2]).decode()
        key, _, secret = pair.partition(":")
        if path != "/api/oauth/token" or form.get("grant_type") != "client_credentials":
            raise Refused(404)
        if (unquote(key), unquote(secret)) != (KEY, SECRET):
            raise Refused(401)
        with self.lock:
            token = f"token-{next(self._made)}"
            self.tokens = {token}
        return {"access_token": token, "expires_in": 1800, "token_type": "bearer"}

    def refuse(self, headers: Any) -> None:
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refused(401)
        self.read_from.append(headers.get("Snapshot-Identifier", "") or headers.get("Use-Snapshot", ""))

    def found(self, path: str, asked: dict[str, str], headers: Any) -> Any:
        if path == "/api/changeQueries/v1/availableChangeVersions" and self.tells_changes:
            return {"oldestChangeVersion": 0, "newestChangeVersion": self.ods.version}
        if path == "/api/changeQueries/v1/snapshots" and self.snapshots:
            return [
                {"snapshotIdentifier": one, "snapshotDateTime": f"2026-10-0{nth}"}
                for nth, one in enumerate(self.snapshots, 1)
            ]
        what = path.removeprefix("/api/data/v3/ed-fi/")
        resource = what.partition("/")[0]
        if resource not in SHAPES or (what != resource and not self.tells_changes):
            raise Refused(404)
        if resource not in self.may_read:
            raise Refused(403)
        wrong = set(asked) - PARAMETERS - (set(FILTERS) if what == resource else set())
        if wrong or not 0 < int(asked.get("limit", "25")) <= 500:
            raise Refused(400)
        rows = self._rows(what, asked)
        offset, limit = int(asked.get("offset", "0")), min(int(asked.get("limit", "25")), self.most)
        more = {"Total-Count": str(len(rows))} if asked.get("totalCount") == "true" else {}
        page = rows[offset : offset + limit]
        self.headers(what, more)
        return Told(page, more)

    def _rows(self, what: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        ods = self.ods
        low, high = int(asked.get("minChangeVersion", "0")), int(asked.get("maxChangeVersion", str(2**60)))
        if what.endswith("/deletes"):
            rows = [one for one in ods.deletes if low <= one["changeVersion"] <= high]
            return (
                rows
                if self.tells_keys
                else [{k: v for k, v in one.items() if k != "keyValues"} for one in rows]
            )
        if what.endswith("/keyChanges"):
            return [one for one in ods.key_changes if low <= one["changeVersion"] <= high]
        found = [one for one in ods.resources[what] if low <= one.version <= high]
        for name, paths in FILTERS.items():
            if name in asked:
                found = [one for one in found if asked[name] in {str(_at(one.told, path)) for path in paths}]
        return [{"id": one.id, **one.told, "_etag": str(one.version)} for one in found]


def _at(told: Any, path: tuple[str, ...]) -> object:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def running() -> AbstractContextManager[EdFi]:
    """On a port of loopback, until the block ends."""
    return peer_server.running(EdFi())


def stand_in(monkeypatch: pytest.MonkeyPatch, settings: Settings, peer: EdFi) -> None:
    """The one address of loopback that may be called in this test."""
    peer_server.stand_in(monkeypatch, settings, ED_FI, peer)
