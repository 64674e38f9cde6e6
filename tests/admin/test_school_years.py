"""A school year through the doors: written down, planned, looked at, opened, followed and undone."""

from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import school_years
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_school import SchoolYearSchool
from app.roster.models.student import Student
from tests.page_client import Page, PageClient
from tests.roster.school_years import children
from tests.world import World

INDEX = "/maple/admin/school-years"


def with_children(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        children(world.maple)


def written_down(client: PageClient) -> None:
    form = client.get(INDEX)
    client.submit(
        form,
        action=f"{INDEX}/first",
        name="2029–30",
        first_day="2029-08-20",
        last_day="2030-06-14",
        status=303,
    )


def planned(client: PageClient) -> Page:
    """With what is offered, and without a word on the leavers."""
    form = client.get(f"{INDEX}/new")
    return client.follow(client.submit(form, action=INDEX, status=303))


def say(client: PageClient, shown: Page, school: str, highest: str, goes_to: str) -> Page:
    link = next(one for one in shown.all("a") if one.text == school)
    form = client.get(link["href"])
    others = {one.text: one["value"] for one in form.one("select", name="goes_to").all("option")}
    sent = client.submit(form, action=link["href"], highest=highest, goes_to=others[goes_to], status=303)
    return client.follow(sent)


def work(app: Flask, world: World) -> UUID:
    """What a worker would do now."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        year = SchoolYear.last()
        assert year is not None
        year_id = year.id
        school_years.advance(year_id)
        return year_id


def grade_of(app: Flask, world: World, number: str) -> str:
    with app.app_context(), as_district(world.maple.id):
        student = Student.numbered(number)
        assert student is not None
        return student.grade


def ready(app: Flask, client: PageClient, world: World) -> Page:
    """Planned, and each school has said where its leavers go."""
    with_children(app, world)
    client.sign_in(world.adams)
    written_down(client)
    shown = planned(client)
    names = [one.text for one in shown.all("a") if "/school-year-schools/" in (one.get("href") or "")]
    cedar, north = names
    shown = say(client, shown, north, "05", f"Goes on to {cedar}")
    return say(client, shown, cedar, "08", "Leaves the district")


def test_an_admin_plans_looks_opens_and_undoes(app: Flask, client: PageClient, world: World) -> None:
    shown = ready(app, client, world)
    assert "Nobody has moved yet" in shown.text
    assert "Leave the district: 2" in shown.text
    assert "One grade up, at another school: 2" in shown.text
    assert "Stay: ungraded, or the grade is not known: 2" in shown.text
    assert "no import with students waits" in shown.text
    assert "Open tickets of students who leave: 0" in shown.text
    assert grade_of(app, world, "Q1") == "KG"

    here = client.follow(client.submit(shown, action=action(shown, "opening"), status=303))
    assert "Students looked at: 0 of 12" in here.text
    year_id = work(app, world)
    opened = client.get(f"{INDEX}/{year_id}")
    assert "Who moved" in opened.text
    assert grade_of(app, world, "Q1") == "01"

    client.submit(opened, action=action(opened, "undoing"), status=303)
    work(app, world)
    undone = client.get(f"{INDEX}/{year_id}")
    assert "It was undone: 10 students put back" in undone.text
    assert grade_of(app, world, "Q1") == "KG"


def action(shown: Page, verb: str) -> str:
    return next(one["action"] for one in shown.all("form") if one["action"].endswith(f"/{verb}"))


def test_opening_what_is_open_is_a_sentence(app: Flask, client: PageClient, world: World) -> None:
    shown = ready(app, client, world)
    client.submit(shown, action=action(shown, "opening"), status=303)
    work(app, world)

    again = client.follow(client.submit(shown, action=action(shown, "opening"), status=303))

    assert school_years.OPENED_ALREADY in again.text
    assert grade_of(app, world, "Q1") == "01"


def test_without_a_word_on_the_leavers_there_is_no_button(
    app: Flask, client: PageClient, world: World
) -> None:
    with_children(app, world)
    client.sign_in(world.adams)
    written_down(client)

    shown = planned(client)

    assert "Not said yet" in shown.text
    assert not [one for one in shown.all("form") if one["action"].endswith("/opening")]


def test_days_that_overlap_are_a_sentence_and_nothing_is_lost(
    app: Flask, client: PageClient, world: World
) -> None:
    with_children(app, world)
    client.sign_in(world.adams)
    written_down(client)

    form = client.get(f"{INDEX}/new")
    refused = client.submit(form, action=INDEX, name="Early", first_day="2030-06-01", status=422)

    assert "the next year begins after that day" in refused.text
    assert refused.one("input", name="name")["value"] == "Early"


def test_the_days_of_a_plan_can_be_changed(app: Flask, client: PageClient, world: World) -> None:
    with_children(app, world)
    client.sign_in(world.adams)
    written_down(client)
    planned(client)
    with app.app_context(), as_district(world.maple.id):
        year = SchoolYear.last()
        assert year is not None
        here = f"{INDEX}/{year.id}/days"

    form = client.get(here)
    shown = client.follow(client.submit(form, action=here, name="Year of the move", status=303))

    assert shown.one("h1").text == "Year of the move"


def test_the_students_of_a_list_are_named_and_that_is_written_down(
    app: Flask, client: PageClient, world: World
) -> None:
    shown = ready(app, client, world)
    link = next(one["href"] for one in shown.all("a") if one.text.startswith("Leave the district"))

    listed = client.get(link)

    assert "Kid10 Quokka" in listed.text
    assert "Kid1 Quokka" not in listed.text
    with app.app_context(), as_district(world.maple.id):
        viewed = select(AuditEntry.what).where(AuditEntry.did == "viewed")
        assert "school_years" in db.session.scalars(viewed).all()


def test_the_progress_asks_again_only_while_there_is_any(
    app: Flask, client: PageClient, world: World
) -> None:
    shown = ready(app, client, world)
    client.submit(shown, action=action(shown, "opening"), status=303)
    with app.app_context(), as_district(world.maple.id):
        year = SchoolYear.last()
        assert year is not None
        here = f"{INDEX}/{year.id}"

    assert client.get(here).one("div", id="progress").get("hx-trigger") == "every 3s"
    assert "<h1" not in client.get(here, htmx=True).html
    work(app, world)

    assert client.get(here, htmx=True).headers["HX-Refresh"] == "true"
    assert not client.get(here).all("div", id="progress")


def test_only_an_admin_opens_a_year(client: PageClient, world: World) -> None:
    client.sign_in(world.olive)

    client.get(INDEX, status=404)


def test_a_plan_is_given_up(app: Flask, client: PageClient, world: World) -> None:
    shown = ready(app, client, world)

    listed = client.follow(client.submit(shown, action=action(shown, "removal"), status=303))

    assert "Plan the next year" in listed.text
    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(SchoolYearSchool)).all() == []
