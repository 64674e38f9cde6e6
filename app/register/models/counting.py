"""Which marks count, and by which meaning: what a page says beside each. Whoever counts decides the same in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import func, select, tuple_

from app.core.db import db
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.reason_not_given import ReasonNotGiven
from app.register.models.school_day import SchoolDay

#: Why a mark counts for nothing.
NOT_SIGNED_OFF = "Nobody has signed off what this code means"
NO_SCHOOL = "There was no school that day"


class Meant(Protocol):
    """What is asked of a meaning to find the one that holds: AttendanceCode has it."""

    school_id: Any
    code: Any
    valid_from: Any
    valid_to: Any


M = TypeVar("M", bound=Meant)


@dataclass(frozen=True)
class MarkWithMeaning:
    """A mark, and the meaning by which it counts; or why it does not."""

    mark: AttendanceMark
    meaning: AttendanceCode | None
    not_counted: str
    #: Where it counts as unexcused for want of a reason.
    not_given: ReasonNotGiven | None

    @property
    def excuse(self) -> str:
        """As it counts now."""
        return self.meaning.excuse_of(self.mark.unexcused_since) if self.meaning else ""


def meanings_of(marks: Sequence[AttendanceMark], codes: Sequence[AttendanceCode]) -> list[MarkWithMeaning]:
    """The same marks in their order. `codes`: those that are signed off."""
    closed = _closed({(mark.school_id, mark.day) for mark in marks})
    not_given = _not_given(marks)
    found = []
    for mark in marks:
        meaning = meaning_on(mark, codes)
        why = NO_SCHOOL if (mark.school_id, mark.day) in closed else "" if meaning else NOT_SIGNED_OFF
        found.append(
            MarkWithMeaning(mark, meaning, why, not_given.get((mark.student_id, mark.day, mark.slot)))
        )
    return found


def meaning_on(mark: AttendanceMark, codes: Iterable[AttendanceCode]) -> AttendanceCode | None:
    """What is signed off for that code on that day: by its school, or else by the district."""
    return meaning_of(codes, mark.code, mark.day, mark.school_id)


def meaning_of(codes: Iterable[M], code: str, day: date, school_id: UUID | None) -> M | None:
    """Of those meanings the one that holds of a code on that day at that school; a school's own goes first."""
    holding = [
        one
        for one in codes
        if one.code == code
        and one.school_id in (school_id, None)
        and (one.valid_from or date.min) <= day <= (one.valid_to or date.max)
    ]
    order = sorted(holding, key=lambda one: (one.school_id is not None, one.valid_from or date.min))
    return order[-1] if order else None


def _not_given(marks: Sequence[AttendanceMark]) -> dict[tuple[UUID, date, str], ReasonNotGiven]:
    """By student, day and slot: of those that count as unexcused for want of a reason, the line that says so."""
    lapsed = {
        (one.student_id, one.day, one.slot): one.unexcused_since
        for one in marks
        if one.unexcused_since is not None
    }
    return {
        (student, day, slot): line
        for student in {student for student, *_ in lapsed}
        for (day, slot, since), line in ReasonNotGiven.of_student(
            student, {day for _, day, _ in lapsed}
        ).items()
        if lapsed.get((student, day, slot)) == since
    }


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
