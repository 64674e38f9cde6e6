"""A source that is asked, made up: it answers what a test wants, and remembers from where it was asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.feed import FedPerson, FedSchool, Item, WholeRead
from app.core.fetching import Page, Place, Settings
from app.core.services import GOOGLE_SIGN_IN, turn
from app.roster.actions import connecting, connectors, importing
from app.roster.actions.connecting import Particulars
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import NAMES

KIND = "made_up"


@dataclass
class MadeUp:
    """Connector and Fetching in one. An exception among the pages is raised, once, when its turn comes."""

    answers: list[Sequence[Item] | BaseException]
    counts_absence: bool = True
    service: str = GOOGLE_SIGN_IN
    asked_from: list[int] = field(default_factory=list)
    #: Done while that page is being answered.
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)

    def missing(self, settings: Settings) -> str:
        return "" if settings.get("where") else "where it is"

    def hosts(self, settings: Settings) -> Sequence[str]:
        return ()

    def opened(self, settings: Settings, secret: str, *, today: date) -> "MadeUp":
        assert secret == "sesame"
        return self

    def try_out(self) -> str:
        self._raise(self.answers[0])
        return "It answers."

    def pages(self, place: Place) -> Iterator[Page]:
        first = int(place.get("page", 0))
        for number in range(first, len(self.answers)):
            self.asked_from.append(number)
            answer = self.answers[number]
            self._raise(answer)
            self.meanwhile.pop(number, lambda: None)()
            assert not isinstance(answer, BaseException)
            is_last = number + 1 == len(self.answers)
            yield Page(
                items=answer,
                then=WholeRead(self.counts_absence) if is_last else {"page": number + 1},
                received=(number + 1) * 10,
            )

    def _raise(self, answer: Sequence[Item] | BaseException) -> None:
        if isinstance(answer, BaseException):
            self.answers.remove(answer)
            raise answer


def school(key: str = "s1", name: str = "Beech School") -> FedSchool:
    return FedSchool(file="orgs", line=1, key=key, name=name)


def person(nth: int, **changes: Any) -> FedPerson:
    told: dict[str, Any] = {
        "file": "users",
        "line": nth,
        "key": f"u{nth}",
        "given_name": f"Given{nth}",
        "family_name": f"Family{nth}",
        "email": f"u{nth}@maple.example",
        "school_key": "s1",
        "role": "teacher",
        "active": True,
    }
    return FedPerson(**{**told, **changes})


def connected(monkeypatch: Any, source: MadeUp, **particulars: Any) -> RosterConnection:
    """Set up and turned on in the district that is open, and committed."""
    monkeypatch.setattr(connectors, "CONNECTORS", connectors.CONNECTORS)
    monkeypatch.setitem(connectors.CONNECTORS, KIND, source)
    monkeypatch.setitem(NAMES, KIND, "Made-up")
    given = {"settings": {"where": "here"}, "secret": "sesame", **particulars}
    connection = connecting.change(KIND, Particulars(**given), by=SYSTEM)
    turn(source.service, True, SYSTEM)
    db.session.commit()
    return connection


def asked(*, applies_itself: bool = False) -> RosterImport:
    """A sync that went as far as it goes by itself."""
    connection = RosterConnection.of_kind(KIND)
    assert connection is not None
    run_id = importing.begin_sync(connection.source_id, by=SYSTEM, applies_itself=applies_itself).id
    db.session.commit()
    importing.advance(run_id)
    found = RosterImport.locked(run_id)
    assert found is not None
    db.session.commit()
    return found
