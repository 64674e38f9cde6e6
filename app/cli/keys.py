"""The ring of master keys."""

import base64
import secrets

import click
from flask import Flask

from app.core import across_districts, crypto
from app.core.actor import OPERATOR, acting_as
from app.core.directory import forget_directory
from app.core.settings import get_settings


def install(app: Flask) -> None:
    app.cli.command("rotate-keys")(rotate_keys)
    app.cli.command("new-key")(new_key)


def rotate_keys() -> None:
    """Wrap every district's data key under the newest master key. What is sealed stays as it is."""
    with acting_as(OPERATOR), across_districts.session() as across:
        changed = crypto.rewrap(across)
    forget_directory()
    newest = get_settings().master_keys[0][0]
    click.echo(
        f"{changed} data keys are now wrapped under “{newest}”. Make a backup, which wraps the keys of older backups "
        "anew; then older master keys may be taken out of the ring."
    )


def new_key() -> None:
    """Print a fresh master key, to be put first into FRONTOFFICE_MASTER_KEYS."""
    click.echo(f"{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}")
