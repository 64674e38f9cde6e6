"""Attendance from PowerSchool SIS, school by school and table by table.

Facts: PowerSchool's API for tables (/ws/schema/table), as a plugin of the district may use it.

- The district installs a plugin that names each field that is read (tables.py), and copies its key and secret here.
- A list is counted first, and read by its ids, page by page; how large a page may be says the plugin's metadata. Fewer
  than were counted is no answer; another count at the end is doubt.
- Nothing tells what changed or was deleted, so the last weeks are read again each night, and each week the year.
- Attendance knows a student by the internal id. Whom that is, is asked for by the page, and held in memory alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from app.core import egress
from app.core.asking import Said, rows
from app.core.attendance_systems import Asked, Leaf, Question, Row
from app.core.by_school import NamedSchool, schools_named
from app.core.client_credentials import Token
from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.services import POWERSCHOOL
from app.integrations.powerschool.rows import NO_PERIOD, days, mark, meaning, stretch, value
from app.integrations.powerschool.tables import (
    ATTENDANCE,
    CALENDAR,
    CODES,
    FIELDS,
    FORMER,
    PERIODS,
    STUDENTS,
    where,
    year_number,
)

#: As sentences call it.
SERVER: Final = "PowerSchool"
#: Records of a page, where its metadata tells none; and at most.
LIMIT: Final = 100
LARGEST_LIMIT: Final = 1_000
#: Where a list goes on once all of it came: it is counted once more.
END: Final = "end"
#: Students whose number is held in memory.
MOST_IN_MEMORY: Final = 100_000
#: Students who are asked for at once: more would make an address that servers refuse.
AT_ONCE: Final = 100
LONGEST_ANSWER: Final = 60.0
LARGEST_ANSWER: Final = 25 * 1024 * 1024
DAILY, MEETING = "ATT_ModeDaily", "ATT_ModeMeeting"
BY: Final = {DAILY: "By the day (daily)", MEETING: "By the period (meeting)"}
CALENDARS: Final = {"yes": "Read from PowerSchool", "": "Brought in otherwise, as calendar.csv"}

CHANGED_MEANWHILE: Final = (
    "A list of PowerSchool changed while it was read, so nothing is taken to be gone this time."
)


class PowerSchoolConnector:
    """See core/attendance_systems.py. Settings: address, client_id, schools, by, calendar, tracks."""

    service = POWERSCHOOL

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        needed = {name: settings.get(field) for name, field in _NEEDED.items()}
        return " and ".join(what for what, given in needed.items() if not given)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The district's own."""
        address = settings.get("address", "")
        if {"?", "#"} & set(address) or urlsplit(address).path.rstrip("/"):
            raise egress.OutsideRefused(
                "The address of PowerSchool ends with its host, such as https://maple.powerschool.example."
            )
        return (egress.host_named(address),)

    def counts_absence(self, settings: Settings) -> bool:
        """What is taken back there is deleted."""
        del settings
        return True

    def tells_changes(self, settings: Settings) -> bool:
        """It does not."""
        del settings
        return False

    def opened(self, settings: Settings, secret: str, *, year: int) -> "PowerSchool":
        """Ready to be asked."""
        base = settings["address"].rstrip("/")
        return PowerSchool(
            base,
            Token(SERVER, settings["client_id"], secret, f"{base}/oauth/access_token"),
            schools_named(settings["schools"]),
            year_number(year),
            mode=MEETING if settings.get("by") == MEETING else DAILY,
            reads_calendar=settings.get("calendar", "yes") == "yes",
            by_track=settings.get("tracks") == "yes",
        )


_NEEDED: Final = {"the address": "address", "the key": "client_id", "the schools": "schools"}


