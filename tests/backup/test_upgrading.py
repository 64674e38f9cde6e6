"""An upgrade backs up, migrates, counts, and says the way back; a made-up migration stands for the next version."""

import base64
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.audit import AuditEntry
from app.core.db import db
from app.core.settings import use_settings
from app.core.tenancy import as_district
from app.migrations import newest, run
from tests.backup.conftest import Machine
from tests.world import World, build

Next = Callable[..., None]

NEXT = '''"""What the next version brings."""
from alembic import op
revision = "9999"
down_revision = "{newest}"
{more}
def upgrade():
    {does}
'''


@pytest.fixture
def old(another: Callable[[], Machine]) -> Machine:
    """An installation as the version before left it."""
    machine = another()
    use_settings(machine.settings)
    run.upgrade(machine.settings.database_owner_url)
    return machine


@pytest.fixture
def world_there(old: Machine) -> World:
    with old.app.app_context():
        return build()


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Next:
    """The code has one migration more, which does as it is told."""

    def bring(does: str, more: str = "") -> None:
        folder = tmp_path / "versions"
        shutil.copytree(newest.VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        number = newest.newest()
        (folder / "9999_next.py").write_text(NEXT.format(newest=number, does=does, more=more))
        monkeypatch.setattr(newest, "VERSIONS", folder)

    return bring


def count(machine: Machine, question: str) -> int:
    with machine.database.connect() as connection:
        (found,) = connection.execute(question).fetchall()
        return int(str(found[0]))


def stands_at(machine: Machine) -> str | None:
    return run.revision(machine.settings.database_owner_url)


def test_where_nothing_waits_nothing_is_done(old: Machine, world_there: World) -> None:
    done = old.run("upgrade")

    assert done.exit_code == 0, done.output
    assert "There was nothing to do" in done.output
    assert not (old.settings.instance / "backups").exists()


def test_an_empty_database_is_brought_up_without_a_backup(another: Callable[[], Machine]) -> None:
    there = another()

    done = there.run("upgrade")

    assert done.exit_code == 0, done.output
    assert stands_at(there) == newest.newest()
    assert not (there.settings.instance / "backups").exists()


def test_a_migration_that_fills_a_column_reaches_every_district(
    old: Machine, world_there: World, next_version: Next
) -> None:
    next_version("op.execute(\"update people set title = 'filled'\")")

    done = old.run("upgrade")

    assert done.exit_code == 0, done.output
    assert "9999: What the next version brings." in done.output
    assert count(old, "select count(*) from people where title = 'filled'") == count(
        old, "select count(*) from people"
    )
    assert count(old, "select count(distinct district_id) from people where title = 'filled'") == 2
    assert len(list((old.settings.instance / "backups").glob("20*/maple.fobackup"))) == 1
    with old.app.app_context(), as_district(world_there.birch.id):
        newest_entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.position.desc())).first()
        assert (newest_entry.did, newest_entry.changes["to"]) == ("upgraded", "9999")


def test_a_migration_that_fails_leaves_nothing_behind(
    old: Machine, world_there: World, next_version: Next
) -> None:
    before, at = count(old, "select count(*) from categories"), stands_at(old)
    next_version('op.execute("delete from categories"); op.execute("select 1 / 0")')

    done = old.run("upgrade")

    assert done.exit_code == 1
    assert (
        "Migration 9999 did not run and left nothing behind (DivisionByZero: division by zero)" in done.output
    )
    assert "nothing has to be restored" in done.output
    assert (count(old, "select count(*) from categories"), stands_at(old)) == (before, at)


