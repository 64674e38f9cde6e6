"""An import, of a file or by asking, is begun, approved, cancelled, gone on with and forgotten.

What it does lies in the files beside this one.

Every step commits small batches with the row of the import held, and writes there how far it came: whoever goes on
with it, after a crash too, goes on from that place.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import BinaryIO, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock, quotas, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.queue import later
from app.integrations.oneroster.archive import Archive
from app.roster.actions import applying, comparing, family_staging, fetching, school_years, staging
from app.roster.actions.refused import Refused
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_class import ImportClass
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.import_seen import ImportSeen
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import FILE_IS_KEPT, OVER, ROWS_ARE_KEPT, RosterImport
from app.roster.models.roster_source import FAMILY_SPREADSHEET, ONEROSTER_CSV, SPREADSHEET, RosterSource

#: Octets. Half a million people make about thirty megabytes.
LARGEST_FILE: Final = 100 * 1024 * 1024
#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0
#: So many times as long while a file is read: whoever goes on has to read again what was read before. In all, less
#: than a lease.
READS_FOR: Final = 2.5

#: How a zip begins.
ZIPPED: Final = b"PK"

NOT_WAITING: Final = "This import is not waiting for its columns any more."
ONE_AT_A_TIME: Final = (
    "Another import is at work. Wait until it is over or waits for an answer, or cancel it."
)
NO_FAMILIES: Final = (
    "Students and families are passed over. Have them taken in first, at the side of this page."
)
ONE_OF_A_SOURCE: Final = "The last import of this source still waits for you. Apply or cancel it first."

_STEPS: Final[dict[str, Callable[[RosterImport, float], None]]] = {
    "fetching": fetching.fetch,
    "reading": staging.read,
    "comparing": comparing.compare,
    "applying": applying.apply,
}


def begin(stream: BinaryIO, *, by: Actor, sheet: str = SPREADSHEET) -> RosterImport:
    """Store a OneRoster export and have it read, or a CSV file. Raises Refused and StorageFault.

    Of a CSV file an admin says first which column is what. `sheet`: the kind of source that it is, if it is one.
    """
    school_years.refuse_import_beside()
    if RosterImport.at_work() is not None:
        raise Refused(ONE_AT_A_TIME)
    if stream.seek(0, 2) > LARGEST_FILE:
        raise Refused(f"A roster file may have at most {LARGEST_FILE // 1024**2} MB.")
    stream.seek(0)
    is_zip = stream.read(2) == ZIPPED
    kind = ONEROSTER_CSV if is_zip else sheet
    if kind == FAMILY_SPREADSHEET and not RosterSource.files_take_families():
        raise Refused(NO_FAMILIES)
    try:
        _look_at(stream, kind)
    except Unreadable as error:
        raise Refused(error.sentence) from error
    source = RosterSource.of_kind(kind)
    if RosterImport.under_way_of(source.id) is not None:
        raise Refused(ONE_OF_A_SOURCE)
    quotas.refuse_if_reached(quotas.STORED)
    stream.seek(0)
    stored = storage.put(("roster", uuid7()), stream, "application/zip" if is_zip else "text/csv")
    run = RosterImport(
        source_id=source.id,
        state="reading" if is_zip else "columns",
        takes_families=source.takes_families or kind == FAMILY_SPREADSHEET,
        takes_classes=source.takes_classes,
        storage_key=stored.key,
        size=stored.size,
        file_size=stored.size,
        sha256=stored.sha256,
        made_by_id=by.id,
    )
    _add(run)
    audit.noted("began", "roster_imports", run.id, sha256=stored.sha256, size=stored.size)
    if is_zip:
        ImportNote.write(run.id, "The file was uploaded. Reading begins.")
        later("jobs.roster.advance", run.id)
    else:
        ImportNote.write(run.id, "The file was uploaded. An admin says which column is what.")
    return run


def choose_columns(run: RosterImport, columns: Mapping[str, str], *, has_everybody: bool) -> None:
    """Have a CSV file read so, and remember it for the next one. `columns`: what → its column. Raises Refused."""
    held = RosterImport.locked(run.id)
    if held is None or held.state != "columns":
        raise Refused(NOT_WAITING)
    held.columns, held.has_everybody = dict(columns), has_everybody
    held.source.columns = dict(columns)
    _set_to_work(held, "reading")
    ImportNote.write(run.id, "An admin said which column is what. Reading begins.")
    later("jobs.roster.advance", run.id)


def columns_of(run: RosterImport) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Of a CSV file: its columns, which is probably what, and what stands in the first row of those.

    Raises Unreadable and TryAgain.
    """
    with staging.opened(run) as file:
        sheet = staging.SHEETS[run.source.kind](file)
        guess = sheet.guessed(run.columns or run.source.columns)
        return sheet.columns, guess, sheet.example(guess.values())


