"""Every door has a guard, and nobody gets through it who may not.

The doors are read from the url_map, so that a new one is tried without being listed: each door, with each id
of another district, another school and another person, for each role and for nobody.
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

from app.core.permissions import permits
from app.core.tenancy import as_district
from app.rooms import NAMES
from app.web.guard import Guard, guard_of
from tests.house.things import MAKERS, SECRET, Keys, Things, make
from tests.page_client import PageClient
from tests.world import Player, World

GOLDEN = Path(__file__).parents[1] / "golden" / "permissions.txt"

#: What else stands in an address: words that we ourselves made up, and secrets that are their own key.
WORDS: dict[str, Keys] = {
    "admin.opening_day_test": {"key": "schools"},
    "admin.services_show": {"key": "htmx_cdn"},
    "admin.services_turn_on": {"key": "htmx_cdn"},
    "admin.services_turn_off": {"key": "htmx_cdn"},
}
OPEN_WITH_A_KEY = {
    "static": "a file of our own, the same for everybody",
    "auth.invitations_show": "the key is a secret that works once",
    "auth.invitations_accept": "the key is a secret that works once",
    "auth.resets_show": "the key is a secret that works once",
    "auth.resets_change": "the key is a secret that works once",
}


@dataclass(frozen=True)
class Door:
    """One rule of the url_map and the guard at it."""

    endpoint: str
    method: str
    parameters: frozenset[str]
    guard: Guard

    def path(self, app: Flask, place: str, keys: Keys) -> str:
        built = app.url_map.bind("localhost").build(self.endpoint, {**WORDS.get(self.endpoint, {}), **keys})
        return f"/{place}{built}"

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


def doors(app: Flask) -> Iterator[Door]:
    for rule in app.url_map.iter_rules():
        guard = guard_of(app.view_functions[rule.endpoint])
        assert guard is not None, f"{rule.endpoint} has neither @allow nor @anyone."
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Door(rule.endpoint, method, frozenset(rule.arguments), guard)


def guarded(app: Flask) -> list[Door]:
    return [door for door in doors(app) if not door.guard.is_open]


def cast(world: World) -> dict[str, Player]:
    return {
        "requester": world.bell,
        "technician at Cedar": world.sam,
        "technician": world.tess,
        "lead": world.lena,
        "admin": world.adams,
    }


@pytest.fixture
def things(app: Flask, world: World) -> Things:
    return make(app, world)


def keys_of(door: Door, corner: dict[type[Any], Keys]) -> Keys:
    return corner[door.guard.of] if door.guard.of else {}


def is_let_in(app: Flask, door: Door, who: Player, keys: Keys) -> bool:
    with app.app_context(), as_district(who.district.id):
        found = () if door.guard.of is None else (door.guard.of.find(**keys),)
        assert door.guard.may is not None
        assert door.guard.rules is not None
        return permits(door.guard.rules, door.guard.may, who.account(), *found)


def ask(client: PageClient, door: Door, path: str, **kwargs: Any) -> Any:
    return client.get(path, **kwargs) if door.method == "GET" else client.post(path, **kwargs)


def test_every_door_has_a_guard(app):
    assert len(list(doors(app))) > 10


def test_every_id_in_an_address_has_a_thing_to_try_it_with(app):
    unknown = []
    for door in doors(app):
        if door.guard.is_open:
            tried = door.parameters if door.endpoint in OPEN_WITH_A_KEY else set()
        else:
            tried = set(door.guard.of.FOUND_BY) if door.guard.of in MAKERS else set()
            tried |= set(WORDS.get(door.endpoint, {}))
        unknown += [f"{door}: {name}" for name in sorted(door.parameters - tried)]

    assert unknown == [], "Add a row to tests/house/things.py (or, for a word of our own, to WORDS)."


def test_a_get_that_is_guarded_has_no_paper(app):
    assert [str(door) for door in guarded(app) if door.method == "GET" and door.guard.paper] == []


def test_papers_have_names_of_their_own(app):
    papers = {door.guard.paper for door in guarded(app) if door.guard.paper}

    assert len({paper.__name__ for paper in papers}) == len(papers)


def test_nobody_gets_in_who_may_not(app, world, things):
    leaks = []
    for name, who in cast(world).items():
        client = PageClient(app).sign_in(who)
        nothing = client.get("/maple/nothing/of/that/name").text
        for door in guarded(app):
            corners = {"at North": things.north, "at Cedar": things.cedar, "of Birch": things.birch}
            if not door.guard.of:
                del corners["at Cedar"], corners["of Birch"]
            for where, corner in corners.items():
                keys = keys_of(door, corner)
                if where != "of Birch" and is_let_in(app, door, who, keys):
                    continue
                answer = ask(client, door, door.path(app, "maple", keys))
                if answer.status != 404 or answer.text != nothing:
                    leaks.append(f"{door} {where} answered {answer.status} to the {name}")

    assert leaks == []


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app, world, things):
    leaks = []
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


def test_no_door_opens_outside_every_district(app, world, things):
    client = PageClient(app).sign_in(world.adams)
    leaks = []
    for door in guarded(app):
        path = door.path(app, "maple", keys_of(door, things.north)).removeprefix("/maple")
        answer = ask(client, door, path)
        if answer.status != 404:
            leaks.append(f"{door} answered {answer.status}")

    assert leaks == []


def test_nothing_is_done_without_our_token(app, world, things):
    """Another site can have a browser send a form, cookies and all; it cannot know the token."""
    done = []
    for door in guarded(app):
        if door.method != "POST":
            continue
        for who in cast(world).values():
            keys = keys_of(door, things.cedar if who is world.sam else things.north)
            if is_let_in(app, door, who, keys):
                client = PageClient(app).sign_in(who)
                answer = client.post(door.path(app, "maple", keys), {"csrf_token": "forged"})
                if answer.status not in (400, 422):
                    done.append(f"{door} answered {answer.status}")
                break
        else:
            done.append(f"{door} lets nobody of the cast in")

    assert done == []


def test_the_matrix_of_roles_and_permissions_is_as_we_know_it(app, world, things):
    """Read tests/golden/permissions.txt aloud; GOLDEN=write renews it."""
    said = matrix(app, world, things)
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
