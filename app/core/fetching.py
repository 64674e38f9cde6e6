"""What every source of the roster keeps to that we ask ourselves, over the network, a page at a time.

A Connector stands for a kind of source (OneRoster REST, a directory, a school's information system). Opened with what
a district's admin filled in, it gives a Fetching; and that gives pages, from any place on where a page before it ended.
Who asks (roster/actions/fetching.py) writes each page down together with the place after it, in one transaction. So a
worker that dies costs the page that it was at; a sync that is cancelled stops between two pages; and what is read into
the roster afterwards is what was written down, by the same feed as any file (core/feed.py).

What a Fetching owes:

- It calls through `core.egress` alone, under the key of its service. There is no database here, no transaction is open.
- Its items are reduced to what core/feed.py names as soon as they arrive. What we do not take in is not asked for, and
  where it comes all the same (demographics, passwords) it goes no further than the answer it came in.
- `Row.file` names the kind of record ("orgs", "users"), `Row.line` counts them within the sync from 1, so that a place
  must carry those counts too.
- It raises `Unreadable` where a person must see to something (the secret is refused, the answer is none), with a
  sentence for the district's admin that quotes nothing of the answer; and `NotNow` where time alone may help (429, 503,
  no answer). Nobody waits inside of it.
- It says `WholeRead` only after the source itself has shown that nothing more comes. Whether anybody was in it at all
  is asked by whoever writes it down: an answer without people is never a proof.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from app.core.feed import Item, WholeRead

#: Where the next page begins: plain JSON, the source's own business. {} is the beginning.
Place = Mapping[str, Any]
#: What an admin filled in, by the names of the form's fields, FAMILIES and CLASSES. Never a secret.
Settings = Mapping[str, str]
#: YES where students and families are to be taken in, too, by a source that can tell of them.
FAMILIES = "takes_families"
#: The same of classes and who is in them.
CLASSES = "takes_classes"
YES = "yes"

#: Seconds. A source may ask for longer; we come back by then all the same, and ask again.
LONGEST_PAUSE = 3600.0


class NotNow(Exception):
    """The source has no answer for us now; later it may. `sentence` is for the admin who asks why it waits."""

    def __init__(self, sentence: str, in_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        #: When the source wants to be asked again, if it said so.
        self.in_seconds = min(in_seconds, LONGEST_PAUSE) if in_seconds is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one question was answered with, and where to go on; or the proof that there is nothing to go on with."""

    items: Sequence[Item]
    then: Place | WholeRead
    #: How many records have come so far, and how many there will be, for the bar; None if nobody knows.
    received: int
    expected: int | None = None
    #: Where a later sync may go on with what changed since this one, once this one is applied; "" if nothing is said.
    bookmark: str = field(default="", repr=False)


class Fetching(Protocol):
    """A source that is being asked."""

    def pages(self, place: Place) -> Iterator[Page]:
        """The pages from there on, the last with a WholeRead. Raises Unreadable and NotNow, at any page."""

    def try_out(self) -> str:
        """Ask as little as shows that all is set up: what was found, in a sentence. Raises Unreadable and NotNow."""


class Connector(Protocol):
    """A kind of source. `service`: its key in the registry of outside services (core/services.py)."""

    @property
    def service(self) -> str: ...

    def missing(self, settings: Settings) -> str:
        """What of the settings must be filled in before it can be asked, as "the address and …"; or ""."""

    def hosts(self, settings: Settings) -> Sequence[str]:
        """Where it is called, if the district names that; () if the registry does.

        Raises OutsideRefused for an address that is never called, with a sentence for whoever typed it.
        """

    def opened(self, settings: Settings, secret: str, *, today: date) -> Fetching:
        """Ready to be asked. `today`: the district's day, for what begins and ends on a day. Calls nobody yet."""