@dataclass
class PowerSchool:
    """One district's PowerSchool, while it is asked. `year`: as PowerSchool numbers it."""

    base: str
    token: Token
    schools: Sequence[NamedSchool]
    year: int
    mode: str = DAILY
    reads_calendar: bool = True
    by_track: bool = False
    _client: egress.Client = field(init=False, repr=False)
    #: Internal id → number.
    _numbers: dict[str, str] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            POWERSCHOOL, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """How large a page may be."""
        del asked
        return {"size": self._size(), "codes": {}, "periods": {}, "proposed": {}}

    def questions(self, asked: Asked) -> Sequence[Question]:
        """Of each school its codes, its days, who is there and was, and what was noted."""
        del asked
        lists = [CODES, *([CALENDAR] if self.reads_calendar else []), STUDENTS, FORMER]
        lists += [PERIODS] if self.mode == MEETING else []
        return [Question(what, school.id) for school in self.schools for what in (*lists, ATTENDANCE)]

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """See core/attendance_systems.py. `at`: "" before it was counted, then "last id/came/counted"; END at the end.

        One question a page, and one for whose it is: a job that is put off does not begin a row of them again.
        """
        which = self._which(question.what, question.school, asked)
        if not at:
            counted = self._count(question.what, which)
            return Leaf(rows=[], records=0, then=f"0/0/{counted}" if counted else "")
        after, came, counted = at.split("/")[0], *map(int, at.split("/")[1:])
        if after == END:
            return Leaf(rows=[], records=0, doubt=self._whole(question.what, which, came, counted))
        # After the last id, and not by the number of the page: whatever is deleted meanwhile, none is passed over.
        records = self._records(question.what, where(which, f"id=gt={after}"), known["size"])
        found, knows = self._read(question, records, asked, known)
        came += len(records)
        last = value(records[-1], "id") if records and came < counted else END
        if last != END and not (last.isascii() and last.isdigit()):
            raise Unreadable(
                f"PowerSchool gave records of {question.what} without an id. Nothing was taken over."
            )
        first = value(records[0], "id") if records else ""
        return Leaf(
            rows=found, records=len(records), then=f"{last}/{came}/{counted}", mark=first, known=knows
        )

    def try_out(self) -> str:
        """See core/attendance_systems.py."""
        size, told = self._size(), []
        for nth, school in enumerate(self.schools):
            called, here = school.name or school.id, f"schoolid=={school.id}"
            for table in FIELDS if nth == 0 else ():
                self._records(table, here, 1)
            students = self._count(STUDENTS, here)
            if not students:
                raise Unreadable(
                    f"PowerSchool answers, but shows no students of {called}. Look whether it is the right school "
                    "number."
                )
            self._refuse_if_noted_otherwise(here, called)
            told.append(f"{students:,} at {called}")
        more = f", and {len(told) - 20} more schools" if len(told) > 20 else ""
        return f"PowerSchool answers, {size} records a page. Students: {', '.join(told[:20])}{more}."

    # --- reading -----------------------------------------------------------------------------------------------

    def _which(self, table: str, school: str, asked: Asked) -> str:
        """What is asked of a table."""
        here, first, last = f"schoolid=={school}", asked.first.isoformat(), asked.last.isoformat()
        return {
            CODES: where(here, f"yearid=={self.year}"),
            # The days to come are in it: a deadline is counted in school days.
            CALENDAR: where(here, f"date_value=ge={first}"),
            PERIODS: where(here, f"year_id=={self.year}"),
            STUDENTS: where(here, f"exitdate=gt={first}", f"entrydate=le={last}"),
            FORMER: where(here, f"exitdate=gt={first}", f"entrydate=le={last}"),
            ATTENDANCE: where(
                here, f"att_date=ge={first}", f"att_date=le={last}", f"att_mode_code=={self.mode}"
            ),
        }[table]

    def _read(
        self, question: Question, records: Sequence[Mapping[str, Any]], asked: Asked, known: Mapping[str, Any]
    ) -> tuple[list[Row], dict[str, Any]]:
        """The rows of a page, and what later questions have to know."""
        school = self._called(question.school)
        if question.what == CODES:
            return self._codes(question.school, school, records, known)
        if question.what == PERIODS:
            here = {value(one, "id"): value(one, "period_number") for one in records}
            return [], {"periods": _of_one_school(known["periods"], question.school, here)}
        told: Mapping[str, Callable[[Mapping[str, Any]], list[Row]]] = {
            CALENDAR: lambda one: days(one, school, by_track=self.by_track),
            STUDENTS: lambda one: self._stretch(one, school, value(one, "student_number")),
            FORMER: lambda one: self._stretch(one, school, self._numbers.get(value(one, "studentid"), "")),
            ATTENDANCE: lambda one: self._marks(one, question.school, school, asked, known),
        }
        if question.what == STUDENTS:
            self._numbers |= {value(one, "id"): value(one, "student_number") for one in records}
        if question.what in (FORMER, ATTENDANCE):
            self._look_up({value(one, "studentid") for one in records}, known["size"])
        return [row for one in records for row in told[question.what](one)], {}

    def _codes(
        self, id: str, school: str, records: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
    ) -> tuple[list[Row], dict[str, Any]]:
        """Codes are each school's own, and mostly the same: one that means the same is proposed for all at once."""
        found: list[Row] = []
        proposed = dict(known["proposed"])
        for one in records:
            code, means = value(one, "att_code"), meaning(one)
            if code and code not in proposed:
                proposed[code] = means
                found.append(("codes", {"code": code, **means}))
            elif code and proposed[code] != means:
                found.append(("codes", {"code": code, "school": school, **means}))
        here = {value(one, "id"): value(one, "att_code") for one in records}
        return found, {"codes": _of_one_school(known["codes"], id, here), "proposed": proposed}

    def _stretch(self, record: Mapping[str, Any], school: str, number: str) -> list[Row]:
        return stretch(record, school, number, by_track=self.by_track) if number else []

    def _marks(
        self, record: Mapping[str, Any], id: str, school: str, asked: Asked, known: Mapping[str, Any]
    ) -> list[Row]:
        codes = known["codes"].get(id, {})
        coded = value(record, "attendance_codeid")
        code = codes.get(coded, "")
        if not code and coded in codes:
            return []  # a code without letters is presence
        slot = "DAY"
        if self.mode == MEETING:
            slot = known["periods"].get(id, {}).get(value(record, "periodid"), "") or NO_PERIOD
        row = mark(record, school, self._numbers.get(value(record, "studentid"), ""), code, slot)
        is_other = value(record, "att_mode_code") != self.mode
        return [] if is_other or asked.leaves_out(row[1]["day"]) else [row]

    def _look_up(self, ids: set[str], size: int) -> None:
        """Whom they are; "" of those who are not there. Raises Unreadable and NotNow."""
        if len(self._numbers) > MOST_IN_MEMORY:
            self._numbers.clear()
        new = sorted(one for one in ids - self._numbers.keys() if one.isascii() and one.isdigit())
        at_once = min(size, AT_ONCE)
        for begin in range(0, len(new), at_once):
            some = new[begin : begin + at_once]
            told = self._records(STUDENTS, ",".join(f"id=={one}" for one in some), at_once)
            found = {value(one, "id"): value(one, "student_number") for one in told}
            self._numbers |= {one: found.get(one, "") for one in some}

    def _refuse_if_noted_otherwise(self, here: str, called: str) -> None:
        """Raises Unreadable where attendance of this year is of the other kind alone."""
        year = where(here, f"yearid=={self.year}")
        other = DAILY if self.mode == MEETING else MEETING
        if not self._count(ATTENDANCE, where(year, f"att_mode_code=={self.mode}")) and self._count(
            ATTENDANCE, where(year, f"att_mode_code=={other}")
        ):
            raise Unreadable(
                f"At {called} attendance is not noted as was chosen here. Choose “{BY[other]}”, and save."
            )

    def _called(self, id: str) -> str:
        return next((one.name or one.id for one in self.schools if one.id == id), id)

    # --- asking ------------------------------------------------------------------------------------------------

    def _whole(self, table: str, which: str, came: int, counted: int) -> str:
        """Doubt, or "". Raises Unreadable where fewer came than there are."""
        now = self._count(table, which)
        if now == counted and came < counted:
            raise Unreadable(
                f"PowerSchool counted {counted:,} records of {table} and gave {came:,}. Nothing was taken over."
            )
        return "" if now == counted == came else CHANGED_MEANWHILE

    def _size(self) -> int:
        """Records of a page."""
        told = self._asked("metadata", f"{self.base}/ws/v1/metadata", {}).body.get("metadata")
        size = value(told, "schema_table_query_max_page_size") if isinstance(told, dict) else ""
        most = int(size) if size.isascii() and size.isdigit() and len(size) < 7 else LIMIT
        return min(most, LARGEST_LIMIT) or LIMIT

    def _count(self, table: str, which: str) -> int:
        said = self._asked(table, f"{self.base}/ws/schema/table/{table}/count", {"q": which})
        count = said.body.get("count")
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise Unreadable(
                f"PowerSchool does not say how many records {table} has. Nothing was taken over."
            )
        return count

    def _records(self, table: str, which: str, size: int) -> list[dict[str, Any]]:
        """The first of them by their id, reduced to the fields that were asked for. Raises Unreadable and NotNow."""
        fields = FIELDS[table]
        params = {
            "q": which,
            "projection": ",".join(fields),
            "page": "1",
            "pagesize": str(size),
            "sort": "id",
        }
        said = self._asked(table, f"{self.base}/ws/schema/table/{table}", params)
        if not isinstance(said.body.get("record", []), list):
            raise Unreadable(
                f"PowerSchool answered with something that is no list of {table}. Nothing was taken over."
            )
        found = []
        for one in rows(said.body, "record"):
            tables = one.get("tables")
            told = tables.get(table) if isinstance(tables, dict) else None
            if not isinstance(told, dict):
                raise Unreadable(
                    f"PowerSchool answered with something else than {table}. Nothing was taken over."
                )
            found.append({name: told[name] for name in fields if name in told})
        return found

    def _asked(self, table: str, address: str, params: Mapping[str, str]) -> Said:
        """A good answer. Raises Unreadable and NotNow."""
        said = self.token.ask(self._client, address, params=params)
        if said.is_good:
            return said
        if 300 <= said.status < 400:
            raise Unreadable(
                "PowerSchool sends us to another address. It was not followed, since the key would go along."
            )
        raise Unreadable(_REFUSED.get(said.status, _OTHER).format(what=table, status=said.status))


_REFUSED: Final[Mapping[int, str]] = {
    400: "PowerSchool does not understand the question for {what}. Look whether the plugin’s access request names each "
    "field of it.",
    401: "PowerSchool does not accept its own token. Look whether the plugin is enabled, and copy key and secret anew.",
    403: "The plugin may not read {what}. Its access request has to name each field of it: see the documentation.",
    404: "PowerSchool knows no {what} at this address. Check the address, and the plugin’s access request.",
}
_OTHER: Final = "PowerSchool answered with error {status}. Nothing was taken over."


def _of_one_school(
    known: Mapping[str, Any], school: str, more: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """What is known of the school that is being read: of those before it nothing has to be."""
    return {school: {**known.get(school, {}), **more}}
