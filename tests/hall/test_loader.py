"""htmx reaches a page whatever its CDN does, and the page never says a word about it."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Route, expect

from app.web import assets
from tests.real_browser import Watched, serving, until_htmx_is_alive

pytestmark = pytest.mark.browser

OURS = (assets.STATIC / "js" / "vendor" / "htmx.min.js").read_bytes()
FROM_ANYWHERE = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}

CDN: dict[str, Callable[[Route], None]] = {
    "answers": lambda route: route.fulfill(body=OURS, headers=FROM_ANYWHERE),
    "is refused": lambda route: route.abort("connectionrefused"),
    "has no name": lambda route: route.abort("namenotresolved"),
    "is tampered with": lambda route: route.fulfill(body=OURS + b";stolen()", headers=FROM_ANYWHERE),
    "never answers": lambda route: None,
    "answers with a block page": lambda route: route.fulfill(
        status=403, body="Blocked", headers=FROM_ANYWHERE
    ),
}


@pytest.mark.parametrize("state", CDN)
def test_a_page_works_when_the_cdn(hall_app: Flask, context: BrowserContext, state: str) -> None:
    context.route("https://cdn.jsdelivr.net/**", CDN[state])
    watched = Watched(context)

    with serving(hall_app) as address:
        watched.page.goto(address)
        expect(watched.page.locator("script[src*='htmx']")).to_have_count(1, timeout=5000)
        until_htmx_is_alive(watched.page)
        watched.page.get_by_role("button", name="Ask").click()
        expect(watched.page.get_by_text("It works")).to_be_visible()

    script = watched.page.locator("script[src*='htmx']").get_attribute("src") or ""
    assert script.startswith("https://cdn.jsdelivr.net/") == (state == "answers")
    ours = [
        said for said in watched.said if "htmx.min.js" not in said and "Failed to load resource" not in said
    ]
    assert ours == []


def test_whoever_is_not_signed_in_never_meets_the_cdn(
    public_hall_app: Flask, context: BrowserContext
) -> None:
    watched = Watched(context)

    with serving(public_hall_app) as address:
        watched.page.goto(address)
        until_htmx_is_alive(watched.page)
        watched.page.get_by_role("button", name="Ask").click()
        expect(watched.page.get_by_text("It works")).to_be_visible()

    assert {url for url in watched.requests if not url.startswith(address)} == set()
    assert watched.said == []


def test_a_first_visit_is_five_requests_and_light(public_hall_app: Flask, context: BrowserContext) -> None:
    sizes: list[int] = []
    watched = Watched(context)
    watched.page.on("requestfinished", lambda one: sizes.append(one.sizes()["responseBodySize"]))

    with serving(public_hall_app) as address:
        watched.page.goto(address, wait_until="networkidle")

    assert len(watched.requests) <= 5
    assert sum(sizes) <= 40_000


def test_our_copy_is_the_file_that_the_pages_vouch_for() -> None:
    digest = b64encode(hashlib.sha384(OURS).digest()).decode()

    assert f"sha384-{digest}" == assets.HTMX_INTEGRITY
    assert assets.HTMX_VERSION.encode() in OURS
