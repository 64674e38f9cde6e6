"""What a low-end Chromebook feels: the pages in Chromium with its processor slowed down six times.

Load, blocking time (each task's part over 50 ms), layout shift; and what a first visit weighs, all files. A tab
that has just been opened keeps the browser busy with its own frame, so each is left alone before it is measured:
once empty, once showing another page of the desk, as it does for whoever works there.
"""

import statistics
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.demo import DEMO_PASSWORD
from tests import needs

SLOWER = 6
RUNS = 5
#: How long a new tab is left alone, in milliseconds.
SETTLE = 1_500
WATCH = """
window.seen = {blocked: 0, shift: 0};
new PerformanceObserver(list => list.getEntries().forEach(task => {
  window.seen.blocked += Math.max(0, task.duration - 50);
})).observe({type: 'longtask', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(shift => {
  if (!shift.hadRecentInput) window.seen.shift += shift.value;
})).observe({type: 'layout-shift', buffered: true});
"""


@dataclass
class Weight:
    """What came over the wire: files, and octets as they were sent."""

    files: int = 0
    octets: int = 0


def measure(address: str, slug: str, technician: str, teacher: str) -> bool:
    """Print the figures of the queue and of the submit page; False if a bar is missed."""
    program = needs.find_browser()
    if program is None:
        print("\nno Chromium on this machine: the figures of pages in a browser were not taken")
        return True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=needs.browser_arguments())
        base = f"{address}/{slug}"
        met = slowed(browser, base, technician)
        met &= weighed(browser, base, teacher, "/requests/new", "first visit, submit page", 60, 6)
        met &= weighed(browser, base, technician, "/tickets", "first visit, queue", 100, 99)
        browser.close()
    return met


def slowed(browser: Browser, base: str, who: str) -> bool:
    """The list page, processor slowed: medians of some runs, each in a tab of its own."""
    context = signed_in(browser, base, who)
    met = all(
        [
            _felt(context, f"{base}/tickets", "in an empty tab", before=None),
            _felt(context, f"{base}/tickets", "in a tab of the desk", before=f"{base}/profile/sessions"),
        ]
    )
    context.close()
    return met


def _felt(context: BrowserContext, address: str, where: str, before: str | None) -> bool:
    loads, blocked, shifts, one_of_each = [], [], [], True
    for _ in range(RUNS):
        page = context.new_page()
        page.add_init_script(WATCH)
        if before:
            page.goto(before)
        page.wait_for_timeout(SETTLE)
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(address, wait_until="load")
        page.wait_for_timeout(1_500)
        loads.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        seen = page.evaluate("window.seen")
        blocked.append(seen["blocked"])
        shifts.append(seen["shift"])
        one_of_each &= (page.locator("main").count(), page.locator("h1").count()) == (1, 1)
        page.close()
    load, block, shift = statistics.median(loads), statistics.median(blocked), max(shifts)
    met = load <= 700 and block <= 50 and shift == 0 and one_of_each
    print(
        f"\nqueue in Chromium, processor {SLOWER} × slower, {where}: load {load:.0f} ms, blocking {block:.0f} ms, "
        f"layout shift {shift:.3f}, one main and one h1: {one_of_each}  {'met' if met else 'MISSED'}"
    )
    return met


def weighed(
    browser: Browser, base: str, who: str, path: str, name: str, most_kilobytes: int, most_files: int
) -> bool:
    """A first visit with an empty cache."""
    context = signed_in(browser, base, who)
    page = context.new_page()
    weight = weigh(context, page)
    page.goto(base + path, wait_until="networkidle")
    context.close()
    kilobytes = weight.octets / 1024
    met = kilobytes <= most_kilobytes and weight.files <= most_files
    print(f"{name}: {kilobytes:.1f} KB in {weight.files} requests  {'met' if met else 'MISSED'}")
    return met


def weigh(context: BrowserContext, page: Page) -> Weight:
    """Count what the page asks for from now on."""
    weight = Weight()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")

    def finished(event: dict[str, Any]) -> None:
        weight.files += 1
        weight.octets += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    return weight


def signed_in(browser: Browser, base: str, who: str) -> BrowserContext:
    """A fresh context with that person's cookie and nothing in its cache."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.goto(f"{base}/sign-in")
    page.get_by_label("Work email").fill(who)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))
    cookies = context.cookies()
    context.close()
    fresh = browser.new_context(viewport={"width": 1366, "height": 768})
    fresh.add_cookies(cookies)  # type: ignore[arg-type]
    return fresh
