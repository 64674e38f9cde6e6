"""Whoever is signed in, as the account that they are, and where they were going."""

from typing import cast

from flask import request

from app.auth.models.account import Account
from app.web.guard import local_path, me


def my_account() -> Account:
    """Behind a door that asked."""
    return cast(Account, me())


def next_page() -> str | None:
    """Where they were going before they were led here; None if they came by themselves."""
    return local_path(request.args.get("next"))
