"""The morning list, a case and a rule in a browser: by keyboard alone, on a phone and on a Chromebook."""

import os
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select

from app.core import clock, grounds
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.expiring import today
from app.core.tenancy import as_district
from app.roster.models.person import Person
from app.roster.models.school import School
from app.truancy.actions import following
from app.truancy.actions.following import Asked
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.firing import Firing
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, Visit, visiting
from tests.browser.test_pages import findings

pytestmark = pytest.mark.browser

#: Rules that fire about the same absences.
ONE_EVENT = ("us-ca.truant.1", "us-nj.each", "us-tx.warning")
BLOCKED = [["conference_not_attempted", "us-ca.truant.1"]]


@pytest.fixture
def work(site: Site) -> Iterator[list[str]]:
    """Three students of North with something to do. The demo of this package is shared: what is new is forgotten."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        asked = (
            select(Person)
            .join(School, School.id == Person.school_id)
            .where(Person.kind == "student", Person.active, School.short_name == "North")
            .order_by(Person.id)
        )
        students = list(db.session.scalars(asked.limit(3)))
        duties = [
            _asked(students[0], "direct_contact", today()),
            _asked(students[1], "schedule_conference", None, blocked=BLOCKED),
            _asked(students[2], "referral", today(), for_person=True),
        ]
        following.follow([one.id for one in students], duties)
        db.session.commit()
        names, ids = [one.name for one in students], [one.id for one in students]
    yield names
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        # The demo has cases of its own, of others.
        theirs = select(AttendanceCase.id).where(AttendanceCase.student_id.in_(ids))
        db.session.execute(delete(CaseEntry).where(CaseEntry.case_id.in_(theirs)))
        for model in (CaseDuty, AttendanceCase):
            db.session.execute(delete(model).where(model.student_id.in_(ids)))
        db.session.execute(delete(Firing).where(Firing.student_id.in_(ids), Firing.rule_id.in_(ONE_EVENT)))
        db.session.commit()


def _asked(of: Person, do: str, due: date | None, blocked=(), for_person: bool = False) -> Asked:
    return Asked(of.id, "us-va.five", "2026-27", 1, today(), do, "", due, blocked, for_person)


def to(page: Page, label: str) -> None:
    """Press Tab until whatever is called so has the focus, as somebody without a mouse does."""
    for _ in range(90):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => { const at = document.activeElement; return (at.labels && at.labels[0] || at).textContent.trim() }"
        )
        if label in " ".join(said.split()):
            return
    raise AssertionError(f"No Tab leads to {label}.")


def fits(visit: Visit, screen: dict[str, int]) -> bool:
    return bool(visit.page.evaluate("document.documentElement.scrollWidth") <= screen["width"])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_list_is_worked_and_undone_by_keyboard_alone(
    chromium: Browser, site: Site, work: list[str], scripts: bool
) -> None:
    with visiting(site, chromium, viewport=CHROMEBOOK, java_script_enabled=scripts) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go("/attendance/work")
        page = visit.page
        if scripts:
            to(page, f"Make direct contact with the parent for {work[0]}")
            page.keyboard.press("Space")
            to(page, "Done")
            page.keyboard.press("Enter")
        else:
            page.get_by_label(f"for {work[0]}").check()
            page.get_by_role("button", name="Done", exact=True).click()
        expect(page.get_by_text("1 line settled.")).to_be_visible()
        expect(page.get_by_role("rowheader").filter(has_text=work[0])).to_have_count(0)

        page.get_by_role("button", name="Undo: Done, 1").first.press("Enter")

        expect(page.get_by_text("open again")).to_be_visible()
        expect(page.get_by_role("rowheader").filter(has_text=work[0])).to_have_count(1)
    assert visit.complaints == []


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_the_list_and_a_case_fit_and_are_accessible(
    chromium: Browser, site: Site, work: list[str], screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    with visiting(site, chromium, viewport=screen, color_scheme=scheme) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go("/attendance/work")
        expect(visit.page.get_by_text("No conference was attempted")).to_be_visible()
        expect(visit.page.get_by_text("A person decides")).to_be_visible()
        assert findings(visit.page) == []
        assert fits(visit, screen)
        photograph(visit, screen, "work")
        visit.page.get_by_role("link", name=f"Case of {work[0]}").click()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text(work[0])
        visit.page.get_by_text("Log a contact").click()
        visit.page.locator("details[open]").get_by_role("button", name="Write it down").click()
        expect(visit.page.get_by_text("Telephone call, reached")).to_be_visible()
        assert findings(visit.page) == []
        assert fits(visit, screen)
        photograph(visit, screen, "case")
        assert visit.complaints == []
    with visiting(site, chromium, viewport=screen, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/attendance/rule/us-ca.truant.1")
        assert findings(visit.page) == []
        assert fits(visit, screen)
        photograph(visit, screen, "rule")
    assert visit.complaints == []


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_notice_that_reached_nobody_stands_on_the_list_and_its_paper_fits(
    chromium: Browser, site: Site, work: list[str], screen: dict[str, int]
) -> None:
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        # Of the three that this file wrote: the demo has lines of its own.
        ours = select(CaseDuty).where(CaseDuty.rule_id == "us-va.five", CaseDuty.do == "direct_contact")
        duty = db.session.scalars(ours).one()
        duty.do, duty.rule_id = "notice", "us-ca.truant.1"
        db.session.flush()
        about_the_same_absences(duty)
        grounds.trouble("case duty", duty.id, "It came back. No other way is left to tell them.")
        db.session.commit()
        path = f"/attendance/duties/{duty.id}/notice"
    scheme = "light" if screen is PHONE else "dark"
    with visiting(site, chromium, viewport=screen, color_scheme=scheme) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go("/attendance/work")
        expect(visit.page.get_by_text("It came back. No other way is left to tell them.")).to_be_visible()
        assert findings(visit.page) == []
        assert fits(visit, screen)
        photograph(visit, screen, "trouble")
        visit.go(path)
        expect(visit.page.get_by_text("By which way first")).to_be_visible()
        beside = visit.page.get_by_role("region", name="Owed about the same absences")
        expect(beside).to_contain_text("Each unexcused absence: this notice tells that, too")
        expect(beside).to_contain_text("Warning to the parent: it needs a notice of its own")
        assert findings(visit.page) == []
        assert fits(visit, screen)
        photograph(visit, screen, "notice")
        assert visit.complaints == []


def about_the_same_absences(duty: CaseDuty) -> None:
    """Two more rules owe the family a notice about what this one counts."""
    marks = [[f"2026-09-{day}", "DAY", "U", None] for day in (14, 16, 18)]
    known = {"rule_version": "0" * 64, "evidence_sha256": "0" * 64, "window_name": "2026-27", "ordinal": 1}
    known |= {"trigger_day": today(), "marks": marks, "total": "3", "known_at": clock.now()}
    for rule in ONE_EVENT:
        firing = Firing(student_id=duty.student_id, rule_id=rule, duties=[], blocked=[], excluded=[], **known)
        db.session.add(firing)
        if rule != duty.rule_id:
            more = {"window": "2026-27", "ordinal": 1, "trigger": today(), "do": "notice", "to": duty.to}
            db.session.add(CaseDuty(case_id=duty.case_id, student_id=duty.student_id, rule_id=rule, **more))
    db.session.flush()


def photograph(visit: Visit, screen: dict[str, int], name: str) -> None:
    """For whoever wants to look: SHOTS=folder."""
    if folder := os.environ.get("SHOTS"):
        visit.page.screenshot(path=f"{folder}/attendance-{name}-{screen['width']}.png", full_page=True)
