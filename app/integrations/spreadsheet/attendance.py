"""The files of a register as CSV: codes, calendar, enrollments and marks, one zip of them or one file alone.

A zip may have a manifest.json: of each file how many rows it has, its SHA-256, and of the marks for which days
they are everything (`window`) or that they are changes (`delta`). Files of the set that are about people are named, so
that somebody can be told where those are brought in, and never opened.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import IO, Any, ClassVar, Final

from app.core import clock
from app.core.attendance import BadRow, Fault, FedMark, FedMarks, FedRow, FedRows
from app.core.feed import Unreadable
from app.core.sheet import letters_of
from app.core.zipped import CHUNK, Zipped
from app.integrations.spreadsheet.sheet import NO, YES, Sheet

CODES, CALENDAR, ENROLLMENTS, MARKS = "codes", "calendar", "enrollments", "marks"
#: Read for dates of birth alone, and only where something asks for an age.
STUDENTS: Final = "students"
#: In the order in which they are read: what a mark hangs on comes first.
FILES: Final = (CODES, CALENDAR, ENROLLMENTS, STUDENTS, MARKS)
OF_PEOPLE: Final = ("schools", STUDENTS, "contacts")
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1024 * 1024
WINDOW, DELTA = "window", "delta"
MODES: Final = (WINDOW, DELTA)
#: How a zip begins.
ZIPPED: Final = b"PK"
LONGEST: Final = 255
LONGEST_REASON: Final = 200
LONGEST_RECORD: Final = 64
LONGEST_CODE: Final = 60
MOST_MINUTES: Final = 1440
UPSERT, DELETE = "upsert", "delete"
_OPS: Final = {
    "upsert": UPSERT,
    "u": UPSERT,
    "insert": UPSERT,
    "update": UPSERT,
    "add": UPSERT,
    "i": UPSERT,
    "delete": DELETE,
    "d": DELETE,
    "del": DELETE,
    "tombstone": DELETE,
}
_SLOTS: Final = {
    "": "DAY",
    "day": "DAY",
    "allday": "DAY",
    "fullday": "DAY",
    "full": "DAY",
    "daily": "DAY",
    "am": "AM",
    "morning": "AM",
    "pm": "PM",
    "afternoon": "PM",
}
_LESSON: Final = re.compile(r"(?:p|per|period|lesson)?0?([1-9][0-9]?)")
_KINDS: Final = {
    "present": "present",
    "absent": "absent",
    "absence": "absent",
    "tardy": "tardy",
    "late": "tardy",
    "earlyout": "early_out",
    "earlydeparture": "early_out",
    "earlyrelease": "early_out",
    "leftearly": "early_out",
    "suspendedout": "suspended_out",
    "suspendedin": "suspended_in",
    "offsite": "offsite_instruction",
    "offsiteinstruction": "offsite_instruction",
    "notexpected": "not_expected",
}
_EXCUSES: Final = {
    "": "",
    "na": "",
    "none": "",
    "excused": "excused",
    "authorised": "excused",
    "authorized": "excused",
    "unexcused": "unexcused",
    "unauthorised": "unexcused",
    "unauthorized": "unexcused",
    "unknown": "unknown",
    "unverified": "unknown",
}
#: Flags of a code that say what kind it is.
_KINDS_BY_FLAG: Final = ("suspended_out", "suspended_in", "offsite_instruction")
_FLAGS: Final = {"medical": "medical", "stateexcused": "state_excused"}


@dataclass(frozen=True)
class Span:
    """What the marks are: everything for some days, or changes."""

    mode: str
    first: date | None = None
    last: date | None = None


class RegisterSheet(Sheet):
    """One file of the set."""

    #: Field → how it is called in a form.
    LABELS: ClassVar[Mapping[str, str]]
    #: Without these it says nothing.
    NEEDED: ClassVar[Sequence[str]]

    def found(self, remembered: Mapping[str, str]) -> dict[str, str]:
        """Field → its column: what the district said last time, else one that is called like it."""
        by_letters = {letters_of(one): one for one in reversed(self.columns) if one}
        found: dict[str, str] = {}
        for field in self.FIELDS:
            words = (letters_of(field), *self.USUAL.get(field, ()))
            usual = next((by_letters[word] for word in words if word in by_letters), "")
            column = remembered.get(field, "")
            if (column := column if column in self.columns else usual) and column not in found.values():
                found[field] = column
        return found

    def lacks(self, columns: Mapping[str, str]) -> list[str]:
        """What it needs and does not have, as it is called in a form."""
        return [self.LABELS[field] for field in self.NEEDED if not columns.get(field)]

    def _told(self, columns: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str] | None]]:
        places = self._places(columns)
        for line, row in self._rows():
            yield line, self._picked(row, places)


class MarksSheet(RegisterSheet):
    """Marks: who, where, when, and by which code."""

    FIELDS = ("student", "school", "day", "slot", "code", "minutes", "reason", "record", "op")
    NEEDED = ("student", "school", "day", "code")
    LABELS: ClassVar = {
        "student": "Student number",
        "school": "School",
        "day": "Date",
        "slot": "Slot or period",
        "code": "Code",
        "minutes": "Minutes missed",
        "reason": "Reason",
        "record": "Id of the mark",
        "op": "Upsert or delete",
    }
    USUAL: ClassVar = {
        "student": (
            "studentid",
            "studentnumber",
            "stuid",
            "pupilid",
            "studentuniqueid",
            "perm",
            "permid",
            "attsn",
        ),
        "school": ("schoolid", "schoolcode", "schoolname", "entity", "entityid", "building", "site", "attsc"),
        "day": ("date", "attendancedate", "eventdate", "absencedate", "attdate", "absdate", "attdt"),
        "slot": ("period", "periodid", "session", "part", "timetableperiod"),
        "code": ("attendancecode", "attcode", "abscode", "absencecode", "excusecode", "attal", "absrsn"),
        "minutes": (
            "minutesmissed",
            "minutesabsent",
            "absentminutes",
            "minabsence",
            "schoolattendanceduration",
        ),
        "reason": ("reasontext", "attendanceeventreason", "comment", "note", "remark"),
        "record": ("sisrecordid", "recordid", "sisid", "attendanceid", "sourcedid"),
        "op": ("operation", "action", "change"),
    }

    def marks(self, columns: Mapping[str, str], span: Span, *, day_first: bool) -> FedMarks:
        """Each row. Raises Unreadable, at any of them. `day_first`: 7/9/2026 is in September."""
        first, last = (span.first or date.min).isoformat(), (span.last or date.max).isoformat()
        for line, told in self._told(columns):
            if told is None:
                yield BadRow(line, Fault.SHORT_ROW, {})
            else:
                yield _mark(line, told, span.mode, first, last, day_first)


class CalendarSheet(RegisterSheet):
    """Days of schools."""

    FIELDS = ("school", "track", "day", "is_school_day", "minutes", "sessions", "periods", "note", "op")
    NEEDED = ("school", "day", "is_school_day")
    LABELS: ClassVar = {
        "school": "School",
        "track": "Track",
        "day": "Date",
        "is_school_day": "School day, yes or no",
        "minutes": "Minutes planned",
        "sessions": "Half days",
        "periods": "Lessons",
        "note": "Note",
        "op": "Upsert or delete",
    }
    USUAL: ClassVar = {
        "school": MarksSheet.USUAL["school"],
        "track": ("trackid", "calendar", "calendarcode"),
        "day": ("date", "calendardate", "schooldate"),
        "is_school_day": ("schoolday", "isschoolday", "insession", "instructionalday", "isinstructional"),
        "minutes": ("minutesscheduled", "instructionalminutes", "scheduledminutes"),
        "note": ("description", "calendarevent", "event", "comment"),
        "op": MarksSheet.USUAL["op"],
    }

    def rows(self, columns: Mapping[str, str], *, day_first: bool) -> FedRows:
        """Each day. Raises Unreadable."""
        for line, told in self._told(columns):
            yield BadRow(line, Fault.SHORT_ROW, {}) if told is None else _calendar_day(line, told, day_first)


class CodesSheet(RegisterSheet):
    """What codes mean, as the source proposes it."""

    FIELDS = ("school", "code", "description", "kind", "excuse", "flags", "valid_from", "valid_to")
    NEEDED = ("code",)
    LABELS: ClassVar = {
        "school": "School, if it is not the whole district’s",
        "code": "Code",
        "description": "Description",
        "kind": "Kind",
        "excuse": "Excuse",
        "flags": "Flags",
        "valid_from": "From",
        "valid_to": "To",
    }
    USUAL: ClassVar = {
        "school": MarksSheet.USUAL["school"],
        "code": ("attendancecode", "attcode", "absencecode"),
        "description": ("title", "name", "codedescription"),
        "kind": ("type", "status", "category", "attendancetype", "presencestatuscd"),
        "excuse": ("excusedstatus", "excused"),
        "valid_from": ("validfrom", "from", "effectivefrom", "startdate"),
        "valid_to": ("validto", "to", "effectiveto", "enddate"),
    }

    def rows(self, columns: Mapping[str, str], *, day_first: bool) -> FedRows:
        """Each code. Raises Unreadable."""
        for line, told in self._told(columns):
            yield BadRow(line, Fault.SHORT_ROW, {}) if told is None else _code(line, told, day_first)


class EnrollmentsSheet(RegisterSheet):
    """Stretches of students at schools."""

    FIELDS = ("student", "school", "track", "entry", "exit", "exit_reason", "is_primary", "op")
    NEEDED = ("student", "school", "entry")
    LABELS: ClassVar = {
        "student": "Student number",
        "school": "School",
        "track": "Track",
        "entry": "First day",
        "exit": "Last day",
        "exit_reason": "Why they left",
        "is_primary": "Primary enrollment, yes or no",
        "op": "Upsert or delete",
    }
    USUAL: ClassVar = {
        "student": MarksSheet.USUAL["student"],
        "school": MarksSheet.USUAL["school"],
        "track": ("trackid", "calendar", "calendarcode"),
        "entry": ("entrydate", "startdate", "begindate", "enrolldate"),
        "exit": ("exitdate", "enddate", "exitwithdrawdate", "withdrawdate", "leavedate"),
        "exit_reason": ("exitreason", "exitcode", "exitwithdrawtype", "withdrawcode"),
        "is_primary": ("primary", "isprimary", "primaryschool"),
        "op": MarksSheet.USUAL["op"],
    }

    def rows(self, columns: Mapping[str, str], *, day_first: bool) -> FedRows:
        """Each stretch. Raises Unreadable."""
        for line, told in self._told(columns):
            yield BadRow(line, Fault.SHORT_ROW, {}) if told is None else _stretch(line, told, day_first)


class StudentsSheet(RegisterSheet):
    """Dates of birth. Whatever else stands there is not looked at."""

    FIELDS = ("student", "born")
    NEEDED = ("student", "born")
    LABELS: ClassVar = {"student": "Student number", "born": "Date of birth"}
    USUAL: ClassVar = {
        "student": MarksSheet.USUAL["student"],
        "born": ("birthdate", "dateofbirth", "dob", "birthday", "studentbirthdate"),
    }

    def rows(self, columns: Mapping[str, str], *, day_first: bool) -> FedRows:
        """Each student; `born` is "" where it is not told. Raises Unreadable."""
        for line, told in self._told(columns):
            yield BadRow(line, Fault.SHORT_ROW, {}) if told is None else _birth(line, told, day_first)


SHEETS: Final[Mapping[str, type[RegisterSheet]]] = {
    CODES: CodesSheet,
    CALENDAR: CalendarSheet,
    ENROLLMENTS: EnrollmentsSheet,
    STUDENTS: StudentsSheet,
    MARKS: MarksSheet,
}


class RegisterSet:
    """An upload: a zip of the set, or one CSV file of it."""

    def __init__(self, stream: IO[bytes], *, alone: str = MARKS, births: bool = False) -> None:
        """`alone`: what it is, if it is one CSV file. `births`: read students.csv, too. Raises Unreadable."""
        stream.seek(0)
        self._stream, self._alone, self._zip = stream, alone, None
        is_zip = stream.read(2) == ZIPPED
        stream.seek(0)
        self.of_people: list[str] = []
        self._manifest: dict[str, Mapping[str, Any]] = {}
        self.files: list[str] = [alone]
        self._read = [one for one in FILES if births or one != STUDENTS]
        if is_zip:
            names = [f"{one}.csv" for one in {*FILES, *OF_PEOPLE}]
            self._zip = Zipped(stream, (*names, MANIFEST))
            self.files = [one for one in self._read if self._zip.has(f"{one}.csv")]
            self.of_people = [
                one for one in OF_PEOPLE if one not in self.files and self._zip.has(f"{one}.csv")
            ]
            self._manifest = self._read_manifest()
            if not self.files:
                raise Unreadable(
                    "The zip holds none of marks.csv, calendar.csv, codes.csv and enrollments.csv."
                )

    def check(self) -> None:
        """Hold each file against what the manifest says of it. Raises Unreadable."""
        for name in self.files:
            told = self._manifest.get(name, {})
            sha256 = str(told.get("sha256") or "").lower()
            if not sha256:
                continue
            with self._opened(name) as file:
                digest = hashlib.sha256()
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
            if digest.hexdigest() != sha256:
                raise Unreadable(
                    f"{name}.csv is not the file that the manifest names: its SHA-256 is another."
                )

    def promised(self) -> list[str]:
        """Files that are read of a set, that its manifest names, and that are not there."""
        return [one for one in self._read if one in self._manifest and one not in self.files]

    def rows_told(self, name: str) -> int | None:
        """How many rows the manifest says that a file has."""
        rows = self._manifest.get(name, {}).get("rows")
        return rows if isinstance(rows, int) and not isinstance(rows, bool) else None

    def span(self) -> Span | None:
        """What the manifest says that the marks are; None if it says nothing. Raises Unreadable."""
        told = self._manifest.get(MARKS, {})
        mode = str(told.get("mode") or "").strip().lower()
        if not mode:
            return None
        if mode not in MODES:
            raise Unreadable("The manifest gives a mode that is neither window nor delta.")
        days = [told.get(name) for name in ("window_from", "window_to")]
        first, last = (date.fromisoformat(str(day)) if _is_iso(day) else None for day in days)
        if (mode == WINDOW and (first is None or last is None)) or (first and last and first > last):
            raise Unreadable(
                "The manifest says that the marks are a window, and not from which day to which (2026-09-01)."
            )
        return Span(mode, first, last)

    @contextmanager
    def sheet(self, name: str) -> Iterator[RegisterSheet]:
        """One file of it. Raises Unreadable."""
        with self._opened(name) as file:
            yield SHEETS[name](file)

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        if self._zip is None:
            self._stream.seek(0)
            yield self._stream
        else:
            with self._zip.open(f"{name}.csv") as file:
                yield file

    def _read_manifest(self) -> dict[str, Mapping[str, Any]]:
        assert self._zip is not None
        if not self._zip.has(MANIFEST):
            return {}
        with self._zip.open(MANIFEST) as file:
            text = file.read(LARGEST_MANIFEST + 1)
        try:
            if len(text) > LARGEST_MANIFEST:
                raise ValueError
            told = json.loads(text)
            entries = told.get("files", [told]) if isinstance(told, dict) else told
            around = told if isinstance(told, dict) else {}
            return {
                str(one["file"]).rpartition("/")[2].removesuffix(".csv").lower(): {**around, **one}
                for one in entries
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable("manifest.json cannot be read. Leave it out, or mend it.") from error


def checked(name: str, line: int, told: Mapping[str, str], span: Span) -> FedMark | FedRow | BadRow:
    """A row of that file that came otherwise than as CSV, by field: held against the same rules. Days are ISO."""
    whole = {field: told.get(field, "") for field in SHEETS[name].FIELDS}
    if name == MARKS:
        first, last = (span.first or date.min).isoformat(), (span.last or date.max).isoformat()
        return _mark(line, whole, span.mode, first, last, False)
    check = {CALENDAR: _calendar_day, CODES: _code, ENROLLMENTS: _stretch, STUDENTS: _birth}[name]
    return check(line, whole, False)


def _mark(
    line: int, told: dict[str, str], mode: str, first: str, last: str, day_first: bool
) -> FedMark | BadRow:
    day, slot = day_of(told["day"], day_first), _slot(told["slot"])
    minutes, op = told["minutes"], _OPS.get(told["op"].lower(), "")
    fault = None
    if not told["student"]:
        fault = Fault.NO_STUDENT
    elif not day:
        fault = Fault.BAD_DATE
    elif not slot:
        fault = Fault.BAD_SLOT
    elif mode == DELTA and not op:
        fault = Fault.NO_OP
    elif not told["code"] and op != DELETE:
        fault = Fault.NO_CODE
    elif minutes and op != DELETE and (minutes := _whole(minutes, MOST_MINUTES)) == "":
        fault = Fault.BAD_MINUTES
    elif mode == WINDOW and not first <= day <= last:
        fault = Fault.OUTSIDE_WINDOW
    elif (
        len(told["code"]) > LONGEST_CODE
        or len(told["student"]) > LONGEST
        or len(told["school"]) > LONGEST
        or len(told["record"]) > LONGEST_RECORD
    ):
        fault = Fault.TOO_LONG
    if fault is not None:
        return BadRow(line, fault, {**told, "day": day or told["day"], "slot": slot or told["slot"]})
    return FedMark(
        line,
        told["student"],
        told["school"],
        day,
        slot,
        told["code"],
        minutes,
        told["reason"][:LONGEST_REASON],
        told["record"],
        op if mode == DELTA else "",
    )


def _calendar_day(line: int, told: dict[str, str], day_first: bool) -> FedRow | BadRow:
    day, flag = day_of(told["day"], day_first), told["is_school_day"].lower()
    op = _OPS.get(told["op"].lower(), "")
    numbers = {
        name: _whole(told[name], most) if told[name] else ""
        for name, most in (("minutes", MOST_MINUTES), ("sessions", 4), ("periods", 24))
    }
    fault = None
    if not day:
        fault = Fault.BAD_DATE
    elif told["op"] and not op:
        fault = Fault.NO_OP
    elif op != DELETE and (not flag or flag not in YES | NO):
        fault = Fault.UNCLEAR_FLAG
    elif any(told[name] and not numbers[name] for name in numbers):
        fault = Fault.BAD_NUMBER
    elif max(map(len, told.values())) > LONGEST:
        fault = Fault.TOO_LONG
    if fault is not None:
        return BadRow(line, fault, told)
    is_school_day = "yes" if flag in YES else "no"
    return FedRow(line, {**told, **numbers, "day": day, "is_school_day": is_school_day, "op": op})


def _code(line: int, told: dict[str, str], day_first: bool) -> FedRow | BadRow:
    kind, excuse = _KINDS.get(letters_of(told["kind"])), _EXCUSES.get(letters_of(told["excuse"]))
    words = [letters_of(one) for one in re.split(r"[;,|]", told["flags"]) if one.strip()]
    kinds = [_KINDS[one] for one in words if _KINDS.get(one) in _KINDS_BY_FLAG]
    flags = [_FLAGS[one] for one in words if one in _FLAGS]
    days = {name: day_of(told[name], day_first) for name in ("valid_from", "valid_to")}
    fault = None
    if not told["code"]:
        fault = Fault.NO_CODE
    elif len(told["code"]) > LONGEST_CODE or max(map(len, told.values())) > LONGEST:
        fault = Fault.TOO_LONG
    elif (told["kind"] and kind is None) or excuse is None or len(kinds) + len(flags) < len(words):
        fault = Fault.BAD_KIND
    elif any(told[name] and not days[name] for name in days) or days["valid_from"] > (
        days["valid_to"] or "~"
    ):
        fault = Fault.BAD_DATE
    if fault is not None:
        return BadRow(line, fault, told)
    kind = kinds[0] if kinds else kind or ""
    return FedRow(
        line, {**told, "kind": kind, "excuse": excuse or "", "flags": ";".join(sorted(set(flags))), **days}
    )


def _stretch(line: int, told: dict[str, str], day_first: bool) -> FedRow | BadRow:
    entry, exit = day_of(told["entry"], day_first), day_of(told["exit"], day_first)
    primary, op = told["is_primary"].lower(), _OPS.get(told["op"].lower(), "")
    fault = None
    if not told["student"]:
        fault = Fault.NO_STUDENT
    elif not entry or (told["exit"] and not exit):
        fault = Fault.BAD_DATE
    elif told["op"] and not op:
        fault = Fault.NO_OP
    elif primary not in YES | NO:
        fault = Fault.UNCLEAR_FLAG
    elif max(map(len, told.values())) > LONGEST:
        fault = Fault.TOO_LONG
    if fault is not None:
        return BadRow(line, fault, told)
    is_primary = "yes" if primary in YES else "no"
    return FedRow(line, {**told, "entry": entry, "exit": exit, "is_primary": is_primary, "op": op})


def _birth(line: int, told: dict[str, str], day_first: bool) -> FedRow | BadRow:
    born = day_of(told["born"], day_first)
    fault = None
    if not told["student"]:
        fault = Fault.NO_STUDENT
    elif told["born"] and not "1900-01-01" < born <= clock.now().date().isoformat():
        fault = Fault.BAD_DATE
    elif len(told["student"]) > LONGEST:
        fault = Fault.TOO_LONG
    return FedRow(line, {**told, "born": born}) if fault is None else BadRow(line, fault, told)


@lru_cache(maxsize=8192)
def day_of(written: str, day_first: bool) -> str:
    """A date as 2026-09-07; "" for what is none. A time behind it is passed over."""
    written = written.partition("T")[0].partition(" ")[0]
    if _is_iso(written):
        return written
    for shape in ("%d/%m/%Y" if day_first else "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y"):
        try:
            found = datetime.strptime(written, shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return found.isoformat() if found.year >= 1900 else ""
    return ""


def _is_iso(written: object) -> bool:
    try:
        text = str(written)
        return len(text) == 10 and date.fromisoformat(text).year >= 1900
    except ValueError:
        return False


@lru_cache(maxsize=512)
def _slot(written: str) -> str:
    letters = letters_of(written)
    if letters in _SLOTS:
        return _SLOTS[letters] if letters or not written else ""
    lesson = _LESSON.fullmatch(letters)
    return f"P{lesson[1]}" if lesson else ""


@lru_cache(maxsize=4096)
def _whole(written: str, most: int) -> str:
    written = written.removesuffix(".0").removesuffix(".00")
    return (
        str(int(written))
        if written.isascii() and written.isdigit() and len(written) < 6 and int(written) <= most
        else ""
    )
