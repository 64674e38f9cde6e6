"""The real pgbouncer, lending connections by the transaction, set up as deploy/pgbouncer.ini says."""

import configparser
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from app.laptop.children import Child
from app.laptop.postgres import keeper_of_the_data
from tests.loopback import free_port

EXAMPLE = Path(__file__).parents[1] / "deploy" / "pgbouncer.ini"


def find() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def running(
    program: str,
    folder: Path,
    *,
    database: str,
    host: str,
    port: int,
    passwords: Mapping[str, str],
    **changed: str,
) -> Iterator[int]:
    """Before that database until the end; its port. What `changed` names replaces a line of the example."""
    listens = free_port()
    keeper = keeper_of_the_data()
    users = folder / "userlist.txt"
    users.write_text("".join(f'"{name}" "{password}"\n' for name, password in passwords.items()))
    settings = configparser.ConfigParser(interpolation=None)
    settings.read_string(EXAMPLE.read_text())
    settings["databases"] = {database: f"host={host} port={port} dbname={database}"}
    settings["pgbouncer"].update({"listen_port": str(listens), "auth_file": str(users), **changed})
    written = folder / "pgbouncer.ini"
    with written.open("w") as file:
        settings.write(file)
    for path in (users, written):
        os.chown(path, keeper.uid, keeper.gid)
    # it refuses root, as PostgreSQL does
    child = Child("pgbouncer", [program, str(written)], log=folder / "log", popen=keeper.as_popen(), cwd="/")
    child.start()
    name, password = next(iter(passwords.items()))
    until = time.monotonic() + 15
    while True:
        try:
            psycopg.connect(
                host="127.0.0.1", port=listens, dbname=database, user=name, password=password
            ).close()
            break
        except psycopg.OperationalError as error:
            if child.ended() or time.monotonic() > until:
                raise AssertionError(child.last_lines()) from error
            time.sleep(0.05)
    try:
        yield listens
    finally:
        child.end()
