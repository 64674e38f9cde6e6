"""What a load balancer asks."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.core.db import db
from tests.page_client import PageClient


def test_it_says_that_it_answers(client: PageClient) -> None:
    assert client.get("/healthz", status=200).data == b"fine\n"


def test_it_says_what_it_can_reach(client: PageClient) -> None:
    page = client.get("/readyz", status=200)
    assert page.response.json == {"database": True, "redis": False}
    assert page.headers["Cache-Control"] == "no-store"


def test_without_a_database_it_is_not_ready(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    with app.app_context():
        monkeypatch.setattr(db.session, "execute", gone)
    assert client.get("/readyz", status=503).response.json["database"] is False  # type: ignore[index]
    assert client.get("/healthz").status == 200


def test_neither_stands_within_a_district(client: PageClient, world: object) -> None:
    assert client.get("/maple/healthz").status == 404
