"""Before an import is applied its preview says whose firings it would change; looking changes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_import import RegisterImport
from app.register.models.school_register import SchoolRegister
from app.truancy.actions import foreseeing
from app.truancy.models.dry_run import DryRun
from app.truancy.models.firing import Firing
from app.truancy.models.student_to_review import StudentToReview
from app.truancy.models.trial import trial_of_import
from tests.register import registers
from tests.register.files import a_file, a_set
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, applied, looked_at, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year

RULE = "us-ca.truant.1"
NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=at) for at in (0, 1, 2)]


@pytest.fixture(autouse=True)
def _september():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def maple(app, world):
    """Ana and Ben of North, of whom Ben was absent on three days; a rule that fires at three is in use."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        school_year()
        in_use(world, RULE)
        for number, name in (("1001", "Ana"), ("1002", "Ben")):
            student = families.student(name, "Salas", number=number, school=north)
            student.born = date(2017, 3, 1)
            registers.enrolled(student.id, north)
        taken_in(a_window(*told("1002", "UUU")))
        reviewed()
        yield world


def told(number, codes):
    return [(number, "North", day, "DAY", code) for day, code in zip(DAYS, codes, strict=True)]


def waiting(*marks) -> RegisterImport:
    """An import that is compared, and waits for somebody."""
    run = looked_at(a_window(*marks))
    assert run.state == "ready"
    return run


def foreseen(run, schools=None):
    foreseeing.foresee(run.id)
    return trial_of_import(run.id, schools)


def test_it_says_who_would_fire_and_who_no_more(maple):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))

    shown = foreseen(run)

    assert (shown.is_over, shown.students) == (True, 2)
    assert (shown.fires, shown.earlier, shown.fires_no_more) == (1, 0, 1)
    assert {(one.student, one.rule_id, one.outcome) for one in shown.lines} == {
        ("Ana Salas", RULE, "fires"),
        ("Ben Salas", RULE, "fires_no_more"),
    }


def test_a_day_that_the_school_has_no_more_is_foreseen_and_comes(maple):
    of_marks, of_days = "student_id,school_id,date,slot,code,op", "school_id,track,date,is_school_day,op"
    told_gone = a_set(
        mode="delta",
        first=FIRST,
        last=DAYS[-1],
        marks=a_file("marks", [("1001", "North", DAYS[0], "", "U", "upsert")], head=of_marks),
        calendar=a_file("calendar", [("North", "", DAYS[1], "", "delete")], head=of_days),
    )
    run = looked_at(told_gone)

    shown = foreseen(run)

    assert [(one.student, one.outcome) for one in shown.lines] == [("Ben Salas", "fires_no_more")]
    applied(run.id, schools=(maple.maple.schools["North"],))
    reviewed()
    assert db.session.scalar(select(func.count()).select_from(Firing).where(Firing.state == "standing")) == 0


def test_looking_changes_nothing(maple):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))
    before = everything()
    foreseen(run)

    assert everything() == before
    assert RegisterImport.find(run.id).state == "ready"


def everything():
    marks = [(one.student_id, one.day, one.code) for one in db.session.scalars(select(AttendanceMark))]
    firings = [(one.id, one.state, one.evidence_sha256) for one in db.session.scalars(select(Firing))]
    registers_in = [(one.school_id, one.current_to) for one in db.session.scalars(select(SchoolRegister))]
    return sorted(marks), sorted(firings), registers_in, StudentToReview.count()


def test_what_it_foresees_is_what_comes(maple):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))
    shown = foreseen(run)
    standing = select(Firing.student_id).where(Firing.state == "standing")
    before = set(db.session.scalars(standing))
    applied(run.id)
    reviewed()
    after = set(db.session.scalars(standing))

    assert (len(after - before), len(before - after)) == (shown.fires, shown.fires_no_more) == (1, 1)


def test_the_same_marks_again_change_nobody(maple):
    shown = foreseen(waiting(*told("1002", "UUU")))

    assert (shown.students, shown.fires, shown.fires_no_more) == (0, 0, 0)


def test_more_than_can_be_looked_at_is_said(maple, monkeypatch):
    monkeypatch.setattr(foreseeing, "MOST_MARKS", 2)

    assert foreseen(waiting(*told("1001", "UUU"))).is_too_much


def test_looked_at_again_it_takes_the_place_of_the_look_before(maple):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))
    foreseen(run)
    foreseen(run)

    assert db.session.scalar(select(func.count()).select_from(DryRun)) == 1
    assert foreseen(run).fires == 1


def test_the_page_counts_for_all_and_names_no_student_to_an_admin(maple, client):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))
    foreseeing.foresee(run.id)
    here = f"/maple/attendance/imports/{run.id}"
    admin = client.sign_in(maple.adams)

    assert f"{here}/firings" in admin.get(here).data.decode()
    counts = admin.get(f"{here}/firings").text
    assert "2 students touched" in counts
    assert "Ana Salas" not in counts


def test_the_page_names_the_students_of_the_readers_schools(maple, client):
    run = waiting(*told("1001", "UUU"), *told("1002", "UEU"))
    foreseeing.foresee(run.id)
    read = client.sign_in(maple.clark).get(f"/maple/attendance/imports/{run.id}/firings").text

    assert "Ana Salas" in read
    assert "Would fire no more" in read


def test_until_it_was_looked_at_the_page_says_so(maple, client):
    run = waiting(*told("1001", "UUU"))

    assert (
        "are being put to"
        in client.sign_in(maple.adams).get(f"/maple/attendance/imports/{run.id}/firings").text
    )
