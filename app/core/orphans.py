"""Files that no row names: a request was rolled back after its file had been stored. They are deleted at night.

A column that names a file says so: `info=PRIVATE | NAMES_A_FILE`. When a file was stored is read from the id in
its key, so that it is the same in a folder and in a bucket; what has no such id is left alone.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from sqlalchemy import inspect, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from app.core import clock, storage
from app.core.db import db
from app.core.records import NAMES_A_FILE, every_model

#: No request and no job holds a transaction open that long: whoever stored the file has committed, or never will.
LEFT_ALONE_FOR: Final = timedelta(days=1)
#: Looked for every night, an orphan does not grow older; so years of files need not be asked about each time.
LOOKED_FOR_UNTIL: Final = timedelta(days=60)
AT_ONCE: Final = 500
MOST_IN_A_NIGHT: Final = 2000

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

log = logging.getLogger("frontoffice.orphans")


def delete_orphans() -> int:
    """Delete this district's files that are older than a day and that no row names; how many. Raises StorageFault."""
    deleted = 0
    for key in islice(_orphans(), MOST_IN_A_NIGHT):
        storage.delete(key)
        deleted += 1
    if deleted:
        log.info("%s files that no row names were deleted.", deleted)
    return deleted


def columns_that_name_files() -> list[InstrumentedAttribute[str | None]]:
    """Of every table."""
    found = []
    for model in every_model():
        mapper: Mapper[object] = inspect(model)
        for column in mapper.columns:
            if NAMES_A_FILE.items() <= column.info.items():
                found.append(getattr(model, mapper.get_property_by_column(column).key))
    return found


def _orphans() -> Iterator[str]:
    # Listed first: deleting while a bucket is listed would be two conversations at once.
    old = iter(list(_old_keys()))
    while keys := list(islice(old, AT_ONCE)):
        yield from _named_by_none(keys)


def _old_keys() -> Iterator[str]:
    now = clock.now()
    for key in storage.keys():  # noqa: SIM118 - it is no dict
        stored_at = _stored_at(key)
        if stored_at is not None and now - LOOKED_FOR_UNTIL < stored_at < now - LEFT_ALONE_FOR:
            yield key


def _stored_at(key: str) -> datetime | None:
    """When the id that names the file was made."""
    found = _UUID7.match(key.rpartition("/")[2])
    return datetime.fromtimestamp((UUID(found[0]).int >> 80) / 1000, UTC) if found else None


def _named_by_none(keys: Sequence[str]) -> list[str]:
    asked = [select(column).where(column.in_(keys)) for column in columns_that_name_files()]
    named = set(db.session.scalars(union_all(*asked)))
    return [key for key in keys if key not in named]
