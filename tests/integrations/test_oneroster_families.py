"""Students and families out of a OneRoster export: what is asked for and no more, however the file is made."""

import io
from dataclasses import replace
from datetime import date
from typing import TypeVar

import pytest

from app.core.feed import FedGuardian, FedPerson, FedStudent, Item, LeftOut, Remark, Rule, Unreadable
from app.integrations.oneroster import export as oneroster
from app.integrations.oneroster.export import Export
from app.integrations.oneroster.people import MOST_RELATIVES
from tests.roster.exports import Member, an_export, families, files, staff, students, zipped

T = TypeVar("T")
TODAY = date(2026, 11, 26)
KID = Member(
    "k1", "Kim", "Quill", "kim@maple.example", role="student", number="N1", grades="09,10", relatives="p1, p2"
)


def read(export: bytes, *, asked: bool = True) -> list[Item]:
    return list(Export(io.BytesIO(export), today=TODAY, families=asked).items())


def of(kind: type[T], items: list[Item]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def remarks(items: list[Item]) -> str:
    return " ".join(item.sentence for item in of(Remark, items))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_student_is_read_from_both_versions(version: str) -> None:
    (kim,) = of(FedStudent, read(an_export([*staff(2), KID], version=version)))

    assert (kim.given_name, kim.family_name, kim.number, kim.grade) == ("Kim", "Quill", "N1", "09")
    assert (kim.school_key, kim.active, kim.relatives) == ("s1", True, ("p1", "p2"))


def test_without_being_asked_for_they_are_left_out_without_a_name() -> None:
    items = read(an_export([*staff(2), *families(2)]), asked=False)

    assert not of(FedStudent, items)
    assert {(item.rule, item.family_name) for item in of(LeftOut, items) if item.file == "users.csv"} == {
        (Rule.NOT_STAFF, "")
    }


def test_a_student_without_a_number_is_known_by_the_sourced_id() -> None:
    (kim,) = of(FedStudent, read(an_export([*staff(2), replace(KID, number="")])))

    assert kim.number == "k1"


@pytest.mark.parametrize("flag", ["TRUE", "1", "true", "yes", ""])
def test_a_flag_is_understood_as_schools_write_it(flag: str) -> None:
    (kim,) = of(FedStudent, read(an_export([*staff(2), replace(KID, enabled=flag)])))

    assert kim.active


def test_what_is_wrong_with_a_student_or_a_guardian_is_a_rule() -> None:
    wrong = [
        replace(KID, key="k2", enabled="perhaps"),
        replace(KID, key="k3", given="", family=""),
        replace(KID, key="k4", number="9" * 61),
        Member("p9", "A" * 81, "Quill", "", role="parent"),
    ]

    items = read(an_export([*staff(2), *wrong]))

    rules = [item.rule for item in of(LeftOut, items) if item.file == "users.csv"]
    assert rules == [Rule.UNCLEAR_FLAG, Rule.NO_NAME, Rule.TOO_LONG, Rule.TOO_LONG]


def test_a_misspelt_header_is_read_and_told() -> None:
    made = files([*staff(2), KID])
    made["users.csv"][0] = [
        "agentSourcedId" if name == "agentSourcedIds" else name for name in made["users.csv"][0]
    ]

    items = read(zipped(made))

    assert of(FedStudent, items)[0].relatives == ("p1", "p2")
    assert "“agentSourcedId” was read as agentSourcedIds" in remarks(items)


def test_whoever_is_staff_and_a_guardian_is_staff_and_a_student_no_guardian() -> None:
    made = files([*staff(2), KID])
    roles = made["roles.csv"]
    roles[1:1] = [
        ("x1", "", "", "u0", "primary", "parent", "", "", "s1"),
        ("x2", "", "", "k1", "primary", "parent", "", "", "s1"),
    ]

    items = read(zipped(made))

    assert {one.key for one in of(FedPerson, items)} == {"u0", "u1"}
    assert [one.key for one in of(FedStudent, items)] == ["k1"]
    assert not of(FedGuardian, items)


def test_whoever_has_no_role_today_is_left_out_without_a_name() -> None:
    made = files([*staff(2), *students(1)])
    made["roles.csv"][-1] = (*made["roles.csv"][-1][:7], "2026-06-30", "s1")

    items = read(zipped(made))

    assert [(one.rule, one.family_name) for one in of(LeftOut, items) if one.file == "users.csv"] == [
        (Rule.NO_ROLE, "")
    ]


def test_relatives_are_bounded() -> None:
    many = replace(KID, relatives=",".join(f"p{nth}" for nth in range(1000)))

    (kim,) = of(FedStudent, read(an_export([*staff(2), many])))

    assert len(kim.relatives) == MOST_RELATIVES


def test_more_people_than_any_district_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oneroster, "MOST_PEOPLE", 5)

    with pytest.raises(Unreadable, match="More than 5 people"):
        read(an_export([*staff(2), *students(4)]))
