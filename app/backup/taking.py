"""Take a backup: a folder with one archive a district, one of the directory, and the list of their hashes.

1. Alone: an advisory lock in the database, held until the end.
2. One snapshot for all: every archive of a backup shows the same moment, whatever is written meanwhile.
3. The key file first, so that there is never an archive whose key is nowhere.
4. Each district: its rows, then its files. A file is stored before the row that names it is committed, so every
   file of the snapshot is there, unless it was deleted since.
5. The directory last, with the list of the archives. Then the folder gets its name: before, it is no backup.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from psycopg.errors import InsufficientPrivilege, UndefinedTable
from sqlalchemy.orm import Session

from app.backup.archive import SUFFIX, Sum, Summing, Writer, in_blocks
from app.backup.key_file import DIRECTORY, KeyFile
from app.backup.key_file import NAME as KEY_FILE
from app.backup.tables import SPOKEN, Driver, TableOfRows, copy_out, every_table
from app.core import across_districts, clock, storage
from app.core.db import uuid7
from app.core.files import FileAltered
from app.core.tenancy import as_district

SUMS: Final = "SHA256SUMS"
UNFINISHED: Final = ".unfinished-"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}(?:\.\d{3})?Z(?P<of>-[a-z][a-z0-9-]*)?")
_LOCK: Final = "select pg_try_advisory_xact_lock(hashtextextended('frontoffice backup', 0))"

Say = Callable[[str], None]


class CannotBackUp(Exception):
    """No backup was made; the sentence says why."""


@dataclass(frozen=True)
class Taken:
    """A backup that stands."""

    folder: Path
    districts: dict[UUID, str]
    #: Older ones that `keep` removed.
    removed: int


@dataclass(frozen=True)
class _Setting:
    """What all archives of one backup have in common."""

    driver: Driver
    tables: list[TableOfRows]
    keys: KeyFile
    backup: UUID
    made_at: datetime
    revision: str
    #: Every transaction number in the snapshot is below this one.
    transactions_below: int

    def header(self, of: str, slug: str) -> dict[str, Any]:
        return {
            "backup": str(self.backup),
            "of": of,
            "slug": slug,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "product_version": product_version(),
            "revision": self.revision,
            "transactions_below": self.transactions_below,
        }


def take(to: Path, *, slug: str | None = None, keep: int | None = None, say: Say) -> Taken:
    """Back up all districts, or one, into a new folder under `to`. Raises CannotBackUp, ArchiveRefused."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    with across_districts.session() as across:
        return _take(across, to, slug, keep, say)


