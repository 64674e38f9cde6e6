"""An import of people, in a browser: its page follows the work by itself, and is whole on a phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.core.actor import SYSTEM, acting_as
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.models.roster_import import RosterImport
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_pages import findings
from tests.integrations.test_family_sheet import HEADER, KIM
from tests.roster.exports import an_export, staff, students

pytestmark = pytest.mark.browser


def work(site: Site) -> None:
    """What a worker would do now."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            run = RosterImport.under_way()
            assert run is not None
            importing.advance(run.id)


def test_the_page_of_an_import_follows_the_work(site: Site, chromium: Browser, tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    export.write_bytes(an_export([*staff(30), *students(60)]))

    with visiting(site, chromium, viewport=PHONE) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/admin/imports")
        assert findings(visit.page) == []
        visit.page.get_by_label("OneRoster zip, or CSV file").set_input_files(export)
        visit.page.get_by_role("button", name="Read it").click()
        expect(visit.page.locator("#progress")).to_contain_text("Being read")

        work(site)

        expect(visit.page.get_by_role("heading", name="Apply it?")).to_be_visible()
        assert findings(visit.page) == []
        visit.page.get_by_role("button", name="Apply", exact=True).click()
        expect(visit.page.get_by_role("progressbar")).to_be_visible()
        work(site)
        expect(visit.page.locator("#progress")).to_contain_text("Done")
        visit.page.get_by_role("link", name="New").first.click()
        assert findings(visit.page) == []
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width == PHONE["width"]
        assert [said for said in visit.complaints if "error" in said.lower()] == []


@pytest.mark.parametrize("viewport", [PHONE, CHROMEBOOK])
def test_an_import_goes_its_whole_way_without_scripts(
    site: Site, chromium: Browser, tmp_path: Path, viewport: dict[str, int]
) -> None:
    listed = tmp_path / "people.csv"
    teachers = "".join(f"w{n},Ada,Plain{n},plain{n}@maple.example,teacher\n" for n in range(30))
    listed.write_text(f"Number,First,Last,Email,Role\n{teachers}", encoding="utf-8")
    with visiting(site, chromium, viewport=viewport, java_script_enabled=False) as visit:
        page, width = visit.page, viewport["width"]
        visit.sign_in(CAST["admin"])
        visit.go("/admin/imports")
        page.get_by_label("OneRoster zip, or CSV file").set_input_files(listed)
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_role("heading", name="Which column is what?")).to_be_visible()
        pictured(visit, f"plain-columns-{width}")
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_text("if it stands still, look again")).to_be_visible()
        pictured(visit, f"plain-running-{width}")

        work(site)
        page.get_by_role("link", name="Look again").click()

        expect(page.get_by_role("heading", name="Apply it?")).to_be_visible()
        pictured(visit, f"plain-preview-{width}")
        page.get_by_role("link", name="New").first.click()
        expect(page.get_by_text("Plain7", exact=False).first).to_be_visible()
        pictured(visit, f"plain-rows-{width}")
        page.go_back()
        page.get_by_role("button", name="Cancel the import").click()


@pytest.mark.parametrize(
    "look", [(PHONE, "light"), (PHONE, "dark"), (CHROMEBOOK, "light"), (CHROMEBOOK, "dark")]
)
def test_the_columns_of_a_list_of_families_are_chosen(
    site: Site, chromium: Browser, tmp_path: Path, look: tuple[dict[str, int], str]
) -> None:
    viewport, scheme = look
    listed = tmp_path / "students.csv"
    listed.write_text(f"{HEADER}\n{KIM}\n", encoding="utf-8")

    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/admin/imports")
        visit.page.get_by_role("button", name="Take them in", exact=True).click()
        visit.page.get_by_label("OneRoster zip, or CSV file").set_input_files(listed)
        visit.page.get_by_label("students, with their guardians").check()
        assert findings(visit.page) == []
        pictured(visit, f"imports-{scheme}-{viewport['width']}")
        visit.page.get_by_role("button", name="Read it").click()
        expect(visit.page.get_by_role("group", name="Guardian 1")).to_be_visible()
        pictured(visit, f"columns-{scheme}-{viewport['width']}")
        assert findings(visit.page) == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        visit.page.get_by_role("button", name="Cancel the import").click()
        visit.go("/admin/imports")
        visit.page.get_by_role("button", name="Pass them over again", exact=True).click()


def pictured(visit: Visit, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        visit.page.screenshot(path=f"{folder}/{name}.png", full_page=True)
