"""Who changed what. Written at every flush, in the same transaction; nobody calls it, nobody can forget it.

Public values are recorded, personal ones lie sealed and erasable beside the entry, private ones read
"(private)". Role `app` can add entries and read them, and neither change nor delete one. A sealer appends,
seconds later and in commit order, rows that chain a hash over the entries: `flask audit verify` walks them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Table,
    UniqueConstraint,
    Uuid,
    event,
    func,
    insert,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import Mapped, Mapper, Session, attributes, mapped_column
from sqlalchemy.orm.base import PassiveFlag

from app.core import clock, crypto
from app.core.actor import current_actor
from app.core.db import Base, db, insert_many, told_rows, uuid7
from app.core.directory import District
from app.core.records import PERSONAL, PUBLIC, Keeping, kind_of
from app.core.tenancy import DistrictOwned, current_district_id, owned, points_at

HIDDEN = "(private)"
#: Columns that hold transaction numbers of the server they were written on. Restored on another, they are moved
#: below its own, all by the same amount: their order stands, and what is written next comes after them.
COUNTED_BY_ITS_SERVER: Final = {"audit_entries": "transaction", "audit_seals": "through_transaction"}


class AuditEntry(DistrictOwned, Base):
    """One thing that somebody did to one row, or saw."""

    __tablename__ = "audit_entries"
    __keeping__ = Keeping(
        "staff", "audit", exported=True, erased="keep: ids only, values are erased beside it"
    )
    __audited__ = False
    __table_args__ = owned(
        Index(None, "district_id", "transaction", "position"),
        Index("ix_audit_entries_newest", "district_id", "position"),
        Index("ix_audit_entries_of_row", "district_id", "which"),
        Index(
            "ix_audit_entries_by", "district_id", "by_id", "position", postgresql_where="by_id is not null"
        ),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), info=PUBLIC)
    transaction: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint"), info=PUBLIC
    )
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    by_kind: Mapped[str] = mapped_column(info=PUBLIC)
    by_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    did: Mapped[str] = mapped_column(info=PUBLIC)
    what: Mapped[str] = mapped_column(info=PUBLIC)
    which: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict, info=PUBLIC)


class AuditPersonal(DistrictOwned, Base):
    """A personal value of an entry, sealed and erasable; the entry itself stays."""

    __tablename__ = "audit_personal"
    __keeping__ = Keeping("staff", "audit", exported=True, erased="delete")
    __audited__ = False
    __table_args__ = owned(points_at("entry_id", "audit_entries"), Index(None, "district_id", "entry_id"))

    entry_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    column: Mapped[str] = mapped_column(info=PUBLIC)
    values_sealed: Mapped[str] = mapped_column(info=PERSONAL)
    values = crypto.Sealed("values_sealed")


class AuditSeal(DistrictOwned, Base):
    """A link of the chain: which entries, how many, their hash, and the seal before."""

    __tablename__ = "audit_seals"
    __keeping__ = Keeping("nobody", "audit", exported=True, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(UniqueConstraint("district_id", "number"))

    number: Mapped[int] = mapped_column(BigInteger, info=PUBLIC)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    through_transaction: Mapped[int] = mapped_column(BigInteger, info=PUBLIC)
    through_position: Mapped[int] = mapped_column(BigInteger, info=PUBLIC)
    entries: Mapped[int] = mapped_column(info=PUBLIC)
    digest: Mapped[str] = mapped_column(info=PUBLIC)


# --- writing ----------------------------------------------------------------------------------------------


def viewed(thing: DistrictOwned) -> None:
    """Leave an access record: somebody read a page that must be told."""
    noted("viewed", _table(thing), thing.id)


def noted(did: str, what: str, which: UUID | None = None, **public: Any) -> None:
    """Record what is no row change: a failed sign-in, an export, a bulk load with its count. Public values only."""
    _write(db.session(), _entry(current_district_id(), did, what, which, _plain(public)))


# The unit of work is over when this fires, so the entries go in as one Core insert.
@event.listens_for(Session, "after_flush")
def _write_down_what_changed(session: Session, *_: object) -> None:
    entries: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for did, row in _rows_touched(session):
        public, personal = _changes(did, row)
        if did == "changed" and not public and not personal:
            continue
        district_id = row.id if isinstance(row, District) else row.district_id
        entry = _entry(district_id, did, _table(row), row.id, public)
        entries.append(entry)
        beside += [_sealed_beside(entry, column, values) for column, values in personal.items()]
    if beside:
        told = {"entries": told_rows(entries), "beside": told_rows(beside)}
        session.connection().execute(_ADD_WITH_PERSONAL, told)
    elif entries:
        _write(session, *entries)


def _rows_touched(session: Session) -> Iterator[tuple[str, Any]]:
    for did, rows in (("created", session.new), ("changed", session.dirty), ("removed", session.deleted)):
        for row in rows:
            if isinstance(row, DistrictOwned | District) and getattr(row, "__audited__", True):
                yield did, row


def _changes(did: str, row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    public: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    state = attributes.instance_state(row)
    for key, name, kind in _told_of(state.mapper):
        if key not in state.committed_state and did != "removed":
            continue
        before, after = _before_and_after(did, row, key)
        if before == after:
            continue
        if kind == "public":
            public[name] = _plain([before, after])
        elif kind == "personal":
            public[name] = "(personal)"
            personal[name] = _plain([before, after])
        else:
            public[name] = HIDDEN
    return public, personal


@cache
def _told_of(mapper: Mapper[Any]) -> list[tuple[str, str, str]]:
    """Attribute, column and kind of what an entry tells about a row of this model."""
    columns = [(one.key, cast("Column[Any]", one.columns[0])) for one in mapper.column_attrs]
    sealed = crypto.sealed_columns(mapper.class_)
    return [
        (key, column.name, "private" if column.name in sealed else kind_of(column))
        for key, column in columns
        if column.name not in ("id", "district_id")
    ]


def _before_and_after(did: str, row: Any, key: str) -> tuple[Any, Any]:
    if did == "removed":
        return row.__dict__.get(key), None
    if did == "created":
        return None, row.__dict__.get(key)
    history = attributes.get_history(row, key, passive=PassiveFlag.PASSIVE_NO_INITIALIZE)
    after = history.added[0] if history.added else None
    if not history.added and not history.deleted:
        return None, None
    return (history.deleted[0] if history.deleted else None), after


def _entry(
    district_id: UUID, did: str, what: str, which: UUID | None, changes: dict[str, Any]
) -> dict[str, Any]:
    actor = current_actor()
    return {
        "id": uuid7(),
        "district_id": district_id,
        "at": clock.now(),
        "by_kind": actor.kind,
        "by_id": actor.id,
        "did": did,
        "what": what,
        "which": which,
        "changes": changes,
    }


def _sealed_beside(entry: dict[str, Any], column: str, values: list[Any]) -> dict[str, Any]:
    row_id = uuid7()
    sealed = crypto.seal(
        json.dumps(values),
        table="audit_personal",
        row_id=row_id,
        column="values_sealed",
        district_id=entry["district_id"],
    )
    return {
        "id": row_id,
        "district_id": entry["district_id"],
        "entry_id": entry["id"],
        "column": column,
        "values_sealed": sealed,
    }


def _write(session: Session, *entries: dict[str, Any]) -> None:
    if len(entries) == 1:
        session.connection().execute(_ADD, entries[0])
    else:
        session.connection().execute(_ADD_MANY, {"entries": told_rows(entries)})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _table(row: Any) -> str:
    return str(row.__tablename__)


def _table_of(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


_ADD: Final = insert(_table_of(AuditEntry))
_ADD_MANY: Final = insert_many(AuditEntry.__table__, "entries", without=("position", "transaction"))
_ADD_WITH_PERSONAL: Final = insert_many(AuditPersonal.__table__, "beside").add_cte(_ADD_MANY.cte("added"))


# --- sealing and verifying --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What a walk of the chain found. `broken_at` is the number of the first seal that does not hold."""

    seals: int
    entries: int
    unsealed: int
    broken_at: int | None

    @property
    def holds(self) -> bool:
        """True when every seal matches its entries and the seal before it."""
        return self.broken_at is None


