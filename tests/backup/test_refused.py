"""What is not as it was made is refused with a sentence, and no row is written."""

import dataclasses
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from app.backup.archive import Reader, Writer
from app.backup.key_file import NAME, KeyFile
from app.backup.taking import bound_to
from app.core.settings import use_settings
from tests.backup.conftest import Kept, Machine
from tests.world import World

Another = Callable[[], Machine]


def refused(machine: Machine, *words: str) -> str:
    done = machine.run("restore", *words)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    return str(done.output)


def rewritten(kept: Kept, slug: str, change: Callable[[dict[str, Any]], None]) -> None:
    """An archive whose manifest was changed by somebody who has every key."""
    use_settings(kept.here.settings)
    path, keys = kept.folder / f"{slug}.fobackup", KeyFile.of(kept.to / NAME)
    with Reader(path) as old:
        header = old.header
        key = keys.archive_key(header["of"], slug, header["key"], bound_to(header["backup"], header["of"]))
        with path.with_suffix(".new").open("wb") as file:
            new = Writer(file, {name: value for name, value in header.items() if name != "format"}, key)
            for member in old.members(key):
                new.member(member.heading, member.blocks)
            change(old.manifest)
            new.finish(old.manifest)
    path.with_suffix(".new").replace(path)


def test_without_its_master_key_it_stays_shut(kept: Kept, another: Another) -> None:
    there = another()
    there.settings = dataclasses.replace(there.settings, master_keys=(("other", b"o" * 32),))

    said = refused(there, str(kept.folder))

    assert "The master key 'tests' that wraps this data key is not in the ring" in said
    assert "FRONTOFFICE_MASTER_KEYS" in said
    assert there.database.tables() == []


def test_without_its_key_file_it_stays_shut(kept: Kept, another: Another) -> None:
    (kept.to / NAME).rename(kept.to / "elsewhere.json")

    assert f"{NAME} is missing" in refused(another(), str(kept.folder))
    found = kept.here.run(
        "restore", str(kept.folder), "--check", "--key-file", str(kept.to / "elsewhere.json")
    )
    assert found.exit_code == 0, found.output


def test_a_changed_octet_is_refused_before_a_row_is_written(kept: Kept, another: Another) -> None:
    path, there = kept.folder / "maple.fobackup", another()
    octets = bytearray(path.read_bytes())
    octets[-100] ^= 1
    path.write_bytes(octets)

    assert "maple.fobackup was cut short or changed" in refused(there, str(kept.folder))
    assert there.database.tables() == []


def test_an_archive_cut_short_is_refused(kept: Kept) -> None:
    path = kept.folder / "maple.fobackup"
    path.write_bytes(path.read_bytes()[:-1000])

    assert "maple.fobackup was cut short or changed" in refused(kept.here, str(kept.folder), "--check")


def test_exchanged_archives_are_refused(kept: Kept) -> None:
    maple, birch = kept.folder / "maple.fobackup", kept.folder / "birch.fobackup"
    maple.rename(kept.folder / "aside")
    birch.rename(maple)
    (kept.folder / "aside").rename(birch)

    assert "is an archive of “birch” and not of “maple”" in refused(
        kept.here, str(kept.folder), "--check", "--district", "maple"
    )


def test_an_archive_of_another_day_is_refused(kept: Kept) -> None:
    kept.here.run("backup", "--to", str(kept.to), "--district", "maple")
    shutil.copy(next(kept.to.glob("*-maple")) / "maple.fobackup", kept.folder / "maple.fobackup")

    assert "is of another backup than directory.fobackup" in refused(kept.here, str(kept.folder), "--check")


def test_a_missing_archive_is_named(kept: Kept) -> None:
    (kept.folder / "maple.fobackup").unlink()

    assert "maple.fobackup cannot be read: No such file" in refused(kept.here, str(kept.folder), "--check")


def test_a_folder_that_is_no_backup_is_called_so(kept: Kept) -> None:
    assert "is not a backup" in refused(kept.here, str(kept.to))


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["tables"]["tickets"].update(rows=2),
        lambda manifest: manifest["tables"]["tickets"].update(sha256="0" * 64),
        lambda manifest: manifest["tables"].pop("tickets"),
        lambda manifest: manifest["files"].update(count=0),
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(
    kept: Kept, change: Callable[[dict[str, Any]], None]
) -> None:
    rewritten(kept, "maple", change)

    assert "maple.fobackup does not hold what its manifest says" in refused(
        kept.here, str(kept.folder), "--check", "--district", "maple"
    )


def test_rows_that_do_not_arrive_as_they_left_are_refused(kept: Kept, another: Another) -> None:
    there = another()
    there.run("restore", str(kept.folder), "--district", "birch")
    with there.database.connect() as connection:
        connection.execute(
            "create function lose() returns trigger language plpgsql as 'begin return null; end'; "
            "create trigger lose before insert on ticket_events for each row execute function lose()"
        )

    said = refused(there, str(kept.folder), "--district", "maple")

    assert "maple: “ticket_events” had" in said
    with there.database.connect() as connection:
        assert connection.execute("select slug from districts").fetchall() == [("birch",)]


def test_a_backup_of_a_later_version_is_left_to_it(kept: Kept, another: Another) -> None:
    rewritten(kept, "directory", lambda manifest: manifest.update(revision="9999", product_version="7.0.0"))

    said = refused(another(), str(kept.folder))

    assert "made by version 7.0.0 after migration 9999" in said
    assert "does not know it" in said


def test_a_backup_of_an_earlier_migration_goes_into_an_empty_database_only(
    kept: Kept, another: Another, world: World
) -> None:
    there = another()
    there.run("restore", str(kept.folder), "--district", "birch")
    with there.database.connect() as connection:
        connection.execute("update alembic_version set version_num = '0007'")

    said = refused(there, str(kept.folder), "--district", "maple")

    assert "stands at migration 0007" in said
    assert "rows go back only where both are the same" in said


def test_a_mail_domain_that_another_district_has_is_no_accident(kept: Kept, another: Another) -> None:
    there = another()
    there.run("restore", str(kept.folder), "--district", "birch")
    with there.database.connect() as connection:
        connection.execute("update district_domains set domain = 'maple.example'")

    assert "“district_domains” is taken by another district" in refused(
        there, str(kept.folder), "--district", "maple"
    )


def test_a_district_of_another_region_is_refused(kept: Kept, another: Another) -> None:
    there = another()
    there.settings = dataclasses.replace(there.settings, region="ca")

    said = refused(there, str(kept.folder), "--district", "maple")

    assert "“maple” belongs to the region “us” and this deployment stands in “ca”" in said
    with there.database.connect() as connection:
        assert connection.execute("select count(*) from districts").fetchone() == (0,)
