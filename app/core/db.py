"""The database handle, the base class of every model, and how constraints are named."""

import secrets
import time
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, registry

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


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


def uuid7() -> UUID:
    """A time-ordered id (RFC 9562), made here before the insert so that it can be sealed, linked and rung."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(76)
    return UUID(int=value & ~(3 << 62) | 2 << 62)


def first_id_of(moment: datetime) -> UUID:
    """Below every id that uuid7() makes from that moment on: the newest rows are found by their key."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def changed_rows(result: Any) -> int:
    """How many rows an UPDATE or DELETE touched: what a claim asks."""
    return cast(int, result.rowcount)


def refused_by(error: IntegrityError) -> str | None:
    """The name of the constraint that a row broke: "uq_people_district_id_email"."""
    return cast("str | None", getattr(getattr(error.orig, "diag", None), "constraint_name", None))
