"""What Clever says of a record, as rows of the set. Facts: Clever's description of its API, version 3.1.

A record says absent, tardy or present, and perhaps an excuse code in the district's own words. It tells no minutes, and
nowhere is said what an excuse code means. So a code here is status and excuse code, or the status alone where excuse
codes are written freely; what is proposed for it leaves the excuse unknown, unless its own word says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.core.asking import rows, text
from app.core.attendance_systems import Row
from app.core.sheet import letters_of

ABSENT, TARDY, PRESENT = "absent", "tardy", "present"
DAILY, SECTION = "daily", "section"
#: What stands for a lesson of which nobody says when it is: the row is set aside.
NO_PERIOD: Final = "?"


@dataclass(frozen=True)
class Words:
    """How a district reads what Clever says."""

    #: Which of a student's numbers is the one here: a field of the student.
    number: str = "sis_id"
    #: Whether the excuse code is part of the code.
    by_excuse: bool = True
    by_section: bool = False

    def is_meant(self, record: Mapping[str, Any]) -> bool:
        """Whether it is of the kind that the district reads: of the day, or of a lesson."""
        return text(record, "attendance_type") == (SECTION if self.by_section else DAILY)

    def number_of(self, student: Mapping[str, Any]) -> str:
        """Of a user: the student's number here; "" if none is told."""
        return text(_student(student), self.number)

    def code(self, record: Mapping[str, Any]) -> Row:
        """Its code, and what that is taken for until somebody says what it means."""
        status, excuse = _status(record), text(record, "excuse_code")
        letters = letters_of(excuse)
        said = "unexcused" if "unexcused" in letters else "excused" if "excused" in letters else "unknown"
        told = {"code": self._code(status, excuse), "description": excuse if self.by_excuse else ""}
        return "codes", {**told, "description": told["description"][:120], "kind": status, "excuse": said}

    def mark(self, record: Mapping[str, Any], school: str, student: str, period: str) -> Row:
        """What became of it: a mark, or that there is none (any more)."""
        status, excuse = _status(record), text(record, "excuse_code")
        return "marks", {
            "student": student,
            "school": school,
            "day": text(record, "attendance_date"),
            "slot": (period or NO_PERIOD) if self.by_section else "DAY",
            "code": self._code(status, excuse),
            "reason": "" if self.by_excuse else excuse,
            # One lesson that was attended says nothing of another one in the same period.
            "record": text(record, "section_id") if self.by_section else "",
            "op": "delete" if status == PRESENT else "upsert",
        }

    def _code(self, status: str, excuse: str) -> str:
        return f"{status}: {excuse}" if self.by_excuse and excuse else status


def stretches(user: Mapping[str, Any], school: str, called: str, number: str) -> list[Row]:
    """When a student is enrolled at that school, as far as days are told."""
    student = _student(user)
    return [
        (
            "enrollments",
            {
                "student": number,
                "school": called,
                "track": "",
                "entry": entry,
                "exit": _day(one, "end_date"),
                "exit_reason": "",
                "is_primary": "yes" if text(student, "school") == school else "no",
            },
        )
        for one in rows(student, "enrollments")
        if text(one, "school") == school and (entry := _day(one, "start_date"))
    ]


def _student(user: Mapping[str, Any]) -> dict[str, Any]:
    roles = user.get("roles")
    student = roles.get("student") if isinstance(roles, dict) else None
    return student if isinstance(student, dict) else {}


def _status(record: Mapping[str, Any]) -> str:
    return text(record, "attendance_status")


def _day(record: Mapping[str, Any], name: str) -> str:
    return text(record, name).partition("T")[0]
