"""From the register to the line of the list, and from what people do back to what the rules say."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core import clock
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.truancy.actions import settling
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.student_flag import StudentFlag
from tests.register import registers
from tests.roster import families
from tests.truancy.reviews import in_use, register_is_in, reviewed, school_year

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _november():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        school_year()
        registers.code("U", "absent", "unexcused")
        days = registers.calendar(world.maple.schools["North"], weeks=10)
        register_is_in(world.maple.schools["North"], days[-1])
        yield world


@pytest.fixture
def mia(maple):
    mia = families.student("Mia", "Reyes", number="1001", school=maple.maple.schools["North"], grade="06").id
    registers.enrolled(mia, maple.maple.schools["North"])
    return mia


def absent(student, school, days):
    for at in range(days):
        day = registers.FIRST + timedelta(days=at + at // 5 * 2)
        registers.mark(student, school, day, "U")


def test_what_fires_is_on_the_list_with_its_case(maple, mia):
    in_use(maple, "us-va.five")
    absent(mia, maple.maple.schools["North"], 5)
    reviewed()

    case = AttendanceCase.of(mia, date(2026, 9, 11))
    assert sorted(one.do for one in CaseDuty.of_case(case.id)) == ["attendance_plan", "direct_contact"]
    assert case.year == "2026-27"


def test_a_plan_that_is_written_down_opens_what_waited_for_it(maple, mia):
    in_use(maple, "us-va.five", "us-va.seven")
    absent(mia, maple.maple.schools["North"], 7)
    reviewed()
    case = AttendanceCase.of(mia, date(2026, 9, 11))
    waits = next(one for one in CaseDuty.of_case(case.id) if one.do == "schedule_conference")
    assert [one.why for one in waits.stands_in_the_way] == ["not_done"]

    settling.enter(case, case_entry.PLAN, by=maple.cora.account(), batch=uuid7(), name="attendance_plan")
    reviewed()

    now = {one.do: (one.state, one.blocked) for one in CaseDuty.of_case(case.id)}
    assert now["attendance_plan"] == ("done", [])
    assert now["schedule_conference"] == ("open", [])


def test_who_becomes_homeless_is_for_a_person(maple, mia):
    in_use(maple, "us-tx.refer")
    absent(mia, maple.maple.schools["North"], 10)
    db.session.add(
        StudentFlag(student_id=mia, name="homeless", first=date(2026, 8, 1), entered_by_id=maple.cora.id)
    )
    reviewed()

    (firing,) = Firing.of_student(mia)
    (duty,) = CaseDuty.of_case(AttendanceCase.of(mia, date(2026, 9, 11)).id)
    assert firing.excluded == ["homeless"]
    assert (duty.do, duty.for_person) == ("offer_counseling", True)
