"""What is behind a firing, in a browser: on a phone and on a Chromebook, and on paper."""

import os
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.person import Person
from app.roster.models.recipients import LeftOut
from app.roster.models.school import School
from app.truancy.actions import following, packing
from app.truancy.actions.following import Asked
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.rule_activation import versions_of
from app.truancy.models.student_to_review import StudentToReview
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_pages import findings

pytestmark = pytest.mark.browser

RULE = "us-ca.truant.1"
FIRST = date(2026, 9, 7)


@pytest.fixture
def fired(site: Site) -> Iterator[str]:
    """The page of a firing for a student of North. The demo of this package is shared: what is new is forgotten."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        asked = select(Person).join(School, School.id == Person.school_id)
        student = db.session.scalars(
            asked.where(Person.kind == "student", Person.active, School.short_name == "North")
            .order_by(Person.id)
            .limit(1)
        ).one()
        firing = Firing(
            student_id=student.id,
            rule_id=RULE,
            rule_version=versions_of(RULE)[-1].sha256,
            window_name="2026-27",
            ordinal=1,
            trigger_day=FIRST + timedelta(days=2),
            marks=[[str(FIRST + timedelta(days=at)), "DAY", "U", None] for at in range(3)],
            evidence_sha256="5e" * 32,
            total="3",
            duties=[["notice", "parent", None, ""]],
            blocked=[],
            excluded=[],
            known_at=clock.now(),
        )
        db.session.add(firing)
        following.follow(
            [student.id],
            [
                Asked(student.id, RULE, "2026-27", 1, firing.trigger_day, do, to, None, (), False)
                for do, to in (("notice", "parent"), ("consider_sarb", ""))
            ],
        )
        # No review comes by: the register of the demo knows nothing of these marks.
        db.session.execute(delete(StudentToReview).where(StudentToReview.student_id == student.id))
        guardian = Guardianship.of_student(student.id)[0]
        why = "Nobody has entered whether Ana Ortiz holds education rights for Leo Ortiz."
        LeftOutGuardian.write_down(
            "firing", firing.id, "notice", [LeftOut(guardian.guardian_id, "Ana Ortiz", why)]
        )
        db.session.commit()
        id, student_id = firing.id, student.id
    yield f"/attendance/firings/{id}"
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        # The demo has cases of its own, of others, and no packet.
        db.session.execute(delete(CasePacket))
        db.session.execute(delete(LeftOutGuardian).where(LeftOutGuardian.grounds_id == id))
        for model in (CaseDuty, AttendanceCase, Firing):
            db.session.execute(delete(model).where(model.student_id == student_id))
        db.session.commit()


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_the_page_fits_is_accessible_and_prints(
    chromium: Browser, site: Site, fired: str, screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    options = {"viewport": screen, "color_scheme": scheme, "java_script_enabled": screen is not PHONE}
    with visiting(site, chromium, **options) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go(fired)
        page = visit.page
        expect(page.get_by_text("does not agree with what is in the register now")).to_be_visible()
        expect(page.get_by_text("Nobody has entered whether")).to_be_visible()
        if screen is CHROMEBOOK:
            assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == screen["width"]
        folder = os.environ.get("PICTURES")
        if folder:
            page.screenshot(path=f"{folder}/evidence-{screen['width']}.png", full_page=True)
        page.emulate_media(media="print")
        expect(page.get_by_role("navigation").first).to_be_hidden()
        expect(page.get_by_text("The rule as it is used now")).to_be_hidden()
        if folder:
            page.pdf(path=f"{folder}/evidence-{screen['width']}.pdf")
        assert visit.complaints == []


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_packet_is_asked_for_and_watched(
    chromium: Browser, site: Site, fired: str, screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    options = {"viewport": screen, "color_scheme": scheme, "java_script_enabled": screen is not PHONE}
    with visiting(site, chromium, **options) as visit:
        visit.sign_in(CAST["counselor"])
        visit.go(fired)
        page = visit.page
        page.get_by_role("link", name="Case of").click()
        page.get_by_role("link", name="Put a packet together").click()
        expect(page.get_by_text("No conference is recorded.").first).to_be_visible()
        page.get_by_label("Name of the board or court").fill("Maple Attendance Review Board")
        page.get_by_label("Reason").fill("Reported three times.")
        page.get_by_role("button", name="Put it together").click()
        expect(page.locator(".error-summary")).to_contain_text("write why it goes on all the same")
        expect(page.get_by_label("Reason")).to_have_value("Reported three times.")
        folder = os.environ.get("PICTURES")
        if folder:
            page.screenshot(path=f"{folder}/packet-new-{screen['width']}.png", full_page=True)
        if screen is CHROMEBOOK:
            assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == screen["width"]
        page.get_by_label("Why it goes on all the same").fill("The family has left the state.")
        page.get_by_role("button", name="Put it together").click()
        expect(page.get_by_text("What is on record is being gathered")).to_be_visible()
        _work(site)
        if screen is PHONE:
            page.reload()
        expect(page.get_by_role("link", name="Save the packet (PDF)")).to_be_visible(timeout=15_000)
        if screen is CHROMEBOOK:
            assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == screen["width"]
        if folder:
            page.screenshot(path=f"{folder}/packet-{screen['width']}.png", full_page=True)
        assert [said for said in visit.complaints if "422" not in said] == []


def _work(site: Site) -> None:
    """What a worker would do now."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
    with site.app.app_context(), as_district(card.id), acting_as(SYSTEM):
        packing.make(db.session.scalars(select(CasePacket.id)).one())
        db.session.commit()
