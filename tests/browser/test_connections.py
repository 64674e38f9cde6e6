"""A source that is asked, in a browser: filled in, tried out and followed on a phone."""

import dataclasses
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from app.core.settings import get_settings, use_settings
from app.roster.actions import importing
from tests.browser.conftest import CAST, PHONE, Site, visiting
from tests.browser.test_imports import work
from tests.browser.test_pages import findings
from tests.integrations.oneroster_server import KEY, SECRET, OneRosterServer, org, running, user

pytestmark = pytest.mark.browser


@pytest.fixture
def server(site: Site) -> Iterator[OneRosterServer]:
    users = [user(nth) for nth in range(1, 31)]
    holds = OneRosterServer(orgs=[org("s1", "Beech School")], users=users, most=10, tells_totals=True)
    before = get_settings()
    with running(holds):
        use_settings(
            dataclasses.replace(before, egress_private_allowed=frozenset({f"127.0.0.1:{holds.port}"}))
        )
        yield holds
    use_settings(before)


def test_a_connection_is_set_up_and_followed(
    site: Site, chromium: Browser, server: OneRosterServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    with visiting(site, chromium, viewport=PHONE) as visit:
        page = visit.page
        visit.sign_in(CAST["admin"])
        visit.go("/admin/services/oneroster")
        page.get_by_role("link", name="Infinite Campus").click()
        assert findings(page) == []
        page.get_by_label("Address of OneRoster").fill(server.address)
        page.get_by_label("Key, or client ID").fill(KEY)
        page.get_by_label("Address for tokens").fill(server.token_address)
        page.get_by_label("Secret", exact=True).fill(SECRET)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Turn on").click()
        visit.go("/admin/services/oneroster")
        page.get_by_role("button", name="Test the connection").click()
        expect(page.locator("#flashes")).to_contain_text("It answers")
        assert findings(page) == []
        page.get_by_role("button", name="Sync now").click()
        expect(page.locator("#progress")).to_contain_text("Being asked for")
        assert findings(page) == []

        for received in ("1", "11"):
            work(site)
            expect(page.locator("#progress")).to_contain_text(f"Records received{received}")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "11")
        monkeypatch.setattr(importing, "A_WHILE", 45.0)
        work(site)

        expect(page.get_by_role("heading", name="Apply it?")).to_be_visible()
        page.get_by_role("button", name="Cancel the sync").click()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        visit.go("/admin/services/oneroster")
        page.get_by_role("button", name="Turn off").click()
        assert [said for said in visit.complaints if "error" in said.lower()] == []
