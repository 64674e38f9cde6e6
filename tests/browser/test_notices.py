"""What families are told, in a browser: begun, read and approved, on a phone and on a Chromebook."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete, select, update

from app.auth.models.account import Account
from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.services import TWILIO
from app.core.tenancy import as_district
from app.notices.actions import approving, numbers, office, passing_on, templating
from app.notices.actions.templating import TOTALS
from app.notices.models.incident import Incident, IncidentStep
from app.notices.models.incident_setting import IncidentSetting
from app.notices.models.notice import Notice, NoticeRecipient
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.models.text_message import TextMessage
from app.notices.models.text_setting import TextSetting
from app.roster.models.envelopes import envelopes
from app.roster.models.recipients import recipients
from app.roster.models.student import Student
from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting
from tests.browser.test_pages import findings
from tests.notices import texting

pytestmark = pytest.mark.browser

CALIFORNIA = "us-ca.truant.1"


@pytest.fixture
def emptied(site: Site) -> Iterator[None]:
    """The demo of this package is shared: what is new is forgotten."""
    yield
    with of_maple(site):
        # The demo has a template and notices of its own.
        ours = select(NoticeTemplate.id).where(NoticeTemplate.wanted.in_((TOTALS.key, CALIFORNIA)))
        texts = select(NoticeText.id).where(NoticeText.template_id.in_(ours))
        notices = select(Notice.id).where(Notice.text_id.in_(texts))
        db.session.execute(delete(NoticeRecipient).where(NoticeRecipient.notice_id.in_(notices)))
        db.session.execute(delete(Notice).where(Notice.text_id.in_(texts)))
        of_ours = delete(NoticeText).where(NoticeText.template_id.in_(ours))
        db.session.execute(of_ours.where(NoticeText.translates_id.is_not(None)))
        db.session.execute(of_ours)
        db.session.execute(delete(NoticeTemplate).where(NoticeTemplate.id.in_(ours)))
        db.session.commit()


@contextmanager
def of_maple(site: Site) -> Iterator[None]:
    """Within the demo's first district."""
    with site.app.app_context():
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id), acting_as(SYSTEM):
            yield


@pytest.fixture
def waiting(site: Site, emptied: None) -> tuple[str, str]:
    """A notice that waits: its address, and that of its student."""
    with of_maple(site):
        template = templating.begin(TOTALS.key)
        approver = Account.with_address(CAST["principal"])
        for text in reversed(NoticeText.of(template.id)):
            templating.approve(text, reads_it=True, by=approver)
        for student in db.session.scalars(select(Student)):
            if envelopes([student]):
                values = {"days": "9", "unexcused": "4"} | numbers.of(student)
                told = office.write_to_family(student, template, values, ("letter",))
                db.session.commit()
                return f"/notices/{told.notices[0].id}", f"/students/{student.id}/notices"
    raise AssertionError("The demo has no student to whose family a letter may go.")


