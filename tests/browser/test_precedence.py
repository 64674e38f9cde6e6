"""Whose word counts, in a browser: an order is moved with the keyboard, and the page of a student says who spoke."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete, select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.roster.models.precedence import Precedence
from app.roster.models.roster_source import GOOGLE_DIRECTORY, ONEROSTER_CSV, RosterSource
from app.roster.models.source_person import SourcePerson
from app.roster.models.student import Student
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_pages import findings

PAGE = "/admin/precedence"
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def two_sources(site: Site) -> Iterator[str]:
    """A student of whom two sources speak; their page. The demo of this package is shared: what is new is forgotten."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            student = db.session.scalars(select(Student)).first()
            assert student is not None
            before = list(db.session.scalars(select(RosterSource.id)))
            for kind, grade in ((ONEROSTER_CSV, student.grade), (GOOGLE_DIRECTORY, "12")):
                source = RosterSource.of_kind(kind)
                db.session.add(
                    SourcePerson(
                        source_id=source.id,
                        key=KEY,
                        person_id=student.id,
                        given_name=student.person.given_name,
                        family_name=student.person.family_name,
                        email="",
                        school_key="",
                        role="student",
                        number=student.number,
                        grade=grade,
                    )
                )
            db.session.commit()
            address = f"/students/{student.id}"
    yield address
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        db.session.execute(delete(SourcePerson).where(SourcePerson.key == KEY))
        db.session.execute(delete(Precedence))
        db.session.execute(delete(RosterSource).where(RosterSource.id.not_in(before)))
        db.session.commit()


@pytest.mark.browser
@pytest.mark.parametrize(
    "look",
    [(PHONE, "light"), (PHONE, "dark"), (CHROMEBOOK, "light"), (CHROMEBOOK, "dark")],
    ids=["phone-light", "phone-dark", "chromebook-light", "chromebook-dark"],
)
def test_an_order_is_moved_with_the_keyboard(site: Site, chromium: Browser, look, two_sources: str) -> None:
    viewport, scheme = look
    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go(PAGE)
        looked_at(visit, viewport, f"precedence-{scheme}")

        before = order_of(visit)
        place = before.index("Google Directory")

        visit.page.get_by_role("button", name="Up: Google Directory in Names").press("Enter")

        expect(visit.page.get_by_text("Names: changed.")).to_be_visible()
        before[place - 1 : place + 1] = ["Google Directory", before[place - 1]]
        assert order_of(visit) == before
        assert before[0] == "By hand"
        looked_at(visit, viewport, f"moved-{scheme}")
        visit.go(two_sources)
        expect(visit.page.get_by_text("Google Directory says Grade 12")).to_be_visible()
        looked_at(visit, viewport, f"student-{scheme}")
        assert [said for said in visit.complaints if "error" in said.lower()] == []


def order_of(visit: Visit) -> list[str]:
    return [told.split("\n")[0] for told in visit.page.locator("#name li").all_inner_texts()]


def looked_at(visit: Visit, viewport: dict[str, int], name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        visit.page.screenshot(path=f"{folder}/{name}-{viewport['width']}.png", full_page=True)
    assert findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
