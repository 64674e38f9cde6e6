"""Restore a backup: all of it into an empty database, or one district beside others.

1. Read everything once and write nothing: every chunk opens, every sum is that of the manifest.
2. The schema, by migrations, as it was when the backup was made.
3. One transaction for all rows: COPY into a table beside, from there behind the wall (PostgreSQL does not COPY
   into a table with row-level security). The files are stored on the way.
4. In the same transaction: count and sum everything again, as it stands in the tables now; then hold the mail and
   end the sessions. A fault anywhere until here leaves no row behind.
5. The migrations since, where the backup is older than the code. Then every chain of the audit log is walked and
   sealed columns are opened.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from psycopg import sql
from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.backup.archive import SUFFIX, ArchiveRefused, Member, Reader, Summing
from app.backup.key_file import DIRECTORY, NAME, KeyFile
from app.backup.tables import SPOKEN, TableOfRows, copy_out, every_table, values
from app.backup.taking import FileList, Say, bound_to, product_version
from app.core import across_districts, audit, crypto, storage
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import forget_directory
from app.core.records import every_model
from app.core.sessions import end_all_of_district
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.helpdesk.actions.holding import hold_owed_receipts
from app.migrations import run as migrations
from app.notices.actions.holding import hold_notices, hold_texts, hold_until_somebody_looks

#: How many values of each sealed column are opened to see that they do.
OPENED: Final = 1000


#: What the search knows of each ticket, of all that was said in it (migrations 0014 and 0019).
WORDS: Final = """
    insert into ticket_words (id, district_id, number, words)
    select id, district_id, number, ticket_all_words(tickets) from tickets where district_id = %s
    on conflict (id) do update set words = excluded.words
