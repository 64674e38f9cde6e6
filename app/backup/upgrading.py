"""Upgrade: back up, migrate, look whether all is there, and say the way back.

1. Alone, and as role `owner`: a second one is refused.
2. A backup, unless there is nothing to lose or the operator says that there is one.
3. The migrations that wait, one transaction each. One that fails leaves nothing behind, and those before it stay: the
   code before works with each of them (tests/house/test_migrations.py).
4. Rows are counted per district and table, before and after. None may be missing unless its migration says why.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.backup.tables import every_table
from app.backup.taking import Say, product_version, take
from app.core import across_districts
from app.core.directory import forget_directory
from app.core.settings import get_settings
from app.migrations import run as migrations

#: Rows of these tables go while people and jobs are at work.
COME_AND_GO: Final = frozenset(
    {"authenticator_apps", "drafts", "inbound_emails", "one_time_links", "passkeys"}
    | {"recovery_codes", "sign_in_attempts", "sign_in_steps", "web_sessions", "work"}
)
_LOCK: Final = "select pg_try_advisory_lock(hashtextextended('frontoffice upgrade', 0))"

#: (district, table) → rows.
Counts = Counter[tuple[str, str]]


class CannotUpgrade(Exception):
    """The upgrade ended before its end; the sentences say where the database stands and what to do."""


@dataclass(frozen=True)
class Upgraded:
    """What was done. `wrong` has a sentence for each thing that is not as it should be."""

    since: str | None
    to: str
    ran: list[str]
    backup: Path | None
    wrong: list[str] = field(default_factory=list)

    @property
    def way_back(self) -> str:
        """What to do if it does not work out."""
        if self.backup is None:
            return "No backup was made by this command. The way back is your own."
        return (
            "The way back: end web, workers, timetable and mail door; put the version before in place; then\n\n"
            f"    flask --app wsgi restore {self.backup} --replace-everything\n"
        )


def upgrade(backups: Path, *, without_backup: bool = False, say: Say) -> Upgraded:
    """Bring the database up to the code. Raises CannotUpgrade, taking.CannotBackUp, ArchiveRefused."""
    owner_url = get_settings().database_owner_url
    if not owner_url:
        raise CannotUpgrade("FRONTOFFICE_DATABASE_OWNER_URL is not set, and migrations run as role owner.")
    with _alone(owner_url):
        since = migrations.revision(owner_url)
        try:
            waiting = migrations.waiting(since)
        except migrations.UnknownRevision as error:
            raise CannotUpgrade(
                f"The database stands at migration {since}, which version {product_version()} does not know: it is "
                "newer than this code. Nothing was done."
            ) from error
        if not waiting:
            assert since is not None
            return Upgraded(since, since, [], None)
        before = Counter[tuple[str, str]]() if since is None else _count()
        backup = None
        if before and not without_backup:
            backup = take(backups, say=say).folder
            say(f"A backup is in {backup}.")
        _run(owner_url, since, waiting, backup, say)
        forget_directory()
        explained = {table: why for _, module in waiting for table, why in _changes_rows(module).items()}
        wrong = list(_missing(before, _count(), explained, say))
        return Upgraded(since, waiting[-1][0], [number for number, _ in waiting], backup, wrong)


@contextmanager
def _alone(owner_url: str) -> Iterator[None]:
    engine = create_engine(owner_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as owner:
        if not owner.scalar(text(_LOCK)):
            raise CannotUpgrade("Another upgrade is running. Nothing was done.")
        yield


def _run(
    owner_url: str, since: str | None, waiting: list[tuple[str, Any]], backup: Path | None, say: Say
) -> None:
    stands_at = since
    for number, module in waiting:
        try:
            migrations.upgrade(owner_url, to=number)
        except (DBAPIError, migrations.MigrationsRun) as error:
            raise CannotUpgrade(_failed(number, stands_at, error, backup)) from error
        stands_at = number
        say(f"{number}: {(module.__doc__ or '').strip()}")


def _failed(number: str, stands_at: str | None, error: Exception, backup: Path | None) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    kept = f" The backup made before is in {backup}." if backup else ""
    return (
        f"Migration {number} did not run and left nothing behind ({type(cause).__name__}: "
        f"{str(cause).splitlines()[0]}). The database stands at {stands_at or 'nothing'}, with which the version "
        "before works, so nothing has to be restored: see to what the message says and run `flask upgrade` "
        f"again.{kept}"
    )


def _count() -> Counts:
    """Rows of every owned table, per district."""
    counted: Counts = Counter()
    with across_districts.session() as across:
        driver = across_districts.driver_of(across)
        slugs = {row[0]: str(row[1]) for row in driver.execute("select id, slug from districts").fetchall()}
        counted.update({(slug, "districts"): 1 for slug in slugs.values()})
        for table in every_table(driver):
            if table.is_owned:
                question = sql.SQL("select district_id, count(*) from {} group by 1").format(table.named())
                for district_id, rows in driver.execute(question).fetchall():
                    counted[slugs[district_id], table.name] = int(str(rows))
    return counted


def _missing(before: Counts, after: Counts, explained: dict[str, str], say: Say) -> Iterator[str]:
    for (slug, table), rows in sorted(before.items()):
        now = after[slug, table]
        if now >= rows or table in COME_AND_GO:
            continue
        if table in explained:
            say(f"{slug}: {rows - now} rows fewer in “{table}”: {explained[table]}")
        else:
            yield f"{slug}: “{table}” had {rows} rows and has {now} now, and no migration says why."


def _changes_rows(module: Any) -> dict[str, str]:
    """What a migration says of the tables whose rows it removes: `REMOVES_ROWS = {"table": "why"}`."""
    return dict(getattr(module, "REMOVES_ROWS", {}))
