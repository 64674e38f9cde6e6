"""A school year in a browser: planned, opened and undone. The page follows the work, and is whole on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.roster.actions import school_years
from app.roster.actions.school_years import Days
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_school import SchoolYearSchool
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_pages import findings

YEARS = "/admin/school-years"


def work(site: Site) -> None:
    """What a worker would do now."""
    with of_maple(site):
        year = SchoolYear.last()
        assert year is not None
        school_years.advance(year.id)


@pytest.fixture
def no_year_left(site: Site):
    """The demo of this package is shared: its own year is put aside, and comes back when this is over."""
    with of_maple(site):
        aside = [
            Days(name=one.name, first_day=one.first_day, last_day=one.last_day)
            for one in SchoolYear.newest()
            if one.state == "current"
        ]
    forget_all_years(site)
    yield
    forget_all_years(site)
    with of_maple(site):
        for days in aside:
            school_years.write_down_first(days, once=uuid7())
        db.session.commit()


@contextmanager
def of_maple(site: Site) -> Iterator[None]:
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            yield


def forget_all_years(site: Site) -> None:
    """What was opened is undone before."""
    with of_maple(site):
        while (year := SchoolYear.last()) is not None:
            if year.state == "current" and year.follows_day is not None:
                school_years.undo(year)
                db.session.commit()
            school_years.advance(year.id)
            last = SchoolYear.last()
            assert last is not None
            school_years.give_up(last)
            db.session.commit()


@pytest.mark.browser
@pytest.mark.parametrize(
    "look", [(PHONE, "light"), (CHROMEBOOK, "dark")], ids=["phone-light", "chromebook-dark"]
)
def test_a_year_is_planned_opened_and_undone(site: Site, chromium: Browser, look, no_year_left) -> None:
    viewport, scheme = look
    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go(YEARS)
        looked_at(visit, viewport)
        visit.page.get_by_label("Name").fill("2026–27")
        visit.page.get_by_label("First day of school").fill("2026-08-20")
        visit.page.get_by_label("Last day of school").fill("2027-06-11")
        visit.page.get_by_role("button", name="Write it down").click()
        looked_at(visit, viewport)
        visit.page.get_by_role("link", name="Plan the next year").click()
        looked_at(visit, viewport)
        visit.page.get_by_role("button", name="Show who would move").click()
        expect(visit.page.get_by_role("heading", name="2027–28")).to_be_visible()
        looked_at(visit, viewport)
        for _ in range(len(schools_without_a_word(site))):
            visit.page.get_by_role("row").filter(has_text="Not said yet").first.get_by_role("link").click()
            looked_at(visit, viewport)
            visit.page.get_by_label("Whoever has been in it").select_option("leave")
            visit.page.get_by_role("button", name="Save").click()
        looked_at(visit, viewport)
        visit.page.get_by_role("link", name="One grade up, at the same school").click()
        looked_at(visit, viewport)
        visit.page.go_back()

        visit.page.get_by_role("button", name="Open 2027–28").click()
        expect(visit.page.get_by_role("progressbar")).to_be_visible()
        looked_at(visit, viewport)
        work(site)
        expect(visit.page.get_by_role("heading", name="Who moved")).to_be_visible()
        looked_at(visit, viewport)
        visit.page.get_by_role("button", name="Undo 2027–28").click()
        expect(visit.page.get_by_role("progressbar")).to_be_visible()
        work(site)
        expect(visit.page.get_by_text("It was undone")).to_be_visible()
        assert [said for said in visit.complaints if "error" in said.lower()] == []


def schools_without_a_word(site: Site) -> list[str]:
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id):
            year = SchoolYear.last()
            assert year is not None
            return [rule.highest for rule in SchoolYearSchool.of_year(year.id) if rule.leavers == "not said"]


def looked_at(visit: Visit, viewport: dict[str, int]) -> None:
    assert findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
