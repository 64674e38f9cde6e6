"""What is done with every source that is asked, whatever for: kept, tried out, and asked when its hour has struck."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import inspect

from app.core import services
from app.core.actor import Actor
from app.core.addresses import OutsideRefused
from app.core.asked_source import AskedSource
from app.core.audit import noted
from app.core.db import db
from app.core.directory import district_by_id
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.tenancy import current_district_id
from app.roster.actions.refused import Refused

ENTER_IT_AGAIN: Final = (
    "Enter the secret again: the one that is kept was given for another address, and it is sent to no other."
)
NOT_FILLED_IN: Final = "Fill in how it is reached first, and save."


Source = TypeVar("Source", bound=AskedSource)


class Kind(Protocol):
    """A kind of source, as its connector tells of it. `service`: its key in the registry of outside services."""

    @property
    def service(self) -> str: ...
    def missing(self, settings: Mapping[str, Any]) -> str: ...
    def hosts(self, settings: Mapping[str, Any]) -> Sequence[str]: ...


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What an admin fills in of any source. `secret`: "" keeps the one that is there."""

    settings: Mapping[str, str]
    secret: str = ""
    secret_expires_on: date | None = None
    hour: int | None = None
    applies_itself: bool = False


def keep(connection: AskedSource, kind: Kind, given: Particulars, *, by: Actor) -> bool:
    """Keep what was filled in. True if it is reached or read otherwise than before. Raises Refused.

    A secret belongs to where it was entered for: to send it anywhere else it must be entered again.
    """
    before = hosts(connection, kind)
    try:
        now = kind.hosts(given.settings)
    except OutsideRefused as refused:
        raise Refused(str(refused)) from refused
    if connection.secret_sealed and not given.secret and set(now) - set(before):
        raise Refused(ENTER_IT_AGAIN)
    settings = {name: value.strip() for name, value in given.settings.items()}
    is_another = settings != connection.settings
    connection.settings = settings
    if given.secret:
        connection.secret = given.secret
    connection.expires_on(given.secret_expires_on, anew=bool(given.secret))
    connection.hour, connection.applies_itself = given.hour, given.applies_itself
    db.session.add(connection)
    db.session.flush()
    if now and tuple(now) != tuple(before) and services.is_on(kind.service):
        services.turn(kind.service, True, by, now)
    return is_another


def missing(connection: AskedSource | None, kind: Kind) -> str:
    """What must be filled in before it can be turned on, or ""."""
    if connection is None:
        return "how it is reached"
    return kind.missing(connection.settings) or ("" if connection.secret_sealed else "the secret")


def hosts(connection: AskedSource | None, kind: Kind) -> tuple[str, ...]:
    """Where it is called; () if the registry knows, or nobody has said it yet."""
    try:
        return tuple(kind.hosts(connection.settings)) if connection else ()
    except OutsideRefused:
        return ()  # never saved so


def try_out(connection: Source | None, look: Callable[[Source], str]) -> str:
    """Ask as little as shows that it works, and say what was found. Raises Refused."""
    if connection is None:
        raise Refused(NOT_FILLED_IN)
    noted("tried out", inspect(connection).mapper.local_table.name, connection.id)
    try:
        found = look(connection)
    except (Unreadable, NotNow) as answer:
        connection.failed(answer.sentence)
        raise Refused(answer.sentence) from answer
    connection.worked()
    return found


def ready(connection: Source | None, kind: Kind, name: str) -> Source:
    """The source, if it may be asked at all. Raises Refused."""
    lacks = missing(connection, kind)
    if connection is None or lacks:
        raise Refused(f"Fill in {lacks} first, and save.")
    if not services.is_on(kind.service):
        raise Refused(f"{name} is turned off, so nothing is asked of it.")
    return connection


def ask_what_is_due(sources: Iterable[tuple[Source, Kind]], begin: Callable[[Source], object]) -> None:
    """Begin with each whose hour has struck. What stands in its way is told on its page, and it is tried again."""
    zone = zone_here()
    for connection, kind in sources:
        if not connection.is_due(zone) or not services.is_on(kind.service):
            continue
        try:
            begin(connection)
        except Refused as refused:
            connection.failed(refused.sentence)
        else:
            connection.struck()


def zone_here() -> str:
    """The district's time zone, in which hours strike."""
    card = district_by_id(current_district_id())
    return card.zone if card else "UTC"
