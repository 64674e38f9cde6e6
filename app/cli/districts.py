"""Opening a district."""

import re
from typing import Final

import click
from flask import Flask

from app.admin.actions import opening
from app.core import across_districts
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import REGIONS, forget_directory
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.web.district import is_allowed_slug

#: Everybody's addresses end in these, so none of them can name a district.
OF_EVERYBODY: Final = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "aol.com"}
)
ADDRESS: Final = re.compile(
    r"[^@\s]+@([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)"
)


def install(app: Flask) -> None:
    app.cli.command("open-district")(open_district)


@click.argument("slug")
@click.option("--name", required=True, help="The district's name, as its people say it.")
@click.option("--admin-email", required=True, help="Who becomes its first admin.")
@click.option("--admin-name", default="", help="Their name; they can be renamed later.")
@click.option("--zone", default="America/Chicago", show_default=True, help="The zone of its schools.")
@click.option("--region", default=None, type=click.Choice(REGIONS), help="Where its data stay.")
@click.option("--domain", default=None, help="Its mail domain, if it is not the one of the admin's address.")
@click.option("--mailbox", default=None, help="The address of its desk, if it is not help@ its domain.")
def open_district(
    slug: str,
    name: str,
    admin_email: str,
    admin_name: str,
    zone: str,
    region: str | None,
    domain: str | None,
    mailbox: str | None,
) -> None:
    """Open a district and print its first admin's link, which works once within 60 minutes."""
    email = _address(admin_email, "--admin-email")
    domain = (domain or email.rpartition("@")[2]).strip().lower()
    mailbox = _address(mailbox or f"help@{domain}", "--mailbox")
    region = region or get_settings().region
    if not is_allowed_slug(slug):
        raise click.ClickException(
            f"A district cannot be called “{slug}”: use 2 to 39 small letters, digits and dashes, beginning "
            "with a letter, and none of the words that addresses here begin with, such as “legal” or “help”."
        )
    if domain in OF_EVERYBODY:
        raise click.ClickException(f"{domain} is everybody's. Give the district's own with --domain.")
    if region != get_settings().region:
        raise click.ClickException(
            f"This deployment stands in “{get_settings().region}”, and its data stay there. "
            f"A district of “{region}” needs a deployment of its own."
        )
    with acting_as(OPERATOR):
        try:
            with across_districts.session() as across:
                district_id = opening.open_district(
                    across, slug=slug, name=name, domain=domain, mailbox=mailbox, zone=zone, region=region
                )
        except opening.CannotOpen as refused:
            raise click.ClickException(str(refused)) from refused
        forget_directory()
        with as_district(district_id):
            opening.add_first_things()
            link = opening.invite_first_admin(email=email, name=admin_name.strip() or email, by=OPERATOR)
            address = link.address
            db.session.commit()
    click.echo(f"{name} is being prepared. Its desk receives mail at {mailbox}.")
    click.echo(f"Send this link to {email}. It works once, within 60 minutes:\n\n    {address}\n")
    click.echo("Signed in, they find what is still missing under “Opening day”.")


def _address(given: str, option: str) -> str:
    email = given.strip().lower()
    if not ADDRESS.fullmatch(email):
        raise click.ClickException(f"{option} must be an email address, such as help@maple.example.")
    return email
