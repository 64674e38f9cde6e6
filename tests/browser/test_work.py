"""How much work a task is, counted: clicks and page loads, with scripts and without."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import CAST, PHONE, Site, Visit, visiting
from tests.real_browser import until_htmx_is_alive

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


@dataclass
class Work:
    """What it took."""

    visit: Visit
    scripts: bool = True
    clicks: int = 0
    loads: int = 0

    def click(self, target: Locator) -> None:
        """As a person does, for whom the page has long come to life."""
        if self.scripts:
            until_htmx_is_alive(self.visit.page)
        self.clicks += 1
        target.click()

    def is_at_most(self, clicks: int, loads: int) -> bool:
        return self.clicks <= clicks and self.loads <= loads


@contextmanager
def at_work(site: Site, chromium: Browser, who: str, start: str, **options: object) -> Iterator[Work]:
    """Signed in and on the first page of the task; what comes from here on is counted."""
    with visiting(site, chromium, **options) as visit:
        visit.sign_in(CAST[who])
        visit.go(start)
        visit.page.wait_for_load_state("networkidle")
        work = Work(visit, scripts=bool(options.get("java_script_enabled", True)))

        def count(request) -> None:
            if request.is_navigation_request() and request.frame == visit.page.main_frame:
                work.loads += 1

        visit.page.on("request", count)
        yield work


def ask_for_help(work: Work, title: str) -> None:
    page = work.visit.page
    work.click(page.get_by_role("link", name="Ask for help"))
    page.get_by_label("What do you need help with?").fill(title)
    page.get_by_label("Class cannot go on").focus()
    page.keyboard.press("Space")
    page.get_by_label("Tag on the device").fill("CB-0001")
    page.get_by_label("Photos or files").set_input_files(
        {"name": "board.png", "mimeType": "image/png", "buffer": PHOTO}
    )
    work.click(page.get_by_role("button", name="Send"))
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_teacher_submits_in_two_clicks(site: Site, chromium: Browser, scripts: bool) -> None:
    with at_work(site, chromium, "requester", "/requests", java_script_enabled=scripts) as work:
        ask_for_help(work, f"The board is frozen ({scripts})")
        expect(work.visit.page.get_by_role("link", name="board.png")).to_be_visible()
        complaints = work.visit.complaints

    # a form that is sent without scripts is answered by a redirect, which is one page more
    assert work.is_at_most(clicks=4, loads=2 if scripts else 3), work
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_technician_takes_replies_and_closes_in_two_clicks(
    site: Site, chromium: Browser, scripts: bool
) -> None:
    title = f"Nobody has this one yet ({scripts})"
    with at_work(site, chromium, "requester", "/requests") as asking:
        ask_for_help(asking, title)
    options = {"viewport": PHONE, "java_script_enabled": scripts}
    with at_work(site, chromium, "technician", "/tickets?sort=newest", **options) as work:
        page = work.visit.page
        work.click(page.get_by_role("link", name=title))
        page.get_by_label("Your reply").fill("I put a new cable in. Please try again.")
        work.click(page.get_by_role("button", name="Send and close"))
        expect(page.get_by_text("Closed", exact=True).first).to_be_visible()
        expect(page.get_by_text("I put a new cable in.")).to_be_visible()
        complaints = work.visit.complaints

    assert work.is_at_most(clicks=4, loads=2 if scripts else 3), work
    assert complaints == []


@pytest.mark.browser
def test_a_teacher_reads_answers_and_closes_without_scripts(site: Site, chromium: Browser) -> None:
    with at_work(site, chromium, "requester", "/requests", java_script_enabled=False) as work:
        page = work.visit.page
        ask_for_help(work, "The clock runs backwards")
        page.get_by_label("Your answer").fill("It is five past now, and then four past.")
        work.click(page.get_by_role("button", name="Send"))
        expect(page.get_by_text("It is five past now")).to_be_visible()
        work.click(page.get_by_role("button", name="It works now"))
        expect(page.get_by_text("Closed", exact=True).first).to_be_visible()
