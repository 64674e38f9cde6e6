"""PostgreSQL and Redis for one instance: those that the environment names, else our own."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from app.laptop import roles
from app.laptop.children import Supervisor
from app.laptop.instance import Instance
from app.laptop.postgres import (
    Cluster,
    NoPostgres,
    binaries_for,
    home_of_the_data,
    keeper_of_the_data,
    run_folder,
    version_of,
    within_reach,
)
from app.laptop.redis_server import NONE_HERE, answers, find_redis, redis_server, url_of

DATABASE = "frontoffice"
#: Its log says what went wrong, and not with which values.
DISCREET = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}
MIGRATIONS = Path(__file__).parent.parent / "migrations" / "versions"


@dataclass(frozen=True)
class Database:
    """Where the database is, and the way in for whoever laid it out."""

    admin: str
    host: str
    port: int | None
    name: str
    passwords: dict[str, str]

    def url(self, role: str) -> str:
        return roles.address(role, self.passwords[role], self.host, self.name, self.port)

    def connect(self, database: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.admin, dbname=database or self.name, autocommit=True)

    def as_owner(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user="owner",
            password=self.passwords["owner"],
            dbname=self.name,
            autocommit=True,
        )

    def lay_out(self) -> None:
        """Raises NoPostgres if the server's roles are another instance's."""
        with self.connect("postgres") as server:
            try:
                new = roles.lay_out(server, self.name, self.passwords)
            except roles.RolesOfAnother as refusal:
                raise NoPostgres(str(refusal)) from None
        with self.connect() as inside:
            if new or not self._is_ours(inside):
                roles.open_up(inside)

    def is_as_new_as_the_code(self) -> bool:
        """Migrated to the newest number and furnished: then a start need not ask alembic, which takes a second."""
        newest = max((path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py")), default="")
        try:
            with self.as_owner() as connection:
                versions = [
                    str(row[0]) for row in connection.execute("select version_num from alembic_version")
                ]
                return versions == [newest] and bool(
                    connection.execute("select 1 from districts limit 1").fetchone()
                )
        except psycopg.errors.UndefinedTable:
            return False

    def slugs(self) -> set[str]:
        try:
            with self.as_owner() as connection:
                return {str(row[0]) for row in connection.execute("select slug from districts")}
        except psycopg.errors.UndefinedTable:
            return set()

    def _is_ours(self, inside: psycopg.Connection[tuple[object, ...]]) -> bool:
        row = inside.execute(
            "select nspowner::regrole::text from pg_namespace where nspname = 'public'"
        ).fetchone()
        return row is not None and row[0] == "owner"


def start_postgres(instance: Instance, supervisor: Supervisor) -> Database:
    config = instance.config()["laptop"]
    passwords = {role: config[f"{role}_password"] for role in roles.SIGN_IN}
    named = os.environ.get("DATABASE_URL")
    if named:
        database = _on_a_named_server(named, passwords)
    else:
        database = _on_our_own(instance, supervisor, config, passwords)
    database.lay_out()
    return database


def _on_a_named_server(url: str, passwords: dict[str, str]) -> Database:
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise NoPostgres(
            "DATABASE_URL must begin with postgresql://, for PostgreSQL is the only database here."
        )
    plain = "postgresql" + url[len(parts.scheme) :]
    name = unquote(parts.path.lstrip("/"))
    if name in {"", "postgres", "template1"}:
        name = DATABASE
    try:
        with psycopg.connect(plain, dbname="postgres") as connection:
            if connection.info.server_version < 150000:
                raise NoPostgres("The server that DATABASE_URL names is older than PostgreSQL 15.")
            host, port = connection.info.host, connection.info.port
    except psycopg.OperationalError as error:
        raise NoPostgres(f"The server that DATABASE_URL names does not let us in: {error}") from error
    return Database(plain, host, port, name, passwords)


def _on_our_own(
    instance: Instance, supervisor: Supervisor, config: dict[str, str], passwords: dict[str, str]
) -> Database:
    keeper = keeper_of_the_data()
    home = home_of_the_data(instance.folder, keeper)
    data = home / "postgres"
    found = binaries_for(version_of(data), config.get("postgres_binaries"))
    sockets = run_folder(home, keeper) / "postgres"
    keeper.owns(sockets)
    binaries = within_reach(found, keeper, home / "binaries")
    cluster = Cluster(binaries, data, sockets, keeper, config["superuser_password"])
    cluster.make()
    if config.get("postgres_binaries") != found.source:
        instance.remember(postgres_binaries=found.source)
    cluster.wait_for_a_former_server()
    # a laptop's connections are few; the rest is as PostgreSQL ships it, and it waits for the disk
    server = supervisor.start(
        cluster.server(instance.logs / "postgres.log", max_connections="60", **DISCREET)
    )
    cluster.wait(server)
    admin = psycopg.conninfo.make_conninfo(
        host=str(sockets),
        user="postgres",
        password=config["superuser_password"],
        application_name="frontoffice",
    )
    return Database(admin, str(sockets), None, DATABASE, passwords)


def start_redis(instance: Instance, supervisor: Supervisor) -> str | None:
    """Its address, or None and a sentence: then the sweeper does the work."""
    named = os.environ.get("REDIS_URL")
    if named:
        if not answers(named, seconds=2):
            supervisor.say(
                "The Redis that REDIS_URL names does not answer; the sweeper does the work until it does."
            )
        return named
    program = find_redis()
    if program is None:
        supervisor.say(NONE_HERE)
        return None
    sockets = run_folder(instance.folder, keeper_of_the_data()) / "redis"
    sockets.mkdir(mode=0o700, exist_ok=True)
    child = supervisor.start(
        redis_server(program, instance.folder / "redis", sockets, instance.logs / "redis.log")
    )
    if not answers(url_of(sockets)):
        supervisor.say(f"Redis did not start; the sweeper does the work. Its words: {child.log}")
    return url_of(sockets)


def drop_database(database: Database) -> None:
    with database.connect("postgres") as server:
        server.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database.name))
        )
