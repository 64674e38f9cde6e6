"""One throw-away PostgreSQL a run; rows are really committed, and removed after each test."""

import base64
import shutil
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from app.core import crypto, directory, presence
from app.core.db import db
from app.core.settings import Settings, read_settings, use_settings
from app.factory import create_app
from app.laptop.redis_server import answers, find_redis, redis_server, url_of
from tests import cluster, loopback, needs
from tests.page_client import PageClient
from tests.world import World, build

loopback.guard()


@pytest.fixture(scope="session")
def database() -> cluster.TestDatabase:
    """It ends with this process."""
    try:
        database = cluster.start()
    except cluster.NoPostgres as error:
        needs.missing("POSTGRES", str(error))
    database.migrate()
    return database


@pytest.fixture(scope="session")
def settings(database: cluster.TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    given = {
        "DEMO": "yes",
        "INSTANCE": str(tmp_path_factory.mktemp("instance")),
        "BASE_URL": "http://localhost",
        "DATABASE_URL": database.url("app"),
        "DATABASE_OWNER_URL": database.url("owner"),
        "DATABASE_ACROSS_URL": database.url("across"),
        "MASTER_KEYS": "tests:" + base64.b64encode(b"t" * 32).decode(),
        "COOKIE_SECRET": "c" * 32,
        "OPERATOR_NAME": "Prairie Office",
    }
    return read_settings({f"FRONTOFFICE_{name}": value for name, value in given.items()})


@pytest.fixture(scope="session")
def _app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.testing = True
    yield app
    with app.app_context():
        presence.leave()
        db.engine.dispose()


@pytest.fixture
def app(_app: Flask, settings: Settings, database: cluster.TestDatabase) -> Iterator[Flask]:
    use_settings(settings)
    with _app.app_context():
        directory.forget_directory()
    _app.extensions.pop("quotas", None)
    crypto.unwrap.cache_clear()
    yield _app
    database.empty()
    # The next test has districts of the same ids; nothing may be known of them but what it writes.
    shutil.rmtree(settings.instance / "files", ignore_errors=True)


@pytest.fixture
def world(app: Flask, database: cluster.TestDatabase) -> World:
    with app.app_context():
        return database.furnished(build)


@pytest.fixture
def client(app: Flask) -> PageClient:
    return PageClient(app)


@pytest.fixture(scope="session")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program, folder = find_redis(), tmp_path_factory.mktemp("redis", numbered=False)
    if program is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    server = redis_server(program, folder, folder, folder / "log", keep=False)
    server.start()
    assert answers(url_of(folder)), server.last_lines()
    yield url_of(folder)
    server.end()


@pytest.fixture
def redis_url(_redis: str) -> Iterator[str]:
    """An empty Redis. The app of the tests has none unless a test gives it this one."""
    yield _redis
    with Redis.from_url(_redis) as connection:
        connection.flushall()
