"""A backup is whole or not there, alone, readable by its owner only, and sealed."""

import dataclasses
import hashlib
import json
import stat
from pathlib import Path

from psycopg import sql
from sqlalchemy import select

from app.backup.key_file import NAME
from app.core import storage
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import UNOWNED
from app.core.settings import use_settings
from app.core.tenancy import as_district
from tests.backup.conftest import SECRET, Kept, Machine
from tests.cluster import TestDatabase
from tests.world import World


def test_there_is_one_archive_a_district_and_one_of_the_directory(kept: Kept) -> None:
    assert {path.name for path in kept.folder.iterdir()} == {
        "maple.fobackup",
        "birch.fobackup",
        "directory.fobackup",
        "SHA256SUMS",
    }


def test_every_row_of_every_district_is_in_it(here: Machine, world: World, tmp_path: Path) -> None:
    done = here.run("backup", "--to", str(tmp_path / "backups"))

    for place in (world.maple, world.birch):
        with here.database.connect() as connection:
            rows = sum(
                int(str(count))
                for table in here.database.tables()
                if table not in UNOWNED
                for (count,) in connection.execute(
                    sql.SQL("select count(*) from {} where district_id = %s").format(sql.Identifier(table)),
                    [place.id],
                )
            )
        # since then the backup itself was written down
        assert f"{place.slug}: {rows - 1} rows and 0 files." in done.output


def test_without_the_key_file_no_further_backup_is_made_beside_the_others(kept: Kept) -> None:
    (kept.to / NAME).unlink()

    done = kept.here.run("backup", "--to", str(kept.to))

    assert done.exit_code == 1
    assert f"{NAME}, which opens them, is missing. Put it back" in done.output


def test_nobody_else_can_read_it(kept: Kept) -> None:
    for path in kept.to.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_the_list_of_hashes_is_that_of_the_files(kept: Kept) -> None:
    for line in (kept.folder / "SHA256SUMS").read_text().splitlines():
        sha256, name = line.split("  ")
        assert hashlib.sha256((kept.folder / name).read_bytes()).hexdigest() == sha256


def test_what_it_holds_cannot_be_read_in_it(kept: Kept, world: World) -> None:
    everything = b"".join(path.read_bytes() for path in kept.to.rglob("*") if path.is_file())

    for words in ("green", "Bell", world.bell.email, SECRET, "photo.jpg", "Maple School District"):
        assert words.encode() not in everything


def test_it_is_written_down_who_made_it(kept: Kept, world: World) -> None:
    with kept.here.app.app_context(), as_district(world.maple.id):
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.position.desc())).first()

    assert (entry.did, entry.by_kind) == ("backed up", "operator")


def test_under_another_role_it_is_refused_for_it_would_be_empty(
    here: Machine, world: World, tmp_path: Path
) -> None:
    settings = dataclasses.replace(here.settings, database_across_url=here.settings.database_url)
    here.app.extensions.pop("across_engine", None)

    done = Machine(here.app, settings, here.database).run("backup", "--to", str(tmp_path / "backups"))

    here.app.extensions.pop("across_engine", None)
    assert done.exit_code == 1
    assert "does not sign in as role across" in done.output


def test_only_one_is_made_at_a_time(
    here: Machine, world: World, database: TestDatabase, tmp_path: Path
) -> None:
    with database.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('frontoffice backup', 0))")

        done = here.run("backup", "--to", str(tmp_path / "backups"))

    assert done.exit_code == 1
    assert "Another backup is being made" in done.output


def test_a_backup_that_was_broken_off_leaves_nothing_that_looks_like_one(
    here: Machine, world: World, tmp_path: Path, monkeypatch
) -> None:
    with here.app.app_context(), as_district(world.maple.id):
        storage.put(["a", "b"], b"hello", "text/plain")
    to = tmp_path / "backups"
    (to / ".unfinished-2026-11-01T000000Z").mkdir(parents=True)
    monkeypatch.setattr(storage, "open", lambda key: (_ for _ in ()).throw(OSError(5, "Input/output error")))

    done = here.run("backup", "--to", str(to))

    assert done.exit_code == 1
    assert "could not be written: Input/output error" in done.output
    assert [path.name for path in to.iterdir()] == [NAME]


def test_the_newest_are_kept_and_those_of_one_district_counted_apart(kept: Kept) -> None:
    for old in ("2026-01-01T000000Z", "2026-01-02T000000Z", "2026-01-02T000000Z-maple", "notes"):
        (kept.to / old).mkdir()

    done = kept.here.run("backup", "--to", str(kept.to), "--keep", "2")

    assert "2 older backups were removed" in done.output, done.output
    left = {path.name for path in kept.to.iterdir() if path.is_dir()}
    assert left > {kept.folder.name, "2026-01-02T000000Z-maple", "notes"}
    assert len(left) == 4


def test_an_unknown_district_is_named(here: Machine, world: World, tmp_path: Path) -> None:
    done = here.run("backup", "--to", str(tmp_path), "--district", "oak")

    assert done.exit_code == 1
    assert "no district “oak”" in done.output


def test_a_deleted_data_key_makes_every_backup_of_its_district_unreadable(
    kept: Kept, world: World, database: TestDatabase
) -> None:
    with database.connect() as connection:
        connection.execute("update districts set data_key = null where slug = 'maple'")
    kept.here.run("backup", "--to", str(kept.to))

    maple = kept.here.run("restore", str(kept.folder), "--check", "--district", "maple")
    birch = kept.here.run("restore", str(kept.folder), "--check", "--district", "birch")

    assert maple.exit_code == 1
    assert "it was deleted, and its backups cannot be opened any more" in maple.output
    assert birch.exit_code == 0, birch.output


def test_the_key_of_a_district_that_is_merely_not_here_stays(kept: Kept, database: TestDatabase) -> None:
    database.empty()

    kept.here.run("backup", "--to", str(kept.to))

    assert kept.here.run("restore", str(kept.folder), "--check").exit_code == 0


def test_old_backups_open_with_the_new_master_key_alone_once_keys_are_rotated(kept: Kept) -> None:
    old = kept.here.settings
    ring = (("newer", b"n" * 32), *old.master_keys)
    kept.here.settings = dataclasses.replace(old, master_keys=ring)
    kept.here.run("rotate-keys")
    kept.here.run("backup", "--to", str(kept.to))

    kept.here.settings = dataclasses.replace(old, master_keys=ring[:1])
    done = kept.here.run("restore", str(kept.folder), "--check")

    use_settings(old)
    assert done.exit_code == 0, done.output


def test_a_folder_of_another_installation_is_left_alone(kept: Kept) -> None:
    before = (kept.to / NAME).read_text()
    stranger = dataclasses.replace(kept.here.settings, master_keys=(("other", b"o" * 32),))

    done = Machine(kept.here.app, stranger, kept.here.database).run("backup", "--to", str(kept.to))

    assert done.exit_code == 1
    assert "choose one of your own" in done.output
    assert (kept.to / NAME).read_text() == before
    assert json.loads(before)["keys"].keys() > {"directory"}


def test_a_database_that_does_not_answer_is_told_in_a_sentence(
    here: Machine, world: World, tmp_path: Path
) -> None:
    nowhere = "postgresql+psycopg://across@127.0.0.1:1/nowhere"
    settings = dataclasses.replace(here.settings, database_across_url=nowhere)
    here.app.extensions.pop("across_engine", None)

    done = Machine(here.app, settings, here.database).run("backup", "--to", str(tmp_path / "backups"))

    here.app.extensions.pop("across_engine", None)
    assert done.exit_code == 1
    assert "Nothing was backed up. The database says:" in done.output
