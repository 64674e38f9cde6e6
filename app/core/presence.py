"""Who is alive: a process that claims something holds a lock as long as it lives, and the claim names that lock.

The lock is PostgreSQL's (pg_advisory_lock), on one idle connection a process. However the process ends, its host
too, the server drops the lock with the connection, and gone() tells every other process within seconds.

Behind a pooler that lends connections by the transaction a lock would outlive its process, or die before it.
There a process has no mark, and its claims hold for their lease, no shorter.
"""

import logging
import os
import secrets
import select
import threading
from typing import Any, Final

import psycopg
from flask import current_app
from sqlalchemy import BigInteger, ColumnElement, Engine, column, text
from sqlalchemy.orm import InstrumentedAttribute

from app.core.db import db

log = logging.getLogger("frontoffice.presence")

#: A server that vanished without a word is missed after half a minute.
_STILL_THERE: Final = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "application_name": "frontoffice presence",
}

# pg_locks shows a lock on one bigint as its two halves, with objsubid 1.
_LIVING: Final = text(
    "select (classid::bigint << 32) | objid::bigint as mark from pg_locks where locktype = 'advisory' "
    "and granted and objsubid = 1 and database = (select oid from pg_database where datname = current_database())"
).columns(column("mark", BigInteger))


def my_mark() -> int | None:
    """What this process's claims name; None where no lock can be held, and claims then go by their lease alone."""
    return _presence().mark()


def leave() -> None:
    """Let go of what this process holds, as its end does."""
    _presence().leave()


def gone(mark: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """A criterion: the claim names a process, and that process is no more."""
    return mark.is_not(None) & mark.not_in(_LIVING)


class Presence:
    """This process's lock. Taken at the first claim, and anew if the connection was lost: under another mark."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._alone = threading.Lock()
        self._process = 0
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._mark: int | None = None
        self._is_pooled = False

    def mark(self) -> int | None:
        """The mark under which the lock is held now."""
        with self._alone:
            if self._process != os.getpid():
                self._process, self._connection, self._is_pooled = os.getpid(), None, False
            if not self._is_pooled and not self._is_held():
                self._take()
            return self._mark

    def leave(self) -> None:
        """Let go of the lock, as the end of the process would."""
        with self._alone:
            if self._connection is not None and self._is_held():
                self._connection.execute("select pg_advisory_unlock(%s)", (self._mark,))
            if self._connection is not None:
                self._connection.close()
            self._connection = self._mark = None

    def _is_held(self) -> bool:
        """Asked before every claim, so without a question to the server while its side is silent."""
        if self._connection is None or self._connection.closed:
            return False
        listening = select.poll()
        listening.register(self._connection.fileno(), select.POLLIN)
        if not listening.poll(0):
            return True
        try:  # a farewell, or a notice
            self._connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    def _take(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._mark = self._connection = None
        try:
            arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
            connection = psycopg.connect(*arguments, **{**options, **_STILL_THERE}, autocommit=True)
        except psycopg.Error as error:
            log.warning("No lock is held now, claims go by their lease: %s", type(error).__name__)
            return
        # A pooler makes up the number that it gives for the server process.
        served_by = connection.execute("select pg_backend_pid()").fetchone()
        if served_by != (connection.info.backend_pid,):
            connection.close()
            self._is_pooled = True
            log.warning("A pooler lends the connections: what a killed process held waits for its lease.")
            return
        mark = secrets.randbits(62)
        connection.execute("select pg_advisory_lock(%s)", (mark,))
        self._connection, self._mark = connection, mark


def _presence() -> Presence:
    found = current_app.extensions.get("presence")
    if found is None:
        found = current_app.extensions.setdefault("presence", Presence(db.engine))
    assert isinstance(found, Presence)
    return found
