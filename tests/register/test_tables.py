"""The tables of the register keep what they promise, whoever writes into them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db, refused_by
from app.core.tenancy import as_district
from app.register.models.attendance_code import EXCUSES, FLAGS, KINDS, AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.truancy.law.traits import Trait, named
from tests.register import registers
from tests.register.registers import FIRST
from tests.roster import families


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


@pytest.fixture
def north(maple):
    return maple.schools["North"]


@pytest.fixture
def mia(north):
    return families.student("Mia", "Reyes", number="1001", school=north).id


def refuses(row):
    held = db.session.begin_nested()
    db.session.add(row)
    with pytest.raises(IntegrityError) as refused:
        db.session.flush()
    held.rollback()
    return refused_by(refused.value)


def test_a_student_has_one_mark_for_a_day_and_slot(north, mia):
    registers.mark(mia, north, FIRST, "U")
    registers.mark(mia, north, FIRST, "T", slot="P1")
    db.session.expunge_all()

    twice = AttendanceMark(student_id=mia, school_id=north, day=FIRST, code="E")

    assert refuses(twice) == "pk_attendance_marks"


@pytest.mark.parametrize(
    ("column", "value", "kept_by"),
    [
        ("slot", "Period 1", "ck_attendance_marks_slot"),
        ("slot", "P0", "ck_attendance_marks_slot"),
        ("minutes", 1441, "ck_attendance_marks_minutes"),
        ("minutes", -1, "ck_attendance_marks_minutes"),
        ("code", "", "ck_attendance_marks_coded"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(north, mia, column, value, kept_by):
    mark = AttendanceMark(student_id=mia, school_id=north, day=FIRST, code="U")
    setattr(mark, column, value)

    assert refuses(mark) == kept_by


def test_a_mark_of_another_districts_student_is_refused(app, world, north):
    with as_district(world.birch.id):
        theirs = families.student("Mia", "Reyes", number="1001", school=world.birch.schools["North"]).id
        db.session.commit()

    mark = AttendanceMark(student_id=theirs, school_id=north, day=FIRST, code="U")

    assert refuses(mark) == "fk_attendance_marks_district_id_student_id"


def test_marks_of_birch_are_not_seen_at_maple(app, world, north, mia):
    registers.mark(mia, north, FIRST)
    db.session.commit()

    with as_district(world.birch.id):
        seen = db.session.scalar(select(func.count()).select_from(AttendanceMark))

    assert seen == 0


def test_a_code_has_one_meaning_that_is_signed_off_from_a_day_and_one_that_is_proposed(north):
    registers.code("U", "absent", "unexcused")
    registers.code("U", "absent", "unknown", signed=False)

    again = AttendanceCode(
        code="U", kind="absent", excuse="excused", signed_off_by="Ada Adams", signed_off_at=clock.now()
    )
    assert refuses(again) == "uq_attendance_codes_signed_off"
    assert refuses(AttendanceCode(code="U", kind="tardy")) == "uq_attendance_codes_proposed"
    registers.code("U", "tardy", "unexcused", school_id=north)
    registers.code("U", "tardy", "unexcused", valid_from=date(2027, 1, 1))


def test_nobody_signs_off_what_nobody_has_said(north):
    nothing = AttendanceCode(code="X", kind="", signed_off_by="Ada Adams", signed_off_at=clock.now())

    assert refuses(nothing) == "ck_attendance_codes_signed_off_by_somebody"


def test_the_words_of_codes_are_words_that_rules_know():
    words = {*KINDS, *EXCUSES, *FLAGS} - {""}

    assert named(words)
    assert words == {one.name.lower() for one in Trait}


def test_a_stretch_begins_once_and_a_day_stands_once_in_a_calendar(north, mia):
    registers.enrolled(mia, north)
    registers.calendar(north, weeks=1)
    registers.calendar(north, weeks=1, track="B")

    stretch = SchoolEnrollment(student_id=mia, school_id=north, entry=FIRST)
    assert refuses(stretch) == "uq_school_enrollments_district_id_student_id_school_id_entry"
    day = SchoolDay(school_id=north, day=FIRST, is_school_day=False)
    assert refuses(day) == "uq_school_days_district_id_school_id_track_day"


def test_a_students_marks_come_newest_first(north, mia):
    for day in range(3):
        registers.mark(mia, north, FIRST + timedelta(days=day))

    assert [one.day.day for one in AttendanceMark.of_student(mia)] == [9, 8, 7]
