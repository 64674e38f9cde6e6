"""The demo's districts and the made-up people in them."""

import click
from flask import Flask

from app.admin.actions import opening
from app.core import across_districts
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import district_by_slug, forget_directory
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.demo.furnishing import DISTRICTS, Sketch, furnish


def install(app: Flask) -> None:
    app.cli.command("seed")(seed)


def seed() -> None:
    """Make the demo's districts, where they are missing. Only for a demonstration."""
    if not get_settings().demo:
        raise click.ClickException(
            "This is no demonstration (FRONTOFFICE_DEMO is not yes), so no made-up people were added."
        )
    for sketch in DISTRICTS:
        if district_by_slug(sketch.slug):
            click.echo(f"{sketch.name} is there already.")
            continue
        seed_district(sketch)
        click.echo(f"{sketch.name}: {sketch.staff} people, {sketch.tickets} tickets.")


def seed_district(sketch: Sketch) -> None:
    """One made-up district, open and furnished."""
    with acting_as(OPERATOR):
        with across_districts.session() as across:
            district_id = opening.open_district(
                across,
                slug=sketch.slug,
                name=sketch.name,
                domain=sketch.domain,
                mailbox=f"help@{sketch.domain}",
                zone="America/Chicago",
                region=get_settings().region,
                state="open",
            )
        forget_directory()
        with as_district(district_id):
            furnish(sketch)
            db.session.commit()
