"""A row of any model, made of what its table asks for: so that a new sealed column is tried without a line here."""

import re
from datetime import date, datetime, timedelta
from itertools import count, cycle
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, inspect, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.crypto import sealed_columns
from app.core.db import Base, db, uuid7
from app.core.records import every_model
from app.roster.models.roster_source import NAMES, RosterSource

_NUMBERS = count(1)
#: What a check wants together with a secret, beyond what can be read from it.
WITH_A_SECRET: dict[str, dict[str, Any]] = {
    "guardian_rights": {"name": "court_order"},
    "family_links": {"expires_at": clock.now() + timedelta(days=60)},
    "family_answers": {"settled_at": clock.now()},
    # Not one that waits: whoever approves sees to whom it goes.
    "notices": {"state": "cancelled"},
    "text_messages": {"segments": 1},
}
#: Words that pages look up.
KINDS_OF_SOURCES = cycle(NAMES)
ONE_OF = re.compile(r"\b(\w+) in \('([^']+)'")


def models_with_secrets() -> list[type[Base]]:
    """Each model that seals something."""
    return [model for model in every_model() if sealed_columns(model)]


def make(model: type[Base], **given: Any) -> Any:
    """A row of the district that is open, flushed; with rows of whatever it must point at."""
    row: Any = model(**_needed(model, given))
    db.session.add(row)
    db.session.flush()
    return row


def _needed(model: type[Base], given: dict[str, Any]) -> dict[str, Any]:
    table: Any = model.__table__
    words: dict[str, str] = {}
    for check in (one for one in table.constraints if isinstance(one, CheckConstraint)):
        for name, first in ONE_OF.findall(str(check.sqltext)):
            words.setdefault(name, first)
    points_at = {
        key.column_keys[1]: key.referred_table.name
        for key in table.foreign_key_constraints
        if isinstance(key, ForeignKeyConstraint) and len(key.column_keys) == 2
    }
    values = {**WITH_A_SECRET.get(str(table.name), {}), **given}
    if model is RosterSource:
        values.setdefault("kind", next(KINDS_OF_SOURCES))
    sealed = {one.column: one.name for one in sealed_columns(model).values()}
    for attribute in inspect(model).column_attrs:
        column: Any = attribute.columns[0]
        if attribute.key == "id" and "id" in points_at:
            values["id"] = _one_of(_model_of(points_at["id"])).id
        if attribute.key in ("id", "district_id") or attribute.key in values:
            continue
        if column.name in sealed:
            if sealed[column.name] not in values:
                values[sealed[column.name]] = f"a value {next(_NUMBERS)}"
        elif column.nullable or column.default is not None or column.server_default is not None:
            continue
        elif column.name in points_at:
            values[attribute.key] = _one_of(_model_of(points_at[column.name])).id
        else:
            values[attribute.key] = words.get(column.name) or _plain(column)
    return values


def _one_of(model: type[Base]) -> Any:
    """A fresh one, or, where a district has but one, that."""
    try:
        with db.session.begin_nested():
            return make(model)
    except IntegrityError:
        return db.session.scalars(select(model).limit(1)).one()


def _plain(column: Column[Any]) -> Any:
    kind = column.type.python_type
    made: dict[type, Any] = {
        bool: False,
        int: next(_NUMBERS),
        datetime: clock.now(),
        date: clock.now().date(),
        UUID: uuid7(),
        dict: {},
        list: [],
    }
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(next(_NUMBERS)))
    return made.get(kind, f"row_{letters}")


def _model_of(table: str) -> type[Base]:
    return next(model for model in every_model() if model.__tablename__ == table)
