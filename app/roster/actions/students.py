"""Students come, change and go. Nobody is removed here: what they owe and what was written keeps their name."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.db import db
from app.roster.actions.refused import Refused
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.student import Student


@dataclass(frozen=True, kw_only=True)
class Enrollment:
    """What the office knows of a student, and all it may know."""

    given_name: str
    family_name: str
    number: str
    school_id: UUID
    grade: str = ""
    language: str = "en"
    #: Only if somebody needs it: rules that hold for an age.
    born: date | None = None


def add(of: Enrollment, *, once: UUID) -> Student:
    """A new student. The same `once` again answers with the student that it made. Raises Refused."""
    made = Student.find(once)
    if made is not None:
        return made
    _refuse_number_twice(of.number, None)
    _refuse_closed_school(of.school_id)
    person = Person(id=once, kind="student")
    _name(person, of)
    db.session.add(person)
    db.session.flush()
    student = Student(id=once, number=of.number.strip(), grade=of.grade, born=of.born, language=of.language)
    db.session.add(student)
    _flush(of)
    return student


def change(student: Student, of: Enrollment) -> None:
    """Another name, number, school, grade, date of birth or language. Raises Refused."""
    _refuse_number_twice(of.number, student.id)
    if of.school_id != student.school_id:
        _refuse_closed_school(of.school_id)
    _name(student.person, of)
    student.number, student.grade, student.language = of.number.strip(), of.grade, of.language
    student.born = of.born
    _flush(of)


def leave(student: Student) -> None:
    """They no longer go to school here: from now on nobody is written to about them."""
    student.person.active = False
    db.session.flush()


def come_back(student: Student) -> None:
    """They go to school here again."""
    student.person.active = True
    db.session.flush()


def _name(person: Person, of: Enrollment) -> None:
    person.given_name = " ".join(of.given_name.split())
    person.family_name = " ".join(of.family_name.split())
    person.school_id = of.school_id


def _refuse_closed_school(school_id: UUID) -> None:
    school = School.find(school_id)
    if school is None or not school.active:
        raise Refused("That school is not one of this district's. Choose another.")


def _refuse_number_twice(number: str, but: UUID | None) -> None:
    with db.session.no_autoflush:
        other = Student.numbered(number)
    if other is not None and other.id != but:
        raise Refused(_taken(number))


def _flush(of: Enrollment) -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        # Somebody else wrote the same number a moment before.
        raise Refused(_taken(of.number)) from error


def _taken(number: str) -> str:
    # Not whose it is: that may be a student of a school that this reader does not work with.
    return f"Another student of this district has the number {number.strip()}. Look at the number again."
