"""The database and its four roles: owner migrates, app serves, across crosses districts, searcher owns searches."""

from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[object, ...]]
SIGN_IN = ("owner", "app", "across")
NOBODY_SIGNS_IN = "searcher"


class RolesOfAnother(Exception):
    """The server has these roles for another instance."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"The role {role} is on this PostgreSQL server already, with a password that is not this instance's: "
            "another instance of FrontOffice uses the server, and its passwords were left as they are. Give this "
            "instance a server of its own (without DATABASE_URL it starts one), or start the other one by its "
            "folder: FRONTOFFICE_INSTANCE=… If that folder is lost, set the passwords of owner, app and across to "
            "those in this instance's config.toml."
        )


def lay_out(server: Connection, database: str, passwords: Mapping[str, str] | None) -> bool:
    """Make roles and database where they are missing. True if the database is new.

    Roles belong to the whole server, so one that is there keeps its password. Raises RolesOfAnother, before
    anything is made, when it is not ours.
    """
    there = [role for role in SIGN_IN if _one(server, "select 1 from pg_roles where rolname = %s", role)]
    if passwords is not None:
        for role in there:
            if not _lets_in(server, role, passwords[role]):
                raise RolesOfAnother(role)
    for role in SIGN_IN:
        if role not in there:
            made = sql.SQL("create role {} login nosuperuser nobypassrls").format(sql.Identifier(role))
            if passwords is not None:
                made += sql.SQL(" password {}").format(sql.Literal(passwords[role]))
            server.execute(made)
    if not _one(server, "select 1 from pg_roles where rolname = %s", NOBODY_SIGNS_IN):
        server.execute("create role searcher nologin nosuperuser nobypassrls")
    # owner gives the search functions to searcher; whoever lays out need not be a superuser, but a member of owner
    server.execute("grant searcher to owner")
    if not _one(server, "select pg_has_role(current_user, 'owner', 'member')"):
        server.execute("grant owner to current_user")
    if _one(server, "select 1 from pg_database where datname = %s", database):
        return False
    server.execute(
        sql.SQL("create database {} owner owner encoding 'UTF8' template template0").format(
            sql.Identifier(database)
        )
    )
    return True


def open_up(inside: Connection) -> None:
    """In the new database: its schema is owner's, the others may look around in it."""
    inside.execute("alter schema public owner to owner")
    inside.execute("revoke create on schema public from public")
    inside.execute("grant usage on schema public to app, across, searcher")


def _lets_in(server: Connection, role: str, password: str) -> bool:
    """Where the server asks no password, all are ours."""
    try:
        psycopg.connect(
            host=server.info.host,
            port=server.info.port,
            user=role,
            password=password,
            dbname=server.info.dbname,
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def _one(connection: Connection, question: str, *values: str) -> bool:
    row = connection.execute(question, values).fetchone()
    return bool(row and row[0])


def address(role: str, password: str | None, host: str, database: str, port: int | None = None) -> str:
    """A URL for SQLAlchemy; a host that begins with a slash is the folder of a socket."""
    who = role if password is None else f"{role}:{quote(password, safe='')}"
    if host.startswith("/"):
        return f"postgresql+psycopg://{who}@/{database}?host={quote(host, safe='/')}"
    return f"postgresql+psycopg://{who}@{host}{f':{port}' if port else ''}/{database}"
