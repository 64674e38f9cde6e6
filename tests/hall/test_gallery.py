"""The gallery: every component, at every size, by day and by night, with and without our scripts."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from app.web import gallery, public_forms
from tests.real_browser import CHROMEBOOK, PHONE, Watched, is_too_wide, serving, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def address(public_hall_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("app.web.guard.db.session", _Nowhere())
    gallery.install(public_hall_app)
    with serving(public_hall_app) as one:
        yield f"{one}/gallery"


class _Nowhere:
    """Nothing to commit: the gallery keeps nothing."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...


@pytest.mark.parametrize(
    ("size", "light", "direction"),
    [
        (PHONE, "light", "ltr"),
        (PHONE, "dark", "rtl"),
        (CHROMEBOOK, "light", "rtl"),
        (CHROMEBOOK, "dark", "ltr"),
    ],
    ids=["phone by day", "phone by night, right to left", "chromebook right to left", "chromebook by night"],
)
def test_every_component_can_be_used_by_everybody(
    address: str, browser: Browser, size: tuple[int, int], light: str, direction: str
) -> None:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=light,
    )
    watched = Watched(context)
    watched.page.goto(address + ("?rtl=1" if direction == "rtl" else ""))

    assert violations(watched.page) == []
    assert not is_too_wide(watched.page)
    assert watched.said == []
    context.close()


def test_every_target_is_large_enough_for_a_thumb(address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(address)

    small = page.evaluate(
        "[...document.querySelectorAll('.button, .control, .choice, summary, nav a, .files__file')]"
        ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"
    )
    assert small == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_form_is_refused_and_sent(
    address: str, browser: Browser, monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    monkeypatch.setattr(public_forms, "check", lambda *_: True)
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("link", name="Write your work email.")).to_be_visible()
    if not scripts:
        expect(page).to_have_title("Error: Gallery – Maple Unified School District – FrontOffice")
    page.get_by_label("What is wrong?").fill("Lamp")
    page.get_by_label("Your work email").fill("bell@maple.example")
    page.get_by_label("Can wait").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#flashes")).to_contain_text("Sent. Nothing was kept of it.")
    context.close()


def test_a_keyboard_reaches_the_page_first(address: str, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.keyboard.press("Tab")

    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    context.close()
