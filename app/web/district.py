"""The slug in the path becomes the district. Only this file knows where it stands in an address.

`/maple/tickets` reaches the app as `/tickets` below `/maple`, so routes are written without the slug and
url_for() puts it back. An unknown slug is the same 404 as any other page that is not there.
"""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import Flask, abort, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from app.core.directory import DistrictCard, district_by_slug
from app.core.tenancy import enter_district

SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,38}")

#: First words of paths that exist outside every district.
OUTSIDE: Final = frozenset(
    {"", "sign-in", "legal", "trust", ".well-known", "healthz", "readyz", "metrics", "static", "in", "f"}
    | {"gallery", "favicon.ico", "robots.txt", "operator"}
)

#: Of these, the ones that never exist within a district.
ONLY_OUTSIDE: Final = OUTSIDE - {"", "sign-in", "legal", "trust"}

#: No district is ever called this: today's outside paths, and words that people would take for ours.
# fmt: off
RESERVED: Final = OUTSIDE | frozenset(
    {"about", "account", "accounts", "admin", "api", "app", "apple", "assets", "auth", "billing",
     "blog", "callback", "careers", "cdn", "contact", "demo", "dashboard", "docs", "download", "email",
     "files", "forgot", "frontoffice", "graphql", "health", "help", "home", "host", "info", "invite",
     "jobs", "login", "logout", "mail", "media", "metric", "news", "oauth", "oidc", "ops",
     "portal", "pricing", "privacy", "public", "register", "saml", "security", "settings", "sign-out",
     "sign-up", "signin", "signout", "signup", "sitemap", "sso", "staff", "status", "store",
     "subprocessors", "support", "system", "terms", "test", "upload", "uploads", "user", "users",
     "webhooks", "well-known", "www"}
)
# fmt: on

IN_ENVIRON: Final = "frontoffice.district"
#: What the database said when it could not be asked who this is; answered where Flask can answer it.
FAILED: Final = "frontoffice.database_failed"

log = logging.getLogger("frontoffice.web")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class SlugInPath:
    """Moves the slug from PATH_INFO to SCRIPT_NAME before Flask routes the request."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._within: WsgiApp = app.wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        slug, _, rest = environ.get("PATH_INFO", "").removeprefix("/").partition("/")
        if slug not in RESERVED and SLUG.fullmatch(slug):
            try:
                with self._app.app_context():
                    card = district_by_slug(slug)
            except SQLAlchemyError as error:
                environ[FAILED], card = error, None
            if card is not None and card.state != "gone":
                environ[IN_ENVIRON] = card
                environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{slug}"
                environ["PATH_INFO"] = f"/{rest}"
        return self._within(environ, start_response)


def here() -> DistrictCard | None:
    """The district whose pages this request asks for; None outside all of them."""
    if not has_request_context():
        return None
    card: DistrictCard | None = request.environ.get(IN_ENVIRON)
    return card


def enter() -> DistrictCard | None:
    """Put the wall up: from here on, this request can see that district alone."""
    card = here()
    if card is not None:
        enter_district(card.id)
    return card


def is_allowed_slug(slug: str) -> bool:
    """True if a new district may be called this."""
    return bool(SLUG.fullmatch(slug)) and slug not in RESERVED


def install(app: Flask) -> None:
    """Wrap the app, and keep each page on its side of the district's door."""
    app.wsgi_app = SlugInPath(app)  # type: ignore[method-assign]
    app.before_request(_each_page_on_its_side)


def _each_page_on_its_side() -> None:
    if FAILED in request.environ:
        log.error("The database does not answer: %s", type(request.environ[FAILED]).__name__)
        abort(503)
    first = request.path.split("/")[1]
    if first not in OUTSIDE if here() is None else first in ONLY_OUTSIDE:
        abort(404)
