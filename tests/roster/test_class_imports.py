"""Classes and enrollments of an import: taken in where somebody asked for them, and ended by a whole reading alone."""

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import class_applying, class_comparing, class_staging, importing, staging
from app.roster.models.enrollment import Enrollment
from app.roster.models.import_class import ImportClass
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school_class import SchoolClass
from tests.roster.exports import (
    Enrolled,
    Member,
    Taught,
    families,
    files,
    of_classes,
    staff,
    with_classes,
    zipped,
)
from tests.roster.test_imports import again, answered, killed_after, log_of, looked_at, taken_in
from tests.world import World

STAFF = staff(4)
PEOPLE = [*STAFF, *families(8)]
ALGEBRA = Taught("c1", "Algebra", "ALG-1", course="math", terms="fall,spring", periods="1,2")
HOMEROOM = Taught("c2", "Room 12", "H12", kind="homeroom", school="s2")
ROLL = [
    Enrolled("e1", "c1", "u0", "teacher", "true"),
    *(Enrolled(f"e{2 + nth}", "c1", f"k{nth}") for nth in range(6)),
    Enrolled("h1", "c2", "u1", "teacher", "true"),
    *(Enrolled(f"h{2 + nth}", "c2", f"k{nth}", begins="2026-08-20") for nth in range(8)),
]
BOTH = [ALGEBRA, HOMEROOM]


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        source = RosterSource.of_kind(ONEROSTER_CSV)
        importing.put_families(source, takes=True)
        importing.put_classes(source, takes=True)
        db.session.commit()
        yield world


def an_export(
    classes: list[Taught] = BOTH, roll: list[Enrolled] = ROLL, *, people: list[Member] = PEOPLE, **more: str
) -> bytes:
    return with_classes(people, classes, roll, **more)


def called(title: str) -> SchoolClass:
    db.session.expire_all()
    found = db.session.scalar(select(SchoolClass).where(SchoolClass.title == title))
    assert found is not None
    return found


def keys_in(title: str) -> set[str]:
    """The ids of the enrollments that hold in a class."""
    found = called(title)
    held = select(Enrollment.key).where(Enrollment.class_id == found.id, Enrollment.ended_at.is_(None))
    return set(db.session.scalars(held)) if found.ended_at is None else set()


def written() -> dict[str, Any]:
    """Every row of both tables, by the transaction that wrote it."""
    asked = "select id, xmin::text from {} order by id"
    return {name: db.session.execute(text(asked.format(name))).all() for name in ("classes", "enrollments")}


def shape() -> list[Any]:
    """All that an import leaves of classes, whatever the ids that were made on the way."""
    asked = text(
        """
        select known.key, known.title, known.course, known.absences, known.ended_at is null, known.waits_for,
            known.digest <> '', school.name, one.key, one.role, one.absences, one.ended_at is null, people.given_name
        from classes known join schools school on school.id = known.school_id
        left join enrollments one on one.class_id = known.id left join people on people.id = one.person_id
        order by known.key, one.key
        """
    )
    return list(db.session.execute(asked).all())


def enrollments(run: RosterImport) -> dict[str, int]:
    return {name: count for name, count in ImportClass.counts_of_enrollments(run.id).items() if count}


