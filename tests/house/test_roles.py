"""docs/roles.md is what the code does: each permission has its line there, its requirement, and what each role may.

ROLES=write renews the cells; which requirement a line answers, and whether a cell is right, a person says.
"""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.admin.models.operator_visit import SCOPES
from app.auth.actions import granting
from app.core import clock
from app.core.actor import SYSTEM, Actor, Guest, Role
from app.core.db import db, uuid7
from app.core.permissions import permits
from app.core.tenancy import as_district
from app.rooms import NAMES
from app.web.operators import may_enter
from tests.house import things
from tests.house.doors import Door, guarded
from tests.house.things import Things
from tests.page_client import PageClient
from tests.world import Player, World, join, write

DOC = Path(__file__).parents[2] / "docs" / "roles.md"
ROW = re.compile(r"^\| (?P<what>[^|]+?) \| (?P<why>[^|]+?) \|(?P<cells>.+)\|$", re.M)
#: As the columns of the tables are called, in their order.
COLUMNS = (
    "requester",
    "technician",
    "lead",
    "admin",
    "school office",
    "counselor",
    "clerk",
    "principal",
    "operator at the desk",
    "operator at the settings",
)
REQUIREMENT = re.compile(r"[HK]:\d+|§1\.A|the demo")


@dataclass
class House:
    app: Flask
    world: World
    made: Things
    cast: dict[str, Player]

    def actors(self) -> dict[str, Actor]:
        """Whom the columns stand for. Those of a school are of North, but for the technician of Cedar."""
        accounts: dict[str, Actor] = {name: player.account() for name, player in self.cast.items()}
        guests = {
            f"operator at the {scope}": Guest(
                uuid7(), "Pat", role, rooms, uuid7(), clock.now() + timedelta(minutes=5)
            )
            for scope, (_, role, rooms) in SCOPES.items()
        }
        return accounts | guests


@pytest.fixture
def house(app: Flask, world: World) -> House:
    with app.app_context(), as_district(world.maple.id):
        parker = join(world.maple, "Dana", "Parker", "North", (Role.PRINCIPAL, "North"))
        write({"parker": parker})
        db.session.commit()
    cast = {
        "requester": world.bell,
        "technician": world.sam,
        "lead": world.lena,
        "admin": world.adams,
        "school office": world.olive,
        "counselor": world.cora,
        "clerk": world.clark,
        "principal": parker[0],
    }
    return House(app, world, things.make(app, world), cast)


def permissions() -> list[tuple[str, Any, Any]]:
    """Room, its rules, and each thing that may be done there."""
    found = []
    for room in NAMES:
        if find_spec(f"app.{room}.permissions"):
            module = import_module(f"app.{room}.permissions")
            found += [(room, module.RULES, may) for may in module.May]
    return found


def cells(house: House) -> dict[str, list[str]]:
    """What the code says, by permission."""
    doors = guarded(house.app)
    with house.app.app_context(), as_district(house.world.maple.id):
        actors = house.actors()
        return {
            may.value: [_cell(house, room, rules, may, actors[column], doors) for column in COLUMNS]
            for room, rules, may in permissions()
        }


def _cell(house: House, room: str, rules: Any, may: Any, who: Actor, doors: list[Door]) -> str:
    mine = [door for door in doors if door.guard.may is may and door.endpoint.startswith(f"{room}.")]
    if isinstance(who, Guest):
        looks = [
            door
            for door in mine
            if door.method == "GET"
            and may_enter(who, door.endpoint)
            and not door.guard.confirmed
            and not door.guard.before_factor
        ]
        if not looks:
            return "–"
    models = {door.guard.of for door in mine if door.guard.of is not None}
    if not models:
        return _word("looks" if isinstance(who, Guest) else "yes", permits(rules, may, who))
    answers = set()
    for model in models:
        north = permits(rules, may, who, model.find(**house.made.north[model]))
        cedar = permits(rules, may, who, model.find(**house.made.cedar[model]))
        if isinstance(who, Guest):
            answers.add(_word("looks", north or cedar))
        elif north and cedar:
            answers.add("yes")
        elif north or cedar:
            answers.add("own" if who.id == house.world.bell.id else "school")
        else:
            answers.add("–")
    return "/".join(sorted(answers))


