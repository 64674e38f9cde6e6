"""A register for tests: a school's days, codes, stretches and marks. Needs the district to be open."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.db import db
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment

#: A Monday.
FIRST = date(2026, 9, 7)


def calendar(school: UUID, *, first: date = FIRST, weeks: int = 4, track: str = "") -> list[date]:
    """Monday to Friday for some weeks, 390 minutes each."""
    days = [first + timedelta(days=week * 7 + at) for week in range(weeks) for at in range(5)]
    db.session.add_all(
        SchoolDay(school_id=school, track=track, day=day, is_school_day=True, minutes=390) for day in days
    )
    db.session.flush()
    return days


def code(letters: str, kind: str, excuse: str = "", *, signed: bool = True, **more: Any) -> AttendanceCode:
    """A meaning; signed off unless said otherwise."""
    made = AttendanceCode(code=letters, kind=kind, excuse=excuse, **more)
    if signed:
        made.signed_off_by, made.signed_off_at = "Clark Clerk", clock.now()
    db.session.add(made)
    db.session.flush()
    return made


def enrolled(student: UUID, school: UUID, *, entry: date = FIRST, **more: Any) -> SchoolEnrollment:
    made = SchoolEnrollment(student_id=student, school_id=school, entry=entry, **more)
    db.session.add(made)
    db.session.flush()
    return made


def mark(student: UUID, school: UUID, day: date, letters: str = "U", **more: Any) -> AttendanceMark:
    made = AttendanceMark(student_id=student, school_id=school, day=day, code=letters, **more)
    db.session.add(made)
    db.session.flush()
    return made
