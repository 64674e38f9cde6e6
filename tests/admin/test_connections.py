"""A source of the roster that is asked, through the doors of its page."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import ONEROSTER, is_on
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_REST
from tests.integrations.oneroster_server import KEY, SECRET, OneRosterServer, org, running, user
from tests.page_client import PageClient
from tests.world import World

HERE = "/maple/admin/services/oneroster"


@pytest.fixture
def server(app: Flask) -> Iterator[OneRosterServer]:
    holds = OneRosterServer(
        orgs=[org("s1", "Beech School")], users=[user(nth) for nth in range(1, 6)], most=2
    )
    with running(holds):
        allowed = frozenset({f"127.0.0.1:{holds.port}"})
        use_settings(dataclasses.replace(get_settings(), egress_private_allowed=allowed))
        yield holds


def filled(server: OneRosterServer, **more: str) -> dict[str, str]:
    return {
        "address": server.address,
        "method": "oauth2",
        "client_id": KEY,
        "token_address": server.token_address,
        "secret": SECRET,
        "hour": "2",
        **more,
    }


def set_up(client: PageClient, server: OneRosterServer) -> None:
    client.submit(client.get(HERE), action=f"{HERE}/connection", status=303, **filled(server))
    client.submit(client.get(HERE), action=HERE, status=303)


def work(app: Flask, world: World) -> RosterImport:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        run_id = db.session.scalars(select(RosterImport.id).order_by(RosterImport.id.desc())).first()
        assert run_id is not None
        importing.advance(run_id)
        found = RosterImport.find(run_id)
        assert found is not None
        return found


def test_an_admin_sets_it_up_tries_it_out_and_syncs(
    app: Flask, client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    shown = client.get(HERE)
    assert "Before it can be turned on, fill in how it is reached" in shown.text
    set_up(client, server)

    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/connection/trial"))
    assert "It answers, and the key may read schools and users." in shown.text
    assert "127.0.0.1" in shown.text, "where it is called"
    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/connection/sync"))
    assert "Being asked for" in shown.text
    run = work(app, world)
    shown = client.get(f"/maple/admin/imports/{run.id}")
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/approval", status=303)
    assert work(app, world).state == "done"

    assert "OneRoster, sync of" in client.get("/maple/admin/imports").text
    with app.app_context(), as_district(world.maple.id):
        somebody = Person.with_address("u5@maple.example")
        assert somebody is not None
        somebody_id = somebody.id
    assert "Where this comes from" in client.get(f"/maple/admin/people/{somebody_id}").text


def test_the_secret_is_never_shown_again(client: PageClient, world: World, server: OneRosterServer) -> None:
    client.sign_in(world.adams)
    set_up(client, server)

    shown = client.get(HERE)

    assert KEY in shown.html
    assert SECRET not in shown.html
    assert "quokka" not in shown.html
    assert not shown.one("input", name="secret").get("value")


def test_its_progress_is_a_bar_that_follows_what_came(
    app: Flask, client: PageClient, world: World, server: OneRosterServer, monkeypatch: Any
) -> None:
    server.tells_totals = True
    client.sign_in(world.adams)
    set_up(client, server)
    client.submit(client.get(HERE), action=f"{HERE}/connection/sync", status=303)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)

    bars = []
    for _ in range(4):
        run = work(app, world)
        bar = client.get(f"/maple/admin/imports/{run.id}").one("progress", id="bar")
        bars.append((bar.get("value"), bar.get("max")))

    assert bars == [(None, None), ("3", "6"), ("5", "6"), ("6", "6")]


def test_turned_off_it_is_asked_nothing_more(
    app: Flask, client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    set_up(client, server)
    client.submit(client.get(HERE), action=f"{HERE}/connection/sync", status=303)

    client.submit(client.get(HERE), action=f"{HERE}/off", status=303)
    run = work(app, world)

    assert run.state == "failed"
    assert server.asked == []
    assert server.tokens == {}
    shown = client.get(HERE).text
    assert "OneRoster is turned off, so this was stopped." in shown
    assert "Turn it on to test the connection" in shown


def test_what_cannot_be_is_said_above_the_form_and_nothing_typed_is_lost(
    client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    paper = filled(server, address="https://192.168.1.5/ims/oneroster/v1p1")

    refused = client.submit(client.get(HERE), action=f"{HERE}/connection", status=422, **paper)

    assert "an address inside a private network" in refused.text
    assert refused.one("input", name="client_id")["value"] == KEY
    assert refused.one("input", name="address")["value"] == paper["address"]


def test_it_cannot_be_turned_on_half_filled_in(
    client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    client.submit(
        client.get(HERE), action=f"{HERE}/connection", status=303, **filled(server, token_address="")
    )

    shown = client.get(HERE)

    assert "fill in the address for tokens" in shown.text
    refused = client.submit(shown, action=HERE, status=422)
    assert "Fill in the address for tokens first, and save." in refused.text


def test_another_address_moves_the_switch_along(
    app: Flask, client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    set_up(client, server)
    moved = filled(server, address="https://sis.maple.example/ims/oneroster/v1p2")

    client.submit(client.get(HERE), action=f"{HERE}/connection", status=303, **moved)

    with app.app_context(), as_district(world.maple.id):
        assert is_on(ONEROSTER)
        connection = RosterConnection.of_kind(ONEROSTER_REST)
        assert connection is not None
        assert connection.secret == SECRET
    assert "sis.maple.example, 127.0.0.1" in client.get(HERE).text


@pytest.mark.parametrize(
    "system", ["classlink", "classlink_direct", "powerschool", "infinite_campus", "skyward"]
)
def test_each_system_has_a_form_filled_in_as_far_as_it_can_be(
    client: PageClient, world: World, system: str
) -> None:
    client.sign_in(world.adams)

    shown = client.get(f"{HERE}?system={system}")

    assert shown.one("input", name="address")["value"].startswith("https://")
    assert "Replace what stands in capitals" in shown.text


def test_nobody_but_an_admin_of_the_district_comes_near(client: PageClient, world: World) -> None:
    for player in (world.tess, world.lena):
        client.sign_in(player)
        client.get(HERE, status=404)


def test_the_first_page_says_what_waits_and_what_failed(
    app: Flask, client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    set_up(client, server)
    client.submit(client.get(HERE), action=f"{HERE}/connection/sync", status=303)
    run = work(app, world)
    assert "An import waits for your answer" in client.get("/maple/admin").text
    shown = client.get(f"/maple/admin/imports/{run.id}")
    client.submit(shown, action=f"/maple/admin/imports/{run.id}/cancel", status=303)
    assert "waits for your answer" not in client.get("/maple/admin").text

    server.users.clear()
    client.submit(client.get(HERE), action=f"{HERE}/connection/sync", status=303)
    work(app, world)

    first_page = client.get("/maple/admin").text
    assert "OneRoster could not be read" in first_page
    assert "Syncs that failed lately" in client.get(HERE).text
    assert "nobody on the staff" in first_page


def test_the_first_page_says_when_a_secret_ends(
    client: PageClient, world: World, server: OneRosterServer
) -> None:
    client.sign_in(world.adams)
    paper = filled(server, secret_expires_on="2020-01-31")

    client.submit(client.get(HERE), action=f"{HERE}/connection", status=303, **paper)

    shown = client.get("/maple/admin").text
    assert "The secret for OneRoster has ended" in shown
    assert "Jan 31, 2020" in shown
