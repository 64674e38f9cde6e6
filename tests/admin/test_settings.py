"""Schools, rooms, services, contact block and the district's name, through the doors."""

from app.core import services
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.legal.models.contact import DistrictContact
from app.roster.models.school import School
from tests.page_client import PageClient
from tests.world import World


def test_an_admin_adds_a_school_and_a_room(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    school = client.follow(
        client.submit(client.get("/maple/admin/schools/new"), name="Maple High", short_name="High")
    )
    shown = client.follow(client.submit(school, "/rooms", name="Auditorium"))

    assert shown.h1 == "Maple High"
    assert "Auditorium" in shown.text


def test_a_refused_room_keeps_what_was_typed(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    school = client.get(f"/maple/admin/schools/{world.maple.schools['North']}")

    refused = client.submit(school, "/rooms", status=422, name="library")

    assert "already" in refused.text
    assert 'value="library"' in refused.html
    assert 'value="North School"' in refused.html


def test_a_school_with_people_says_why_it_stays_open(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    shown = client.follow(client.post(f"/maple/admin/schools/{world.maple.schools['North']}/close"))

    assert "Give them another school first" in shown.text


def test_a_service_is_off_until_it_is_turned_on(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    page = client.get(f"/maple/admin/services/{services.DISTRICT_RELAY}")
    assert page.one("span", class_="pill").text == "Off"

    client.submit(page, status=303, host="smtp.maple.example")

    with app.app_context(), as_district(world.maple.id):
        assert services.hosts_in_use(services.DISTRICT_RELAY) == ("smtp.maple.example",)
        switch = services.switch_of(services.DISTRICT_RELAY)
        assert switch is not None
        assert switch.by_account_id == world.adams.id
    with app.app_context(), as_district(world.birch.id):
        assert not services.is_on(services.DISTRICT_RELAY)


def test_a_service_without_its_host_stays_off(app, client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get(f"/maple/admin/services/{services.DISTRICT_RELAY}")

    refused = client.submit(page, status=422, host="")

    assert "Name the host" in refused.text


def test_a_service_is_turned_off_again(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    client.post(
        f"/maple/admin/services/{services.DISTRICT_RELAY}", {"host": "smtp.maple.example"}, status=303
    )

    client.post(f"/maple/admin/services/{services.DISTRICT_RELAY}/off", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert not services.is_on(services.DISTRICT_RELAY)


def test_the_operators_switches_are_not_the_admins(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    client.get(f"/maple/admin/services/{services.HTMX_CDN}", status=404)
    client.post(f"/maple/admin/services/{services.HTMX_CDN}/off", status=404)
    client.get("/maple/admin/services/openai", status=404)


def test_the_contact_block_stands_on_the_legal_page(app, client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/admin/contact")

    client.submit(
        page, status=303, department="Technology Office", phone="555 0100", email="it@maple.example"
    )

    with app.app_context(), as_district(world.maple.id):
        assert DistrictContact.of_this_district().department == "Technology Office"
    with app.app_context(), as_district(world.birch.id):
        assert DistrictContact.of_this_district() is None
    assert "Technology Office" in client.sign_out().get("/maple/legal/privacy").text


def test_the_district_is_renamed_and_its_slug_stays(app, client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/admin/district")

    shown = client.follow(client.submit(page, name="Maple Valley Schools", zone="America/Denver"))

    assert "Maple Valley Schools" in shown.title
    with app.app_context():
        card, other = district_by_slug("maple"), district_by_slug("birch")
        assert card is not None
        assert (card.name, card.zone) == ("Maple Valley Schools", "America/Denver")
        assert other is not None
        assert other.name == "Birch School District"
    with app.app_context(), as_district(world.maple.id):
        assert School.find(world.maple.schools["North"]).zone_name == "America/Denver"


def test_a_zone_that_is_none_is_refused(client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/admin/district")

    assert "is not a time zone" in client.submit(page, status=422, zone="Mars/Olympus").text
