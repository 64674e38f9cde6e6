"""Does this process live, and can it work? Answered soon, whatever hangs."""

import dataclasses
import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.core import storage
from app.core.settings import get_settings, use_settings
from app.migrations.newest import newest
from app.web import health
from app.web.health import Question
from tests.cluster import TestDatabase
from tests.page_client import PageClient


@pytest.fixture(autouse=True)
def fresh(app: Flask) -> None:
    """Nothing is believed from an earlier test."""
    for question in app.extensions["readiness"].values():
        question._good_until = 0.0


def test_a_process_lives_without_a_database(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.db.session, "execute", None)

    assert client.get("/healthz").status == 200


def test_it_is_ready_and_tells_a_stranger_no_more_than_that(client: PageClient) -> None:
    answer = client.browser.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"database": True, "storage": True, "redis": False}
    assert "Set-Cookie" not in answer.headers


def test_it_is_not_ready_while_the_database_is_older_than_the_code(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "newest", lambda: "9999")

    answer = client.browser.get("/readyz")

    assert (answer.status_code, (answer.json or {})["database"]) == (503, False)


def test_it_is_ready_while_the_database_is_newer(client: PageClient, database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        try:
            assert client.browser.get("/readyz").status_code == 200
        finally:
            connection.execute("update alembic_version set version_num = %s", [newest()])


def test_it_is_not_ready_while_nothing_can_be_stored(client: PageClient, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    use_settings(dataclasses.replace(get_settings(), instance=tmp_path))

    answer = client.browser.get("/readyz")

    assert (answer.status_code, (answer.json or {})["storage"]) == (503, False)


def test_storage_is_tried_out_and_left_as_it_was(app: Flask, tmp_path: Path) -> None:
    use_settings(dataclasses.replace(get_settings(), instance=tmp_path))

    storage.try_out()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_it_answers_in_two_seconds_whatever_hangs_and_piles_nothing_up(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go = [], threading.Event()

    def hang() -> bool:
        begun.append(1)
        return may_go.wait(20)

    monkeypatch.setitem(app.extensions["readiness"], "storage", Question(hang))
    monkeypatch.setitem(app.extensions["readiness"], "database", Question(hang))
    began = time.monotonic()
    for _ in range(2):
        assert client.browser.get("/readyz").status_code == 503
    spent = time.monotonic() - began
    may_go.set()

    assert spent < 4
    assert len(begun) == 2, "one try each, though it was asked for twice"


def test_without_a_database_it_is_not_ready(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    with app.app_context():
        monkeypatch.setattr(health.db.engine, "connect", gone)

    assert client.get("/readyz", status=503).response.json["database"] is False  # type: ignore[index]


def test_neither_stands_within_a_district(client: PageClient, world: object) -> None:
    assert client.get("/maple/healthz").status == 404
    assert client.get("/maple/readyz").status == 404
