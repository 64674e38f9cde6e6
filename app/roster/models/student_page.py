"""Students as they are found: by name, by number, at the schools that the reader works with."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import tuple_

from app.core import search
from app.core.db import db
from app.roster.models.person import Person
from app.roster.models.student import Student

AT_MOST: Final = 50


def students_found(
    typed: str, *, schools: Collection[UUID] | None, after: UUID | None = None
) -> tuple[list[Student], UUID | None]:
    """The students who match by name, AT_MOST of them, and the one after whom the next page begins.

    `schools`: those that the reader may see; None means all. Nothing typed is everybody.
    """
    chosen = Student.by_name()
    if schools is not None:
        chosen = chosen.where(Person.school_id.in_(schools))
    if typed.strip():
        chosen = chosen.where(Student.id.in_(search.students_matching(typed, schools=schools)))
    place = Student.find(after) if after else None
    if place is not None:
        here = tuple_(place.person.family_name, place.person.given_name, place.id)
        chosen = chosen.where(here < tuple_(Person.family_name, Person.given_name, Person.id))
    rows = list(db.session.scalars(chosen.limit(AT_MOST + 1)))
    shown = rows[:AT_MOST]
    return shown, shown[-1].id if len(rows) > AT_MOST else None
