"""School years follow one another; one is planned at a time, and moves nobody before all is said."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions import school_years
from app.roster.actions.school_years import Days
from app.roster.models.school_year import PLANNED
from app.roster.models.school_year_school import GO_ON, LEAVE, SchoolYearSchool
from tests.roster.school_years import (
    NEW,
    OLD,
    children,
    first_year,
    opened,
    planned,
    refusal,
    stand,
    the_year,
)
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def test_years_follow_one_another_and_do_not_overlap(maple: World) -> None:
    children(maple.maple)
    first_year()
    early = Days(name="2030", first_day=OLD.last_day, last_day=NEW.last_day)
    assert "begins after that day" in refusal(lambda: school_years.plan(early, once=uuid7()))
    backwards = Days(name="2030", first_day=NEW.last_day, last_day=NEW.first_day)
    assert "must come after" in refusal(lambda: school_years.plan(backwards, once=uuid7()))

    year = planned(maple.maple)
    year.first_day = OLD.last_day - timedelta(days=1)

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_one_year_is_planned_at_a_time(maple: World) -> None:
    children(maple.maple)
    first_year()
    planned(maple.maple)
    later_one = Days(name="2031–32", first_day=date(2031, 8, 18), last_day=date(2032, 6, 11))

    assert "2030–31 is not open yet" in refusal(lambda: school_years.plan(later_one, once=uuid7()))


def test_a_second_first_year_is_refused(maple: World) -> None:
    first_year()

    assert "Open the next one" in refusal(lambda: school_years.write_down_first(NEW, once=uuid7()))


def test_the_next_year_remembers_what_was_said_of_each_school(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)

    following = school_years.plan(school_years.default_days(year), once=uuid7())

    assert following.name == "2031–32"
    assert {
        (one.school_id, one.highest, one.leavers, one.goes_to_id)
        for one in SchoolYearSchool.of_year(following.id)
    } == {
        (maple.maple.schools["North"], "05", GO_ON, maple.maple.schools["Cedar"]),
        (maple.maple.schools["Cedar"], "08", LEAVE, None),
    }


def test_nobody_is_moved_before_each_school_has_said_where_its_leavers_go(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = school_years.plan(NEW, once=uuid7())
    db.session.commit()
    before = stand()

    assert "where the leavers of" in refusal(lambda: school_years.open_year(the_year(year.id)))
    assert stand() == before


def test_a_plan_that_was_given_up_is_made_anew(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = planned(maple.maple)

    school_years.give_up(year)
    db.session.commit()

    assert planned(maple.maple).state == PLANNED


def test_an_open_year_is_not_given_up(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)

    assert "This one is open" in refusal(lambda: school_years.give_up(the_year(year.id)))