def _word(word: str, is_so: bool) -> str:
    return word if is_so else "–"


def written() -> dict[str, tuple[str, list[str]]]:
    """What the document says: requirement and cells, by permission."""
    found = {}
    whole = DOC.read_text(encoding="utf-8")
    for row in ROW.finditer(whole, whole.index("## Line by line")):
        if row["what"] != "may" and not row["what"].startswith("-"):
            found[row["what"]] = (row["why"], [cell.strip() for cell in row["cells"].split("|")])
    return found


def test_each_permission_has_its_line_and_no_other(house: House) -> None:
    assert set(written()) == {may.value for _, _, may in permissions()}


def test_each_line_names_its_requirement() -> None:
    assert [what for what, (why, _) in written().items() if not REQUIREMENT.search(why)] == []


def test_each_cell_is_what_the_code_does(house: House) -> None:
    said = cells(house)
    if os.environ.get("ROLES") == "write":
        _renew(said)

    assert {what: told for what, (_, told) in written().items()} == said


def _renew(said: dict[str, list[str]]) -> None:
    def line(row: re.Match[str]) -> str:
        if row["what"] not in said:
            return row[0]
        return f"| {row['what']} | {row['why']} | {' | '.join(said[row['what']])} |"

    DOC.write_text(ROW.sub(line, DOC.read_text(encoding="utf-8")), encoding="utf-8")


# --- the lines of the requirements that name a number or a status ----------------------------------------------


def test_an_admins_ticket_detail_is_404(house: House) -> None:
    """H:23: reports, configuration, people; not ticket bodies or student fields of loans."""
    admin = PageClient(house.app).sign_in(house.world.adams)
    nothing = admin.get("/maple/nothing/of/that/name")
    tried = 0
    for door in guarded(house.app):
        if door.endpoint.startswith("helpdesk.") and door.guard.of is not None:
            path = door.path(house.app, "maple", house.made.north[door.guard.of])
            answer = admin.get(path) if door.method == "GET" else admin.post(path)
            assert (answer.status, answer.text) == (404, nothing.text), door
            tried += 1

    assert admin.get("/maple/tickets").status == 404
    assert admin.get("/maple/admin").status == 200
    assert tried > 10


def test_an_admin_who_is_a_technician_too_sees_it(house: House) -> None:
    with house.app.app_context(), as_district(house.world.maple.id):
        granting.grant(house.world.adams.account(), Role.TECHNICIAN, None, by=SYSTEM)
        db.session.commit()
    admin = PageClient(house.app).sign_in(house.world.adams)

    assert admin.get("/maple/tickets/2001").status == 200


def test_one_requester_finds_nothing_of_anothers(house: House) -> None:
    """H:21, with all verbs."""
    bell = PageClient(house.app).sign_in(house.world.bell)
    for door in guarded(house.app):
        if door.endpoint.startswith("helpdesk.") and door.guard.of is not None:
            path = door.path(house.app, "maple", house.made.cedar[door.guard.of])
            answer = bell.get(path) if door.method == "GET" else bell.post(path)
            assert answer.status == 404, door


def test_a_technician_of_one_school_opens_no_ticket_of_another(house: House) -> None:
    """H:22."""
    sam = PageClient(house.app).sign_in(house.world.sam)

    assert sam.get("/maple/tickets/2002").status == 200
    assert sam.get("/maple/tickets/2001").status == 404


def test_a_principal_reads_their_school_and_changes_nothing(house: House) -> None:
    told = {what: row[COLUMNS.index("principal")] for what, row in cells(house).items()}

    assert told["see a student with guardians"] == told["see a guardian's contacts"] == "school"
    assert {told["change a student and add guardians"], told["change or remove a contact"]} == {"–"}
    assert told["see the queue"] == told["see the audit log"] == "–"
