"""What tables there are and how their rows are copied: read from the database itself, not from the models.

A backup before an upgrade is taken by new code from an old database, so the models would be the wrong witness.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from app.backup.archive import in_blocks
from app.core.audit import COUNTED_BY_ITS_SERVER
from app.core.directory import UNOWNED

Driver = psycopg.Connection[tuple[object, ...]]

#: The same row reads the same on every server, so that sums can be compared.
SPOKEN: Final = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'iso_8601'; "
    "set local extra_float_digits = 1; set local bytea_output = 'hex'; set local client_encoding = 'UTF8'; "
    "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
)
#: Lies in the key file instead, where it can be struck.
NOT_COPIED: Final = {("districts", "data_key")}

#: Not copied: the database makes its rows anew from the others (restoring.py; triggers of migrations 0014 and 0058).
MADE_ANEW: Final = frozenset({"ticket_words", "students_to_review"})

_COLUMNS: Final = """
    select c.relname, a.attname,
        coalesce(a.attnum = any(k.conkey), false), format_type(a.atttypid, a.atttypmod) = 'text',
        a.attidentity <> ''
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'alembic_version'
    order by c.relname, a.attnum
"""
_POINTS_AT: Final = """
    select here.relname, there.relname
    from pg_constraint k
    join pg_class here on here.oid = k.conrelid
    join pg_class there on there.oid = k.confrelid
    where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.conrelid <> k.confrelid
"""


@dataclass(frozen=True)
class TableOfRows:
    """One table as it stands in the database."""

    name: str
    columns: tuple[str, ...]
    #: Its primary key: column and whether it is text.
    key: tuple[tuple[str, bool], ...]
    #: The columns that the server counts up.
    counted: tuple[str, ...]

    @property
    def is_owned(self) -> bool:
        """True if its rows belong to a district and lie behind its wall."""
        return self.name not in UNOWNED

    @property
    def district_column(self) -> str | None:
        """The column that names the district; None where rows name none."""
        if self.name == "districts":
            return "id"
        return "district_id" if "district_id" in self.columns else None

    def named(self) -> sql.Composable:
        return sql.Identifier("public", self.name)


def every_table(driver: Driver) -> list[TableOfRows]:
    """All tables but alembic's and those made anew, each after those that its foreign keys point at."""
    found: dict[str, list[Any]] = {}
    for table, *column in driver.execute(_COLUMNS).fetchall():
        if table not in MADE_ANEW:
            found.setdefault(str(table), []).append(column)
    order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in sorted(found)})
    for here, there in driver.execute(_POINTS_AT).fetchall():
        if here in found and there in found:
            order.add(str(here), str(there))
    return [
        TableOfRows(
            name=name,
            columns=tuple(c for c, *_ in found[name] if (name, c) not in NOT_COPIED),
            key=tuple((c, is_text) for c, in_key, is_text, _ in found[name] if in_key),
            counted=tuple(c for c, _, _, counted in found[name] if counted),
        )
        for name in order.static_order()
    ]


def copy_out(
    driver: Driver,
    table: TableOfRows,
    district_id: UUID | None,
    *,
    columns: Sequence[str] | None = None,
    transactions_moved: int = 0,
) -> Iterator[bytes]:
    """The rows of a district, or all, as COPY writes them, in the order of the primary key.

    `transactions_moved`: takes back by how much their transaction numbers were moved when they were restored.
    """
    order = sql.SQL(", ").join(
        sql.SQL('{} collate "C"').format(sql.Identifier(column)) if is_text else sql.Identifier(column)
        for column, is_text in table.key
    )
    question = sql.SQL("copy (select {} from {} where {} order by {}) to stdout").format(
        values(table.name, columns or table.columns, transactions_moved),
        table.named(),
        of_district(table, district_id),
        order,
    )
    with driver.cursor().copy(question) as copied:
        yield from in_blocks(iter(copied))


def of_district(table: TableOfRows, district_id: UUID | None) -> sql.Composable:
    """The condition for a district's rows; None means all."""
    if district_id is None or table.district_column is None:
        return sql.SQL("true")
    return sql.SQL("{} = {}").format(sql.Identifier(table.district_column), sql.Literal(district_id))


def values(table: str, columns: Sequence[str], transactions_moved: int) -> sql.Composable:
    """Columns to select, the server's own transaction numbers moved by so much."""
    return sql.SQL(", ").join(
        sql.SQL("{} + {}").format(sql.Identifier(column), sql.Literal(transactions_moved))
        if COUNTED_BY_ITS_SERVER.get(table) == column and transactions_moved
        else sql.Identifier(column)
        for column in columns
    )
