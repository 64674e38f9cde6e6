"""The cast: Maple, Birch beside it with the same names for everything, and who works there.

world.tess    Maple's technician, at all schools      world.quinn    Birch's technician, a stranger
world.bell    teacher at North, asks for help         world.quincy   Birch's teacher, a stranger
world.lena    leads Maple's help desk                 world.adams    Maple's district admin
world.sam     technician at Cedar alone               world.ortiz    teacher at Cedar
world.olive   school office of North                  world.cora     counselor of North
world.clark   attendance clerk of North
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from app.auth.models.account import Account
from app.auth.models.role_grant import RoleGrant
from app.core import across_districts, crypto
from app.core.actor import Role
from app.core.db import db, uuid7
from app.core.directory import District, DistrictDomain, InboundAddress, forget_directory
from app.core.loading import load
from app.core.tenancy import as_district
from app.helpdesk.models.category import Category
from app.roster.models.device import Device
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School

PASSWORD: Final = "nine brown owls read slowly"
#: argon2id of PASSWORD with the smallest costs there are: tests sign in hundreds of times.
PASSWORD_HASH: Final = (
    "$argon2id$v=19$m=8,t=1,p=1$0Ts/v7+UKaTIHgMmxKZpBg$WUwyaiQ+n95pyD0t9gxbNMoHVZdK8HBV37VoFAjpE/Q"
)


@dataclass
class Place:
    """A district of the cast, as plain ids: nothing here belongs to a session."""

    id: UUID
    slug: str
    name: str
    domain: str
    schools: dict[str, UUID] = field(default_factory=dict)
    #: By school and name: ("North", "Room 204").
    rooms: dict[tuple[str, str], UUID] = field(default_factory=dict)
    #: By tag.
    devices: dict[str, UUID] = field(default_factory=dict)
    categories: dict[str, UUID] = field(default_factory=dict)

    @property
    def desk(self) -> str:
        """The address at which its desk receives mail."""
        return f"help@{self.domain}"

    @property
    def bounces(self) -> str:
        """The address to which its mail comes back."""
        return f"bounce@{self.domain}"


@dataclass(frozen=True)
class Player:
    """One of the cast. `id` is the account's."""

    id: UUID
    person_id: UUID
    name: str
    email: str
    district: Place
    password: str = PASSWORD

    def account(self) -> Account:
        """The account itself, in the session of the district that is open."""
        found = db.session.get(Account, self.id)
        assert found is not None, f"{self.name} has no account here."
        return found


@dataclass(frozen=True)
class World:
    """Everybody and everything there is before a test begins."""

    maple: Place
    birch: Place
    tess: Player
    bell: Player
    lena: Player
    adams: Player
    sam: Player
    ortiz: Player
    olive: Player
    cora: Player
    clark: Player
    quinn: Player
    quincy: Player
    avery: Player


def build() -> World:
    """Write the cast down and commit it. Needs an app context."""
    maple = open_place("maple", "Maple School District")
    birch = open_place("birch", "Birch School District")
    forget_directory()
    with as_district(maple.id):
        furnish(maple)
        cast = {
            "tess": join(maple, "Tess", "Okafor", "North", (Role.TECHNICIAN, None)),
            "bell": join(maple, "Nora", "Bell", "North", (Role.REQUESTER, None)),
            "lena": join(maple, "Lena", "Brandt", "North", (Role.LEAD, None)),
            "adams": join(maple, "Ruth", "Adams", "North", (Role.ADMIN, None)),
            "sam": join(maple, "Sam", "Ito", "Cedar", (Role.TECHNICIAN, "Cedar")),
            "ortiz": join(maple, "Elena", "Ortiz", "Cedar", (Role.REQUESTER, None)),
            "olive": join(maple, "Olive", "Marsh", "North", (Role.SCHOOL_OFFICE, "North")),
            "cora": join(maple, "Cora", "Lund", "North", (Role.COUNSELOR, "North")),
            "clark": join(maple, "Clark", "Reyes", "North", (Role.ATTENDANCE_CLERK, "North")),
        }
        write(cast)
        db.session.commit()
    with as_district(birch.id):
        furnish(birch)
        strangers = {
            "quinn": join(birch, "Quinn", "Okafor", "North", (Role.TECHNICIAN, None)),
            "quincy": join(
                birch, "Nora", "Bell", "North", (Role.REQUESTER, None), email="quincy@birch.example"
            ),
            "avery": join(birch, "Ruth", "Adams", "North", (Role.ADMIN, None), email="avery@birch.example"),
        }
        write(strangers)
        db.session.commit()
    players = {name: player for name, (player, _) in {**cast, **strangers}.items()}
    return World(maple=maple, birch=birch, **players)


