"""Whoever runs this deployment: made, set up anew and closed here, and nowhere else."""

import click
from flask import Flask
from flask.cli import AppGroup

from app.auth.actions.refused import Refused
from app.portal.actions import overview, signing_in

operator = AppGroup("operator", help="Who runs this deployment, and what they did.")


def install(app: Flask) -> None:
    app.cli.add_command(operator)


@operator.command("add")
@click.argument("email")
@click.option(
    "--name", default="", help="As a district's admins read it when they are asked to let them look."
)
def add(email: str, name: str) -> None:
    """Make an operator, and print the link on which they set up password and app within 60 minutes."""
    try:
        link = signing_in.invite(email, name)
    except Refused as refused:
        raise click.ClickException(refused.sentence) from refused
    click.echo(f"Send this link to {email}. It works once, within 60 minutes:\n\n    {link}\n")


@operator.command("renew")
@click.argument("email")
def renew(email: str) -> None:
    """They lost password or phone: sign them out, and print a link to set up both anew."""
    try:
        link = signing_in.renew(email)
    except Refused as refused:
        raise click.ClickException(refused.sentence) from refused
    click.echo(f"Send this link to {email}. It works once, within 60 minutes:\n\n    {link}\n")


@operator.command("close")
@click.argument("email")
def close(email: str) -> None:
    """They are no operator any more, and signed out everywhere."""
    try:
        signing_in.close(email)
    except Refused as refused:
        raise click.ClickException(refused.sentence) from refused
    click.echo(f"{email} signs in no more.")


@operator.command("log")
def log() -> None:
    """Print the newest lines of the operator's own log."""
    for line in overview.latest_entries():
        parts = [f"{line.at:%Y-%m-%d %H:%M:%S}", line.who, line.did, line.district, line.page]
        click.echo("  ".join(part for part in parts if part))
