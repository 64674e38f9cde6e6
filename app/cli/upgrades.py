"""From one version to the next."""

from pathlib import Path

import click
from flask import Flask
from sqlalchemy import select

from app.backup import taking, upgrading
from app.backup.archive import ArchiveRefused
from app.cli.check import what_is_wrong
from app.core import across_districts, audit
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import District
from app.core.files import StorageFault
from app.core.settings import get_settings
from app.core.tenancy import as_district


def install(app: Flask) -> None:
    app.cli.command("upgrade")(upgrade)


@click.option(
    "--to",
    "backups",
    default=None,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the backup; backups/ in the instance folder unless you say.",
)
@click.option(
    "--i-have-a-backup", "without_backup", is_flag=True, help="Make none. Then the way back is yours."
)
def upgrade(backups: Path | None, without_backup: bool) -> None:
    """Bring the database up to this code: a backup first, then the migrations, then a look whether all is there."""
    done = bring_up(backups or get_settings().instance / "backups", without_backup=without_backup)
    if done.wrong:
        for sentence in done.wrong:
            click.echo(sentence, err=True)
        click.echo(done.way_back, err=True)
        raise SystemExit(1)
    if not done.ran:
        click.echo(f"The database stands at {done.to}, as new as the code. There was nothing to do.")
        return
    click.echo(f"The database stands at {done.to}, as new as the code, and no row is missing.")
    click.echo(done.way_back)


def bring_up(backups: Path, *, without_backup: bool = False) -> upgrading.Upgraded:
    """Upgrade, check, and write it down in every district."""
    try:
        done = upgrading.upgrade(backups, without_backup=without_backup, say=click.echo)
    except (upgrading.CannotUpgrade, taking.CannotBackUp, ArchiveRefused, StorageFault) as refused:
        raise click.ClickException(str(refused)) from refused
    done.wrong.extend(what_is_wrong())
    if done.ran and not done.wrong:
        with across_districts.session() as across:
            districts = list(across.scalars(select(District.id).where(District.state != "gone")))
        for district_id in districts:
            with acting_as(OPERATOR), as_district(district_id):
                audit.noted("upgraded", "districts", district_id, since=done.since, to=done.to)
                db.session.commit()
    return done
