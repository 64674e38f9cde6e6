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

    if settings.demo:
        from app.cli import demo
        from app.factory import create_app

        with create_app().app_context():
            demo.seed()


if __name__ == "__main__":
    main()
