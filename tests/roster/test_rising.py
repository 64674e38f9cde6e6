"""Whom a new school year moves: everybody once, whatever dies between."""

import random
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.queue import Work
from app.core.tenancy import as_district
from app.helpdesk.actions.school_year import open_tickets
from app.helpdesk.models.ticket import Ticket
from app.roster.actions import school_years
from app.roster.actions.school_years import Days
from app.roster.models import rising
from app.roster.models.person import Person
from app.roster.models.school_year import CURRENT, PAST, PLANNED, SchoolYear
from app.roster.models.school_year_move import SchoolYearMove
from tests.roster import families
from tests.roster.school_years import (
    NEW,
    OLD,
    children,
    expected,
    first_year,
    kill_now_and_then,
    numbered,
    opened,
    planned,
    refusal,
    stand,
    the_year,
    worked,
)
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def test_everybody_rises_one_grade_changes_school_or_leaves(maple: World) -> None:
    children(maple.maple)
    first_year()
    north, cedar = maple.maple.schools["North"], maple.maple.schools["Cedar"]

    year = opened(maple.maple)

    assert year.state == CURRENT
    assert stand() == {
        "Q0": ("KG", north, True),
        "Q1": ("01", north, True),
        "Q2": ("02", north, True),
        "Q3": ("05", north, True),
        "Q4": ("06", cedar, True),
        "Q5": ("06", cedar, True),
        "Q6": ("", north, True),
        "Q7": ("UG", north, True),
        "Q8": ("07", cedar, True),
        "Q9": ("08", cedar, True),
        "Q10": ("08", cedar, False),
        "Q11": ("08", cedar, False),
    }
    left = select(SchoolYearMove.left_on).where(SchoolYearMove.student_id == numbered("Q10").id)
    assert db.session.scalar(left) == OLD.last_day
    assert year.before is not None
    assert year.before.state == PAST


def test_an_unknown_grade_stays_and_is_listed(maple: World) -> None:
    children(maple.maple)
    first_year()

    year = planned(maple.maple)

    assert [row.id for row in rising.with_outcome(year, rising.UNKNOWN, None)] == [
        numbered("Q6").id,
        numbered("Q7").id,
    ]
    before = stand()
    school_years.open_year(year)
    worked(year.id)
    assert {number: stand()[number] for number in ("Q6", "Q7")} == {
        number: before[number] for number in ("Q6", "Q7")
    }


def test_the_preview_tells_in_numbers_what_the_opening_then_does(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = planned(maple.maple)
    told = {
        (one.school_id, one.grade): (one.to_school_id, one.to_grade, one.count, one.outcome)
        for one in rising.groups(year)
    }
    before = stand()

    school_years.open_year(year)
    worked(year.id)

    for number, (grade, school_id, _) in before.items():
        to_school, to_grade, _, outcome = told[school_id, grade]
        assert stand()[number] == (to_grade, to_school, outcome != rising.LEAVES)
    assert sum(one[2] for one in told.values()) == len(before)


def test_transitional_kindergarten_is_a_step_only_where_somebody_is_in_it() -> None:
    assert rising.ladder(has_transitional=False)["PK"] == "KG"
    assert rising.ladder(has_transitional=True)["PK"] == "TK"
    assert rising.ladder(has_transitional=True)["TK"] == "KG"
    assert "13" not in rising.ladder(has_transitional=True)


def test_twice_is_once(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)
    after, entries = stand(), db.session.scalar(select(func.count(AuditEntry.id)))

    assert refusal(lambda: school_years.open_year(the_year(year.id))) == school_years.OPENED_ALREADY
    school_years.advance(year.id)

    assert stand() == after
    assert db.session.scalar(select(func.count(AuditEntry.id))) == entries
    again = Days(name=NEW.name, first_day=date(2031, 8, 18), last_day=date(2032, 6, 11))
    assert "Another school year is called" in refusal(lambda: school_years.plan(again, once=uuid7()))


def test_a_batch_is_one_entry_of_the_audit_log(maple: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school_years, "BATCH", 5)
    children(maple.maple)
    first_year()
    db.session.execute(delete(Work))
    changed = select(func.count(AuditEntry.id)).where(AuditEntry.what.in_(("people", "students")))
    before = db.session.scalar(changed)

    opened(maple.maple)

    did = select(AuditEntry.changes).where(AuditEntry.did == "moved up").order_by(AuditEntry.position)
    assert [one["students"] for one in db.session.scalars(did)] == [5, 3, 2]
    assert db.session.scalar(changed) == before


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_batch_and_resumed_it_ends_the_same(
    maple: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(school_years, "BATCH", 2)
    children(maple.maple)
    first_year()
    before = stand()
    year_id = planned(maple.maple).id
    whole = dict(zip(before, expected(the_year(year_id), before), strict=True))
    dice = random.Random(seed)

    school_years.open_year(the_year(year_id))
    db.session.commit()
    kill_now_and_then(year_id, dice, monkeypatch)

    assert stand() == whole
    assert db.session.scalar(select(func.count(SchoolYearMove.id))) == 10

    school_years.undo(the_year(year_id))
    db.session.commit()
    kill_now_and_then(year_id, dice, monkeypatch)

    assert stand() == before
    assert the_year(year_id).state == PLANNED


def test_whoever_came_since_the_summer_began_stays_in_the_grade_they_came_with(maple: World) -> None:
    children(maple.maple)
    first_year()
    with clock.frozen(clock.day_begins(date(2030, 7, 1), "America/Chicago")):
        families.student("New", "Kid", number="N1", school=maple.maple.schools["North"], grade="03")
        year = planned(maple.maple)
        told = [(one.grade, one.count) for one in rising.groups(year) if one.outcome == rising.TOLD]
        school_years.open_year(year)
        worked(year.id)

    assert told == [("03", 1)]
    assert stand()["N1"][0] == "03"


def test_a_strangers_district_is_untouched(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.birch.id), acting_as(SYSTEM):
        children(world.birch)
        before = stand()
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        children(world.maple)
        first_year()
        year_id = opened(world.maple).id
    with app.app_context(), as_district(world.birch.id), acting_as(SYSTEM):
        assert stand() == before
        assert SchoolYear.find(year_id) is None
        assert SchoolYear.last() is None
        school_years.advance(year_id)
        assert stand() == before


def test_staff_and_guardians_are_not_moved(maple: World) -> None:
    children(maple.maple)
    families.guardian(numbered("Q10"), "Pat", "Quokka")
    db.session.commit()
    first_year()
    others = select(Person.id, Person.school_id, Person.active).where(Person.kind != "student")
    before = set(db.session.execute(others).all())

    opened(maple.maple)

    assert set(db.session.execute(others).all()) == before


def test_open_tickets_of_students_who_move_are_counted_and_stay(maple: World) -> None:
    children(maple.maple)
    first_year()
    north = maple.maple.schools["North"]
    for nth, number in enumerate(("Q4", "Q1")):
        asked = Ticket(
            number=4001 + nth, title="It is stuck", school_id=north, requester_id=numbered(number).id
        )
        db.session.add(asked)
    db.session.commit()
    year = planned(maple.maple)

    told = {one.what: one.count for one in open_tickets(rising.moving(year))}

    assert told == {"Open tickets of students who change school": 1, "Open tickets of students who leave": 0}
    school_years.open_year(year)
    worked(year.id)
    assert set(db.session.scalars(select(Ticket.school_id).where(Ticket.number.in_((4001, 4002))))) == {north}
