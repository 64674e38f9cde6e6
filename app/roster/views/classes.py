"""Classes: found by school, and seen with who teaches them and who is in them. Nobody changes one by hand."""

from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core import audit, clock
from app.core.db import db, uuid_or_none
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.models.enrollment import MOST_SHOWN, STUDENT, TEACHER, Enrollment
from app.roster.models.school import School
from app.roster.models.school_class import SchoolClass
from app.roster.models.student import Student
from app.roster.permissions import RULES, May, schools_read_by
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.get("/classes")
@allow(May.FIND_CLASSES, RULES)
def index() -> ResponseReturnValue:
    """Classes by title, those that were searched for, of the schools that the reader works with or that they teach."""
    typed = request.args.get("q", "").strip()[:200]
    seen, day = schools_read_by(me()), today()
    schools = [one for one in db.session.scalars(School.by_name()) if seen is None or one.id in seen]
    chosen = next((one.id for one in schools if str(one.id) == request.args.get("school")), None)
    found, after = SchoolClass.found(
        typed,
        day=day,
        schools=seen if chosen is None else {chosen},
        taught=Enrollment.taught_by(_myself(), day) if chosen is None else None,
        after=uuid_or_none(request.args.get("after")),
    )
    ids = [one.id for one in found]
    return page(
        "roster/classes.html",
        block="results",
        found=found,
        after=after,
        typed=typed,
        chosen=chosen,
        schools={one.id: one.name for one in schools},
        teachers=Enrollment.teachers_of(ids, day),
        counts=Enrollment.students_in(ids, day),
    )


@doors.get("/classes/<uuid:id>")
@allow(May.SEE_CLASS, RULES, of=SchoolClass)
def show(school_class: SchoolClass) -> ResponseReturnValue:
    """One class, with who teaches it and who is in it today. Leaves an access record."""
    audit.viewed(school_class)
    day = clock.school_day(school_class.school)
    listed = Enrollment.in_the_class(school_class.id, day)
    students = [one for one in listed if one.role == STUDENT]
    about = select(Student).where(Student.id.in_([one.person_id for one in students]))
    known = {one.id: one for one in db.session.scalars(about)}
    return page(
        "roster/class.html",
        school_class=school_class,
        is_over=school_class.is_over(day),
        teachers=[one for one in listed if one.role == TEACHER],
        students=[known[one.person_id] for one in students if one.person_id in known],
        open_to_me={id for id, one in known.items() if permits(RULES, May.SEE_STUDENT, me(), one)},
        most_shown=MOST_SHOWN,
        is_cut=len(listed) >= MOST_SHOWN,
    )


def _myself() -> UUID:
    """Nobody, for a guest."""
    return me().person_id or UUID(int=0)
