"""PowerSchool SIS on loopback: a plugin's key and token, its access request, and tables with counts, pages and trouble.

Unverified with a running PowerSchool: paths, parameters and answers are those that published descriptions of its API
for tables and its data dictionary name. It refuses what a plugin's access request does not grant, understands the part
of its query language that is used, gives no more records a page than its metadata says, and writes values as text.
"""

import base64
import itertools
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import pytest

from app.core.services import POWERSCHOOL
from app.core.settings import Settings
from tests import peer_server
from tests.peer_server import Peer, Refused

KEY: Final = "382966ec-0000-0000-0000-000000000000"
SECRET: Final = "a-secret-of-maple"
YEAR: Final = 36
#: Table → what a plugin of ours is granted (docs/attendance-systems.md is held against it).
GRANTED: Final = {
    "attendance_code": {"id", "schoolid", "yearid", "att_code", "description", "presence_status_cd"},
    "calendar_day": {"id", "schoolid", "date_value", "insession", "note", "a", "b", "c", "d", "e", "f"},
    "period": {"id", "schoolid", "year_id", "period_number"},
    "students": {"id", "student_number", "schoolid", "entrydate", "exitdate", "exitcode", "track"},
    "reenrollments": {"id", "studentid", "schoolid", "entrydate", "exitdate", "exitcode", "track"},
    "attendance": {
        "id",
        "studentid",
        "schoolid",
        "yearid",
        "att_date",
        "att_mode_code",
        "attendance_codeid",
        "periodid",
    },
}
PARAMETERS: Final = {"q", "projection", "page", "pagesize", "sort", "sortdescending"}
_CONDITION: Final = re.compile(r"(\w+)(==|=ge=|=gt=|=le=|=lt=)([\w-]+)")


@dataclass
class School:
    """One school, by its number. Tests write to it as the office does."""

    number: int
    peer: "PowerSchool" = field(repr=False)
    codes: dict[str, int] = field(default_factory=dict)
    periods: dict[str, int] = field(default_factory=dict)

    def code(self, letters: str, presence: str = "Absent", description: str = "", **more: Any) -> None:
        told = {"schoolid": self.number, "yearid": YEAR, "att_code": letters}
        told |= {"presence_status_cd": presence, "description": description, **more}
        self.codes[letters] = self.peer.put("attendance_code", **told)

    def period(self, number: int) -> None:
        self.periods[str(number)] = self.peer.put(
            "period", schoolid=self.number, year_id=YEAR, period_number=number
        )

    def day(self, day: str, in_session: bool = True, note: str = "", tracks: str = "abcdef") -> None:
        flags = {one: "1" if one in tracks else "0" for one in "abcdef"}
        self.peer.put(
            "calendar_day",
            schoolid=self.number,
            date_value=day,
            insession="1" if in_session else "0",
            note=note,
            **flags,
        )

    def enroll(self, number: str, entry: str = "2026-08-24", exit: str = "2027-06-12", **more: Any) -> int:
        """A student who is here now: the internal id."""
        told = {"student_number": number, "schoolid": self.number, "entrydate": entry, "exitdate": exit}
        told |= {"exitcode": "", "track": "", "lastfirst": "Doe, Pat", **more}
        return self.peer.put("students", **told)

    def was_here(self, student: int, entry: str, exit: str, **more: Any) -> None:
        """An enrollment that is over."""
        told = {"studentid": student, "schoolid": self.number, "entrydate": entry, "exitdate": exit}
        self.peer.put("reenrollments", **told, exitcode="T1", track="", **more)

    def note(self, student: int, day: str, code: str, period: str = "", **more: Any) -> int:
        """What is noted of a student: the id of the record."""
        told = {
            "studentid": student,
            "schoolid": self.number,
            "yearid": YEAR,
            "att_date": day,
            "att_mode_code": "ATT_ModeMeeting" if period else "ATT_ModeDaily",
            "attendance_codeid": self.codes.get(code, 999_999),
            "periodid": self.periods.get(period, 0),
            "att_comment": "mother called about the dentist",
        }
        return self.peer.put("attendance", **{**told, **more})


