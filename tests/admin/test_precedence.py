"""The page “Whose word counts”: an order for each group, moved by buttons that need no JavaScript."""

import pytest
from flask import Flask

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.precedence import HAND, Precedence
from app.roster.models.roster_source import GOOGLE_DIRECTORY, ONEROSTER_CSV, RosterSource
from tests.page_client import Page, PageClient, filled_in
from tests.world import World

PAGE = "/maple/admin/precedence"


@pytest.fixture
def admin(app: Flask, client: PageClient, world: World) -> PageClient:
    """Of a district with two sources."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        RosterSource.of_kind(ONEROSTER_CSV)
        RosterSource.of_kind(GOOGLE_DIRECTORY)
        db.session.commit()
    return client.sign_in(world.adams)


def order(page: Page, about: str) -> list[str]:
    listed = page.one("section", id=about).all("li")
    return [one.all("span")[0].text.removesuffix("What your office wrote here").strip() for one in listed]


def pressed(admin: PageClient, page: Page, label: str) -> Page:
    """The button of that name, as a browser without JavaScript presses it."""
    (form,) = [one for one in page.all("form") if one.all("button", **{"aria-label": label})]
    button = form.one("button", **{"aria-label": label})
    return admin.follow(admin.post(PAGE, {**filled_in(form), button["name"]: button["value"]}))


def test_each_group_shows_its_order_and_what_it_means(admin: PageClient) -> None:
    page = admin.get(PAGE)

    assert order(page, "name") == ["By hand", "OneRoster file", "Google Directory"]
    assert order(page, "contacts") == ["OneRoster file", "Google Directory"]
    assert "the one that stands higher is believed" in page.text
    assert "60 days" in page.text


def test_a_button_moves_one_of_them_in_that_group_alone(app: Flask, admin: PageClient, world: World) -> None:
    page = pressed(admin, admin.get(PAGE), "Up: Google Directory in Names")

    assert "Names: changed. Nobody is changed by this until the next import shows it." in page.text
    assert order(page, "name") == ["By hand", "Google Directory", "OneRoster file"]
    assert order(page, "email") == ["By hand", "OneRoster file", "Google Directory"]
    with app.app_context(), as_district(world.maple.id):
        assert Precedence.orders()["name"] == [HAND, GOOGLE_DIRECTORY, ONEROSTER_CSV]


def test_the_office_can_be_placed_after_a_source(admin: PageClient) -> None:
    page = pressed(admin, admin.get(PAGE), "Down: By hand in School")

    assert order(page, "school") == ["OneRoster file", "By hand", "Google Directory"]


def test_at_the_ends_there_is_no_button_that_would_do_nothing(admin: PageClient) -> None:
    page = admin.get(PAGE)

    labels = {one.get("aria-label") for one in page.one("section", id="name").all("button")}
    assert "Up: By hand in Names" not in labels
    assert "Down: Google Directory in Names" not in labels


@pytest.mark.parametrize("data", [{}, {"about": "nothing", "who": HAND}, {"about": "name", "who": "wonder"}])
def test_what_no_button_says_is_refused_by_a_sentence(admin: PageClient, data: dict[str, str]) -> None:
    page = admin.follow(admin.post(PAGE, data))

    assert "none of this district's sources" in page.text


def test_a_new_source_stands_last(app: Flask, admin: PageClient, world: World) -> None:
    pressed(admin, admin.get(PAGE), "Down: By hand in Names")
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        RosterSource.of_kind("spreadsheet")
        db.session.commit()

    assert order(admin.get(PAGE), "name")[-1] == "CSV file of staff"


def test_without_a_source_the_office_stands_alone(client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get(PAGE)

    assert order(page, "name") == ["By hand"]
    assert "No source yet." in page.text


def test_the_lists_of_people_and_imports_lead_here(admin: PageClient) -> None:
    assert PAGE in admin.get("/maple/admin/people").html
    assert PAGE in admin.get("/maple/admin/imports").html
