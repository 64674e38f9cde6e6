"""Maple's mail room, and what left it."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailbox.parse import ParsedMail, parse
from tests.world import Place, World


@pytest.fixture
def mail_folder(app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The mail folder of an instance of this test's own."""
    use_settings(dataclasses.replace(settings, instance=tmp_path))
    yield tmp_path / "mail"
    use_settings(settings)


@pytest.fixture
def maple(app: Flask, world: World, mail_folder: Path) -> Iterator[Place]:
    """Within Maple."""
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


@pytest.fixture
def left(mail_folder: Path) -> Callable[[], list[ParsedMail]]:
    """What has left Maple."""

    def mails() -> list[ParsedMail]:
        return [parse(path.read_bytes()) for path in Maildir(mail_folder / "maple").waiting()]

    return mails
