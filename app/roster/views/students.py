"""Students: found, seen with those who belong to them, kept by the office of their school."""

from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db, uuid_or_none
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions import students
from app.roster.actions.refused import Refused
from app.roster.actions.students import Enrollment
from app.roster.forms import StudentForm
from app.roster.models import enrollment
from app.roster.models.envelopes import envelopes
from app.roster.models.family import family_of
from app.roster.models.language import LANGUAGES
from app.roster.models.provenance import Provenance, named_by
from app.roster.models.school import School
from app.roster.models.student import Student
from app.roster.models.student_page import students_found
from app.roster.permissions import (
    RULES,
    May,
    answers_for_their_school,
    schools_kept_by,
    schools_read_by,
    works_with_their_families,
)
from app.web.fields import options
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/students")
@allow(May.FIND_STUDENTS, RULES)
def index() -> ResponseReturnValue:
    """Students by name, those that were searched for, of the schools that the reader works with."""
    typed = request.args.get("q", "").strip()
    chosen = uuid_or_none(request.args.get("school"))
    seen = schools_read_by(me())
    schools = [one for one in _all_schools() if seen is None or one.id in seen]
    asked = seen if chosen is None or chosen not in {one.id for one in schools} else {chosen}
    found, after = students_found(typed, schools=asked, after=uuid_or_none(request.args.get("after")))
    return page(
        "roster/students.html",
        block="results",
        found=found,
        after=after,
        typed=typed,
        chosen=chosen,
        schools={one.id: one.name for one in schools},
        may_add=permits(RULES, May.ADD_STUDENT, me()),
    )


@doors.get("/students/new")
@allow(May.ADD_STUDENT, RULES)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _new(_at_my_schools(StudentForm.filled()))


@doors.post("/students")
@allow(May.ADD_STUDENT, RULES, paper=StudentForm)
def create() -> ResponseReturnValue:
    """A new student."""
    form = _at_my_schools(StudentForm.filled())
    if not form.validate():
        return _new(form, 422)
    try:
        student = students.add(_enrollment(form), once=form.key)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _new(form, 422)
    return done(f"{student.name} is added.", url_for("roster.students_show", id=student.id))


@doors.get("/students/<uuid:id>")
@allow(May.SEE_STUDENT, RULES, of=Student)
def show(student: Student) -> ResponseReturnValue:
    """One student with guardians, how they are reached, and who may be written to. Leaves an access record."""
    return _shown(student)


@doors.post("/students/<uuid:id>")
@allow(May.KEEP_STUDENT, RULES, of=Student, paper=StudentForm)
def change(student: Student) -> ResponseReturnValue:
    """Another name, number, school, grade or language."""
    form = _at_my_schools(StudentForm.filled(), student)
    if not form.validate():
        return _shown(student, form, 422)
    try:
        students.change(student, _enrollment(form))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(student, form, 422)
    if not permits(RULES, May.SEE_STUDENT, me(), student):
        return done(f"{student.name} now goes to another school.", url_for("roster.students_index"))
    return done(f"{student.name} is changed.", url_for("roster.students_show", id=student.id))


@doors.post("/students/<uuid:id>/leave")
@allow(May.KEEP_STUDENT, RULES, of=Student)
def leave(student: Student) -> ResponseReturnValue:
    """They no longer go to school here."""
    students.leave(student)
    sentence = f"{student.name} no longer goes to school here. Nobody is written to about them."
    return done(sentence, url_for("roster.students_show", id=student.id))


@doors.post("/students/<uuid:id>/come-back")
@allow(May.KEEP_STUDENT, RULES, of=Student)
def come_back(student: Student) -> ResponseReturnValue:
    """They go to school here again."""
    students.come_back(student)
    return done(f"{student.name} goes to school here again.", url_for("roster.students_show", id=student.id))


def _new(form: StudentForm, status: int = 200) -> Response:
    return page("roster/student_new.html", block="form", status=status, form=form)


def _shown(student: Student, form: StudentForm | None = None, status: int = 200) -> Response:
    audit.viewed(student)
    may_keep = permits(RULES, May.KEEP_STUDENT, me(), student)
    family = family_of(student)
    day = today()
    classes = [one.in_class for one in enrollment.Enrollment.of_person(student.id, day)]
    return page(
        "roster/student.html",
        status=status,
        student=student,
        school=School.find(student.school_id) if student.school_id else None,
        family=family,
        provenance=Provenance.of_student(student),
        relationships={one.held.id: named_by(one.held.source_id, one.held.made_at) for one in family},
        envelopes=envelopes([student]),
        languages=LANGUAGES,
        classes=classes,
        teachers=enrollment.Enrollment.teachers_of([one.id for one in classes], day),
        open_to_me={one.id for one in classes if permits(RULES, May.SEE_CLASS, me(), one)},
        may_keep=may_keep,
        may_see_history=answers_for_their_school(me(), student),
        may_see_family_page=works_with_their_families(me(), student),
        form=(form or _at_my_schools(_about(student), student)) if may_keep else None,
    )


def _about(student: Student) -> StudentForm:
    return StudentForm.filled(
        data={
            "given_name": student.person.given_name,
            "family_name": student.person.family_name,
            "number": student.number,
            "school_id": str(student.school_id),
            "grade": student.grade,
            "born": student.born,
            "language": student.language,
        }
    )


def _enrollment(form: StudentForm) -> Enrollment:
    return Enrollment(
        given_name=form.given_name.data or "",
        family_name=form.family_name.data or "",
        number=form.number.data or "",
        school_id=UUID(form.school_id.data),
        grade=form.grade.data,
        born=form.born.data,
        language=form.language.data,
    )


def _at_my_schools(form: StudentForm, student: Student | None = None) -> StudentForm:
    """A student goes to a school that the reader keeps; one who is there already may be given to any."""
    kept = None if student is not None else schools_kept_by(me())
    form.school_id.choices = options(
        (str(one.id), one.name)
        for one in _all_schools()
        if (one.active or (student is not None and one.id == student.school_id))
        and (kept is None or one.id in kept)
    )
    return form


def _all_schools() -> list[School]:
    return list(db.session.scalars(School.by_name()))
