"""The one way out of a district: sessions on role `across`, for the night staff, the portal and the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from flask import current_app
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.core.db import connect_options
from app.core.settings import get_settings


@contextmanager
def session() -> Iterator[Session]:
    """A session that sees every district, in one transaction: committed at the end, rolled back on a fault."""
    with Session(_engine(), info={"across_districts": True}) as opened, opened.begin():
        yield opened


def driver_of(across: Session) -> psycopg.Connection[tuple[object, ...]]:
    """The driver's own connection below such a session, in its transaction: for COPY, which the ORM does not know."""
    driver = across.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _engine() -> Engine:
    engine = current_app.extensions.get("across_engine")
    if engine is None:
        settings = get_settings()
        engine = create_engine(
            settings.database_across_url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=connect_options(settings.database_pooled),
        )
        current_app.extensions["across_engine"] = engine
    assert isinstance(engine, Engine)
    return engine
