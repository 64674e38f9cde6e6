"""The ring of master keys."""

import base64
import secrets
import time

import click
from flask import Flask

from app.core import across_districts, crypto, resealing
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import district_by_slug, forget_directory
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.portal.models.operator import Operator


def install(app: Flask) -> None:
    app.cli.command("rotate-keys")(rotate_keys)
    app.cli.command("rotate-district-key")(rotate_district_key)
    app.cli.command("new-key")(new_key)


def rotate_keys() -> None:
    """Wrap every district's data key, and operators' secrets, under the newest master key. What is sealed stays."""
    with acting_as(OPERATOR), across_districts.session() as across:
        changed = crypto.rewrap(across)
        Operator.rewrap(across)
    forget_directory()
    newest = get_settings().master_keys[0][0]
    click.echo(
        f"{changed} data keys are now wrapped under “{newest}”. Make a backup, which wraps the keys of older backups "
        "anew; then older master keys may be taken out of the ring."
    )


@click.argument("slug")
def rotate_district_key(slug: str) -> None:
    """Give a district a fresh key, and seal everything of it anew while it works. Begun again, it goes on."""
    card = district_by_slug(slug)
    if card is None:
        raise click.ClickException(f"There is no district “{slug}”.")
    with as_district(card.id), acting_as(OPERATOR):
        fresh = resealing.begin()
        click.echo(
            f"{card.name} has a fresh key." if fresh else f"{card.name} is on its way to its newest key."
        )
        done = 0
        while resealing.left(db.session()):
            some = resealing.a_batch(db.session())
            db.session.commit()
            done += some
            if not some:
                time.sleep(1)  # somebody is writing what is left
        db.session.rollback()
    click.echo(f"{done} values were sealed anew here. The older key is dropped by itself after a day.")


def new_key() -> None:
    """Print a fresh master key, to be put first into FRONTOFFICE_MASTER_KEYS."""
    click.echo(f"{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}")
