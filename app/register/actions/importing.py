"""An import of the register is begun, its columns named, approved, cancelled, gone on with and forgotten.

What it does lies in the files beside this one. Every step commits with the row of the import held, and writes there how
far it came: whoever goes on with it, after a crash too, goes on from that place.
"""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import date
from typing import BinaryIO, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.core import attendance_systems, audit, births, clock, expiring, quotas, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.queue import later
from app.integrations.spreadsheet.attendance import DELTA, MARKS, STUDENTS, WINDOW, RegisterSet, Span
from app.register.actions import applying, comparing, fetching, picking_up, staging
from app.register.models.fetched_rows import FetchedRows
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import FILE_IS_KEPT, LARGEST_FILE, ROWS_ARE_KEPT, RegisterImport
from app.register.models.remembered_columns import RememberedColumns
from app.register.models.staged_mark import StagedMark
from app.register.models.staged_row import StagedRow
from app.roster.actions.refused import Refused

#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0
#: So many times as long while a file is read: whoever goes on has to read again what was read before.
READS_FOR: Final = 2.5
ONE_AT_A_TIME: Final = (
    "Another import of the register is under way, or waits for an answer. Apply or cancel it first."
)
SAY_THE_DAYS: Final = (
    "Say from which day to which the file has everything: a mark of that time that is not in it is gone."
)
NOT_WAITING: Final = "This import is not waiting for its columns any more."

#: Of rows of a system, so many that are set aside, and somebody looks before anything is applied.
MOST_ASIDE: Final = 0.2
FEWEST_ASIDE: Final = 10


def _fetch(run: RegisterImport, until: float) -> None:
    place = fetching.place_of_files(run.connection)
    if place is not None:
        picking_up.pick_up(run, place)
    else:
        fetching.fetch(run, until)


_STEPS: Final[dict[str, Callable[[RegisterImport, float], None]]] = {
    "fetching": _fetch,
    "reading": staging.read,
    "comparing": comparing.compare,
    "applying": applying.apply,
}


def begin(
    stream: BinaryIO,
    *,
    by: Actor,
    alone: str = MARKS,
    mode: str = WINDOW,
    first: date | None = None,
    last: date | None = None,
) -> RegisterImport:
    """Store a zip of the set, or one CSV file of it, and have it read. Raises Refused and StorageFault.

    `alone`: what it is, if it is one CSV file. What a manifest says of mode and days goes before what is said here.
    """
    if RegisterImport.under_way() is not None:
        raise Refused(ONE_AT_A_TIME)
    if stream.seek(0, 2) > LARGEST_FILE:
        raise Refused(f"The file of a register may have at most {LARGEST_FILE // 1024**2} MB. Zip it.")
    try:
        takes_births = births.are_wanted()
        told = RegisterSet(stream, alone=alone, births=takes_births)
        told.check()
        span = told.span() or Span(mode, first, last)
        columns = staging.columns_found(told)
    except Unreadable as error:
        raise Refused(error.sentence) from error
    has_marks = MARKS in told.files
    if has_marks and span.mode == WINDOW and not (span.first and span.last):
        raise Refused(SAY_THE_DAYS)
    if span.first and span.last and span.first > span.last:
        raise Refused("The first day is after the last one.")
    quotas.refuse_if_reached(quotas.STORED)
    stream.seek(0)
    stored = storage.put(("register", uuid7()), stream, "application/octet-stream")
    run = RegisterImport(
        state="reading" if len(columns) == len(told.files) else "columns",
        storage_key=stored.key,
        size=stored.size,
        file_size=stored.size,
        sha256=stored.sha256,
        alone=alone,
        takes_births=takes_births,
        mode=span.mode,
        first_day=span.first if has_marks else None,
        last_day=span.last if has_marks else None,
        columns=columns,
        made_by_id=by.id,
    )
    run.note("The file was uploaded.")
    if takes_births and STUDENTS in told.files:
        run.note("Of students.csv the dates of birth are read: a rule that is in use holds for an age.")
    if told.of_people:
        files = ", ".join(f"{one}.csv" for one in told.of_people)
        run.note(
            f"{files}: schools, students and those who belong to them are brought in under People. Not read here."
        )
    _add(run)
    audit.noted("began", "register_imports", run.id, sha256=stored.sha256, size=stored.size, mode=run.mode)
    if run.is_working:
        later("jobs.register.advance", run.id)
    return run


