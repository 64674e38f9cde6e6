"""A source is asked, page by page. What it answers is written down with the place after it; nothing is read yet.

No transaction is open while a source is asked: it may take its time, and nobody else waits for it here.
"""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.core import clock, quotas, services
from app.core.db import db
from app.core.expiring import today
from app.core.feed import FedPerson, Unreadable, WholeRead
from app.core.fetching import CLASSES, FAMILIES, YES, Fetching, NotNow, Page
from app.core.queue import later
from app.roster.actions.connectors import CONNECTORS
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_note import ImportNote
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport

#: A source that has no answer so often, one time after another, has none tonight.
MOST_PAUSES: Final = 8
#: Seconds, doubled each time, where the source does not say when to come again.
FIRST_PAUSE: Final = 30.0
#: Octets of what is kept. Half a million people make about a hundred million.
MOST_KEPT: Final = 512 * 1024 * 1024
NO_ROOM: Final = (
    "This district's storage is full, so the answers could not be kept. Ask the operator for more room."
)
#: However small its pages: more is no roster, or a source that never ends.
MOST_PAGES: Final = 50_000


def fetch(run: RosterImport, until: float) -> None:
    """Ask for what comes next, until time is up or all was answered. Raises Unreadable and NotNow."""
    import_id, number, place = run.id, run.pages_fetched, dict(run.place)
    connection = RosterConnection.of_source(run.source_id)
    source = opened(connection, families=run.takes_families, classes=run.takes_classes)
    db.session.commit()
    for page in source.pages(place):
        held = RosterImport.locked(import_id)
        if held is None or held.state != "fetching" or held.pages_fetched != number:
            db.session.rollback()
            return  # cancelled, or in other hands
        _write_down(held, page)
        number += 1
        db.session.commit()
        db.session.expunge_all()
        if isinstance(page.then, WholeRead) or time.monotonic() > until:
            return


def opened(connection: RosterConnection | None, *, families: bool = False, classes: bool = False) -> Fetching:
    """The source behind it, ready to be asked. Raises Unreadable where something is not filled in or turned off."""
    if connection is None:
        raise Unreadable("This connection was taken away.")
    connector = CONNECTORS[connection.source.kind]
    refuse_if_off(connection.source.kind)
    if missing := connector.missing(connection.settings):
        raise Unreadable(f"Fill in {missing} first, and save.")
    if connection.secret_sealed is None:
        raise Unreadable("Fill in the secret first, and save.")
    settings = {**connection.settings, FAMILIES: YES if families else "", CLASSES: YES if classes else ""}
    return connector.opened(settings, connection.secret or "", today=today())


def refuse_if_off(kind: str) -> None:
    """Raises Unreadable for a source that is asked, once its outside service is turned off."""
    connector = CONNECTORS.get(kind)
    if connector is not None and not services.is_on(connector.service):
        name = services.service(connector.service).name
        raise Unreadable(f"{name} is turned off, so this was stopped.")


def put_off(import_id: UUID, reason: NotNow) -> None:
    """Come again later. Raises Unreadable once that has been so too often."""
    held = RosterImport.locked(import_id)
    if held is None or held.state != "fetching":
        return
    if held.only_changes:
        raise Unreadable(
            reason.sentence
        )  # it holds up whatever else would be asked; the next look asks again
    held.pauses += 1
    if held.pauses > MOST_PAUSES:
        raise Unreadable(f"{reason.sentence} It was asked {MOST_PAUSES} times in a row without an answer.")
    seconds = reason.in_seconds if reason.in_seconds is not None else FIRST_PAUSE * 2 ** (held.pauses - 1)
    due = clock.now() + timedelta(seconds=seconds)
    ImportNote.write(import_id, f"{reason.sentence} It is asked again in {_in_words(seconds)}.")
    later("jobs.roster.advance", import_id, due=due)


def _write_down(run: RosterImport, page: Page) -> None:
    if quotas.is_reached(quotas.STORED):
        raise Unreadable(NO_ROOM)
    items = [*page.items]
    run.people_fetched += sum(isinstance(item, FedPerson) for item in items)
    run.records_received, run.records_expected, run.pauses = page.received, page.expected, 0
    run.pages_fetched += 1
    if isinstance(page.then, WholeRead):
        if not run.only_changes:
            _refuse_if_empty(run)
        run.place = {"bookmark": page.bookmark} if page.bookmark else {}
        items.append(page.then)
        run.state = "reading"
        ImportNote.write(
            run.id, f"Everything was answered: {run.records_received:,} records. Reading begins."
        )
        connection = RosterConnection.of_source(run.source_id)
        if connection is not None:
            connection.worked()
    else:
        run.place = dict(page.then)
    run.size += FetchedPage.keep(run.id, run.pages_fetched, items)
    run.file_size = run.size
    if run.size > MOST_KEPT or run.pages_fetched > MOST_PAGES:
        raise Unreadable("The answers are far more than any roster. Nothing was taken over.")


def _refuse_if_empty(run: RosterImport) -> None:
    if not run.people_fetched:
        raise Unreadable(
            "It answered, but with nobody on the staff. That is taken for a mistake: nothing was taken over, and "
            "nobody was removed. Look whether the key may read users, and whether it is the right address."
        )


def _in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute" if seconds > 45 else "a few seconds"
