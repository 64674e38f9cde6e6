"""How much of what all share a district may use, and what it uses."""

import click
from flask import Flask

from app.core import quotas
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import district_by_slug, forget_directory
from app.core.tenancy import as_district


def install(app: Flask) -> None:
    app.cli.command("quota")(quota)


@click.argument("slug")
@click.argument("name", required=False, type=click.Choice(list(quotas.QUOTAS)))
@click.argument("most", required=False, type=click.IntRange(min=1))
@click.option("--default", "as_usual", is_flag=True, help="Take the exception back.")
def quota(slug: str, name: str | None, most: int | None, as_usual: bool) -> None:
    """Show a district's quotas, or give it another than the default: quota maple mails-out-an-hour 5000."""
    if name is not None and (most is None) != as_usual:
        raise click.ClickException("Say how many, or --default.")
    forget_directory()
    district = district_by_slug(slug)
    if district is None:
        raise click.ClickException(f"There is no district “{slug}”.")
    with acting_as(OPERATOR), as_district(district.id):
        if name is not None:
            quotas.grant(name, most)
            db.session.commit()
        for one in quotas.QUOTAS.values():
            allowed, used = quotas.most(one), -(-quotas.used(one) // one.unit)
            own = "" if allowed == quotas.default(one) else f" (usually {quotas.default(one)})"
            click.echo(f"{one.name:<20} {used:>10} of {allowed:>10}{own}  {one.what}")