def test_rows_that_go_without_a_word_are_found_and_the_way_back_works(
    old: Machine, world_there: World, next_version: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, at = count(old, "select count(*) from categories"), stands_at(old)
    next_version("op.execute(\"delete from categories where name = 'Printer'\")")

    done = old.run("upgrade")

    assert done.exit_code == 1
    assert "birch: “categories” had 4 rows and has 3 now, and no migration says why." in done.output
    way_back = shlex.split(next(line for line in done.output.splitlines() if "--replace-everything" in line))
    monkeypatch.undo()  # the version before is in place again
    back = old.run(*way_back[3:], "--yes")
    assert back.exit_code == 0, back.output
    assert (count(old, "select count(*) from categories"), stands_at(old)) == (before, at)


def test_rows_that_a_migration_says_it_removes_may_go(
    old: Machine, world_there: World, next_version: Next
) -> None:
    next_version(
        "op.execute(\"delete from categories where name = 'Printer'\")",
        "REMOVES_ROWS = {'categories': 'Printers are no category any more.'}",
    )

    done = old.run("upgrade")

    assert done.exit_code == 0, done.output
    assert "maple: 1 rows fewer in “categories”: Printers are no category any more." in done.output


def test_a_table_that_somebody_holds_is_not_waited_for(
    old: Machine, world_there: World, next_version: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOCK_TIMEOUT", "200ms")
    next_version('op.execute("alter table people add column nickname text")')
    with old.database.connect() as other, other.transaction():
        # whoever waits all the same gets the table at last, and this test fails instead of standing still
        other.execute("set local idle_in_transaction_session_timeout = '40s'")
        other.execute("lock table people in access share mode")

        done = old.run("upgrade")

    assert done.exit_code == 1
    assert "(LockNotAvailable: canceling statement due to lock timeout)" in done.output


def test_only_one_upgrade_runs(old: Machine, world_there: World, next_version: Next) -> None:
    next_version("pass")
    with old.database.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('frontoffice upgrade', 0))")

        done = old.run("upgrade")

    assert done.exit_code == 1
    assert "Another upgrade is running. Nothing was done." in done.output


def test_migrations_take_turns(old: Machine, next_version: Next, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TURN_TIMEOUT", "200ms")
    next_version("pass")
    with old.database.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('frontoffice migrations', 0))")

        done = old.run("migrate")

    assert done.exit_code == 1
    assert "Migrations are being run in this database already" in done.output


def test_without_a_backup_it_says_whose_the_way_back_is(
    old: Machine, world_there: World, next_version: Next
) -> None:
    next_version("pass")

    done = old.run("upgrade", "--i-have-a-backup")

    assert done.exit_code == 0, done.output
    assert "The way back is your own" in done.output
    assert not (old.settings.instance / "backups").exists()


def test_where_no_backup_can_be_made_nothing_is_migrated(
    old: Machine, world_there: World, next_version: Next
) -> None:
    next_version("pass")
    with old.database.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('frontoffice backup', 0))")

        done = old.run("upgrade")

    assert done.exit_code == 1
    assert stands_at(old) != "9999"


def test_a_database_of_a_later_version_is_left_alone(old: Machine) -> None:
    with old.database.connect() as connection:
        connection.execute("update alembic_version set version_num = '9999'")

    done = old.run("upgrade")

    assert done.exit_code == 1
    assert "newer than this code. Nothing was done." in done.output


def test_an_older_backup_is_brought_up_when_it_is_restored(
    old: Machine, world_there: World, another: Callable[[], Machine], next_version: Next, tmp_path: Path
) -> None:
    old.run("backup", "--to", str(tmp_path / "backups"))
    next_version("op.execute(\"update people set title = 'filled'\")")
    there = another()

    done = there.run("restore", str(next((tmp_path / "backups").glob("20*"))))

    assert done.exit_code == 0, done.output
    assert stands_at(there) == "9999"
    assert count(there, "select count(distinct district_id) from people where title = 'filled'") == 2


PREPARE = """
from pathlib import Path
from app.migrations import newest
newest.VERSIONS = Path({versions!r})
from app.laptop import prepare
prepare.main()
"""


def test_make_run_backs_up_before_it_migrates(old: Machine, world_there: World, next_version: Next) -> None:
    next_version("pass")
    settings = old.settings
    given = {
        "DEMO": "yes",
        "INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "DATABASE_ACROSS_URL": settings.database_across_url,
        "MASTER_KEYS": ",".join(
            f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.master_keys
        ),
        "COOKIE_SECRET": settings.cookie_secret,
    }

    done = subprocess.run(
        [sys.executable, "-c", PREPARE.format(versions=str(newest.VERSIONS))],
        env={**os.environ, **{f"FRONTOFFICE_{name}": value for name, value in given.items()}},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert stands_at(old) == "9999"
    assert len(list((settings.instance / "backups").glob("20*/directory.fobackup"))) == 1
