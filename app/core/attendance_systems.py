"""What every system keeps to that is asked for attendance over the network, a page at a time.

An AttendanceConnector stands for a kind of system. Opened with what a district's admin filled in, it gives an
AttendanceSystem, which names the questions of a reading and answers each, page by page. Who asks
(register/actions/fetching.py) writes each page down with the place after it, in one transaction: a worker that dies
costs the page that it was at. What was written down is read as the files of the set are (integrations/spreadsheet): the
same checks of rows, the same staging, preview and guard.

What a system owes:

- It calls through `core.egress` alone, under the key of its service, and follows no address that an answer gives.
- A row says what stands there in the source's words, field by field as the columns of the set are called (FIELDS of
  each file). Whom and what that means here is not its business. What is not a field is not passed on.
- It raises `Unreadable` where a person must see to something, with a sentence that quotes nothing of the answer; and
  `NotNow` where time alone may help. Nobody waits inside of it.
- A list ends when the source has shown that it ends. Where fewer came than were told of, that is no answer; where it
  changed while it was read, the leaf says so (`doubt`), and then nothing is taken to be gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, Final, Protocol, runtime_checkable

from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.spool import NEVER_STORED

#: Field → what stands there.
Told = Mapping[str, str]
#: A row: the file of the set that it belongs to (codes, calendar, enrollments, marks), and what it says.
Row = tuple[str, Told]
#: Where a reading goes on: plain JSON.
Place = Mapping[str, Any]

#: `Asked.since` where each record tells what became of it, and nothing is gone by not being there.
EACH: Final = "each"
MOST_RECORDS: Final = 40_000_000
#: Letters of one value; more are set aside by whoever checks the row.
LONGEST_VALUE: Final = 400
#: The same page so often, and it is the source that is wrong.
CAME_BEFORE: Final = (
    "The same page is given again and again. Nothing was taken over; its vendor has to mend that."
)


@dataclass(frozen=True)
class Asked:
    """What a reading is about: everything from the first to the last day, or what changed since a bookmark."""

    first: date
    last: date
    #: The source's own word for where the last reading ended, or EACH; "" for everything of those days.
    since: str = ""

    @property
    def is_window(self) -> bool:
        """True if what is not in the answer is gone."""
        return not self.since

    def leaves_out(self, written: str) -> bool:
        """True of a day outside of these. What is no day is not left out: it is set aside where rows are checked."""
        try:
            return not self.first <= date.fromisoformat(written) <= self.last
        except ValueError:
            return False


@dataclass(frozen=True)
class Question:
    """One list that is asked for: what it is, and of which school; "" for the whole district."""

    what: str
    school: str = ""
    #: Where a list is asked for day by day.
    day: str = ""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A page of one list."""

    rows: Sequence[Row]
    #: Records that came, taken in or not.
    records: int
    #: The source's own word for where this list goes on; "" at its end.
    then: str = ""
    #: What tells this page from the one before it.
    mark: str = ""
    #: What later questions of this reading have to know.
    known: Mapping[str, Any] = field(default_factory=dict)
    #: Why nothing is taken to be gone by not being in it, in a sentence; "" if all is well.
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class RegisterPage:
    """What one question was answered with. `then`: where to go on; None once everything was answered."""

    rows: Sequence[Row]
    then: Place | None
    received: int
    doubt: str = ""
    #: Of the last page: where a later reading of changes goes on; "" if the source tells none.
    bookmark: str = field(default="", repr=False)


class AttendanceSystem(Protocol):
    """A system that is being asked."""

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """What the whole reading has to know (`known`); under "bookmark" where the next one of changes goes on."""

    def questions(self, asked: Asked) -> Sequence[Question]:
        """The lists of a reading, in their order; the same each time."""

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """One page. `at`: "" at the beginning of a list. Raises Unreadable and NotNow."""

    def try_out(self) -> str:
        """Ask as little as shows that all is set up: what was found, in a sentence. Raises Unreadable and NotNow."""

    def close(self) -> None:
        """Let go of the connection."""


