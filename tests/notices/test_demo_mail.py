"""The demo's mail is shown to its people, each to whom it is for; outside a demo there is no such page."""

import dataclasses
from pathlib import Path

import pytest
from flask import Flask

from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.notices.actions import delivery
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.world import World


@pytest.fixture
def name(app: Flask, world: World, mail_folder: Path) -> str:
    """The file of a mail that Maple sent to Ms Bell."""
    with app.app_context(), as_district(world.maple.id):
        delivery.deliver(a_reply(world).id)
    (path,) = (mail_folder / "maple" / "new").iterdir()
    return path.name


def test_the_recipient_reads_it(client: PageClient, world: World, name: str) -> None:
    listed = client.sign_in(world.bell).get("/maple/demo-mail", status=200)
    shown = client.get(listed.one("a", href=f"/maple/demo-mail/{name}")["href"], status=200)

    assert "Is it plugged in?" in shown.text
    assert shown.h1 == "The projector [#1001]"


def test_the_desk_reads_it_and_a_colleague_does_not(client: PageClient, world: World, name: str) -> None:
    client.sign_in(world.tess).get(f"/maple/demo-mail/{name}", status=200)
    client.sign_in(world.ortiz).get(f"/maple/demo-mail/{name}", status=404)
    assert "projector" not in client.get("/maple/demo-mail", status=200).text


@pytest.mark.parametrize("other", ["../../config.toml", "%2e%2e%2fx", "nothing", "x" * 300])
def test_it_opens_no_other_file(client: PageClient, world: World, name: str, other: str) -> None:
    client.sign_in(world.tess).get(f"/maple/demo-mail/{other}", status=404)


def test_another_district_sees_nothing(client: PageClient, world: World, name: str) -> None:
    client.sign_in(world.quinn).get(f"/birch/demo-mail/{name}", status=404)


def test_outside_a_demo_there_is_no_such_page(client: PageClient, world: World, name: str) -> None:
    use_settings(dataclasses.replace(get_settings(), demo=False))

    client.sign_in(world.adams).get("/maple/demo-mail", status=404)
    client.get(f"/maple/demo-mail/{name}", status=404)
