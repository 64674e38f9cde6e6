"""Who did it: an account, the house itself ("system"), or an operator: on the command line, or as a guest."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID


class Role(StrEnum):
    """What somebody is to the office. A role is held at one school, or at all of them."""

    REQUESTER = "requester"
    TECHNICIAN = "technician"
    LEAD = "lead"
    ADMIN = "admin"
    SCHOOL_OFFICE = "school_office"
    COUNSELOR = "counselor"
    ATTENDANCE_CLERK = "attendance_clerk"
    PRINCIPAL = "principal"


#: What a role brings along: whoever leads the desk works at it, and everybody may ask for help.
BRINGS: Final[dict[Role, frozenset[Role]]] = {
    Role.REQUESTER: frozenset({Role.REQUESTER}),
    Role.TECHNICIAN: frozenset({Role.TECHNICIAN, Role.REQUESTER}),
    Role.LEAD: frozenset({Role.LEAD, Role.TECHNICIAN, Role.REQUESTER}),
    Role.ADMIN: frozenset({Role.ADMIN, Role.REQUESTER}),
    Role.SCHOOL_OFFICE: frozenset({Role.SCHOOL_OFFICE, Role.REQUESTER}),
    Role.COUNSELOR: frozenset({Role.COUNSELOR, Role.REQUESTER}),
    Role.ATTENDANCE_CLERK: frozenset({Role.ATTENDANCE_CLERK, Role.REQUESTER}),
    Role.PRINCIPAL: frozenset({Role.PRINCIPAL, Role.REQUESTER}),
}


class Actor(Protocol):
    """Somebody who does things. Accounts are actors, and so is the system."""

    @property
    def id(self) -> UUID | None: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def person_id(self) -> UUID | None: ...

    def has(self, role: Role, school_id: UUID | None = None) -> bool:
        """True if they hold the role: at that school, or, where none is named, anywhere."""
        ...

    def schools_of(self, role: Role) -> set[UUID] | None:
        """The schools where they hold the role; None means all."""
        ...


@dataclass(frozen=True)
class NightStaff:
    """An actor without an account. Holds no role: what it does, it does by actions, not through doors."""

    kind: str
    name: str
    id: UUID | None = None
    person_id: UUID | None = None

    def has(self, role: Role, school_id: UUID | None = None) -> bool:
        """Never: nobody at a door is the system."""
        return False

    def schools_of(self, role: Role) -> set[UUID] | None:
        """None of them."""
        return set()


@dataclass(frozen=True)
class Guest:
    """An operator whom a district lets look, until a moment. Sees what `role` sees in `rooms`, and changes nothing."""

    id: UUID
    name: str
    role: Role
    rooms: frozenset[str]
    visit_id: UUID
    until: datetime
    kind: str = "operator"
    person_id: UUID | None = None

    def has(self, role: Role, school_id: UUID | None = None) -> bool:
        """True for what the role brings along; nobody asks for help here who does not work here."""
        return role is not Role.REQUESTER and role in BRINGS[self.role]

    def schools_of(self, role: Role) -> set[UUID] | None:
        """All, where they have the role."""
        return None if self.has(role) else set()


SYSTEM: Final[Actor] = NightStaff("system", "FrontOffice")
OPERATOR: Final[Actor] = NightStaff("operator", "The operator")

_acting: ContextVar[Actor] = ContextVar("acting", default=SYSTEM)


def current_actor() -> Actor:
    """Who is acting now; the system where nobody is."""
    return _acting.get()


def set_actor(actor: Actor) -> None:
    """From here on, `actor` acts. The hall says so for each request and takes it back at its end."""
    _acting.set(actor)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Within the block, `actor` acts."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)
