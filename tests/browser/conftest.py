"""The demo, served on loopback, and Chromium to look at it. Nothing else is reachable."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from app.cli.demo import seed_district
from app.core import directory
from app.core.settings import Settings, use_settings
from app.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from app.demo.furnishing import DISTRICTS
from tests import cluster, needs

OWN_HTMX = Path(__file__).parents[2] / "app/static/js/vendor/htmx.min.js"
#: One account for each role of the demo's first district, by role.
CAST = {account.role.value: account.email for account in reversed(DEMO_ACCOUNTS) if account.slug == "maple"}
PHONE, CHROMEBOOK = {"width": 360, "height": 740}, {"width": 1366, "height": 768}


@dataclass
class Site:
    """Where the demo is served."""

    app: Flask
    url: str
    signed_in: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="package")
def site(_app: Flask, settings: Settings, database: cluster.TestDatabase) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, _app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    use_settings(dataclasses.replace(settings, base_url=url))
    with _app.app_context():
        for sketch in DISTRICTS:
            seed_district(sketch)
        directory.forget_directory()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(_app, url)
    server.shutdown()
    thread.join(10)
    server.server_close()
    database.empty()
    use_settings(settings)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = needs.browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=needs.browser_arguments())
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser context, and whatever the browser complained of."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a path of Maple."""
        self.page.goto(f"{self.site.url}/maple{path}")

    def sign_in(self, email: str) -> None:
        """As a person does, once for each account; later visits bring the cookie along."""
        if email not in self.site.signed_in:
            self.go("/sign-in")
            self.page.get_by_label("Work email").fill(email)
            self.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
            self.page.get_by_role("button", name="Sign in", exact=True).click()
            expect(self.page).not_to_have_url(f"{self.site.url}/maple/sign-in")
            self.site.signed_in[email] = self.context.cookies()
        self.context.add_cookies(self.site.signed_in[email])


def answers(route: Route) -> None:
    """The CDN as it should be."""
    headers = {"content-type": "text/javascript", "access-control-allow-origin": "*"}
    route.fulfill(status=200, body=OWN_HTMX.read_bytes(), headers=headers)


@contextmanager
def visiting(site: Site, chromium: Browser, *, cdn: Any = answers, **options: Any) -> Iterator[Visit]:
    """A fresh browser context; `cdn` plays the host that htmx comes from."""
    context = chromium.new_context(**{"viewport": CHROMEBOOK, **options})
    context.route(lambda url: not url.startswith(site.url), cdn)
    page = context.new_page()
    visit = Visit(site, context, page)
    page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
    page.set_default_timeout(15_000)
    try:
        yield visit
    finally:
        context.close()
