"""Bringing the database up to the code."""

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core.settings import get_settings
from app.migrations import run


def install(app: Flask) -> None:
    app.cli.command("migrate")(migrate)


def migrate() -> None:
    """Run the migrations that are missing, as role owner. On one host, before the new code starts."""
    url = get_settings().database_owner_url
    if not url:
        raise click.ClickException(
            "Migrations are run as role owner: set FRONTOFFICE_DATABASE_OWNER_URL for this command alone."
        )
    try:
        run.upgrade(url)
    except run.MigrationsRun as busy:
        raise click.ClickException(str(busy)) from busy
    except SQLAlchemyError as error:
        cause = error.__cause__ or error
        raise click.ClickException(f"The migrations did not run ({type(cause).__name__}): {cause}") from error
    click.echo("The database is as new as the code.")
