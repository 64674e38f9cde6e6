"""The reader of OneRoster exports: what schools really upload, and what nobody should."""

import io
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from app.core import sheet
from app.core.feed import FedPerson, FedSchool, Item, LeftOut, Remark, Rule, Unreadable, WholeRead
from app.core.zipped import MOST_SHRUNK, MOST_UNPACKED
from app.integrations.oneroster.export import Export
from tests.roster.exports import (
    USERS,
    Member,
    an_export,
    as_csv,
    files,
    staff,
    students,
    zipped,
    zipped_texts,
)

TODAY = date(2026, 11, 26)
NORA = Member("u1", "Nora", "Bell", "Bell@Maple.example")


def read(export: bytes) -> list[Item]:
    return list(Export(io.BytesIO(export), today=TODAY).items())


def people(items: list[Item]) -> list[FedPerson]:
    return [item for item in items if isinstance(item, FedPerson)]


def rules(items: list[Item]) -> list[Rule]:
    return [item.rule for item in items if isinstance(item, LeftOut) and item.file == "users.csv"]


def remarks(items: list[Item]) -> str:
    return " ".join(item.sentence for item in items if isinstance(item, Remark))


def sentence_of(export: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        read(export)
    return refused.value.sentence


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_schools_and_staff_are_read_from_both_versions(version: str) -> None:
    items = read(an_export([NORA, *students(3)], version=version))

    assert [item.name for item in items if isinstance(item, FedSchool)] == ["Ash School", "Beech School"]
    (nora,) = people(items)
    assert (nora.key, nora.given_name, nora.family_name) == ("u1", "Nora", "Bell")
    assert (nora.email, nora.school_key, nora.role) == ("bell@maple.example", "s1", "teacher")
    assert rules(items) == [Rule.NOT_STAFF] * 3
    assert items[-1] == WholeRead(True)


def test_nothing_of_a_student_leaves_the_reader() -> None:
    items = read(an_export([NORA, *students(3)]))

    assert "Quokka" not in repr(items)
    assert "k1" not in repr(items)


def test_a_password_is_never_read_and_that_is_said() -> None:
    items = read(an_export([NORA], password="owl-moon-7"))

    assert "owl-moon-7" not in repr(items)
    assert "carries a column of passwords" in remarks(items)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end_is_one(end: str) -> None:
    assert len(people(read(zipped(files(staff(5)), end=end)))) == 5


def test_a_byte_order_mark_is_no_letter_of_the_first_column() -> None:
    assert len(people(read(zipped(files(staff(2)), encoding="utf-8-sig")))) == 2


def test_windows_1252_is_read_and_told() -> None:
    items = read(zipped(files([replace(NORA, given="Zoë")]), encoding="cp1252"))

    assert people(items)[0].given_name == "Zoë"
    assert "read as Windows-1252" in remarks(items)


def test_utf_16_is_read_and_told() -> None:
    items = read(zipped(files([replace(NORA, given="Zoë")]), encoding="utf-16"))

    assert people(items)[0].given_name == "Zoë"
    assert "UTF-16" in remarks(items)


@pytest.mark.parametrize("said", ["TRUE", "1", "true", "True", "", "yes"])
def test_yes_is_written_in_many_ways(said: str) -> None:
    assert people(read(an_export([replace(NORA, enabled=said)])))[0].active


@pytest.mark.parametrize("said", ["FALSE", "0", "false", "no"])
def test_no_is_written_in_many_ways(said: str) -> None:
    assert not people(read(an_export([replace(NORA, enabled=said)])))[0].active


def test_what_is_neither_yes_nor_no_is_left_out() -> None:
    assert rules(read(an_export([replace(NORA, enabled="perhaps")]))) == [Rule.UNCLEAR_FLAG]


def with_users(header: Sequence[str], *rows: Sequence[str]) -> bytes:
    return zipped({**files([NORA]), "users.csv": [header, *rows]})


def test_columns_may_stand_in_any_order() -> None:
    header = ["email", "familyName", "ext_shoe", "givenName", "sourcedId"]

    (nora,) = people(read(with_users(header, ["n@maple.example", "Bell", "38", "Nora", "u1"])))

    assert (nora.key, nora.given_name, nora.family_name, nora.email) == (
        "u1",
        "Nora",
        "Bell",
        "n@maple.example",
    )


def test_misspelt_headers_are_read_and_told() -> None:
    header = ["SourcedID", "given_name", "famlyName", "E-Mail"]

    items = read(with_users(header, ["u1", "Nora", "Bell", "n@maple.example"]))

    assert people(items)[0].family_name == "Bell"
    assert people(items)[0].email == "n@maple.example"
    for given, read_as in (("famlyName", "familyName"), ("given_name", "givenName"), ("E-Mail", "email")):
        assert f"“{given}” was read as {read_as}" in remarks(items)


def test_of_a_header_that_stands_twice_the_first_is_read() -> None:
    items = read(
        with_users(["sourcedId", "givenName", "familyName", "givenName"], ["u1", "Nora", "Bell", "Wrong"])
    )

    assert people(items)[0].given_name == "Nora"
    assert "givenName twice" in remarks(items)


def test_a_user_name_is_not_taken_for_a_misspelt_name() -> None:
    assert "no column givenName" in sentence_of(
        with_users(["sourcedId", "userName", "familyName"], ["u1", "x", "Bell"])
    )


def test_a_role_that_ended_yesterday_counts_no_more() -> None:
    made = files([NORA])
    made["roles.csv"][1] = ("r1", "", "", "u1", "primary", "teacher", "", "2026-11-25", "s1")
    second = files([replace(NORA, key="u2")])
    made["users.csv"] += second["users.csv"][1:]
    made["roles.csv"] += [("r2", "", "", "u2", "primary", "teacher", "", "2026-11-26", "s1")]

    items = read(zipped(made))

    assert [one.key for one in people(items)] == ["u2"]


def test_the_primary_role_names_the_school() -> None:
    made = files([NORA])
    made["users.csv"][1][list(USERS).index("primaryOrgSourcedId")] = ""  # type: ignore[index]
    made["roles.csv"][1:] = [
        ("r1", "", "", "u1", "secondary", "aide", "", "", "s2"),
        ("r2", "", "", "u1", "primary", "principal", "", "", "s1"),
    ]

    (nora,) = people(read(zipped(made)))

    assert (nora.role, nora.school_key) == ("principal", "s1")


def test_an_unknown_role_is_left_out_with_its_rule() -> None:
    assert rules(read(an_export([NORA, replace(NORA, key="u2", role="ext:wizard")]))) == [Rule.UNKNOWN_ROLE]


@pytest.mark.parametrize(
    ("change", "counts"),
    [({}, True), ({"kind": "delta"}, False)],
)
def test_absence_counts_in_bulk_files_alone(change: dict[str, str], counts: bool) -> None:
    assert read(an_export([NORA], **change))[-1] == WholeRead(counts)


def test_a_filled_status_makes_a_delta_of_what_calls_itself_bulk() -> None:
    items = read(an_export([replace(NORA, status="active")]))

    assert items[-1] == WholeRead(False)
    assert "nobody is taken to have left" in remarks(items)


def test_a_row_without_an_id_makes_absence_count_for_nothing() -> None:
    items = read(an_export([NORA, replace(NORA, key="")]))

    assert items[-1] == WholeRead(False)


def test_whoever_is_to_be_deleted_is_not_active() -> None:
    items = read(an_export([replace(NORA, status="tobedeleted"), replace(NORA, key="u2")]))

    assert [(one.key, one.active) for one in people(items)] == [("u1", False), ("u2", True)]


@pytest.mark.parametrize("name", ["../users.csv", "/etc/users.csv", "a/../../users.csv", "C:\\users.csv"])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    assert "leads out of it" in sentence_of(zipped_texts({name: b"x"}))


def test_a_zip_that_bursts_is_refused_before_it_is_unpacked() -> None:
    tracemalloc.start()
    bomb = zipped_texts({"users.csv": b"a" * 60_000_000, "orgs.csv": b"x"})
    tracemalloc.reset_peak()

    assert "far larger than any roster" in sentence_of(bomb)

    assert tracemalloc.get_traced_memory()[1] - len(bomb) < 5_000_000
    tracemalloc.stop()


def test_a_zip_that_lies_about_its_size_is_read_no_further_than_it_says() -> None:
    made = {name: as_csv(rows).encode() for name, rows in files(staff(50)).items()}
    whole = bytearray(zipped_texts(made))
    size = len(made["users.csv"]).to_bytes(4, "little")
    while (place := whole.find(size)) >= 0:
        whole[place : place + 4] = (60).to_bytes(4, "little")

    assert "damaged" in sentence_of(bytes(whole)) or "column" in sentence_of(bytes(whole))


def test_too_many_files_are_refused() -> None:
    assert "at most 200" in sentence_of(zipped_texts({f"{nth}.csv": b"" for nth in range(201)}))


def test_the_same_file_in_two_folders_is_refused() -> None:
    assert "users.csv twice" in sentence_of(zipped_texts({"a/users.csv": b"", "b/users.csv": b""}))


def test_a_folder_around_the_files_does_no_harm() -> None:
    made = {f"export/{name}": as_csv(rows).encode() for name, rows in files([NORA]).items()}

    assert len(people(read(zipped_texts(made)))) == 1


@pytest.mark.parametrize("given", [b"", b"hello", b"PK\x05\x06"])
def test_what_is_no_zip_is_said_to_be_none(given: bytes) -> None:
    assert "not a zip file" in sentence_of(given)


def test_a_quotation_mark_that_nobody_closed_is_refused() -> None:
    texts = {name: as_csv(rows).encode() for name, rows in files(staff(9)).items()}
    texts["users.csv"] = texts["users.csv"].replace(b"Given3", b'"Given3')

    assert "a quotation mark is not closed" in sentence_of(zipped_texts(texts))


def test_a_line_without_an_end_is_refused() -> None:
    endless = {name: as_csv(rows).encode() for name, rows in files([NORA]).items()}
    endless["users.csv"] += b"u2," + "ab cd\xeb".encode() * 20_000

    assert "longer than any row" in sentence_of(zipped_texts(endless))


def test_memory_is_bounded_however_long_the_file() -> None:
    export = io.BytesIO(an_export([NORA, *students(60_000)]))  # seven megabytes of users and of roles

    tracemalloc.start()
    for _ in Export(export, today=TODAY).items():
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 2_500_000


def test_the_same_file_yields_the_same_items_each_time() -> None:
    export = an_export([*staff(30), *students(30)])

    assert read(export) == read(export)


def test_a_manifest_that_says_absent_is_believed() -> None:
    assert "carries no users" in sentence_of(an_export([NORA], kind="absent"))


def test_limits_are_what_the_docs_say() -> None:
    assert (MOST_UNPACKED, MOST_SHRUNK, sheet.LONGEST_LINE) == (2 * 1024**3, 200, 65536)
