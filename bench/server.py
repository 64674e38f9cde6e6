"""The application as it is, with the number of statements in a header, and the reference pages beside it."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response, g, has_app_context
from sqlalchemy import event

from app.core.db import db
from bench.reference import beside
from wsgi import app as house

reference = beside(house)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What gunicorn serves: the house, but for the reference's addresses."""
    if environ["PATH_INFO"].startswith("/reference/"):
        return reference(environ, start_response)
    return house(environ, start_response)


def _count(*_: Any) -> None:
    if has_app_context():
        g.statements = g.get("statements", 0) + 1


with house.app_context():
    event.listen(db.engine, "before_cursor_execute", _count)


@house.after_request
def _tell(response: Response) -> Response:
    response.headers["X-Statements"] = str(g.get("statements", 0))
    return response
