"""Backup and restore."""

from pathlib import Path

import click
import psycopg
from flask import Flask
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.backup import restoring, taking
from app.backup.archive import ArchiveRefused
from app.core import audit
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.files import StorageFault
from app.core.tenancy import as_district


def install(app: Flask) -> None:
    app.cli.command("backup")(backup)
    app.cli.command("restore")(restore)


@click.option(
    "--to",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for all backups.",
)
@click.option("--district", "slug", default=None, help="Back up this district alone.")
@click.option(
    "--keep", default=None, type=click.IntRange(1), help="Remove older ones of the same kind but so many."
)
def backup(to: Path, slug: str | None, keep: int | None) -> None:
    """Back up rows and files: one sealed archive a district, and one of the directory."""
    try:
        taken = taking.take(to, slug=slug, keep=keep, say=click.echo)
    except (taking.CannotBackUp, ArchiveRefused) as refused:
        raise click.ClickException(str(refused)) from refused
    except OSError as error:
        raise click.ClickException(f"The backup could not be written: {error.strerror}.") from error
    except StorageFault as fault:
        raise click.ClickException(f"Nothing was backed up. {fault}") from fault
    except (psycopg.Error, SQLAlchemyError) as error:
        raise click.ClickException(f"Nothing was backed up. {_said_by_the_database(error)}") from error
    for district_id in taken.districts:
        with acting_as(OPERATOR), as_district(district_id):
            audit.noted("backed up", "districts", district_id)
            db.session.commit()
    if taken.removed:
        click.echo(f"{taken.removed} older backups were removed.")
    click.echo(
        f"The backup is in {taken.folder}. Its keys are in {to}, and your master keys open those: keep them elsewhere."
    )


@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--district", "slug", default=None, help="Restore this district alone, beside those that are here."
)
@click.option(
    "--key-file", default=None, type=click.Path(dir_okay=False, path_type=Path), help="If it lies elsewhere."
)
@click.option("--check", "only_check", is_flag=True, help="Read and verify all of it, and write nothing.")
@click.option("--send", is_flag=True, help="Let queued mail go. Without it a person decides about each.")
@click.option("--replace-everything", is_flag=True, help="Empty this database first. There is no way back.")
@click.option("--yes", is_flag=True, help="Do not ask before emptying.")
def restore(
    place: Path,
    slug: str | None,
    key_file: Path | None,
    only_check: bool,
    send: bool,
    replace_everything: bool,
    yes: bool,
) -> None:
    """Restore a backup (a folder that `flask backup` made, or one archive in it) and verify all of it."""
    try:
        chosen = restoring.choose(place, slug=slug, key_file=key_file)
        if only_check:
            restoring.check(chosen, click.echo)
            click.echo("All of it can be read and is as it was made. Nothing was written.")
            return
        if replace_everything and not yes:
            click.confirm("Every row in this database will be gone. Go on?", abort=True)
        restored = restoring.restore(chosen, send=send, replace_everything=replace_everything, say=click.echo)
    except (restoring.CannotRestore, ArchiveRefused, StorageFault) as refused:
        raise click.ClickException(str(refused)) from refused
    except (psycopg.Error, SQLAlchemyError) as error:
        raise click.ClickException(
            f"The restore ended before its end. {_said_by_the_database(error)}"
        ) from error
    click.echo(
        f"{', '.join(restored.districts.values())}: {restored.rows} rows and {restored.files} files stand again, "
        "counted and summed as in the backup. Everybody has to sign in anew."
    )
    if restored.held:
        click.echo(
            f"{restored.held} emails may have been sent before. They wait for a person, unsure, in the mail log."
        )
    for sentence in restored.wrong:
        click.echo(sentence, err=True)
    if restored.wrong:
        raise SystemExit(1)
    click.echo("The audit log holds, and what is sealed opens.")


def _said_by_the_database(error: Exception) -> str:
    """Its first line: the others quote rows."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"The database says: {str(cause).partition(chr(10))[0]} ({type(cause).__name__})"
