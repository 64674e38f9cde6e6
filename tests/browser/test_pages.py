"""Every page that a role can reach by links: axe finds nothing, nothing sticks out, the console is silent."""

from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import CAST, CHROMEBOOK, PHONE, Site, visiting

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_PAGES = 80


def findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def links_of(page: Page, site: Site) -> list[str]:
    hrefs = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return [href.partition("#")[0] for href in hrefs if href.startswith(site.url)]


def door_of(site: Site, url: str) -> str | None:
    """The endpoint behind an address: one page of each is enough."""
    path = urlsplit(url).path
    slug = "/maple"
    adapter = site.app.url_map.bind("127.0.0.1")
    try:
        endpoint, _ = adapter.match(path.removeprefix(slug) or "/", method="GET")
    except Exception:
        return None
    return f"{'in' if path.startswith(slug) else 'out'} {endpoint}"


def every_page(page: Page, site: Site, start: str):
    """Breadth first from `start`, one page a door; files that are downloaded are left."""
    waiting: list[str] = [start]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.pop(0)
        door = door_of(site, url)
        if door is None or door in seen or "static" in door or "/birch" in url:
            continue
        seen.add(door)
        if any(word in door for word in ("attachment", "_raw", "_json", "_csv", "_download", "security")):
            continue
        try:
            response = page.goto(url)
        except Error as error:
            if "Download is starting" in str(error):
                continue
            raise
        if response is None or "text/html" not in response.headers.get("content-type", ""):
            continue
        yield door, response.status
        waiting += links_of(page, site)


@pytest.mark.browser
@pytest.mark.parametrize("who", [*CAST, "nobody"])
@pytest.mark.parametrize(
    "look", [(PHONE, "light"), (CHROMEBOOK, "dark")], ids=["phone-light", "chromebook-dark"]
)
def test_every_page_is_accessible_fits_and_is_silent(site: Site, chromium: Browser, who: str, look) -> None:
    viewport, scheme = look
    with visiting(site, chromium, viewport=viewport, color_scheme=scheme) as visit:
        if who != "nobody":
            visit.sign_in(CAST[who])
        faults, doors = [], []
        for door, status in every_page(visit.page, site, f"{site.url}/maple/"):
            doors.append(door)
            faults += [f"{door}: {finding}" for finding in findings(visit.page)]
            if status != 200:
                faults.append(f"{door}: answered {status}")
            if visit.page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
                faults.append(f"{door}: wider than the screen")
            if (visit.page.locator("main").count(), visit.page.locator("h1").count()) != (1, 1):
                faults.append(f"{door}: not one main and one h1")
        faults += visit.complaints

    assert faults == []
    assert len(doors) >= (5 if who == "nobody" else 8), doors
