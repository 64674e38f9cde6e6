"""PostgreSQL and Redis of our own: made once, found again, and clear about what is missing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from app.laptop import postgres, redis_server, servers
from app.laptop.children import Supervisor
from app.laptop.instance import AlreadyRunning, Instance
from app.laptop.postgres import Binaries, Keeper, NoPostgres
from app.laptop.servers import Database, drop_database, start_postgres, start_redis
from tests import needs


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.end_all()


@pytest.fixture
def instance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    instance = Instance(folder / "instance")
    instance.lock()
    yield instance
    instance.unlock()


def started(instance: Instance, supervisor: Supervisor) -> Database:
    try:
        return start_postgres(instance, supervisor)
    except NoPostgres as error:
        needs.missing("POSTGRES", str(error))


def can_sign_in(database: Database, role: str, password: str) -> bool:
    try:
        psycopg.connect(host=database.host, user=role, password=password, dbname=database.name).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_second_start_keeps_the_data(instance: Instance, supervisor: Supervisor) -> None:
    database = started(instance, supervisor)
    assert not database.is_as_new_as_the_code()
    with database.as_owner() as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('here')")
    supervisor.end_all()
    supervisor.children.clear()
    again = start_postgres(instance, supervisor)
    with again.as_owner() as connection:
        assert connection.execute("select word from kept").fetchall() == [("here",)]
        durable = connection.execute("select current_setting('fsync'), current_setting('synchronous_commit')")
        assert durable.fetchone() == ("on", "on")
        assert connection.execute("select current_setting('listen_addresses')").fetchone() == ("",)
    drop_database(again)
    again.lay_out()
    with again.as_owner() as connection:
        assert connection.execute("select to_regclass('kept')").fetchone() == (None,)


def test_the_four_roles_are_no_more_than_they_should_be(instance: Instance, supervisor: Supervisor) -> None:
    database = started(instance, supervisor)
    with database.connect() as connection:
        found = connection.execute(
            "select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole from pg_roles"
            " where rolname in ('owner', 'app', 'across', 'searcher') order by 1"
        ).fetchall()
    assert found == [
        ("across", True, False, False, False),
        ("app", True, False, False, False),
        ("owner", True, False, False, False),
        ("searcher", False, False, False, False),
    ]
    for role in ("owner", "app", "across"):
        assert can_sign_in(database, role, database.passwords[role])
        assert not can_sign_in(database, role, "wrong")
    assert not can_sign_in(database, "searcher", "")
    with (
        psycopg.connect(
            host=database.host, user="app", password=database.passwords["app"], dbname=database.name
        ) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute("create table mine (word text)")


def test_the_secrets_are_readable_by_nobody_else_and_made_once(instance: Instance) -> None:
    first = instance.config()
    path = instance.folder / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert instance.config() == first
    instance.remember(postgres_binaries="wheel")
    instance.remember(postgres_binaries="/usr/lib/postgresql/15/bin")
    remembered = instance.config()
    assert remembered["laptop"].pop("postgres_binaries") == "/usr/lib/postgresql/15/bin"
    assert remembered == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = Instance(instance.folder.with_name("other"))
    other.folder.mkdir()
    assert other.config()["master_keys"] != first["master_keys"]


def test_one_folder_runs_once(instance: Instance) -> None:
    with pytest.raises(AlreadyRunning, match="FRONTOFFICE_PORT=8001"):
        Instance(instance.folder).lock()


def test_the_machines_postgresql_comes_before_the_wheels() -> None:
    found = postgres.every_postgres()
    assert [one.source for one in found if one.source == "wheel"] == ["wheel"]
    assert found[-1].source == "wheel"
    assert all(one.version >= 15 for one in found)


def test_the_wheel_alone_makes_a_cluster(
    instance: Instance, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_on_this_machine", lambda: iter(()))
    database = start_postgres(instance, supervisor)
    with database.connect() as connection:
        assert connection.info.server_version >= 180000
        connection.execute("create extension pg_trgm")
    assert instance.config()["laptop"]["postgres_binaries"] == "wheel"


def test_a_cluster_is_opened_by_the_version_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = Binaries(Path("/old"), 15, "/old"), Binaries(Path("/new"), 18, "wheel")
    monkeypatch.setattr(postgres, "every_postgres", lambda: [new, old])
    assert postgres.binaries_for(None, None) is new
    assert postgres.binaries_for(15, "/old") is old
    assert postgres.binaries_for(15, "/gone") is old
    with pytest.raises(NoPostgres, match="made by PostgreSQL 16, which is no longer on this machine"):
        postgres.binaries_for(16, "/gone")
    monkeypatch.setattr(postgres, "every_postgres", list)
    with pytest.raises(NoPostgres, match="apt-get install postgresql"):
        postgres.binaries_for(None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_root_copies_binaries_that_the_keeper_cannot_reach(folder: Path) -> None:
    keeper = postgres.keeper_of_the_data()
    assert keeper.uid != 0
    found = next(one for one in postgres.every_postgres() if one.source == "wheel")

    class Reaches(Keeper):
        def can_run(self, program: str) -> bool:
            return not program.startswith(str(found.folder)) and super().can_run(program)

    moved = postgres.within_reach(found, Reaches(keeper.uid, keeper.gid, True), folder / "shelf")
    assert moved.folder.is_relative_to(folder)
    assert keeper.can_run(moved / "postgres")
    assert keeper.can_run(moved / "initdb")


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    keeper = Keeper(os.geteuid(), os.getegid(), dropped=False)
    assert postgres.run_folder(tmp_path / "short", keeper).is_relative_to(tmp_path) or len(str(tmp_path)) > 60
    long = postgres.run_folder(tmp_path / ("deep" * 30), keeper)
    assert not long.is_relative_to(tmp_path)
    assert len(str(long / "postgres" / ".s.PGSQL.5432.lock")) < 108
    long.rmdir()


def test_redis_rings_and_remembers(instance: Instance, supervisor: Supervisor) -> None:
    from redis import Redis

    url = start_redis(instance, supervisor)
    if url is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    with Redis.from_url(url) as redis:
        redis.set("rung", "yes")
        assert redis.config_get("appendonly") == {"appendonly": "yes"}
    supervisor.end_all()
    supervisor.children.clear()
    assert start_redis(instance, supervisor) == url
    with Redis.from_url(url) as redis:
        assert redis.get("rung") == b"yes"


def test_without_redis_it_says_so_and_goes_on(
    instance: Instance, supervisor: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "every_redis", lambda: iter(()))
    monkeypatch.setattr(servers, "find_redis", lambda: redis_server.find_redis(lambda: iter(())))
    assert start_redis(instance, supervisor) is None
    assert said == [redis_server.NONE_HERE]
    assert supervisor.children == []


def test_a_database_that_is_not_postgresql_is_refused(
    instance: Instance, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere/x")
    with pytest.raises(NoPostgres, match="PostgreSQL is the only database"):
        start_postgres(instance, supervisor)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(NoPostgres, match="does not let us in"):
        start_postgres(instance, supervisor)


def test_a_named_server_gets_database_and_roles(
    folder: Path, instance: Instance, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = started(instance, supervisor)
    drop_database(theirs)
    with theirs.connect("postgres") as server:
        server.execute("drop role owner, app, across, searcher")
    password = instance.config()["laptop"]["superuser_password"]
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:{password}@/named?host={theirs.host}")
    second = Instance(folder / "second")
    second.lock()
    ours = start_postgres(second, supervisor)
    assert ours.name == "named"
    with ours.as_owner() as connection:
        connection.execute("create table made (word text)")
    assert len(supervisor.children) == 1
    second.unlock()


def test_a_second_instance_does_not_take_the_servers_roles_from_the_first(
    instance: Instance, supervisor: Supervisor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(instance, supervisor)
    password = instance.config()["laptop"]["superuser_password"]
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:{password}@/second?host={first.host}")
    second = Instance(folder / "second")
    second.folder.mkdir()

    with pytest.raises(NoPostgres, match="another instance of FrontOffice uses the server"):
        start_postgres(second, supervisor)

    for role in ("owner", "app", "across"):
        assert can_sign_in(first, role, first.passwords[role])
    with first.connect("postgres") as server:
        assert server.execute("select 1 from pg_database where datname = 'second'").fetchone() is None


def test_a_lost_instance_can_be_followed_by_another(
    instance: Instance, supervisor: Supervisor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(instance, supervisor)
    password = instance.config()["laptop"]["superuser_password"]
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:{password}@/{first.name}?host={first.host}")
    second = Instance(folder / "second")
    second.folder.mkdir()
    with first.connect("postgres") as server:
        for role in ("owner", "app", "across"):
            given = second.config()["laptop"][f"{role}_password"]
            server.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(given))
            )

    followed = start_postgres(second, supervisor)

    assert can_sign_in(followed, "app", followed.passwords["app"])
