"""A district's schools, asked one after another, each for one list after another: how school systems are read.

What is left to a source is a page of a list (`Leaf`). Here stands what all of them owe: no school without staff, no
page twice, no end that the source has not shown, and a place that survives the worker (core/fetching.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, Self

from app.core import clock
from app.core.feed import FedPerson, FedSchool, Item, Remark, Unreadable, WholeRead
from app.core.fetching import Page, Place

#: The source's own word for all of them: what somebody does at a school is not asked for.
STAFF: Final = "staff"
MOST_RECORDS: Final = 2_000_000
MOST_SCHOOLS: Final = 200
LONGEST_NAME: Final = 120
#: Why nobody is taken to have left by not being in a list.
EMPTY: Final = "It shows no {what} of {school}. That is taken for a mistake: nobody is taken to have left."
MOVED: Final = "The {what} of {school} changed while they were read: this time nobody is taken to have left."
AN_ID: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
#: So much earlier than a reading began the next look for changes begins: clocks and time zones differ.
OVERLAP: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A page of one list of one school. The lines of its items go on from the number that it was asked with."""

    items: Sequence[Item]
    #: Records that came, taken in or not.
    records: int
    #: The source's own word for where this list goes on; "" at its end.
    then: str = ""
    #: What tells this page from the one before it.
    first: str = ""
    #: Why absence counts for nothing: EMPTY or MOVED.
    doubt: str = ""


@dataclass(frozen=True)
class NamedSchool:
    """A school by the source's id, and as it is called here where an admin said so."""

    id: str
    name: str = ""

    @property
    def key(self) -> str:
        """Under which its people are told of: another name is another school, and they move there."""
        return f"{self.id}={self.name}" if self.name else self.id


def schools_named(typed: str) -> list[NamedSchool]:
    """What an admin typed: a line a school, its id and perhaps " = " and its name here. Raises ValueError."""
    schools: dict[str, NamedSchool] = {}
    for line in filter(None, map(str.strip, typed.splitlines())):
        id, _, name = (" ".join(part.split()) for part in line.partition("="))
        if not AN_ID.fullmatch(id):
            raise ValueError(f"“{id[:60]}” is no id of a school. Write one school a line, its id first.")
        if len(name) > LONGEST_NAME:
            raise ValueError(f"The name of {id} is longer than a school’s name can be.")
        if id in schools:
            raise ValueError(f"{id} stands there twice. Take one of them out.")
        schools[id] = NamedSchool(id, name)
    if len(schools) > MOST_SCHOOLS:
        raise ValueError(f"More than {MOST_SCHOOLS} schools are not asked by one connection.")
    return [*schools.values()]


class SchoolSystem(Protocol):
    """A source that is asked so."""

    schools: Sequence[NamedSchool]

    @property
    def lists(self) -> Sequence[str]:
        """Of a whole reading, the staff's among them, in their order."""

    @property
    def changes(self) -> Sequence[str]:
        """Those that tell what changed since; () where none does."""

    def leaf(self, school: NamedSchool, what: str, at: str, *, line: int, since: str) -> Leaf:
        """One page. `at`: "" at the beginning. `since`: "2026-11-26 07:00:00", or "" for all.

        Raises Unreadable and NotNow.
        """

    def try_out(self) -> str:
        """See core/fetching.py."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass
class BySchool:
    """A school system that is being asked (core/fetching.py)."""

    system: SchoolSystem
    #: The list whose people are the staff.
    staff: str

    def pages(self, place: Place) -> Iterator[Page]:
        """See core/fetching.py. A place {"since": bookmark} asks for what changed since then, and no more."""
        at = At.of(place)
        schools, system = self.system.schools, self.system
        lists = system.lists if at.whole else system.changes
        try:
            while True:
                what = lists[at.nth_list]
                leaf = system.leaf(schools[at.nth_school], what, at.at, line=at.line, since=at.since)
                at.take(leaf, what)
                items = [*leaf.items, *at.remarks(leaf, what)]
                if not leaf.then:
                    if what == self.staff:
                        at.refuse_if_nobody()
                    at.go_on(len(lists))
                if at.nth_school == len(schools):
                    whole = WholeRead(at.whole and not at.in_doubt)
                    bookmark = at.begun if system.changes else ""
                    yield Page(items=items, then=whole, received=at.received, bookmark=bookmark)
                    return
                yield Page(items=items, then=at.told(), received=at.received)
        finally:
            system.close()

    def try_out(self) -> str:
        """See core/fetching.py."""
        try:
            return self.system.try_out()
        finally:
            self.system.close()


@dataclass
class At:
    """How far a reading is, as it is kept between two pages."""

    whole: bool = True
    since: str = ""
    #: When the reading began, less the overlap.
    begun: str = field(default_factory=lambda: (clock.now() - OVERLAP).strftime("%Y-%m-%d %H:%M:%S"))
    nth_school: int = 0
    #: As the source calls it, for sentences.
    school: str = ""
    nth_list: int = 0
    at: str = ""
    first: str = ""
    line: int = 0
    received: int = 0
    #: Of this school.
    staff: int = 0
    in_doubt: bool = False

    @classmethod
    def of(cls, place: Place) -> Self:
        """The same place again."""
        return cls(whole=False, since=str(place["since"])) if place.keys() == {"since"} else cls(**place)

    def told(self) -> dict[str, Any]:
        """As plain JSON."""
        return dict(vars(self))

    def take(self, leaf: Leaf, what: str) -> None:
        """One more page. Raises Unreadable for one that came already."""
        if leaf.then and (leaf.then == self.at or (leaf.first and leaf.first == self.first)):
            raise Unreadable(
                f"The same page of {what} is given again and again. Nothing was taken over; its vendor has to mend "
                "that."
            )
        self.at, self.first = leaf.then, leaf.first
        self.line, self.received = self.line + leaf.records, self.received + leaf.records
        self.staff += sum(isinstance(one, FedPerson) and one.active for one in leaf.items)
        self.school = next((one.name for one in leaf.items if isinstance(one, FedSchool)), self.school)
        if self.received > MOST_RECORDS:
            raise Unreadable("There are more records than any district has. Nothing was taken over.")

    def refuse_if_nobody(self) -> None:
        """Raises Unreadable where a whole reading of a school found no staff."""
        if self.whole and not self.staff:
            raise Unreadable(
                f"It answered for {self.school or 'a school'}, but with nobody on the staff. That is taken for a "
                "mistake (another region, or a right that is missing): nothing was taken over, and nobody was removed."
            )

    def go_on(self, lists: int) -> None:
        """This list is over: on to the next one, or to the next school."""
        self.nth_list, self.at, self.first = self.nth_list + 1, "", ""
        if self.nth_list == lists:
            self.nth_school, self.nth_list, self.staff, self.school = self.nth_school + 1, 0, 0, ""

    def remarks(self, leaf: Leaf, what: str) -> list[Item]:
        """Why absence does not count, if it does not."""
        if not leaf.doubt:
            return []
        self.in_doubt = True
        return [Remark(leaf.doubt.format(what=what.lower(), school=self.school or "a school"))]
