"""Rotating a district's key while it works: a fresh key seals from now on, and what lies under an older one is sealed
anew in batches.

What is done shows in the rows themselves: each ciphertext names its key. So a rotation that was interrupted goes on
where it was, and nothing has to be remembered. Older keys open until the last row has left them, and a day more: a
process that read the ring just before may still seal under one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.audit import noted
from app.core.crypto import (
    CannotOpen,
    beginning,
    ring_of,
    seal,
    sealed_columns,
    unseal,
    with_a_new_key,
    without_older_keys,
)
from app.core.db import db
from app.core.directory import District, forget_directory
from app.core.queue import later
from app.core.records import every_model
from app.core.tenancy import current_district_id

RESEAL: Final = "jobs.rotation.reseal"
BATCH: Final = 500
OLDER_KEYS_OPEN_FOR: Final = timedelta(days=1)


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds ciphertexts."""

    table: Table
    column: str


def every_sealed_column() -> Iterator[SealedColumn]:
    """All of them, read from the models: a new one is in it without a line here."""
    for model in every_model():
        table: Any = model.__table__
        for column in sealed_columns(model):
            yield SealedColumn(table, column)


def begin() -> bool:
    """Give the district that is open a fresh key, and have the rest done; False if it is on its way to one: then that
    goes on. Committed."""
    district = db.session.get(District, current_district_id(), with_for_update=True, populate_existing=True)
    assert district is not None
    if district.data_key is None:
        raise CannotOpen("This district has no data key: its sealed data cannot be read.")
    forget_directory()
    if ring_of(district.id) and left(db.session()):
        later(RESEAL)
        db.session.commit()
        return False
    district.seal_keys = with_a_new_key(district.seal_keys, district.data_key, district.id)
    noted("rotated the district's key", "districts", district.id)
    later(RESEAL)
    # Committed before it is forgotten: the directory reads on a connection of its own.
    db.session.commit()
    forget_directory()
    return True


def a_batch(session: Session, at_most: int = BATCH) -> int:
    """Seal some rows of the district that is open anew; how many.

    Rows that somebody is writing are passed by: they are sealed by that, or found by the next batch.
    """
    district_id, done = current_district_id(), 0
    for one in every_sealed_column():
        done += _reseal(session, district_id, one, at_most - done)
        if done >= at_most:
            break
    return done


def left(session: Session) -> int:
    """How many ciphertexts of the district that is open lie under an older key."""
    return sum(
        session.scalar(select(func.count()).select_from(one.table).where(*_older(one, current_district_id())))
        or 0
        for one in every_sealed_column()
    )


def drop_older_keys(session: Session) -> bool:
    """Once nothing lies under them, and a day after the newest was made; True if there are none left."""
    district_id = current_district_id()
    district = session.get(District, district_id, with_for_update=True, populate_existing=True)
    assert district is not None
    forget_directory()
    ring = ring_of(district_id)
    if len(ring) < 2:
        return True
    if ring[0].made_at > clock.now() - OLDER_KEYS_OPEN_FOR or left(session):
        return False
    assert district.data_key is not None
    district.seal_keys = without_older_keys(district.seal_keys, district.data_key, district_id)
    session.flush()
    return True


def _older(one: SealedColumn, district_id: UUID) -> list[Any]:
    sealed = one.table.c[one.column]
    return [
        one.table.c.district_id == district_id,
        sealed.is_not(None),
        sealed.not_like(f"{beginning(district_id)}%"),
    ]


def _reseal(session: Session, district_id: UUID, one: SealedColumn, at_most: int) -> int:
    sealed = one.table.c[one.column]
    some = (
        select(one.table.c.id, sealed)
        .where(*_older(one, district_id))
        .order_by(one.table.c.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(some).all()
    if not rows:
        return 0
    change = (
        update(one.table)
        .where(one.table.c.id == bindparam("row"), one.table.c.district_id == district_id)
        .values({one.column: bindparam("anew")})
    )
    anew = []
    for row_id, ciphertext in rows:
        place: dict[str, Any] = {"table": one.table.name, "row_id": row_id, "column": one.column}
        plaintext = unseal(ciphertext, **place, district_id=district_id)
        anew.append({"row": row_id, "anew": seal(plaintext, **place, district_id=district_id)})
    session.connection().execute(change, anew)
    return len(rows)