def seal_entries(at_most: int = 10_000) -> int:
    """Seal this district's entries whose transactions are over, in commit-safe order, and count them.

    Entries of transactions that may still run wait, so that nothing can slip in behind a seal.
    """
    session = db.session()
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"audit {current_district_id()}", 0)))
    )
    last = session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    finished = text("transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    rows = session.execute(_columns().where(_after(last), finished).limit(at_most)).all()
    if rows:
        db.session.add(
            AuditSeal(
                number=last.number + 1 if last else 1,
                through_transaction=rows[-1].transaction,
                through_position=rows[-1].position,
                entries=len(rows),
                digest=_digest(last.digest if last else "", rows),
            )
        )
    return len(rows)


def verify() -> Verdict:
    """Walk this district's chain from the first seal and recompute every hash."""
    session = db.session()
    before: AuditSeal | None = None
    counted = 0
    for seal in session.scalars(select(AuditSeal).order_by(AuditSeal.number)):
        rows = session.execute(_columns().where(_after(before), ~_after(seal))).all()
        expected = _digest(before.digest if before else "", rows)
        follows = seal.number == (before.number + 1 if before else 1)
        if not follows or len(rows) != seal.entries or expected != seal.digest:
            return Verdict(seal.number, counted, 0, broken_at=seal.number)
        counted, before = counted + len(rows), seal
    tail = session.scalar(select(func.count()).select_from(AuditEntry).where(_after(before))) or 0
    return Verdict(before.number if before else 0, counted, tail, broken_at=None)


def _columns() -> Any:
    return (
        select(_table_of(AuditEntry))
        .where(AuditEntry.district_id == current_district_id())
        .order_by(AuditEntry.transaction, AuditEntry.position)
    )


def _after(seal: AuditSeal | None) -> Any:
    if seal is None:
        return true()  # numbers that were moved at a restore may be below nought
    place = tuple_(AuditEntry.transaction, AuditEntry.position)
    return place > tuple_(seal.through_transaction, seal.through_position)


def _digest(before: str, rows: Any) -> str:
    digest = hashlib.sha256(before.encode())
    for row in rows:
        told = [
            row.id,
            row.position,
            row.at,
            row.by_kind,
            row.by_id,
            row.did,
            row.what,
            row.which,
            row.changes,
        ]
        digest.update(json.dumps(_canonical(told), sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _plain(value) if not isinstance(value, list) else [_canonical(inner) for inner in value]
