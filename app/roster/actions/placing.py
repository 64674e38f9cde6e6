"""Who of a directory is on the staff, and at which school: its pages become the items of a feed (core/feed.py).

A directory holds students too, and does not say who is one. So only whom a group of the mapping takes in is taken in;
of everybody else a number is counted and nothing is written down. Members of groups are asked for each time a worker
goes on: they are few, and a place in the list of people needs no more than where it goes on.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from app.core.feed import FedPerson, Item, LeftOut, Remark, Rule, Unreadable, WholeRead, fault_of
from app.core.fetching import Page, Place
from app.core.listing import BeginAnew, Directory, Leaf, Listed

#: The source's own word for all of them: directories have none.
STAFF: Final = "staff"
#: A reading that loses its place so often does not come to an end.
MOST_BEGINNINGS: Final = 3
MOST_RECORDS: Final = 2_000_000
MOST_MEMBERS: Final = 500_000

NO_GROUPS: Final = (
    "Say first who is on the staff: name the organizational units, groups or app roles of your staff. A directory does "
    "not tell who is a student."
)
NOBODY: Final = (
    "It answered, but nobody in it is in one of the groups that take somebody in. That is taken for a mistake: nothing "
    "was taken over, and nobody was removed. Look whether the groups are written as the directory has them."
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """What being in a group means, as it stood when a sync went on."""

    id: str
    what: str
    name: str
    takes_in: bool = True
    school_key: str = ""


@dataclass
class Placing:
    """A directory that is being asked (core/fetching.py)."""

    directory: Directory
    groups: Sequence[Group]
    _members: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False)

    def pages(self, place: Place) -> Iterator[Page]:
        """See core/fetching.py. A place {"since": bookmark} asks for what changed since then, and no more."""
        if not any(group.takes_in for group in self.groups):
            raise Unreadable(NO_GROUPS)
        at = At.of(place)
        try:
            self._read_members()
            while True:
                try:
                    leaf = self.directory.people(at.at) if at.whole else self.directory.changes(at.at)
                except BeginAnew:
                    yield Page(items=[at.begin_anew()], then=at.told(), received=at.received)
                    continue
                items = [*self._items(at, leaf)]
                at.take(leaf)
                if not leaf.then:
                    at.refuse_if_nobody()
                    yield Page(
                        items=items, then=WholeRead(at.whole), received=at.received, bookmark=at.bookmark
                    )
                    return
                yield Page(items=items, then=at.told(), received=at.received)
        finally:
            self.directory.close()

    def try_out(self) -> str:
        """See core/fetching.py."""
        try:
            return self.directory.try_out()
        finally:
            self.directory.close()

    def _read_members(self) -> None:
        count = 0
        wanted = {(group.what, group.name): group.id for group in self.groups}
        for some in self.directory.members():
            group_id = wanted.get(some.of)
            if group_id is None:
                continue  # an app role that nothing here hangs on
            self._members.setdefault(group_id, set()).update(some.keys)
            count += len(some.keys)
            if count > MOST_MEMBERS:
                raise Unreadable(
                    "The groups have more members than any district has staff. Map smaller ones."
                )

    def _items(self, at: "At", leaf: Leaf) -> Iterator[Item]:
        for one in leaf.people:
            at.line += 1
            yield self._item(at, one)
        for key in leaf.gone:
            at.line += 1
            yield FedPerson(
                file="deleted", line=at.line, key=key[:255], given_name="", family_name="", email="",
                school_key="", role="", active=False,
            )  # fmt: skip

    def _item(self, at: "At", one: Listed) -> FedPerson | LeftOut:
        where: dict[str, Any] = {"file": "users", "line": at.line}
        if one.is_guest:
            return LeftOut(**where, key="", rule=Rule.GUEST)
        placed = place_of(one, self.groups, self._members)
        if placed is None and not one.active:
            # Leavers are moved out of the staff's unit as they are suspended. Whoever was never here is passed over.
            return FedPerson(
                **where, key=one.key[:255], given_name="", family_name="", email="", school_key="", role="",
                active=False,
            )  # fmt: skip
        if placed is None:
            return LeftOut(**where, key="", rule=Rule.NOT_STAFF)
        rule = fault_of(one.key, one.given_name, one.family_name, one.email)
        if rule is not None:
            return LeftOut(
                **where, key=one.key[:255], rule=rule, given_name=one.given_name[:80],
                family_name=one.family_name[:80], email=one.email[:254],
            )  # fmt: skip
        at.staff += 1
        return FedPerson(
            **where,
            key=one.key,
            given_name=one.given_name,
            family_name=one.family_name,
            email=one.email,
            school_key=placed.school_key,
            role=STAFF,
            active=one.active,
            groups=placed.groups,
        )


@dataclass
class At:
    """How far a reading is, as it is kept between two pages."""

    #: Everybody is read, and not only what changed.
    whole: bool = True
    #: The directory's own word for where to go on.
    at: str = ""
    line: int = 0
    received: int = 0
    staff: int = 0
    beginnings: int = 0
    bookmark: str = ""

    @classmethod
    def of(cls, place: Place) -> Self:
        """The same place again."""
        if "since" in place:
            return cls(whole=False, at=str(place["since"]))
        return cls(**place)

    def told(self) -> dict[str, Any]:
        """As plain JSON."""
        return dict(vars(self))

    def take(self, leaf: Leaf) -> None:
        """Go on after these."""
        self.at, self.received = leaf.then, self.received + len(leaf.people) + len(leaf.gone)
        self.bookmark = leaf.bookmark or self.bookmark
        if self.received > MOST_RECORDS:
            raise Unreadable(
                f"The directory has more than {MOST_RECORDS:,} accounts. Nothing was taken over."
            )

    def begin_anew(self) -> Remark:
        """From the beginning, with everybody. Raises Unreadable when that has been so too often."""
        self.beginnings += 1
        if self.beginnings > MOST_BEGINNINGS:
            raise Unreadable(
                "The directory loses the place again and again where reading was to go on. Try again later."
            )
        self.whole, self.at, self.received, self.staff, self.bookmark = True, "", 0, 0, ""
        return Remark(
            "The directory no longer knew where reading was to go on. Everybody is read from the beginning."
        )

    def refuse_if_nobody(self) -> None:
        """Raises Unreadable for a whole reading without staff."""
        if self.whole and not self.staff:
            raise Unreadable(NOBODY)


@dataclass(frozen=True)
class Placed:
    """Where somebody of the staff is, and the groups that they are in."""

    school_key: str
    groups: Sequence[str]


def place_of(one: Listed, groups: Sequence[Group], members: Mapping[str, Collection[str]]) -> Placed | None:
    """What the groups make of an account; None if it is nobody of the staff.

    Of units that lie within each other the innermost says whether somebody is of the staff, and at which school. A
    group that leaves its members out does so whatever else they are in.
    """
    within = sorted(
        (group for group in groups if group.what == "ou" and _lies_in(one.path, group.name)),
        key=lambda group: len(group.name),
        reverse=True,
    )
    others = [
        group
        for group in groups
        if group.what == "everybody" or (group.what != "ou" and one.key in members.get(group.id, ()))
    ]
    if any(not group.takes_in for group in [*within[:1], *others]):
        return None
    mine = [group for group in [*within, *others] if group.takes_in]
    if not mine:
        return None
    school = next((group.school_key for group in mine if group.school_key), "")
    return Placed(school, sorted(group.id for group in mine))


def _lies_in(path: str, unit: str) -> bool:
    path, unit = path.casefold().rstrip("/"), unit.casefold().rstrip("/")
    return path == unit or path.startswith(f"{unit}/")
