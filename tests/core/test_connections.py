"""Connections of the pool: what died while it rested is replaced, and what lives is not asked whether it does."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool

from app.core.db import LONG_REST, db
from app.core.settings import get_settings

WHO = text("select pg_backend_pid()")


@pytest.fixture(autouse=True)
def _here(app: Flask) -> Iterator[None]:
    with app.app_context():
        db.engine.dispose()
        yield
        db.engine.dispose()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[DBAPIConnection]:
    """The connections that were asked whether they live."""
    asked: list[DBAPIConnection] = []
    ask = db.engine.dialect.do_ping

    def note(connection: DBAPIConnection) -> bool:
        asked.append(connection)
        return ask(connection)

    monkeypatch.setattr(db.engine.dialect, "do_ping", note)
    return asked


def who_answers() -> int:
    with db.engine.connect() as connection:
        return int(connection.scalar(WHO) or 0)


def end_it(number: int) -> None:
    """From outside of the pool, and wait until it has ended."""
    outside = create_engine(get_settings().database_url, poolclass=NullPool)
    with outside.connect() as connection:
        assert connection.scalar(text("select pg_terminate_backend(:number, 10000)"), {"number": number})


def test_what_was_just_used_is_used_again_and_not_asked(asked: list[DBAPIConnection]) -> None:
    assert len({who_answers() for _ in range(5)}) == 1
    assert asked == []


def test_what_the_server_ended_is_replaced_before_somebody_uses_it(asked: list[DBAPIConnection]) -> None:
    first = who_answers()
    end_it(first)

    assert who_answers() != first
    assert len(asked) == 1


def test_all_of_the_pool_is_replaced_with_the_first_that_is_dead() -> None:
    with db.engine.connect() as one, db.engine.connect() as other:
        numbers = {one.scalar(WHO), other.scalar(WHO)}
    for number in numbers:
        end_it(number)

    with db.engine.connect() as one, db.engine.connect() as other:
        assert not {one.scalar(WHO), other.scalar(WHO)} & numbers


def test_after_a_long_rest_it_is_asked(asked: list[DBAPIConnection], monkeypatch: pytest.MonkeyPatch) -> None:
    first, now = who_answers(), time.monotonic()

    monkeypatch.setattr(time, "monotonic", lambda: now + LONG_REST + 1)

    assert who_answers() == first
    assert len(asked) == 1
