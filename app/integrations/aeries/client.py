"""Attendance from Aeries, school by school. Facts: the Aeries API's documentation, version 5 (support.aeries.com).

One header, AERIES-CERT, holds the certificate that the district made for us, and says which areas it may read. Lists
come whole, without pages and without totals, so attendance is asked for by the week. It tells nothing of what changed
or was deleted: each night reads the last weeks again, and each week the year.

A calendar is understood if a day says in one of the ways that are known whether it is school (_is_school); else the
reading ends with a sentence, for a day too many changes what share of the year somebody missed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from app.core import asking, egress
from app.core.asking import rows, text
from app.core.attendance_systems import Asked, Leaf, Question, Row
from app.core.by_school import NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.services import AERIES
from app.core.sheet import letters_of

#: As sentences call it.
SERVER: Final = "Aeries"
LONGEST_ANSWER: Final = 120.0
#: A week of a large high school by the lesson.
LARGEST_ANSWER: Final = 64 * 1024 * 1024
A_WEEK: Final = 7
BY: Final = {"day": "By the day (all-day codes)", "period": "By the period"}
CALENDARS: Final = {"yes": "Read from Aeries", "": "Brought in otherwise, as calendar.csv"}

CODES: Final = "AbsenceCodes"
CALENDAR: Final = "calendar"
ENROLLMENT: Final = "enrollment"
ATTENDANCE: Final = "attendance"
#: As Aeries calls what a certificate may read.
AREAS: Final = {
    CODES: "Absence Codes",
    CALENDAR: "School Calendar",
    ENROLLMENT: "Enrollment History",
    ATTENDANCE: "Attendance",
}


class AeriesConnector:
    """See core/attendance_systems.py. Settings: address, schools, by, calendar."""

    service = AERIES

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        needed = {"the address": settings.get("address"), "the schools": settings.get("schools")}
        return " and ".join(what for what, value in needed.items() if not value)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The district's own."""
        address = settings.get("address", "")
        path = urlsplit(address).path.rstrip("/")
        if {"?", "#"} & set(address) or not path.endswith("/api/v5"):
            raise egress.OutsideRefused(
                "The address of Aeries ends in /api/v5, such as https://maple.aeries.example/aeries/api/v5."
            )
        return (egress.host_named(address),)

    def counts_absence(self, settings: Settings) -> bool:
        """A code that was taken back is not there any more."""
        del settings
        return True

    def tells_changes(self, settings: Settings) -> bool:
        """It does not."""
        del settings
        return False

    def opened(self, settings: Settings, secret: str, *, year: int) -> "Aeries":
        """Ready to be asked."""
        return Aeries(
            settings["address"].rstrip("/"),
            secret,
            schools_named(settings["schools"]),
            year - 1,
            by_period=settings.get("by") == "period",
            reads_calendar=settings.get("calendar", "yes") == "yes",
        )


