"""Migrations and, where nothing is there yet, the demo. A process of its own: what it imports goes when it ends."""

import sys

from app.core.settings import SettingsRefused, get_settings


def main() -> None:
    try:
        settings = get_settings()
    except SettingsRefused as refused:
        sys.exit(str(refused))

    from app.migrations import run

    run.upgrade(settings.database_owner_url)

    from app.factory import create_app

    app = create_app()
    with app.app_context():
        if settings.demo and not _anyone_here():
            from app import cli

            cli.seed()


def _anyone_here() -> bool:
    from sqlalchemy import select

    from app.core.db import db
    from app.core.directory import District

    return db.session.scalar(select(District.id).limit(1)) is not None


if __name__ == "__main__":
    main()
