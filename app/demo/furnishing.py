"""Furnishes a district: schools, rooms, people, accounts, families, classes, devices, ten weeks of tickets before now.

Seeded: the same each time, relative to now. The second district is drawn with the same dice, so that its
people, rooms and tags look like the first one's.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, Final
from uuid import UUID

from app.admin.actions.opening import FIRST_CATEGORIES
from app.auth.models import password
from app.auth.models.account import Account
from app.auth.models.role_grant import RoleGrant
from app.core.db import uuid7
from app.core.loading import load
from app.demo import attendance, classes, families, mails, names
from app.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from app.demo.place import Colleague, Place, School, Thing
from app.demo.stories import Histories, tell_of
from app.helpdesk.models.category import Category
from app.helpdesk.models.counter import FIRST, TicketCounter
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.legal.models.contact import DistrictContact
from app.roster.models.device import Device
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School as SchoolRow

SOURCE: Final = "the demo's generator"


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """How large a made-up district is."""

    slug: str
    name: str
    staff: int
    rooms: int
    devices: int
    tickets: int
    #: Whether its attendance is told, too: students, their register, and what followed from it.
    attendance: bool = False

    @property
    def domain(self) -> str:
        """Its mail domain, which no mail server in the world serves."""
        return f"{self.slug}.example"


DISTRICTS: Final = (
    Sketch(
        slug="maple",
        name="Maple School District",
        staff=120,
        rooms=60,
        devices=600,
        tickets=900,
        attendance=True,
    ),
    Sketch(slug="birch", name="Birch School District", staff=24, rooms=12, devices=80, tickets=60),
)


def furnish(sketch: Sketch) -> Place:
    """Everything of one district, into the one that is open and empty. The caller commits; attendance does."""
    place = draw(sketch)
    _load(SchoolRow, [_school(one) for one in place.schools])
    _load(Room, [_room(one, name, id) for one in place.schools for name, id in one.rooms.items()])
    _load(Person, [_person(one, place) for one in place.staff])
    _load(Account, [_account(one) for one in place.staff if one.account])
    _load(RoleGrant, [_grant(one, place) for one in place.staff if one.account])
    families.move_in(place)
    classes.open_up(place)
    _load(Device, [_device(one) for one in place.things])
    _load(DistrictContact, [_contact(sketch)])
    _load(Category, [_category(nth, id) for nth, id in enumerate(place.categories)])
    _tell(_histories(place, sketch), sketch.tickets)
    _load(InboundEmail, mails.not_filed(place, sketch.domain))
    if sketch.attendance:
        attendance.tell(place, _dice(f"{sketch.slug}: attendance"))
    return place


def draw(sketch: Sketch) -> Place:
    """Who and what there is, not written yet."""
    # The same dice for every district, hence the look-alikes.
    dice = _dice("people and things")
    schools = _draw_schools(sketch)
    return Place(
        schools=schools,
        staff=_draw_staff(sketch, schools, dice),
        things=_draw_things(sketch, schools, dice),
        categories=[uuid7() for _ in FIRST_CATEGORIES],
    )


def tickets_of(place: Place, sketch: Sketch) -> list[dict[str, Any]]:
    """The tickets of a district that was drawn, as rows."""
    return _histories(place, sketch).tickets


def _histories(place: Place, sketch: Sketch) -> Histories:
    return tell_of(place, sketch.tickets, _dice(f"{sketch.slug}: tickets"))


def _draw_schools(sketch: Sketch) -> list[School]:
    kinds = names.SCHOOLS[sketch.slug]
    each = sketch.rooms // len(kinds)
    schools = []
    for short, name, special in kinds:
        numbered = [f"Room {101 + nth % 20 + 100 * (nth // 20)}" for nth in range(each - len(special))]
        schools.append(School(uuid7(), short, name, {room: uuid7() for room in (*special, *numbered)}))
    return schools


def _draw_staff(sketch: Sketch, schools: Sequence[School], dice: Random) -> list[Colleague]:
    by_name = {school.short_name: school for school in schools}
    staff = [_cast(one, by_name) for one in DEMO_ACCOUNTS if one.slug == sketch.slug]
    known = {one.email for one in staff}
    titles = [title for title, share in names.TITLES for _ in range(share)]
    while len(staff) < sketch.staff:
        given, family = dice.choice(names.GIVEN), dice.choice(names.FAMILY)
        email = f"{_plain(given)}.{_plain(family)}@{sketch.domain}"
        school, title = dice.choice(schools), dice.choice(titles)
        if email not in known:
            known.add(email)
            staff.append(
                Colleague(uuid7(), given, family, email, title, school, dice.choice(list(school.rooms)))
            )
    return staff


def _cast(one: DemoAccount, schools: dict[str, School]) -> Colleague:
    school = schools[one.school]
    room = list(school.rooms)[-1]
    return Colleague(
        uuid7(), one.given_name, one.family_name, one.email, one.title, school, room, one, uuid7()
    )


def _draw_things(sketch: Sketch, schools: Sequence[School], dice: Random) -> list[Thing]:
    things = []
    for kind, model, letters, share in names.DEVICES:
        for nth in range(1, max(2, sketch.devices * share // 100) + 1):
            school = dice.choice(schools)
            room = dice.choice(list(school.rooms))
            serial = f"{dice.randrange(16**8):08X}"
            state = dice.choices(("in use", "spare", "in repair", "retired"), (88, 6, 4, 2))[0]
            things.append(Thing(uuid7(), f"{letters}-{nth:04}", kind, model, serial, state, school, room))
    return things[: sketch.devices]


def _dice(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - it guards nothing, and must fall the same each time


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return folded.lower()


# --- as rows ----------------------------------------------------------------------------------------------


def _school(school: School) -> dict[str, Any]:
    return {"id": school.id, "name": school.name, "short_name": school.short_name}


def _room(school: School, name: str, id: UUID) -> dict[str, Any]:
    return {"id": id, "school_id": school.id, "name": name}


def _person(one: Colleague, place: Place) -> dict[str, Any]:
    return {
        "id": one.id,
        "given_name": one.given_name,
        "family_name": one.family_name,
        "email": one.email,
        "title": one.title,
        "school_id": None if one is place.newcomer else one.school.id,
        "source": "demo",
    }


def _account(one: Colleague) -> dict[str, Any]:
    return {
        "id": one.account_id,
        "person_id": one.id,
        "email": one.email,
        "name": one.name,
        "password_hash": _demo_hash(),
        "state": "active",
    }


def _grant(one: Colleague, place: Place) -> dict[str, Any]:
    assert one.account is not None
    admin = next(other for other in place.staff if other.account and other.account.role == "admin")
    return {
        "account_id": one.account_id,
        "role": one.account.role,
        "school_id": one.school.id if one.account.only_there else None,
        "granted_by_id": admin.account_id,
    }


def _device(thing: Thing) -> dict[str, Any]:
    return {
        "id": thing.id,
        "tag": thing.tag,
        "serial": thing.serial,
        "model": thing.model,
        "kind": thing.kind,
        "state": thing.state,
        "school_id": thing.school.id,
        "room_id": thing.school.rooms[thing.room],
    }


def _category(nth: int, id: UUID) -> dict[str, Any]:
    return {"id": id, "name": FIRST_CATEGORIES[nth], "position": nth}


def _contact(sketch: Sketch) -> dict[str, Any]:
    return {
        "department": "Technology Department",
        "phone": "555-0100",
        "email": f"technology@{sketch.domain}",
        "address": f"{sketch.name}\n1 School Lane\n{sketch.slug.capitalize()}",
    }


def _tell(histories: Histories, tickets: int) -> None:
    _load(TicketCounter, [{"next": FIRST + tickets}])
    _load(Ticket, histories.tickets)
    _load(Reply, histories.replies)
    _load(TicketEvent, histories.events)


def _load(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    load(model, rows, source=SOURCE)


@lru_cache(maxsize=1)
def _demo_hash() -> str:
    return password.hashed(DEMO_PASSWORD)
