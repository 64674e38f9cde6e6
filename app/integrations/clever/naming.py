"""Whose number a Clever id is, and when a section meets: records name both by Clever's ids alone.

Kept in memory while a job goes on, of one school at a time. Who is not in a school's list, since he moved or left, is
asked for by himself, a bounded number a page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

#: Asked for one by one, for the records of one page. Who is beyond that is set aside, and found the next time.
MOST_ONE_BY_ONE: Final = 50


class Asking(Protocol):
    """What is asked of Clever for it."""

    def all_of(self, school: str, what: str) -> list[dict[str, Any]]:
        """The whole list of a school. Raises Unreadable and NotNow."""

    def one(self, what: str, id: str) -> dict[str, Any]:
        """One of them; {} where Clever has none of that id. Raises Unreadable and NotNow."""


@dataclass
class Named:
    """Clever's ids, and what they are called here. `what`: users or sections."""

    asking: Asking
    what: str
    called: Callable[[Mapping[str, Any]], str]
    _school: str = ""
    _of_school: dict[str, str] = field(default_factory=dict, repr=False)
    _others: dict[str, str] = field(default_factory=dict, repr=False)
    _asked: int = 0

    def begin_page(self, school: str) -> None:
        """Records of that school come next. Raises Unreadable and NotNow."""
        self._asked = 0
        if school != self._school:
            told = self.asking.all_of(school, self.what)
            self._of_school = {str(one.get("id", "")): self.called(one) for one in told}
            self._school = school

    def find(self, id: str) -> str:
        """What it is called; "" where nobody says. Raises Unreadable and NotNow."""
        if id in self._of_school:
            return self._of_school[id]
        if id and id not in self._others and self._asked < MOST_ONE_BY_ONE:
            self._asked += 1
            self._others[id] = self.called(self.asking.one(self.what, id))
        return self._others.get(id, "")
