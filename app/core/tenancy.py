"""One district at a time.

An app context serves one district: `g` remembers which, and flask-sqlalchemy keeps one session per app
context, so no session ever holds two districts. Wall 1 is the criterion below on every ORM statement,
wall 2 is PostgreSQL's row-level security under role `app`, the floor is composite foreign keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from flask import current_app, g, has_app_context
from sqlalchemy import (
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    UniqueConstraint,
    Update,
    Uuid,
    bindparam,
    event,
)
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    SessionTransaction,
    attributes,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)

from app.core.db import uuid7
from app.core.records import PUBLIC


class NoDistrict(DontWrapMixin, RuntimeError):
    """Something owned by a district was asked for before a district was known."""


class OtherDistrict(RuntimeError):
    """A row of one district was about to be written, or a session used, for another."""


class DistrictOwned:
    """Mixin of every table that belongs to a district."""

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=PUBLIC, sort_order=-20)
    district_id: Mapped[UUID] = mapped_column(
        Uuid(), ForeignKey("districts.id"), nullable=False, info=PUBLIC, sort_order=-19
    )


class OwnedThrough(DistrictOwned):
    """Mixin of a district's table whose rows hang on another of its tables by a key that is never null.

    That key holds the district too, and the other table's own key leads on to it: one key more would say the same. Of
    tables that are written by the hundred thousand each key is a third of what writing a row costs.
    """

    district_id: Mapped[UUID] = mapped_column(Uuid(), nullable=False, info=PUBLIC, sort_order=-19)


class OwnedByItsKey(OwnedThrough):
    """Mixin of a table of millions whose rows are known by what they say: no id, and a primary key of its own.

    Nothing points at such a row, nothing of it is sealed, and the audit log tells of many at once.
    """

    id = None  # type: ignore[assignment]


class OwnedByOneKey(OwnedThrough):
    """Mixin of a table that is written by the hundred thousand and pointed at: what others point at is its primary key.

    An index of ids alone would be a second one of the same rows: every question names the district.
    """

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=PUBLIC, sort_order=-20)
    district_id: Mapped[UUID] = mapped_column(
        Uuid(), primary_key=True, nullable=False, info=PUBLIC, sort_order=-21
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        """A row is known by its id, as everywhere."""
        return {"primary_key": ["id"]}


def owned(*args: Any) -> tuple[Any, ...]:
    """`__table_args__` of an owned table: its own arguments and the key that composite foreign keys point at."""
    return (*args, UniqueConstraint("district_id", "id"))


def points_at(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key between owned tables. Composite, since PostgreSQL's check of a plain one ignores the walls."""
    return ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def current_district_id() -> UUID:
    """The district that this app context serves. Raises NoDistrict."""
    found = district_in_force()
    if found is None:
        raise NoDistrict("No district is set: open one with as_district() before asking for its rows.")
    return found


def district_in_force() -> UUID | None:
    """The district of this app context, or None before one is known."""
    return g.get("district_id") if has_app_context() else None


def enter_district(district_id: UUID) -> None:
    """Set this app context's district, once. Raises OtherDistrict if it already serves another."""
    if g.get("district_id", district_id) != district_id:
        raise OtherDistrict("This app context already serves another district.")
    g.district_id = district_id


@contextmanager
def as_district(district_id: UUID) -> Iterator[None]:
    """A fresh app context, and so a fresh session, for that district."""
    with current_app.app_context():
        enter_district(district_id)
        yield


THIS_DISTRICT: Any = bindparam("this_district", callable_=current_district_id, type_=Uuid())

ONLY_THIS_DISTRICT = with_loader_criteria(
    DistrictOwned, lambda table: table.district_id == THIS_DISTRICT, include_aliases=True
)


def of_this_district(change: Update) -> Update:
    """A statement on a bare table, with the wall that those on models get at each question.

    For what nearly every request writes: the session looks at a statement on a model anew each time, which costs
    as much as the statement. `session.connection()` takes it, and flushes nothing before.
    """
    return change.where(change.table.c.district_id == THIS_DISTRICT)


def serves_all_districts(session: Session) -> bool:
    """True for the sessions that core/across_districts.py opens, and for no other."""
    return bool(session.info.get("across_districts"))


#: A statement that is asked again and again is guarded once; SQLAlchemy then knows its plan by sight.
_GUARDED: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


# Every statement, never "only those with mappers": that shortcut lets count(), exists and CTEs through.
@event.listens_for(Session, "do_orm_execute")
def _read_this_district_only(query: ORMExecuteState) -> None:
    if not serves_all_districts(query.session) and not query.is_insert:
        guarded = _GUARDED.get(query.statement)
        if guarded is None:
            guarded = _GUARDED[query.statement] = query.statement.options(ONLY_THIS_DISTRICT)
        query.statement = guarded


@event.listens_for(Session, "before_flush")
def _write_this_district_only(session: Session, *_: object) -> None:
    if serves_all_districts(session):
        return
    for row in session.new:
        if isinstance(row, DistrictOwned):
            here = current_district_id()
            row.district_id = row.__dict__.get("district_id") or here
            if row.district_id != here:
                raise OtherDistrict(f"A {type(row).__name__} of another district was refused.")
    for row in session.dirty:
        if isinstance(row, DistrictOwned) and attributes.get_history(row, "district_id").has_changes():
            raise OtherDistrict(f"A {type(row).__name__} cannot move to another district.")


@event.listens_for(Session, "after_begin")
def _tell_postgresql(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if transaction.nested:  # within one that has been told
        return
    district_id = None if serves_all_districts(session) else district_in_force()
    if district_id is not None:
        if session.info.setdefault("district_id", district_id) != district_id:
            raise OtherDistrict("One session, one district.")
        connection.exec_driver_sql(_SET_DISTRICT, (str(district_id),))


#: In the driver's own words: it begins every transaction. No statement is compiled to machine code: the planner takes a
#: statement over a thousand arrays or documents for one of millions of rows, and compiling it took half a second.
_SET_DISTRICT: Final = "select set_config('app.district_id', %s, true), set_config('jit', 'off', true)"


@event.listens_for(DistrictOwned, "init", propagate=True)
def _give_an_id(target: DistrictOwned, _args: Any, kwargs: dict[str, Any]) -> None:
    if not isinstance(target, OwnedByItsKey):
        kwargs.setdefault("id", uuid7())
