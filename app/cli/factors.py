"""For the day a district's only admin has lost phone and paper: nobody inside can help them."""

import click
from flask import Flask

from app.auth.actions import enrolling
from app.auth.models.account import Account
from app.core.actor import OPERATOR, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district


def install(app: Flask) -> None:
    app.cli.command("take-factors")(take_factors)


@click.argument("slug")
@click.argument("email")
def take_factors(slug: str, email: str) -> None:
    """Take away the second factors of one account. Their sessions end, and they are told by mail."""
    card = district_by_slug(slug)
    if card is None:
        raise click.ClickException(f"There is no district “{slug}”.")
    with as_district(card.id), acting_as(OPERATOR):
        account = Account.with_address(email)
        if account is None:
            raise click.ClickException(f"Nobody in {card.name} has an account with the address {email}.")
        enrolling.take_away(account, by=OPERATOR)
        db.session.commit()
    click.echo("Done. Their password alone signs them in, until they set up a new factor.")
