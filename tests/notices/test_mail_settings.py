"""How the desk's mail leaves: a district admin chooses, tests, and is told in a sentence what cannot be."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app.core import services
from app.core.db import db
from app.core.directory import InboundAddress
from app.core.services import DISTRICT_RELAY
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting, desk
from app.notices.models.message import Message
from tests.page_client import Page, PageClient
from tests.world import World


@pytest.fixture
def admin(client: PageClient, world: World, mail_folder: Path) -> PageClient:
    return client.sign_in(world.adams)


def save(admin: PageClient, status: int | None = 303, **fields: str) -> Page:
    return admin.submit(admin.get("/maple/mail-settings"), "/mail-settings", status=status, **fields)


def test_without_a_choice_the_desks_inbound_address_holds(
    admin: PageClient, app: Flask, world: World
) -> None:
    shown = admin.get("/maple/mail-settings", status=200)

    assert 'value="help@maple.example"' in shown.html
    with app.app_context(), as_district(world.maple.id):
        assert desk().driver == "maildir"  # the demo's


def test_the_district_writes_through_its_own_server(admin: PageClient, app: Flask, world: World) -> None:
    shown = admin.follow(
        save(
            admin,
            desk_address="Tech@maple.example",
            driver="smtp",
            host="smtp.maple.example",
            username="desk",
            password="seven green boats",
            authserv_id="MX.maple.example",
        )
    )

    assert "saved" in shown.text
    assert "seven green boats" not in shown.html
    assert "Leave it empty to keep" in shown.text
    with app.app_context(), as_district(world.maple.id):
        kept = MailSetting.of_this_district()
        assert kept is not None
        assert (kept.desk_address, kept.authserv_id) == ("tech@maple.example", "mx.maple.example")
        assert kept.password == "seven green boats"
        assert "seven" not in str(db.session.scalar(text("select password_sealed from mail_settings")))
        assert services.hosts_in_use(DISTRICT_RELAY) == ("smtp.maple.example",)
        addresses = set(db.session.scalars(db.select(InboundAddress.address)))
        assert {"tech@maple.example", "bounce@maple.example"} <= addresses
        assert desk().address == "tech@maple.example"


def test_an_empty_password_keeps_the_one_that_is_set(admin: PageClient, app: Flask, world: World) -> None:
    save(admin, driver="smtp", host="smtp.maple.example", password="seven green boats")
    save(admin, desk_name="Technology")

    with app.app_context(), as_district(world.maple.id):
        kept = MailSetting.of_this_district()
        assert kept is not None
        assert (kept.password, kept.desk_name, kept.driver) == ("seven green boats", "Technology", "smtp")


def test_going_back_to_the_operators_server_turns_the_own_one_off(
    admin: PageClient, app: Flask, world: World
) -> None:
    save(admin, driver="smtp", host="smtp.maple.example")
    save(admin, driver="relay")

    with app.app_context(), as_district(world.maple.id):
        assert not services.is_on(DISTRICT_RELAY)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"desk_address": "help@birch.example"},
            "can only write from a mail domain of this district: maple.example",
        ),
        ({"desk_address": "help"}, "Write the desk's address as name@your-domain"),
        ({"desk_address": "bounce@maple.example"}, "comes back to bounce@maple.example"),
        ({"desk_address": "help+x@maple.example"}, "without a plus sign"),
        ({"driver": "smtp", "host": ""}, "Write the name of your mail server"),
        ({"driver": "smtp", "host": "0177.0.0.1"}, "not a host name"),
        ({"port": "70000"}, "Give a port"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(
    admin: PageClient, app: Flask, world: World, fields: dict[str, str], sentence: str
) -> None:
    refused = save(admin, status=422, desk_name="Technology", **fields)

    assert sentence in refused.text
    assert 'value="Technology"' in refused.html
    with app.app_context(), as_district(world.maple.id):
        assert MailSetting.of_this_district() is None


def test_a_test_mail_goes_to_whoever_asks(admin: PageClient, app: Flask, world: World) -> None:
    answer = admin.follow(admin.submit(admin.get("/maple/mail-settings"), "/test"))

    assert "A test is on its way" in answer.text
    with app.app_context(), as_district(world.maple.id):
        (message,) = db.session.query(Message)
        assert (message.kind, message.to_address) == ("mail_test", world.adams.email)