"""


#: By table, what a manifest says of it: columns, rows, hash.
Rows = dict[str, dict[str, Any]]


class CannotRestore(Exception):
    """Nothing was restored; the sentence says why."""


@dataclass(frozen=True)
class Chosen:
    """What is to be restored: the archives of one backup, found and not yet read."""

    folder: Path
    keys: KeyFile
    directory: dict[str, Any]
    #: District id → slug, of those to be restored.
    districts: dict[UUID, str]
    #: True if this is everything that there was.
    whole: bool

    @property
    def revision(self) -> str:
        return str(self.directory["revision"])


@dataclass(frozen=True)
class Restored:
    """What stands again. `held` counts messages that wait for a person."""

    districts: dict[UUID, str]
    rows: int
    files: int
    held: int
    #: What was found when all stood again, in sentences. Empty is well.
    wrong: list[str]


def choose(place: Path, *, slug: str | None = None, key_file: Path | None = None) -> Chosen:
    """Find the archives of a folder or of one archive, and read the directory. Raises ArchiveRefused."""
    if place.suffix == SUFFIX:
        if place.stem != DIRECTORY:
            slug = slug or place.stem
        place = place.parent
    if not (place / f"{DIRECTORY}{SUFFIX}").exists():
        raise ArchiveRefused(
            f"{place} is not a backup: there is no {DIRECTORY}{SUFFIX} in it. Name one of the folders that "
            "`flask backup` makes, such as 2026-11-02T021500.250Z."
        )
    near = next((folder for folder in (place, place.parent) if (folder / NAME).exists()), place.parent)
    keys = KeyFile.of(key_file or near / NAME)
    with _opened(place, DIRECTORY, DIRECTORY, keys) as (reader, members):
        for member in members:
            _pass_by(member)
        directory = reader.manifest
    in_it = {UUID(of): str(name) for of, name in directory["districts"].items()}
    chosen = {of: name for of, name in in_it.items() if slug in (None, name)}
    if not chosen and slug is not None:
        raise ArchiveRefused(
            f"“{slug}” is not in this backup. It holds {', '.join(in_it.values()) or 'none'}."
        )
    return Chosen(
        place, keys, directory, chosen, whole=bool(directory["whole"]) and len(chosen) == len(in_it)
    )


def check(chosen: Chosen, say: Say) -> None:
    """Read all of it and write nothing. Raises ArchiveRefused at the first thing that is not as it was made."""
    for district_id, slug in chosen.districts.items():
        with _archive(chosen, district_id, slug) as (reader, members):
            files, rows = FileList(), Rows()
            for member in members:
                _pass_by(member)
                _take_note(member, rows, files)
            _is_as_the_manifest_says(reader, rows, files)
        counted = sum(table["rows"] for table in rows.values())
        say(f"{slug}: {counted} rows and {files.told()['count']} files, all as the manifest says.")


def restore(chosen: Chosen, *, send: bool = False, replace_everything: bool = False, say: Say) -> Restored:
    """Make it stand again. Raises CannotRestore or ArchiveRefused, and then no row has been written."""
    owner_url = get_settings().database_owner_url
    if not owner_url:
        raise CannotRestore("FRONTOFFICE_DATABASE_OWNER_URL is not set, and migrations have to run.")
    _is_known_here(chosen)
    check(chosen, say)
    if replace_everything:
        if not chosen.whole:
            raise CannotRestore("Only a whole backup can replace everything.")
        migrations.clear(owner_url)
    _prepare_the_schema(chosen, owner_url)
    with migrations.tables_beside(owner_url), across_districts.session() as across:
        restored = _Loading(across, chosen, owner_url).run(send=send)
    if migrations.waiting(chosen.revision):
        say("Running the migrations that came after this backup.")
        migrations.upgrade(owner_url)
    forget_directory()
    for district_id, slug in chosen.districts.items():
        with acting_as(OPERATOR), as_district(district_id):
            restored.wrong.extend(f"{slug}: {sentence}" for sentence in _what_is_wrong())
            audit.noted("restored", "districts", district_id, backup=chosen.directory["backup"])
            db.session.commit()
    return restored


def _is_known_here(chosen: Chosen) -> None:
    try:
        migrations.waiting(chosen.revision)
    except migrations.UnknownRevision as error:
        raise CannotRestore(
            f"This backup was made by version {chosen.directory['product_version']} after migration "
            f"{chosen.revision}, and this is version {product_version()}, which does not know it. Restore it with "
            "the version that made it, or a newer one."
        ) from error


def _prepare_the_schema(chosen: Chosen, owner_url: str) -> None:
    stands_at = migrations.revision(owner_url)
    if stands_at is None:
        migrations.upgrade(owner_url, to=chosen.revision)
    elif stands_at != chosen.revision:
        raise CannotRestore(
            f"This database stands at migration {stands_at} and the backup at {chosen.revision}; rows go back only "
            "where both are the same. A whole backup: restore it into an empty database. One district: restore it "
            "into an empty database, which brings it up to the newest migration, and take that backup here. "
            "If nothing in this database is needed any more, --replace-everything empties it first."
        )


class _Loading:
    """One transaction in which all rows go in."""

    def __init__(self, across: Session, chosen: Chosen, owner_url: str) -> None:
        self._across, self._chosen, self._owner_url = across, chosen, owner_url
        across.connection()
        self._driver = across_districts.driver_of(across)
        self._driver.execute(SPOKEN)
        self._tables = {table.name: table for table in every_table(self._driver)}
        self._moved_by = self._transactions_moved_by()
        self._rows = self._files = 0

    def run(self, *, send: bool) -> Restored:
        chosen = self._chosen
        self._refuse_who_is_here_already()
        # As replies come in, each would write the words of its ticket anew. They are written once instead, below.
        self._driver.execute("set local app.words_later = 'yes'")
        self._directory()
        for district_id, slug in chosen.districts.items():
            self._district(district_id, slug)
        held = 0
        for district_id in chosen.districts:
            end_all_of_district(self._across, district_id)
            held += hold_until_somebody_looks(
                self._across, district_id, send=send, columns=self._tables["messages"].columns
            )
            if "notices" in self._tables:
                held += hold_notices(self._across, district_id)
            if "text_messages" in self._tables:
                held += hold_texts(self._across, district_id, send=send)
            if not send:
                held += hold_owed_receipts(self._across, district_id)
        return Restored(chosen.districts, self._rows, self._files, held, [])

    def _refuse_who_is_here_already(self) -> None:
        here = {
            cast(UUID, row[0]): str(row[1]) for row in self._driver.execute("select id, slug from districts")
        }
        if self._chosen.whole and here:
            raise CannotRestore(
                f"This database holds {', '.join(sorted(here.values()))} already. A whole backup goes into an "
                "empty one; one district of it goes beside others with --district."
            )
        for district_id, slug in self._chosen.districts.items():
            if district_id in here or slug in here.values():
                raise CannotRestore(f"“{slug}” is in this database already, so it was not restored over it.")

    def _directory(self) -> None:
        with _opened(self._chosen.folder, DIRECTORY, DIRECTORY, self._chosen.keys) as (reader, members):
            for member in members:
                table = self._table(member)
                if self._chosen.whole:
                    self._load(table, member, sql.SQL("true"))
                elif table.district_column is not None:
                    only = sql.SQL("{} = any({})").format(
                        sql.Identifier(table.district_column), sql.Literal(list(self._chosen.districts))
                    )
                    self._load(table, member, only)
                else:
                    _pass_by(member)
            if self._chosen.whole:
                self._compare(DIRECTORY, None, reader.manifest["tables"])
        self._refuse_another_region()
        for district_id in self._chosen.districts:
            self._driver.execute(
                "update districts set data_key = %s where id = %s",
                [self._chosen.keys.keys[str(district_id)], district_id],
            )

    def _refuse_another_region(self) -> None:
        ours = get_settings().region
        elsewhere = "select slug, region from districts where region <> %s order by slug limit 1"
        for slug, region in self._driver.execute(elsewhere, [ours]).fetchall():
            raise CannotRestore(
                f"“{slug}” belongs to the region “{region}” and this deployment stands in “{ours}”: its data stay "
                "where they were promised to stay. Nothing was restored."
            )

    def _district(self, district_id: UUID, slug: str) -> None:
        with _archive(self._chosen, district_id, slug) as (reader, members):
            files, rows = FileList(), Rows()
            for member in members:
                if "table" in member.heading:
                    self._load(self._table(member), member, sql.SQL("true"))
                else:
                    _store(district_id, member)
                    self._files += 1
                _take_note(member, rows, files)
            _is_as_the_manifest_says(reader, rows, files)
            self._compare(slug, district_id, reader.manifest["tables"])
        if self._driver.execute("select to_regclass('public.ticket_words')").fetchone() != (None,):
            self._driver.execute(WORDS, [district_id])

    def _load(self, table: TableOfRows, member: Member, which: sql.Composable) -> None:
        columns = [str(column) for column in member.heading["columns"]]
        beside = sql.Identifier("loaded_" + table.name)
        named = sql.SQL(", ").join(map(sql.Identifier, columns))
        self._driver.execute(
            sql.SQL("create temp table {} on commit drop as select {} from {} with no data").format(
                beside, named, table.named()
            )
        )
        with self._driver.cursor() as cursor:
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(beside, named)) as going_in:
                for block in member.blocks:
                    going_in.write(block)
            try:
                cursor.execute(
                    sql.SQL("insert into {} ({}) overriding system value select {} from {} where {}").format(
                        table.named(), named, values(table.name, columns, self._moved_by), beside, which
                    )
                )
            except UniqueViolation as error:
                raise CannotRestore(
                    f"A row of “{table.name}” is taken by another district here already "
                    f"({error.diag.constraint_name}), such as a mail domain or a desk's address. Nothing was restored."
                ) from error
            self._rows += cursor.rowcount
        self._keep_counting_from(table, beside)
        self._driver.execute(sql.SQL("drop table {}").format(beside))

    def _keep_counting_from(self, table: TableOfRows, beside: sql.Composable) -> None:
        """What the server counts up goes on after the highest that came in."""
        for column in table.counted:
            question = sql.SQL("select max({}) from {}").format(sql.Identifier(column), beside)
            highest = cast("tuple[int | None]", self._driver.execute(question).fetchone())[0]
            if highest is not None:
                migrations.count_on_from(self._owner_url, table.name, column, highest)

    def _transactions_moved_by(self) -> int:
        """Nought on the server that the backup came from; below nought where transactions count lower."""
        here = self._driver.execute("select pg_current_xact_id()::text::bigint").fetchone()
        return min(0, cast("tuple[int]", here)[0] - int(self._chosen.directory["transactions_below"]))

    def _table(self, member: Member) -> TableOfRows:
        table = self._tables.get(str(member.heading["table"]))
        if table is None or not set(member.heading["columns"]) <= set(table.columns):
            raise CannotRestore(
                f"This database has no table “{member.heading['table']}” as the backup knows it, though both stand at "
                f"migration {self._chosen.revision}. Nothing was restored."
            )
        return table

    def _compare(self, slug: str, district_id: UUID | None, told: dict[str, Any]) -> None:
        """Read back what stands in the tables now, and sum it as it was summed when the backup was made."""
        for name, expected in told.items():
            summing = Summing()
            for block in copy_out(
                self._driver,
                self._tables[name],
                district_id,
                columns=expected["columns"],
                transactions_moved=-self._moved_by,
            ):
                summing.add(block)
            total = summing.total()
            if (total.lines, total.sha256) != (expected["rows"], expected["sha256"]):
                raise CannotRestore(
                    f"{slug}: “{name}” had {expected['rows']} rows and has {total.lines} now, or their contents "
                    "differ. Nothing was restored."
                )


# --- reading ----------------------------------------------------------------------------------------------


@contextmanager
def _opened(folder: Path, of: str, slug: str, keys: KeyFile) -> Iterator[tuple[Reader, Iterator[Member]]]:
    with Reader(folder / (slug + SUFFIX)) as reader:
        header = reader.header
        if header.get("of") != of or header.get("slug") != slug:
            raise ArchiveRefused(
                f"{reader.path.name} is an archive of “{header.get('slug')}” and not of “{slug}”: files were "
                "exchanged or renamed. Nothing was restored."
            )
        backup = str(header.get("backup"))
        key = keys.archive_key(of, slug, str(header.get("key")), bound_to(backup, of))
        yield reader, reader.members(key)


@contextmanager
def _archive(chosen: Chosen, district_id: UUID, slug: str) -> Iterator[tuple[Reader, Iterator[Member]]]:
    with _opened(chosen.folder, str(district_id), slug, chosen.keys) as (reader, members):
        if reader.header["backup"] != chosen.directory["backup"]:
            raise ArchiveRefused(
                f"{reader.path.name} is of another backup than {DIRECTORY}{SUFFIX} beside it: of "
                f"{reader.header.get('made_at')}, not {chosen.directory['made_at']}. Nothing was restored."
            )
        yield reader, members


def _pass_by(member: Member) -> None:
    for _ in member.blocks:
        pass


def _take_note(member: Member, rows: Rows, files: FileList) -> None:
    """Of a member that has been read to its end."""
    assert member.sum is not None
    if "table" in member.heading:
        rows[member.heading["table"]] = {
            "columns": member.heading["columns"],
            "rows": member.sum.lines,
            "sha256": member.sum.sha256,
        }
    else:
        files.add(member.heading["file"], member.sum)


def _is_as_the_manifest_says(reader: Reader, rows: Rows, files: FileList) -> None:
    manifest = reader.manifest
    if manifest.get("tables") != rows or manifest.get("files") != files.told():
        raise ArchiveRefused(
            f"{reader.path.name} does not hold what its manifest says: a table or a file is missing or differs. Use "
            "another backup."
        )


class _Stream(io.RawIOBase):
    """A file of an archive, as something that can be read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = block
        length = min(len(buffer), len(self._rest))
        buffer[:length], self._rest = self._rest[:length], self._rest[length:]
        return length


def _store(district_id: UUID, member: Member) -> None:
    district, *parts = str(member.heading["file"]).split("/")
    if district != str(district_id):
        raise ArchiveRefused(f"An archive holds a file of another district: {member.heading['file']}.")
    with as_district(district_id):
        stored = storage.put(parts, io.BufferedReader(_Stream(member.blocks)), "application/octet-stream")
    assert member.sum is not None
    if stored.sha256 != member.sum.sha256:
        raise CannotRestore(f"{stored.key} was stored otherwise than it was read. Look at the disk.")


# --- when all stands again --------------------------------------------------------------------------------


def _what_is_wrong() -> Iterator[str]:
    verdict = audit.verify()
    if not verdict.holds:
        yield f"seal {verdict.broken_at} of the audit log does not match its entries."
    for model in every_model():
        for column, sealed in crypto.sealed_columns(model).items():
            try:
                for row in db.session.scalars(select(model).limit(OPENED)):
                    getattr(row, sealed.name)
            except crypto.CannotOpen as error:
                yield f"{column} in “{model.__tablename__}” does not open. {error}"
