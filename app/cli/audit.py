"""The audit log, as its auditor asks after it."""

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from app.core import across_districts, audit
from app.core.directory import District
from app.core.tenancy import as_district


def install(app: Flask) -> None:
    group = AppGroup("audit", help="The audit log.")
    group.command("verify")(verify)
    app.cli.add_command(group)


@click.argument("slug", required=False)
def verify(slug: str | None) -> None:
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
