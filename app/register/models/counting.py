"""Which marks count, and by which meaning: what a page says beside each. Whoever counts decides the same in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, tuple_

from app.core.db import db
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.school_day import SchoolDay

#: Why a mark counts for nothing.
NOT_SIGNED_OFF = "Nobody has signed off what this code means"
NO_SCHOOL = "There was no school that day"


@dataclass(frozen=True)
class MarkWithMeaning:
    """A mark, and the meaning by which it counts; or why it does not."""

    mark: AttendanceMark
    meaning: AttendanceCode | None
    not_counted: str


def meanings_of(marks: Sequence[AttendanceMark], codes: Sequence[AttendanceCode]) -> list[MarkWithMeaning]:
    """The same marks in their order. `codes`: those that are signed off."""
    closed = _closed({(mark.school_id, mark.day) for mark in marks})
    found = []
    for mark in marks:
        meaning = meaning_on(mark, codes)
        why = NO_SCHOOL if (mark.school_id, mark.day) in closed else "" if meaning else NOT_SIGNED_OFF
        found.append(MarkWithMeaning(mark, meaning, why))
    return found


def meaning_on(mark: AttendanceMark, codes: Sequence[AttendanceCode]) -> AttendanceCode | None:
    """What is signed off for that code on that day: by its school, or else by the district."""
    holding = [
        one
        for one in codes
        if one.code == mark.code
        and one.school_id in (mark.school_id, None)
        and (one.valid_from or date.min) <= mark.day <= (one.valid_to or date.max)
    ]
    return min(holding, key=lambda one: one.school_id is None, default=None)


def _closed(days: set[tuple[object, date]]) -> set[tuple[object, date]]:
    """Those on which no track of the school has school, where its calendar says anything of the day."""
    if not days:
        return set()
    asked = (
        select(SchoolDay.school_id, SchoolDay.day)
        .where(tuple_(SchoolDay.school_id, SchoolDay.day).in_(list(days)))
        .group_by(SchoolDay.school_id, SchoolDay.day)
        .having(~func.bool_or(SchoolDay.is_school_day))
    )
    return {(row[0], row[1]) for row in db.session.execute(asked)}
