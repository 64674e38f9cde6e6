"""A real browser with a virtual authenticator adds a passkey and signs in with it, by keyboard alone."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from app.auth.models.passkey import Passkey
from app.core.db import db
from app.core.settings import use_settings
from app.core.tenancy import as_district
from tests.auth.second_factor import code_now
from tests.real_browser import CHROMEBOOK, PHONE, Watched, chromium, is_too_wide, serving, violations
from tests.world import PASSWORD


@pytest.fixture
def house(app, world, settings) -> Iterator[str]:
    """Served as localhost: an authenticator binds no key to a bare number."""
    with serving(app) as address:
        url = address.replace("127.0.0.1", "localhost")
        use_settings(dataclasses.replace(settings, base_url=url))
        yield url
    use_settings(settings)


@contextmanager
def visit(url: str, size: tuple[int, int] = CHROMEBOOK, scheme: str = "light") -> Iterator[Watched]:
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.route(lambda asked: not asked.startswith(url), lambda route: route.abort())
        context.set_default_timeout(15_000)
        yield Watched(context)
        context.close()


def with_authenticator(context: BrowserContext, page: Page) -> str:
    """A phone's own authenticator, whose owner always shows a finger. Its id."""
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return str(devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


def sign_in(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/maple/sign-in?next=/profile/sign-in")
    page.get_by_label("Work email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).press("Enter")


def use_passkey(page: Page) -> None:
    """Once the script of the page is there, which asks the authenticator."""
    button = page.get_by_role("button", name="Use my passkey")
    expect(button).to_be_visible()
    page.wait_for_load_state()
    button.press("Enter")


def add_passkey(page: Page, name: str) -> None:
    page.get_by_role("button", name="Add a passkey").press("Enter")
    page.get_by_label("Name for this passkey").fill(name)
    page.wait_for_load_state()  # the script that asks the authenticator comes last
    page.get_by_role("button", name="Add the passkey").press("Enter")


@pytest.mark.browser
def test_a_passkey_is_added_and_signs_in_with_and_without_the_password(house, world):
    with visit(house) as seen:
        page = seen.page
        with_authenticator(page.context, page)
        sign_in(page, house, world.bell.email)
        add_passkey(page, "My phone")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
        page.get_by_role("link", name="I have kept them").press("Enter")
        expect(page.get_by_text("My phone")).to_be_visible()

        page.context.clear_cookies()
        sign_in(page, house, world.bell.email)
        expect(page.get_by_role("heading", level=1)).to_have_text("The second step")
        use_passkey(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your sign-in")

        page.context.clear_cookies()
        page.goto(f"{house}/maple/sign-in?next=/profile/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        use_passkey(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your sign-in")

    assert not [one for one in seen.said if "POLICY" in one or "ERROR" in one]


def change_the_question(page: Page) -> None:
    """As a page between the two would."""
    page.evaluate(
        """() => { for (const form of document.querySelectorAll("form[data-passkey]")) {
             const asked = JSON.parse(form.dataset.options);
             asked.challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
             form.dataset.options = JSON.stringify(asked); } }"""
    )


@pytest.mark.browser
@pytest.mark.parametrize("wrong", ["nothing", "the question", "the origin", "the count"])
def test_what_a_browser_really_signed_is_held_against_all_three(app, house, world, settings, wrong):
    with visit(house) as seen:
        page = seen.page
        with_authenticator(page.context, page)
        sign_in(page, house, world.bell.email)
        add_passkey(page, "My phone")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
        page.context.clear_cookies()
        page.goto(f"{house}/maple/sign-in?next=/profile/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        expect(page.get_by_role("button", name="Use my passkey")).to_be_visible()
        if wrong == "the question":
            change_the_question(page)
        elif wrong == "the origin":
            use_settings(dataclasses.replace(settings, base_url="http://localhost:1"))
        elif wrong == "the count":
            with app.app_context(), as_district(world.maple.id):
                db.session.scalars(select(Passkey)).one().sign_count = 1_000_000
                db.session.commit()

        use_passkey(page)

        if wrong == "nothing":
            expect(page.get_by_role("heading", level=1)).to_have_text("Your sign-in")
        else:
            expect(page.get_by_text("That passkey was not accepted").first).to_be_visible()
            page.goto(f"{house}/maple/requests")
            expect(page).to_have_url(re.compile("/maple/sign-in"))


@pytest.mark.browser
def test_words_say_that_no_passkey_came_or_that_the_browser_cannot(house, world):
    with visit(house) as seen:
        page = seen.page
        page.goto(f"{house}/maple/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        page.evaluate(
            "() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
        )
        use_passkey(page)
        expect(page.get_by_role("alert").filter(has_text="No passkey was given")).to_be_visible()

        page.evaluate("() => { delete window.PublicKeyCredential; }")
        use_passkey(page)
        expect(page.get_by_role("alert").filter(has_text="cannot use passkeys")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, CHROMEBOOK], ids=["phone", "Chromebook"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_fit_and_everybody_can_use_them(house, world, size, scheme, tmp_path):
    faults: list[str] = []
    wide: list[str] = []
    with visit(house, size, scheme) as seen:
        page = seen.page
        with_authenticator(page.context, page)

        def look(name: str) -> None:
            page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
            faults.extend(f"{name}: {one}" for one in violations(page))
            if is_too_wide(page):
                wide.append(name)

        page.goto(f"{house}/maple/sign-in")
        look("sign-in")
        sign_in(page, house, world.bell.email)
        look("nothing yet")
        page.get_by_role("button", name="Set up an app").click()
        look("app")
        secret = page.locator(".secret").inner_text()
        page.get_by_label("Code that the app shows").fill(code_now(secret))
        page.get_by_role("button", name="Set up").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
        look("codes")
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_role("button", name="Add a passkey").click()
        look("new passkey")
        page.get_by_label("Name for this passkey").fill("My phone")
        page.get_by_role("button", name="Add the passkey").click()
        expect(page.get_by_text("The passkey is added.")).to_be_visible()
        look("your sign-in")
        page.goto(f"{house}/maple/profile/history?by=anybody")
        look("history")
        page.goto(f"{house}/maple/profile/confirm")
        look("confirm")
        page.context.clear_cookies()
        sign_in(page, house, world.bell.email)
        look("second step")
        page.context.clear_cookies()
        sign_in(page, house, world.adams.email)
        page.goto(f"{house}/maple/admin/sign-in")
        look("admin")
        page.goto(f"{house}/maple/admin/people/{world.bell.person_id}")
        look("person")

    assert faults == []
    assert wide == []
