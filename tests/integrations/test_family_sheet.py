"""A CSV file of students and their guardians, as messy as schools make them."""

import io

import pytest

from app.core.feed import (
    FedGuardian,
    FedSchool,
    FedStudent,
    Item,
    LeftOut,
    Remark,
    Rule,
    Unreadable,
    WholeRead,
)
from app.integrations.spreadsheet import families
from app.integrations.spreadsheet.families import FamilySheet
from app.roster.models.guardianship import RELATIONS

HEADER = (
    "Student ID,First Name,Last Name,School,Grade,Guardian 1 Name,Guardian 1 Relationship,Guardian 1 Email,"
    "Guardian 1 Cell Phone,Guardian 2 First Name,Guardian 2 Last Name,Guardian 2 Phone,Guardian 2 Language,"
    "Medical Notes"
)
KIM = "N1,Kim,Quill,Ash School,4th,Ana Quill,Mother,Ana@home.example,312 555 0101,Bo,Quill,312 555 0102,Spanish,asthma"
SAM = "N2,Sam,Quill,Ash School,K,Ana Quill,Mother,ana@home.example,,,,,,"


def sheet_of(*lines: str, encoding: str = "utf-8", end: str = "\r\n") -> FamilySheet:
    return FamilySheet(io.BytesIO((end.join(lines) + end).encode(encoding)))


def read(*lines: str, has_everybody: bool = False, **other: str) -> list[Item]:
    sheet = sheet_of(*lines)
    return list(sheet.items({**sheet.guessed({}), **other}, has_everybody=has_everybody))


def students(items: list[Item]) -> list[FedStudent]:
    return [one for one in items if isinstance(one, FedStudent)]


def guardians(items: list[Item]) -> list[FedGuardian]:
    return [one for one in items if isinstance(one, FedGuardian)]


def test_columns_are_guessed_by_what_they_are_usually_called() -> None:
    assert sheet_of(HEADER, KIM).guessed({}) == {
        "number": "Student ID",
        "given_name": "First Name",
        "family_name": "Last Name",
        "school": "School",
        "grade": "Grade",
        "guardian_1_name": "Guardian 1 Name",
        "guardian_1_relation": "Guardian 1 Relationship",
        "guardian_1_email": "Guardian 1 Email",
        "guardian_1_mobile": "Guardian 1 Cell Phone",
        "guardian_2_name": "Guardian 2 First Name",
        "guardian_2_family_name": "Guardian 2 Last Name",
        "guardian_2_phone": "Guardian 2 Phone",
        "guardian_2_language": "Guardian 2 Language",
    }


def test_a_row_is_a_student_with_guardians_and_no_column_more() -> None:
    items = read(HEADER, KIM)

    [kim] = students(items)
    ana, bo = guardians(items)
    assert (kim.key, kim.given_name, kim.family_name, kim.grade, kim.school_key) == (
        "N1",
        "Kim",
        "Quill",
        "4",
        "ash school",
    )
    assert [one.name for one in items if isinstance(one, FedSchool)] == ["Ash School"]
    assert (ana.given_name, ana.family_name, ana.email, ana.mobile) == (
        "Ana",
        "Quill",
        "ana@home.example",
        "312 555 0101",
    )
    assert (bo.given_name, bo.family_name, bo.phone, bo.language) == (
        "Bo",
        "Quill",
        "312 555 0102",
        "Spanish",
    )
    assert kim.relatives == (ana.key, bo.key)
    assert kim.relations == ("Mother", "Family member")
    assert "asthma" not in repr(items)


def test_a_parent_of_two_is_told_once() -> None:
    items = read(HEADER, KIM, SAM)

    assert [one.given_name for one in guardians(items)] == ["Ana", "Bo"]
    kim, sam = students(items)
    assert sam.relatives == kim.relatives[:1]


