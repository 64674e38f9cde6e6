"""Maple's Google Workspace and Microsoft tenant, connected, and what a sync makes of them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from app.core.actor import SYSTEM, Role
from app.core.db import db
from app.core.services import turn
from app.roster.actions import connecting, grouping, importing
from app.roster.actions.connecting import Particulars
from app.roster.actions.grouping import Meaning
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY
from app.roster.models.source_person import SourcePerson
from tests.directory_peer import Peer
from tests.directory_people import ADMIN, APPLICATION, SECRET, TENANT, Somebody, key_file
from tests.world import World

SETTINGS: Final = {
    GOOGLE_DIRECTORY: ({"admin": ADMIN}, key_file()),
    ENTRA_USERS: ({"tenant": TENANT, "client_id": APPLICATION}, SECRET),
}
KINDS: Final = (GOOGLE_DIRECTORY, ENTRA_USERS)
TECHS: Final = {GOOGLE_DIRECTORY: "techs@maple.example", ENTRA_USERS: "11111111-2222-4333-8444-555555555555"}


def connect(kind: str, **more: Any) -> None:
    settings, secret = SETTINGS[kind]
    connecting.change(kind, Particulars(settings=settings, secret=secret, **more), by=SYSTEM)
    turn(kind, True, by=SYSTEM)
    db.session.commit()


def key_of(kind: str, somebody: Somebody) -> str:
    return somebody.number if kind == GOOGLE_DIRECTORY else f"{TENANT}/{somebody.guid}"


def take_in_everybody(kind: str) -> None:
    grouping.add(kind, Meaning(what="everybody"))
    db.session.commit()


def techs(peer: Peer, kind: str, *members: Somebody, role: Role | None = Role.TECHNICIAN) -> DirectoryGroup:
    """A group of theirs, and what it means here."""
    peer.groups[TECHS[kind]] = list(members)
    group = grouping.add(kind, Meaning(what="group", name=TECHS[kind], role=role))
    db.session.commit()
    return group


def advance(run_id: UUID) -> RosterImport:
    """Until nothing is left to do, whatever has to be waited for; without a worker's memory of the time before."""
    for _ in range(10_000):
        importing.advance(run_id)
        db.session.commit()
        found = RosterImport.find(run_id)
        assert found is not None
        if not found.is_working:
            return found
    raise AssertionError("It never came to an end.")


def sync(kind: str, *, removals: bool = False) -> RosterImport:
    run_id = connecting.sync(kind, by=SYSTEM).id
    db.session.commit()
    run = advance(run_id)
    if run.state == "ready":
        importing.approve(run, removals=removals)
        db.session.commit()
        run = advance(run_id)
    return run


def look(kind: str) -> None:
    """The hourly look, and what is to be applied of it."""
    connecting.look_for_changes(by=SYSTEM)
    db.session.commit()
    run = RosterImport.under_way()
    while run is not None:
        run_id = run.id
        if run.state == "ready":
            importing.approve(run, removals=False)
        importing.advance(run_id)
        db.session.commit()
        run = RosterImport.under_way()


def by_key(kind: str) -> dict[str, Person]:
    """Whom that source knows, by its numbers; each speaking record once."""
    connection = RosterConnection.of_kind(kind)
    assert connection is not None
    asked = select(SourcePerson).where(SourcePerson.source_id == connection.source_id, SourcePerson.speaks)
    found = list(db.session.scalars(asked))
    assert len({one.person_id for one in found}) == len(found)
    return {one.key: one.person for one in found}


def everybody(world: World) -> list[Person]:
    return list(db.session.scalars(Person.staff_by_name()))
