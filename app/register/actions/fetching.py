"""A system is asked for attendance, page by page. What it answers is written down with the place after it.

No transaction is open while it is asked: it may take its time, and nobody else waits for it here.
"""

import hashlib
import time
from collections import defaultdict
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from app.core import attendance_systems, clock, quotas, services
from app.core.attendance_systems import EACH, Asked, AttendanceSystem, FileConnector, RegisterPage, Told
from app.core.db import db
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.queue import later
from app.register.actions.connectors import CONNECTORS
from app.register.models.fetched_rows import FetchedRows
from app.register.models.register_connection import RegisterConnection, looks_back
from app.register.models.register_import import RegisterImport
from app.roster.models.school_year import SchoolYear

#: A system that has no answer so often, one time after another, has none tonight.
MOST_PAUSES: Final = 8
#: Seconds, doubled each time, where the system does not say when to come again.
FIRST_PAUSE: Final = 30.0
#: Octets of what is kept. A year of half a million students by the lesson is some four hundred million.
MOST_KEPT: Final = 1024 * 1024 * 1024
MOST_PAGES: Final = 200_000
NO_ROOM: Final = (
    "This district's storage is full, so the answers could not be kept. Ask the operator for more room."
)
NO_YEAR: Final = (
    "Write down the school year first (Admin › School years): attendance is asked for from its first day."
)


def fetch(run: RegisterImport, until: float) -> None:
    """Ask for what comes next, until time is up or all was answered. Raises Unreadable and NotNow."""
    import_id, number, place = run.id, run.pages_fetched, dict(run.place)
    system = opened(run.connection)
    db.session.commit()
    for page in attendance_systems.pages(system, place):
        held = RegisterImport.locked(import_id)
        if held is None or held.state != "fetching" or held.pages_fetched != number:
            db.session.rollback()
            return  # cancelled, or in other hands
        _write_down(held, page)
        number += 1
        db.session.commit()
        db.session.expunge_all()
        if page.then is None or time.monotonic() > until:
            return


def opened(connection: RegisterConnection | None) -> AttendanceSystem:
    """The system behind it, ready to be asked. Raises Unreadable where something is not filled in or turned off."""
    connection = _filled_in(connection)
    connector = CONNECTORS[connection.kind]
    assert not isinstance(connector, FileConnector)
    return connector.opened(connection.settings, connection.secret or "", year=_year().last_day.year)


def place_of_files(connection: RegisterConnection | None) -> FileConnector | None:
    """The place, where files lie ready behind it, ready to be looked at; None for a system. Raises Unreadable."""
    connection = _filled_in(connection)
    connector = CONNECTORS[connection.kind]
    return connector if isinstance(connector, FileConnector) else None


def _filled_in(connection: RegisterConnection | None) -> RegisterConnection:
    if connection is None:
        raise Unreadable("This connection was taken away.")
    refuse_if_off(connection)
    if missing := CONNECTORS[connection.kind].missing(connection.settings):
        raise Unreadable(f"Fill in {missing} first, and save.")
    if connection.secret_sealed is None:
        raise Unreadable("Fill in the secret first, and save.")
    return connection


def refuse_if_off(connection: RegisterConnection | None) -> None:
    """Raises Unreadable for a system whose outside service is turned off."""
    if connection is None:
        return
    service = CONNECTORS[connection.kind].service
    if not services.is_on(service):
        raise Unreadable(f"{services.service(service).name} is turned off, so this was stopped.")


def asked_now(connection: RegisterConnection, today: date) -> tuple[Asked, bool]:
    """What is to be asked for now, and whether that is everything since the year began. Raises Unreadable.

    What changed, where the system tells that; else the last weeks, for late corrections; and each week everything.
    """
    year = _year()
    last = min(today, year.last_day)
    if last < year.first_day:
        raise Unreadable("The school year has not begun, so there is no attendance to ask for.")
    connector = CONNECTORS[connection.kind]
    if isinstance(connector, FileConnector):
        is_whole = connector.covers_the_year(connection.settings)
        return Asked(year.first_day if is_whole else looks_back(year.first_day, last), last), is_whole
    since = "" if connector.counts_absence(connection.settings) else EACH
    if connection.is_whole_due(clock.now()) or last - year.first_day < timedelta(days=1):
        return Asked(year.first_day, last, since), True
    if connector.tells_changes(connection.settings) and connection.bookmark:
        return Asked(year.first_day, last, connection.bookmark), False
    return Asked(looks_back(year.first_day, last), last, since), False


def put_off(import_id: UUID, reason: NotNow) -> None:
    """Come again later. Raises Unreadable once that has been so too often."""
    held = RegisterImport.locked(import_id)
    if held is None or held.state != "fetching":
        return
    held.pauses += 1
    if held.pauses > MOST_PAUSES:
        raise Unreadable(f"{reason.sentence} It was asked {MOST_PAUSES} times in a row without an answer.")
    seconds = reason.in_seconds if reason.in_seconds is not None else FIRST_PAUSE * 2 ** (held.pauses - 1)
    held.note(f"{reason.sentence} It is asked again in {_in_words(seconds)}.")
    later("jobs.register.advance", import_id, due=clock.now() + timedelta(seconds=seconds))


def _write_down(run: RegisterImport, page: RegisterPage) -> None:
    if quotas.is_reached(quotas.STORED):
        raise Unreadable(NO_ROOM)
    run.records_received, run.pauses = page.received, 0
    run.pages_fetched += 1
    files: dict[str, list[Told]] = defaultdict(list)
    for file, told in page.rows:
        files[file].append(told)
    digest = hashlib.sha256(run.sha256.encode())
    for file, rows in files.items():
        run.size += FetchedRows.keep(run.id, file, run.pages_fetched, rows)
        digest.update(repr((file, rows)).encode())
    run.sha256, run.file_size = digest.hexdigest(), run.size
    if page.doubt and not run.has_unclear_rows:
        run.has_unclear_rows = True
        run.note(page.doubt)
    if run.size > MOST_KEPT or run.pages_fetched > MOST_PAGES:
        raise Unreadable("The answers are far more than any register. Nothing was taken over.")
    if page.then is not None:
        run.place = dict(page.then)
        return
    run.place = {"bookmark": page.bookmark}
    run.state = "reading"
    run.note(f"Everything was answered: {run.records_received:,} records. Reading begins.")
    if run.connection is not None:
        run.connection.worked()


def _year() -> SchoolYear:
    year = SchoolYear.current()
    if year is None:
        raise Unreadable(NO_YEAR)
    return year


def _in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute" if seconds > 45 else "a few seconds"