@pytest.mark.parametrize(
    "second",
    [
        "N2,Sam,Other,Ash School,K,Ana Quill,Mother,ana.other@home.example,,,,,,",
        "N2,Sam,Other,Ash School,K,Ana Quill,Mother,,,,,,,",
        "N2,Sam,Other,Ash School,K,Eva Quill,Mother,ana@home.example,,,,,,",
    ],
)
def test_one_name_or_one_email_alone_makes_nobody_the_same(second: str) -> None:
    assert len(guardians(read(HEADER, KIM, second))) == 3


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Ana Quill", ("Ana", "Quill")),
        ('"Quill, Ana"', ("Ana", "Quill")),
        ("Ana María Quill", ("Ana María", "Quill")),
        ("Quill", ("", "Quill")),
        ("  Ana   Quill ", ("Ana", "Quill")),
    ],
)
def test_a_name_in_one_column_is_taken_apart(name: str, names: tuple[str, str]) -> None:
    [ana] = guardians(read(HEADER, SAM.replace("Ana Quill", name)))

    assert (ana.given_name, ana.family_name) == names


@pytest.mark.parametrize(
    ("word", "grade"),
    [
        ("4", "4"),
        ("04", "04"),
        ("4th", "4"),
        ("Grade 4", "4"),
        ("1st grade", "1"),
        ("K", "KG"),
        ("Pre-K", "PK"),
    ],
)
def test_a_grade_is_understood_as_people_write_it(word: str, grade: str) -> None:
    assert students(read(HEADER, KIM.replace("4th", word)))[0].grade == grade


@pytest.mark.parametrize(
    ("word", "relation"),
    [
        ("mom", "Mother"),
        ("FATHER", "Father"),
        ("Step-Mother", "Mother, step"),
        ("Legal Guardian", "Guardian"),
        ("", "Family member"),
        ("neighbor", "Family member"),
    ],
)
def test_a_relationship_is_understood_as_people_write_it(word: str, relation: str) -> None:
    [sam] = students(read(HEADER, SAM.replace("Mother", word)))

    assert sam.relations == (relation,)


def test_every_relationship_is_one_of_the_rosters() -> None:
    assert {*families.RELATIONS.values(), families.SOMEHOW} <= set(RELATIONS)


def test_a_row_for_each_guardian_is_one_student() -> None:
    header = "Student ID,First Name,Last Name,Parent Name,Parent Email"
    items = read(
        header, "N1,Kim,Quill,Ana Quill,ana@home.example", "N1,Kim,Quill,Bo Quill,bo@home.example",
        "N2,Sam,Quill,Bo Quill,bo@home.example",
    )  # fmt: skip

    assert [len(one.relatives) for one in students(items)] == [2, 1]
    assert [one.given_name for one in guardians(items)] == ["Ana", "Bo"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (KIM.replace("N1", ""), Rule.NO_ID),
        (KIM.replace("Kim,Quill", ","), Rule.NO_NAME),
        (KIM.replace("Kim", "K" * 81), Rule.TOO_LONG),
        (KIM.replace("N1", "N" * 65), Rule.TOO_LONG),
        (KIM.replace("Ana Quill", "A" * 81 + " Quill"), Rule.TOO_LONG),
        ("N1,Kim", Rule.SHORT_ROW),
    ],
)
def test_what_is_wrong_in_a_row_is_told_by_its_rule(line: str, rule: Rule) -> None:
    assert [one.rule for one in read(HEADER, line, SAM) if isinstance(one, LeftOut)] == [rule]


def test_a_guardian_without_a_name_is_nobody() -> None:
    items = read(HEADER, "N1,Kim,Quill,Ash School,4,,Mother,ana@home.example,,,,,,")

    assert guardians(items) == []
    assert students(items)[0].relatives == ()


def test_nobody_is_missing_from_a_list_of_some() -> None:
    assert read(HEADER, KIM)[-1] == WholeRead(False)
    assert read(HEADER, KIM, has_everybody=True)[-1] == WholeRead(True)
    items = read(HEADER, KIM, KIM.replace("N1", ""), has_everybody=True)
    assert items[-1] == WholeRead(False)
    assert any(isinstance(one, Remark) and "whose they are" in one.sentence for one in items)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(Unreadable, match="nobody in this file"):
        read(HEADER)


def test_more_rows_of_one_student_than_anybody_has_guardians_are_no_student() -> None:
    items = read(HEADER, *[KIM] * 11, SAM)

    assert [one.key for one in students(items)] == ["N2"]
