"""Days and enrollments that their source has no more: shown, guarded, taken out, and never by half an answer."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.staged_row import StagedRow
from app.roster.models.student import Student
from tests.page_client import PageClient
from tests.register import registers
from tests.register.files import a_file, a_set
from tests.register.registers import FIRST
from tests.register.test_imports import applied, looked_at, marks, set_aside, taken_in
from tests.roster import families
from tests.world import Place, World

LAST = FIRST + timedelta(days=18)
MON, TUE, WED, THU, FRI = (FIRST + timedelta(days=at) for at in range(5))
ENTRY = date(2026, 8, 24)
NOON = datetime(2026, 9, 25, 17, tzinfo=UTC)


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[Place]:
    """North with three weeks of school and eight students, all enrolled; one was absent on Monday."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(NOON):
        north = world.maple.schools["North"]
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused")
        for at in range(1, 9):
            mia = families.student("Mia", f"Reyes {at}", number=f"100{at}", school=north)
            registers.enrolled(mia.id, north, entry=ENTRY)
        db.session.commit()
        yield world.maple


def days(*, but: tuple[date, ...] = ()) -> list[tuple[object, ...]]:
    """The calendar of three weeks, without some."""
    every = (FIRST + timedelta(days=week * 7 + at) for week in range(3) for at in range(5))
    return [("North", "", day, "yes", 390, 2, "") for day in every if day not in but]


def stays(*, but: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
    """The enrollments of all students, without some."""
    return [(f"100{at}", "North", "", ENTRY, "", "", "yes") for at in range(1, 9) if at not in but]


def a_window(**files: Any) -> bytes:
    """Everything of three weeks, with one mark of Monday unless said otherwise."""
    return a_set(first=FIRST, last=LAST, **{"marks": [("1001", "North", MON, "", "U")], **files})


def at_north(run: RegisterImport) -> ImportSchool:
    (found,) = ImportSchool.of(run.id)
    return found


def days_here() -> set[date]:
    return set(db.session.scalars(select(SchoolDay.day)))


def enrolled() -> set[str]:
    asked = select(Student.number).join(SchoolEnrollment, SchoolEnrollment.student_id == Student.id)
    return set(db.session.scalars(asked))


def waits(number: str) -> bool:
    """Whether the firings of a student are to be looked at again."""
    asked = text(
        "select count(*) from students_to_review w join students s on s.id = w.student_id where s.number = :number"
    )
    return bool(db.session.scalar(asked, {"number": number}))


def nobody_waits() -> None:
    db.session.execute(text("delete from students_to_review"))
    db.session.commit()


def test_a_day_that_the_calendar_has_no_more_is_shown_and_taken_out(maple):
    run = looked_at(a_window(calendar=days(but=(WED,))))
    assert [row.first for row in StagedRow.gone(run.id, maple.schools["North"], "calendar")] == [WED]
    assert (at_north(run).days_gone, at_north(run).days) == (1, 0)
    assert WED in days_here()

    applied(run.id, schools=(maple.schools["North"],))

    assert days_here() == {row[2] for row in days(but=(WED,))}


def test_an_enrollment_that_the_list_has_no_more_is_shown_and_taken_out(maple):
    run = looked_at(a_window(enrollments=stays(but=(3,))))
    assert (at_north(run).enrollments_gone, at_north(run).asks) == (1, "")
    assert "1003" in enrolled()

    applied(run.id)

    assert enrolled() == {f"100{at}" for at in (1, 2, 4, 5, 6, 7, 8)}


def test_the_same_again_changes_nothing(maple):
    told = a_window(calendar=days(but=(WED,)), enrollments=stays(but=(3,)))
    taken_in(told, schools=(maple.schools["North"],))

    again = looked_at(told)

    north = at_north(again)
    assert (north.days_gone, north.enrollments_gone, north.days, north.enrollments) == (0, 0, 0, 0)


def test_firings_that_rested_on_it_are_looked_at_again(maple):
    taken_in(a_window())
    nobody_waits()

    taken_in(a_window(enrollments=stays(but=(3,))))

    assert waits("1003")
    assert not waits("1004")
    nobody_waits()
    taken_in(a_window(calendar=days(but=(WED,))), schools=(maple.schools["North"],))
    assert waits("1004")


def test_several_days_wait_for_somebody(maple):
    run = looked_at(a_window(calendar=days(but=(TUE, WED, THU))))
    assert at_north(run).asks == "days"

    applied(run.id)

    assert {TUE, WED, THU} <= days_here()


def test_several_enrollments_wait_for_somebody(maple):
    run = looked_at(a_window(enrollments=stays(but=(3, 4, 5))))
    assert at_north(run).asks == "enrollments"

    applied(run.id)

    assert len(enrolled()) == 8


def test_a_calendar_of_a_few_days_takes_nothing_away_around_them(maple):
    run = looked_at(a_window(calendar=[("North", "", WED, "no", 0, 0, "Weather day")]))

    assert (at_north(run).days_gone, at_north(run).days) == (0, 1)


def test_a_file_without_calendar_and_enrollments_takes_none_away(maple):
    run = looked_at(a_window())

    assert (at_north(run).days_gone, at_north(run).enrollments_gone) == (0, 0)


def test_a_calendar_that_is_empty_takes_nothing_away(maple):
    run = looked_at(a_window(calendar=[], enrollments=[]))

    assert (at_north(run).days_gone, at_north(run).enrollments_gone) == (0, 0)


def test_a_day_with_a_mark_in_the_same_file_and_a_student_with_one_stay(maple):
    told = a_window(
        marks=[("1003", "North", WED, "", "U")], calendar=days(but=(WED,)), enrollments=stays(but=(3,))
    )

    run = taken_in(told)

    assert (at_north(run).days_gone, at_north(run).enrollments_gone) == (0, 0)
    assert marks() == {("1003", WED, "DAY"): "U"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"calendar": [*days(but=(WED,)), ("North", "", "2026-09-99", "yes")]},
        {"enrollments": [*stays(but=(3,)), ("1003", "North", "", "soon")]},
        {"enrollments": [*stays(but=(3,)), ("", "North", "", ENTRY)]},
    ],
    ids=["a day", "their own row", "nobody's row"],
)
def test_what_a_row_may_be_about_that_was_set_aside_is_not_gone(maple, wrong):
    run = looked_at(a_window(**wrong))

    assert (at_north(run).days_gone, at_north(run).enrollments_gone) == (0, 0)


