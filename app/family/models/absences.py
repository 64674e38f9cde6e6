"""How many days a student was absent this school year, as their family reads it.

By the codes that somebody signed off, on days of the school's calendar, up to the day to which its register is in, and
nothing after it. What a rule of the law counts is another question (app/truancy).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import DAY, AttendanceMark
from app.register.models.counting import Meant, meaning_of
from app.register.models.school_day import NO_TRACK, SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student

EXCUSED, UNEXCUSED, UNEXPLAINED = "excused", "unexcused", "unexplained"
HALVES: Final = frozenset({"AM", "PM"})


class Mark(Protocol):
    """What is read of a mark: AttendanceMark has it."""

    school_id: Any
    day: Any
    slot: Any
    code: Any
    unexcused_since: Any


class Meaning(Meant, Protocol):
    """What is read of a code: AttendanceCode has it."""

    kind: Any

    @property
    def counts(self) -> bool: ...

    def excuse_of(self, unexcused_since: date | None) -> str: ...


@dataclass(frozen=True)
class Missed:
    """One day. `whole`: all of it, and not a half or some lessons."""

    day: date
    why: str
    whole: bool


@dataclass(frozen=True)
class Absences:
    """The days, the newest first. `up_to`: of what comes after, nothing is known."""

    days: Sequence[Missed]
    up_to: date

    @property
    def whole(self) -> int:
        """Whole days."""
        return sum(one.whole for one in self.days)

    @property
    def parts(self) -> int:
        """Days of which a part was missed."""
        return len(self.days) - self.whole

    def because(self, why: str) -> int:
        """Whole days that were excused, unexcused or are unexplained."""
        return sum(one.whole and one.why == why for one in self.days)


def counted(
    marks: Iterable[Mark],
    codes: Iterable[Meaning],
    school_days: Mapping[tuple[UUID, date], int],
    current_to: Mapping[UUID, date],
    up_to: date,
) -> Absences:
    """Count one student's marks of one school year.

    `school_days`: by school and day, the lessons of that day (nought where it has none); a day that is not there is no
    school day. `current_to`: by school. `up_to`: as the answer says it. A suspension is no absence here.
    """
    meant = [code for code in codes if code.counts]
    slots: dict[tuple[UUID, date], dict[str, str]] = {}
    for mark in marks:
        place = (mark.school_id, mark.day)
        if place not in school_days or mark.day > current_to.get(mark.school_id, date.min):
            continue
        code = meaning_of(meant, mark.code, mark.day, mark.school_id)
        if code is not None and code.kind == "absent":
            slots.setdefault(place, {})[mark.slot] = code.excuse_of(mark.unexcused_since)
    missed: dict[date, Missed] = {}
    for (school_id, day), excuses in slots.items():
        one = Missed(day, _why(excuses.values()), _is_whole(excuses, school_days[school_id, day]))
        if day not in missed or one.whole:
            missed[day] = one
    return Absences([missed[day] for day in sorted(missed, reverse=True)], up_to)


def absences_of(student: Student) -> Absences | None:
    """Of this school year; None where the year is not written down or the school's register has never come in."""
    year = SchoolYear.current()
    register = SchoolRegister.of_school(student.school_id) if student.school_id else None
    if year is None or register is None or register.current_to is None:
        return None
    marks = [
        one for one in AttendanceMark.of_student(student.id) if year.first_day <= one.day <= year.last_day
    ]
    schools = {one.school_id for one in marks}
    registers = select(SchoolRegister).where(SchoolRegister.school_id.in_(schools))
    current_to = {one.school_id: one.current_to for one in db.session.scalars(registers) if one.current_to}
    return counted(
        marks, AttendanceCode.counting(), _school_days(student, marks), current_to, register.current_to
    )


def _school_days(student: Student, marks: Sequence[AttendanceMark]) -> dict[tuple[UUID, date], int]:
    """Of the days that were marked, those on which there was school for this student, by their track."""
    asked = select(SchoolDay).where(
        SchoolDay.school_id.in_({one.school_id for one in marks}),
        SchoolDay.day.in_({one.day for one in marks}),
        SchoolDay.is_school_day,
    )
    stretches = SchoolEnrollment.of_student(student.id)
    return {
        (one.school_id, one.day): one.periods
        for one in (db.session.scalars(asked) if marks else ())
        if one.track == _track(stretches, one)
    }


def _track(stretches: Sequence[SchoolEnrollment], on: SchoolDay) -> str:
    for one in stretches:
        if one.school_id == on.school_id and one.entry <= on.day <= (one.exit or date.max):
            return one.track
    return NO_TRACK


def _why(excuses: Iterable[str]) -> str:
    """One word for the day: what asks most of the family."""
    said = set(excuses)
    if "unexcused" in said:
        return UNEXCUSED
    return EXCUSED if said == {"excused"} else UNEXPLAINED


def _is_whole(slots: Mapping[str, str], lessons: int) -> bool:
    if DAY in slots or slots.keys() >= HALVES:
        return True
    missed = sum(slot not in HALVES for slot in slots)
    return lessons > 0 and missed >= lessons
