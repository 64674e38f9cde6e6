"""Files in the shape that a state asks for: from the register alone, whole and not suppressed, for the state's eyes.

What FrontOffice does not keep (statewide ids, gender, what programs a student is in) is an empty cell, to be filled
from the student information system before the file is handed in.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from app.core.db import db
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions.figuring import days_expected, days_of, stretches_of
from app.truancy.models.attendance_figure import CHRONIC, LEAST_EXPECTED


@dataclass(frozen=True)
class Shape:
    """A kind of file. `left_empty`: the columns that are filled elsewhere."""

    key: str
    title: str
    about: str
    source: str
    columns: tuple[str, ...]
    left_empty: tuple[str, ...]


FEDERAL: Final = Shape(
    key="chronic-absenteeism",
    title="Chronic absenteeism by school (federal)",
    about=(
        "One line a school: students enrolled there on 10 days or more, and those of them who missed 10 percent or "
        "more of their days there. A student of two schools counts in each. A day is missed if half of it or more was."
    ),
    source="EDFacts file specification 195, data group 814, education unit totals",
    columns=("school", "students", "chronically_absent"),
    left_empty=(),
)
CALIFORNIA: Final = Shape(
    key="absence-summary",
    title="Student Absence Summary (California)",
    about=(
        "One line a student and school: days expected and attended, and days missed in whole by why. Days in school "
        "while suspended are attended. A day whose reason nobody knows yet counts as unexcused."
    ),
    source="CALPADS file specifications, STAS",
    columns=(
        "record_type_code",
        "reporting_lea",
        "school_of_attendance",
        "academic_year_id",
        "ssid",
        "local_student_id",
        "legal_first_name",
        "legal_last_name",
        "birth_date",
        "gender_code",
        "expected_attendance_days",
        "days_attended",
        "days_absent_out_of_school_suspension",
        "days_in_attendance_in_school_suspension",
        "days_absent_excused_non_suspension",
        "days_absent_unexcused_non_suspension",
        "incomplete_independent_study_days",
    ),
    left_empty=("reporting_lea", "ssid", "gender_code", "incomplete_independent_study_days"),
)
SHAPES: Final = {shape.key: shape for shape in (FEDERAL, CALIFORNIA)}


def rows(shape: Shape, year: SchoolYear, schools: Collection[UUID]) -> Iterator[list[str]]:
    """The lines of a file, of these schools, in the order of its columns."""
    yield from (_federal if shape is FEDERAL else _california)(year, schools)


def _federal(year: SchoolYear, schools: Collection[UUID]) -> Iterator[list[str]]:
    totals = _totals(year, schools, share=0.5).subquery()
    judged = totals.c.expected >= LEAST_EXPECTED
    chronic = and_(judged, totals.c.absent * 100 >= totals.c.expected * CHRONIC)
    asked = (
        select(School.name, func.count().filter(judged), func.count().filter(chronic))
        .join(totals, totals.c.school_id == School.id)
        .group_by(School.id, School.name)
        .order_by(School.name, School.id)
    )
    for name, students, missing in db.session.execute(asked):
        yield [name, str(students), str(missing)]


def _california(year: SchoolYear, schools: Collection[UUID]) -> Iterator[list[str]]:
    totals = _totals(year, schools, share=1).subquery()
    asked = (
        select(totals, Student.number, Student.born, Person.given_name, Person.family_name, School.name)
        .join(Student, Student.id == totals.c.student_id)
        .join(Person, Person.id == totals.c.student_id)
        .join(School, School.id == totals.c.school_id)
        .where(totals.c.expected > 0)
        .order_by(School.name, Student.number, Student.id)
    )
    academic_year = f"{year.first_day.year}-{year.last_day.year}"
    for one in db.session.execute(asked):
        yield [
            "STAS",
            "",
            one.name,
            academic_year,
            "",
            one.number,
            one.given_name,
            one.family_name,
            f"{one.born:%Y%m%d}" if one.born else "",
            "",
            str(one.expected),
            str(one.expected - one.absent),
            str(one.suspended_out),
            str(one.suspended_in),
            str(one.excused),
            str(one.absent - one.suspended_out - one.excused),
            "",
        ]


def _totals(year: SchoolYear, schools: Collection[UUID], *, share: float) -> Select[Any]:
    """Of each student at each school: days expected, and those missed by that share of the day or more."""
    stretches = stretches_of(year)
    planned, days = days_expected(stretches), days_of(stretches)
    is_away = and_(days.c.missed >= share, ~days.c.is_off)
    is_excused = ~days.c.is_suspended_out & ~days.c.is_unexcused & ~days.c.is_unknown
    marked = (
        select(
            days.c.student_id,
            days.c.school_id,
            func.count().filter(days.c.is_off).label("off"),
            func.count().filter(is_away).label("absent"),
            func.count().filter(is_away & days.c.is_suspended_out).label("suspended_out"),
            func.count().filter(days.c.is_suspended_in & ~is_away).label("suspended_in"),
            func.count().filter(is_away & is_excused).label("excused"),
        )
        .group_by(days.c.student_id, days.c.school_id)
        .cte("marked")
    )
    expected = (
        select(planned.c.student_id, planned.c.school_id, func.sum(planned.c.expected).label("days"))
        .where(planned.c.school_id.in_(list(schools)))
        .group_by(planned.c.student_id, planned.c.school_id)
        .cte("planned")
    )
    same = and_(marked.c.student_id == expected.c.student_id, marked.c.school_id == expected.c.school_id)

    def counted(name: str) -> Any:
        return func.coalesce(marked.c[name], 0).label(name)

    return select(
        expected.c.student_id,
        expected.c.school_id,
        (expected.c.days - func.coalesce(marked.c.off, 0)).label("expected"),
        *(counted(name) for name in ("absent", "suspended_out", "suspended_in", "excused")),
    ).outerjoin(marked, same)
