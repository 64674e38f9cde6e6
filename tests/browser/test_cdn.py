"""htmx comes from a CDN that a school's filter may block, change or silence: every page works all the same."""

import re

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import CAST, Site, answers, visiting


def refused(route: Route) -> None:
    route.abort("connectionrefused")


def not_found(route: Route) -> None:
    route.abort("namenotresolved")


def tampered(route: Route) -> None:
    headers = {"content-type": "text/javascript", "access-control-allow-origin": "*"}
    route.fulfill(status=200, body="window.tampered = true", headers=headers)


def never(route: Route) -> None:
    """Taken, and never answered."""


#: The browser's own line for a file that it was not given, in each state.
ITS_OWN_LINE = {
    answers: None,
    refused: r"error: Failed to load resource: net::ERR_CONNECTION_REFUSED",
    not_found: r"error: Failed to load resource: net::ERR_NAME_NOT_RESOLVED",
    tampered: r"error: .*integrity.*",
    never: None,
}


@pytest.mark.browser
@pytest.mark.parametrize("cdn", ITS_OWN_LINE, ids=lambda state: state.__name__)
def test_the_queue_works_whatever_the_cdn_does(site: Site, chromium: Browser, cdn) -> None:
    with visiting(site, chromium, cdn=cdn) as visit:
        visit.sign_in(CAST["technician"])
        visit.complaints.clear()
        visit.go("/tickets")
        expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
        visit.page.wait_for_load_state("load")
        for _ in range(100):
            if visit.page.evaluate("typeof window.htmx") == "object":
                break
            visit.page.wait_for_timeout(100)
        assert visit.page.evaluate("typeof window.htmx") == "object"
        assert visit.page.evaluate("window.tampered") is None
        # alive and not only loaded (htmx #2264): it has looked at the page
        assert visit.page.evaluate("document.querySelector('[hx-get],[hx-post]') !== null")
        assert visit.page.evaluate("'htmx-internal-data' in document.querySelector('[hx-get],[hx-post]')")
        ours = [line for line in visit.complaints if not is_its_own(line, cdn)]

    assert ours == []


def is_its_own(line: str, cdn) -> bool:
    own = ITS_OWN_LINE[cdn]
    return own is not None and re.search(own, line) is not None
