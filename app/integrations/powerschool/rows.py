"""What PowerSchool's tables say, as rows of the set.

A code has a presence status, Present or Absent, and that is all it says by itself: whether an absence is excused lies
in its description, and a tardy is a kind of presence. So what is proposed for it is read off the words of the
description where those say it, and is unknown where they do not. A code without letters is presence.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from app.core.asking import text
from app.core.attendance_systems import Row
from app.core.sheet import letters_of
from app.integrations.powerschool.tables import TRACKS

ABSENT: Final = "absent"
_LATE: Final = frozenset({"tardy", "tardies", "late"})
#: What stands for a period of which nobody says when it is: the row is set aside.
NO_PERIOD: Final = "?"


def value(record: Mapping[str, Any], name: str) -> str:
    """A field, written as the API mostly does: as text, numbers too."""
    told = record.get(name)
    return str(told) if isinstance(told, int) and not isinstance(told, bool) else text(record, name)


def meaning(record: Mapping[str, Any]) -> dict[str, str]:
    """What a code is taken for until somebody says what it means."""
    said = text(record, "description")
    words = set(re.findall(r"[a-z]+", said.lower()))
    letters = letters_of(said)
    excuse = "unexcused" if "unexcused" in letters else "excused" if "excused" in letters else "unknown"
    kind = ABSENT if _is_absent(record) else "tardy" if words & _LATE else ""
    return {"description": said[:120], "kind": kind, "excuse": excuse if kind else ""}


def days(record: Mapping[str, Any], school: str, *, by_track: bool) -> list[Row]:
    """A day of the calendar, and what it is on each track where the school has tracks."""
    is_open = value(record, "insession") == "1"
    told = {"school": school, "day": day(record, "date_value"), "note": text(record, "note")[:120]}
    found: list[Row] = [("calendar", {**told, "track": "", "is_school_day": "yes" if is_open else "no"})]
    for track in TRACKS if by_track else ():
        on_track = is_open and value(record, track) == "1"
        found.append(
            ("calendar", {**told, "track": track.upper(), "is_school_day": "yes" if on_track else "no"})
        )
    return found


def stretch(record: Mapping[str, Any], school: str, number: str, *, by_track: bool) -> list[Row]:
    """An enrollment. None of somebody who never came: the exit date is the day after the last one."""
    entry, exit = day(record, "entrydate"), _day_before(day(record, "exitdate"))
    if not entry or (exit and exit < entry):
        return []
    return [
        (
            "enrollments",
            {
                "student": number,
                "school": school,
                "track": text(record, "track").upper() if by_track else "",
                "entry": entry,
                "exit": exit,
                "exit_reason": value(record, "exitcode"),
                "is_primary": "",
            },
        )
    ]


def mark(record: Mapping[str, Any], school: str, number: str, code: str, slot: str) -> Row:
    """What was noted. One of a student whom nobody can name says so: then nothing is taken to be gone."""
    return "marks", {
        "student": number,
        "school": school,
        "day": day(record, "att_date"),
        "slot": slot,
        "code": code,
        "record": value(record, "id"),
    }


def day(record: Mapping[str, Any], name: str) -> str:
    """Without the time that may stand behind it."""
    return text(record, name).partition("T")[0].partition(" ")[0]


def _is_absent(record: Mapping[str, Any]) -> bool:
    return letters_of(text(record, "presence_status_cd")) == ABSENT


def _day_before(written: str) -> str:
    try:
        return (date.fromisoformat(written) - timedelta(days=1)).isoformat()
    except ValueError:
        return written
