"""Staff by name, a page at a time. The place is a person's id, so that nothing is skipped when others come or go."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from app.core import search
from app.core.db import db
from app.roster.models.person import Person

AT_MOST: Final = 50

_BY_NAME: Final[Any] = tuple_(Person.family_name, Person.given_name, Person.id)
_BACKWARDS: Final = (Person.family_name.desc(), Person.given_name.desc(), Person.id.desc())


@dataclass(frozen=True)
class StaffPage:
    """Some people, and the places from which the neighbouring pages go on."""

    people: list[Person]
    #: The page before ends before this person; none on the first page.
    before: UUID | None
    #: The page after begins after this person; none on the last page.
    after: UUID | None


def staff_page(
    *, typed: str = "", school_id: UUID | None = None, before: UUID | None = None, after: UUID | None = None
) -> StaffPage:
    """The people who match, from a place on, in either direction."""
    chosen = _chosen(typed, school_id)
    if before is not None and (place := _place(before)) is not None:
        rows = _rows(chosen.where(place > _BY_NAME).order_by(*_BACKWARDS))
        people = rows[:AT_MOST][::-1]
        return StaffPage(people, _first(people) if len(rows) > AT_MOST else None, _last(people))
    place = _place(after) if after is not None else None
    if place is not None:
        chosen = chosen.where(place < _BY_NAME)
    rows = _rows(chosen.order_by(Person.family_name, Person.given_name, Person.id))
    people = rows[:AT_MOST]
    return StaffPage(
        people, _first(people) if place is not None else None, _last(people) if len(rows) > AT_MOST else None
    )


def _chosen(typed: str, school_id: UUID | None) -> Select[Person]:
    chosen = select(Person).where(Person.kind == "staff")
    if typed.strip():
        chosen = chosen.where(Person.id.in_(search.people_matching(typed)))
    if school_id:
        chosen = chosen.where(Person.school_id == school_id)
    return chosen


def _rows(chosen: Select[Person]) -> list[Person]:
    return list(db.session.scalars(chosen.limit(AT_MOST + 1)))


def _place(id: UUID) -> Any:
    person = Person.find(id)
    return tuple_(person.family_name, person.given_name, person.id) if person else None


def _first(people: list[Person]) -> UUID | None:
    return people[0].id if people else None


def _last(people: list[Person]) -> UUID | None:
    return people[-1].id if people else None
