"""A list of students and guardians, from the file to the families: the same steps and the same promises."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.actions.refused import Refused
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import FAMILY_SPREADSHEET, ONEROSTER_CSV, RosterSource
from app.roster.models.student import Student
from tests.integrations.test_family_sheet import HEADER, KIM, SAM
from tests.page_client import PageClient
from tests.roster.exports import an_export
from tests.roster.family_imports import of_kind
from tests.roster.test_imports import again, answered, taken_in
from tests.roster.two_sources import ADA
from tests.roster.two_sources import ANA as ANA_OF_THE_FILE
from tests.roster.two_sources import KIM as KIM_OF_THE_FILE
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
        yield world


def looked_at(*lines: str, has_everybody: bool = False) -> RosterImport:
    """Uploaded, its columns chosen as they are guessed, read and compared."""
    octets = ("\r\n".join((HEADER, *lines)) + "\r\n").encode()
    run = importing.begin(io.BytesIO(octets), by=SYSTEM, sheet=FAMILY_SPREADSHEET)
    _, guess, _ = importing.columns_of(run)
    importing.choose_columns(run, guess, has_everybody=has_everybody)
    run_id = run.id
    db.session.commit()
    importing.advance(run_id)
    return again(run_id)


def read_in(*lines: str, has_everybody: bool = False) -> RosterImport:
    run = looked_at(*lines, has_everybody=has_everybody)
    return answered(run, removals=True) if run.state == "ready" else run


def numbered(number: str) -> Student:
    db.session.expire_all()
    found = Student.numbered(number)
    assert found is not None
    return found


def guardians_of(number: str) -> dict[str, str]:
    held = Guardianship.of_student(numbered(number).id)
    return {db.session.get_one(Guardian, one.guardian_id).name: one.relation for one in held}


def test_students_and_their_guardians_are_taken_in(maple: World) -> None:
    run = read_in(KIM, SAM)

    assert run.state == "done"
    assert of_kind(run, "student") == {"new": 2}
    assert of_kind(run, "guardian") == {"new": 2}
    assert (numbered("N1").name, numbered("N1").grade, numbered("N2").grade) == ("Kim Quill", "04", "KG")
    assert guardians_of("N1") == {"Ana Quill": "Mother", "Bo Quill": "Family member"}
    assert guardians_of("N2") == {"Ana Quill": "Mother"}
    languages = {one.name: one.language for one in db.session.scalars(select(Guardian))}
    assert languages["Bo Quill"] == "es"
    assert languages["Ana Quill"] == "en"


def test_nobody_is_written_to_because_of_a_list(maple: World) -> None:
    read_in(KIM)

    assert db.session.scalar(select(func.count(GuardianRight.id))) == 0
    assert {one.consent for one in db.session.scalars(select(Contact))} == {"not asked"}
    for table in ("roster_import_rows", "source_people", "guardian_contacts", "audit_entries"):
        lies_open = text(f"select count(*) from {table} t where t::text ilike '%home.example%'")
        assert db.session.scalar(lies_open) == 0, table


def test_it_is_off_until_an_admin_says_so(maple: World) -> None:
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)

    with pytest.raises(Refused, match="passed over"):
        looked_at(KIM)
    assert db.session.scalar(select(func.count(RosterImport.id))) == 0


def test_the_same_list_again_writes_nothing(maple: World) -> None:
    read_in(KIM, SAM)
    tables = ("people", "students", "guardians", "guardianships", "guardian_contacts", "source_people")

    def rows() -> list[object]:
        asked = "select id, xmin::text from {} order by id"
        return [db.session.execute(text(asked.format(table))).all() for table in tables]

    before = rows()
    run = read_in(KIM, SAM)

    assert run.state == "done"
    assert rows() == before


def test_whoever_is_missing_from_two_whole_lists_has_left(maple: World) -> None:
    others = [f"X{nth},Kid{nth},Other,Ash School,4,,,,,,,,," for nth in range(40)]
    read_in(KIM, *others, has_everybody=True)

    read_in(*others, has_everybody=True)
    assert numbered("N1").person.active
    read_in(*others, "X99,One,More,Ash School,4,,,,,,,,,", has_everybody=True)

    assert not numbered("N1").person.active


def test_a_list_of_some_takes_nobody_out(maple: World) -> None:
    read_in(KIM, SAM)

    for nth in range(2):
        read_in(SAM, f"X{nth},Kid,Other,Ash School,4,,,,,,,,,")

    assert numbered("N1").person.active


def test_another_email_of_the_same_guardian_takes_the_place_of_the_old(maple: World) -> None:
    read_in(KIM)

    run = read_in(KIM.replace("Ana@home.example", "ana@new.example"))

    assert of_kind(run, "guardian") == {"changed": 1, "same": 1}
    assert guardians_of("N1") == {"Ana Quill": "Mother", "Bo Quill": "Family member"}
    values = {one.value for one in db.session.scalars(select(Contact).where(Contact.kind == "email"))}
    assert values == {"ana@new.example"}


def test_beside_a_oneroster_file_it_fills_in(maple: World) -> None:
    taken_in(an_export([ADA, KIM_OF_THE_FILE, ANA_OF_THE_FILE]))

    run = read_in(KIM.replace("4th", "5th"))

    assert of_kind(run, "student") == {"matched": 1}
    assert of_kind(run, "guardian") == {"matched": 1, "new": 1}
    assert numbered("N1").grade == "04"
    assert guardians_of("N1") == {"Ana Quill": "Parent", "Bo Quill": "Family member"}
    assert db.session.scalar(select(func.count(Person.id)).where(Person.given_name == "Ana")) == 1


def test_an_admin_uploads_a_list_and_says_which_column_is_what(
    client: PageClient, maple: World, world: World
) -> None:
    client.sign_in(world.adams)
    octets = ("\r\n".join((HEADER, KIM)) + "\r\n").encode()
    form = client.get("/maple/admin/imports")

    uploaded = client.submit(
        form,
        action="/maple/admin/imports",
        file=(io.BytesIO(octets), "students.csv"),
        sheet=FAMILY_SPREADSHEET,
        status=303,
    )
    asked = client.follow(uploaded)

    assert "Guardian 1" in asked.text
    assert "In the first row: N1" in asked.text
    assert "asthma" not in asked.text
    assert "Work email" not in asked.text
    refused = client.submit(asked, "/columns", number="", guardian_1_name="", status=422)
    assert "Choose the column of the student number" in refused.text
    assert "Choose the column in which the name of guardian 1 stands." in refused.text
    assert "The file is being read." in client.follow(client.submit(asked, "/columns", status=303)).text


def test_without_a_word_of_an_admin_the_page_refuses_the_list(
    client: PageClient, maple: World, world: World
) -> None:
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()
    client.sign_in(world.adams)

    refused = client.submit(
        client.get("/maple/admin/imports"),
        action="/maple/admin/imports",
        file=(io.BytesIO(f"{HEADER}\r\n{KIM}\r\n".encode()), "students.csv"),
        sheet=FAMILY_SPREADSHEET,
        status=422,
    )

    assert "Have them taken in first" in refused.text
