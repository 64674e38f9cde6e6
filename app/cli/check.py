"""What is right and what is wrong with this deployment."""

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core import across_districts
from app.core.db import db
from app.core.directory import District
from app.core.doorbell import doorbell
from app.core.settings import get_settings
from app.migrations import run as migrations


def install(app: Flask) -> None:
    app.cli.command("check")(check)


def check() -> None:
    """Print the settings without their secrets, and try the database, its migrations and Redis."""
    for name, value, meaning in get_settings().described():
        click.echo(f"{name:<38} {value:<28} {meaning}")
    click.echo("")
    wrong = what_is_wrong()
    for sentence in wrong:
        click.echo(sentence, err=True)
    if wrong:
        raise SystemExit(1)
    click.echo("The database answers and is as new as the code.")
    if get_settings().redis_url and not doorbell().answers():
        click.echo("Redis does not answer. Nothing is lost: the sweeper does the work, a little later.")


def what_is_wrong() -> list[str]:
    """A sentence for each thing that does not work; none is well."""
    return [sentence for sentence in (_try_database(), _try_migrations()) if sentence]


def _try_database() -> str:
    try:
        with across_districts.session() as across:
            across.execute(select(District.id).limit(1))
        db.session.execute(select(District.id).limit(1))
    except SQLAlchemyError as error:
        return f"The database does not answer: {type(error.__cause__ or error).__name__}."
    return ""


def _try_migrations() -> str:
    url = get_settings().database_owner_url
    if not url:
        return (
            "FRONTOFFICE_DATABASE_OWNER_URL is not set, so it cannot be seen whether migrations are missing."
        )
    try:
        differences = migrations.differences(url)
    except SQLAlchemyError as error:
        return f"Role owner cannot sign in to the database: {type(error.__cause__ or error).__name__}."
    if differences:
        return f"The database is not as new as the code: {len(differences)} differences. Run the migrations."
    return ""
