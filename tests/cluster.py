"""A throw-away PostgreSQL for the tests: the same roles and migrations as everywhere, and no care for power cuts."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import psycopg
from psycopg import sql

from app.laptop import roles
from app.laptop.children import Child
from app.laptop.postgres import Cluster, NoPostgres, binaries_for, keeper_of_the_data, within_reach

# a lost test database is made anew, so nothing waits for the disk
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "autovacuum": "off",
    "max_connections": "60",
}
DATABASE = "frontoffice_test"

T = TypeVar("T")


@dataclass
class TestDatabase:
    """One database on a server that ends with this process."""

    __test__ = False

    cluster: Cluster
    server: Child
    folder: Path
    database: str = DATABASE
    #: What furnished() made, and what brings its rows back.
    _kept: tuple[object, sql.Composed] | None = None

    def url(self, role: str) -> str:
        return roles.address(role, None, str(self.cluster.sockets), self.database)

    def connect(self, role: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.cluster.sockets), user=role, dbname=self.database, autocommit=True
        )

    def migrate(self) -> None:
        from app.migrations import run

        run.upgrade(self.url("owner"))

    def tables(self) -> list[str]:
        with self.connect("owner") as connection:
            found = connection.execute(
                "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
            )
            return sorted(str(name) for (name,) in found)

    def empty(self) -> None:
        """Remove every row, as owner. DELETE in one transaction is far quicker here than TRUNCATE of every table.

        replication mode leaves out the foreign keys, so the order of the tables does not matter.
        """
        with self.connect() as connection, connection.transaction():
            connection.execute("set local session_replication_role = replica")
            for table in self.tables_with_rows(connection):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))

    def furnished(self, build: Callable[[], T]) -> T:
        """What build() answered the first time, with the rows that it wrote. From the second time on these are copied
        back: the same ids, and a fifth of the work.
        """
        with self.connect() as connection:
            if self._kept is None and self.tables_with_rows(connection):
                return build()  # a test that began with rows of its own: those are not what comes back
            with connection.transaction():
                if self._kept is None:
                    self._kept = (build(), self._keep(connection))
                else:
                    connection.execute("set local session_replication_role = replica")
                    connection.execute(self._kept[1])
        return cast(T, deepcopy(self._kept[0]))

    def _keep(self, connection: psycopg.Connection[tuple[object, ...]]) -> sql.Composed:
        """Lay the rows of every table aside; answers with what brings them back."""
        connection.execute("create schema kept")
        orders = []
        for table in self.tables_with_rows(connection):
            name, kept = sql.Identifier(table), sql.Identifier("kept", table)
            connection.execute(sql.SQL("create unlogged table {} as table {}").format(kept, name))
            columns = connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass"
                " and attnum > 0 and not attisdropped and attgenerated = ''",
                [table],
            )
            listed = sql.SQL(", ").join(sql.Identifier(str(column)) for (column,) in columns)
            order = "insert into {} ({}) overriding system value select {} from {}"
            orders.append(sql.SQL(order).format(name, listed, listed, kept))
        return sql.SQL("; ").join(orders)

    def tables_with_rows(self, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
        if not hasattr(self, "_tables"):
            self._tables = self.tables()
            parts = [
                sql.SQL("select {} where exists (select from {})").format(
                    sql.Literal(name), sql.Identifier(name)
                )
                for name in self._tables
            ]
            self._question = sql.SQL(" union all ").join(parts)
        if not self._tables:
            return []
        return [str(name) for (name,) in connection.execute(self._question)]

    def end(self) -> None:
        self.server.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(folder: Path | None = None) -> TestDatabase:
    """An empty database with its roles, or NoPostgres."""
    keeper = keeper_of_the_data()
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="fo-tests-"))
        folder.chmod(0o711)
    found = within_reach(
        binaries_for(None, None), keeper, Path(tempfile.gettempdir()) / f"fo-shelf-{os.geteuid()}"
    )
    sockets = folder / "run"
    keeper.owns(sockets)
    cluster = Cluster(found, folder / "data", sockets, keeper, password=None)
    cluster.make(sync=False)
    server = cluster.server(folder / "postgres.log", **CARELESS)
    server.start()
    database = TestDatabase(cluster, server, folder)
    atexit.register(database.end)
    cluster.wait(server)
    with cluster.connect() as connection:
        roles.lay_out(connection, DATABASE, None)
    with cluster.connect(DATABASE) as connection:
        roles.open_up(connection)
    return database


__all__ = ["NoPostgres", "TestDatabase", "start"]
