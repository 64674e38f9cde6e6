"""The application as it is, with the reference pages beside it and the number of statements in a header."""

from typing import Any

from flask import Response, g, has_app_context
from sqlalchemy import event

from app.core.db import db
from app.factory import create_app
from bench.reference import ROOM

app = create_app()
app.register_blueprint(ROOM.blueprint())


def _count(*_: Any) -> None:
    if has_app_context():
        g.statements = g.get("statements", 0) + 1


with app.app_context():
    event.listen(db.engine, "before_cursor_execute", _count)


@app.after_request
def _tell(response: Response) -> Response:
    response.headers["X-Statements"] = str(g.get("statements", 0))
    return response
