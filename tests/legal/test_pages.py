import gzip
from dataclasses import replace

import pytest

from app.core.db import db
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.legal.models.contact import DistrictContact
from tests.page_client import PageClient
from tests.world import World

PATHS = (
    "/legal/privacy",
    "/legal/terms",
    "/legal/subprocessors",
    "/legal/retention",
    "/legal/cookies",
    "/legal/accessibility",
    "/trust",
)
EVERYWHERE = tuple(place + path for path in PATHS for place in ("", "/maple", "/birch"))

#: What a page may weigh on the wire, its style sheet and pictures counted.
HEAVIEST = 30 * 1024


@pytest.mark.parametrize("path", EVERYWHERE)
def test_anyone_reads_it_without_cookie_or_script(path: str, client: PageClient, world: World) -> None:
    page = client.get(path, status=200)

    assert "Set-Cookie" not in page.headers
    assert page.all("script") == []
    assert page.all("iframe") == []
    assert page.all("h1")[0].text in page.html
    for element in (*page.all("link"), *page.all("img")):
        address = element.get("href") or element.get("src") or ""
        assert address.startswith("/static/")


@pytest.mark.parametrize("path", ["/legal/privacy", "/maple/legal/subprocessors", "/trust"])
def test_it_is_light(path: str, client: PageClient, world: World) -> None:
    page = client.get(path)

    weight = len(gzip.compress(page.html.encode(), 4))
    for element in page.all("link"):
        body = client.browser.get(element["href"], headers={"Accept-Encoding": "gzip"}).data
        weight += len(body)
    assert weight <= HEAVIEST


@pytest.mark.parametrize("path", PATHS)
def test_a_districts_page_names_that_district_and_no_other(
    path: str, client: PageClient, world: World
) -> None:
    page = client.get("/maple" + path)

    assert world.maple.name in page.body.text
    assert world.birch.name not in page.body.text
    assert world.maple.name not in client.get(path).body.text
    assert "{{" not in page.html


@pytest.mark.parametrize("path", EVERYWHERE)
def test_what_counsel_has_not_approved_says_draft(path: str, client: PageClient, world: World) -> None:
    assert "DRAFT" in client.get(path).one("header", class_="legal__head").text


def test_the_districts_own_contact_stands_on_its_pages(client: PageClient, world: World) -> None:
    assert "has not written down" in client.get("/maple/legal/privacy").body.text
    with client.app.app_context(), as_district(world.maple.id):
        DistrictContact.write(
            department="Technology Department",
            phone="555 0100",
            email="tech@maple.example",
            address="1 Main Street\nMaple",
        )
        db.session.commit()

    maples = client.get("/maple/legal/privacy").body.text

    assert "555 0100" in maples
    assert "tech@maple.example" in maples
    for path in ("/legal/privacy", "/birch/legal/privacy"):
        assert "555 0100" not in client.get(path).body.text


@pytest.fixture
def operator(client: PageClient, settings: Settings) -> Settings:
    known = replace(settings, operator_name="Prairie Office", operator_contact="desk@prairie.example")
    use_settings(known)
    return known


def test_the_products_pages_name_the_operator(client: PageClient, operator: Settings) -> None:
    text = client.get("/legal/privacy").body.text

    assert "Prairie Office" in text
    assert "desk@prairie.example" in text


def test_an_operator_without_a_contact_is_not_made_up(client: PageClient, settings: Settings) -> None:
    use_settings(replace(settings, operator_name="", operator_contact=""))

    assert "has not written down a contact yet" in client.get("/legal/privacy").body.text
    client.get("/.well-known/security.txt", status=404)


def test_old_versions_are_found_by_number(client: PageClient) -> None:
    assert "version 1" in client.get("/legal/privacy?version=1", status=200).body.text
    for number in ("2", "0", "-1", "1.0", "x", "99999999999", "1%0a", "١"):
        client.get(f"/legal/privacy?version={number}", status=404)


def test_the_cookie_page_names_the_cookie_that_is_set(client: PageClient, world: World) -> None:
    client.sign_in(world.bell)

    cookie = client.browser.get_cookie("fo_maple")

    assert cookie is not None
    assert cookie.key in client.get("/maple/legal/cookies").one("main").text


def test_the_cookie_page_names_the_cookie_of_whoever_signs_in_elsewhere(
    client: PageClient, world: World
) -> None:
    assert "fo-away-maple" in client.get("/maple/legal/cookies").one("main").text


def test_there_is_no_legal_page_of_a_district_that_is_not_there(client: PageClient, world: World) -> None:
    for path in ("/nowhere/legal/privacy", "/nowhere/trust", "/maple/.well-known/security.txt"):
        client.get(path, status=404)


def test_security_txt_says_whom_to_tell(client: PageClient, operator: Settings) -> None:
    answer = client.browser.get("/.well-known/security.txt")

    assert answer.content_type.startswith("text/plain")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:desk@prairie.example"
    assert fields["Expires"].endswith("Z")
    assert fields["Canonical"].endswith("/.well-known/security.txt")


def test_a_signed_in_reader_gets_the_same_page(client: PageClient, world: World) -> None:
    client.sign_in(world.bell)

    page = client.get("/maple/legal/privacy", status=200)

    assert "Set-Cookie" not in page.headers
    assert page.all("script") == []
