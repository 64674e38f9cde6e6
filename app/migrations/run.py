"""Migrate, and compare the models with the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.migrations import newest

#: A migration that would wait longer for a table than this is given up: behind it everybody would wait.
LOCK_TIMEOUT = "10s"
#: How long another's migrations are waited for.
TURN_TIMEOUT = "60s"

_TEMPORARY = """
    do $$ begin
        execute format('{} temporary on database %I {} across', current_database());
    end $$
"""
#: What is ours in the schema: tables before functions.
_OURS = """
    select 'table', oid::regclass::text from pg_class
    where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
    union all
    select 'function', oid::regprocedure::text from pg_proc
    where pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    order by 1 desc
"""


class MigrationsRun(RuntimeError):
    """Somebody else runs migrations in this database, and has for a while."""

    def __init__(self) -> None:
        super().__init__("Migrations are being run in this database already. Try again when they have ended.")


class UnknownRevision(LookupError):
    """The database has migrations that this code has never heard of."""


def upgrade(database_owner_url: str, to: str = "head") -> None:
    """Bring the database up to `to`, as role `owner`. A migration that fails leaves nothing behind."""
    from alembic import command

    with _alone(database_owner_url), _configured(database_owner_url) as config:
        command.upgrade(config, to)
    revision(database_owner_url)


def revision(database_owner_url: str) -> str | None:
    """The newest migration that has run, None in an empty database. From then on role `across` may ask as well."""
    with create_engine(database_owner_url, poolclass=NullPool).begin() as owner:
        if owner.scalar(text("select to_regclass('alembic_version')")) is None:
            return None
        owner.execute(text("grant select on alembic_version to across"))
        found = owner.scalar(text("select version_num from alembic_version"))
        return str(found) if found else None


def waiting(since: str | None) -> list[tuple[str, Any]]:
    """The migrations after `since`, oldest first: their numbers and modules. Raises UnknownRevision."""
    from alembic.script import ScriptDirectory

    config = _config()
    chain = [(one.revision, one.module) for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    numbers = [number for number, _ in chain]
    if since is not None and since not in numbers:
        raise UnknownRevision(since)
    return chain[numbers.index(since) + 1 :] if since else chain


def clear(database_owner_url: str) -> None:
    """Drop every table with its rows, and the functions beside them. What extensions brought stays."""
    with create_engine(database_owner_url, poolclass=NullPool).begin() as owner:
        for kind, name in owner.execute(text(_OURS)).all():
            owner.execute(text(f"drop {kind} if exists {name} cascade"))


def count_on_from(database_owner_url: str, table: str, column: str, at_least: int) -> None:
    """Have an identity column go on after `at_least`."""
    with create_engine(database_owner_url, poolclass=NullPool).begin() as owner:
        sequence = owner.scalar(
            text("select pg_get_serial_sequence(:table, :column)"), {"table": table, "column": column}
        )
        owner.execute(
            text(f"select setval(:sequence, greatest(:at_least, (select last_value from {sequence})))"),  # noqa: S608
            {"sequence": sequence, "at_least": at_least},
        )


@contextmanager
def _alone(database_owner_url: str) -> Iterator[None]:
    """One after another: who comes second waits for a while, and then finds nothing left to do."""
    engine = create_engine(database_owner_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as owner:
        owner.execute(text("select set_config('lock_timeout', :most, false)"), {"most": TURN_TIMEOUT})
        try:
            owner.execute(text("select pg_advisory_lock(hashtextextended('frontoffice migrations', 0))"))
        except OperationalError as error:
            raise MigrationsRun from error
        yield


@contextmanager
def tables_beside(database_owner_url: str) -> Iterator[None]:
    """Within the block role `across` may make temporary tables, as a restore needs them."""
    engine = create_engine(database_owner_url, poolclass=NullPool)
    with engine.begin() as owner:
        owner.execute(text(_TEMPORARY.format("grant", "to")))
    try:
        yield
    finally:
        with engine.begin() as owner:
            owner.execute(text(_TEMPORARY.format("revoke", "from")))


def differences(database_owner_url: str) -> list[Any]:
    """What the models say and the database does not, or the other way round. Empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from app.core.db import Base
    from app.rooms import every_model_is_known

    every_model_is_known()
    with create_engine(database_owner_url, poolclass=NullPool).connect() as connection:
        return list(
            compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
            )
        )


class _configured:
    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, poolclass=NullPool, hide_parameters=True)

    def __enter__(self) -> Any:
        config = _config()
        self.connection = self.engine.connect()
        self.connection.execute(
            text("select set_config('lock_timeout', :most, false)"), {"most": LOCK_TIMEOUT}
        )
        self.connection.commit()
        config.attributes["connection"] = self.connection
        return config

    def __exit__(self, *_: object) -> None:
        self.connection.commit()
        self.connection.close()


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(newest.VERSIONS))
    config.set_main_option("path_separator", "newline")
    return config
