"""The page of an SFTP server, in a browser: two keys to copy and to compare, on a phone and on a Chromebook."""

import os

import pytest
from playwright.sync_api import Browser, expect

from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.services import ATTENDANCE_SFTP
from app.core.tenancy import as_district
from app.register.models.register_connection import SFTP, RegisterConnection
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_attendance_systems import _forget
from tests.browser.test_school_systems import looked_at

pytestmark = pytest.mark.browser

KEYS = [f"ssh-ed25519 SHA256:{letter * 43}" for letter in "xY"]


def showed(site: Site, **keys: str) -> None:
    """As if the server had been asked, which no browser test does."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            connection = RegisterConnection.of_kind(SFTP)
            assert connection is not None
            connection.settings = {**connection.settings, **keys}
            db.session.commit()


def turned_off(site: Site) -> None:
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            services.turn(ATTENDANCE_SFTP, False, SYSTEM)
            db.session.commit()


@pytest.mark.parametrize(
    "look",
    [(PHONE, "light", True), (PHONE, "dark", True), (CHROMEBOOK, "light", False), (CHROMEBOOK, "dark", True)],
    ids=["phone-light", "phone-dark", "chromebook-plain", "chromebook-dark"],
)
def test_two_keys_are_copied_and_compared(site: Site, chromium: Browser, look) -> None:
    viewport, scheme, scripts = look
    try:
        with visiting(
            site, chromium, viewport=viewport, color_scheme=scheme, java_script_enabled=scripts
        ) as visit:
            page = visit.page
            visit.sign_in(CAST["admin"])
            visit.go("/admin/services/attendance_sftp")
            page.get_by_label("Address of the server", exact=True).fill("sftp.sis.example")
            page.get_by_label("Name", exact=True).fill("maple")
            page.get_by_label("We sign in", exact=True).select_option("key")
            page.locator("[name=folder]").fill("/exports/attendance")
            page.locator("[name=name]").fill("attendance-*.zip")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("heading", name="The line for the server")).to_be_visible()
            expect(page.get_by_text("Turn it on to have the key shown")).to_be_visible()
            page.get_by_role("button", name="Turn on").click()
            visit.go("/admin/services/attendance_sftp")
            expect(page.get_by_role("button", name="Have it show its key")).to_be_visible()
            pictured_or_looked_at(visit, viewport, f"sftp-{scheme}", scripts)

            showed(site, shown_key=KEYS[0])
            visit.go("/admin/services/attendance_sftp")
            page.get_by_role("button", name="It is the same: confirm it").click()
            expect(page.get_by_text("A server with another key is sent nothing.").first).to_be_visible()
            showed(site, shown_key=KEYS[1])
            visit.go("/admin/services/attendance_sftp")
            expect(page.get_by_text("The server shows another key than before.")).to_be_visible()
            pictured_or_looked_at(visit, viewport, f"sftp-another-{scheme}", scripts)
    finally:
        turned_off(site)
        _forget(site)


def pictured_or_looked_at(visit, viewport: dict[str, int], name: str, scripts: bool) -> None:
    """Whoever looks for faults needs scripts; the picture does not."""
    if scripts:
        looked_at(visit, viewport, name)
    elif folder := os.environ.get("PICTURES"):
        visit.page.screenshot(path=f"{folder}/{name}-plain-{viewport['width']}.png", full_page=True)
