"""The upgrade and, where nothing is there yet, the demo. A process of its own: what it imports goes when it ends."""

import sys

import click

from app.core.settings import SettingsRefused, get_settings


def main() -> None:
    try:
        settings = get_settings()
    except SettingsRefused as refused:
        sys.exit(str(refused))

    from app.cli import demo, upgrades
    from app.factory import create_app

    with create_app().app_context():
        try:
            done = upgrades.bring_up(settings.instance / "backups")
        except click.ClickException as refused:
            sys.exit(refused.message)
        if done.wrong:
            sys.exit("\n".join([*done.wrong, done.way_back]))
        if settings.demo:
            demo.seed()


if __name__ == "__main__":
    main()
