"""Schools and rooms are added, renamed and closed. None is removed: old tickets point at them."""

from uuid import UUID

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.roster.actions.refused import Refused
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School


def add_school(*, name: str, short_name: str, zone: str, once: UUID) -> School:
    """A new school. The same `once` again answers with the school that it made."""
    made = School.find(once)
    if made is not None:
        return made
    school = School(id=once)
    _write(school, name=name, short_name=short_name, zone=zone)
    db.session.add(school)
    db.session.flush()
    return school


def change_school(school: School, *, name: str, short_name: str, zone: str) -> None:
    """Another name or clock."""
    _write(school, name=name, short_name=short_name, zone=zone)
    db.session.flush()


def close_school(school: School) -> None:
    """Nobody can choose it any more. Refused while people work or learn there."""
    here = select(Person.kind, func.count(Person.id)).where(Person.school_id == school.id, Person.active)
    counts = {row[0]: row[1] for row in db.session.execute(here.group_by(Person.kind))}
    if count := counts.get("staff", 0):
        raise Refused(
            f"{count} {'person works' if count == 1 else 'people work'} at {school.name}. "
            "Give them another school first."
        )
    if count := counts.get("student", 0):
        raise Refused(
            f"{count} {'student goes' if count == 1 else 'students go'} to {school.name}. "
            "Give them another school first."
        )
    school.active = False
    db.session.flush()


def open_school(school: School) -> None:
    """People can choose it again."""
    school.active = True
    db.session.flush()


def add_room(school: School, *, name: str, once: UUID) -> Room:
    """A new room. The same `once` again answers with the room that it made."""
    made = Room.find(once)
    if made is not None:
        return made
    name = _one_line(name)
    _refuse_room_twice(school.id, name, None)
    room = Room(id=once, school_id=school.id, name=name)
    db.session.add(room)
    db.session.flush()
    return room


def change_room(room: Room, *, name: str, active: bool) -> None:
    """Another name, or no longer in use."""
    name = _one_line(name)
    _refuse_room_twice(room.school_id, name, room.id)
    room.name, room.active = name, active
    db.session.flush()


def _write(school: School, *, name: str, short_name: str, zone: str) -> None:
    name = _one_line(name)
    other = db.session.scalar(select(School.id).where(func.lower(School.name) == name.lower()))
    if other is not None and other != school.id:
        raise Refused(f"There is a school called {name} already.")
    if zone:
        try:
            clock.zone(zone)
        except clock.UnknownZone as error:
            raise Refused(str(error)) from error
    school.name, school.short_name, school.zone = name, _one_line(short_name) or name, zone or None


def _refuse_room_twice(school_id: UUID, name: str, but: UUID | None) -> None:
    same = select(Room.id).where(Room.school_id == school_id, func.lower(Room.name) == name.lower())
    if db.session.scalar(same) not in (None, but):
        raise Refused(f"This school has a room called {name} already.")


def _one_line(words: str) -> str:
    return " ".join(words.split())
