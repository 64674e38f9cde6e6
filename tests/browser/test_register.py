"""The attendance register, in a browser: from a file with its own columns to a student, on a phone, without script."""

import io
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.register.actions import importing
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.roster.models.school import School
from app.roster.models.student import Student
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_imports import pictured
from tests.browser.test_pages import findings
from tests.register import registers
from tests.register.files import a_set
from tests.roster import families

pytestmark = pytest.mark.browser
MONDAY = "2026-09-07"


def of_maple(site: Site, number: str) -> tuple[str, str, str]:
    """Somebody who goes to school there: the id, and the school's id and name."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            # The demo's own schools have a register already.
            school = db.session.scalar(select(School).where(School.short_name == "Pine"))
            if school is None:
                school = School(name="Pine School", short_name="Pine")
                db.session.add(school)
                db.session.flush()
            known = Student.numbered(number) or families.student(
                "Ida", "Moss", number=number, school=school.id
            )
            told = str(known.id), str(school.id), school.name
            db.session.commit()
            return told


def work(site: Site) -> None:
    """What a worker would do now."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            importing.advance(
                db.session.scalars(select(RegisterImport.id).order_by(RegisterImport.id.desc())).all()[0]
            )


def looks_well(visit: Visit, width: int) -> None:
    assert findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(
    "look", [(PHONE, "light"), (CHROMEBOOK, "dark")], ids=["phone-light", "chromebook-dark"]
)
def test_a_file_comes_in_and_a_code_is_signed_off(
    site: Site, chromium: Browser, tmp_path: Path, look: tuple[dict[str, int], str]
) -> None:
    viewport, scheme = look
    width, code = viewport["width"], f"Q{viewport['width']}"
    student, school_id, school = of_maple(site, "90417")
    told = tmp_path / "attendance.csv"
    told.write_text(f"Who,Where,When,What\n90417,{school},{MONDAY},{code}\n1,{school},{MONDAY},{code}\n")

    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/attendance/imports")
        looks_well(visit, width)
        visit.page.get_by_label("Zip, or CSV file").set_input_files(told)
        visit.page.get_by_label("First day").fill(MONDAY)
        visit.page.get_by_label("Last day").fill("2026-09-18")
        visit.page.get_by_role("button", name="Read it").click()
        if "columns" in visit.page.url:
            for label, column in (
                ("Student number", "Who"),
                ("School", "Where"),
                ("Date", "When"),
                ("Code", "What"),
            ):
                visit.page.get_by_label(label, exact=True).select_option(column)
            looks_well(visit, width)
            pictured(visit, f"register-columns-{width}")
            visit.page.get_by_role("button", name="Read it").click()
        expect(visit.page.locator("#progress")).to_contain_text("Being read")
        work(site)
        expect(visit.page.get_by_role("heading", name="Apply it?")).to_be_visible()
        looks_well(visit, width)
        pictured(visit, f"register-preview-{width}")
        visit.page.get_by_role("link", name="Show the rows").click()
        expect(visit.page.get_by_role("main")).to_contain_text("No student here has this number")
        looks_well(visit, width)
        visit.page.go_back()
        visit.page.get_by_role("button", name="Apply", exact=True).press("Enter")
        work(site)
        visit.go(f"/attendance/students/{student}")
        expect(visit.page.get_by_role("main")).to_contain_text("Does not count")
        looks_well(visit, width)
        pictured(visit, f"register-student-{width}")
        visit.go("/attendance/codes")
        looks_well(visit, width)
        visit.page.get_by_role("link", name=code).click()
        visit.page.get_by_label("The student was").select_option("Absent")
        visit.page.get_by_label("Excused?").select_option("Unexcused")
        looks_well(visit, width)
        visit.page.get_by_role("button", name="Sign it off").press("Enter")
        expect(visit.page.get_by_role("main")).to_contain_text("Absent, unexcused")
        looks_well(visit, width)
        visit.go(f"/attendance/schools/{school_id}/calendar")
        looks_well(visit, width)
        visit.go("/attendance")
        expect(visit.page.get_by_role("main")).to_contain_text("Sep 7, 2026")
        looks_well(visit, width)
        pictured(visit, f"register-{width}")
        assert [said for said in visit.complaints if "error" in said.lower()] == []


