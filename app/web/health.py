"""What a load balancer and `make run` ask: does this process answer, and can it work?"""

from typing import Any

from flask import Flask
from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import db
from app.core.doorbell import doorbell
from app.web.guard import anyone


@anyone
def healthz() -> tuple[str, int, dict[str, str]]:
    """This process answers."""
    return "fine\n", 200, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@anyone
def readyz() -> tuple[dict[str, Any], int, dict[str, str]]:
    """The database answers too. Without Redis the sweeper does the work, so that alone makes nobody unready."""
    try:
        db.session.execute(select(literal(1)))
        database = True
    except SQLAlchemyError:
        db.session.rollback()
        database = False
    heard = doorbell().answers()
    return {"database": database, "redis": heard}, 200 if database else 503, {"Cache-Control": "no-store"}


def install(app: Flask) -> None:
    """Two doors outside every district."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