def begin_sync(
    source_id: UUID,
    *,
    by: Actor,
    applies_itself: bool = False,
    nightly: bool = False,
    since: str | None = None,
) -> RosterImport:
    """Have a source asked. Raises Refused.

    `applies_itself`: nobody needs to say yes, unless something must be asked. A preview of the same source that nobody
    answered makes way: this one will say the same and more. `nightly`: admins hear by mail if it waits for them, unless
    they know from the one that made way. `since`: ask for what changed and no more; no preview makes way for that.
    """
    school_years.refuse_import_beside()
    if RosterImport.at_work() is not None:
        raise Refused(ONE_AT_A_TIME)
    before = RosterImport.under_way_of(source_id)
    makes_way = before is not None and since is None
    if before is not None and makes_way:
        ImportNote.write(before.id, "Nobody said to apply it before the next sync, which takes its place.")
        _end(before, "cancelled")
    elif before is not None:
        raise Refused(ONE_OF_A_SOURCE)
    if quotas.is_reached(quotas.STORED):
        raise Refused(fetching.NO_ROOM)
    source = db.session.get_one(RosterSource, source_id)
    run = RosterImport(
        source_id=source_id,
        state="fetching",
        size=0,
        file_size=0,
        sha256="",
        made_by_id=by.id,
        takes_families=source.takes_families,
        takes_classes=source.takes_classes,
        applies_itself=applies_itself,
        tells_admins=nightly and not makes_way,
        only_changes=since is not None,
        place={} if since is None else {"since": since},
    )
    _add(run)
    if not run.only_changes:  # looks are taken each hour; what one changes is told where it ends
        audit.noted("began", "roster_imports", run.id, sync=True)
    ImportNote.write(run.id, "The source is being asked.")
    later("jobs.roster.advance", run.id)
    return run


def approve(run: RosterImport, *, removals: bool) -> None:
    """Have it applied. `removals`: those who would go may go, where the guard asked. Raises Refused."""
    school_years.refuse_import_beside()
    held = RosterImport.locked(run.id)
    if held is None or held.state != "ready":
        raise Refused("This import is not waiting for an answer any more.")
    if held.takes_families and family_staging.is_under_an_older_key(held):
        raise Refused(
            "This district's key was replaced since the file was read. Cancel this import, and upload the file again."
        )
    held.removals_confirmed = removals
    _set_to_work(held, "applying")
    audit.noted("approved", "roster_imports", run.id, removals=removals, guard=bool(held.guard))
    sentence = "An admin said to apply it"
    if held.guard:
        sentence += (
            ", and that those who would go have left" if removals else ", and that nobody is to be removed"
        )
    ImportNote.write(run.id, f"{sentence}.")
    later("jobs.roster.advance", run.id)


def _set_to_work(held: RosterImport, state: str) -> None:
    """Raises Refused while another is at work: each would decide beside what the other changes."""
    if RosterImport.at_work() is not None:
        raise Refused(ONE_AT_A_TIME)
    try:
        with db.session.begin_nested():
            held.state = state
            db.session.flush()
    except IntegrityError as error:
        raise Refused(ONE_AT_A_TIME) from error


def cancel(run: RosterImport) -> None:
    """Stop it. What was applied already stays; nothing more is. Raises Refused."""
    held = RosterImport.locked(run.id)
    if held is None or held.is_over:
        raise Refused("This import is over already.")
    count = ImportRow.count_applied(held)
    applied = f"{count:,} rows had been applied" if count else "Nothing had been applied"
    ImportNote.write(run.id, f"An admin cancelled it. {applied}.")
    _end(held, "cancelled")


def resume(run: RosterImport) -> None:
    """Go on where it stopped: for when no worker is at it any more. Raises Refused."""
    if not run.is_working:
        raise Refused("There is nothing to go on with.")
    ImportNote.write(run.id, "An admin said to go on.")
    later("jobs.roster.advance", run.id)


