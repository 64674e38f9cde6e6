"""The doors of the house, read from the url_map, and the rules of the room that each belongs to."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask

from app.core.permissions import Rules, permits
from app.core.tenancy import as_district
from app.rooms import ROOMS
from app.web.guard import Guard, guard_of
from tests.house.things import Keys
from tests.page_client import PageClient
from tests.world import Player, World

#: What else stands in an address: words that we ourselves made up, and secrets that are their own key.
WORDS: dict[str, Keys] = {
    "admin.opening_day_test": {"key": "schools"},
    "truancy.state_files_download": {"shape": "chronic-absenteeism"},
    "truancy.rules_show": {"place": "us-ca"},
    "truancy.activations_show": {"rule_id": "us-ca.truant.1"},
    "truancy.activations_confirm": {"rule_id": "us-ca.truant.1"},
    "truancy.activations_propose": {"rule_id": "us-ca.truant.1"},
    "family.languages_show": {"tag": "es"},
    "family.languages_approve": {"tag": "es"},
    "family.languages_withdraw": {"tag": "es"},
    "family.taglines_show": {"tag": "es"},
    "family.taglines_approve": {"tag": "es"},
    "family.taglines_withdraw": {"tag": "es"},
    "admin.services_show": {"key": "district_mail_relay"},
    "admin.services_turn_on": {"key": "district_mail_relay"},
    "admin.services_turn_off": {"key": "district_mail_relay"},
    "admin.registrations_change": {"key": "google_sign_in"},
    "admin.registrations_try_out": {"key": "google_sign_in"},
    "admin.connections_try_out": {"key": "oneroster"},
    "admin.connections_sync": {"key": "oneroster"},
    "admin.attendance_systems_try_out": {"key": "ed_fi"},
    "admin.attendance_systems_ask": {"key": "ed_fi"},
    "admin.directory_groups_index": {"key": "google_directory"},
    "admin.directory_groups_create": {"key": "google_directory"},
    "auth.ways_in_add": {"word": "google"},
    "auth.confirmations_elsewhere": {"word": "google"},
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
    return [door for door in doors(app) if not door.guard.is_open and not door.guard.is_operators]


def operators(app: Flask) -> list[Door]:
    """The operator's own doors, outside every district: tests/portal tries them."""
    return [door for door in doors(app) if door.guard.is_operators]


def rules_of(door: Door) -> Rules:
    """The rules of the door's own room, whatever the door itself was given."""
    rules: Rules = sys.modules[type(door.guard.may).__module__].RULES
    return rules


def endpoints_of_the_rooms() -> list[str]:
    """As their cards list them, so that each door is a test of its own."""
    return sorted(
        {
            f"{room.name}.{module.__name__.rpartition('.')[2]}_{view.__name__}"
            for room in ROOMS
            for module in room.doors
            for _, _, view in module.doors.rules
            if (guard := guard_of(view)) is None or not (guard.is_open or guard.is_operators)
        }
    )


def cast(world: World) -> dict[str, Player]:
    return {
        "requester": world.bell,
        "technician at Cedar": world.sam,
        "technician": world.tess,
        "lead": world.lena,
        "admin": world.adams,
        "office of North": world.olive,
        "counselor of North": world.cora,
        "clerk of North": world.clark,
    }


def keys_of(door: Door, corner: dict[type[Any], Keys]) -> Keys:
    return corner[door.guard.of] if door.guard.of else {}


def is_let_in(app: Flask, door: Door, who: Player, keys: Keys) -> bool:
    """By the room's own rules, whatever the door itself was given; the golden matrix says what they are."""
    with app.app_context(), as_district(who.district.id):
        found = () if door.guard.of is None else (door.guard.of.find(**keys),)
        assert door.guard.may is not None
        return permits(rules_of(door), door.guard.may, who.account(), *found)


def ask(client: PageClient, door: Door, path: str, **kwargs: Any) -> Any:
    return client.get(path, **kwargs) if door.method == "GET" else client.post(path, **kwargs)
