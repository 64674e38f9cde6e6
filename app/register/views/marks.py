"""A student's attendance, on a page of its own."""

from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db
from app.core.room import Doors
from app.register.models import attendance_mark
from app.register.models.attendance_code import EXCUSES, FLAGS, KINDS, AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.counting import meanings_of
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.register.permissions import RULES, May
from app.roster.models.school import School
from app.roster.models.student import Student
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/attendance/students/<uuid:id>")
@allow(May.SEE_MARKS, RULES, of=Student)
def student(student: Student) -> ResponseReturnValue:
    """All marks of a student, what each means, and what counts for nothing. Leaves an access record."""
    audit.viewed(student)
    marks = AttendanceMark.of_student(student.id)
    school = School.find(student.school_id) if student.school_id else None
    return page(
        "register/marks.html",
        student=student,
        marks=meanings_of(marks, AttendanceCode.counting()),
        is_cut=len(marks) == attendance_mark.MOST_SHOWN,
        enrollments=SchoolEnrollment.of_student(student.id),
        schools={one.id: one.name for one in db.session.scalars(School.by_name())},
        register=SchoolRegister.of_school(school.id) if school else None,
        school=school,
        kinds=KINDS,
        excuses=EXCUSES,
        flags=FLAGS,
    )
