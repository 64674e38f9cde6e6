"""What families are told, in a browser: begun, read and approved, on a phone and on a Chromebook."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_pages import findings

pytestmark = pytest.mark.browser


@pytest.fixture
def emptied(site: Site) -> Iterator[None]:
    """The demo of this package is shared: what is new is forgotten."""
    yield
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        db.session.execute(delete(NoticeText).where(NoticeText.translates_id.is_not(None)))
        db.session.execute(delete(NoticeText))
        db.session.execute(delete(NoticeTemplate))
        db.session.commit()


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_template_is_begun_and_its_english_text_approved(
    chromium: Browser, site: Site, emptied: None, screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    with visiting(
        site, chromium, viewport=screen, color_scheme=scheme, java_script_enabled=screen is PHONE
    ) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/notice-templates")
        visit.page.get_by_role("button", name="Begin: California: Truant: first report").click()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("California: Truant: first report")
        if screen is PHONE:
            assert findings(visit.page) == []
        photograph(visit, screen, "template")
        visit.page.get_by_role("link", name="Read: English, version 1").click()
        if screen is PHONE:
            assert findings(visit.page) == []
        photograph(visit, screen, "text")
        visit.page.get_by_label("I read this language").check()
        visit.page.get_by_role("button", name="Approve").click()
        expect(visit.page.get_by_text("English, version 1, is in use.")).to_be_visible()
        visit.page.get_by_role("link", name="Write in Vietnamese").click()
        photograph(visit, screen, "new")
        if screen is PHONE:
            assert findings(visit.page) == []


def photograph(visit, screen, name):
    if folder := os.environ.get("PHOTOGRAPHS"):
        visit.page.screenshot(path=f"{folder}/{name}-{screen['width']}.png", full_page=True)
