"""A record of an earlier school, in a browser: entered by one, confirmed by another, on a phone and on a Chromebook."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.student import Student
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.prior_record import PriorRecord
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_pages import findings

pytestmark = pytest.mark.browser

PAPER = {"name": "record.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nAttendance\n%%EOF"}


@pytest.fixture
def number(site: Site) -> Iterator[str]:
    """Of a student of North who has no case. The demo of this package is shared: what is new is forgotten."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        asked = (
            select(Student).join(Person, Person.id == Student.id).join(School, School.id == Person.school_id)
        )
        has_a_case = select(AttendanceCase.id).where(AttendanceCase.student_id == Student.id).exists()
        asked = asked.where(Person.active, School.short_name == "North", ~has_a_case)
        student = db.session.scalars(asked.order_by(Student.id).limit(1)).one()
        id, told = student.id, student.number
    yield told
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        for model in (PriorRecord, AttendanceCase):
            db.session.execute(delete(model).where(model.student_id == id))
        db.session.commit()


def looked_at(page: Page, screen: dict[str, int], name: str) -> None:
    page.wait_for_load_state("load")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if screen is CHROMEBOOK:
        assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == screen["width"]
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}-{screen['width']}.png", full_page=True)


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_one_enters_it_and_another_confirms_it(
    chromium: Browser, site: Site, number: str, screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    options = {"viewport": screen, "color_scheme": scheme, "java_script_enabled": screen is not PHONE}
    with visiting(site, chromium, **options) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go("/attendance/cases")
        page = visit.page
        page.get_by_role("link", name="Records of earlier schools").click()
        page.get_by_label("Student number").fill(number)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_label("Name of the school")).to_be_visible()
        looked_at(page, screen, "record-new")
        page.get_by_label("Name of the school").fill("Lincoln School")
        page.get_by_label("Where it is").fill("Austin, Texas")
        page.get_by_label("First day it speaks of").fill("2026-07-06")
        page.get_by_label("Last day it speaks of").fill("2026-07-31")
        page.get_by_label("Without an excuse").fill("30")
        page.get_by_label("The paper").set_input_files(PAPER)
        page.get_by_role("button", name="Write it down").click()
        expect(page.locator(".error-summary")).to_contain_text("too few for so many")
        expect(page.get_by_label("Where it is")).to_have_value("Austin, Texas")
        page.get_by_label("Without an excuse").fill("4")
        page.get_by_label("The paper").set_input_files(PAPER)
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_text("You entered this. Somebody else reads the paper")).to_be_visible()
        looked_at(page, screen, "record-entered")
        # Browsers say so of what was refused.
        assert [one for one in visit.complaints if "422" not in one] == []
    with visiting(site, chromium, **options) as visit:
        visit.sign_in(CAST["principal"])
        visit.go("/attendance/work")
        page = visit.page
        looked_at(page, screen, "record-on-the-list")
        page.get_by_role("link", name="Lincoln School").click()
        expect(page.get_by_role("button", name="The paper says so: confirm")).to_be_visible()
        looked_at(page, screen, "record-to-confirm")
        page.get_by_role("button", name="The paper says so: confirm").click()
        expect(page.get_by_text("It is confirmed.")).to_be_visible()
        looked_at(page, screen, "record-confirmed")
        visit.go("/attendance/earlier-schools")
        looked_at(page, screen, "records")
        page.get_by_role("table").get_by_role("link").first.click()
        page.get_by_role("link", name="Case of").click()
        expect(page.get_by_text("Enter what an earlier school wrote down")).to_be_visible()
        looked_at(page, screen, "record-in-the-case")
        assert visit.complaints == []
