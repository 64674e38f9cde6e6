"""Groups of a directory in a browser: said, looked at twice; on a phone and without JavaScript."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import CAST, PHONE, Site, visiting
from tests.browser.test_pages import findings
from tests.directory_people import key_file

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("with_script", [True, False])
def test_who_is_on_the_staff_is_said_and_looked_at_twice(
    site: Site, chromium: Browser, with_script: bool
) -> None:
    with visiting(site, chromium, viewport=PHONE) as visit:
        visit.sign_in(CAST["admin"])
    unit = f"/Staff/{'With' if with_script else 'Without'}"
    with visiting(site, chromium, viewport=PHONE, java_script_enabled=with_script) as visit:
        page = visit.page
        visit.sign_in(CAST["admin"])
        visit.go("/admin/services/google_directory")
        page.get_by_label("In the name of").fill("adams@maple.example")
        page.get_by_label("Key of the service account").fill(key_file())
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#flashes")).to_contain_text("Saved.")
        page.get_by_role("link", name="Groups, schools and roles").click()
        page.get_by_label("As the directory calls it").fill("Staff")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".error-summary")).to_contain_text("with slashes")
        if with_script:
            assert findings(page) == []
        page.get_by_label("As the directory calls it").fill(unit)
        page.get_by_label("With the role").select_option("lead")
        page.get_by_role("button", name="Save").click()

        expect(page.get_by_role("heading", name="Look again")).to_be_visible()
        if with_script:
            assert findings(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.get_by_role("button", name="Give this role").click()
        expect(page.locator("#flashes")).to_contain_text(f"Confirmed: {unit}")
        if with_script:
            assert findings(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.get_by_role("button", name=f"Take out: {unit}").click()
        expect(page.locator("#flashes")).to_contain_text("means nothing here any more")
        assert [said for said in visit.complaints if "error" in said.lower() and "422" not in said] == []
