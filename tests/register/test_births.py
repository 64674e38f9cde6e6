"""Dates of birth from a register's students.csv: only while a rule asks for an age, and nothing else of that file."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import births, clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from app.register.models.staged_row import StagedRow
from app.roster.models.student import Student
from tests.register import registers
from tests.register.files import a_file, a_set
from tests.register.test_imports import looked_at, notes, set_aside, taken_in
from tests.roster import families
from tests.world import Place, World

MON, FRI = date(2026, 9, 7), date(2026, 9, 11)
HEAD = "student_id,first,last,birth_date,home_language"


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[Place]:
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(noon):
        for at in range(1, 4):
            families.student("Mia", f"Reyes {at}", number=f"100{at}", school=world.maple.schools["North"])
        registers.calendar(world.maple.schools["North"], weeks=3)
        registers.code("U", "absent", "unexcused")
        db.session.commit()
        yield world.maple


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a rule were in use that holds for some ages."""
    monkeypatch.setattr(births, "are_wanted", lambda: True)


def a_zip(*students: tuple[Any, ...]) -> bytes:
    told = a_file("students", students, head=HEAD)
    return a_set(first=MON, last=FRI, marks=[("1001", "North", MON, "", "U")], students=told)


def born() -> dict[str, date | None]:
    db.session.expire_all()
    return {one.number: one.born for one in db.session.scalars(select(Student))}


def staged() -> list[StagedRow]:
    return list(db.session.scalars(select(StagedRow).where(StagedRow.file == "students")))


def test_without_a_rule_that_asks_for_an_age_the_file_is_not_opened(maple: Place) -> None:
    run = taken_in(a_zip(("1001", "Mia", "Reyes", "2015-03-04")))

    assert set(born().values()) == {None}
    assert "students.csv" in notes(run)
    assert "students" not in run.rows_read


@pytest.mark.usefixtures("asked")
def test_dates_of_birth_are_taken_in_and_nothing_else_of_that_file(maple: Place) -> None:
    run = taken_in(a_zip(("1001", "Maria", "Other", "2015-03-04", "es"), ("1002", "Mia", "Reyes", "")))

    assert born() == {"1001": date(2015, 3, 4), "1002": None, "1003": None}
    one = db.session.scalars(select(Student).where(Student.number == "1001")).one()
    assert one.person.given_name == "Mia"
    assert "Dates of birth: 1 that were not here" in notes(run)
    assert not staged()


@pytest.mark.usefixtures("asked")
def test_the_preview_tells_of_other_dates_before_they_replace_those_here(maple: Place) -> None:
    taken_in(a_zip(("1001", "", "", "2015-03-04")))

    run = looked_at(a_zip(("1001", "", "", "2015-03-05"), ("1002", "", "", "2014-01-02")))

    assert "1 that were not here, 1 that are others than here" in notes(run)
    assert born()["1001"] == date(2015, 3, 4)


@pytest.mark.usefixtures("asked")
def test_of_two_dates_neither_is_taken(maple: Place) -> None:
    run = taken_in(a_zip(("1001", "", "", "2015-03-04"), ("1001", "", "", "2015-04-03")))

    assert born()["1001"] is None
    assert "1 students with two" in notes(run)


@pytest.mark.usefixtures("asked")
def test_a_wrong_date_and_a_student_nobody_knows_are_set_aside_and_marks_come_in(maple: Place) -> None:
    run = taken_in(
        a_zip(
            ("1001", "", "", "2045-03-04"),
            ("1002", "", "", "31/31/2015"),
            ("9999", "", "", "2015-03-04"),
            ("1003", "", "", "2015-03-04"),
        )
    )

    assert sorted(set_aside(run).values()) == ["bad_date", "bad_date", "unknown_student"]
    assert born()["1003"] == date(2015, 3, 4)
    unknown = db.session.scalars(
        select(QuarantinedRow).where(QuarantinedRow.fault == "unknown_student")
    ).one()
    assert "2015" not in str(unknown.told)


@pytest.mark.usefixtures("asked")
def test_a_cancelled_import_keeps_no_date_of_birth(maple: Place) -> None:
    from app.register.actions import importing

    run = looked_at(a_zip(("1001", "", "", "2015-03-04")))
    assert staged()
    importing.cancel(run)
    db.session.commit()

    assert not staged()
    assert born()["1001"] is None


@pytest.mark.usefixtures("asked")
def test_students_csv_may_stand_alone_in_the_zip(maple: Place) -> None:
    taken_in(a_set(students=a_file("students", [("1001", "", "", "2015-03-04")], head=HEAD)))

    assert born()["1001"] == date(2015, 3, 4)


@pytest.mark.usefixtures("asked")
def test_birchs_student_of_the_same_number_is_not_touched(maple: Place, world: World) -> None:
    with as_district(world.birch.id):
        families.student("Quill", "Quokka", number="1001", school=next(iter(world.birch.schools.values())))
        db.session.commit()

    taken_in(a_zip(("1001", "", "", "2015-03-04")))

    with as_district(world.birch.id):
        assert born()["1001"] is None
        assert not db.session.scalars(select(RegisterImport)).all()
