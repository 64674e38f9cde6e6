"""A school year that was opened is undone, until a source has spoken."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions import school_years, students
from app.roster.actions.students import Enrollment
from app.roster.models.school_year import PLANNED, SchoolYear
from app.roster.models.school_year_school import LEAVE
from tests.roster.exports import an_export, staff
from tests.roster.school_years import (
    OLD,
    child,
    children,
    first_year,
    numbered,
    opened,
    opened_for,
    refusal,
    stand,
    the_year,
    worked,
)
from tests.roster.test_imports import taken_in
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def test_undone_everybody_is_as_before(maple: World) -> None:
    children(maple.maple)
    first_year()
    before = stand()
    year = opened(maple.maple)

    school_years.undo(year)
    year = worked(year.id)

    assert stand() == before
    assert (year.state, year.put_back, year.left_alone) == (PLANNED, 10, 0)
    current = SchoolYear.current()
    assert current is not None
    assert current.name == OLD.name


def test_an_undone_year_can_be_opened_again(maple: World) -> None:
    children(maple.maple)
    first_year()
    year_id = opened(maple.maple).id
    after = stand()
    school_years.undo(the_year(year_id))
    worked(year_id)

    school_years.open_year(the_year(year_id))
    worked(year_id)

    assert stand() == after


def test_whom_somebody_changed_since_an_undo_leaves_alone(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)
    north, cedar = maple.maple.schools["North"], maple.maple.schools["Cedar"]
    for number, school_id, grade in (("Q1", north, "03"), ("Q2", cedar, "02")):
        of = Enrollment(
            given_name="Kid", family_name="Quokka", number=number, school_id=school_id, grade=grade
        )
        students.change(numbered(number), of)
    students.come_back(numbered("Q10"))
    db.session.commit()

    school_years.undo(the_year(year.id))
    year = worked(year.id)

    assert stand()["Q1"] == ("03", north, True)
    assert stand()["Q2"] == ("02", cedar, True)
    assert stand()["Q10"][2]
    assert (year.put_back, year.left_alone) == (7, 3)


def test_only_the_year_that_was_opened_last_is_undone(maple: World) -> None:
    children(maple.maple)
    first = first_year()

    assert "opened last" in refusal(lambda: school_years.undo(first))
    year = opened(maple.maple)
    school_years.plan(school_years.default_days(year), once=uuid7())
    db.session.commit()
    assert "2031–32 is planned already" in refusal(lambda: school_years.undo(the_year(year.id)))


def test_once_a_roster_with_students_was_applied_nothing_is_undone(maple: World) -> None:
    year_id = opened_for(child("04"), highest="08", leavers=LEAVE).id

    taken_in(an_export([*staff(2), child("06")]))

    assert refusal(lambda: school_years.undo(the_year(year_id))) == school_years.UNDONE_NO_MORE
    assert numbered("N1").grade == "06"


def test_an_import_of_staff_alone_does_not_end_the_undo(maple: World) -> None:
    children(maple.maple)
    first_year()
    before = stand()
    year_id = opened(maple.maple).id

    taken_in(an_export(staff(3)))
    school_years.undo(the_year(year_id))
    worked(year_id)

    assert stand() == before
