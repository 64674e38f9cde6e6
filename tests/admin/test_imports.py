"""Importing people, through the doors."""

import io
import re
from dataclasses import replace
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from tests.page_client import PageClient
from tests.roster.exports import Member, an_export, families, staff, students
from tests.world import World


def upload(client: PageClient, export: bytes, **kwargs: Any) -> Any:
    form = client.get("/maple/admin/imports")
    return client.submit(
        form, action="/maple/admin/imports", file=(io.BytesIO(export), "export.zip"), **kwargs
    )


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


def test_what_is_no_zip_is_said_beside_the_form(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    refused = upload(client, b"sourcedId,givenName", status=422)

    assert "not a zip file" in refused.text


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
    name, email, _, known_as = page.one("section", aria_labelledby="provenance").all("dd")

    assert name.text == "Entered here"
    assert email.text.startswith("OneRoster file, ")
    assert known_as.text == "u1, teacher"


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