def begin_asking(
    connection: RegisterConnection, *, by: Actor, applies_itself: bool = False, tells_admins: bool = False
) -> RegisterImport:
    """Have a system asked for what is to be asked now. Raises Refused.

    `applies_itself`: schools that ask nothing are applied without anybody's yes. A preview of the same system that
    nobody answered makes way: this one will say the same and more. `tells_admins`: by mail, if it fails or waits.
    """
    before = RegisterImport.under_way()
    if before is not None and (before.connection_id != connection.id or before.is_working):
        raise Refused(ONE_AT_A_TIME)
    if quotas.is_reached(quotas.STORED):
        raise Refused(fetching.NO_ROOM)
    try:
        asked, is_whole = fetching.asked_now(connection, expiring.today())
    except Unreadable as error:
        raise Refused(error.sentence) from error
    if before is not None:
        before.note("Nobody said to apply it before the next reading, which takes its place.")
        _end(before, "cancelled")
    run = RegisterImport(
        state="fetching",
        connection_id=connection.id,
        place=attendance_systems.beginning(asked),
        is_whole=is_whole,
        size=0,
        file_size=0,
        sha256="",
        mode=WINDOW if asked.is_window else DELTA,
        first_day=asked.first if asked.is_window else None,
        last_day=asked.last if asked.is_window else None,
        applies_itself=applies_itself,
        tells_admins=tells_admins,
        made_by_id=by.id,
    )
    run.note(f"{connection.name} is being asked.")
    _add(run)
    audit.noted("began", "register_imports", run.id, asked=connection.kind, mode=run.mode)
    later("jobs.register.advance", run.id)
    return run


def files_without_columns(run: RegisterImport) -> dict[str, tuple[list[str], dict[str, str], dict[str, str]]]:
    """File → its columns, which field is probably which, and what the first row has in those.

    Raises Unreadable and TryAgain.
    """
    asked = {}
    with staging.opened(run) as told:
        for name in told.files:
            if name not in run.columns:
                with told.sheet(name) as sheet:
                    guess = sheet.found(RememberedColumns.of(name))
                    asked[name] = (sheet.columns, guess, sheet.example(guess.values()))
    return asked


def choose_columns(run: RegisterImport, columns: Mapping[str, Mapping[str, str]]) -> None:
    """Have the files read so, and remember it for the next. `columns`: file → field → its column. Raises Refused."""
    held = RegisterImport.locked(run.id)
    if held is None or held.state != "columns":
        raise Refused(NOT_WAITING)
    for name, chosen in columns.items():
        RememberedColumns.put(name, dict(chosen))
    held.columns = {**held.columns, **{name: dict(chosen) for name, chosen in columns.items()}}
    held.state = "reading"
    held.note("Somebody said which column is what.")
    later("jobs.register.advance", run.id)


def approve(run: RegisterImport, *, schools: Collection[UUID] = ()) -> None:
    """Have it applied. `schools`: of those that ask first, the ones that were seen to be right. Raises Refused."""
    held = RegisterImport.locked(run.id)
    if held is None or held.state != "ready":
        raise Refused("This import is not waiting for an answer any more.")
    held.state, held.applies_itself = "applying", False
    kept_out = 0
    for one in ImportSchool.of(run.id):
        one.left_out = bool(one.asks) and one.applied_at is None and one.school_id not in schools
        kept_out += one.left_out
    held.note(
        "Somebody said to apply it." + (f" Schools that stay as they are: {kept_out}." if kept_out else "")
    )
    audit.noted("approved", "register_imports", run.id, asked_and_confirmed=len(schools), left_out=kept_out)
    later("jobs.register.advance", run.id)


def cancel(run: RegisterImport) -> None:
    """Stop it. What was applied already stays; nothing more is. Raises Refused."""
    held = RegisterImport.locked(run.id)
    if held is None or held.is_over:
        raise Refused("This import is over already.")
    held.note(f"It was cancelled. Schools that had been applied: {ImportSchool.applied_of(run.id)}.")
    _end(held, "cancelled")


def resume(run: RegisterImport) -> None:
    """Go on where it stopped: for when no worker is at it any more. Raises Refused."""
    if not run.is_working:
        raise Refused("There is nothing to go on with.")
    later("jobs.register.advance", run.id)


