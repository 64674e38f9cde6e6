"""People come, change and go. Nobody is removed: what they asked and answered keeps their name."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.db import db
from app.roster.actions.refused import Refused
from app.roster.models.person import Person
from app.roster.models.school import School


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What the office knows of somebody on the staff."""

    given_name: str
    family_name: str
    email: str
    school_id: UUID | None
    title: str = ""


def add(of: Particulars, *, once: UUID) -> Person:
    """Somebody new on the staff. The same `once` again answers with the person that it made."""
    made = Person.find(once)
    if made is not None:
        return made
    person = Person(id=once, kind="staff")
    _write(person, of)
    db.session.add(person)
    _flush(of)
    return person


def change(person: Person, of: Particulars) -> None:
    """Another name, address, school or title."""
    _write(person, of)
    _flush(of)


def leave(person: Person) -> None:
    """They no longer work here: their mail opens no tickets."""
    person.active = False
    db.session.flush()


def come_back(person: Person) -> None:
    """They work here again."""
    person.active = True
    db.session.flush()


def _write(person: Person, of: Particulars) -> None:
    email = of.email.strip().lower() or None
    if email:
        # Without this, what was set already would be written before it is known to be possible.
        with db.session.no_autoflush:
            other = Person.with_address(email)
        if other is not None and other.id != person.id:
            raise Refused(_taken(email))
    if of.school_id is not None and of.school_id != person.school_id:
        school = School.find(of.school_id)
        if school is None or not school.active:
            raise Refused("That school is not one of this district's. Choose another.")
    person.given_name = of.given_name.strip()
    person.family_name = of.family_name.strip()
    person.email = email
    person.school_id = of.school_id
    person.title = of.title.strip()


def _flush(of: Particulars) -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        # Somebody else wrote the same address a moment before.
        raise Refused(_taken(of.email)) from error


def _taken(email: str) -> str:
    return f"{email} belongs to somebody else here already. Search for it under People."
