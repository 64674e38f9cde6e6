"""Enrollments are brought together class by class, in whatever order they come, and nobody is lost on the way."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import rolls
from app.core.feed import (
    Enrollment,
    FedClass,
    FedCourses,
    FedEnrollments,
    FedRoll,
    FedTerms,
    Item,
    LeftOut,
    Remark,
    Rule,
    Unreadable,
    WholeRead,
)
from app.core.rolls import gathered, unpacked

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8)
ENROLLMENTS = st.lists(
    st.tuples(WORDS, st.sampled_from("abcdef"), WORDS, st.sampled_from(["student", "teacher"]))
)


def a_class(key: str, **more: Any) -> FedClass:
    told = {
        "title": f"Class {key}",
        "code": "",
        "kind": "scheduled",
        "school_key": "s1",
        "course": "",
        "active": True,
    }
    return FedClass(file="classes.csv", line=2, key=key, **{**told, "periods": (), "terms": (), **more})


def enrolled(key: str, of: str, person: str, role: str = "student") -> Enrollment:
    return key, of, person, role, "", "", "", ""


def read(items: Iterable[Item], *, whole: bool = True) -> list[Item]:
    return list(gathered(iter([*items, WholeRead(True, whole)])))


@given(ENROLLMENTS, st.sets(st.sampled_from("abcdef")), st.randoms())
def test_each_enrollment_is_in_the_roll_of_its_class_and_in_no_other(
    told: list[tuple[str, str, str, str]], classes: set[str], dice: Any
) -> None:
    items: list[Item] = [a_class(key) for key in classes]
    items += [FedEnrollments([enrolled(*one)]) for one in told]
    dice.shuffle(items)

    found = [item for item in read(items) if isinstance(item, FedRoll)]

    assert sorted(one.key for one in found) == sorted(classes | {of for _, of, *_ in told})
    there = [
        (key, one.key, person, role) for one in found for key, _, person, role, *_ in map(unpacked, one.roll)
    ]
    assert sorted(there) == sorted(told)
    assert {one.key for one in found if one.told is not None} == classes


@given(ENROLLMENTS, st.integers(0, 20))
def test_the_order_is_the_same_each_time_so_reading_goes_on_where_it_was(
    told: list[tuple[str, str, str, str]], place: int
) -> None:
    items: list[Item] = [FedEnrollments([enrolled(*one) for one in told]), *map(a_class, "abc")]
    whole = read(items)

    again = list(islice(gathered(iter([*items, WholeRead(True, True)])), place, None))

    assert again == whole[place:]


def test_courses_and_terms_are_said_with_the_class() -> None:
    terms = FedTerms([("fall", "2026-08-20", "2027-01-15"), ("spring", "2027-01-18", "2027-06-11")])
    told = a_class("a", title="", course="math", terms=("spring", "fall", "none"))

    roll = read([terms, FedCourses([("math", "Mathematics")]), told])[0]

    assert isinstance(roll, FedRoll)
    assert roll.told is not None
    assert (roll.told.title, roll.told.course) == ("Mathematics", "Mathematics")
    assert (roll.told.begins_on, roll.told.ends_on) == ("2026-08-20", "2027-06-11")


def test_everything_else_passes_and_the_proof_comes_last() -> None:
    items = read([Remark("One."), a_class("a"), Remark("Two.")], whole=False)

    assert [type(item) for item in items] == [Remark, Remark, FedRoll, WholeRead]
    assert isinstance(items[2], FedRoll)
    assert not items[2].is_whole


def test_without_a_proof_there_are_no_rolls() -> None:
    assert list(gathered(iter([a_class("a"), FedEnrollments([enrolled("e", "a", "p")])]))) == []


def test_a_class_that_stands_there_twice_with_other_words_is_told_once() -> None:
    items = read([a_class("a"), a_class("a", title="Another"), a_class("b"), a_class("b")])

    assert [item.rule for item in items if isinstance(item, LeftOut)] == [Rule.TWICE]
    assert sorted(item.told.title for item in items if isinstance(item, FedRoll) and item.told) == [
        "Class a",
        "Class b",
    ]


@pytest.mark.parametrize("bound", ["MOST_CLASSES", "MOST_ENROLLMENTS", "MOST_TERMS", "MOST_COURSES"])
def test_more_than_any_roster_has_is_refused(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(rolls, bound, 1)
    two: dict[str, list[Item]] = {
        "MOST_CLASSES": [a_class("a"), a_class("b")],
        "MOST_ENROLLMENTS": [FedEnrollments([enrolled("e", "a", "p"), enrolled("f", "a", "p")])],
        "MOST_TERMS": [FedTerms([("a", "", ""), ("b", "", "")])],
        "MOST_COURSES": [FedCourses([("a", "A"), ("b", "B")])],
    }

    with pytest.raises(Unreadable, match="more than 1 "):
        read(two[bound])
