"""Every migration works with the code before it: what breaks that comes a release after the code stopped using it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from psycopg import sql
from sqlalchemy import Column, Text, create_engine, text
from sqlalchemy.pool import NullPool

from app.backup.tables import MADE_ANEW, every_table
from app.backup.taking import product_version
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.migrations.newest import newest
from tests.cluster import TestDatabase
from tests.helpdesk.desk import ask
from tests.house.migrations import BREAKS, Migration, every_migration
from tests.notices.letters import a_reply
from tests.world import World

HOUSE = Path(__file__).parents[2]
GOLDEN = HOUSE / "tests" / "golden" / "schema.json"
NO_RELEASE = "no release yet"

COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
        a.atthasdef or a.attidentity <> '', a.attgenerated <> ''
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'alembic_version'
    order by c.relname, a.attnum
"""


#: Rows are taken out and written again by the columns that the code before knows.
AS_BEFORE = (
    "create temp table kept on commit drop as select {names} from {table}",
    "delete from {table}",
    "insert into {table} ({names}) overriding system value select {names} from kept",
)


def released() -> list[str]:
    return re.findall(
        r"^## (\d+\.\d+\.\d+)", (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def migration(tmp_path: Path, *lines: str, told: str = "{}") -> Migration:
    path = tmp_path / "0099_made_up.py"
    path.write_text("\n".join([f"RISKS = {told}", "def upgrade():", *(f"    {line}" for line in lines)]))
    return Migration(path)


@pytest.mark.parametrize("one", every_migration(), ids=lambda one: one.name)
def test_what_the_code_before_might_feel_is_told(one: Migration) -> None:
    assert one.risks() == one.told.keys(), (
        f"{one.name}: RISKS must name exactly what it does to tables that are there already. What breaks the code "
        "before takes two releases: see “Migrations in two steps” in CONTRIBUTING.md."
    )
    for risk, reason in one.told.items():
        if risk.partition(": ")[2] not in BREAKS:
            assert reason.endswith("."), f"{one.name}: say in a sentence why nobody waits long for “{risk}”."
        elif reason == NO_RELEASE:
            past = not released() or one.name[:4] <= before()["migration"]
            assert past, f"{one.name}: “{risk}” needs “unused since X.Y.Z”, for there are releases now."
        else:
            since = re.match(r"unused since (\d+\.\d+\.\d+)$|harmless: .+\.$", reason)
            assert since, (
                f"{one.name}: “{risk}” needs “unused since X.Y.Z”, or “harmless: …” with the reason."
            )
            if since[1]:
                assert since[1] in released(), f"{one.name}: {since[1]} has not been released."
                assert parts(since[1]) < parts(product_version()), (
                    f"{one.name}: only the release after may do it."
                )


@pytest.mark.parametrize(
    ("line", "risk"),
    [
        ('op.drop_table("rooms")', "rooms: drops a table"),
        ('op.drop_column("rooms", "name")', "rooms: drops a column"),
        ('op.rename_table("rooms", "places")', "rooms: renames"),
        ('op.alter_column("rooms", "name", new_column_name="called")', "rooms: renames"),
        ('op.alter_column("rooms", "name", type_=sa.Integer())', "rooms: changes a type"),
        ('op.alter_column("rooms", "name", nullable=False)', "rooms: forbids null"),
        (
            'op.add_column("rooms", sa.Column("x", sa.Text(), nullable=False))',
            "rooms: adds a column without default",
        ),
        ('op.create_check_constraint("x", "rooms", "name > 1")', "rooms: adds a constraint"),
        ('op.create_unique_constraint("x", "rooms", ["name"])', "rooms: adds a constraint"),
        ('op.create_index("x", "rooms", ["name"])', "rooms: builds an index"),
        ('op.execute("alter table rooms drop column name")', "rooms: drops a column"),
        ('op.execute("ALTER TABLE rooms RENAME COLUMN a TO b")', "rooms: renames"),
        ('op.execute("alter table rooms alter column a type int")', "rooms: changes a type"),
        ('op.execute("alter table rooms alter a set not null")', "rooms: forbids null"),
        ('op.execute("alter table rooms add column x int not null")', "rooms: adds a column without default"),
        ('op.execute("alter table rooms add constraint x check (a > 1)")', "rooms: adds a constraint"),
        ('op.execute("drop table if exists rooms")', "rooms: drops a table"),
        ('op.execute("create index x on rooms (name)")', "rooms: builds an index"),
        ('[op.drop_column(table, "x") for table in TABLES]', "{table}: drops a column"),
        ('op.execute(f"alter table {table} drop column x")', "table: drops a column"),
    ],
)
def test_what_breaks_the_code_before_is_seen(tmp_path: Path, line: str, risk: str) -> None:
    assert migration(tmp_path, line).risks() == {risk}


@pytest.mark.parametrize(
    "lines",
    [
        ['op.create_table("rooms")', 'op.create_index("x", "rooms", ["name"])'],
        ['op.add_column("rooms", sa.Column("x", sa.Text()))'],
        ['op.add_column("rooms", sa.Column("x", sa.Text(), nullable=False, server_default=""))'],
        ['op.create_index("x", "rooms", ["name"], postgresql_concurrently=True)'],
        ['op.execute("create index concurrently x on rooms (name)")'],
        ['op.execute("alter table rooms add column x int not null default 0")'],
        ["op.execute(\"update rooms set name = ''\")"],
    ],
)
def test_what_the_code_before_does_not_feel_needs_no_word(tmp_path: Path, lines: list[str]) -> None:
    assert migration(tmp_path, *lines).risks() == set()


def schema(database: TestDatabase) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with database.connect() as connection:
        for table, column, kind, nullable, has_default, generated in connection.execute(COLUMNS):
            found.setdefault(str(table), {})[str(column)] = {
                "type": kind,
                "nullable": nullable,
                "default": has_default,
                "generated": generated,
            }
    return found


def before() -> dict[str, Any]:
    """The schema as the release before left it. GOLDEN=write renews it, and is said when a release is made."""
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


def test_the_code_before_finds_its_columns_and_can_leave_out_the_new_ones(
    app, database: TestDatabase
) -> None:
    now = schema(database)
    if os.environ.get("GOLDEN") == "write":
        golden = {"migration": newest(), "tables": now}
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for table, columns in before()["tables"].items():
        assert table in now, f"{table} is gone, and the code before reads it."
        for name, was in columns.items():
            here = now[table].get(name)
            assert here, f"{table}.{name} is gone, and the code before reads it."
            assert (here["type"], here["generated"]) == (was["type"], was["generated"]), f"{table}.{name}"
            assert here["nullable"] or not was["nullable"], f"{table}.{name}: the code before may write null."
            assert here["default"] or not was["default"], f"{table}.{name}: the code before may leave it out."
        for name in now[table].keys() - columns.keys():
            here = now[table][name]
            assert here["nullable"] or here["default"], f"{table}.{name}: the code before does not write it."


def test_rows_are_written_as_the_code_before_writes_them(app, world: World, database: TestDatabase) -> None:
    ask(app, world.bell)
    with app.app_context(), as_district(world.maple.id):
        a_reply(world)
    written = set()
    with database.connect() as connection:
        connection.execute("set session_replication_role = replica")
        for table, columns in before()["tables"].items():
            names = sql.SQL(", ").join(
                sql.Identifier(name) for name, what in columns.items() if not what["generated"]
            )
            with connection.transaction(force_rollback=True):
                for step in AS_BEFORE:
                    done = connection.execute(sql.SQL(step).format(table=sql.Identifier(table), names=names))
                if done.rowcount:
                    written.add(table)

    assert written >= {
        "districts",
        "people",
        "accounts",
        "tickets",
        "ticket_events",
        "audit_entries",
        "messages",
    }


def test_a_migration_that_fills_a_column_fills_it_in_every_district(
    app, world: World, database: TestDatabase
) -> None:
    with database.connect() as connection:
        everybody = connection.execute("select count(*) from people").fetchone()
    owner = create_engine(get_settings().database_owner_url, poolclass=NullPool)
    with owner.connect() as as_owner, as_owner.begin() as trial:
        op = Operations(MigrationContext.configure(as_owner))
        op.add_column("people", Column("nickname", Text()))
        filled = as_owner.execute(text("update people set nickname = given_name"))
        districts = as_owner.scalar(
            text("select count(distinct district_id) from people where nickname <> ''")
        )
        trial.rollback()

    assert (filled.rowcount,) == everybody
    assert districts == 2


def test_each_table_comes_after_those_it_points_at(app, database: TestDatabase) -> None:
    with database.connect() as connection:
        order = [table.name for table in every_table(connection)]
        pairs = connection.execute(
            "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint "
            "where contype = 'f' and conrelid <> confrelid"
        ).fetchall()

    for here, there in pairs:
        if here in MADE_ANEW:
            continue
        assert order.index(there) < order.index(here)