@pytest.fixture
def untranslated(site: Site, waiting: tuple[str, str]) -> str:
    """A notice to a family that reads Vietnamese, which waits for a translation: its address."""
    with of_maple(site):
        template = NoticeTemplate.for_(TOTALS.key)
        assert template is not None
        for student in db.session.scalars(select(Student)):
            if any(one.language == "vi" for one in envelopes([student])):
                values = {"days": "9", "unexcused": "4"} | numbers.of(student)
                told = office.write_to_family(student, template, values, ("letter",))
                db.session.commit()
                return next(f"/notices/{one.id}" for one in told.notices if one.language == "vi")
    raise AssertionError("The demo has no family that reads Vietnamese.")


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_notice_without_a_translation_is_sent_in_english_by_a_persons_choice(
    chromium: Browser, site: Site, untranslated: str, screen: dict[str, int]
) -> None:
    scheme = "light" if screen is PHONE else "dark"
    scripts = screen is CHROMEBOOK
    with visiting(site, chromium, viewport=screen, color_scheme=scheme, java_script_enabled=scripts) as visit:
        visit.sign_in(CAST["principal"])
        for name, path in (
            ("blocked", "/notices?show=blocked"),
            ("tagline", "/attendance/family-page/taglines/ur"),
            ("family-page", "/attendance/family-page"),
            ("untranslated", untranslated),
        ):
            visit.go(path)
            photograph(visit, screen, name)
            assert not scripts or findings(visit.page) == [], path
            wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path} is {wide} pixels too wide"
        visit.page.get_by_role("button", name="Send it in English").click()

        expect(visit.page.get_by_text("English, with lines in Vietnamese", exact=True)).to_be_visible()
        expect(visit.page.get_by_role("button", name="Wait for a translation instead")).to_be_visible()
        photograph(visit, screen, "in-english")


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_notices_are_read_approved_and_seen_in_print(
    chromium: Browser, site: Site, waiting: tuple[str, str], screen: dict[str, int]
) -> None:
    notice, of_student = waiting
    scheme = "light" if screen is PHONE else "dark"
    with visiting(site, chromium, viewport=screen, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        for name, path in (
            ("waiting", "/notices"),
            ("notice", notice),
            ("of-student", of_student),
            ("batches", "/print-batches"),
            ("returned", "/returned-letters"),
            ("settings", "/notice-settings"),
            ("sender", "/notice-settings/sender"),
        ):
            visit.go(path)
            photograph(visit, screen, name)
            assert findings(visit.page) == [], path
            wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path} is {wide} pixels too wide"
        visit.go("/notices")
        visit.page.get_by_role("button", name="Approve those that are ticked").click()
        expect(visit.page.get_by_text("approved.")).to_be_visible()
        assert visit.complaints == []


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_a_template_is_begun_and_its_english_text_approved(
    chromium: Browser, site: Site, emptied: None, screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    with visiting(
        site, chromium, viewport=screen, color_scheme=scheme, java_script_enabled=screen is PHONE
    ) as visit:
        visit.sign_in(CAST["admin"])
        visit.go("/notice-templates")
        visit.page.get_by_role("button", name="Begin: California: Truant: first report").click()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("California: Truant: first report")
        if screen is PHONE:
            assert findings(visit.page) == []
        photograph(visit, screen, "template")
        visit.page.get_by_role("link", name="Read: English, version 1").click()
        if screen is PHONE:
            assert findings(visit.page) == []
        photograph(visit, screen, "text")
        visit.page.get_by_label("I read this language").check()
        visit.page.get_by_role("button", name="Approve").click()
        expect(visit.page.get_by_text("English, version 1, is in use.")).to_be_visible()
        visit.page.get_by_role("link", name="Write in Vietnamese").click()
        photograph(visit, screen, "new")
        if screen is PHONE:
            assert findings(visit.page) == []


@pytest.fixture
def beside(site: Site, waiting: tuple[str, str]) -> Iterator[str]:
    """The address of a notice that waits; what is written down about it is forgotten."""
    yield waiting[0]
    with of_maple(site):
        db.session.execute(delete(IncidentStep))
        db.session.execute(delete(Incident))
        db.session.execute(delete(IncidentSetting))
        db.session.commit()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_what_reached_the_wrong_person_is_written_down_and_closed(
    chromium: Browser, site: Site, beside: str, screen: dict[str, int], scheme: Any
) -> None:
    """Without JavaScript where it is dark."""
    scripted = scheme == "light"
    with visiting(
        site, chromium, viewport=screen, color_scheme=scheme, java_script_enabled=scripted
    ) as visit:

        def seen(name: str) -> None:
            photograph(visit, screen, f"incident-{name}-{scheme}")
            if scripted:
                assert findings(visit.page) == [], name
                wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert wide <= 0, f"{name} is {wide} pixels too wide"

        visit.sign_in(CAST["admin"])
        visit.go("/incident-deadlines")
        visit.page.get_by_label("State").select_option("ny")
        visit.page.get_by_label("By your own policy").fill("24")
        visit.page.get_by_label("Where that stands").fill("Policy 8635, July 2026")
        visit.page.get_by_label("We have signed").check()
        visit.page.get_by_role("button", name="Save").click()
        seen("deadlines")
        visit.go(beside)
        visit.page.get_by_role("link", name="This reached the wrong person").click()
        seen("new")
        visit.page.get_by_label("It lay in a wrong envelope").check()
        visit.page.get_by_label("Whom it reached").fill("The family next door brought it back")
        visit.page.get_by_label("The student’s name").check()
        visit.page.get_by_label("How many days were missed").check()
        visit.page.get_by_role("button", name="Write it down").click()
        expect(visit.page.get_by_text("The notice is stopped.")).to_be_visible()
        visit.page.get_by_role("combobox", name="What was done").select_option("officer")
        visit.page.get_by_role("button", name="Write it down").click()
        seen("open")
        visit.go("/incidents")
        seen("list")
        visit.go(beside)
        seen("notice")
        visit.page.get_by_role("main").get_by_role("link", name="Incident ").click()
        visit.page.get_by_label("Why it is closed").fill("It is back, unopened, and the family knows.")
        visit.page.get_by_role("button", name="Close the incident").click()
        expect(visit.page.get_by_text("The incident is closed.")).to_be_visible()
        seen("closed")
        assert visit.complaints == []


@pytest.fixture
def texted(site: Site, waiting: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """A text message that did not reach anybody, and the letter after it: the addresses of both."""
    with of_maple(site):
        texting.set_up()
        approver = Account.with_address(CAST["admin"])
        template = NoticeTemplate.for_(TOTALS.key)
        for student in db.session.scalars(select(Student)):
            ways = {way.kind for one in recipients(student).may for way in one.ways}
            if {"mobile", "post"} <= ways:
                values = {"days": "7", "unexcused": "2"} | numbers.of(student)
                told = office.write_to_family(student, template, values, ("sms", "letter"))
                text = next((one for one in told.notices if one.channel == "sms"), None)
                if text is None:  # of the student of the notice that waits, it is told by letter already
                    db.session.rollback()
                    continue
                approving.approve(text, caution_read=True, by=approver)
                passing_on.fail(text, "This is no mobile phone. (21614)")
                db.session.commit()
                (letter,) = db.session.scalars(select(Notice).where(Notice.follows_id == text.id))
                yield f"/notices/{text.id}", f"/notices/{letter.id}"
                break
        db.session.execute(update(Notice).values(text_message_id=None, follows_id=None))
        db.session.execute(delete(TextMessage))
        db.session.execute(delete(TextSetting))
        services.turn(TWILIO, False, SYSTEM)
        db.session.commit()


@pytest.mark.parametrize("screen", [PHONE, CHROMEBOOK], ids=["phone", "chromebook"])
def test_what_a_phone_shows_and_what_came_after_it_are_read(
    chromium: Browser, site: Site, texted: tuple[str, str], screen: dict[str, int]
) -> None:
    scheme = "dark" if screen is PHONE else "light"
    with visiting(site, chromium, viewport=screen, color_scheme=scheme) as visit:
        visit.sign_in(CAST["admin"])
        for name, path in (("texted", texted[0]), ("after", texted[1]), ("lost", "/notices?show=lost")):
            visit.go(path)
            photograph(visit, screen, name)
            assert findings(visit.page) == [], path
            wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path} is {wide} pixels too wide"
        visit.go(texted[0])
        expect(visit.page.get_by_text("What the phone shows")).to_be_visible()
        expect(visit.page.get_by_role("heading", name="Told before, or after")).to_be_visible()
        assert visit.complaints == []


def photograph(visit, screen, name):
    if folder := os.environ.get("PHOTOGRAPHS"):
        visit.page.screenshot(path=f"{folder}/{name}-{screen['width']}.png", full_page=True)
