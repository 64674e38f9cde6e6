"""Nobody gets through a door who may not: not with an id of another district, school or person, and not unseen.

Every door of the url_map is tried with every thing of tests/house/things.py, as each role and as nobody. All
tests here share one world, for what is refused changes nothing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.core import directory
from app.core.permissions import permits
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.rooms import NAMES
from tests.cluster import TestDatabase
from tests.house.doors import ask, cast, doors, endpoints_of_the_rooms, guarded, is_let_in, keys_of
from tests.house.things import SECRET, Things, make
from tests.page_client import PageClient
from tests.world import Player, World, build

GOLDEN = Path(__file__).parents[1] / "golden" / "permissions.txt"


@dataclass(frozen=True)
class House:
    """One world for all tests of this file, and a browser for each of the cast."""

    app: Flask
    world: World
    things: Things
    browsers: dict[str, PageClient]


@pytest.fixture(scope="module")
def house(_app: Flask, settings: Settings, database: TestDatabase) -> Iterator[House]:
    use_settings(settings)
    with _app.app_context():
        directory.forget_directory()
        world = build()
    things = make(_app, world)
    browsers = {role: PageClient(_app).sign_in(who) for role, who in cast(world).items()}
    yield House(_app, world, things, browsers)
    database.empty()


@pytest.mark.parametrize("endpoint", endpoints_of_the_rooms())
def test_nobody_gets_in_who_may_not(house, endpoint):
    app, things, leaks = house.app, house.things, []
    (door,) = (one for one in guarded(app) if one.endpoint == endpoint)
    corners = {"at North": things.north, "at Cedar": things.cedar, "of Birch": things.birch}
    if not door.guard.of:
        del corners["at Cedar"], corners["of Birch"]
    for name, who in cast(house.world).items():
        client = house.browsers[name]
        nothing = client.get("/maple/nothing/of/that/name").text
        for where, corner in corners.items():
            keys = keys_of(door, corner)
            if where != "of Birch" and is_let_in(app, door, who, keys):
                continue
            answer = ask(client, door, door.path(app, "maple", keys))
            if answer.status != 404 or answer.text != nothing:
                leaks.append(f"{door} {where} answered {answer.status} to the {name}")

    assert leaks == []


def test_whoever_is_not_signed_in_is_sent_to_sign_in(house):
    app, world, things, leaks = house.app, house.world, house.things, []
    strangers = {
        "nobody": PageClient(app),
        "somebody of Birch": PageClient(app).sign_in(world.quinn),
        "somebody with a cookie of Birch under Maple's name": PageClient(app).sign_in(world.quinn),
    }
    birch = strangers["somebody of Birch"].browser.get_cookie("fo_birch")
    strangers["somebody with a cookie of Birch under Maple's name"].browser.set_cookie(
        "fo_maple", birch.value
    )
    for name, client in strangers.items():
        for door in guarded(app):
            for corner in (things.north, things.birch):
                answer = ask(client, door, door.path(app, "maple", keys_of(door, corner)))
                to_sign_in = answer.status == 303 and answer.location.startswith("/maple/sign-in")
                if not to_sign_in or SECRET in answer.response.get_data(as_text=True):
                    leaks.append(f"{door} answered {answer.status} to {name}")

    assert leaks == []


def test_no_door_opens_outside_every_district(house):
    app, things, client, leaks = house.app, house.things, house.browsers["admin"], []
    for door in guarded(app):
        path = door.path(app, "maple", keys_of(door, things.north)).removeprefix("/maple")
        answer = ask(client, door, path)
        if answer.status != 404:
            leaks.append(f"{door} answered {answer.status}")

    assert leaks == []


def test_nothing_is_done_without_our_token(house):
    """Another site can have a browser send a form, cookies and all; it cannot know the token."""
    app, world, things, done = house.app, house.world, house.things, []
    for door in guarded(app):
        if door.method != "POST":
            continue
        for name, who in cast(world).items():
            keys = keys_of(door, things.cedar if who is world.sam else things.north)
            if is_let_in(app, door, who, keys):
                answer = house.browsers[name].post(door.path(app, "maple", keys), {"csrf_token": "forged"})
                if answer.status not in (400, 422):
                    done.append(f"{door} answered {answer.status}")
                break
        else:
            done.append(f"{door} lets nobody of the cast in")

    assert done == []


def test_the_matrix_of_roles_and_permissions_is_as_we_know_it(house):
    """Read tests/golden/permissions.txt aloud; GOLDEN=write renews it."""
    said = matrix(house.app, house.world, house.things)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(said)

    assert said == GOLDEN.read_text()


def matrix(app: Flask, world: World, things: Things) -> str:
    roles = cast(world)
    lines = [
        "Who may do what. Bell, the requester, asked for the thing at North; Ortiz, somebody else, for the one",
        'at Cedar. "North" and "Cedar" mean: that thing alone.',
    ]
    for room in NAMES:
        if not find_spec(f"app.{room}.permissions"):
            continue
        permissions = import_module(f"app.{room}.permissions")
        width = max(len(may.value) for may in permissions.May) + 2
        lines += ["", room, " " * (width + 2) + "  ".join(f"{role:<19}" for role in roles).rstrip()]
        for may in permissions.May:
            cells = [f"{_cell(app, who, permissions.RULES, may, room, things):<19}" for who in roles.values()]
            lines.append(f"  {may.value:<{width}}" + "  ".join(cells).rstrip())
    open_doors = sorted(str(door) for door in doors(app) if door.guard.is_open)
    return "\n".join([*lines, "", "open to anyone", *(f"  {door}" for door in open_doors)]) + "\n"


def _cell(app: Flask, who: Player, rules: Any, may: Any, room: str, things: Things) -> str:
    models = {
        door.guard.of
        for door in guarded(app)
        if door.guard.may is may and door.guard.of is not None and door.endpoint.startswith(f"{room}.")
    }
    with app.app_context(), as_district(who.district.id):
        account = who.account()
        if not models:
            return "yes" if permits(rules, may, account) else "no"
        answers = set()
        for model in models:
            north = permits(rules, may, account, model.find(**things.north[model]))
            cedar = permits(rules, may, account, model.find(**things.cedar[model]))
            answers.add({(1, 1): "yes", (0, 0): "no", (1, 0): "North", (0, 1): "Cedar"}[north, cedar])
    return "/".join(sorted(answers))
