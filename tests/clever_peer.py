"""Clever on loopback: a district with schools, students, sections and attendance records, with habits and with trouble.

Unverified with Clever: paths, parameters, properties and paging are those of Clever's published description of its Data
API and Attendance API, version 3.1, and a question that is otherwise is refused. It keeps one record of each day,
student, section and school, in that order; records are written anew and never deleted.
"""

import base64
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from app.core.services import CLEVER
from app.core.settings import Settings
from app.integrations.clever import client
from tests import peer_server
from tests.peer_server import Peer, Refused

TOKEN: Final = "a-district-app-token-of-maple"
LISTS: Final = frozenset({"districts", "schools", "users", "sections", "attendance"})
#: List → what may be asked of it.
PARAMETERS: Final = {
    "districts": {"count"},
    "schools": {"limit", "starting_after", "ending_before", "count"},
    "users": {"limit", "starting_after", "ending_before", "role", "primary"},
    "sections": {"limit", "starting_after", "ending_before"},
    "attendance": {
        "limit",
        "starting_after",
        "ending_before",
        "date_range_start",
        "date_range_end",
        "attendance_status",
    },
}
NOWHERE: Final = "0" * 24


def clever_id(number: int) -> str:
    """As Clever makes them: 24 hexadecimal digits."""
    return f"{number:024x}"


@dataclass
class School:
    """One school, with Clever's id of it."""

    id: str
    sis_id: str
    students: dict[str, dict[str, Any]] = field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def enroll(self, number: str, start: str = "2026-08-24", end: str = "2027-06-11", **more: Any) -> str:
        """A student, and Clever's id of her."""
        id = clever_id(0xABC0000 + int(number))
        stretch = {"school": self.id, "start_date": start, "end_date": end} if start else {"school": self.id}
        student = {
            "sis_id": number,
            "student_number": f"S{number}",
            "school": self.id,
            "schools": [self.id],
            "enrollments": [stretch],
            "dob": "2/3/2012",
            "race": "Unknown",
            **more,
        }
        name = {"first": "Pat", "last": "Doe"}
        self.students[id] = {
            "id": id,
            "name": name,
            "email": f"pat{number}@maple.example",
            "roles": {"student": student},
        }
        return id

    def section(self, number: int, period: str) -> str:
        """A section, and Clever's id of it."""
        id = clever_id(0xDEF0000 + number)
        self.sections[id] = {"id": id, "school": self.id, "name": f"Section {number}", "period": period}
        return id


class Clever(Peer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.may_read = set(LISTS)
        self.schools: dict[str, School] = {}
        self.synced = "2026-09-21T09:00:00.000Z"
        #: By day, student, section and school.
        self.records: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self.most, self.most_in_envelopes = 1000, 10_000
        #: Whose students are asked for one by one.
        self.one_by_one: list[str] = []

    def school(self, sis_id: str) -> School:
        made = School(clever_id(0x5C0000 + len(self.schools)), sis_id)
        self.schools[made.id] = made
        return made

    def note(
        self,
        school: School,
        student: str,
        day: str,
        status: str = "absent",
        excuse: str = "",
        section: str = "",
        **more: Any,
    ) -> None:
        """What a district sends: the record of that day, student, section and school says so from now on."""
        told = {
            "attendance_date": day,
            "attendance_status": status,
            "attendance_type": "section" if section else "daily",
            "created": "2026-09-08T09:00:00.000Z",
            "last_modified": "2026-09-08T09:00:00.000Z",
            "district_id": clever_id(1),
            "school_id": school.id,
            "student_id": student,
            "sis_id": "ATT-1",
        }
        if section:
            told["section_id"] = section
        if excuse:
            told["excuse_code"] = excuse
        self.records[day, student, section or NOWHERE, school.id] = {**told, **more}

    def refuse(self, headers: Any) -> None:
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401)

    def found(self, path: str, asked: dict[str, str], headers: Any) -> dict[str, Any]:
        parts = path.removeprefix("/v3.1/").split("/")
        what = parts[0] if len(parts) != 3 or parts[0] != "schools" else parts[2]
        if what not in LISTS or what not in self.may_read:
            raise Refused(403 if what in LISTS else 404)
        if len(parts) == 2 and parts[0] in ("users", "sections"):
            return {"data": self._one(parts[0], parts[1])}
        most = 1000 if what == "attendance" else 10_000
        if set(asked) - PARAMETERS[what] or not 0 < int(asked.get("limit", "100")) <= most:
            raise Refused(400)
        if what == "districts":
            told = {"id": clever_id(1), "name": "Maple"}
            return {"data": [{"data": told | ({"last_attendance_sync": self.synced} if self.synced else {})}]}
        if what == "schools":
            return self._listed(
                path, {id: _of(one) for id, one in self.schools.items()}, asked, in_envelopes=True
            )
        school = self.schools.get(parts[2] if what == "attendance" else parts[1])
        if school is None:
            raise Refused(404)
        if what == "attendance":
            return self._listed(path, self._noted(school, asked), asked)
        return self._listed(
            path, school.students if what == "users" else school.sections, asked, in_envelopes=True
        )

    def _one(self, what: str, id: str) -> dict[str, Any]:
        self.one_by_one.append(id)
        for school in self.schools.values():
            if found := (school.students if what == "users" else school.sections).get(id):
                return found
        raise Refused(404)

    def _noted(self, school: School, asked: dict[str, str]) -> dict[str, dict[str, Any]]:
        first, last = asked.get("date_range_start", ""), asked.get("date_range_end", "~")
        status = asked.get("attendance_status", "")
        return {
            base64.b64encode("_".join(key).encode()).decode(): one
            for key, one in sorted(self.records.items())
            if key[3] == school.id and first <= key[0] <= last and status in ("", one["attendance_status"])
        }

    def _listed(
        self, path: str, rows: dict[str, Any], asked: dict[str, str], *, in_envelopes: bool = False
    ) -> dict[str, Any]:
        cursors = list(rows)
        after = asked.get("starting_after", "")
        begin = cursors.index(after) + 1 if after in cursors else 0
        most = self.most_in_envelopes if in_envelopes else self.most
        size = min(int(asked.get("limit", "100")), most)
        page = cursors[begin : begin + size]
        links = [{"rel": "self", "uri": path}]
        if begin + size < len(cursors):
            rest = "".join(f"&{name}={value}" for name, value in asked.items() if name != "starting_after")
            links.append({"rel": "next", "uri": f"{path}?starting_after={_quoted(page[-1])}{rest}"})
        told = [{"data": rows[one], "uri": f"{path}/{one}"} if in_envelopes else rows[one] for one in page]
        return {"data": told, "links": links}


def _of(school: School) -> dict[str, Any]:
    return {"id": school.id, "sis_id": school.sis_id, "school_number": school.sis_id, "name": "North"}


def _quoted(cursor: str) -> str:
    return cursor.replace("=", "%3D").replace("+", "%2B")


def stand_in(monkeypatch: pytest.MonkeyPatch, settings: Settings, peer: Clever) -> None:
    """Clever is there from now on."""
    monkeypatch.setattr(client, "BASE", f"http://{peer.at}/v3.1")
    peer_server.stand_in(monkeypatch, settings, CLEVER, peer, "127.0.0.1")
