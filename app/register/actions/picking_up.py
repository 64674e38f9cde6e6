"""A file that lies ready somewhere becomes an import, as if somebody had uploaded it.

No transaction is open while it is fetched. What a manifest says of mode and days goes before what the connection says.
"""

from app.core import births, quotas, storage
from app.core.attendance_systems import FileConnector
from app.core.db import db, uuid7
from app.core.feed import Unreadable
from app.core.queue import TryAgain
from app.integrations.spreadsheet.attendance import MARKS, RegisterSet
from app.register.actions import staging
from app.register.actions.fetching import NO_ROOM
from app.register.models.register_import import RegisterImport


def pick_up(run: RegisterImport, place: FileConnector) -> None:
    """Fetch it, look into it, and have it read. Raises Unreadable, NotNow and TryAgain."""
    import_id, connection = run.id, run.connection
    assert connection is not None
    settings, secret = dict(connection.settings), connection.secret or ""
    db.session.commit()
    with place.picked_up(settings, secret) as file:
        takes_births = births.are_wanted()
        told = RegisterSet(file, births=takes_births)
        told.check()
        span, columns = told.span(), staging.columns_found(told)
        if quotas.is_reached(quotas.STORED):
            raise Unreadable(NO_ROOM)
        file.seek(0)
        try:
            stored = storage.put(("register", uuid7()), file, "application/octet-stream")
        except storage.StorageFault as fault:
            raise TryAgain(str(fault)) from fault
    held = RegisterImport.locked(import_id)
    if held is None or held.state != "fetching":
        db.session.rollback()
        storage.delete(stored.key)
        return  # cancelled, or in other hands
    held.storage_key, held.sha256 = stored.key, stored.sha256
    held.size = held.file_size = stored.size
    held.columns, held.takes_births = columns, takes_births
    if span is not None:
        held.mode, held.first_day, held.last_day = span.mode, span.first, span.last
    if MARKS not in told.files:
        held.first_day = held.last_day = None
    _go_on(held, all_columns=len(columns) == len(told.files))


def _go_on(run: RegisterImport, *, all_columns: bool) -> None:
    if run.connection is not None:
        run.connection.worked()
    if RegisterImport.was_done(run.sha256, run.id):
        run.note("The file is the one that was applied before, so nothing is new.")
        run.state = "done"
    elif all_columns:
        run.note("The file was fetched.")
        run.state = "reading"
    else:
        run.note("The file was fetched. Somebody has to say which column is what.")
        run.state = "columns"
