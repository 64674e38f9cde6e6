"""A school year and what the sources of the roster say: a word of the old year puts nobody back."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions import importing, precedence, school_years
from app.roster.models import rising
from app.roster.models.precedence import HAND
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school_year_school import GO_ON, LEAVE, SchoolYearSchool
from tests.roster.exports import an_export, staff
from tests.roster.school_years import (
    NEW,
    child,
    children,
    first_year,
    numbered,
    opened_for,
    planned,
    refusal,
    school_of,
    takes_families,
    the_year,
    worked,
)
from tests.roster.test_imports import looked_at, taken_in
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def test_whose_new_grade_a_source_has_told_already_is_not_moved_again(maple: World) -> None:
    takes_families()
    taken_in(an_export([*staff(2), child("04")]))
    first_year()
    with clock.frozen(clock.day_begins(date(2030, 7, 20), "America/Chicago")):
        taken_in(an_export([*staff(2), child("05")]))
        year = school_years.plan(NEW, once=uuid7())
        for rule in SchoolYearSchool.of_year(year.id):
            school_years.say_of_school(rule, highest="08", leavers=LEAVE, goes_to_id=None)
        school_years.open_year(year)
        worked(year.id)

    assert numbered("N1").grade == "05"


def test_what_the_source_says_of_the_new_year_is_taken_over(maple: World) -> None:
    opened_for(child("04"), highest="04", leavers=GO_ON)
    assert (numbered("N1").grade, school_of("N1")) == ("05", "Beech School")

    run = taken_in(an_export([*staff(2), child("06", "s1", relatives="")]))

    assert run.state == "done"
    assert numbered("N1").grade == "06"
    # Its word of the school is the old one, which is nothing new.
    assert school_of("N1") == "Beech School"


def test_another_school_of_the_source_is_taken_over(maple: World) -> None:
    schools = {"s1": "Ash School", "s2": "Beech School", "s3": "Cypress School"}
    takes_families()
    opened_for(child("04"), highest="04", leavers=GO_ON)

    taken_in(an_export([*staff(2), child("05", "s3")], schools=schools))

    assert (numbered("N1").grade, school_of("N1")) == ("05", "Cypress School")


def test_an_admins_correction_before_the_year_still_stays(maple: World) -> None:
    takes_families()
    taken_in(an_export([*staff(2), child("04")]))
    numbered("N1").grade = "03"
    db.session.commit()
    first_year()
    year = school_years.plan(NEW, once=uuid7())
    for rule in SchoolYearSchool.of_year(year.id):
        school_years.say_of_school(rule, highest="08", leavers=LEAVE, goes_to_id=None)
    school_years.open_year(year)
    worked(year.id)

    taken_in(an_export([*staff(2), child("05")]))

    assert numbered("N1").grade == "04"


def test_a_source_that_says_the_old_words_again_puts_nobody_back(maple: World) -> None:
    opened_for(child("04"), highest="08", leavers=LEAVE)

    taken_in(an_export([*staff(3), child("04")]))

    assert numbered("N1").grade == "05"


def test_nor_does_one_that_goes_before_the_office(maple: World) -> None:
    RosterSource.of_kind(ONEROSTER_CSV)
    for about in ("grade", "school"):
        precedence.move(about, HAND, up=False)
    opened_for(child("04"), highest="04", leavers=GO_ON)

    taken_in(an_export([*staff(3), child("04")]))

    assert (numbered("N1").grade, school_of("N1")) == ("05", "Beech School")


@pytest.mark.parametrize("key", ["k1", "hs-77"])
def test_a_leaver_whom_the_source_has_at_another_school_is_back(maple: World, key: str) -> None:
    opened_for(child("08"), highest="08", leavers=LEAVE)
    assert not numbered("N1").person.active

    taken_in(an_export([*staff(2), child("09", "s2", key=key)]))

    assert (numbered("N1").grade, school_of("N1"), numbered("N1").person.active) == (
        "09",
        "Beech School",
        True,
    )


def test_a_leaver_of_whom_the_source_has_only_old_words_has_left(maple: World) -> None:
    opened_for(child("08"), highest="08", leavers=LEAVE)

    taken_in(an_export([*staff(3), child("08")]))

    assert not numbered("N1").person.active


def test_no_import_begins_while_students_are_moved_nor_is_one_applied(maple: World) -> None:
    children(maple.maple)
    first_year()
    waiting = looked_at(an_export(staff(3)))
    year = planned(maple.maple)
    school_years.open_year(year)
    db.session.commit()

    assert refusal(lambda: importing.approve(waiting, removals=True)) == school_years.IS_BEING_MOVED
    assert refusal(lambda: looked_at(an_export(staff(4)))) == school_years.IS_BEING_MOVED


def test_no_year_is_opened_while_an_import_is_at_work(maple: World) -> None:
    children(maple.maple)
    first_year()
    year_id = planned(maple.maple).id
    run = looked_at(an_export(staff(3)))
    importing.approve(run, removals=True)
    db.session.commit()

    assert refusal(lambda: school_years.open_year(the_year(year_id))) == school_years.IMPORT_AT_WORK


def test_new_students_of_an_import_that_waits_are_counted(maple: World) -> None:
    assert rising.new_in_waiting_import() is None
    takes_families()

    looked_at(an_export([*staff(2), child("04")]))

    assert rising.new_in_waiting_import() == 1
    assert db.session.scalars(select(RosterImport.state)).all() == ["ready"]
