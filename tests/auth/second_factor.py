"""What people do with their phone, for the tests."""

from typing import Any

import pyotp

from app.core import clock
from tests.page_client import Page, PageClient
from tests.world import PASSWORD, Player


def codes_of(secret: str) -> pyotp.TOTP:
    """The app on the phone."""
    return pyotp.TOTP(secret.replace(" ", ""))


def code_now(secret: str, *, steps: int = 0) -> str:
    """What it shows now; some steps of 30 seconds before or after."""
    return codes_of(secret).at(clock.now(), counter_offset=steps)


def begin(client: PageClient) -> tuple[Page, str]:
    """The page with the QR code, and the secret that stands below it."""
    page = client.follow(client.submit(client.get("/maple/profile/sign-in"), "/profile/sign-in/app"))
    return page, page.one(class_="secret").text


def set_up(client: PageClient) -> tuple[str, list[str]]:
    """An app for whoever is signed in, a while ago; its secret and the recovery codes."""
    page, secret = begin(client)
    told = client.submit(page, code=code_now(secret, steps=-1), status=200)
    return secret, [one.text for one in told.one(class_="codes").all("li")]


def give_password(client: PageClient, who: Player, *, next: str = "", **more: Any) -> Page:
    """The first step."""
    place = who.district.slug
    page = client.get(f"/{place}/sign-in")
    form = next_form(page)
    fields = {one["name"]: one["value"] for one in form.all("input", type="hidden")}
    return client.post(
        f"/{place}/sign-in",
        {**fields, "email": who.email, "password": more.pop("password", PASSWORD), "next": next},
    )


def next_form(page: Page) -> Any:
    return next(one for one in page.all("form") if one.all("input", type="password"))


def give_code(client: PageClient, code: str, *, page: Page | None = None) -> Page:
    """The second."""
    return client.submit(page or client.get("/maple/sign-in/second-step"), "/second-step", code=code)
