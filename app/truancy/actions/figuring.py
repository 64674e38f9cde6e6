"""Counting the reports' figures anew from the register. Set-based: the database counts, and only sums come back."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    Date,
    Numeric,
    Row,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.core.db import db
from app.register.models.attendance_code import UNEXCUSED, UNKNOWN, AttendanceCode
from app.register.models.attendance_mark import DAY, AttendanceMark
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.models.attendance_figure import (
    AT_RISK,
    CHRONIC,
    LEAST_EXPECTED,
    SEVERE,
    AttendanceFigure,
)

#: The student was not where they were expected.
MISSED: Final = ("absent", "suspended_out")


def count_anew() -> int:
    """Count the current school year again, and keep what was counted; how many rows that is.

    Without a current year there is none, and what was counted of earlier ones stays.
    """
    year = SchoolYear.current()
    if year is None:
        return 0
    found = db.session.execute(_figures(year)).all()
    db.session.execute(
        delete(AttendanceFigure).where(
            AttendanceFigure.month.between(year.first_day.replace(day=1), year.last_day)
        )
    )
    db.session.add_all(_figure(row) for row in found)
    db.session.flush()
    return len(found)


def _figure(row: Row[Any]) -> AttendanceFigure:
    return AttendanceFigure(**row._mapping)


def _figures(year: SchoolYear) -> Select[Any]:
    """School, grade, month, and the sums."""
    months = _by_month(year)
    so_far = months.c.absent_so_far * 100
    judged = months.c.expected_so_far >= LEAST_EXPECTED

    def missed(least: int, below: int | None = None) -> Any:
        is_so = [judged, so_far >= months.c.expected_so_far * least]
        if below is not None:
            is_so.append(so_far < months.c.expected_so_far * below)
        return func.count().filter(and_(*is_so))

    sums = [
        func.sum(months.c[name]).label(name)
        for name in ("expected", "absent", "excused", "unexcused", "unknown")
    ]
    return (
        select(
            months.c.school_id,
            Student.grade,
            months.c.month,
            func.count().label("students"),
            func.count().filter(judged).label("judged"),
            *sums,
            missed(AT_RISK, CHRONIC).label("at_risk"),
            missed(CHRONIC, SEVERE).label("chronic"),
            missed(SEVERE).label("severe"),
        )
        .join(Student, Student.id == months.c.student_id)
        .where(months.c.expected > 0)
        .group_by(months.c.school_id, Student.grade, months.c.month)
    )


def _by_month(year: SchoolYear) -> CTE:
    """Each student's months at each school, with what the year came to by the end of each."""
    stretches = stretches_of(year)
    expected, absences = days_expected(stretches), absences_of(stretches)
    off = func.coalesce(absences.c.off, 0)
    of_month: list[Any] = [
        (expected.c.expected - off).label("expected"),
        *(
            func.coalesce(absences.c[name], 0).label(name)
            for name in ("absent", "excused", "unexcused", "unknown")
        ),
    ]
    joined = (
        select(expected.c.student_id, expected.c.school_id, expected.c.month, *of_month)
        .outerjoin(
            absences,
            and_(
                absences.c.student_id == expected.c.student_id,
                absences.c.school_id == expected.c.school_id,
                absences.c.month == expected.c.month,
            ),
        )
        .cte("months")
    )
    over: dict[str, Any] = {"partition_by": joined.c.student_id, "order_by": joined.c.month}
    return select(
        joined,
        func.sum(joined.c.expected).over(**over).label("expected_so_far"),
        func.sum(joined.c.absent).over(**over).label("absent_so_far"),
    ).cte("so_far")


def stretches_of(year: SchoolYear) -> CTE:
    """Of each primary enrollment what lies in the year and in the register."""
    of = SchoolEnrollment
    first = func.greatest(of.entry, year.first_day)
    last = func.least(func.coalesce(of.exit, year.last_day), year.last_day, SchoolRegister.current_to)
    return (
        select(of.student_id, of.school_id, of.track, first.label("first"), last.label("last"))
        .join(SchoolRegister, SchoolRegister.school_id == of.school_id)
        .where(of.is_primary, SchoolRegister.current_to.is_not(None), first <= last)
        .cte("stretches")
    )


