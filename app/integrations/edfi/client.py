"""Attendance from an Ed-Fi ODS / API: events, calendars, enrollments, and what changed or was deleted.

Facts: ODS / API 7.3 (docs.ed-fi.org, its OpenAPI description); 6.x, and 5.3 with the enhancement of change queries,
answer alike, and an older one tells no keys of what was deleted, so it is read whole.

- A page is asked for by offset and limit, and the next one begins after as many as came. The end is an empty page; what
  the first page said of the total is held against what came, and a total that changed meanwhile is doubt.
- Changes are asked for from the last newest version on, less an overlap, up to the newest of now: what is written while
  we read is the next night's. A whole reading is not bounded so: what is written meanwhile would look gone.
- The key that an event has is student, school, session, day and category; a deleted one tells it. Events of a section
  do not tell the lesson there, so those are read by the day, and whole.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from app.core import egress
from app.core.asking import Said, rows, text
from app.core.attendance_systems import Asked, Leaf, Question
from app.core.by_school import NamedSchool, schools_named
from app.core.client_credentials import Token
from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.services import ED_FI
from app.integrations.edfi.rows import Words, gone

#: As sentences call it.
SERVER: Final = "The Ed-Fi server"
#: Records of one page; what every server grants.
LIMIT: Final = 500
#: Versions that are asked for again: what was being written when the newest was told comes later.
OVERLAP: Final = 5_000
LONGEST_ANSWER: Final = 60.0
LARGEST_ANSWER: Final = 25 * 1024 * 1024
#: A window of more days than these is asked for at once, and not by the day.
MOST_DAYS: Final = 31
#: The path of the resources in an address that somebody typed.
DATA: Final = re.compile(r"/data/v3(?=/|$)")
BY: Final = {
    "school": "By the day (student school attendance)",
    "section": "By the lesson (student section attendance)",
}

CATEGORIES: Final = "attendanceEventCategoryDescriptors"
CALENDARS: Final = "calendars"
DATES: Final = "calendarDates"
ENROLLMENTS: Final = "studentSchoolAssociations"
BY_SCHOOL: Final = "studentSchoolAttendanceEvents"
BY_SECTION: Final = "studentSectionAttendanceEvents"
DELETED: Final = f"{BY_SCHOOL}/deletes"
MOVED: Final = f"{BY_SCHOOL}/keyChanges"

CHANGED_MEANWHILE: Final = (
    "A list of the Ed-Fi server changed while it was read, so nothing is taken to be gone this time."
)
NO_KEYS: Final = (
    "This Ed-Fi server does not say whose the events were that were deleted, so everything is read again next "
    "time."
)


class EdFiConnector:
    """See core/attendance_systems.py. Settings: address, client_id, token_address, schools, by, reasons, minutes,
    open_events, snapshot."""

    service = ED_FI

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        needed = {name: settings.get(field) for name, field in _NEEDED.items()}
        return " and ".join(what for what, value in needed.items() if not value)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """Of the resources, and of the tokens where they have another one."""
        address = settings.get("address", "")
        if {"?", "#"} & set(address) or not DATA.search(urlsplit(address).path):
            raise egress.OutsideRefused(
                "The address of Ed-Fi has /data/v3 in it, such as https://api.maple.example/v7.3/api/data/v3."
            )
        return tuple(dict.fromkeys(map(egress.host_named, (address, _token_address(settings)))))

    def counts_absence(self, settings: Settings) -> bool:
        """Events are deleted there."""
        del settings
        return True

    def tells_changes(self, settings: Settings) -> bool:
        """Where marks are for the day: a deleted event of a section does not say which lesson it was."""
        return settings.get("by") != "section"

    def opened(self, settings: Settings, secret: str, *, year: int) -> "EdFi":
        """Ready to be asked."""
        minutes = settings.get("minutes", "")
        words = Words(
            settings.get("reasons") == "yes",
            int(minutes) if minutes.isascii() and minutes.isdigit() else 0,
            [line.strip() for line in settings.get("open_events", "").splitlines() if line.strip()],
        )
        return EdFi(
            settings["address"].rstrip("/"),
            Token(SERVER, settings["client_id"], secret, _token_address(settings)),
            schools_named(settings["schools"]),
            year,
            words,
            by_section=settings.get("by") == "section",
            snapshot=settings.get("snapshot") == "yes",
        )


_NEEDED: Final = {"the address": "address", "the key": "client_id", "the schools": "schools"}


@dataclass
class EdFi:
    """One server, while it is asked."""

    base: str
    token: Token
    schools: Sequence[NamedSchool]
    year: int
    words: Words
    by_section: bool = False
    snapshot: bool = False
    _client: egress.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            ED_FI, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """Up to which version is read, and the snapshot that is read from, if there is one."""
        headers = self._snapshot() if self.snapshot else {}
        newest = self._newest(headers)
        if asked.since and newest is None:
            raise Unreadable(
                "The Ed-Fi server does not tell any more what changed. Ask its operator to turn on change queries."
            )
        told = "" if newest is None else str(newest)
        return {"bookmark": told, "newest": told, "headers": dict(headers), "tracks": []}

    def questions(self, asked: Asked) -> Sequence[Question]:
        """Of each school: what its day is, who is there, what was noted. Of changes also what was deleted."""
        found = [Question(CATEGORIES)]
        for school in self.schools:
            found += [Question(what, school.id) for what in (CALENDARS, DATES, ENROLLMENTS)]
            events = BY_SECTION if self.by_section else BY_SCHOOL
            found += [Question(events, school.id, day) for day in (_days(asked) if asked.is_window else [""])]
        return found if asked.is_window else [*found, Question(DELETED), Question(MOVED)]

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """See core/attendance_systems.py. `at`: "how many came of how many"."""
        came, told = (int(part) for part in at.split("/")) if at else (0, -1)
        params = {**self._which(question, asked, known), "offset": str(came), "limit": str(LIMIT)}
        if not at:
            params["totalCount"] = "true"
        said = self._asked(f"ed-fi/{question.what}", params, known.get("headers", {}))
        records = rows(said.body, "listed")
        if not at:
            told = _total(said)
        found, knows, doubt = self._read(question, records, asked, known)
        if records:
            mark = text(records[0], "id")
            then = f"{came + len(said.body['listed'])}/{told}"
            return Leaf(rows=found, records=len(records), then=then, mark=mark, known=knows, doubt=doubt)
        return Leaf(rows=[], records=0, known=knows, doubt=self._whole(question, asked, known, came, told))

    def try_out(self) -> str:
        """See core/attendance_systems.py."""
        events = BY_SECTION if self.by_section else BY_SCHOOL
        counts = []
        for school in self.schools:
            for what in (DATES, ENROLLMENTS, events):
                params = {"schoolId": school.id, "offset": "0", "limit": "1", "totalCount": "true"}
                said = self._asked(f"ed-fi/{what}", params, {})
                if what == ENROLLMENTS:
                    if not said.body["listed"]:
                        raise Unreadable(
                            f"The Ed-Fi server answers, but shows no students of {school.name or school.id}. Look "
                            "whether the key may read that school, and whether it is the right id."
                        )
                    counts.append(f"{max(_total(said), 1):,} at {school.name or school.id}")
        changes = (
            ""
            if self._newest({}) is not None
            else " It does not tell what changed, so each night is read whole."
        )
        more = f", and {len(counts) - 20} more schools" if len(counts) > 20 else ""
        return f"The Ed-Fi server answers. Enrollments: {', '.join(counts[:20])}{more}.{changes}"

    # --- reading -------------------------------------------------------------------------------------------

    def _read(
        self, question: Question, records: Sequence[Mapping[str, Any]], asked: Asked, known: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any], str]:
        """The rows of a page, what later questions have to know, and what is doubtful."""
        school = self._called(question.school)
        op = "" if asked.is_window else "upsert"
        if question.what == CATEGORIES:
            return [row for one in records if (row := self.words.category(one))], {}, ""
        if question.what == CALENDARS:
            return [], self._tracks(question.school, records, known), ""
        if question.what == DATES:
            return (
                [self.words.day(one, school, _track(one, question.school, known)) for one in records],
                {},
                "",
            )
        if question.what == ENROLLMENTS:
            found = [self.words.stretch(one, school, _track(one, question.school, known)) for one in records]
            return found, {}, ""
        if question.what in (DELETED, MOVED):
            return self._gone(question.what, records)
        marks = [row for one in records for row in self.words.marks(one, school, op)]
        return [row for row in marks if asked.since or not asked.leaves_out(row[1]["day"])], {}, ""

    def _gone(self, what: str, records: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any], str]:
        key = "keyValues" if what == DELETED else "oldKeyValues"
        ours = {school.id: self._called(school.id) for school in self.schools}
        found, without = [], False
        for one in records:
            told = one.get(key)
            school = str(told.get("schoolId", "")) if isinstance(told, dict) else ""
            if not school:
                without = True
            elif school in ours and (row := gone(one, key, ours[school])):
                found.append(row)
        return found, {"bookmark": ""} if without else {}, NO_KEYS if without else ""

    def _tracks(
        self, school: str, records: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Schools with several calendars: there each is a track. A school with one has none."""
        codes = {text(one, "calendarCode") for one in records}
        seen = set(known.get("seen", {}).get(school, [])) | codes
        tracks = {*known.get("tracks", []), *([school] if len(seen) > 1 else [])}
        return {"seen": {school: sorted(seen)[:2]}, "tracks": sorted(tracks)}

    def _called(self, id: str) -> str:
        return next((one.name or one.id for one in self.schools if one.id == id), id)

    # --- asking --------------------------------------------------------------------------------------------

    def _which(self, question: Question, asked: Asked, known: Mapping[str, Any]) -> dict[str, str]:
        """What is asked of a list."""
        params = {"schoolId": question.school} if question.school else {}
        if question.what in (CALENDARS, DATES, BY_SCHOOL, BY_SECTION):
            params["schoolYear"] = str(self.year)
        if question.day:
            params["eventDate"] = question.day
        if asked.since and question.what not in (CATEGORIES, CALENDARS):
            params["minChangeVersion"] = str(max(0, int(asked.since) - OVERLAP))
            params["maxChangeVersion"] = str(known["newest"])
        return params

    def _whole(self, question: Question, asked: Asked, known: Mapping[str, Any], came: int, told: int) -> str:
        """Doubt, or "". Raises Unreadable where fewer came than there are."""
        if told < 0 or came == told:
            return ""
        params = {**self._which(question, asked, known), "offset": "0", "limit": "1", "totalCount": "true"}
        now = _total(self._asked(f"ed-fi/{question.what}", params, known.get("headers", {})))
        if now == told and came < told:
            raise Unreadable(
                f"The Ed-Fi server told of {told:,} records of {question.what} and gave {came:,}. Nothing was taken "
                "over."
            )
        return CHANGED_MEANWHILE

    def _newest(self, headers: Mapping[str, str]) -> int | None:
        """The newest version that there is; None where the server tells none."""
        said = self._said(f"{self._changes}/availableChangeVersions", {}, headers)
        # 6.0 wrote it small.
        newest = said.body.get("newestChangeVersion", said.body.get("NewestChangeVersion"))
        is_told = said.is_good and isinstance(newest, int) and not isinstance(newest, bool)
        return newest if is_told else None

    def _snapshot(self) -> Mapping[str, str]:
        """The header that has a snapshot read. 5.3 and 6 list them, 7 knows one."""
        said = self._said(f"{self._changes}/snapshots", {}, {})
        found = rows(said.body, "listed") if said.is_good else []
        newest = max(found, key=lambda one: text(one, "snapshotDateTime"), default={})
        id = text(newest, "snapshotIdentifier")
        if len(id) <= 100 and id.isascii() and id:
            return {"Snapshot-Identifier": id}
        return {"Use-Snapshot": "true"}

    @property
    def _changes(self) -> str:
        return DATA.sub("/changeQueries/v1", self.base, count=1)

    def _asked(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Said:
        """A page of a list. Raises Unreadable and NotNow."""
        said = self._said(f"{self.base}/{path}", params, headers)
        if said.is_good and not isinstance(said.body.get("listed"), list):
            raise Unreadable(
                f"The Ed-Fi server answered with something that is no list of {path.partition('/')[2]}. Nothing was "
                "taken over."
            )
        if said.is_good:
            return said
        if headers and said.status in (404, 410):
            raise Unreadable(
                "The snapshot that was read from is there no more, or never was. Nothing was taken over; ask the "
                "operator of the Ed-Fi server when snapshots are made, or read without one."
            )
        raise Unreadable(
            _REFUSED.get(said.status, _OTHER).format(what=path.partition("/")[2], status=said.status)
        )

    def _said(self, address: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Said:
        return self.token.ask(self._client, address, params=params, headers=headers, listed="listed")


_REFUSED: Final[Mapping[int, str]] = {
    400: "The Ed-Fi server does not understand the question for {what}. Check the address, and its version.",
    401: "The Ed-Fi server does not accept its own token. Check key and secret, or make a new pair there.",
    403: "The key may not read {what}. Ask the operator of the Ed-Fi server to let it.",
    404: "The Ed-Fi server knows no {what} at this address. Check the address.",
}
_OTHER: Final = "The Ed-Fi server answered with error {status}. Nothing was taken over."


def _token_address(settings: Settings) -> str:
    """Where tokens are made: where somebody said, else beside the resources."""
    typed = settings.get("token_address", "")
    return typed or DATA.split(settings.get("address", ""), maxsplit=1)[0] + "/oauth/token"


def _total(said: Said) -> int:
    """How many there are of the list; -1 where that is not told."""
    told = next((value for name, value in said.headers.items() if name.lower() == "total-count"), "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 12 else -1


def _track(record: Mapping[str, Any], school: str, known: Mapping[str, Any]) -> str:
    about = record.get("calendarReference")
    return (
        text(about, "calendarCode") if school in known.get("tracks", []) and isinstance(about, dict) else ""
    )


def _days(asked: Asked) -> Sequence[str]:
    """Each of the days, or all at once where they are many."""
    count = (asked.last - asked.first).days + 1
    if count > MOST_DAYS:
        return [""]
    return [(asked.first + timedelta(days=nth)).isoformat() for nth in range(count)]
