"""Importing people, through the doors."""

import io
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from tests.page_client import Page, PageClient
from tests.roster.exports import (
    Enrolled,
    Member,
    Taught,
    an_export,
    families,
    staff,
    students,
    with_classes,
    zipped_texts,
)
from tests.world import World


def upload(client: PageClient, export: bytes, **kwargs: Any) -> Any:
    form = client.get("/maple/admin/imports")
    return client.submit(
        form, action="/maple/admin/imports", file=(io.BytesIO(export), "export.zip"), **kwargs
    )


def under_way(app: Flask, world: World) -> UUID:
    """The import that is not over."""
    with app.app_context(), as_district(world.maple.id):
        run = RosterImport.under_way()
        assert run is not None
        return run.id


def chosen(page: Page, name: str) -> str:
    """What stands in a list to choose from."""
    offered = page.one("select", name=name).all("option")
    return next(one.text for one in offered if "selected" in one.attributes)


def work(app: Flask, world: World) -> RosterImport:
    """What a worker would do now."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        run = db.session.scalars(select(RosterImport).order_by(RosterImport.id.desc())).first()
        assert run is not None
        run_id = run.id
        importing.advance(run_id)
        found = RosterImport.find(run_id)
        assert found is not None
        return found


def test_an_admin_uploads_looks_and_applies(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    shown = client.follow(upload(client, an_export([*staff(4), *students(3)])))
    assert "Being read" in shown.text
    run = work(app, world)
    shown = client.get(f"/maple/admin/imports/{run.id}")
    assert "Nothing has changed yet" in shown.text
    assert "students and families were not to be taken in" in shown.text
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", status=303)
    work(app, world)

    assert "Done" in client.get(f"/maple/admin/imports/{run.id}").text
    with app.app_context(), as_district(world.maple.id):
        assert Person.with_address("u1@maple.example") is not None


def test_the_progress_asks_again_only_while_there_is_any(
    app: Flask, client: PageClient, world: World
) -> None:
    client.sign_in(world.adams)
    upload(client, an_export(staff(4)), status=303)
    with app.app_context(), as_district(world.maple.id):
        run = RosterImport.under_way()
        assert run is not None
    here = f"/maple/admin/imports/{run.id}"

    assert client.get(here).one("div", id="progress", role="status").get("hx-trigger") == "every 3s"
    part = client.get(here, htmx=True)
    assert "Being read" in part.text
    assert "<h1" not in part.html
    work(app, world)

    assert client.get(here, htmx=True).headers["HX-Refresh"] == "true"
    assert client.get(here).one("div", id="progress").get("hx-trigger") is None


def test_what_is_no_roster_is_said_beside_the_form(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    assert "not a text file" in upload(client, b"\0\1\2", status=422).text
    assert "not a zip file" in upload(client, b"PK, and no more", status=422).text


def test_a_workbook_is_told_how_to_become_a_csv_file(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    workbook = zipped_texts({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})

    assert "Save it as CSV" in upload(client, workbook, status=422).text


LIST = "Staff ID,First,Last,Email,Building,Pet\n17,Nia,Okoro,nia@maple.example,Elm School,Rex\n"


def test_a_csv_file_of_any_shape_becomes_staff(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    asked = client.follow(upload(client, LIST.encode(), status=303))
    assert "Which column is what?" in asked.text
    assert chosen(asked, "number") == "Staff ID"
    assert "In the first row: Nia" in asked.text
    assert "Rex" not in asked.text
    run = under_way(app, world)
    assert "Waits for its columns" in client.get(f"/maple/admin/imports/{run}").text
    client.submit(asked, action=f"/maple/admin/imports/{run}/columns", status=303)
    work(app, world)
    shown = client.get(f"/maple/admin/imports/{run}")
    assert "Nothing has changed yet" in shown.text
    client.submit(shown, action=f"/maple/admin/imports/{run}/approval", status=303)
    work(app, world)

    with app.app_context(), as_district(world.maple.id):
        nia = Person.with_address("nia@maple.example")
        assert nia is not None
        assert nia.school_id is not None
        assert (nia.given_name, nia.family_name) == ("Nia", "Okoro")


def test_the_choice_of_columns_is_remembered(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    odd = LIST.replace("First", "Called")

    asked = client.follow(upload(client, odd.encode(), status=303))
    assert chosen(asked, "given_name") == "Not in this file"
    run = under_way(app, world)
    client.submit(asked, action=f"/maple/admin/imports/{run}/columns", given_name="Called", status=303)
    work(app, world)
    client.submit(client.get(f"/maple/admin/imports/{run}"), action=f"/maple/admin/imports/{run}/cancel")

    asked = client.follow(upload(client, odd.encode(), status=303))
    assert chosen(asked, "given_name") == "Called"


def test_columns_by_which_nobody_can_be_told_are_refused_and_kept(
    app: Flask, client: PageClient, world: World
) -> None:
    client.sign_in(world.adams)
    asked = client.follow(upload(client, LIST.encode(), status=303))
    columns = f"/maple/admin/imports/{under_way(app, world)}/columns"

    refused = client.submit(asked, action=columns, number="", email="", role="Pet", status=422)
    assert "people are known again" in refused.text
    assert chosen(refused, "role") == "Pet"
    refused = client.submit(asked, action=columns, given_name="", family_name="", status=422)
    assert "the names stand" in refused.text
    refused = client.submit(asked, action=columns, role="Email", status=422)
    assert "chosen twice" in refused.text
    refused = client.submit(asked, action=columns, role="No such column", status=422)
    assert "Not a valid choice" in refused.text


def test_columns_are_chosen_once(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    asked = client.follow(upload(client, LIST.encode(), status=303))
    columns = f"/maple/admin/imports/{under_way(app, world)}/columns"
    client.submit(asked, action=columns, status=303)

    again = client.submit(asked, action=columns, role="Pet", status=422)

    assert "not waiting for its columns" in again.text
    assert client.get(columns, status=303).headers["Location"].endswith(columns.removesuffix("/columns"))


def test_the_guard_offers_to_remove_nobody(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    for count in (40, 20):
        upload(client, an_export(staff(count)), status=303)
        run = work(app, world)
        shown = client.get(f"/maple/admin/imports/{run.id}")
        if count == 40:
            client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", removals="yes", status=303)
            work(app, world)

    assert "Have they really left?" in shown.text
    assert "teacher: 20 of 40" in shown.text
    assert "Apply, but remove nobody" in shown.text


def test_why_somebody_is_not_here_is_answered_with_the_rule(
    app: Flask, client: PageClient, world: World
) -> None:
    client.sign_in(world.adams)
    lost = Member("u9", "Lost", "Soul", "no address")
    upload(client, an_export([*staff(2), lost, *students(3)]), status=303)
    run = work(app, world)

    assert "not an email address" in client.get(f"/maple/admin/imports/{run.id}/rows?q=Lost+Soul").text
    assert "3 rows were about students" in client.get(f"/maple/admin/imports/{run.id}/rows?q=Quokka1").text


def test_faults_are_a_file_in_which_nothing_is_a_formula(
    app: Flask, client: PageClient, world: World
) -> None:
    client.sign_in(world.adams)
    upload(client, an_export([*staff(2), Member("u9", "=cmd()", "Soul", "no address")]), status=303)
    run = work(app, world)

    told = client.get(f"/maple/admin/imports/{run.id}/faults.csv").data.decode()

    assert "users.csv,4,u9,'=cmd(),Soul,no address" in told


def test_an_import_can_be_cancelled(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    upload(client, an_export(staff(2)), status=303)
    run = work(app, world)

    shown = client.get(f"/maple/admin/imports/{run.id}")
    after = client.follow(client.submit(shown, action=f"/maple/admin/imports/{run.id}/cancel", status=303))

    assert "Cancelled" in after.text


def test_a_persons_page_says_where_each_part_comes_from(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    bell = Member("u1", "Eleonora", "Bell", "bell@maple.example")
    upload(client, an_export([bell]), status=303)
    run = work(app, world)
    client.submit(
        client.get(f"/maple/admin/imports/{run.id}"),
        action=f"/maple/admin/imports/{run.id}/approval",
        status=303,
    )
    work(app, world)

    page = client.get(f"/maple/admin/people/{world.bell.person_id}")
    told = page.one("section", aria_labelledby="provenance")
    name, email, *_ = told.all("dd")

    assert name.text.startswith("Entered here, ")
    assert "OneRoster file says Eleonora Bell" in name.text
    assert email.text.startswith("OneRoster file, ")
    assert "Known to OneRoster file as u1, teacher" in told.text


def test_an_admin_asks_for_students_and_families_and_looks_at_one(
    app: Flask, client: PageClient, world: World
) -> None:
    client.sign_in(world.adams)
    asked = client.get("/maple/admin/imports")
    assert "agentSourcedIds" in asked.text
    client.submit(asked, action="/maple/admin/imports/families", takes="yes", status=303)
    assert "They are taken in" in client.get("/maple/admin/imports").text

    upload(client, an_export([*staff(4), *families(4)]), status=303)
    run = work(app, world)
    shown = client.get(f"/maple/admin/imports/{run.id}")
    assert "Students" in shown.text
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", status=303)
    work(app, world)

    upload(client, an_export([*staff(4), replace(families(4)[0], given="Max"), *families(4)[1:]]), status=303)
    rows = client.get(f"/maple/admin/imports/{work(app, world).id}/rows?verdict=changed")
    (address,) = re.findall(r'href="(/maple/students/[^"]+)"', rows.html)
    student = client.get(address)
    assert "Where this comes from" in student.text
    assert "OneRoster file" in student.text


def test_an_admin_asks_for_classes_and_looks_at_them(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    for what in ("families", "classes"):
        shown = client.get("/maple/admin/imports")
        client.submit(shown, action=f"/maple/admin/imports/{what}", takes="yes", status=303)
    assert "Pass classes over again" in client.get("/maple/admin/imports").text
    classes = [Taught("c1", "Algebra"), Taught("", "No id")]
    roll = [Enrolled("e1", "c1", "u0", "teacher"), Enrolled("e2", "c1", "k0"), Enrolled("e3", "c1", "nobody")]
    upload(client, with_classes([*staff(4), *families(4)], classes, roll), status=303)
    run = work(app, world)

    shown = client.get(f"/maple/admin/imports/{run.id}")

    assert "Of people who are not here" in shown.text
    listed = client.get(f"/maple/admin/imports/{run.id}/classes?what=enrolled")
    assert "Algebra" in listed.text
    assert "New: 2" in listed.text
    assert "Algebra" in client.get(f"/maple/admin/imports/{run.id}/classes?q=algebra").text
    faults = client.get(f"/maple/admin/imports/{run.id}/faults.csv").data.decode()
    assert 'classes.csv,3,,,,,"The row has no id' in faults
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", status=303)
    assert work(app, world).state == "done"


def test_the_guard_offers_to_end_no_class(app: Flask, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    client.submit(
        client.get("/maple/admin/imports"), action="/maple/admin/imports/classes", takes="yes", status=303
    )
    taught = [Taught(f"c{nth}", f"Class {nth}") for nth in range(3)]
    roll = [Enrolled(f"e{nth}", f"c{nth}", "u0", "teacher") for nth in range(3)]
    upload(client, with_classes(staff(4), taught, roll), status=303)
    run = work(app, world)
    shown = client.get(f"/maple/admin/imports/{run.id}")
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", status=303)
    work(app, world)
    upload(client, with_classes(staff(4), taught[:1], roll[:1]), status=303)
    run = work(app, world)

    shown = client.get(f"/maple/admin/imports/{run.id}")

    assert "Are they really over?" in shown.text
    assert "Classes of Ash School: 2 of 3" in shown.text
    assert "Apply, but end nothing" in shown.text