def open_place(slug: str, name: str) -> Place:
    """A district that is open, with its key, its domain and the address of its desk."""
    place = Place(uuid7(), slug, name, f"{slug}.example")
    with across_districts.session() as session:
        session.add(
            District(id=place.id, slug=slug, name=name, state="open", data_key=crypto.new_data_key(place.id))
        )
        session.flush()
        session.add(DistrictDomain(domain=place.domain, district_id=place.id))
        for address in (place.desk, place.bounces):
            session.add(InboundAddress(address=address, district_id=place.id))
    return place


def furnish(place: Place) -> None:
    """Two schools, three rooms, two devices, four categories: named alike in every district."""
    place.schools = {name: uuid7() for name in ("North", "Cedar")}
    place.rooms = {at: uuid7() for at in (("North", "Room 204"), ("North", "Library"), ("Cedar", "Room 204"))}
    place.devices = {tag: uuid7() for tag in ("CB-0001", "CB-0002")}
    place.categories = {name: uuid7() for name in ("Chromebook", "Projector", "Printer", "Something else")}
    _load(
        School,
        [{"id": id, "name": f"{name} School", "short_name": name} for name, id in place.schools.items()],
    )
    _load(
        Room,
        [
            {"id": id, "school_id": place.schools[school], "name": name}
            for (school, name), id in place.rooms.items()
        ],
    )
    _load(
        Device,
        [
            {
                "id": id,
                "tag": tag,
                "serial": f"5CD{tag[-4:]}XY",
                "model": "Chromebook 311",
                "kind": "Chromebook",
                "school_id": place.schools["North"],
                "room_id": place.rooms["North", "Room 204"],
            }
            for tag, id in place.devices.items()
        ],
    )
    _load(
        Category,
        [
            {"id": id, "name": name, "position": position}
            for position, (name, id) in enumerate(place.categories.items())
        ],
    )


def join(
    place: Place,
    given: str,
    family: str,
    school: str,
    grant: tuple[Role, str | None],
    email: str | None = None,
) -> tuple[Player, dict[str, Any]]:
    """Somebody of the staff with an account and one role, not written yet."""
    email = (
        email or f"{given if given in ('Tess', 'Lena', 'Sam', 'Quinn') else family}@{place.domain}".lower()
    )
    player = Player(uuid7(), uuid7(), f"{given} {family}", email, place)
    role, at_school = grant
    return player, {
        "given_name": given,
        "family_name": family,
        "school_id": place.schools[school],
        "role": role,
        "at_school": place.schools[at_school] if at_school else None,
    }


def write(cast: dict[str, tuple[Player, dict[str, Any]]]) -> None:
    """People, their accounts and what they may."""
    everybody = list(cast.values())
    _load(
        Person,
        [
            {
                "id": player.person_id,
                "given_name": of["given_name"],
                "family_name": of["family_name"],
                "email": player.email,
                "school_id": of["school_id"],
            }
            for player, of in everybody
        ],
    )
    _load(
        Account,
        [
            {
                "id": player.id,
                "person_id": player.person_id,
                "email": player.email,
                "name": player.name,
                "password_hash": PASSWORD_HASH,
                "state": "active",
            }
            for player, _ in everybody
        ],
    )
    _load(
        RoleGrant,
        [
            {"account_id": player.id, "role": of["role"], "school_id": of["at_school"], "granted_by_id": None}
            for player, of in everybody
        ],
    )


def _load(model: Any, rows: list[dict[str, Any]]) -> None:
    load(model, rows, source="the cast of the tests")