class PowerSchool(Peer):
    """What it holds can be changed by a test; `asked` tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.schools: dict[int, School] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in GRANTED}
        self.granted = {name: set(fields) for name, fields in GRANTED.items()}
        self.size: object = 100
        self.tokens: set[str] = set()
        self.secret = SECRET
        #: Table → what its count is said to be, where that is not so.
        self.miscounts: dict[str, object] = {}
        self._ids = itertools.count(50_000)
        self._made = itertools.count(1)

    @property
    def address(self) -> str:
        return f"http://{self.at}"

    def school(self, number: int) -> School:
        made = self.schools[number] = School(number, self)
        return made

    def put(self, table: str, **told: Any) -> int:
        id = next(self._ids)
        self.tables[table].append({"id": id, **told})
        return id

    def remove(self, table: str, id: int) -> None:
        self.tables[table] = [one for one in self.tables[table] if one["id"] != id]

    def asked_of(self, table: str) -> list[str]:
        return [unquote(one) for one in self.asked if one.startswith(f"/ws/schema/table/{table}?")]

    def posted(self, path: str, form: dict[str, str], headers: Any) -> dict[str, Any]:
        pair = base64.b64decode(headers.get("Authorization", " ").partition(" ")[2]).decode()
        if path != "/oauth/access_token" or form.get("grant_type") != "client_credentials":
            raise Refused(404)
        if pair != f"{KEY}:{self.secret}":
            raise Refused(401)
        with self.lock:
            token = f"token-{next(self._made)}"
            self.tokens = {token}
        return {"access_token": token, "token_type": "Bearer", "expires_in": "2591999"}

    def refuse(self, headers: Any) -> None:
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refused(401)

    def found(self, path: str, asked: dict[str, str], headers: Any) -> dict[str, Any]:
        if path == "/ws/v1/metadata":
            return {
                "metadata": {"powerschool_version": "25.3", "schema_table_query_max_page_size": self.size}
            }
        table, _, rest = path.removeprefix("/ws/schema/table/").partition("/")
        if table not in self.tables:
            raise Refused(404)
        if set(asked) - (PARAMETERS if not rest else {"q"}):
            raise Refused(400)
        rows = self._asked_for(table, asked.get("q", ""))
        if rest == "count":
            return {"count": self.miscounts.get(table, len(rows))}
        projected = asked["projection"].split(",")
        if set(projected) - self.granted[table]:
            raise Refused(403)
        most = int(str(self.size)) if str(self.size).isdigit() else 0
        size = min(int(asked["pagesize"]), most or 100)
        begin = (int(asked["page"]) - 1) * size
        page = sorted(rows, key=lambda one: int(one[asked["sort"]]))[begin : begin + size]
        if not page:
            return {"name": table.upper()}
        told = [{name: str(one[name]) for name in projected if name in one} for one in page]
        return {
            "name": table.upper(),
            "record": [{"id": nth, "name": table, "tables": {table: one}} for nth, one in enumerate(told, 1)],
            "@extensions": "",
        }

    def _asked_for(self, table: str, query: str) -> list[dict[str, Any]]:
        """The query language: `;` is and, `,` is or."""
        for name in re.findall(r"(\w+)(?:==|=)", query):
            if name not in ("ge", "gt", "le", "lt") and name not in self.granted[table]:
                raise Refused(403)
        return [
            one
            for one in self.tables[table]
            if not query
            or any(all(_holds(one, each) for each in some.split(";")) for some in query.split(","))
        ]


def _holds(record: dict[str, Any], condition: str) -> bool:
    parts = _CONDITION.fullmatch(condition)
    if parts is None:
        raise Refused(400)
    name, how, value = parts.groups()
    told = str(record.get(name, ""))
    if told.isdigit() and value.isdigit():
        told, value = told.zfill(12), value.zfill(12)
    return {
        "==": told == value,
        "=ge=": told >= value,
        "=gt=": told > value,
        "=le=": told <= value,
        "=lt=": told < value,
    }[how]


def stand_in(monkeypatch: pytest.MonkeyPatch, settings: Settings, peer: PowerSchool) -> None:
    """The one address of loopback that may be called in this test."""
    peer_server.stand_in(monkeypatch, settings, POWERSCHOOL, peer)
