"""An operator, as the tests need one: made by the command line, set up in a browser."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from app.core import clock
from app.portal.actions import signing_in
from tests.auth.second_factor import code_now
from tests.page_client import Page, PageClient

PASSWORD = "seven quiet boats at anchor"


@dataclass
class Ops:
    """One operator in one browser."""

    app: Flask
    email: str = "pat@operator.example"
    name: str = "Pat Lindqvist"
    secret: str = ""
    client: PageClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = PageClient(self.app)
        with self.app.app_context():
            self.link = signing_in.invite(self.email, self.name)

    @property
    def setup_path(self) -> str:
        return self.link.removeprefix("http://localhost")

    def set_up(self) -> Page:
        page = self.client.get(self.setup_path)
        self.secret = page.one(class_="secret").text
        fields = {"password": PASSWORD, "again": PASSWORD, "code": code_now(self.secret)}
        return self.client.submit(page, **fields)

    def sign_in(self, **wrong: Any) -> Page:
        """A code later, for the last one is used up."""
        given = {"email": self.email, "password": PASSWORD, "code": code_now(self.secret), **wrong}
        return self.client.submit(self.client.get("/operator/sign-in"), "/operator/sign-in", **given)

    def ask(
        self, district: str = "maple", scope: str = "settings", reason: str = "The import stops."
    ) -> Page:
        page = self.client.get("/operator")
        given = {"district": district, "scope": scope, "reason": reason}
        return self.client.submit(page, "/operator/visits", **given)


def signed_in(app: Flask, **who: str) -> Ops:
    """Set up half a minute ago, and signed in now."""
    with clock.frozen(clock.ago(seconds=60)):
        ops = Ops(app, **who)
        assert ops.set_up().status == 303
    assert ops.sign_in().location == "/operator"
    return ops