def test_it_needs_no_script(site: Site, chromium: Browser, tmp_path: Path) -> None:
    student, _, school = of_maple(site, "90418")
    told = tmp_path / "marks.csv"
    told.write_text(f"student_id,school_id,date,code,minutes\n90418,{school},{MONDAY},U,30\n")

    with visiting(site, chromium, viewport=PHONE, java_script_enabled=False) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/attendance/imports")
        visit.page.get_by_label("Zip, or CSV file").set_input_files(told)
        visit.page.get_by_label("Changes: each row").check()
        visit.page.get_by_label("Everything of these schools").check()
        visit.page.get_by_label("First day").fill(MONDAY)
        visit.page.get_by_label("Last day").fill(MONDAY)
        visit.page.get_by_role("button", name="Read it").click()
        if "columns" in visit.page.url:
            for label, column in (
                ("Student number", "student_id"),
                ("School", "school_id"),
                ("Date", "date"),
                ("Code", "code"),
            ):
                visit.page.get_by_label(label, exact=True).select_option(column)
            visit.page.get_by_role("button", name="Read it").click()
        work(site)
        visit.page.get_by_role("link", name="Look again").click()
        visit.page.get_by_role("button", name="Apply", exact=True).click()
        work(site)
        visit.go(f"/attendance/students/{student}")

        expect(visit.page.get_by_role("main")).to_contain_text("30")


@pytest.mark.parametrize(
    "look",
    [(PHONE, "light"), (PHONE, "dark"), (CHROMEBOOK, "light"), (CHROMEBOOK, "dark")],
    ids=["phone-light", "phone-dark", "chromebook-light", "chromebook-dark"],
)
def test_days_and_enrollments_that_are_gone_are_shown_before_they_are_taken_out(
    site: Site, chromium: Browser, look: tuple[dict[str, int], str]
) -> None:
    viewport, scheme = look
    run_id = a_window_without_some(site)

    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go(f"/attendance/imports/{run_id}")
        expect(visit.page.get_by_role("main")).to_contain_text(
            "Several of its school days would be taken out of its calendar. 3 days."
        )
        looks_well(visit, viewport["width"])
        pictured(visit, f"register-vanished-{scheme}-{viewport['width']}")
        visit.page.get_by_role("link", name="No longer there: 3 days, 1 enrollment").click()
        expect(visit.page.get_by_role("main")).to_contain_text("Sep 9, 2026")
        expect(visit.page.get_by_role("main")).to_contain_text("Ida Moss")
        looks_well(visit, viewport["width"])
        pictured(visit, f"register-gone-{scheme}-{viewport['width']}")
        visit.page.go_back()
        visit.page.get_by_role("button", name="Cancel").first.click()


def a_window_without_some(site: Site) -> str:
    """An import, compared, of a school that has three days and one enrollment no more."""
    one, school_id, school = of_maple(site, "90419")
    other, _, _ = of_maple(site, "90420")
    first = date(2026, 9, 7)
    every = [first + timedelta(days=at) for at in range(5)]
    told = a_set(
        first=first,
        last=every[-1],
        marks=[("90419", school, MONDAY, "", "U")],
        calendar=[(school, "", day, "yes") for day in (every[0], every[-1])],
        enrollments=[("90419", school, "", "2026-08-24", "", "", "yes")],
    )
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            here = UUID(school_id)
            if not SchoolDay.on(here, first):
                registers.calendar(here, first=first, weeks=1)
                for id in (one, other):
                    registers.enrolled(UUID(id), here, entry=date(2026, 8, 24))
            run_id = importing.begin(io.BytesIO(told), by=SYSTEM).id
            db.session.commit()
            importing.advance(run_id)
            return str(run_id)
