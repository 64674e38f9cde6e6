"""Classes of a demo district, as if its student information system had told of them: its invented students go there."""

from dataclasses import dataclass
from typing import Final

from app.core.db import db
from app.demo.place import Colleague, Place
from app.roster.models.enrollment import STUDENT, TEACHER, Enrollment
from app.roster.models.roster_source import ONEROSTER_REST, RosterSource
from app.roster.models.school_class import HOMEROOM, SCHEDULED, SchoolClass
from app.roster.models.student import Student


@dataclass(frozen=True)
class Taught:
    """A class at the school of that short name, with the numbers of its students.

    `teacher`: which of the school's, from 0.
    """

    title: str
    code: str
    school: str
    teacher: int
    students: tuple[str, ...]
    kind: str = SCHEDULED
    course: str = ""
    periods: tuple[str, ...] = ()


CLASSES: Final = (
    Taught("Grade 1, Room 103", "HR-103", "North", 1, ("20611",), HOMEROOM),
    Taught("Grade 3, Room 105", "HR-105", "North", 2, ("20533",), HOMEROOM),
    Taught("Grade 4, Room 107", "HR-107", "North", 0, ("20417",), HOMEROOM),
    Taught(
        "Music, grades 1 to 4",
        "MUS-1",
        "North",
        3,
        ("20417", "20533", "20611"),
        course="Music",
        periods=("6",),
    ),
    Taught(
        "Reading, grades 3 and 4",
        "RDG-3",
        "North",
        0,
        ("20417", "20533"),
        course="Reading",
        periods=("2", "3"),
    ),
    Taught("Homeroom 7B", "HR-7B", "Cedar", 0, ("19872",), HOMEROOM),
    Taught("Pre-algebra, section 2", "MAT-7-2", "Cedar", 1, ("19872",), course="Pre-algebra", periods=("1",)),
)


def open_up(place: Place) -> None:
    """All of them, with whoever teaches at the school: of those that can sign in the first."""
    # Of a source that is asked: a file that somebody tries out does not end them.
    source = RosterSource.of_kind(ONEROSTER_REST)
    schools = {school.short_name: school for school in place.schools}
    for taught in CLASSES:
        teachers = [one for one in place.staff if one.school is schools[taught.school] and _teaches(one)]
        made = SchoolClass(
            source_id=source.id,
            key=f"class-{taught.code}",
            title=taught.title,
            code=taught.code,
            kind=taught.kind,
            school_id=schools[taught.school].id,
            course=taught.course,
            periods=list(taught.periods),
        )
        db.session.add(made)
        db.session.flush()
        if teachers:
            teacher = teachers[taught.teacher % len(teachers)]
            db.session.add(
                Enrollment(
                    class_id=made.id,
                    person_id=teacher.id,
                    key=f"{made.key}-teacher",
                    role=TEACHER,
                    is_primary=True,
                )
            )
        for number in taught.students:
            if student := Student.numbered(number):
                db.session.add(
                    Enrollment(
                        class_id=made.id, person_id=student.id, key=f"{made.key}-{number}", role=STUDENT
                    )
                )
    db.session.flush()


def _teaches(one: Colleague) -> bool:
    return "teacher" in one.title.lower()
