"""Files that no row names are deleted after a day, and no other file ever is."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import String, Text

from app.core import clock, orphans, storage
from app.core.db import db, uuid7
from app.core.records import NAMES_A_FILE, every_model
from app.core.tenancy import as_district
from app.helpdesk.actions import attaching
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from tests.helpdesk.desk import ask, at, comes_in, photo, ticket_of, written
from tests.world import World


@pytest.fixture
def later_on() -> Iterator[None]:
    """Two days from now: everything that a test stores before it is old enough."""
    with clock.frozen(clock.now() + timedelta(days=2)):
        yield


def kept() -> set[str]:
    return set(storage.keys())


def orphan(name: object = None) -> str:
    return storage.put(["attachments", str(name or uuid7())], b"nobody's", "text/plain").key


def test_what_a_rolled_back_request_left_is_deleted(app: Flask, world: World, later_on: None) -> None:
    with at(app, world.maple):
        before = kept()
        (file,) = attaching.keep([attaching.Upload("a.jpg", "image/jpeg", photo())])
        db.session.rollback()
        assert {file.storage_key, file.thumbnail_key} <= kept() - before

        assert orphans.delete_orphans() == len(kept() | {file.storage_key, file.thumbnail_key}) - len(kept())
        assert not {file.storage_key, file.thumbnail_key} & kept()


def test_what_a_row_names_is_kept(app: Flask, world: World, later_on: None) -> None:
    number = ask(app, world.bell)
    comes_in(app, world.maple, written(world.bell.email, files=(("a.jpg", "image/jpeg", photo()),)))
    with at(app, world.maple):
        attaching.attach(
            attaching.keep([attaching.Upload("b.txt", "text/plain", b"b")]), ticket_of(number).id
        )
        db.session.commit()
        orphans.delete_orphans()

        named = {
            key for row in db.session.query(Attachment) for key in (row.storage_key, row.thumbnail_key) if key
        }
        named |= {row.storage_key for row in db.session.query(InboundEmail)}
        assert len(named) >= 4
        assert named <= kept()


def test_an_upload_in_progress_is_left_alone(app: Flask, world: World) -> None:
    with at(app, world.maple):
        fresh = orphan()

        with clock.frozen(clock.now() + timedelta(hours=23)):
            orphans.delete_orphans()

        assert fresh in kept()


@pytest.mark.parametrize("name", ["logo.png", uuid4(), "00000000-0000-0000-0000-000000000000"])
def test_what_does_not_say_when_it_was_stored_is_left_alone(
    app: Flask, world: World, later_on: None, name: str | UUID
) -> None:
    with at(app, world.maple):
        key = orphan(name)

        orphans.delete_orphans()

        assert key in kept()
        storage.delete(key)


def test_another_districts_files_are_not_touched(app: Flask, world: World, later_on: None) -> None:
    with at(app, world.birch):
        theirs = orphan()
    with at(app, world.maple):
        orphans.delete_orphans()
    with app.app_context(), as_district(world.birch.id):
        assert theirs in kept()


def test_one_night_has_an_end(
    app: Flask, world: World, later_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(app, world.maple):
        orphans.delete_orphans()
        for _ in range(5):
            orphan()
        monkeypatch.setattr(orphans, "MOST_IN_A_NIGHT", 2)
        monkeypatch.setattr(orphans, "AT_ONCE", 2)

        assert [orphans.delete_orphans() for _ in range(4)] == [2, 2, 1, 0]


def test_every_column_that_is_a_key_of_the_storage_says_so() -> None:
    keys = [
        column
        for model in every_model()
        for column in model.__table__.columns
        if column.name in {"storage_key", "thumbnail_key"} or column.name.endswith("_storage_key")
    ]

    assert len(keys) == len(orphans.columns_that_name_files()) == 10
    assert all(NAMES_A_FILE.items() <= column.info.items() for column in keys)
    assert all(isinstance(column.type, Text | String) for column in keys)
