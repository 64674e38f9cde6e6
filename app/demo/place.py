"""A made-up district before it is written: plain things, so that stories can be told about them."""

from dataclasses import dataclass, field
from uuid import UUID

from app.core.actor import Role
from app.demo.accounts import DemoAccount


@dataclass(frozen=True)
class School:
    """A school with its rooms by name."""

    id: UUID
    short_name: str
    name: str
    rooms: dict[str, UUID] = field(hash=False)


@dataclass(frozen=True)
class Colleague:
    """One of the staff; with an account if they are of the cast."""

    id: UUID
    given_name: str
    family_name: str
    email: str
    title: str
    school: School
    room: str
    account: DemoAccount | None = None
    account_id: UUID | None = None

    @property
    def name(self) -> str:
        """The name as it is said."""
        return f"{self.given_name} {self.family_name}"

    def works_at(self, school: School) -> bool:
        """True for a technician of that school."""
        if self.account is None or self.account.role not in (Role.TECHNICIAN, Role.LEAD):
            return False
        return not self.account.only_there or self.school is school


@dataclass(frozen=True)
class Thing:
    """A device."""

    id: UUID
    tag: str
    kind: str
    model: str
    serial: str
    state: str
    school: School
    room: str


@dataclass(frozen=True)
class Place:
    """A district with all that is in it."""

    schools: list[School]
    staff: list[Colleague]
    things: list[Thing]
    #: In the order of opening.FIRST_CATEGORIES.
    categories: list[UUID]

    @property
    def newcomer(self) -> Colleague:
        """Who began this week: no school yet, and no request."""
        return self.staff[-1]

    def technicians(self, school: School) -> list[Colleague]:
        """Who works at the desk for that school."""
        return [one for one in self.staff if one.works_at(school)]

    def things_of(self, school: School, kind: str) -> list[Thing]:
        """The devices of a kind at a school; of the whole district where it has none."""
        all_of_them = [thing for thing in self.things if thing.kind == kind]
        return [thing for thing in all_of_them if thing.school is school] or all_of_them
