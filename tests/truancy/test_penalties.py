"""Penalty notices are counted for each parent and each child, and there is no third within three years."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import delete

from app.core import clock
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions.refused import Refused
from app.truancy.actions import penalties, settling
from app.truancy.actions.gathering import Register
from app.truancy.law.facts import CaseEvent
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.rule_activation import RuleActivation
from app.truancy.models.student_flag import StudentFlag
from tests.roster import families
from tests.truancy.reviews import in_use, school_year

RULE = "gb-eng.penalty_considered"
NOW = datetime(2026, 9, 21, 15, tzinfo=UTC)
TODAY = date(2026, 9, 21)


@pytest.fixture(autouse=True)
def _monday():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def office(app, world):
    """Ana and her two parents, and somebody else's mother."""
    with app.app_context(), as_district(world.maple.id):
        school_year()
        in_use(world, RULE)
        ana = families.student("Ana", "Ortiz", number="S-Ana", school=world.maple.schools["North"])
        ben = families.student("Ben", "Reed", number="S-Ben", school=world.maple.schools["North"])
        made = SimpleNamespace(
            ana=ana.id,
            mother=families.guardian(ana, "Eva", "Ortiz").id,
            father=families.guardian(ana, "Leo", "Ortiz", relation="Father").id,
            stranger=families.guardian(ben, "Ada", "Reed").id,
            case=AttendanceCase.of(ana.id, TODAY).id,
            world=world,
        )
        db.session.commit()
    return made


@pytest.fixture
def here(app, office):
    with app.app_context(), as_district(office.world.maple.id):
        yield office


def issue(here, parent, on, batch=None):
    case = AttendanceCase.find(here.case)
    penalties.issued(case, parent, on, "", by=here.world.cora.account(), batch=batch or uuid7())
    db.session.commit()


def test_the_rules_know_whose_they_are_and_who_the_parents_are(here):
    issue(here, here.mother, date(2025, 3, 3))

    (ana,) = Register().of([str(here.ana)])

    assert ana.facts.case == [CaseEvent("penalty", date(2025, 3, 3), str(here.mother))]
    assert set(ana.facts.parents) == {str(here.mother), str(here.father)}


def test_the_first_entry_and_the_first_flag_are_seen_by_who_is_at_work_already(here):
    register = Register()

    issue(here, here.mother, date(2025, 3, 3))
    entered = {"first": date(2026, 8, 1), "entered_by_id": here.world.cora.id}
    db.session.add(StudentFlag(student_id=here.ana, name="foster", **entered))

    (ana,) = register.of([str(here.ana)])
    assert ana.facts.case
    assert ana.facts.flags


def test_there_is_no_third_for_one_parent_within_three_years_and_another_may_still_get_one(here):
    for on in (date(2024, 3, 4), date(2025, 3, 3)):
        issue(here, here.mother, on)

    with pytest.raises(Refused, match="Eva Ortiz has had 2 penalty notices for this child within 3 years"):
        issue(here, here.mother, TODAY)
    db.session.rollback()
    issue(here, here.father, TODAY)

    assert [one.words for one in CaseEntry.of_case(here.case)] == ["to Leo Ortiz", *["to Eva Ortiz"] * 2]


def test_after_three_years_they_count_no_more(here):
    for on in (date(2023, 9, 20), date(2025, 3, 3), TODAY):
        issue(here, here.mother, on)

    assert len(CaseEntry.of_case(here.case)) == 3


def test_one_that_was_undone_counts_nothing_and_one_press_is_one(here):
    press = uuid7()
    issue(here, here.mother, date(2026, 9, 1), press)
    issue(here, here.mother, date(2026, 9, 1), press)
    assert len(CaseEntry.of_case(here.case)) == 1
    settling.undo(press, by=here.world.cora.account())
    for on in (date(2026, 9, 2), date(2026, 9, 3)):
        issue(here, here.mother, on)

    assert len(CaseEntry.of_case(here.case)) == 2


def test_it_goes_to_a_parent_of_this_child_alone(here):
    with pytest.raises(Refused, match="Choose one of the parents"):
        issue(here, here.stranger, TODAY)


def test_who_decides_writes_it_into_the_case(client, office):
    case = f"/maple/attendance/cases/{office.case}"
    given = {"parent": str(office.mother), "on": "2026-09-21"}
    client.sign_in(office.world.clark)
    assert client.post(f"{case}/penalties", given).status == 404

    client.sign_in(office.world.cora)
    assert "A penalty notice was issued" in client.get(case).text
    assert client.post(f"{case}/penalties", {**given, "parent": str(office.stranger)}).status == 422
    assert client.post(f"{case}/penalties", given).status == 303
    assert "Penalty notice: to Eva Ortiz" in client.get(case).text


def test_where_no_rule_asks_for_it_nobody_is_asked(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        db.session.execute(delete(RuleActivation))
        db.session.commit()
    client.sign_in(office.world.cora)

    assert "penalty notice" not in client.get(f"/maple/attendance/cases/{office.case}").text
