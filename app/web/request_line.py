"""Each request is numbered, timed, counted and written down, by its door: an address may hold a secret."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import Flask, request

from app.core import logs
from app.core.directory import DistrictCard
from app.core.logs import facts
from app.web import metrics
from app.web.district import IN_ENVIRON

HEADER: Final = "X-Request-Id"
DOOR: Final = "frontoffice.door"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
#: Asked for all day long by machines, and by every page.
QUIET: Final = frozenset({"healthz", "readyz", "metrics", "static"})

log = logging.getLogger("frontoffice.web")


class RequestLine:
    """The outermost layer, so that nothing happens to a request outside of its number."""

    def __init__(self, within: Callable[..., Iterable[bytes]]) -> None:
        self._within = within

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began, status = time.monotonic(), 500
        with logs.about_request(environ.get("HTTP_X_REQUEST_ID")) as number:

            def start(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                nonlocal status
                status = int(line[:3])
                return start_response(line, [*headers, (HEADER, number)], *more)

            try:
                return self._within(environ, start)
            finally:
                _tell(environ, status, time.monotonic() - began)


def install(app: Flask) -> None:
    """Installed after the district, and so around it."""
    app.wsgi_app = RequestLine(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_note_the_door)


def _note_the_door() -> None:
    request.environ[DOOR] = request.endpoint


def _tell(environ: dict[str, Any], status: int, seconds: float) -> None:
    door = environ.get(DOOR) or "none"
    method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else "OTHER"
    card: DistrictCard | None = environ.get(IN_ENVIRON)
    slug = card.slug if card else "-"
    metrics.count_request(door, status, seconds)
    quiet = door in QUIET and status < 500
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "%s %s %d district=%s ms=%.0f",
        method,
        door,
        status,
        slug,
        seconds * 1000,
        extra=facts(method=method, door=door, status=status, district=slug, ms=round(seconds * 1000)),
    )