@lru_cache(maxsize=1)
def product_version() -> str:
    """As CHANGELOG.md counts."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    found = re.search(r'^version = "([^"]+)"', project.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def _take(across: Session, to: Path, slug: str | None, keep: int | None, say: Say) -> Taken:
    across.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    driver = across_districts.driver_of(across)
    driver.execute("set transaction read only")
    driver.execute(SPOKEN)
    _sees_every_district(driver)
    if driver.execute(_LOCK).fetchone() != (True,):
        raise CannotBackUp("Another backup is being made. Try again when it has ended.")
    revision = _revision(driver)
    rows: list[Any] = driver.execute(
        "select id, slug, data_key, state from districts order by slug"
    ).fetchall()
    living = {row[0]: str(row[2]) for row in rows if row[2] and row[3] != "gone"}
    if slug is not None and slug not in {row[1] for row in rows}:
        raise CannotBackUp(f"There is no district “{slug}”.")
    if not (to / KEY_FILE).exists() and any(_NAME.fullmatch(folder.name) for folder in to.iterdir()):
        raise CannotBackUp(
            f"There are backups in {to}, and {KEY_FILE}, which opens them, is missing. Put it back, or choose an empty "
            "folder."
        )
    keys = KeyFile.of_folder(to)
    keys.keep_up(living, deleted={row[0] for row in rows} - set(living))
    keys.write(to)
    made_at = clock.now()
    below = driver.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    setting = _Setting(
        driver, every_table(driver), keys, uuid7(), made_at, revision, cast("tuple[int]", below)[0]
    )
    chosen = {row[0]: str(row[1]) for row in rows if row[0] in living and slug in (None, row[1])}
    if slug is not None and not chosen:
        raise CannotBackUp(f"“{slug}” has no data key any more: nothing of it can be backed up.")
    name = f"{made_at:%Y-%m-%dT%H%M%S}.{made_at.microsecond // 1000:03}Z" + (f"-{slug}" if slug else "")
    for left_over in to.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left_over)
    unfinished = to / f"{UNFINISHED}{name}"
    unfinished.mkdir(mode=0o700)
    try:
        _fill(unfinished, setting, chosen, whole=slug is None, say=say)
        unfinished.rename(to / name)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _force_to_disk(to)
    return Taken(to / name, chosen, _remove_all_but(keep, to, name) if keep else 0)


def _fill(folder: Path, setting: _Setting, chosen: dict[UUID, str], *, whole: bool, say: Say) -> None:
    sums = {}
    for district_id, slug in chosen.items():
        with _archive(folder, setting, str(district_id), slug) as writing:
            rows, files = writing.rows_of(district_id), writing.files_of(district_id, say)
            writing.finish(tables=rows, files=files)
        sums[slug + SUFFIX] = writing.sha256
        counted = sum(table["rows"] for table in rows.values())
        say(f"{slug}: {counted} rows and {files['count']} files.")
    with _archive(folder, setting, DIRECTORY, DIRECTORY) as writing:
        writing.finish(
            tables=writing.rows_of(None),
            whole=whole,
            districts={str(district_id): slug for district_id, slug in chosen.items()},
        )
    sums[DIRECTORY + SUFFIX] = writing.sha256
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())
    handle = os.open(folder / SUMS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    _force_to_disk(folder)


class _archive:
    """One archive of this backup, open for writing."""

    def __init__(self, folder: Path, setting: _Setting, of: str, slug: str) -> None:
        self._setting = setting
        key, wrapped = setting.keys.new_archive_key(of, bound_to(setting.backup, of))
        handle = os.open(folder / (slug + SUFFIX), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = _Hashed(os.fdopen(handle, "wb"))
        self._header = setting.header(of, slug)
        self._writer = Writer(self._file, {**self._header, "key": wrapped}, key)

    def __enter__(self) -> "_archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        return self._file.digest.hexdigest()

    def rows_of(self, district_id: UUID | None) -> dict[str, dict[str, Any]]:
        """A district's rows in all owned tables, or the unowned tables whole; what was written, by table."""
        told = {}
        for table in self._setting.tables:
            if table.is_owned != (district_id is not None):
                continue
            heading = {"table": table.name, "columns": table.columns}
            total = self._writer.member(heading, copy_out(self._setting.driver, table, district_id))
            told[table.name] = {"columns": table.columns, "rows": total.lines, "sha256": total.sha256}
        return told

    def files_of(self, district_id: UUID, say: Say) -> dict[str, Any]:
        """A district's files; how many, how large, and the hash over their keys and hashes."""
        listed = FileList()
        with as_district(district_id):
            for key in storage.keys():  # noqa: SIM118 - it is no dict
                try:
                    stream = storage.open(key)
                except FileAltered:
                    say(f"{key} is no longer as it was stored, so it was left out.")
                    continue
                except storage.FileMissing:
                    continue  # deleted since the snapshot, and rightly so
                with stream:
                    total = self._writer.member({"file": key}, _read(stream))
                listed.add(key, total)
        return listed.told()

    def finish(self, **manifest: Any) -> None:
        self._writer.finish({**self._header, **manifest})


class FileList:
    """Adds up the files of an archive, one at a time: a list of all of them would not be small."""

    def __init__(self) -> None:
        self._count, self._bytes, self._names = 0, 0, Summing()

    def add(self, key: str, total: Sum) -> None:
        self._count += 1
        self._bytes += total.size
        self._names.add(f"{key} {total.size} {total.sha256}\n".encode())

    def told(self) -> dict[str, Any]:
        """As the manifest says it."""
        return {"count": self._count, "bytes": self._bytes, "sha256": self._names.total().sha256}


class _Hashed:
    """A file whose hash is taken while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, octets: bytes) -> int:
        self.digest.update(octets)
        return self._file.write(octets)

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


def bound_to(backup: UUID | str, of: str) -> bytes:
    """What an archive's key is bound to: this backup and this district."""
    return f"{backup}|{of}".encode()


def _read(stream: BinaryIO) -> Iterator[bytes]:
    return in_blocks(iter(lambda: stream.read(storage.CHUNK), b""))


def _sees_every_district(driver: Driver) -> None:
    """Under a role that the walls hold, a backup would be empty without a word."""
    if driver.execute("select pg_has_role(current_user, 'across', 'member')").fetchone() != (True,):
        raise CannotBackUp(
            "FRONTOFFICE_DATABASE_ACROSS_URL does not sign in as role across. Under any other role the walls "
            "between districts stand, and the backup would be empty."
        )


def _revision(driver: Driver) -> str:
    try:
        row = driver.execute("select version_num from alembic_version").fetchone()
    except (UndefinedTable, InsufficientPrivilege) as error:
        raise CannotBackUp(
            "It cannot be seen which migrations have run. Run `flask upgrade` once, then try again."
        ) from error
    if row is None:
        raise CannotBackUp("No migration has run in this database yet, so there is nothing to back up.")
    return str(row[0])


def _remove_all_but(keep: int, to: Path, name: str) -> int:
    """Remove older backups of the same kind (of all districts, or of this one); how many."""
    made = _NAME.fullmatch(name)
    assert made
    alike = sorted(
        folder
        for folder in to.iterdir()
        if folder.is_dir() and (found := _NAME.fullmatch(folder.name)) and found["of"] == made["of"]
    )
    for old in alike[:-keep]:
        shutil.rmtree(old)
    return len(alike[:-keep])


def _force_to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
