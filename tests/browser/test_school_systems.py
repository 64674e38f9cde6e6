"""Wonde and Groupcall Xporter, in a browser: their pages are filled in on a phone and on a Chromebook."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.services import GROUPCALL, WONDE, ServiceSwitch
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.roster.models import roster_source
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_source import RosterSource
from tests import wonde_peer
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_pages import findings
from tests.wonde_peer import TOKEN, School, Wonde, employee


@pytest.fixture
def peer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wonde]:
    """Wonde, with two schools. The demo of this package is shared: what was set up is forgotten."""
    before = get_settings()
    with wonde_peer.running() as peer:
        wonde_peer.stand_in(monkeypatch, before, peer)
        peer.schools = [
            School("A1930499544", "Beech School", employees=[employee(1)]),
            School("A1930499545", "Oak School", access="pending"),
        ]
        yield peer
    use_settings(before)
    kinds = (roster_source.WONDE, roster_source.GROUPCALL)
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            db.session.execute(delete(RosterConnection))
            db.session.execute(delete(RosterSource).where(RosterSource.kind.in_(kinds)))
            db.session.execute(delete(ServiceSwitch).where(ServiceSwitch.service.in_((WONDE, GROUPCALL))))
            db.session.commit()


@pytest.mark.browser
@pytest.mark.parametrize(
    "look",
    [(PHONE, "light"), (PHONE, "dark"), (CHROMEBOOK, "light"), (CHROMEBOOK, "dark")],
    ids=["phone-light", "phone-dark", "chromebook-light", "chromebook-dark"],
)
def test_wonde_is_set_up_and_says_which_school_has_not_approved(
    site: Site, chromium: Browser, look, peer: Wonde
) -> None:
    viewport, scheme = look
    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        page = visit.page
        visit.sign_in(CAST["admin"])
        visit.go("/admin/services/wonde")
        looked_at(visit, viewport, f"wonde-{scheme}")

        page.get_by_label("Schools", exact=True).fill("A1930499544 = Beech School\nA1930499545")
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Turn on").click()
        visit.go("/admin/services/wonde")
        page.get_by_role("button", name="Test the connection").click()

        expect(page.locator("#flashes")).to_contain_text("A1930499545 has not yet approved")
        looked_at(visit, viewport, f"wonde-refused-{scheme}")
        visit.go("/admin/services/groupcall")
        expect(page.get_by_text("Not verified with the vendor.")).to_be_visible()
        looked_at(visit, viewport, f"groupcall-{scheme}")
        page.get_by_label("Schools", exact=True).fill("Beech School")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("is no id of a school").first).to_be_visible()
        looked_at(visit, viewport, f"groupcall-refused-{scheme}")
        assert [said for said in visit.complaints if "error" in said.lower() and "422" not in said] == []


def looked_at(visit: Visit, viewport: dict[str, int], name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        visit.page.screenshot(path=f"{folder}/{name}-{viewport['width']}.png", full_page=True)
    assert findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
