"""The slug in the path becomes the district, and an unknown one is nothing at all."""

import pytest
from sqlalchemy.exc import OperationalError

from app.core import across_districts, directory, sessions
from app.core.directory import District
from app.web import district
from tests.page_client import PageClient
from tests.world import World


def set_state(app, world: World, state: str) -> None:
    with app.app_context():
        with across_districts.session() as session:
            session.get(District, world.maple.id).state = state
        directory.forget_directory()


def test_the_slug_names_the_district(client: PageClient, world: World) -> None:
    page = client.get("/maple/sign-in", status=200)

    assert "Maple School District" in page.title


def test_links_have_the_slug_put_back(client: PageClient, world: World) -> None:
    page = client.get("/maple/sign-in")

    assert [one["href"] for one in page.all("a") if one.text.startswith("I forgot")] == ["/maple/resets"]


def test_an_unknown_slug_is_the_same_404_as_any(client: PageClient, world: World) -> None:
    unknown = client.get("/willow/sign-in", status=404)
    nowhere = client.get("/nowhere-at-all", status=404)

    assert unknown.html == nowhere.html


def test_a_door_of_a_district_is_not_open_outside_of_one(client: PageClient, world: World) -> None:
    client.get("/resets", status=404)
    client.get("/profile/sessions", status=404)


def test_what_is_outside_every_district_is_not_inside_one(client: PageClient, world: World) -> None:
    static = next(one["href"] for one in client.get("/maple/sign-in").all("link") if "static" in one["href"])

    assert client.get(static).status == 200
    assert client.get("/maple" + static).status == 404


def test_a_slug_alone_leads_to_the_first_page(client: PageClient, world: World) -> None:
    assert client.get("/maple", status=303).location == "/maple/sign-in"


def test_a_district_that_is_gone_is_nothing(client: PageClient, world: World, app) -> None:
    set_state(app, world, "gone")

    assert client.get("/maple/sign-in", status=404).html == client.get("/willow/sign-in", status=404).html


def test_a_read_only_district_can_be_read(client: PageClient, world: World, app) -> None:
    client.sign_in(world.bell)
    set_state(app, world, "read-only")

    client.get("/maple/profile/sessions", status=200)
    refused = client.post("/maple/profile/sessions/end-others", status=403)

    assert "can be read but not changed" in refused.text


def test_a_district_in_preparation_is_for_its_admins(client: PageClient, world: World, app) -> None:
    set_state(app, world, "preparing")

    refused = client.sign_in(world.bell).get("/maple/profile/sessions", status=403)
    client.sign_out().sign_in(world.adams).get("/maple/profile/sessions", status=200)

    assert "not open" in refused.text


def test_opening_day_begins_at_once_in_every_process(world: World, app) -> None:
    set_state(app, world, "preparing")
    with app.app_context():
        assert not directory.district_by_id(world.maple.id).has_opened
        with across_districts.session() as session:  # as another process does it
            session.get(District, world.maple.id).state = "open"

        assert directory.district_by_id(world.maple.id).has_opened


def test_a_closing_district_is_read_by_its_admins_alone(client: PageClient, world: World, app) -> None:
    set_state(app, world, "closing")

    client.sign_in(world.bell).get("/maple/profile/sessions", status=403)
    client.sign_out().sign_in(world.adams).get("/maple/profile/sessions", status=200)
    client.post("/maple/profile/sessions/end-others", status=403)


@pytest.mark.parametrize(
    "slug", ["static", "sign-in", "legal", "www", "x", "Maple", "1maple", "a" * 41, "ma_ple"]
)
def test_no_district_may_be_called_that(slug: str) -> None:
    assert not district.is_allowed_slug(slug)


def test_a_district_may_be_called_that() -> None:
    assert district.is_allowed_slug("maple-2")


def test_sign_in_works_while_reading_alone_is_allowed(client: PageClient, world: World, app) -> None:
    set_state(app, world, "read-only")

    page = client.get("/maple/sign-in")
    form = next(one for one in page.all("form") if one.all("input", type="password"))
    token = form.one("input", name="token")["value"]
    fields = {"token": token, "email": world.bell.email, "password": world.bell.password}

    assert client.post("/maple/sign-in", fields).status == 303


def test_a_database_that_does_not_answer_is_said_calmly(
    client: PageClient, world: World, monkeypatch
) -> None:
    def silent(*_: object) -> None:
        raise OperationalError("select", {}, Exception("no answer"))

    client.sign_in(world.bell)
    with monkeypatch.context() as broken:
        broken.setattr(district, "district_by_slug", silent)
        assert "closed for a moment" in client.get("/maple/sign-in", status=503).text
    with monkeypatch.context() as broken:
        broken.setattr(sessions.WebSession, "of_token", silent)
        assert "closed for a moment" in client.get("/maple/profile/sessions", status=503).text
    client.get("/maple/profile/sessions", status=200)
