"""Imports, codes, calendars and marks through the doors: what an admin, a clerk and the office see and do."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.actor import Role
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from jobs import perform
from tests.register import registers
from tests.register.files import a_file, a_set
from tests.register.registers import FIRST
from tests.roster import families
from tests.world import join, write

LAST = FIRST + timedelta(days=11)
MON, TUE = FIRST, FIRST + timedelta(days=1)


@pytest.fixture
def mia(app, world):
    with app.app_context(), as_district(world.maple.id):
        north = world.maple.schools["North"]
        mia = families.student("Mia", "Reyes", number="1001", school=north).id
        registers.calendar(north)
        registers.code("U", "absent", "unexcused")
        db.session.commit()
        return mia


@pytest.fixture
def admin(client, world, mia):
    return client.sign_in(world.adams)


def upload(admin, told, **fields):
    sent = {"file": (io.BytesIO(told), "attendance.zip"), "alone": "marks", "mode": "window", **fields}
    return admin.post("/maple/attendance/imports", sent, content_type="multipart/form-data")


def work(app, world):
    with app.app_context(), as_district(world.maple.id):
        run_id = db.session.scalar(RegisterImport.newest().limit(1)).id
        perform("jobs.register.advance", run_id)
        return run_id


def test_a_file_is_uploaded_looked_at_and_applied(app, world, admin):
    marks = [
        ("1001", "North", MON, "", "U"),
        ("9999", "North", MON, "", "U"),
        ("1001", "North", TUE, "", "Q"),
    ]
    here = upload(admin, a_set(first=FIRST, last=LAST, marks=marks)).location
    run_id = work(app, world)

    shown = admin.get(here)
    assert "Waits for your answer" in shown.text
    assert "1 × marks.csv: No student here has this number." in shown.text
    listed = admin.get(f"{here}/marks?school={world.maple.schools['North']}&what=new")
    assert "Mia Reyes" in listed.text
    assert "marks.csv, line 3" in admin.get(f"{here}/quarantine").text
    assert b"marks.csv,3," in admin.get(f"{here}/quarantine.csv").data

    admin.submit(shown, "/approval", status=303)
    work(app, world)
    assert "Done" in admin.get(here).text
    overview = admin.get("/maple/attendance").text
    assert "1 code not signed off" in overview
    assert "North School: its calendar Sep 8, 2026" in overview
    with app.app_context(), as_district(world.maple.id):
        assert len(db.session.scalars(select(AttendanceMark)).all()) == 2
        looked = select(AuditEntry.what).where(AuditEntry.did == "viewed", AuditEntry.which == run_id)
        assert set(db.session.scalars(looked)) == {"register_imports"}


def test_a_window_without_its_days_is_refused_and_says_so(admin):
    refused = upload(admin, a_file("marks", [("1001", "North", MON, "", "U")]))

    assert refused.status == 422
    assert "Say from which day to which the file has everything" in refused.text


def test_unknown_columns_are_asked_for(app, world, admin):
    told = a_file("marks", [("1001", "North", MON, "U")], head="Pupil,Where,When,What")
    asked = admin.get(upload(admin, told, first_day=FIRST, last_day=LAST).location)
    assert asked.h1 == "Which column is what?"

    again = admin.submit(asked, "/columns", status=422, **{"marks.student": "Pupil"})
    assert "choose the column of “School”" in again.text
    chosen = {"marks.student": "Pupil", "marks.school": "Where", "marks.day": "When", "marks.code": "What"}
    here = admin.submit(again, "/columns", status=303, **chosen).location
    work(app, world)

    assert "Waits for your answer" in admin.get(here).text


def test_a_school_that_asks_is_left_as_it_is_unless_it_is_chosen(app, world, admin):
    days = [FIRST + timedelta(days=day + day // 5 * 2) for day in range(10)]
    for rows in (2, 0):
        marks = [("1001", "North", day, slot, "U") for day in days for slot in ("P1", "P2", "P3")[: rows + 1]]
        here = upload(admin, a_set(first=FIRST, last=LAST, marks=marks)).location
        work(app, world)
        shown = admin.get(here)
        if rows:
            admin.submit(shown, "/approval", status=303)
            work(app, world)
    assert "Its absences fall by more than 30 percent. 30 absences before, 10 after." in shown.text

    admin.submit(shown, "/approval", status=303)
    work(app, world)

    assert "Left as it is" in admin.get(here).text
    with app.app_context(), as_district(world.maple.id):
        assert len(db.session.scalars(select(AttendanceMark)).all()) == 30


def test_a_code_counts_once_a_named_person_has_signed_it_off(app, world, admin, mia):
    with app.app_context(), as_district(world.maple.id):
        registers.mark(mia, world.maple.schools["North"], MON, "Z")
        code = registers.code("Z", "", signed=False).id
        db.session.commit()
    page = f"/maple/attendance/students/{mia}"
    assert "Does not count Nobody has signed off what this code means." in admin.get(page).text

    form = admin.get(f"/maple/attendance/codes/{code}")
    refused = admin.submit(form, "/sign-off", status=422)
    assert "Say what the code means before you sign it off." in refused.text
    refused = admin.submit(form, "/sign-off", status=422, kind="absent")
    assert "Say whether it is excused" in refused.text
    admin.submit(form, "/sign-off", status=303, kind="absent", excuse="excused")

    assert "Absent, excused" in admin.get(page).text
    assert "Does not count" not in admin.get(page).text
    with app.app_context(), as_district(world.maple.id):
        signed = AttendanceCode.find(code)
        assert (signed.signed_off_by, signed.signed_off_by_id) == (world.adams.name, world.adams.id)


def test_another_meaning_begins_on_a_day_and_the_one_before_ends_the_day_before(app, world, admin):
    with app.app_context(), as_district(world.maple.id):
        code = db.session.scalar(select(AttendanceCode.id).where(AttendanceCode.code == "U"))

    form = admin.follow(admin.post(f"/maple/attendance/codes/{code}/anew"))
    refused = admin.submit(form, "/sign-off", status=422, kind="absent", excuse="unknown")
    assert "Say from which day on the new one holds" in refused.text
    admin.submit(form, "/sign-off", status=303, kind="absent", excuse="unknown", valid_from="2027-01-04")

    with app.app_context(), as_district(world.maple.id):
        both = sorted(AttendanceCode.counting(), key=lambda one: one.valid_from is not None)
        assert [(one.excuse, str(one.valid_from), str(one.valid_to)) for one in both] == [
            ("unexcused", "None", "2027-01-03"),
            ("unknown", "2027-01-04", "None"),
        ]


def test_a_calendar_is_a_month_on_a_page(world, client, mia):
    shown = client.sign_in(world.clark).get(
        f"/maple/attendance/schools/{world.maple.schools['North']}/calendar?month=2026-09"
    )

    assert "Mon, Sep 7, 2026 390 minutes" in shown.text


def test_a_student_page_leads_to_their_attendance_and_leaves_a_record(app, world, client, mia):
    with app.app_context(), as_district(world.maple.id):
        registers.mark(mia, world.maple.schools["North"], MON, minutes=390, reason="Overslept")
        db.session.commit()
    clerk = client.sign_in(world.clark)
    assert f"/maple/attendance/students/{mia}" in clerk.get(f"/maple/students/{mia}").html

    shown = clerk.get(f"/maple/attendance/students/{mia}")

    assert "Absent, unexcused" in shown.text
    assert "Overslept" in shown.text
    with app.app_context(), as_district(world.maple.id):
        looked = select(AuditEntry.id).where(AuditEntry.did == "viewed", AuditEntry.which == mia)
        assert db.session.scalars(looked).all()


def test_a_mark_of_a_day_that_was_closed_after_all_is_shown_and_does_not_count(app, world, client, mia):
    with app.app_context(), as_district(world.maple.id):
        registers.mark(mia, world.maple.schools["North"], MON)
        (day,) = SchoolDay.on(world.maple.schools["North"], MON)
        day.is_school_day = False
        db.session.commit()

    shown = client.sign_in(world.clark).get(f"/maple/attendance/students/{mia}")

    assert "Absent, unexcused Does not count There was no school that day." in shown.text


def test_a_clerk_of_all_schools_brings_in_and_signs(app, world, client, mia):
    with app.app_context(), as_district(world.maple.id):
        cleo = join(world.maple, "Cleo", "Marks", "North", (Role.ATTENDANCE_CLERK, None))
        write({"cleo": cleo})
        code = registers.code("Z", "", signed=False).id
        db.session.commit()
    clerk = client.sign_in(cleo[0])

    assert clerk.get("/maple/attendance/imports").h1 == "Import attendance"
    form = clerk.get(f"/maple/attendance/codes/{code}")
    clerk.submit(form, "/sign-off", status=303, kind="absent", excuse="excused")


def test_a_clerk_of_one_school_brings_nothing_in_and_signs_nothing(world, client, mia):
    clerk = client.sign_in(world.clark)

    assert clerk.get("/maple/attendance/imports").status == 404
    with clerk.app.app_context(), as_district(world.maple.id):
        code = db.session.scalar(select(AttendanceCode.id).where(AttendanceCode.code == "U"))
    assert clerk.get(f"/maple/attendance/codes/{code}").status == 404
    cedar = world.maple.schools["Cedar"]
    assert clerk.get(f"/maple/attendance/schools/{cedar}/calendar").status == 404
