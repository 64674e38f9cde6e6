"""What the groups of a directory mean here: an admin says it, looks twice where it opens much, and takes it back."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import db
from app.core.queue import later_each
from app.roster.actions.refused import Refused
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY, RosterSource
from app.roster.models.school import School
from app.roster.models.source_person import SourcePerson
from app.roster.models.source_school import SourceSchool

#: What a directory has, by the kind of source.
HAS: Final = {
    GOOGLE_DIRECTORY: ("ou", "group", "everybody"),
    ENTRA_USERS: ("group", "app_role", "everybody"),
}
MOST: Final = 500


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an admin says of a group."""

    what: str
    name: str = ""
    takes_in: bool = True
    school_id: UUID | None = None
    role: Role | None = None


def add(kind: str, said: Meaning) -> DirectoryGroup:
    """From the next sync on (and, of an app role, the next sign-in). Raises Refused."""
    source = RosterSource.of_kind(kind)
    if said.what not in HAS[kind]:
        raise Refused("That is not something this directory has. Choose another kind.")
    if len(DirectoryGroup.of_source(source.id)) >= MOST:
        raise Refused(f"There are {MOST} groups already. Take one out first.")
    if not said.takes_in and (said.role is not None or said.school_id is not None):
        raise Refused("Whoever is left out gets no role and no school. Choose neither.")
    if said.role is Role.ADMIN and said.school_id is not None:
        raise Refused("An admin is admin of the whole district. Choose all schools.")
    if said.role is not None and said.what == "everybody":
        raise Refused("A role for everybody would be a role for nobody. Name a group.")
    group = DirectoryGroup(
        source_id=source.id,
        what=said.what,
        name=_named(kind, said),
        takes_in=said.takes_in,
        school_id=_school(source.id, said.school_id),
        role=said.role.value if said.role else None,
    )
    db.session.add(group)
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        raise Refused(
            f"{group.title} is among the groups already. Take it out first to change it."
        ) from error
    return group


def remove(group: DirectoryGroup) -> None:
    """It means nothing any more: roles that came with it go at once; who is on the staff is seen by the next sync."""
    members = SourcePerson.in_group(group.id) if group.role else []
    db.session.delete(group)
    db.session.flush()
    later_each("jobs.roster.follow", [one.person_id for one in members])


def confirm(group: DirectoryGroup, *, by: Actor) -> None:
    """The second look: from now on its role is given. Raises Refused."""
    if not group.needs_a_second_look or group.confirmed_at is not None:
        raise Refused("There is nothing to confirm about this group.")
    group.confirmed_at = clock.now()
    group.confirmed_by_id = by.id if by.kind == "account" else None
    db.session.flush()
    later_each("jobs.roster.follow", [one.person_id for one in SourcePerson.in_group(group.id)])


def _named(kind: str, said: Meaning) -> str:
    name = " ".join(said.name.split())
    if said.what == "everybody":
        return ""
    if not name:
        raise Refused("Say what it is called in the directory.")
    if said.what == "ou":
        if not name.startswith("/"):
            raise Refused("An organizational unit is written from the top, with slashes: /Staff/North.")
        return name.rstrip("/") or "/"
    if said.what == "group" and kind == GOOGLE_DIRECTORY:
        if "@" not in name or " " in name:
            raise Refused("A group is named by its address: techs@maple.example.")
        return name.lower()
    if said.what == "group":
        return _object_id(name)
    return name


def _object_id(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError as error:
        raise Refused("A group is named by its object ID, as the Entra admin center shows it.") from error


def _school(source_id: UUID, school_id: UUID | None) -> UUID | None:
    """The school, which the source knows by our own id from now on."""
    if school_id is None:
        return None
    school = School.find(school_id)
    if school is None or not school.active:
        raise Refused("That school is not one of this district's. Choose another.")
    key = str(school.id)
    known = select(SourceSchool.id).where(SourceSchool.source_id == source_id, SourceSchool.key == key)
    if db.session.scalar(known) is None:
        db.session.add(SourceSchool(source_id=source_id, key=key, school_id=school.id, name=school.name))
        db.session.flush()
    return school.id
