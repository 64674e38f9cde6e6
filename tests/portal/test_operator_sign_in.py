"""Operators sign in outside every district, with password and code together, and never with one of them."""

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.core import across_districts, clock
from app.core.db import db
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.portal.actions import signing_in
from app.portal.models.operator import Operator
from app.portal.models.operator_session import ABSOLUTE, IDLE
from tests.auth.second_factor import code_now
from tests.house.doors import ask, operators
from tests.page_client import PageClient
from tests.portal.operators import Ops, signed_in
from tests.world import World


def test_a_link_sets_up_password_and_app_and_works_once(app: Flask) -> None:
    ops = Ops(app)

    assert ops.set_up().location == "/operator/sign-in"
    assert ops.client.get(ops.setup_path).status == 410


def test_a_wrong_code_sets_nothing_up_and_uses_nothing_up(app: Flask) -> None:
    ops = Ops(app)
    page = ops.client.get(ops.setup_path)
    good = "seven quiet boats at anchor"

    assert ops.client.submit(page, password=good, again=good, code="000000").status == 422
    assert ops.client.submit(page, password="short", again="short", code="000000").status == 422
    with app.app_context(), across_districts.session() as across:
        assert across.scalars(select(Operator.state)).all() == ["invited"]
    assert ops.set_up().status == 303


def test_a_link_lasts_an_hour(app: Flask) -> None:
    ops = Ops(app)

    with clock.frozen(clock.now() + timedelta(minutes=60, seconds=1)):
        assert ops.client.get(ops.setup_path).status == 410


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "another password"},
        {"code": "000000"},
        {"code": ""},
        {"email": "nobody@operator.example"},
    ],
)
def test_all_three_must_be_right(app: Flask, wrong: dict[str, str]) -> None:
    ops = Ops(app)
    with clock.frozen(clock.ago(seconds=60)):
        ops.set_up()

    assert ops.sign_in(**wrong).status == 422
    assert ops.client.get("/operator").location == "/operator/sign-in"


def test_a_code_works_once(app: Flask) -> None:
    with clock.frozen(clock.now()):
        ops = signed_in(app)
        ops.client.sign_out()

        assert ops.sign_in().status == 422
        assert ops.client.get("/operator").location == "/operator/sign-in"


def test_many_wrong_tries_make_the_next_wait(app: Flask) -> None:
    ops = Ops(app)
    with clock.frozen(clock.ago(seconds=60)):
        ops.set_up()
    for _ in range(5):
        ops.sign_in(code="000000")

    refused = ops.sign_in()

    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_a_session_ends_idle_and_at_last(app: Flask) -> None:
    ops = signed_in(app)
    begun = clock.now()
    with clock.frozen(begun + IDLE + timedelta(seconds=1)):
        assert ops.client.get("/operator").location == "/operator/sign-in"
    at = begun
    while at < begun + ABSOLUTE:
        with clock.frozen(at):
            assert ops.client.get("/operator").status == 200
        at += timedelta(minutes=20)
    with clock.frozen(begun + ABSOLUTE + timedelta(minutes=1)):
        assert ops.client.get("/operator").location == "/operator/sign-in"


def test_signed_out_the_cookie_opens_nothing(app: Flask) -> None:
    ops = signed_in(app)
    cookie = ops.client.browser.get_cookie("operator")
    assert cookie is not None

    ops.client.submit(ops.client.get("/operator"), "/operator/sign-out")
    ops.client.browser.set_cookie("operator", cookie.value)

    assert ops.client.get("/operator").location == "/operator/sign-in"


@pytest.mark.parametrize("deed", [signing_in.close, signing_in.renew])
def test_closed_or_renewed_they_are_signed_out_and_the_old_opens_nothing(app: Flask, deed) -> None:
    ops = signed_in(app)
    with app.app_context():
        deed(ops.email)

    assert ops.client.get("/operator").location == "/operator/sign-in"
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        assert ops.sign_in(code=code_now(ops.secret)).status == 422


def test_its_doors_open_to_operators_alone(app: Flask, world: World) -> None:
    strangers = [PageClient(app), PageClient(app).sign_in(world.adams)]
    keys = {"district_id": world.maple.id, "id": world.maple.id}
    tried = 0
    for door in operators(app):
        for client in strangers:
            path = app.url_map.bind("localhost").build(
                door.endpoint, {name: keys[name] for name in door.parameters}
            )
            assert ask(client, door, path).location == "/operator/sign-in", door
            assert ask(client, door, f"/maple{path}").status == 404, door
            tried += 1
    assert tried >= 8


def test_the_role_that_serves_districts_reads_nothing_of_operators(app: Flask, world: World) -> None:
    Ops(app)
    for table in ("operators", "operator_sessions", "operator_entries"):
        with (
            app.app_context(),
            as_district(world.maple.id),
            pytest.raises(ProgrammingError, match="permission denied"),
        ):
            db.session.execute(text(f"select * from {table}"))


def test_a_line_of_the_log_is_not_changed(app: Flask) -> None:
    Ops(app)
    for deed in ("update operator_entries set did = 'x'", "delete from operator_entries"):
        with (
            app.app_context(),
            pytest.raises(ProgrammingError, match="permission denied"),
            across_districts.session() as across,
        ):
            across.execute(text(deed))


def test_the_command_line_makes_renews_closes_and_tells(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    made = run(args=["operator", "add", "kim@operator.example", "--name", "Kim"])
    assert "/operator/setup/" in made.output
    assert "already" in run(args=["operator", "add", "Kim@operator.example"]).output
    assert "/operator/setup/" in run(args=["operator", "renew", "kim@operator.example"]).output
    assert "signs in no more" in run(args=["operator", "close", "kim@operator.example"]).output
    assert "There is no operator" in run(args=["operator", "close", "lee@operator.example"]).output

    told = run(args=["operator", "log"])
    assert told.exception is None, repr(told.exception)
    log = told.output

    assert "was made an operator" in log
    assert "was closed" in log


def test_where_the_street_is_served_nobody_is_an_operator(app: Flask, world: World) -> None:
    """Such a process has no way to role `across`: it says so, and a cookie from elsewhere is nothing to it."""
    ops = signed_in(app)
    another = Ops(app, email="kim@operator.example", name="Kim")
    page = PageClient(app).get("/operator/sign-in")
    use_settings(dataclasses.replace(get_settings(), database_across_url=""))

    assert "do not sign in on this host" in PageClient(app).get("/operator/sign-in").text
    refused = PageClient(app).submit(page, "/operator/sign-in", email=ops.email, password="x", code="1")
    assert refused.status == 422
    assert ops.client.get("/operator").location == "/operator/sign-in"
    assert ops.client.get("/maple/admin").location.startswith("/maple/sign-in")
    assert another.client.get(another.setup_path).status == 404
