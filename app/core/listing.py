"""What every directory of accounts keeps to, whichever company has it: who is in which group, and who there is.

Of nobody more is taken over the threshold than `Listed` names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class BeginAnew(Exception):
    """The directory knows no more where reading was to go on: it must be read from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An account of a directory. What it does not say is ""."""

    #: Its number there, which is also the one that its sign-in vouches for. Never an address.
    key: str
    given_name: str
    family_name: str
    #: Lower case.
    email: str
    #: Where it lies, in a directory that is a tree: "/Staff/North".
    path: str = ""
    active: bool = True
    #: Another organization's, let in here.
    is_guest: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """Some of those who are in a group, by their keys. `of`: the group as it is mapped: ("app_role", "Desk")."""

    of: tuple[str, str]
    keys: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """Some accounts, and where the next ones are: "" after the last."""

    people: Sequence[Listed] = ()
    #: Keys of accounts that were deleted there.
    gone: Sequence[str] = ()
    then: str = field(default="", repr=False)
    #: Where a later reading may go on with the changes since this one; "" if nothing is said of it here.
    bookmark: str = field(default="", repr=False)


class Directory(Protocol):
    """Somewhere to ask. Everything here raises Unreadable and NotNow (core/fetching.py)."""

    def members(self) -> Iterator[Members]:
        """All members of the groups that matter, asked for each time."""
        ...

    def people(self, at: str) -> Leaf:
        """The accounts there; "" is the beginning. Also raises BeginAnew."""
        ...

    def changes(self, at: str) -> Leaf:
        """Who has changed or gone, of all whom this directory tells of; `at` is a bookmark or where the last leaf led.

        Also raises BeginAnew, where only people() tells everything any more.
        """
        ...

    def try_out(self) -> str:
        """Ask for as little as shows that all is set up; what was found, in a sentence."""
        ...

    def close(self) -> None:
        """Let go of the connection. Nothing is asked afterwards."""
        ...