class Reached(Protocol):
    """What attendance is fetched from. `service`: its key in the registry of outside services (core/services.py)."""

    @property
    def service(self) -> str: ...

    def missing(self, settings: Settings) -> str:
        """What must be filled in before it can be asked, as "the address and …"; or ""."""

    def hosts(self, settings: Settings) -> Sequence[str]:
        """Where it is called, if the district names that; () if the registry does. Raises OutsideRefused."""


@runtime_checkable
class FileConnector(Reached, Protocol):
    """A place where files of the set lie ready. What it has is read as an upload is."""

    def covers_the_year(self, settings: Settings) -> bool:
        """Whether a file without a manifest has everything since the year began; else it has the last weeks."""

    def picked_up(self, settings: Settings, secret: str) -> AbstractContextManager[BinaryIO]:
        """The newest file, whole. Raises Unreadable and NotNow."""


class AttendanceConnector(Reached, Protocol):
    """A kind of system."""

    def counts_absence(self, settings: Settings) -> bool:
        """Whether a mark that is not in an answer about all of its day is gone. If not, its rows say what to do."""

    def tells_changes(self, settings: Settings) -> bool:
        """Whether it can be asked for what changed since a bookmark, what was deleted included."""

    def opened(self, settings: Settings, secret: str, *, year: int) -> AttendanceSystem:
        """Ready to be asked. `year`: in which the school year ends. Calls nobody yet."""


def pages(system: AttendanceSystem, place: Place) -> Iterator[RegisterPage]:
    """The pages from there on, the last with `then` None. Raises Unreadable and NotNow, at any of them."""
    at = _At.of(place)
    try:
        if not at.begun:
            at.known, at.begun = dict(system.begin(at.asked)), True
        questions = system.questions(at.asked)
        while at.nth < len(questions):
            leaf = system.leaf(questions[at.nth], at.at, at.asked, at.known)
            at.take(leaf)
            is_over = at.nth == len(questions)
            yield RegisterPage(
                rows=[_plain(row) for row in leaf.rows],
                then=None if is_over else at.told(),
                received=at.received,
                doubt=leaf.doubt,
                bookmark=str(at.known.get("bookmark", "")) if is_over else "",
            )
    finally:
        system.close()


def beginning(asked: Asked) -> dict[str, Any]:
    """The place at which a reading begins."""
    return {"first": asked.first.isoformat(), "last": asked.last.isoformat(), "since": asked.since}


@dataclass
class _At:
    """How far a reading is, as it is kept between two pages."""

    asked: Asked
    begun: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    #: Which question, where in it, what its last page began with.
    nth: int = 0
    at: str = ""
    mark: str = ""
    received: int = 0

    @classmethod
    def of(cls, place: Place) -> "_At":
        """The same place again."""
        rest = dict(place)
        first, last = (date.fromisoformat(rest.pop(name)) for name in ("first", "last"))
        return cls(Asked(first, last, str(rest.pop("since"))), **rest)

    def told(self) -> dict[str, Any]:
        """As plain JSON."""
        rest = {name: value for name, value in vars(self).items() if name != "asked"}
        return {**beginning(self.asked), **rest}

    def take(self, leaf: Leaf) -> None:
        """One more page. Raises Unreadable for one that came already, and for more than any district has."""
        if leaf.then and (leaf.then == self.at or (leaf.mark and leaf.mark == self.mark)):
            raise Unreadable(CAME_BEFORE)
        self.received += leaf.records
        if self.received > MOST_RECORDS:
            raise Unreadable("There are more records than any district has. Nothing was taken over.")
        self.known |= leaf.known
        self.at, self.mark = leaf.then, leaf.mark
        if not leaf.then:
            self.nth, self.mark = self.nth + 1, ""


def _plain(row: Row) -> Row:
    """Text alone, on one line: what no database takes, and what would part a line in two, is left out."""
    file, told = row
    return file, {
        name: " ".join(NEVER_STORED.sub("", value).split())[:LONGEST_VALUE] for name, value in told.items()
    }