def days_expected(stretches: CTE) -> CTE:
    """School days a month of each student. Stretches that are alike, and most are, are counted once."""
    shapes = select(stretches.c.school_id, stretches.c.track, stretches.c.first, stretches.c.last).distinct()
    shape = shapes.cte("shapes")
    counted = (
        select(shape, _month(SchoolDay.day).label("month"), func.count().label("days"))
        .join(
            SchoolDay,
            and_(
                SchoolDay.school_id == shape.c.school_id,
                SchoolDay.track == shape.c.track,
                SchoolDay.is_school_day,
                SchoolDay.day.between(shape.c.first, shape.c.last),
            ),
        )
        .group_by(*shape.c, _month(SchoolDay.day))
        .cte("counted")
    )
    same = [counted.c[name] == stretches.c[name] for name in ("school_id", "track", "first", "last")]
    return (
        select(
            stretches.c.student_id,
            stretches.c.school_id,
            counted.c.month,
            func.sum(counted.c.days).label("expected"),
        )
        .join(counted, and_(*same))
        .group_by(stretches.c.student_id, stretches.c.school_id, counted.c.month)
        .cte("expected")
    )


def absences_of(stretches: CTE) -> CTE:
    """Days missed a month of each student, by what was said of them."""
    days = days_of(stretches)
    is_away = and_(days.c.missed >= 0.5, ~days.c.is_off)
    why = case((days.c.is_unexcused, "unexcused"), (days.c.is_unknown, "unknown"), else_="excused")
    return (
        select(
            days.c.student_id,
            days.c.school_id,
            _month(days.c.day).label("month"),
            func.count().filter(days.c.is_off).label("off"),
            func.count().filter(is_away).label("absent"),
            *(
                func.count().filter(and_(is_away, why == name)).label(name)
                for name in ("excused", "unexcused", "unknown")
            ),
        )
        .group_by(days.c.student_id, days.c.school_id, _month(days.c.day))
        .cte("absences")
    )


def days_of(stretches: CTE) -> CTE:
    """What each marked school day comes to: how much of it was missed, and whether anybody was expected."""
    mark, of_school, of_district = AttendanceMark, aliased(AttendanceCode), aliased(AttendanceCode)
    kind = func.coalesce(of_school.kind, of_district.kind)
    said = case((of_school.kind.is_not(None), of_school.excuse), else_=of_district.excuse)
    # The same as AttendanceCode.excuse_of.
    excuse = case((and_(said == UNKNOWN, mark.unexcused_since.is_not(None)), UNEXCUSED), else_=said)
    is_away = kind.in_(MISSED)
    whole = func.max(case((and_(is_away, mark.slot == DAY), _share_of_day())))
    halves = func.count().filter(and_(is_away, mark.slot.in_(("AM", "PM")))) * 0.5
    lessons = func.coalesce(
        func.count().filter(and_(is_away, mark.slot.like("P_%"), mark.slot != "PM"))
        / cast(func.nullif(func.max(SchoolDay.periods), 0), Numeric()),
        0,
    )
    has_a_day = func.bool_or(mark.slot == DAY)

    def says(meaning: Any) -> Any:
        on = or_(meaning.valid_from.is_(None), meaning.valid_from <= mark.day) & or_(
            meaning.valid_to.is_(None), meaning.valid_to >= mark.day
        )
        return and_(meaning.code == mark.code, meaning.signed_off_at.is_not(None), on)

    return (
        select(
            mark.student_id,
            stretches.c.school_id,
            mark.day,
            func.coalesce(case((has_a_day, func.coalesce(whole, 0)), else_=halves + lessons), 0).label(
                "missed"
            ),
            func.coalesce(func.bool_or(kind == "not_expected"), False).label("is_off"),
            func.coalesce(func.bool_or(kind == "suspended_out"), False).label("is_suspended_out"),
            func.coalesce(func.bool_or(kind == "suspended_in"), False).label("is_suspended_in"),
            func.coalesce(func.bool_or(and_(is_away, excuse == UNEXCUSED)), False).label("is_unexcused"),
            func.coalesce(func.bool_or(and_(is_away, excuse == UNKNOWN)), False).label("is_unknown"),
        )
        .join(
            stretches,
            and_(
                stretches.c.student_id == mark.student_id,
                mark.day.between(stretches.c.first, stretches.c.last),
            ),
        )
        .join(
            SchoolDay,
            and_(
                SchoolDay.school_id == stretches.c.school_id,
                SchoolDay.track == stretches.c.track,
                SchoolDay.day == mark.day,
                SchoolDay.is_school_day,
            ),
        )
        .outerjoin(of_school, and_(says(of_school), of_school.school_id == mark.school_id))
        .outerjoin(of_district, and_(says(of_district), of_district.school_id.is_(None)))
        .group_by(mark.student_id, stretches.c.school_id, mark.day)
        .cte("days")
    )


def _share_of_day() -> Any:
    """Of a mark for the day: by its minutes, where both are known; else the whole."""
    planned = cast(func.nullif(SchoolDay.minutes, 0), Numeric())
    return func.coalesce(func.least(AttendanceMark.minutes / planned, 1), 1)


def _month(day: Any) -> Any:
    return cast(func.date_trunc(literal_column("'month'"), day), Date)
