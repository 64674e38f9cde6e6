"""The operator's commands: `flask --app wsgi <command>`. They may cross districts, so each says who did it."""

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any, Final

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.admin.actions import opening
from app.core import across_districts, audit, crypto
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import REGIONS, District, district_by_slug, forget_directory
from app.core.doorbell import doorbell
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.demo.furnishing import DISTRICTS, Sketch, furnish
from app.migrations import run as migrations
from app.web.district import is_allowed_slug

#: Everybody's addresses end in these, so none of them can name a district.
OF_EVERYBODY: Final = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "aol.com"}
)
ADDRESS: Final = re.compile(
    r"[^@\s]+@([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)"
)


def install(app: Flask) -> None:
    """Put the commands on the app."""
    audit_group = AppGroup("audit", help="The audit log.")
    audit_group.command("verify")(verify_audit)
    app.cli.add_command(audit_group)
    for name, command in _COMMANDS.items():
        app.cli.command(name)(command)


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


def check() -> None:
    """Print the settings without their secrets, and try the database, its migrations and Redis."""
    for name, value, meaning in get_settings().described():
        click.echo(f"{name:<38} {value:<28} {meaning}")
    click.echo("")
    wrong = [sentence for sentence in (_try_database(), _try_migrations()) if sentence]
    for sentence in wrong:
        click.echo(sentence, err=True)
    if wrong:
        raise SystemExit(1)
    click.echo("The database answers and is as new as the code.")
    if get_settings().redis_url and not doorbell().answers():
        click.echo("Redis does not answer. Nothing is lost: the sweeper does the work, a little later.")


def rotate_keys() -> None:
    """Wrap every district's data key under the newest master key. What is sealed stays as it is."""
    with acting_as(OPERATOR), across_districts.session() as across:
        changed = crypto.rewrap(across)
    forget_directory()
    newest = get_settings().master_keys[0][0]
    click.echo(
        f"{changed} data keys are now wrapped under “{newest}”. Older master keys may be taken out of the ring."
    )


def new_key() -> None:
    """Print a fresh master key, to be put first into FRONTOFFICE_MASTER_KEYS."""
    click.echo(f"{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}")


@click.argument("slug", required=False)
def verify_audit(slug: str | None) -> None:
    """Walk the seals of the audit log, of one district or all, and name what is not sealed yet."""
    with across_districts.session() as across:
        known = across.execute(select(District.id, District.slug).order_by(District.slug)).all()
    chosen = [row for row in known if slug is None or row.slug == slug]
    if not chosen:
        raise click.ClickException(f"There is no district “{slug}”.")
    broken = False
    for row in chosen:
        with as_district(row.id):
            verdict = audit.verify()
        if verdict.holds:
            click.echo(
                f"{row.slug}: {verdict.seals} seals over {verdict.entries} entries hold; "
                f"{verdict.unsealed} entries are not sealed yet."
            )
        else:
            broken = True
            click.echo(f"{row.slug}: seal {verdict.broken_at} does not match its entries.", err=True)
    if broken:
        raise SystemExit(1)


_COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "open-district": open_district,
    "seed": seed,
    "check": check,
    "rotate-keys": rotate_keys,
    "new-key": new_key,
}


def _address(given: str, option: str) -> str:
    email = given.strip().lower()
    if not ADDRESS.fullmatch(email):
        raise click.ClickException(f"{option} must be an email address, such as help@maple.example.")
    return email


def _try_database() -> str:
    try:
        with across_districts.session() as across:
            across.execute(select(District.id).limit(1))
        db.session.execute(select(District.id).limit(1))
    except SQLAlchemyError as error:
        return f"The database does not answer: {type(error.__cause__ or error).__name__}."
    return ""


def _try_migrations() -> str:
    url = get_settings().database_owner_url
    if not url:
        return (
            "FRONTOFFICE_DATABASE_OWNER_URL is not set, so it cannot be seen whether migrations are missing."
        )
    try:
        differences = migrations.differences(url)
    except SQLAlchemyError as error:
        return f"Role owner cannot sign in to the database: {type(error.__cause__ or error).__name__}."
    if differences:
        return f"The database is not as new as the code: {len(differences)} differences. Run the migrations."
    return ""
