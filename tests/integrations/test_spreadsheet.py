"""A CSV file of staff, whatever its columns are called."""

import io

import pytest

from app.core.feed import FedPerson, FedSchool, Item, LeftOut, Remark, Rule, Unreadable, WholeRead
from app.integrations.spreadsheet import sheet, staff
from app.integrations.spreadsheet.staff import StaffSheet

HEADER = "Employee ID,First Name,Last Name,Work Email,Building,Job Title,Password"
NORA = "17,Nora,Bell,Bell@maple.example,Ash School,Grade 4 teacher,hunter2"
COLUMNS = {
    "given_name": "First Name",
    "family_name": "Last Name",
    "email": "Work Email",
    "number": "Employee ID",
    "school": "Building",
    "role": "Job Title",
}


def sheet_of(*lines: str, encoding: str = "utf-8", end: str = "\r\n") -> StaffSheet:
    return StaffSheet(io.BytesIO((end.join(lines) + end).encode(encoding)))


def read(sheet: StaffSheet, *, has_everybody: bool = False, **other: str) -> list[Item]:
    return list(sheet.items({**COLUMNS, **other}, has_everybody=has_everybody))


def test_the_columns_that_were_chosen_are_read_and_no_others() -> None:
    items = read(sheet_of(HEADER, NORA))

    assert [one for one in items if isinstance(one, FedSchool)] == [
        FedSchool(file=sheet.FILE, line=2, key="ash school", name="Ash School")
    ]
    [nora] = [one for one in items if isinstance(one, FedPerson)]
    assert (nora.key, nora.given_name, nora.family_name, nora.email) == (
        "17",
        "Nora",
        "Bell",
        "bell@maple.example",
    )
    assert (nora.school_key, nora.role, nora.active) == ("ash school", "Grade 4 teacher", True)
    assert "hunter2" not in repr(items)


def test_columns_are_guessed_by_what_they_are_usually_called() -> None:
    assert sheet_of(HEADER, NORA).guessed({}) == COLUMNS


def test_what_was_chosen_the_last_time_is_offered_again() -> None:
    chosen = {"family_name": "Last Name", "email": "Gone by now"}

    assert sheet_of(HEADER, NORA).guessed(chosen) == {"family_name": "Last Name"}


def test_the_example_shows_no_column_that_nobody_asked_for() -> None:
    assert sheet_of(HEADER, NORA).example(["First Name"]) == {"First Name": "Nora"}


@pytest.mark.parametrize("sign", sheet.BETWEEN)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_it_is_read_however_it_was_saved(sign: str, encoding: str, end: str) -> None:
    lines = [line.replace(",", sign) for line in (HEADER, NORA.replace("Nora", "Zoë"))]

    [zoe] = [one for one in read(sheet_of(*lines, encoding=encoding, end=end)) if isinstance(one, FedPerson)]
    assert (zoe.given_name, zoe.email) == ("Zoë", "bell@maple.example")


def test_whoever_has_no_number_is_known_by_the_address() -> None:
    [nora] = [one for one in read(sheet_of(HEADER, NORA.replace("17", ""))) if isinstance(one, FedPerson)]

    assert nora.key == "bell@maple.example"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (",Nora,Bell,,Ash School,,", Rule.NO_ID),
        ("17,,,bell@maple.example,Ash School,,", Rule.NO_NAME),
        ("17,Nora,Bell,not an address,Ash School,,", Rule.NO_ADDRESS),
        (f"17,{'N' * 81},Bell,bell@maple.example,Ash School,,", Rule.TOO_LONG),
        ("17,Nora", Rule.SHORT_ROW),
    ],
)
def test_what_is_wrong_in_a_row_is_told_by_its_rule(line: str, rule: Rule) -> None:
    assert [one.rule for one in read(sheet_of(HEADER, line, NORA)) if isinstance(one, LeftOut)] == [rule]


def test_a_flag_that_is_neither_yes_nor_no_is_told() -> None:
    sheet = sheet_of(f"{HEADER},Active", f"{NORA},perhaps", f"{NORA.replace('17', '18')},no")

    items = read(sheet, active="Active")
    assert [one.rule for one in items if isinstance(one, LeftOut)] == [Rule.UNCLEAR_FLAG]
    assert [one.active for one in items if isinstance(one, FedPerson)] == [False]


def test_absence_counts_only_if_an_admin_says_that_everybody_is_in_it() -> None:
    assert read(sheet_of(HEADER, NORA))[-1] == WholeRead(counts_absence=False)
    assert read(sheet_of(HEADER, NORA), has_everybody=True)[-1] == WholeRead(counts_absence=True)


def test_absence_does_not_count_where_a_row_cannot_be_told_whose_it_is() -> None:
    items = read(sheet_of(HEADER, NORA, ",Ada,Wu,,,,"), has_everybody=True)

    assert items[-1] == WholeRead(counts_absence=False)
    assert any(isinstance(one, Remark) and "cannot be told whose" in one.sentence for one in items)


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (HEADER.encode(), "nobody in this file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not a text file"),
        (b"a," * 600 + b"\nx", "columns"),
        (HEADER.encode() + b'\r\n17,"Nora,Bell\r\n' + NORA.encode() + b"\r\n", "quotation mark"),
        (HEADER.encode() + b"\r\n" + b"x" * 70_000, "longer than any row"),
    ],
)
def test_what_is_no_list_of_staff_is_refused_by_a_sentence(octets: bytes, says: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(StaffSheet(io.BytesIO(octets)))

    assert says in refused.value.sentence


def test_a_column_of_too_many_schools_is_the_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_SCHOOLS", 1)
    other = NORA.replace("17", "18").replace("Ash School", "Beech School")

    with pytest.raises(Unreadable, match="Is it the right one"):
        read(sheet_of(HEADER, NORA, other))


def test_more_people_than_any_district_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "MOST_STAFF", 1)

    with pytest.raises(Unreadable, match="more than 1 people"):
        read(sheet_of(HEADER, NORA, NORA.replace("17", "18")))


def test_the_same_file_yields_the_same_items_each_time() -> None:
    sheet = sheet_of(HEADER, NORA, NORA.replace("17", "18"))

    assert read(sheet) == read(sheet)
