"""The database handle, the base class of every model, and how constraints are named."""

import json
import secrets
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from selectors import EVENT_READ, PollSelector
from typing import Any, Final, cast
from uuid import UUID

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Engine,
    FromClause,
    Insert,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import ConnectionPoolEntry

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


#: Seconds. Firewalls and balancers forget a connection after minutes.
LONG_REST: Final = 10.0


class Base(DeclarativeBase):
    """Every table of the house. Times carry a zone, text has no length but what a CHECK says."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            str: Text(),
            UUID: Uuid(),
            dict[str, Any]: JSONB(),
            list[str]: JSONB(),
        },
    )


db = SQLAlchemy(model_class=Base)


def connect_options(pooled: bool) -> dict[str, Any]:
    """What psycopg is told at each connect. Statements prepared in one transaction are unknown to the server
    that a pooler lends for the next, so behind one none are prepared.
    """
    return {"prepare_threshold": None} if pooled else {}


def try_out_what_rested(engine: Engine) -> None:
    """Replace a connection that died while nobody used it, before somebody does.

    `pool_pre_ping` would put a question to the server with every request. Here the socket is looked at, which costs
    nothing: while a connection rests there is nothing to read from it unless the server ended it. The question is
    put where there is, and after a long rest, for what lies between may have forgotten the connection in silence.
    """

    @event.listens_for(engine, "checkin")
    def _note_since_when(_connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _try_it_out(connection: Any, entry: ConnectionPoolEntry, _: object) -> None:
        rests_since = entry.info.get("rests_since")
        if rests_since is None:
            return  # it is new
        try:
            if time.monotonic() - rests_since > LONG_REST or _is_there_to_read(connection):
                engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error


def _is_there_to_read(connection: psycopg.Connection[Any]) -> bool:
    with PollSelector() as line:
        line.register(connection.fileno(), EVENT_READ)
        return bool(line.select(0))


def uuid_or_none(text: str | None) -> UUID | None:
    """The id that an address or a form names; None for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def uuid7() -> UUID:
    """A time-ordered id (RFC 9562), made here before the insert so that it can be sealed, linked and rung."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(76)
    return UUID(int=value & ~(3 << 62) | 2 << 62)


#: The same, made by the server: for a statement that makes many rows of rows that it finds.
UUID7: Final = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing substring(int8send("
    "(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid"
)


def first_id_of(moment: datetime) -> UUID:
    """Below every id that uuid7() makes from that moment on: the newest rows are found by their key."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """That a column is one of many values: one array, however many, where IN spells each out in a text to be read."""
    return cast(
        ColumnElement[bool], column == any_(bindparam(None, list(values), ARRAY(column.type), unique=True))
    )


def insert_many(table: FromClause, rows: str, *, without: Collection[str] = ()) -> Insert:
    """INSERT of any number of rows as one statement, which the server plans once and another may carry along.

    Its parameter of that name is told_rows(); columns `without` have the server's default.
    """
    assert isinstance(table, Table)
    columns = [one for one in table.c if one.name not in without]
    told = bindparam(rows, type_=Text()).cast(JSONB)
    record = func.jsonb_to_recordset(told).table_valued(*(column(one.name, one.type) for one in columns))
    given = select(*record.render_derived(name=f"the_{rows}", with_types=True).c)
    return insert(table).from_select(columns, given, include_defaults=False)


def told_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as insert_many() takes them."""
    return json.dumps(rows, default=str)


def changed_rows(result: Any) -> int:
    """How many rows an UPDATE or DELETE touched: what a claim asks."""
    return cast(int, result.rowcount)


def refused_by(error: IntegrityError) -> str | None:
    """The name of the constraint that a row broke: "uq_people_district_id_email"."""
    return cast("str | None", getattr(getattr(error.orig, "diag", None), "constraint_name", None))