@dataclass
class Aeries:
    """One district's Aeries, while it is asked. `year`: in which the school year begins, as Aeries names it."""

    base: str
    certificate: str = field(repr=False)
    schools: Sequence[NamedSchool]
    year: int
    by_period: bool = False
    reads_calendar: bool = True
    _client: egress.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            AERIES, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """Nothing has to be known."""
        del asked
        return {}

    def questions(self, asked: Asked) -> Sequence[Question]:
        """Of each school its codes, its days, who is there, and week by week what was noted."""
        found: list[Question] = []
        for school in self.schools:
            lists = (CODES, CALENDAR, ENROLLMENT) if self.reads_calendar else (CODES, ENROLLMENT)
            found += [Question(what, school.id) for what in lists]
            day = asked.first
            while day <= asked.last:
                found.append(Question(ATTENDANCE, school.id, day.isoformat()))
                day += timedelta(days=A_WEEK)
        return found

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """See core/attendance_systems.py. A list is one page."""
        del at, known
        school = next(one for one in self.schools if one.id == question.school)
        read: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
            CODES: lambda: self._asked(school, CODES, CODES),
            CALENDAR: lambda: self._asked(school, CALENDAR, CALENDAR),
            ENROLLMENT: lambda: self._asked(school, ENROLLMENT, f"{ENROLLMENT}/0/year/{self.year}"),
            ATTENDANCE: lambda: self._attendance(school, date.fromisoformat(question.day), asked),
        }
        records = read[question.what]()
        told: Mapping[str, Callable[[Mapping[str, Any], str], list[Row]]] = {
            CODES: _code,
            CALENDAR: _day,
            ENROLLMENT: _stretch,
            ATTENDANCE: self._marks,
        }
        called = school.name or school.id
        return Leaf(
            rows=[row for one in records for row in told[question.what](one, called)], records=len(records)
        )

    def try_out(self) -> str:
        """See core/attendance_systems.py."""
        names = []
        for school in self.schools:
            records = self._asked(school, ENROLLMENT, f"{ENROLLMENT}/0/year/{self.year}")
            called = school.name or school.id
            if not records:
                raise Unreadable(
                    f"Aeries answers, but shows no enrollments of {called} this year. Look whether it is the right "
                    "school code, and whether the certificate may read Enrollment History."
                )
            if self.reads_calendar:
                for one in self._asked(school, CALENDAR, CALENDAR):
                    _day(one, called)
            names.append(called)
        more = f", and {len(names) - 20} more" if len(names) > 20 else ""
        return f"Aeries answers, and lets enrollments be read of {', '.join(names[:20])}{more}."

    def _attendance(self, school: NamedSchool, first: date, asked: Asked) -> list[dict[str, Any]]:
        """The days of each student, of a week."""
        week = Asked(first, min(first + timedelta(days=A_WEEK - 1), asked.last))
        params = {"StartDate": f"{week.first:%Y%m%d}", "EndDate": f"{week.last:%Y%m%d}"}
        return [
            {**day, "StudentID": one.get("StudentID")}
            for one in self._asked(school, ATTENDANCE, ATTENDANCE, params)
            for day in rows(one, "AttendanceDays")
            if not week.leaves_out(_iso(day, "CalendarDate"))
        ]

    def _marks(self, record: Mapping[str, Any], school: str) -> list[Row]:
        """What was noted of a student for a day. A code that is empty is presence."""
        mark = {
            "student": _number(record, "StudentID"),
            "school": school,
            "day": _iso(record, "CalendarDate"),
        }
        if not self.by_period:
            code = text(record, "AllDayAttendanceCode")
            return [("marks", {**mark, "slot": "DAY", "code": code})] if code else []
        return [
            ("marks", {**mark, "slot": f"P{_number(one, 'Period')}", "code": code})
            for one in rows(dict(record), "Classes")
            if (code := text(one, "AttendanceCode"))
        ]

    def _asked(
        self, school: NamedSchool, what: str, path: str, params: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """A list. Raises Unreadable and NotNow."""
        said = asking.ask(
            self._client,
            SERVER,
            "GET",
            f"{self.base}/schools/{school.id}/{path}",
            params=params,
            headers={"AERIES-CERT": self.certificate},
            listed="listed",
        )
        called = school.name or school.id
        if said.is_good and isinstance(said.body.get("listed"), list):
            return rows(said.body, "listed")
        if said.is_good:
            raise Unreadable(
                f"Aeries answered with something that is no list of {what}. Nothing was taken over."
            )
        if said.status == 401:
            raise Unreadable(
                "Aeries does not accept the certificate. Copy it anew from Aeries; its letters matter."
            )
        if said.status == 403:
            raise Unreadable(
                f"The certificate may not read {AREAS[what]}. Tick it in Aeries, under its API security."
            )
        if said.status == 404:
            raise Unreadable(f"Aeries knows no {what} of {called}. Check the school code, and the address.")
        if 300 <= said.status < 400:
            raise Unreadable(
                "Aeries sends us to another address. It was not followed, since the certificate would go along. Some "
                "districts let nobody in without signing in to Windows: then ask them for an address without that."
            )
        raise Unreadable(f"Aeries answered with error {said.status}. Nothing was taken over.")


def _code(record: Mapping[str, Any], school: str) -> list[Row]:
    """An absence code, and what its type is taken for until somebody says what it means."""
    code, letters = text(record, "Code"), letters_of(text(record, "TypeName"))
    if not code:
        return []
    kind, excuse = "", ""
    if record.get("Suspension") is True:
        kind = "suspended_out"
    elif "tardy" in letters:
        kind, excuse = "tardy", "unexcused" if record.get("TruancyFlag") is True else "unknown"
    elif record.get("TruancyFlag") is True or "unexcused" in letters:
        kind, excuse = "absent", "unexcused"
    elif "excused" in letters:
        kind, excuse = "absent", "excused"
    told = {"code": code, "description": text(record, "Description")[:120], "kind": kind, "excuse": excuse}
    return [("codes", {**told, "school": school})]


def _day(record: Mapping[str, Any], school: str) -> list[Row]:
    """A day of the calendar, and of each track that has holidays of its own. Raises Unreadable."""
    is_school = _is_school(record)
    day = _iso(record, "CalendarDate") or _iso(record, "Date")
    if is_school is None or not day:
        raise Unreadable(
            f"The calendar of {school} comes from Aeries in a way that is not known here, so nobody can tell which "
            "days are school. Bring it in as calendar.csv, and say so on this page. Nothing was taken over."
        )
    note = text(record, "HolidayDescription") or text(record, "HolidayCode") or text(record, "Holiday")
    told = {"school": school, "day": day, "is_school_day": "yes" if is_school else "no", "note": note[:120]}
    tracks = [one for one in rows(dict(record), "TrackHolidays") if text(one, "Track")]
    return [
        ("calendar", {**told, "track": ""}),
        *(
            (
                "calendar",
                {
                    **told,
                    "track": text(one, "Track"),
                    "is_school_day": "yes" if is_school and not _holiday(one) else "no",
                },
            )
            for one in tracks
        ),
    ]


def _is_school(record: Mapping[str, Any]) -> bool | None:
    """Whether there is school on a day; None where it does not say so in a way that is known."""
    told = record.get("IsSchoolDay")
    if isinstance(told, bool):
        return told
    if "HolidayCode" in record or "Holiday" in record:
        return not _holiday(record)
    return None


def _holiday(record: Mapping[str, Any]) -> str:
    return text(record, "HolidayCode") or text(record, "Holiday")


def _stretch(record: Mapping[str, Any], school: str) -> list[Row]:
    """An enrollment of this year at this school."""
    entry = _iso(record, "EnterDate")
    if not entry:
        return []  # pre-enrolled: they never came
    told = {"student": _number(record, "StudentID"), "school": school, "track": text(record, "Track")}
    return [
        (
            "enrollments",
            {
                **told,
                "entry": entry,
                "exit": _iso(record, "LeaveDate"),
                "exit_reason": text(record, "ExitReasonCode"),
                "is_primary": "",
            },
        )
    ]


def _number(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(record, name)


def _iso(record: Mapping[str, Any], name: str) -> str:
    """A day as 2026-09-07; what is none stays as it stands, to be set aside. Written 2026-09-07T… or 20260907."""
    told = _number(record, name).partition("T")[0]
    return f"{told[:4]}-{told[4:6]}-{told[6:]}" if len(told) == 8 and told.isdigit() else told