def advance(import_id: UUID) -> bool:
    """Go on for a while, from wherever it is; true once it was applied. Commits after each step."""
    began = time.monotonic()
    while (run := RegisterImport.locked(import_id)) is not None and run.is_working:
        step = run.state
        until = began + A_WHILE * (READS_FOR if step == "reading" else 1.0)
        try:
            fetching.refuse_if_off(run.connection)
            _STEPS[step](run, until)
        except Unreadable as error:
            db.session.rollback()
            _fail(import_id, error.sentence)
            return False
        except NotNow as reason:
            db.session.rollback()
            _put_off(import_id, reason)
            return False
        held = RegisterImport.locked(import_id)
        if held is not None and held.state == "done":
            _remember(held)
            _end(held, "done")
            return True
        if held is not None and held.is_waiting:
            _go_on_by_itself(held, step)
        db.session.commit()
        db.session.expunge_all()
        if time.monotonic() > until:
            later("jobs.register.advance", import_id)
            db.session.commit()
            return False
    return False


def forget_old_imports() -> None:
    """Give up previews that nobody answered, and forget imports that ended a month ago, with their rows."""
    waiting = RegisterImport.under_way()
    if waiting is not None and waiting.made_at < clock.now() - FILE_IS_KEPT:
        waiting.note("Nobody said to apply it within 7 days, so it was given up.")
        _end(waiting, "cancelled")
    for run in RegisterImport.ended_before(clock.now() - ROWS_ARE_KEPT):
        for model in (MarkChange, QuarantinedRow, StagedRow, StagedMark, FetchedRows, ImportSchool):
            rows = delete(model).where(model.import_id == run.id)
            db.session.execute(rows.execution_options(synchronize_session=False))
        db.session.delete(run)
    db.session.flush()


def _add(run: RegisterImport) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(run)
            db.session.flush()
    except IntegrityError as error:
        raise Refused(ONE_AT_A_TIME) from error


def _go_on_by_itself(run: RegisterImport, step: str) -> None:
    """What asks nothing is applied, if that was said; whoever has to look at the rest is told."""
    if run.applies_itself and step == "comparing":
        aside = sum(QuarantinedRow.counts(run.id).values())
        if aside >= FEWEST_ASIDE and aside > MOST_ASIDE * run.read_in_all:
            run.applies_itself = False
            run.note("So many rows were set aside that somebody has to look before anything is applied.")
        else:
            run.state = "applying"
            run.note("Schools that ask nothing are applied by themselves.")
            audit.noted("approved", "register_imports", run.id, by_itself=True)
            return
    if run.tells_admins:
        later("jobs.register.tell_of_reading", run.id)


def _remember(run: RegisterImport) -> None:
    """Where the next reading of the system may go on. Not where a school was left as it was: it is told again."""
    if run.connection is not None and not ImportSchool.left_out_of(run.id):
        run.connection.was_applied(str(run.place.get("bookmark", "")), whole=run.is_whole)


def _put_off(import_id: UUID, reason: NotNow) -> None:
    try:
        fetching.put_off(import_id, reason)
    except Unreadable as error:
        db.session.rollback()
        _fail(import_id, error.sentence)
    else:
        db.session.commit()


def _fail(import_id: UUID, sentence: str) -> None:
    run = RegisterImport.locked(import_id)
    if run is not None and run.is_working:
        run.sentence = sentence
        if run.connection is not None:
            run.connection.failed(sentence)
        if (
            run.tells_admins
            and run.connection_id
            and not RegisterImport.failed_before(run.connection_id, run.id)
        ):
            later("jobs.register.tell_of_reading", run.id)
        _end(run, "failed")


def _end(run: RegisterImport, state: str) -> None:
    """Its file goes with it: the row lets go first, so that a crash between leaves an orphan and no hole."""
    key, run.state, run.ended_at = run.storage_key, state, clock.now()
    run.storage_key, run.size = None, 0
    staged = delete(StagedMark).where(StagedMark.import_id == run.id)
    db.session.execute(staged.execution_options(synchronize_session=False))
    if run.connection_id is not None:
        FetchedRows.forget(run.id)
    if run.takes_births:
        StagedRow.forget_births(run.id)
    audit.noted(
        "ended",
        "register_imports",
        run.id,
        state=state,
        rows=run.read_in_all,
        schools=ImportSchool.applied_of(run.id),
    )
    db.session.commit()
    if key is not None:
        with suppress(storage.StorageFault):  # then the night's job finds a file that no row names
            storage.delete(key)
