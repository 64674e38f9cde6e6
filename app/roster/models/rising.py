"""What a school year does to each student: one question, asked for the preview and again for each batch.

Whoever is in the highest grade of a school goes on to another school or leaves; all others rise by one grade. Whose
grade is not one that others follow, who has no school with a rule, and who is in the new grade already, stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Text,
    Uuid,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.core.db import db
from app.core.following import Moving
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_move import SchoolYearMove
from app.roster.models.school_year_school import GO_ON, LADDER, LEAVE, SchoolYearSchool
from app.roster.models.source_person import SourcePerson
from app.roster.models.student import GRADES, Student

RISES, CHANGES, LEAVES = "rises", "changes", "leaves"
TOLD, UNKNOWN, NO_RULE = "told", "unknown", "no rule"
#: By what becomes of a student, in the order of the preview.
OUTCOMES: Final = {
    RISES: "One grade up, at the same school",
    CHANGES: "One grade up, at another school",
    LEAVES: "Leave the district",
    TOLD: "Stay: came, or were told of, for this year",
    UNKNOWN: "Stay: ungraded, or the grade is not known",
    NO_RULE: "Stay: no school, or a school without a rule",
}
#: Of a year that is open: the source still says the grade that they had before.
OLD_WORD: Final = "old word"
MOVED: Final = (RISES, CHANGES, LEAVES)
PAGE: Final = 50


@dataclass(frozen=True)
class Group:
    """So many students of one school and grade, and what becomes of them."""

    school_id: UUID | None
    grade: str
    outcome: str
    to_school_id: UUID | None
    to_grade: str
    count: int

    @property
    def grade_name(self) -> str:
        """The grade as it is said."""
        return GRADES[self.grade]

    @property
    def to_grade_name(self) -> str:
        """The grade afterwards as it is said."""
        return GRADES[self.to_grade]


def ladder(*, has_transitional: bool) -> dict[str, str]:
    """Which grade comes after which. "Transitional kindergarten" is a step only where somebody is in it."""
    steps = dict(pairwise(LADDER))
    return steps if has_transitional else steps | {"PK": "KG"}


def decided(year: SchoolYear) -> Subquery:
    """A row for each active student: what becomes of them. id, school_id, grade, outcome, to_school_id, to_grade."""
    rule = SchoolYearSchool
    next_grade = func.jsonb_extract_path_text(cast(year.ladder, JSONB), Student.grade)
    at_the_top = _rank(Student.grade) >= _rank(rule.highest)
    outcome = case(
        (_rank(Student.grade).is_(None), UNKNOWN),
        (rule.id.is_(None), NO_RULE),
        (_is_told(year), TOLD),
        (and_(at_the_top, rule.leavers == LEAVE), LEAVES),
        (and_(at_the_top, rule.leavers == GO_ON), CHANGES),
        (at_the_top, NO_RULE),
        else_=RISES,
    )
    here: list[ColumnElement[bool]] = [Person.active.is_(True)]
    if year.began_at is not None:
        here.append(Person.made_at < year.began_at)  # who comes while it is applied has the new grade already
    students = (
        select(Student.id, Person.school_id, Student.grade, outcome.label("outcome"), rule.goes_to_id)
        .add_columns(next_grade.label("next_grade"), Person.family_name, Person.given_name)
        .join(Person, Person.id == Student.id)
        .outerjoin(rule, and_(rule.year_id == year.id, rule.school_id == Person.school_id))
        .where(*here)
        .subquery()
    )
    up = students.c.outcome.in_((RISES, CHANGES))
    return select(
        students,
        case((up, func.coalesce(students.c.next_grade, students.c.grade)), else_=students.c.grade).label(
            "to_grade"
        ),
        case((students.c.outcome == CHANGES, students.c.goes_to_id), else_=students.c.school_id).label(
            "to_school_id"
        ),
    ).subquery()


def groups(year: SchoolYear) -> list[Group]:
    """Who goes where, in numbers, by school and grade."""
    each = decided(year).c
    what = (each.school_id, each.grade, each.outcome, each.to_school_id, each.to_grade)
    rows = db.session.execute(select(*what, func.count()).group_by(*what)).all()
    return _in_order([Group(*row) for row in rows])


def count_active() -> int:
    """How many students there are."""
    here = select(func.count(Student.id)).join(Person, Person.id == Student.id).where(Person.active)
    return db.session.scalar(here) or 0


def moving(year: SchoolYear) -> Moving:
    """Questions for those who change school and those who leave."""
    each = decided(year).c
    return Moving(
        changing=select(each.id).where(each.outcome == CHANGES, each.to_school_id != each.school_id),
        leaving=select(each.id).where(each.outcome == LEAVES),
    )


def with_outcome(year: SchoolYear, outcome: str, after: UUID | None) -> Sequence[Any]:
    """A page of those of whom that becomes, by name, and one more if there are more. `after`: where a page ended."""
    each = decided(year).c
    by_name = (each.family_name, each.given_name, each.id)
    asked = select(each.id, each.family_name, each.given_name, each.grade, each.to_grade).add_columns(
        each.school_id, each.to_school_id
    )
    return _page(asked.where(each.outcome == outcome), by_name, after)


def moved_groups(year: SchoolYear) -> list[Group]:
    """Who went where when the year was opened, in numbers."""
    what = (
        SchoolYearMove.from_school_id,
        SchoolYearMove.from_grade,
        _became(),
        SchoolYearMove.to_school_id,
        SchoolYearMove.to_grade,
    )
    asked = select(*what, func.count()).where(SchoolYearMove.year_id == year.id).group_by(*what)
    return _in_order([Group(*row) for row in db.session.execute(asked)])


def moved_with_outcome(year: SchoolYear, outcome: str, after: UUID | None) -> Sequence[Any]:
    """As with_outcome(), once the year is open; OLD_WORD are those of whom the source still says what was before."""
    asked = (
        select(Person.id, Person.family_name, Person.given_name, SchoolYearMove.from_grade.label("grade"))
        .add_columns(
            SchoolYearMove.to_grade,
            SchoolYearMove.from_school_id.label("school_id"),
            SchoolYearMove.to_school_id,
        )
        .join(SchoolYearMove, SchoolYearMove.student_id == Person.id)
        .where(SchoolYearMove.year_id == year.id)
    )
    asked = asked.where(_has_old_word() if outcome == OLD_WORD else _became() == outcome)
    return _page(asked, (Person.family_name, Person.given_name, Person.id), after)


def count_old_words(year: SchoolYear) -> int:
    """Of how many who rose the source still says the grade of the year before."""
    asked = select(func.count(SchoolYearMove.id)).where(SchoolYearMove.year_id == year.id, _has_old_word())
    return db.session.scalar(asked) or 0


def new_in_waiting_import() -> int | None:
    """How many students are new in the imports that wait for an answer; None if none waits that has students."""
    waiting = [run for run in RosterImport.waiting() if run.takes_families and run.state == "ready"]
    if not waiting:
        return None
    return sum(ImportRow.counts(run.id).get(("student", "new"), 0) for run in waiting)


def schools_in_use() -> dict[UUID, set[str]]:
    """The grades of the ladder in which a school has active students."""
    asked = (
        select(Person.school_id, Student.grade)
        .join(Student, Student.id == Person.id)
        .where(Person.active, Person.school_id.is_not(None), Student.grade.in_(LADDER))
        .distinct()
    )
    found: dict[UUID, set[str]] = {}
    for school_id, grade in db.session.execute(asked):
        if school_id is not None:
            found.setdefault(school_id, set()).add(grade)
    return found


def _in_order(found: list[Group]) -> list[Group]:
    grades, outcomes = list(GRADES), list(OUTCOMES)
    return sorted(found, key=lambda one: (grades.index(one.grade), outcomes.index(one.outcome)))


def _page(asked: Select[Any], by_name: tuple[Any, Any, Any], after: UUID | None) -> Sequence[Any]:
    place = Person.find(after) if after is not None else None
    if place is not None:
        here = tuple_(literal(place.family_name), literal(place.given_name), literal(place.id, Uuid()))
        asked = asked.where(tuple_(*by_name) > here)
    return db.session.execute(asked.order_by(*by_name).limit(PAGE + 1)).all()


def _became() -> ColumnElement[str]:
    return case(
        (SchoolYearMove.left_on.is_not(None), LEAVES),
        (SchoolYearMove.from_school_id != SchoolYearMove.to_school_id, CHANGES),
        else_=RISES,
    )


def _has_old_word() -> ColumnElement[bool]:
    return exists(
        select(null()).where(
            SourcePerson.person_id == SchoolYearMove.student_id,
            Student.id == SchoolYearMove.student_id,
            SourcePerson.speaks,
            SourcePerson.left_at.is_(None),
            SourcePerson.grade == SchoolYearMove.from_grade,
            Student.grade == SchoolYearMove.to_grade,
            SchoolYearMove.from_grade != SchoolYearMove.to_grade,
        )
    ).correlate(SchoolYearMove)


def _rank(grade: Any) -> ColumnElement[Any]:
    return func.array_position(cast(list(LADDER), ARRAY(Text())), grade)


def _is_told(year: SchoolYear) -> ColumnElement[bool]:
    """They came, or a source told the grade that they have, since the day from which that is said of the new year."""
    since = year.told_since_moment
    by_a_source = exists(
        select(null()).where(
            SourcePerson.person_id == Student.id,
            SourcePerson.speaks,
            SourcePerson.grade_at >= since,
            SourcePerson.grade == Student.grade,
        )
    )
    return or_(Person.made_at >= since, by_a_source)
