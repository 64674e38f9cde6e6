import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import (
    DISTRICT_RELAY,
    HTMX_CDN,
    OPERATOR_RELAY,
    SERVICES,
    built_services,
    hosts_in_use,
    turn,
)
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from tests.page_client import Page, PageClient
from tests.world import World


def keys_on(page: Page) -> set[str]:
    return {row["id"] for row in page.all("tr") if row.get("id")}


def as_json(client: PageClient, place: str) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = json.loads(client.browser.get(f"{place}/legal/subprocessors.json").text)[
        "services"
    ]
    return services


def state_of(client: PageClient, place: str, key: str) -> str:
    services = as_json(client, place)
    (found,) = [one["state"] for one in services if one["key"] == key]
    assert found.capitalize() in client.get(f"{place}/legal/subprocessors").one("tr", id=key).text
    return str(found)


@pytest.mark.parametrize("place", ["", "/maple"])
def test_registry_page_and_files_hold_the_same_services(place: str, client: PageClient, world: World) -> None:
    registry = {one.key for one in built_services()}

    table = client.browser.get(f"{place}/legal/subprocessors.csv").text

    assert keys_on(client.get(f"{place}/legal/subprocessors")) == registry
    assert {one["key"] for one in as_json(client, place)} == registry
    assert {one["key"] for one in csv.DictReader(io.StringIO(table))} == registry


def test_what_is_only_planned_is_not_shown(client: PageClient, world: World) -> None:
    text = client.get("/maple/legal/subprocessors").body.text

    for one in SERVICES:
        if not one.built:
            assert one.name not in text


def test_what_may_be_called_is_what_the_page_says_is_on(
    client: PageClient, world: World, settings: Settings
) -> None:
    use_settings(replace(settings, smtp_relay_host="relay.example.org", htmx="cdn"))
    with client.app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="smtp.maple.example")
        db.session.commit()
    services = as_json(client, "/maple")

    shown = {host for one in services if one["state"] == "on" for host in one["hosts"]}

    with client.app.app_context(), as_district(world.maple.id):
        assert shown == {host for one in SERVICES for host in hosts_in_use(one.key)}
    assert shown == {"cdn.jsdelivr.net", "relay.example.org", "smtp.maple.example"}


def test_a_switch_shows_on_its_districts_page_alone(client: PageClient, world: World) -> None:
    assert state_of(client, "/maple", DISTRICT_RELAY) == "off"
    with client.app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="smtp.maple.example")
        db.session.commit()

    assert state_of(client, "/maple", DISTRICT_RELAY) == "on"
    assert state_of(client, "/birch", DISTRICT_RELAY) == "off"
    assert state_of(client, "", DISTRICT_RELAY) == "decided by each district"
    assert "smtp.maple.example" not in client.get("/birch/legal/subprocessors").html
    assert "smtp.maple.example" not in client.get("/legal/subprocessors").html


@pytest.mark.parametrize(("htmx", "state"), [("cdn", "on"), ("own", "off")])
def test_the_operators_services_follow_the_settings(
    htmx: str, state: str, client: PageClient, world: World, settings: Settings
) -> None:
    use_settings(replace(settings, htmx=htmx))

    for place in ("", "/maple"):
        assert state_of(client, place, HTMX_CDN) == state
        assert state_of(client, place, OPERATOR_RELAY) == "off"


def test_an_unnamed_host_of_the_servers_is_told(client: PageClient, settings: Settings) -> None:
    assert "this list is not complete" in client.get("/legal/subprocessors").body.text

    use_settings(replace(settings, hosting="Prairie Hosting, Ohio"))

    assert "Prairie Hosting, Ohio" in client.get("/legal/subprocessors").body.text
