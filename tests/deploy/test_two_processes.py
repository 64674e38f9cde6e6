"""What one web process does, another knows: at once, or within the seconds that docs/deployment.md names."""

import dataclasses
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.auth.models.account import Account
from app.auth.models.sign_in_attempt import FREE_BY_ACCOUNT
from app.core import across_districts, crypto, sessions
from app.core.db import db
from app.core.directory import FRESH_FOR, District
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from tests.deploy.second import Second, second
from tests.helpdesk.desk import ask
from tests.page_client import PageClient, filled_in, read
from tests.world import World


@pytest.fixture
def other(app: Flask, settings: Settings) -> Iterator[Second]:
    with second(settings) as other:
        yield other


def cookie_of(client: PageClient) -> str:
    cookie = client.browser.get_cookie("fo_maple")
    assert cookie is not None
    return f"fo_maple={cookie.value}"


def sign_in_fields(html: str) -> dict[str, Any]:
    """Of the form that people type into; the demo has one more for each of its people."""
    forms = [form for form in read(html).all("form") if form.all("input", type="password")]
    return filled_in(forms[0])


def test_a_session_of_one_goes_on_and_ends_at_the_other(
    app: Flask, client: PageClient, world: World, other: Second
) -> None:
    cookie = cookie_of(client.sign_in(world.bell))
    assert other.ask("GET", "/maple/requests", cookie)[0] == 200

    with app.app_context(), as_district(world.maple.id):
        sessions.end_all(world.bell.id)
        db.session.commit()

    assert other.ask("GET", "/maple/requests", cookie)[0] == 303


def test_tries_to_sign_in_are_counted_over_both(client: PageClient, world: World, other: Second) -> None:
    for _ in range(FREE_BY_ACCOUNT):
        fields = sign_in_fields(client.get("/maple/sign-in").html)
        wrong = fields | {"email": world.bell.email, "password": "not this one"}
        client.post("/maple/sign-in", wrong, status=422)

    fields = sign_in_fields(other.ask("GET", "/maple/sign-in")[1])
    wrong = fields | {"email": world.bell.email, "password": "nor this one"}

    assert other.ask("POST", "/maple/sign-in", form=wrong)[0] == 429


def test_what_one_writes_the_other_shows_at_once(
    app: Flask, client: PageClient, world: World, other: Second
) -> None:
    cookie = cookie_of(client.sign_in(world.bell))
    other.ask("GET", "/maple/requests", cookie)

    number = ask(app, world.bell, title="The projector hums")

    assert "The projector hums" in other.ask("GET", f"/maple/requests/{number}", cookie)[1]


def test_a_role_that_is_taken_away_counts_at_once(
    app: Flask, client: PageClient, world: World, other: Second
) -> None:
    cookie = cookie_of(client.sign_in(world.tess))
    assert other.ask("GET", "/maple/tickets", cookie)[0] == 200

    with app.app_context(), as_district(world.maple.id):
        account = db.session.get_one(Account, world.tess.id)
        for grant in list(account.grants):
            db.session.delete(grant)
        db.session.commit()

    assert other.ask("GET", "/maple/tickets", cookie)[0] == 404


def test_a_district_that_closes_is_closed_everywhere_within_seconds(
    app: Flask, client: PageClient, world: World, other: Second
) -> None:
    cookie = cookie_of(client.sign_in(world.bell))
    assert other.ask("GET", "/maple/requests", cookie)[0] == 200

    with app.app_context(), across_districts.session() as across:
        across.execute(update(District).where(District.id == world.maple.id).values(state="gone"))
    time.sleep(FRESH_FOR)

    assert other.ask("GET", "/maple/requests", cookie)[0] == 404


def test_keys_that_one_wraps_anew_open_at_the_other(
    app: Flask, client: PageClient, world: World, settings: Settings
) -> None:
    ring = (("new", os.urandom(32)), *settings.master_keys)
    both = dataclasses.replace(settings, master_keys=ring)
    with second(both) as other:
        cookie = cookie_of(client.sign_in(world.bell))
        assert other.ask("GET", "/maple/requests", cookie)[0] == 200
        use_settings(both)
        with app.app_context(), across_districts.session() as across:
            assert crypto.rewrap(across) == 2
        time.sleep(FRESH_FOR)

        assert other.ask("GET", "/maple/requests", cookie)[0] == 200
        # the form's token is made under the district's key
        assert sign_in_fields(other.ask("GET", "/maple/sign-in")[1])
