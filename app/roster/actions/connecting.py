"""A district's connection is set up, tried out, and asked: by an admin, or at its hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core import services
from app.core.actor import Actor
from app.core.addresses import OutsideRefused
from app.core.audit import noted
from app.core.db import db
from app.core.directory import district_by_id
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.tenancy import current_district_id
from app.roster.actions import importing
from app.roster.actions.connectors import CONNECTORS
from app.roster.actions.fetching import opened
from app.roster.actions.refused import Refused
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import NAMES, RosterSource
from app.roster.models.school_year import SchoolYear

ENTER_IT_AGAIN: Final = (
    "Enter the secret again: the one that is kept was given for another address, and it is sent to no other."
)


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What an admin fills in. `secret`: "" keeps the one that is there."""

    settings: Mapping[str, str]
    secret: str = ""
    secret_expires_on: date | None = None
    hour: int | None = None
    #: Whether students and families are taken in; only from a source that can tell of them.
    families: bool = False
    #: The same of classes.
    classes: bool = False
    applies_itself: bool = False


def change(kind: str, given: Particulars, *, by: Actor) -> RosterConnection:
    """Keep what was filled in. Raises Refused.

    A secret belongs to where it was entered for: to send it anywhere else it must be entered again.
    """
    connector = CONNECTORS[kind]
    connection = RosterConnection.of_kind(kind)
    if connection is None:
        connection = RosterConnection(source_id=RosterSource.of_kind(kind).id, settings={})
        db.session.add(connection)
    before = _hosts(kind, connection.settings)
    try:
        hosts = connector.hosts(given.settings)
    except OutsideRefused as refused:
        raise Refused(str(refused)) from refused
    if connection.secret_sealed and not given.secret and set(hosts) - set(before):
        raise Refused(ENTER_IT_AGAIN)
    connection.settings = {name: value.strip() for name, value in given.settings.items()}
    if given.secret:
        connection.secret = given.secret
    connection.expires_on(given.secret_expires_on, anew=bool(given.secret))
    connection.hour, connection.applies_itself = given.hour, given.applies_itself
    source = RosterSource.of_kind(kind)
    source.takes_families, source.takes_classes = given.families, given.classes
    db.session.flush()
    db.session.refresh(connection)
    if hosts and tuple(hosts) != tuple(before) and services.is_on(connector.service):
        services.turn(connector.service, True, by, hosts)
    return connection


def missing(kind: str) -> str:
    """What must be filled in before it can be turned on, or ""."""
    connection = RosterConnection.of_kind(kind)
    if connection is None:
        return "how it is reached"
    return CONNECTORS[kind].missing(connection.settings) or ("" if connection.secret_sealed else "the secret")


def hosts(kind: str) -> tuple[str, ...]:
    """Where it is called; () if the registry knows, or nobody has said it yet."""
    connection = RosterConnection.of_kind(kind)
    return _hosts(kind, connection.settings) if connection else ()


def try_out(kind: str) -> str:
    """Ask as little as shows that it works, and say what was found. Raises Refused."""
    connection = RosterConnection.of_kind(kind)
    if connection is None:
        raise Refused("Fill in how it is reached first, and save.")
    noted("tried out", "roster_connections", connection.id)
    try:
        takes = connection.source
        source = opened(connection, families=takes.takes_families, classes=takes.takes_classes)
        db.session.commit()  # nobody waits for a source with a transaction open
        found = source.try_out()
    except (Unreadable, NotNow) as answer:
        connection.failed(answer.sentence)
        raise Refused(answer.sentence) from answer
    connection.worked()
    return found


def sync(kind: str, *, by: Actor) -> RosterImport:
    """Ask it now. An admin looks before anything is applied. Raises Refused."""
    connection = RosterConnection.of_kind(kind)
    if connection is None or missing(kind):
        raise Refused(f"Fill in {missing(kind)} first, and save.")
    if not services.is_on(CONNECTORS[kind].service):
        raise Refused(f"{NAMES[kind]} is turned off, so nothing is asked of it.")
    return importing.begin_sync(connection.source_id, by=by)


def sync_what_is_due(*, by: Actor) -> None:
    """Begin the sync whose hour has struck. What stands in its way is told on its page, and it is tried again."""
    card = district_by_id(current_district_id())
    zone = card.zone if card else "UTC"
    for connection in RosterConnection.nightly():
        if not connection.is_due(zone) or not services.is_on(CONNECTORS[connection.source.kind].service):
            continue
        try:
            importing.begin_sync(
                connection.source_id, by=by, applies_itself=connection.applies_itself, nightly=True
            )
        except Refused as refused:
            connection.failed(refused.sentence)
        else:
            connection.struck()


def look_for_changes(*, by: Actor) -> None:
    """Ask the directories who left or changed since the last sync; they tell that in a question or two.

    Only where everybody was read once, and while nothing is at work and nothing of the same source waits: the next look
    tells the same again.
    """
    for connection in RosterConnection.nightly():
        connector = CONNECTORS[connection.source.kind]
        since = connection.bookmark or getattr(connector, "always_since", "")
        if not since or not services.is_on(connector.service) or missing(connection.source.kind):
            continue
        if SchoolYear.is_moving_students():
            continue  # the next look tells the same again
        is_busy = RosterImport.at_work() or RosterImport.under_way_of(connection.source_id)
        if is_busy is None and RosterImport.was_ever_done(connection.source_id):
            importing.begin_sync(
                connection.source_id, by=by, applies_itself=connection.applies_itself, since=since
            )


def _hosts(kind: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(CONNECTORS[kind].hosts(settings))
    except OutsideRefused:
        return ()  # never saved so
