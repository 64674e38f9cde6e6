"""Ed-Fi, Aeries, Clever and Wonde, in a browser: their pages are filled in on a phone and on a Chromebook."""

import os

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.register.models.register_connection import RegisterConnection
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_school_systems import looked_at


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_system_of_attendance_is_set_up_without_javascript(site: Site, chromium: Browser, viewport) -> None:
    try:
        with visiting(site, chromium, viewport=viewport, java_script_enabled=False) as visit:
            page = visit.page
            visit.sign_in(CAST["admin"])
            for service, secret in (("clever", "Token"), ("powerschool", "Client secret")):
                visit.go(f"/admin/services/{service}")
                if service == "powerschool":
                    page.get_by_label("Address of PowerSchool", exact=True).fill(
                        "https://maple.example/admin"
                    )
                    page.get_by_label("Client ID", exact=True).fill("an-id")
                page.get_by_label("Schools", exact=True).fill("994 = North School")
                page.get_by_label(secret, exact=True).fill("a" * 40)
                page.get_by_role("button", name="Save").click()
                said = "ends with its host" if service == "powerschool" else "Saved."
                expect(page.get_by_text(said).first).to_be_visible()
                if folder := os.environ.get("PICTURES"):
                    page.screenshot(path=f"{folder}/{service}-plain-{viewport['width']}.png", full_page=True)
    finally:
        _forget(site)


@pytest.mark.browser
@pytest.mark.parametrize(
    "look",
    [(PHONE, "light"), (PHONE, "dark"), (CHROMEBOOK, "light"), (CHROMEBOOK, "dark")],
    ids=["phone-light", "phone-dark", "chromebook-light", "chromebook-dark"],
)
def test_a_system_of_attendance_is_set_up_without_being_called(site: Site, chromium: Browser, look) -> None:
    viewport, scheme = look
    try:
        with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
            page = visit.page
            visit.sign_in(CAST["admin"])
            visit.go("/admin/services/ed_fi")
            expect(page.get_by_text("Not verified with a running Ed-Fi server.")).to_be_visible()
            page.get_by_label("Address of Ed-Fi", exact=True).fill(
                "https://api.maple.example/v7.3/api/data/v3"
            )
            page.get_by_label("Key", exact=True).fill("a-key")
            page.get_by_label("Schools", exact=True).fill("255901001 = North School")
            page.get_by_label("Secret", exact=True).fill("a-secret")
            page.get_by_role("button", name="Save").click()

            expect(page.get_by_role("button", name="Turn on")).to_be_visible()
            looked_at(visit, viewport, f"ed-fi-{scheme}")
            visit.go("/admin/services/aeries")
            page.get_by_label("Address of Aeries", exact=True).fill("https://maple.aeries.example/aeries")
            page.get_by_label("Schools", exact=True).fill("994")
            page.get_by_label("Certificate", exact=True).fill("a" * 32)
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text("The address of Aeries ends in /api/v5").first).to_be_visible()
            looked_at(visit, viewport, f"aeries-refused-{scheme}")
            visit.go("/admin/services/clever")
            expect(page.get_by_text("Clever has no calendar")).to_be_visible()
            page.get_by_label("Schools", exact=True).fill("994 = North School")
            page.get_by_label("Token", exact=True).fill("a" * 40)
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("button", name="Turn on")).to_be_visible()
            looked_at(visit, viewport, f"clever-{scheme}")
            visit.go("/admin/services/powerschool")
            expect(page.get_by_text("Not verified with a running PowerSchool.")).to_be_visible()
            page.get_by_label("Address of PowerSchool", exact=True).fill("https://maple.powerschool.example")
            page.get_by_label("Client ID", exact=True).fill("an-id")
            page.get_by_label("Schools", exact=True).fill("994 = North School")
            page.get_by_label("Client secret", exact=True).fill("a-secret")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("button", name="Turn on")).to_be_visible()
            looked_at(visit, viewport, f"powerschool-{scheme}")
            visit.go("/admin/services/wonde_attendance")
            page.get_by_label("Schools", exact=True).fill("A1930499544 = North School")
            page.get_by_label("Token", exact=True).fill("a token")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text("A token has no spaces and no accents").first).to_be_visible()
            looked_at(visit, viewport, f"wonde-refused-{scheme}")
    finally:
        _forget(site)


def _forget(site: Site) -> None:
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            db.session.execute(delete(RegisterConnection))
            db.session.commit()
