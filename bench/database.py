"""A durable PostgreSQL of the benchmarks' own, filled once and kept under instance/bench."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.laptop import roles
from app.laptop.postgres import (
    Cluster,
    binaries_for,
    home_of_the_data,
    keeper_of_the_data,
    run_folder,
    within_reach,
)
from app.migrations.run import upgrade

DATABASE = "frontoffice_bench"


@contextmanager
def durable(instance: Path) -> Iterator[dict[str, str]]:
    """Start it with PostgreSQL's own defaults, migrate, and give the environment of the processes that use it."""
    keeper = keeper_of_the_data()
    home = home_of_the_data(instance, keeper)
    found = within_reach(binaries_for(None, None), keeper, home / "shelf")
    sockets = run_folder(home, keeper) / "postgres"
    keeper.owns(sockets)
    cluster = Cluster(found, home / "postgres", sockets, keeper, password=None)
    cluster.make()
    server = cluster.server(home / "postgres.log")
    server.start()
    try:
        cluster.wait(server)
        with cluster.connect() as connection:
            new = roles.lay_out(connection, DATABASE, None)
        if new:
            with cluster.connect(DATABASE) as connection:
                roles.open_up(connection)
        urls = {role: roles.address(role, None, str(cluster.sockets), DATABASE) for role in roles.SIGN_IN}
        upgrade(urls["owner"])
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith("FRONTOFFICE_")},
            "FRONTOFFICE_DEMO": "yes",
            "FRONTOFFICE_INSTANCE": str(instance),
            "FRONTOFFICE_DATABASE_URL": urls["app"],
            "FRONTOFFICE_DATABASE_OWNER_URL": urls["owner"],
            "FRONTOFFICE_DATABASE_ACROSS_URL": urls["across"],
            "FRONTOFFICE_MASTER_KEYS": "bench:" + base64.b64encode(b"b" * 32).decode(),
            "FRONTOFFICE_COOKIE_SECRET": "b" * 32,
            "FRONTOFFICE_HTMX": "own",
        }
    finally:
        server.end()
