"""The family page in a browser, on a phone: without a script, in three languages, one of them from right to left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.expiring import today
from app.core.tenancy import as_district
from app.family.actions import linking
from app.family.models.catalogue import CATALOGUES
from app.family.models.family_office import FamilyOffice
from app.family.models.words_approval import WordsApproval, may_be_shown
from app.register.models.school_day import SchoolDay
from app.roster.models.person import Person
from app.roster.models.recipients import recipients
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from tests.browser.conftest import CAST, PHONE, Site, visiting
from tests.browser.test_pages import findings
from tests.family import homes
from tests.register import registers

pytestmark = pytest.mark.browser
#: Everything that the page loads, as it lies, not compressed.
MOST_BYTES = 30 * 1024


@pytest.fixture(scope="module")
def link(site: Site) -> Iterator[str]:
    """The path of a page with all that it can have."""
    with site.app.app_context():
        card = district_by_slug("maple")
    assert card is not None
    with site.app.app_context(), as_district(card.id):
        child, to = next(
            (one, found.may[0])
            for one in db.session.scalars(select(Student).join(Person, Person.id == Student.id))
            if one.school_id and (found := recipients(one)).may and _has_a_mobile(found.may[0])
        )
        assert child.school_id is not None
        away(child, child.school_id)
        FamilyOffice.own(None).change(homes.DESK, "Monday to Friday, 7:30 am to 4 pm", "Breakfast.\nA bus.")
        for tag, words in CATALOGUES.items():
            if tag not in may_be_shown():
                db.session.add(
                    WordsApproval(
                        language=tag,
                        digest=words.digest,
                        checked_by="Rosa Vega",
                        approved_by_id=child.id,
                        approved_by="Ruth Adams",
                    )
                )
        made = linking.link_for(child, to.guardian_id, by=SYSTEM)
        db.session.commit()
        yield f"/f/maple/{made.token}"


def away(child: Student, school: UUID) -> None:
    """On five school days of the demo and a part of a sixth, with every kind of code that it has."""
    year = SchoolYear.current()
    assert year is not None
    days = [one.day for one in SchoolDay.of_school(school, year.first_day, today()) if one.is_school_day]
    for day, letters in zip(days[:6], "EUUTML", strict=True):
        registers.mark(child.id, school, day, letters)
    registers.mark(child.id, school, days[6], "U", slot="AM")


def _has_a_mobile(one: Any) -> bool:
    return any(way.kind == "mobile" for way in one.ways)


def open_all(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


@pytest.mark.parametrize(
    ("tag", "theme"), [*((tag, "light") for tag in sorted(CATALOGUES)), ("en", "dark"), ("ar", "dark")]
)
def test_nothing_stands_in_anybodys_way(
    site: Site, chromium: Browser, link: str, tag: str, theme: Any
) -> None:
    with visiting(site, chromium, viewport=PHONE, color_scheme=theme) as visit:
        visit.page.goto(f"{site.url}{link}?l={tag}")
        expect(visit.page.locator("html")).to_have_attribute("lang", tag)
        assert findings(visit.page) == []
        open_all(visit.page)
        assert findings(visit.page) == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert visit.complaints == []


@pytest.mark.parametrize("tag", ["en", "es", "ar"])
def test_a_family_answers_without_scripts(
    site: Site, chromium: Browser, link: str, tag: str, tmp_path: Path
) -> None:
    words = CATALOGUES[tag]
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7\n%%EOF")
    with visiting(site, chromium, viewport=PHONE, java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{site.url}{link}?l={tag}")
        page.get_by_text(words.words["note"], exact=True).click()
        page.locator("#note button").click()
        expect(page.locator("#problem")).to_contain_text(words.words["e_empty"])
        assert findings_of_markup(page)
        page.get_by_label(words.words["your_note"]).fill("Tuvo fiebre · كانت مريضة")
        page.get_by_label(words.words["file"]).set_input_files(letter)
        page.locator("#note button").click()
        expect(page.locator("#done")).to_have_text(words.words["thanks"])
        page.reload()
        page.get_by_text(words.words["meeting"], exact=True).click()
        page.get_by_label(words.words["times"]).fill("4 pm")
        page.locator("#meeting button").click()
        expect(page.locator("#done")).to_have_text(words.words["thanks"])


def findings_of_markup(page: Page) -> bool:
    """Where no script runs axe cannot: the form that was refused stands open, and its field says so."""
    return page.locator("#note[open] textarea[aria-invalid]").count() == 1


@pytest.mark.parametrize("tag", sorted(CATALOGUES))
def test_all_that_it_loads_is_30_kilobytes_at_most(
    site: Site, chromium: Browser, link: str, tag: str
) -> None:
    """Counted over the wire, uncompressed; the files of the page, the sign on the tab included."""
    with visiting(
        site, chromium, viewport=PHONE, extra_http_headers={"Accept-Encoding": "identity"}
    ) as visit:
        answers: list[Any] = []
        visit.page.on("response", lambda one: answers.append(one))
        visit.page.goto(f"{site.url}{link}?l={tag}", wait_until="networkidle")
        sizes = {one.url.removeprefix(site.url).split("/")[1]: 0 for one in answers}
        for one in answers:
            sizes[one.url.removeprefix(site.url).split("/")[1]] += len(one.body())
        sign = visit.page.locator("link[rel=icon]").get_attribute("href")
        total = sum(sizes.values()) + len(visit.context.request.get(f"{site.url}{sign}").body())
        print(f"{tag}: {total:,} bytes", dict(sizes))
        assert all(one.url.startswith(site.url) for one in answers)
        assert {one.request.resource_type for one in answers} <= {"document", "stylesheet", "other"}
        assert total <= MOST_BYTES


def test_the_address_stays_where_it_is(site: Site, chromium: Browser, link: str) -> None:
    """The style sheet is asked for without a referrer; a link to the legal pages as well."""
    with visiting(site, chromium, viewport=PHONE) as visit:
        asked: list[Any] = []
        visit.page.on("request", lambda one: asked.append(one))
        visit.page.goto(f"{site.url}{link}")
        visit.page.get_by_role("link", name="Privacy").click()
        visit.page.wait_for_load_state()

        assert len(asked) > 2
        assert not any(link in one.all_headers().get("referer", "") for one in asked)


def test_the_office_finds_it_and_settles_it(site: Site, chromium: Browser, link: str) -> None:
    with visiting(site, chromium, viewport=PHONE) as visit:
        visit.page.goto(f"{site.url}{link}?l=en")
        visit.page.get_by_text("Ask for an interpreter", exact=True).click()
        visit.page.get_by_label("Which language?").select_option("so")
        visit.page.locator("#interpreter button").click()
        expect(visit.page.locator("#done")).to_be_visible()
        visit.sign_in(CAST["school_office"])
        visit.go("/attendance/from-families")
        assert findings(visit.page) == []
        visit.page.get_by_role("row", name="Asks for an interpreter").get_by_role("link").first.click()
        assert findings(visit.page) == []
        visit.page.get_by_label("What was said or done").fill("Called, with an interpreter.")
        visit.page.get_by_role("button", name="It is done").click()
        expect(visit.page.get_by_text("It is settled.")).to_be_visible()
        visit.go("/attendance/family-page")
        assert findings(visit.page) == []
        visit.page.get_by_role("link", name="العربية (Arabic)", exact=True).click()
        assert findings(visit.page) == []
        visit.page.go_back()
        visit.page.get_by_role("link", name="before a notice in English").filter(has_text="العربية").click()
        assert findings(visit.page) == []
