"""What Ed-Fi's resources say, as rows of the set. Facts: Ed-Fi Data Standard 5.2, ODS / API 7.3.

Descriptors are addresses, and their code stands behind the "#": uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy.
The standard's categories tell neither an excused from an unexcused tardy nor a reason that nobody knows, so a code here
is the category, or category and reason where a district says that its reasons are a list. Presence is no exception and
is passed over, as far as it is told in the standard's words.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app.core.asking import rows, text
from app.core.attendance_systems import Row
from app.core.sheet import letters_of

#: Of a category: the kind and the excuse that are proposed for it. Somebody signs off what it means.
PROPOSED: Final[Mapping[str, tuple[str, str]]] = {
    "excusedabsence": ("absent", "excused"),
    "unexcusedabsence": ("absent", "unexcused"),
    "tardy": ("tardy", "unknown"),
    "earlydeparture": ("early_out", "unknown"),
}
PRESENT: Final = frozenset({"inattendance", "present"})
#: Events of a calendar that are school, as the standard names them. A district may add to them.
OPEN: Final = ("Instructional day", "Make-up day", "Student late arrival/early dismissal")
#: Events that close a day, whatever else is said of it.
CLOSED: Final = frozenset(
    {"holiday", "weatherday", "emergencyday", "strike", "noninstructionalday", "teacheronlyday"}
)


def code_of(descriptor: str) -> str:
    """What stands behind the "#" of a descriptor; the whole of one that has none."""
    return descriptor.rpartition("#")[2].strip()


@dataclass(frozen=True)
class Words:
    """How a district reads what Ed-Fi says."""

    #: Whether the reason of an event is part of its code.
    reasons: bool = False
    #: Minutes of a whole day of school, for what is told in parts of a day; 0 if nobody said.
    minutes: int = 0
    #: Further events of a calendar that are school.
    open_events: Collection[str] = ()
    _open: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_open", frozenset(map(letters_of, (*OPEN, *self.open_events))))

    def category(self, record: Mapping[str, Any]) -> Row | None:
        """A descriptor of categories, as a code that is proposed; None where codes are more than categories."""
        code = text(record, "codeValue")
        if self.reasons or not code or letters_of(code) in PRESENT:
            return None
        kind, excuse = PROPOSED.get(letters_of(code), ("", ""))
        said = text(record, "shortDescription") or text(record, "description")
        return "codes", {"code": code, "description": said[:120], "kind": kind, "excuse": excuse}

    def day(self, record: Mapping[str, Any], school: str, track: str) -> Row:
        """A day of a calendar. What nobody says is school is none."""
        events = [
            code_of(text(one, "calendarEventDescriptor")) for one in rows(dict(record), "calendarEvents")
        ]
        words = {letters_of(one) for one in events}
        is_open = bool(words & self._open) and not words & CLOSED
        return "calendar", {
            "school": school,
            "track": track,
            "day": text(record, "date"),
            "is_school_day": "yes" if is_open else "no",
            "minutes": str(self.minutes) if is_open and self.minutes else "",
            "note": ", ".join(sorted(set(events)))[:120],
        }

    def stretch(self, record: Mapping[str, Any], school: str, track: str) -> Row:
        """An enrollment. One that does not say whether it is the primary one is."""
        primary = record.get("primarySchool")
        return "enrollments", {
            "student": _student(record),
            "school": school,
            "track": track,
            "entry": text(record, "entryDate"),
            "exit": text(record, "exitWithdrawDate"),
            "exit_reason": code_of(text(record, "exitWithdrawTypeDescriptor")),
            "is_primary": "no" if primary is False else "yes",
        }

    def marks(self, record: Mapping[str, Any], school: str, op: str) -> list[Row]:
        """An event: one mark, or one for each lesson that it is about; none for presence."""
        category = code_of(text(record, "attendanceEventCategoryDescriptor"))
        if letters_of(category) in PRESENT:
            return []
        reason = text(record, "attendanceEventReason")
        mark = {
            "student": _student(record),
            "school": school,
            "day": text(record, "eventDate"),
            "code": f"{category}: {reason}" if self.reasons and reason else category,
            "minutes": self._minutes(record),
            "reason": "" if self.reasons else reason,
            "record": text(record, "id"),
            "op": op,
        }
        if "sectionReference" not in record:
            return [("marks", {**mark, "slot": "DAY"})]
        lessons = [
            text(one["classPeriodReference"], "classPeriodName")
            for one in rows(dict(record), "classPeriods")
            if isinstance(one.get("classPeriodReference"), dict)
        ]
        # Where no lesson is named the row is set aside: nobody can tell which one was missed.
        return [("marks", {**mark, "slot": lesson}) for lesson in lessons or ["?"]]

    def _minutes(self, record: Mapping[str, Any]) -> str:
        """Minutes that the event took, in its own words or by its part of a day; "" for a whole day.

        Where a part is told and nobody said how long a day is, what stands there is passed on, and set aside: half a
        day is not a day.
        """
        for name in ("schoolAttendanceDuration", "sectionAttendanceDuration"):
            told = record.get(name)
            if isinstance(told, int | float) and not isinstance(told, bool):
                return str(told)
        part = _number(record.get("eventDuration"))
        if part is None or part == 1 or "sectionReference" in record:
            return ""
        if not self.minutes or not 0 < part < 1:
            return f"{part} of a day"
        return str(round(part * self.minutes))


def gone(record: Mapping[str, Any], key: str, school: str) -> Row | None:
    """A mark that was deleted, or had another key: `key` is where its key stands. None where it says no key."""
    told = record.get(key)
    if not isinstance(told, dict) or not text(told, "studentUniqueId"):
        return None
    return "marks", {
        "student": text(told, "studentUniqueId"),
        "school": school,
        "day": text(told, "eventDate"),
        "slot": "DAY",
        "code": code_of(text(told, "attendanceEventCategoryDescriptor")),
        "record": text(record, "id"),
        "op": "delete",
    }


def _student(record: Mapping[str, Any]) -> str:
    about = record.get("studentReference")
    return text(about, "studentUniqueId") if isinstance(about, dict) else ""


def _number(told: object) -> Decimal | None:
    try:
        return Decimal(str(told)) if isinstance(told, int | float | str) else None
    except InvalidOperation:
        return None
