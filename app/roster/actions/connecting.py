"""A district's connection is set up, tried out, and asked: by an admin, or at its hour."""

from dataclasses import dataclass

from app.core import services
from app.core.actor import Actor
from app.core.db import db
from app.roster.actions import asking, importing
from app.roster.actions.connectors import CONNECTORS
from app.roster.actions.fetching import opened
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import NAMES, RosterSource
from app.roster.models.school_year import SchoolYear


@dataclass(frozen=True, kw_only=True)
class Particulars(asking.Particulars):
    """What an admin fills in."""

    #: Whether students and families are taken in; only from a source that can tell of them.
    families: bool = False
    #: The same of classes.
    classes: bool = False


def change(kind: str, given: Particulars, *, by: Actor) -> RosterConnection:
    """Keep what was filled in. Raises Refused."""
    source = RosterSource.of_kind(kind)
    connection = RosterConnection.of_kind(kind) or RosterConnection(source_id=source.id, settings={})
    asking.keep(connection, CONNECTORS[kind], given, by=by)
    source.takes_families, source.takes_classes = given.families, given.classes
    db.session.flush()
    db.session.refresh(connection)
    return connection


def missing(kind: str) -> str:
    """What must be filled in before it can be turned on, or ""."""
    return asking.missing(RosterConnection.of_kind(kind), CONNECTORS[kind])


def hosts(kind: str) -> tuple[str, ...]:
    """Where it is called; () if the registry knows, or nobody has said it yet."""
    return asking.hosts(RosterConnection.of_kind(kind), CONNECTORS[kind])


def try_out(kind: str) -> str:
    """Ask as little as shows that it works, and say what was found. Raises Refused."""
    return asking.try_out(RosterConnection.of_kind(kind), _look)


def _look(connection: RosterConnection) -> str:
    takes = connection.source
    source = opened(connection, families=takes.takes_families, classes=takes.takes_classes)
    db.session.commit()  # nobody waits for a source with a transaction open
    return source.try_out()


def sync(kind: str, *, by: Actor) -> RosterImport:
    """Ask it now. An admin looks before anything is applied. Raises Refused."""
    connection = asking.ready(RosterConnection.of_kind(kind), CONNECTORS[kind], NAMES[kind])
    return importing.begin_sync(connection.source_id, by=by)


def sync_what_is_due(*, by: Actor) -> None:
    """Begin the sync whose hour has struck. What stands in its way is told on its page, and it is tried again."""

    def begin(one: RosterConnection) -> None:
        importing.begin_sync(one.source_id, by=by, applies_itself=one.applies_itself, nightly=True)

    asking.ask_what_is_due(((one, CONNECTORS[one.source.kind]) for one in RosterConnection.nightly()), begin)


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
