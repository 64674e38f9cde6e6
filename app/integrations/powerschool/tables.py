"""Which tables of PowerSchool are read, and which fields of them: what a district's plugin has to grant.

Facts: the data dictionary of PowerSchool SIS, and its API for tables. A school is its School_Number everywhere, a
student the internal id, and a year its number since 1990–91.
"""

from collections.abc import Mapping, Sequence
from typing import Final

CODES: Final = "attendance_code"
CALENDAR: Final = "calendar_day"
PERIODS: Final = "period"
STUDENTS: Final = "students"
FORMER: Final = "reenrollments"
ATTENDANCE: Final = "attendance"
#: A school may have so many sets of days of its own.
TRACKS: Final = ("a", "b", "c", "d", "e", "f")

#: Table → its fields. docs/attendance-systems.md has them as the access request of a plugin.
FIELDS: Final[Mapping[str, Sequence[str]]] = {
    CODES: ("id", "schoolid", "yearid", "att_code", "description", "presence_status_cd"),
    CALENDAR: ("id", "schoolid", "date_value", "insession", "note", *TRACKS),
    PERIODS: ("id", "schoolid", "year_id", "period_number"),
    STUDENTS: ("id", "student_number", "schoolid", "entrydate", "exitdate", "exitcode", "track"),
    FORMER: ("id", "studentid", "schoolid", "entrydate", "exitdate", "exitcode", "track"),
    ATTENDANCE: (
        "id",
        "studentid",
        "schoolid",
        "yearid",
        "att_date",
        "att_mode_code",
        "attendance_codeid",
        "periodid",
    ),
}


def where(*conditions: str) -> str:
    """All of them, as the API writes it."""
    return ";".join(conditions)


def year_number(ends: int) -> int:
    """Of the year that ends then: 2026–27 is the 36th."""
    return ends - 1991