def test_an_enrollment_that_ended_before_the_window_stays(maple):
    db.session.execute(
        text("update school_enrollments set exit = '2026-09-04' where entry = :entry"), {"entry": ENTRY}
    )
    db.session.commit()

    run = looked_at(a_window(enrollments=[("1001", "North", "", ENTRY, "", "", "yes")]))

    assert at_north(run).enrollments_gone == 0


def test_rows_that_are_unclear_take_nothing_away(maple):
    told = a_window(
        marks=[("1001", "North", MON, "", "U"), ("", "North", TUE, "", "U")], calendar=days(but=(WED,))
    )

    assert at_north(looked_at(told)).days_gone == 0


def test_among_changes_a_row_says_itself_that_it_is_gone(maple):
    of_marks, of_days = "student_id,school_id,date,slot,code,op", "school_id,track,date,is_school_day,op"
    told = a_set(
        mode="delta",
        first=FIRST,
        last=LAST,
        marks=a_file("marks", [("1001", "North", MON, "", "U", "upsert")], head=of_marks),
        calendar=a_file(
            "calendar", [("North", "", WED, "", "delete"), ("North", "", THU, "yes", "upsert")], head=of_days
        ),
        enrollments=a_file(
            "enrollments",
            [("1003", "North", ENTRY, "delete"), ("1004", "North", ENTRY, "upsert")],
            head="student_id,school_id,entry_date,op",
        ),
    )

    run = taken_in(told, schools=(maple.schools["North"],))

    assert (at_north(run).days_gone, at_north(run).enrollments_gone) == (1, 1)
    assert days_here() == {row[2] for row in days(but=(WED,))}
    assert "1003" not in enrolled()
    assert len(enrolled()) == 7


def test_an_op_that_is_none_sets_its_row_aside(maple):
    head = "school_id,track,date,is_school_day,op"
    told = a_window(calendar=a_file("calendar", [("North", "", WED, "yes", "perhaps")], head=head))

    run = looked_at(told)

    assert [*set_aside(run).values()] == ["no_op"]
    assert (
        db.session.scalar(select(func.count()).select_from(StagedRow).where(StagedRow.import_id == run.id))
        == 0
    )


def test_another_school_keeps_its_days_and_students(maple):
    cedar = maple.schools["Cedar"]
    registers.calendar(cedar, weeks=3)
    mia = families.student("Mia", "Cole", number="2001", school=cedar)
    registers.enrolled(mia.id, cedar, entry=ENTRY)
    db.session.commit()

    taken_in(
        a_window(calendar=days(but=(WED,)), enrollments=stays(but=(3,))), schools=(maple.schools["North"],)
    )

    assert "2001" in enrolled()
    asked = select(func.count()).select_from(SchoolDay).where(SchoolDay.school_id == cedar)
    assert db.session.scalar(asked) == 15


def test_a_page_lists_what_is_gone(app: Flask, client: PageClient, world: World, maple: Place) -> None:
    run = looked_at(a_window(calendar=days(but=(WED,)), enrollments=stays(but=(3,))))
    client.sign_in(world.adams)

    shown = client.get(f"/maple/attendance/imports/{run.id}")
    assert "No longer there: 1 day, 1 enrollment" in shown.text
    listed = client.get(f"/maple/attendance/imports/{run.id}/gone?school={maple.schools['North']}")

    assert "Reyes 3" in listed.text
    assert "Sep 9" in listed.text or "9 Sep" in listed.text


def test_the_roster_may_lose_a_student_meanwhile(maple):
    run = looked_at(a_window(enrollments=stays(but=(3,))))
    db.session.execute(delete(SchoolEnrollment).where(SchoolEnrollment.entry == ENTRY))
    db.session.commit()

    applied(run.id)

    assert enrolled() == {f"100{at}" for at in (1, 2, 4, 5, 6, 7, 8)}
