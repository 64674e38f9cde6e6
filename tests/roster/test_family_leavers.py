"""Who is in the files no more has left, and what they told ends: not by a broken feed, nor what the office wrote."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.core.db import db
from app.roster.actions import (
    guardians,
    importing,
    students,
)
from app.roster.actions.refused import Refused
from app.roster.models.guardianship import Guardianship
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from tests.roster.exports import an_export, broken, families, staff
from tests.roster.family_imports import (  # noqa: F401 (fixtures)
    STAFF,
    count,
    guardian_called,
    maple,
    of_kind,
    parents_of,
    student,
)
from tests.roster.test_imports import (
    answered,
    looked_at,
    taken_in,
    who_works,
)
from tests.world import World


def test_whoever_is_missing_from_two_files_in_a_row_has_left(maple: World) -> None:
    members = families(80)
    taken_in(an_export([*STAFF, *members]))
    fewer = [one for one in members if one.key != "k79"]

    first = taken_in(an_export([*STAFF, *fewer]))
    assert of_kind(first, "student")["missing"] == 1
    assert student("N79").person.active

    second = taken_in(an_export([*STAFF, *fewer], salt="b"))
    assert of_kind(second, "student")["vanished"] == 1
    assert not student("N79").person.active


def test_whoever_comes_back_goes_to_school_here_again(maple: World) -> None:
    members = families(80)
    taken_in(an_export([*STAFF, *members]))
    fewer = [one for one in members if one.key != "k79"]
    for salt in "ab":
        taken_in(an_export([*STAFF, *fewer], salt=salt))

    run = taken_in(an_export([*STAFF, *members], salt="c"))

    assert of_kind(run, "student")["returns"] == 1
    assert student("N79").person.active


def test_whom_the_office_marked_as_left_no_file_brings_back(maple: World) -> None:
    taken_in(an_export([*STAFF, *families(4)]))
    students.leave(student("N0"))
    db.session.commit()

    run = taken_in(an_export([*STAFF, *families(4)], salt="b"))

    assert of_kind(run, "student") == {"left_out": 1, "same": 3}
    assert not student("N0").person.active


def test_families_that_are_passed_over_again_are_not_missing(maple: World) -> None:
    taken_in(an_export([*STAFF, *families(40)]))
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()

    for salt in "ab":
        run = taken_in(an_export([*STAFF, *families(40)], salt=salt))

    assert run.guard == {}
    assert student("N0").person.active


def test_the_guard_asks_when_too_many_students_would_go(maple: World) -> None:
    members = families(40)
    taken_in(an_export([*STAFF, *members]))

    run = looked_at(an_export([*STAFF, *(one for one in members if one.key not in ("k0", "k2", "k4"))]))

    groups = {group["group"]: (group["gone"], group["of"]) for group in run.guard["groups"]}
    assert groups["student"] == (3, 40)
    assert "parent" not in groups


@pytest.mark.parametrize("shape", sorted(broken(staff(4), "")))
def test_a_broken_feed_deactivates_no_student_and_no_guardian(maple: World, shape: str) -> None:
    members = [*staff(40), *families(40)]
    taken_in(an_export(members))
    here, held = who_works(), count(Guardianship)

    for salt in ("first", "second", "third"):
        try:
            run = looked_at(broken(members, salt)[shape])
        except Refused:
            continue
        if run.state == "ready":
            run = answered(run, removals=not run.guard)
        assert run.is_over

    assert here <= who_works()
    lasting = select(func.count(Guardianship.id)).where(Guardianship.ended_at.is_(None))
    assert (db.session.scalar(lasting) or 0) >= held


def test_the_guard_asks_when_many_relationships_would_end(maple: World) -> None:
    members = families(40)
    taken_in(an_export([*STAFF, *members]))
    shifted = [
        replace(one, relatives=f"q{int(one.key[1:]) // 2}") if one.role == "student" else one
        for one in members
    ]
    held = parents_of("N1")

    run = looked_at(an_export([*STAFF, *shifted]))
    assert [group["group"] for group in run.guard["groups"]] == ["relationships"]
    answered(run, removals=False)

    assert parents_of("N1") == held | {"Parentq0"}


def test_a_relationship_that_a_file_told_and_tells_no_more_ends(maple: World) -> None:
    members = families(80)
    taken_in(an_export([*STAFF, *members]))
    members[0] = replace(members[0], relatives="p0")

    run = taken_in(an_export([*STAFF, *members]))

    assert run.guard == {}
    assert parents_of("N0") == {"Parentp0"}
    assert taken_in(an_export([*STAFF, *members], salt="b")).state == "done"


def test_one_that_both_told_and_tell_no_more_in_one_file_ends_too(maple: World) -> None:
    members = families(80)
    told = [replace(one, relatives="k0,k1") if one.key == "q0" else one for one in members]
    taken_in(an_export([*STAFF, *told]))
    telling = {"k0": "p0", "q0": "k1"}

    taken_in(
        an_export([*STAFF, *(replace(one, relatives=telling.get(one.key, one.relatives)) for one in told)])
    )

    assert parents_of("N0") == {"Parentp0"}


def test_a_relationship_that_the_office_entered_stays(maple: World) -> None:
    named = families(80)
    unnamed = [replace(named[0], relatives="p0"), *named[1:]]
    taken_in(an_export([*STAFF, *unnamed]))
    guardians.link(student("N0"), guardian_called("Parentq0"), "Aunt")
    db.session.commit()

    for salt, members in enumerate((named, unnamed)):
        taken_in(an_export([*STAFF, *members], salt=str(salt)))

    assert parents_of("N0") == {"Parentp0", "Parentq0"}


def test_whom_the_office_took_off_the_list_no_file_puts_back(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))
    held = Guardianship.between(student("N0").id, guardian_called("Parentq0").id)
    assert held is not None
    guardians.unlink(held)
    db.session.commit()
    members[0] = replace(members[0], given="Max")

    taken_in(an_export([*STAFF, *members]))

    assert parents_of("N0") == {"Parentp0"}
