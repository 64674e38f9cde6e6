"""A bare hall for each test, and one browser for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from app.core.settings import Settings, read_settings, use_settings
from tests.hall import bare
from tests.real_browser import chromium


@pytest.fixture
def hall_settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings without any server behind them."""
    given = read_settings(
        {
            "FRONTOFFICE_DEMO": "yes",
            "FRONTOFFICE_INSTANCE": str(tmp_path),
            "FRONTOFFICE_DATABASE_URL": "postgresql://nobody@/nowhere",
            "FRONTOFFICE_MASTER_KEYS": "tests:" + "dHR0" * 10 + "dHQ=",
            "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
        }
    )
    use_settings(given)
    yield given
    use_settings(None)


@pytest.fixture
def hall_app(hall_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Tess is signed in."""
    return bare.build(monkeypatch)


@pytest.fixture
def public_hall_app(hall_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Nobody is."""
    return bare.build(monkeypatch, signed_in=False)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    one = browser.new_context()
    yield one
    one.close()