def advance(import_id: UUID) -> None:
    """Go on for a while, from wherever it is. Commits after each batch.

    Of a source that is asked nothing goes on once it is turned off, whatever is waiting for it.
    """
    began = time.monotonic()
    while (run := RosterImport.locked(import_id)) is not None and run.is_working:
        step = run.state
        until = began + A_WHILE * (READS_FOR if step == "reading" else 1.0)
        try:
            fetching.refuse_if_off(run.source.kind)
            _STEPS[step](run, until)
        except Unreadable as error:
            db.session.rollback()
            _fail(import_id, error.sentence)
            return
        except NotNow as reason:
            db.session.rollback()
            _put_off(import_id, reason)
            return
        # Fetching and reading commit by themselves, and their row is no longer this one.
        if step not in ("fetching", "reading") and run.state == "done":
            _end(run, "done")
            return
        db.session.commit()
        db.session.expunge_all()
        if time.monotonic() > until:
            later("jobs.roster.advance", import_id)
            return


def _look_at(stream: BinaryIO, kind: str) -> None:
    stream.seek(0)
    if kind in staging.SHEETS:
        staging.SHEETS[kind](stream)
    else:
        Archive(stream)


def put_families(source: RosterSource, *, takes: bool) -> None:
    """Whether students and families are taken in from the next import on."""
    source.takes_families = takes
    db.session.flush()


def put_classes(source: RosterSource, *, takes: bool) -> None:
    """Whether classes and who is in them are taken in from the next import on. Off leaves them as they are."""
    source.takes_classes = takes
    db.session.flush()


def forget_old_imports() -> None:
    """Give up previews that nobody answered, and forget imports that ended a month ago, with their rows."""
    waiting = select(RosterImport).where(
        RosterImport.state.not_in(OVER), RosterImport.made_at < clock.now() - FILE_IS_KEPT
    )
    for run in db.session.scalars(waiting).all():
        ImportNote.write(run.id, "Nobody said to apply it within 7 days, so it was given up.")
        _end(run, "cancelled")
    old = list(
        db.session.scalars(select(RosterImport.id).where(RosterImport.ended_at < clock.now() - ROWS_ARE_KEPT))
    )
    for import_id in old:
        _forget(import_id)


def _forget(import_id: UUID) -> None:
    for model in (ImportRow, ImportClass, ImportNote, ImportSeen):
        rows = delete(model).where(model.import_id == import_id)
        db.session.execute(rows.execution_options(synchronize_session=False))
    db.session.delete(RosterImport.find(import_id))
    db.session.flush()


def _add(run: RosterImport) -> None:
    db.session.add(run)
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        raise Refused(ONE_AT_A_TIME) from error


def _put_off(import_id: UUID, reason: NotNow) -> None:
    try:
        fetching.put_off(import_id, reason)
        db.session.commit()
    except Unreadable as error:
        db.session.rollback()
        _fail(import_id, error.sentence)


def _fail(import_id: UUID, sentence: str) -> None:
    run = RosterImport.locked(import_id)
    if run is not None and run.is_working:
        run.sentence = sentence
        ImportNote.write(import_id, sentence)
        connection = RosterConnection.of_source(run.source_id)
        if connection is not None:
            # What fails each night is told once; the page says it all the time.
            if run.made_by_id is None and not connection.failing:
                later("jobs.roster.tell_of_sync", import_id, queue="notifications")
            connection.failed(sentence)
        _end(run, "failed")


def _end(run: RosterImport, state: str) -> None:
    """Its file or pages go with it: the row lets go first, so that a crash between leaves an orphan and no hole."""
    key, run.state, run.ended_at = run.storage_key, state, clock.now()
    run.storage_key, run.size = None, 0
    FetchedPage.forget(run.id)
    connection = RosterConnection.of_source(run.source_id)
    if state == "done" and connection is not None and run.place.get("bookmark"):
        connection.keep_bookmark(str(run.place["bookmark"]))
    if run.only_changes and state != "cancelled" and not run.rows_applied:
        _forget(run.id)  # nobody needs a list of looks that found nothing, or nobody there
    else:
        applied = ImportRow.count_applied(run)
        audit.noted("ended", "roster_imports", run.id, state=state, rows=run.rows_read, applied=applied)
    db.session.commit()
    if key is not None:
        with suppress(storage.StorageFault):  # then the night's job finds a file that no row names
            storage.delete(key)
