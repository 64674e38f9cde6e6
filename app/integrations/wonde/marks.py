"""What Wonde says of attendance, as rows of the set. Facts: docs.wonde.com, API 1.0; letters of codes: the School
Attendance (Pupil Registration) (England) Regulations 2024, regulation 10.

Wonde tells of each session of each student, presence included. The register keeps exceptions: presence is passed over
in a window, and among changes it takes away what stood there, for a mark that was corrected to presence is gone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.core.asking import text
from app.core.attendance_systems import Row, Told
from app.core.sheet import letters_of
from app.integrations.wonde.wire import within

#: What the type of a code has in it, in the order in which it is looked for: the kind and the excuse proposed for it.
TYPES: Final = (
    ("unauthori", ("absent", "unexcused")),
    ("authori", ("absent", "excused")),
    ("notrequired", ("not_expected", "")),
    ("educational", ("offsite_instruction", "")),
    ("late", ("tardy", "unknown")),
    ("present", ("present", "")),
)
#: For the law it is presence, so it is never proposed as an absence that nobody explained.
LATE_AND_PRESENT: Final = ("tardy", "excused")
#: Presence in the morning and in the afternoon, whatever the type says.
PRESENT_IN_ENGLAND: Final = ("/", "\\")
#: Nothing of a student: the school was closed, they are not on its register yet, or no mark was made.
NO_MARKS_IN_ENGLAND: Final = ("#", "Z", "-")
#: How a description says that a reason may still come.
NOT_YET: Final = ("not yet", "no reason")
#: The lesson in what a period is called: "3", "P3", "Mon:3", "1Mon:P3", "Week 1 Mon 3".
_LESSON: Final = re.compile(r"(?:^|[\s:./-])((?:p|per|period|lesson)?\s*0?[1-9][0-9]?|am|pm)$", re.IGNORECASE)
_MIDNIGHT: Final = "00:00:00"
#: How much of a date as PHP writes it is read: the microseconds are sometimes there.
_SECONDS: Final = 19


def kind_of(code: Mapping[str, Any], *, in_england: bool) -> tuple[str, str]:
    """The kind and the excuse that Wonde's type and description come to; ("", "") if they say nothing known."""
    if in_england and text(code, "code") in PRESENT_IN_ENGLAND:
        return "present", ""
    letters, said = letters_of(text(code, "type")), text(code, "description").lower()
    kind, excuse = next((meaning for word, meaning in TYPES if word in letters), ("", ""))
    if kind == "present" and re.search(r"\blate\b", said):
        return LATE_AND_PRESENT
    if kind == "absent" and any(word in said for word in NOT_YET):
        return kind, "unknown"
    return kind, excuse


@dataclass(frozen=True)
class Words:
    """How a district reads what Wonde says."""

    in_england: bool
    #: Whether the comment on a mark comes in.
    comments: bool = False

    def code(self, record: Mapping[str, Any]) -> Row | None:
        """A code that is proposed for the district; None for presence, and where it is no mark of anybody."""
        code, (kind, excuse) = text(record, "code"), kind_of(record, in_england=self.in_england)
        if kind == "present" or self._is_none(code):
            return None
        said = text(record, "description")[:120]
        return "codes", {"code": code, "description": said, "kind": kind, "excuse": excuse}

    def is_presence(self, record: Mapping[str, Any]) -> bool:
        """Whether a code says that somebody was there, on time."""
        return kind_of(record, in_england=self.in_england)[0] == "present"

    def mark(self, record: Mapping[str, Any], school: str, zone: str, op: str) -> Row | None:
        """What stands in a session or a lesson; None for what is no exception, or cannot be taken away here.

        `op`: "upsert" of changes, "" of a window.
        """
        about = within(record, "attendance_code")
        about = about if isinstance(about, dict) else {}
        code, kind = text(about, "code"), kind_of(about, in_england=self.in_england)[0]
        slot, is_known = _slot(record)
        where: Told = {
            "student": text(record, "student") or text(_object(record, "student"), "id"),
            "school": school,
            "day": day_of(record.get("date") or _object(record, "lesson").get("start_at"), zone),
            "slot": slot,
        }
        if kind == "present" or self._is_none(code):
            return ("marks", {**where, "op": "delete"}) if op and is_known else None
        told = {"code": code, "record": text(record, "id"), "op": op}
        # Minutes late are minutes missed of whoever came; who was away missed the whole of it.
        minutes = _number(record.get("minutes_late")) if kind == "tardy" else ""
        reason = text(record, "comment") if self.comments else ""
        return "marks", {**where, **told, "minutes": minutes, "reason": reason}

    def _is_none(self, code: str) -> bool:
        return not code or (self.in_england and code in NO_MARKS_IN_ENGLAND)


def stretch(record: Mapping[str, Any], school: str, zone: str) -> Row:
    """A student's time at a school. A registration that is subsidiary, or a guest's, is not the primary one."""
    details = _object(record, "education_details")
    status = letters_of(text(details, "enrolment_status"))
    return "enrollments", {
        "student": text(record, "id"),
        "school": school,
        "track": "",
        "entry": day_of(details.get("admission_date"), zone),
        "exit": day_of(details.get("leaving_date"), zone),
        "exit_reason": "",
        "is_primary": "no" if "subsidiary" in status or "guest" in status else "yes",
    }


def day_of(told: object, zone: str) -> str:
    """A date as PHP writes it, as 2026-09-07 in the school's zone; what is none as it stands, to be set aside.

    Midnight is a date and no time: it stays that day, whatever zone stands beside it.
    """
    if isinstance(told, str):
        return told
    if not isinstance(told, dict):
        return ""
    written = text(told, "date")
    day, _, time = written[:_SECONDS].partition(" ")
    if not time or time == _MIDNIGHT:
        return day
    try:
        theirs = ZoneInfo(text(told, "timezone") or "UTC")
        at = datetime.strptime(written[:_SECONDS], "%Y-%m-%d %H:%M:%S").replace(tzinfo=theirs)
        return at.astimezone(ZoneInfo(zone) if zone else UTC).date().isoformat()
    except (ValueError, OSError, KeyError):  # a zone or a time that nobody knows
        return day


def _slot(record: Mapping[str, Any]) -> tuple[str, bool]:
    """Which part of the day it is about, and whether that is understood: AM, PM, or a lesson by its period's name."""
    session = text(record, "session")
    if session:
        return session, session.upper() in ("AM", "PM")
    name = text(_object(_object(record, "lesson"), "period"), "name")
    lesson = _LESSON.search(name)
    return (lesson[1], True) if lesson else (name or "?", False)


def _object(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = within(record, name)
    return found if isinstance(found, dict) else {}


def _number(told: object) -> str:
    """A whole number as it stands; "" for none and for nothing."""
    return "" if isinstance(told, bool) or told in (None, 0, "", "0") else str(told)