def test_until_somebody_asks_for_them_they_are_passed_over(maple: World) -> None:
    importing.put_classes(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()

    run = taken_in(an_export())

    assert run.state == "done"
    assert db.session.scalar(select(func.count(SchoolClass.id))) == 0


def test_classes_are_seen_by_counts_and_then_taken_over(maple: World) -> None:
    run = looked_at(an_export())

    assert ImportClass.counts(run.id) == {"new": 2}
    assert enrollments(run) == {"enrolled": 16}
    assert db.session.scalar(select(func.count(SchoolClass.id))) == 0

    answered(run, removals=False)

    algebra = called("Algebra")
    assert (algebra.code, algebra.kind, algebra.course) == ("ALG-1", "scheduled", "Mathematics")
    assert (algebra.begins_on, algebra.ends_on) == (date(2026, 8, 20), date(2027, 6, 11))
    assert (algebra.periods, algebra.school.name) == (["1", "2"], "Ash School")
    room = called("Room 12")
    assert (room.kind, room.begins_on, room.school.name) == ("homeroom", None, "Beech School")
    day = date(2026, 11, 26)
    assert next(one.person.given_name for one in Enrollment.in_the_class(algebra.id, day)) == "Given0"
    assert len(Enrollment.in_the_class(algebra.id, day)) == 7
    assert len(Enrollment.in_the_class(room.id, day)) == 9
    assert len(Enrollment.in_the_class(room.id, date(2026, 8, 1))) == 1


def test_the_unchanged_file_writes_nothing(maple: World) -> None:
    taken_in(an_export())
    before = written()

    run = taken_in(an_export(salt="again"))

    assert written() == before
    assert run.classes_unchanged == {"classes": 2, "enrollments": 16}
    assert run.classes_staged == 0


def test_rows_in_another_order_are_the_same(maple: World) -> None:
    taken_in(an_export())

    run = taken_in(an_export(BOTH[::-1], ROLL[::-1]))

    assert run.classes_staged == 0


def test_what_changed_is_told_and_written_and_nothing_else(maple: World) -> None:
    taken_in(an_export())
    moved = [replace(one, begins="2026-09-01") if one.key == "e2" else one for one in ROLL]
    renamed = replace(ALGEBRA, title="Algebra I", school="s2")

    run = looked_at(an_export([renamed, HOMEROOM], [*moved, Enrolled("e9", "c1", "k7")]))

    assert ImportClass.counts(run.id) == {"changed": 1}
    assert enrollments(run) == {"enrolled": 1, "altered": 1}
    answered(run, removals=False)
    found = called("Algebra I")
    assert found.school.name == "Beech School"
    assert keys_in("Algebra I") == {f"e{nth}" for nth in range(1, 8)} | {"e9"}
    begins = select(Enrollment.begins_on).where(Enrollment.key == "e2")
    assert db.session.scalar(begins) == date(2026, 9, 1)


def test_an_enrollment_ends_when_it_is_missing_for_the_second_time(maple: World) -> None:
    taken_in(an_export())
    without = [one for one in ROLL if one.key != "e3"]

    first = taken_in(an_export(roll=without, salt="1"))

    assert enrollments(first) == {"first_missing": 1}
    assert "e3" in keys_in("Algebra")

    second = taken_in(an_export(roll=without, salt="2"))

    assert enrollments(second) == {"ending": 1}
    assert "e3" not in keys_in("Algebra")
    before = written()
    taken_in(an_export(roll=without, salt="3"))
    assert written() == before


def test_the_same_file_is_no_second_reading(maple: World) -> None:
    taken_in(an_export())
    without = an_export(BOTH[:1], [one for one in ROLL if one.of == "c1" and one.key != "e3"])
    taken_in(without)

    for _ in range(3):
        taken_in(without)

    assert "e3" in keys_in("Algebra")
    assert called("Room 12").absences == 1


def test_an_enrollment_that_is_there_again_was_never_away(maple: World) -> None:
    taken_in(an_export())
    taken_in(an_export(roll=[one for one in ROLL if one.key != "e3"]))
    taken_in(an_export(salt="whole again"))

    taken_in(an_export(roll=[one for one in ROLL if one.key != "e3"], salt="short again"))

    assert "e3" in keys_in("Algebra")


def test_a_class_ends_when_it_is_missing_for_the_second_time(maple: World) -> None:
    taken_in(an_export())
    alone = [one for one in ROLL if one.of == "c1"]

    taken_in(an_export([ALGEBRA], alone, salt="1"))
    assert called("Room 12").ended_at is None

    run = taken_in(an_export([ALGEBRA], alone, salt="2"))

    assert ImportClass.counts(run.id) == {"vanished": 1}
    assert called("Room 12").ended_at is not None
    assert keys_in("Algebra") == {one.key for one in alone}


def test_a_class_that_is_in_the_file_again_goes_on(maple: World) -> None:
    taken_in(an_export())
    for salt in "12":
        taken_in(an_export([ALGEBRA], [one for one in ROLL if one.of == "c1"], salt=salt))

    run = taken_in(an_export(salt="3"))

    assert ImportClass.counts(run.id) == {"returns": 1}
    assert len(keys_in("Room 12")) == 9


def test_what_is_said_to_be_over_ends_at_once(maple: World) -> None:
    taken_in(an_export())
    gone = [replace(ALGEBRA, status="tobedeleted"), replace(HOMEROOM, status="active")]
    roll = [
        replace(one, status="tobedeleted" if one.key == "h3" else "active") for one in ROLL if one.of == "c2"
    ]

    run = taken_in(an_export(gone, roll, kind="delta"))

    assert ImportClass.counts(run.id) == {"ends": 1, "changed": 1}
    assert called("Algebra").ended_at is not None
    assert keys_in("Room 12") == {one.key for one in ROLL if one.of == "c2"} - {"h3"}


def test_of_a_delta_nothing_is_missing(maple: World) -> None:
    taken_in(an_export())

    for salt in "12":
        taken_in(an_export([], [replace(ROLL[0], status="active")], kind="delta", salt=salt))

    assert len(keys_in("Algebra")) == 7
    assert called("Room 12").absences == 0


def test_a_delta_may_name_nothing_but_the_id_of_what_is_over(maple: World) -> None:
    taken_in(an_export())
    bare = [
        Enrolled("e4", "", "", "", status="tobedeleted"),
        Enrolled("h5", "", "", "", status="tobedeleted"),
    ]

    taken_in(
        an_export(
            [replace(ALGEBRA, status="active")], [*bare, replace(ROLL[1], status="active")], kind="delta"
        )
    )

    assert "e4" not in keys_in("Algebra")
    assert "h5" not in keys_in("Room 12")
    assert len(keys_in("Algebra")) == 6


@pytest.mark.parametrize("broken", ["nameless", "filled", "no enrollments.csv"])
def test_a_file_that_is_in_doubt_ends_nothing(maple: World, broken: str) -> None:
    taken_in(an_export())
    made = {
        "nameless": ([ALGEBRA], [ROLL[0], replace(ROLL[1], key="")]),
        "filled": ([replace(ALGEBRA, status="active")], ROLL[:2]),
        "no enrollments.csv": ([ALGEBRA], []),
    }[broken]
    everybody = files(PEOPLE)
    for salt in "123":
        export = an_export(*made, salt=salt)
        if broken == "no enrollments.csv":
            some = {name: rows for name, rows in of_classes(*made).items() if name != "enrollments.csv"}
            export = zipped(everybody | some, salt=salt)
        taken_in(export)

    assert len(keys_in("Algebra")) == 7
    assert len(keys_in("Room 12")) == 9


def test_whoever_is_not_here_is_counted_and_enrolled_once_they_are(maple: World) -> None:
    people = [one for one in PEOPLE if one.key != "k5"]

    run = looked_at(an_export(people=people))

    assert enrollments(run) == {"enrolled": 14, "of_strangers": 2}
    answered(run, removals=False)
    assert "e7" not in keys_in("Algebra")
    before = written()
    taken_in(an_export(people=people, salt="unchanged"))
    assert written() == before

    taken_in(an_export(salt="they are here"))

    assert "e7" in keys_in("Algebra")
    assert "h7" in keys_in("Room 12")


def test_nobody_teaches_as_a_student_or_learns_as_staff(maple: World) -> None:
    roll = [
        Enrolled("x1", "c1", "k1", "teacher"),
        Enrolled("x2", "c1", "u1", "student"),
        Enrolled("x3", "c1", "p1"),
    ]

    run = taken_in(an_export([ALGEBRA], roll))

    assert enrollments(run) == {"of_strangers": 3}
    assert keys_in("Algebra") == set()


def test_where_students_are_passed_over_classes_have_teachers_alone(maple: World) -> None:
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()

    run = taken_in(an_export())

    assert keys_in("Algebra") == {"e1"}
    assert run.left_out["students_passed_over"] == 14


def test_students_who_are_taken_in_no_more_stay_in_their_classes(maple: World) -> None:
    taken_in(an_export())
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()

    for salt in "12":
        taken_in(an_export(salt=salt))

    assert len(keys_in("Algebra")) == 7


def test_what_no_class_can_be_made_of_is_counted_and_stops_nothing(maple: World) -> None:
    classes = [*BOTH, Taught("c3", school="nowhere"), Taught("c4", "", ""), Taught("", "No id")]
    roll = [
        *ROLL,
        Enrolled("x1", "c3", "k1"),
        Enrolled("x2", "c9", "k1"),
        Enrolled("x3", "c1", "k1", "proctor"),
    ]

    run = taken_in(an_export(classes, roll))

    assert run.state == "done"
    told = {name: run.left_out.get(name) for name in ("no_name", "no_id", "other_enrollment")}
    assert told == {"no_name": 1, "no_id": 1, "other_enrollment": 1}
    assert enrollments(run) == {"enrolled": 16, "classless": 2}
    assert {one.rule for one in ImportClass.faults(run.id)} == {"no_name", "no_id", "no_such_school"}
    assert db.session.scalar(select(func.count(SchoolClass.id))) == 2


def test_the_guard_asks_before_many_classes_of_a_school_end(maple: World) -> None:
    many = [Taught(f"m{nth}", f"Class {nth}") for nth in range(12)]
    roll = [Enrolled(f"r{nth}", f"m{nth}", "k1") for nth in range(12)]
    taken_in(an_export(many, roll))

    run = looked_at(an_export(many[:11], roll[:11], salt="one less"))

    told = {one["group"]: (one["gone"], one["of"]) for one in run.guard["groups"]}
    assert told == {"Classes of Ash School": (1, 12)}
    answered(run, removals=False)
    assert called("Class 11").absences == 0


def test_the_guard_asks_before_many_enrollments_of_a_school_end(maple: World) -> None:
    taken_in(an_export())

    run = looked_at(an_export(roll=[one for one in ROLL if one.key not in ("e3", "e4")]))

    told = {one["group"]: (one["gone"], one["of"]) for one in run.guard["groups"]}
    assert told == {"Enrollments of Ash School": (2, 7)}
    answered(run, removals=False)
    held = select(func.count(Enrollment.id)).where(Enrollment.absences > 0)
    assert db.session.scalar(held) == 0


def test_a_new_school_year_ends_all_classes_once_somebody_said_so(maple: World) -> None:
    taken_in(an_export())
    next_year = [replace(ALGEBRA, key="n1", title="Geometry"), replace(HOMEROOM, key="n2", title="Room 13")]
    roll = [replace(one, key=f"n{one.key}", of=one.of.replace("c", "n")) for one in ROLL]

    for salt in "12":
        run = looked_at(an_export(next_year, roll, salt=salt))
        assert run.state == "ready"
        assert run.guard
        answered(run, removals=True)

    assert called("Algebra").ended_at is not None
    assert called("Room 12").ended_at is not None
    assert len(keys_in("Geometry")) == 7
    assert len(keys_in("Room 13")) == 9


def test_classes_of_a_year_that_is_over_by_its_days_need_no_word(maple: World) -> None:
    over = replace(ALGEBRA, terms="")
    taken_in(an_export([over, HOMEROOM]))
    db.session.execute(text("update classes set ends_on = '2026-06-12' where key = 'c1'"))
    db.session.commit()

    run = looked_at(an_export([HOMEROOM], [one for one in ROLL if one.of == "c2"]))

    assert not run.guard
    assert run.state == "done"


def test_one_who_is_known_under_another_id_keeps_the_place(maple: World) -> None:
    taken_in(an_export())
    rekeyed = [replace(one, key="other") if one.key == "k2" else one for one in PEOPLE]
    roll = [replace(one, person="other") if one.person == "k2" else one for one in ROLL]
    before = shape()

    taken_in(an_export(people=rekeyed, roll=roll))

    assert shape() == before


def test_a_worker_that_dies_at_any_batch_leaves_the_same(
    maple: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = [Taught(f"m{nth:02}", f"Class {nth}", school=f"s{1 + nth % 2}") for nth in range(30)]
    roll = [Enrolled(f"r{nth}", f"m{nth % 30:02}", f"k{nth % 8}") for nth in range(120)]
    later = [replace(one, begins="2026-09-01") if nth % 7 == 0 else one for nth, one in enumerate(roll)][:-20]
    monkeypatch.setattr(staging, "BATCH", 7)
    monkeypatch.setattr(class_staging, "MOST_AT_ONCE", 9)
    monkeypatch.setattr(class_comparing, "BATCH", 4)
    monkeypatch.setattr(class_applying, "BATCH", 4)

    def all_three(chance: random.Random | None) -> list[Any]:
        for nth, some in enumerate((roll, later, later)):
            run_id = importing.begin(
                io.BytesIO(an_export(classes[: 30 - nth], some, salt=f"{nth} {chance}")), by=SYSTEM
            ).id
            db.session.commit()
            while (run := again(run_id)).state != "done":
                if run.state == "ready":
                    importing.approve(run, removals=True)
                    db.session.commit()
                with killed_after(chance.randint(0, 5) if chance else None):
                    importing.advance(run_id)
        return shape()

    killed = all_three(random.Random(7))
    for table in ("enrollments", "roster_import_classes", "roster_import_seen", "classes"):
        db.session.execute(text(f"delete from {table}"))
    db.session.commit()

    assert all_three(None) == killed
    assert len(killed) > 100


def test_a_person_who_left_is_in_no_list(maple: World) -> None:
    taken_in(an_export())
    db.session.execute(
        text(
            "update people set active = false where id = (select person_id from source_people where key = 'k0')"
        )
    )

    listed = Enrollment.in_the_class(called("Algebra").id, date(2026, 11, 26))

    assert len(listed) == 6
    assert "Kid0" not in {one.person.given_name for one in listed}
    assert db.session.scalar(select(func.count(Person.id)).where(Person.given_name == "Kid0")) == 1


def test_what_was_staged_is_forgotten_with_its_import_and_the_classes_stay(maple: World) -> None:
    taken_in(an_export())

    with clock.frozen(clock.now() + importing.ROWS_ARE_KEPT * 1.01):
        importing.forget_old_imports()

    assert db.session.scalar(select(func.count(ImportClass.id))) == 0
    assert len(keys_in("Algebra")) == 7


def test_the_log_says_what_became_of_them(maple: World) -> None:
    run = taken_in(an_export())

    assert "Of classes new: 2. Of enrollments new: 16." in log_of(run)
