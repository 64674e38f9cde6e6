"""What the page of a service does with any source that is asked: kept, tried out, asked now."""

from collections.abc import Callable

from flask import abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.asked import AskedForm
from app.admin.views.services import ours, shown
from app.roster.actions.refused import Refused
from app.web.page import done


def kept(key: str, form: AskedForm, keep: Callable[[], object], called: str) -> ResponseReturnValue:
    """Keep what was filled in. A secret that is left empty stays as it is: it is never shown again.

    `called`: as the page of the service knows the form.
    """
    if form.validate():
        try:
            keep()
        except Refused as refused:
            form.refuse(refused.sentence)
        else:
            return done("Saved.", _page_of(key))
    return shown(ours(key), status=422, **{called: form})


def tried_out(key: str, try_out: Callable[[], str]) -> ResponseReturnValue:
    """Say what was found."""
    try:
        return done(try_out(), _page_of(key))
    except Refused as refused:
        return done(refused.sentence, _page_of(key), tone="bad")


def begun(key: str, begin: Callable[[], str]) -> ResponseReturnValue:
    """Ask it now. `begin` says at which address one sees how far it is."""
    try:
        return done("It is being asked.", begin())
    except Refused as refused:
        return done(refused.sentence, _page_of(key), tone="bad")


def kind_of(key: str, kind_of_service: Callable[[str], str | None]) -> str:
    """The kind of source behind the service of that key; there is no such page for any other."""
    return kind_of_service(ours(key).key) or abort(404)


def _page_of(key: str) -> str:
    return url_for("admin.services_show", key=key)
