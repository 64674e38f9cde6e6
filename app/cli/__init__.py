"""The operator's commands: `flask --app wsgi <command>`, a file a noun.

They may cross districts, so each says who did it.
"""

from typing import Final

from flask import Flask

from app.cli import (
    audit,
    backups,
    check,
    demo,
    districts,
    factors,
    keys,
    migrations,
    operators,
    quotas,
    upgrades,
)

COMMANDS: Final = (
    districts,
    operators,
    factors,
    quotas,
    migrations,
    demo,
    check,
    keys,
    audit,
    backups,
    upgrades,
)


def install(app: Flask) -> None:
    """Put the commands on the app."""
    for noun in COMMANDS:
        noun.install(app)
