"""Classes in a browser: found by the keyboard, on a phone and on a Chromebook, in both themes, and without scripts."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_imports import work
from tests.browser.test_pages import findings
from tests.roster.exports import Enrolled, Taught, staff, with_classes

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("who", ["requester", "school_office"])
def test_a_class_is_found_and_seen(
    site: Site, chromium: Browser, who: str, size: dict[str, int], theme: Any
) -> None:
    with visiting(site, chromium, viewport=size, color_scheme=theme) as visit:
        visit.sign_in(CAST[who])
        visit.go("/classes")
        assert findings(visit.page) == []
        visit.page.get_by_role("link", name="Grade 4, Room 107").focus()
        visit.page.keyboard.press("Enter")
        expect(visit.page.get_by_role("heading", name="Grade 4, Room 107")).to_be_visible()
        assert findings(visit.page) == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_the_office_goes_from_a_class_to_a_student_and_back(site: Site, chromium: Browser) -> None:
    with visiting(site, chromium, viewport=PHONE) as visit:
        visit.sign_in(CAST["school_office"])
        visit.go("/classes?q=reading")
        visit.page.get_by_role("link", name="Reading, grades 3 and 4").click()
        visit.page.get_by_role("link", name="Mía Salas").click()
        assert findings(visit.page) == []

        visit.page.get_by_role("link", name="Reading, grades 3 and 4").click()

        expect(visit.page.get_by_role("heading", name="Reading, grades 3 and 4")).to_be_visible()


def test_it_works_without_scripts(site: Site, chromium: Browser) -> None:
    with visiting(site, chromium, java_script_enabled=False) as visit:
        visit.sign_in(CAST["school_office"])
        visit.go("/classes")
        visit.page.get_by_label("Title, code or course").fill("music")
        visit.page.get_by_role("button", name="Show").click()
        visit.page.get_by_role("link", name="Music, grades 1 to 4").click()

        expect(visit.page.get_by_role("link", name="Noor Haddad")).to_be_visible()


def test_an_import_with_classes_is_whole_on_a_phone(site: Site, chromium: Browser, tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    roll = [Enrolled("e1", "c1", "u0", "teacher"), Enrolled("e2", "c1", "nobody", "teacher")]
    export.write_bytes(with_classes(staff(4), [Taught("c1")], roll))

    with visiting(site, chromium, viewport=PHONE) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/admin/imports")
        visit.page.get_by_role("button", name="Take in classes").click()
        visit.page.get_by_label("OneRoster zip, or CSV file").set_input_files(export)
        visit.page.get_by_role("button", name="Read it").click()
        expect(visit.page.locator("#progress")).to_contain_text("Being read")
        work(site)
        expect(visit.page.get_by_role("heading", name="Apply it?")).to_be_visible()
        assert findings(visit.page) == []
        here = visit.page.url
        visit.page.get_by_role("link", name="Of people who are not here").click()
        expect(visit.page.get_by_role("cell", name="New: 1")).to_be_visible()
        assert findings(visit.page) == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

        # As it was for whoever looks next.
        visit.page.goto(here)
        visit.page.get_by_role("button", name="Cancel the import").click()
        visit.go("/admin/imports")
        visit.page.get_by_role("button", name="Pass classes over again").click()
