"""Files for the state: whole, from the register alone, for those who work the cases, and it is known who took one."""

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import state_files
from app.truancy.actions.state_files import CALIFORNIA, FEDERAL
from tests.register.registers import calendar, code, enrolled, mark
from tests.truancy.test_figures import FIRST, at_north, pupil

PAGE = "/maple/attendance/reports/state"


@pytest.fixture
def north(app, world):
    with at_north(app, world) as school:
        code("O", "suspended_out")
        code("I", "suspended_in")
        yield school


def told(shape, *schools) -> list[dict[str, str]]:
    year = SchoolYear.current()
    assert year is not None
    return [dict(zip(shape.columns, row, strict=True)) for row in state_files.rows(shape, year, set(schools))]


def days(*at: int) -> list[date]:
    return [FIRST + timedelta(days=one) for one in at]


def test_each_day_of_a_student_stands_under_why_it_was_missed(north):
    anna = pupil(north, 1)
    db.session.get_one(Student, anna).born = date(2016, 5, 4)
    enrolled(anna, north)
    for day, letters in zip(days(0, 1, 2, 3, 4), "UENOI", strict=True):
        mark(anna, north, day, letters)
    mark(anna, north, FIRST + timedelta(days=7), "X")
    mark(anna, north, FIRST + timedelta(days=8), "U", slot="AM")
    mark(anna, north, FIRST + timedelta(days=9), "T")

    (one,) = told(CALIFORNIA, north)

    assert (one["record_type_code"], one["local_student_id"], one["birth_date"]) == ("STAS", "1", "20160504")
    # Six weeks are in, less a day on which nobody was expected; half a day is none.
    assert one["expected_attendance_days"] == "29"
    assert one["days_attended"] == "25"
    assert one["days_absent_out_of_school_suspension"] == "1"
    assert one["days_in_attendance_in_school_suspension"] == "1"
    assert one["days_absent_excused_non_suspension"] == "1"
    assert one["days_absent_unexcused_non_suspension"] == "2"
    assert [one[name] for name in CALIFORNIA.left_empty] == [""] * len(CALIFORNIA.left_empty)


def test_a_reason_that_was_not_given_in_time_counts_as_unexcused_as_one_that_nobody_knows_did(north):
    anna = pupil(north, 1)
    enrolled(anna, north)
    mark(anna, north, FIRST, "N", unexcused_since=FIRST + timedelta(days=7))
    mark(anna, north, FIRST + timedelta(days=1), "E", unexcused_since=FIRST + timedelta(days=7))

    (one,) = told(CALIFORNIA, north)

    assert (one["days_absent_excused_non_suspension"], one["days_absent_unexcused_non_suspension"]) == (
        "1",
        "1",
    )


def test_missed_and_attended_come_to_what_was_expected(north):
    for number, letters in enumerate(["U", "E", "O", "N", "I", "X", "T"]):
        who = pupil(north, number)
        enrolled(who, north)
        for day in days(*range(5), *range(7, 7 + number)):
            mark(who, north, day, letters)

    for one in told(CALIFORNIA, north):
        missed = [int(one[name]) for name in CALIFORNIA.columns if name.startswith("days_absent")]
        assert int(one["days_attended"]) + sum(missed) == int(one["expected_attendance_days"])


def test_a_school_counts_who_missed_a_tenth_of_their_days_there(north, world):
    cedar = world.maple.schools["Cedar"]
    calendar(cedar, weeks=8)
    anna, ben, new = pupil(north, 1), pupil(north, 2), pupil(north, 3)
    for who in (anna, ben):
        enrolled(who, north)
    enrolled(new, north, entry=FIRST + timedelta(days=28))
    for day in days(0, 1, 2):
        mark(anna, north, day, "U")
    for day in days(0, 1):
        mark(ben, north, day, "U")
    for day in days(28, 29, 30):
        mark(new, north, day, "U")

    # Three of thirty days are a tenth, two are not; three of ten are.
    assert told(FEDERAL, north) == [{"school": "North School", "students": "3", "chronically_absent": "2"}]
    assert told(FEDERAL, cedar) == []


def test_who_was_enrolled_on_fewer_than_ten_days_is_not_counted(north):
    enrolled(pupil(north, 1), north, entry=FIRST + timedelta(days=30))

    assert told(FEDERAL, north) == [{"school": "North School", "students": "0", "chronically_absent": "0"}]


def test_it_is_written_down_who_took_a_file(north, client, world):
    enrolled(pupil(north, 1), north)
    db.session.commit()
    clark = client.sign_in(world.clark)

    assert "Student Absence Summary" in clark.get(PAGE).text
    (row,) = csv.DictReader(io.StringIO(clark.get(f"{PAGE}/absence-summary.csv").data.decode()))

    assert row["local_student_id"] == "1"
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.what == "state_files")).all()
    assert [(one.did, one.by_id) for one in entries] == [("took out", world.clark.account().id)]


def test_a_name_is_no_formula(north, client, world):
    enrolled(pupil(north, "=1+1"), north)
    db.session.commit()

    told = client.sign_in(world.clark).get(f"{PAGE}/absence-summary.csv").data.decode()

    assert ",'=1+1," in told


def test_an_admin_takes_none_and_is_shown_no_way_there(north, client, world):
    admin = client.sign_in(world.adams)

    admin.get(PAGE, status=404)
    assert "For the state" not in admin.get("/maple/attendance/reports").text


def test_the_stranger_takes_none_of_it(north, app, world):
    enrolled(pupil(north, 1), north)
    db.session.commit()

    with app.app_context(), as_district(world.birch.id):
        year = SchoolYear(name="2026-27", first_day=FIRST, last_day=date(2027, 6, 11))
        for shape in (FEDERAL, CALIFORNIA):
            assert list(state_files.rows(shape, year, {north})) == []
