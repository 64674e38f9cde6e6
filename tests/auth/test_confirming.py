"""Showing again that it is still them: by what they have, be it a passkey or the provider alone."""

import time

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models.account import Account
from app.auth.models.factor_changes import LATELY
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.sessions import WebSession
from app.core.tenancy import as_district
from app.notices.models.message import Message
from jobs import run_work
from tests.auth.authenticator import Authenticator
from tests.page_client import Page, PageClient
from tests.sign_in_peer import Journey
from tests.world import World

CONFIRM = "/maple/profile/confirm"


def forget_confirmations(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        for row in db.session.scalars(select(WebSession)):
            row.confirmed_at = None
        db.session.commit()


def without_password(app: Flask, world: World) -> None:
    """Bell signs in by Google alone."""
    with app.app_context(), as_district(world.maple.id):
        account = world.bell.account()
        account.signs_in_elsewhere = True
        account.password_hash = None
        db.session.commit()


def is_asked(client: PageClient) -> bool:
    return "Is it still you?" in client.follow(client.get("/maple/profile/sign-in/app")).title


def add_passkey(client: PageClient, device: Authenticator) -> None:
    page = client.follow(client.submit(client.get("/maple/profile/sign-in"), "/passkeys/ask"))
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]
    client.submit(page, "/passkeys", name="My phone", credential=device.make(form["data-options"]))


def by_passkey(client: PageClient, device: Authenticator, **lies: object) -> Page:
    page = client.get(CONFIRM + "?next=/profile/sessions")
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]
    return client.submit(page, "/confirm/passkey", credential=device.sign(form["data-options"], **lies))


def test_a_passkey_confirms_and_leads_back(app: Flask, client: PageClient, world: World) -> None:
    device = Authenticator()
    bell = client.sign_in(world.bell)
    add_passkey(bell, device)
    forget_confirmations(app, world)
    assert is_asked(bell)

    assert by_passkey(bell, device).location == "/maple/profile/sessions"
    assert not is_asked(bell)


@pytest.mark.parametrize("lie", [{"origin": "https://evil.example"}, {"challenge": "AAAA"}, {"flags": 0}])
def test_a_passkey_that_lies_does_not(
    app: Flask, client: PageClient, world: World, lie: dict[str, object]
) -> None:
    device = Authenticator()
    bell = client.sign_in(world.bell)
    add_passkey(bell, device)
    forget_confirmations(app, world)

    refused = by_passkey(bell, device, **lie)

    assert refused.status == 422
    assert "That passkey was not accepted" in refused.text
    assert is_asked(bell)


def test_a_colleagues_passkey_does_not(app: Flask, client: PageClient, world: World) -> None:
    bells, ortizs = Authenticator(), Authenticator()
    add_passkey(PageClient(app).sign_in(world.ortiz), ortizs)
    bell = client.sign_in(world.bell)
    add_passkey(bell, bells)
    forget_confirmations(app, world)

    assert by_passkey(bell, ortizs).status == 422
    assert is_asked(bell)


def test_signing_in_at_a_provider_is_no_confirmation(app: Flask, google: Journey, world: World) -> None:
    google.whole()

    assert is_asked(google.client)


def test_a_fresh_sign_in_there_is(app: Flask, google: Journey, world: World) -> None:
    google.whole()
    without_password(app, world)
    page = google.client.get(CONFIRM)
    assert not page.all("input", type="password")

    confirmed = google.confirm()

    assert confirmed.location == "/maple/profile/sign-in"
    assert not is_asked(google.client)


def test_it_asks_the_provider_for_a_fresh_one(app: Flask, google: Journey, world: World) -> None:
    google.whole()

    going = google.client.submit(google.client.get(CONFIRM), "/confirm/google")

    address = going.headers["Refresh"]
    assert "prompt=login" in address
    assert "max_age=0" in address
    assert "auth_time" in address


@pytest.mark.parametrize(
    ("auth_time", "said"),
    [
        (lambda: time.time() - 120, "did not ask you to sign in again"),
        (lambda: time.time() + 3600, "did not ask you to sign in again"),
        (lambda: "now", "does not say when"),
        (lambda: True, "does not say when"),
    ],
)
def test_an_older_session_there_is_not(
    app: Flask, google: Journey, world: World, auth_time: object, said: str
) -> None:
    google.whole()

    refused = google.confirm(auth_time=auth_time())  # type: ignore[operator]

    assert said in refused.text
    assert is_asked(google.client)


def test_a_provider_that_does_not_say_when_is_not(app: Flask, google: Journey, world: World) -> None:
    google.whole()
    google.peer.claim = lambda claims: claims.pop("auth_time", None)

    refused = google.confirm()

    assert "does not say when you signed in there" in refused.text
    assert is_asked(google.client)


def test_another_account_there_is_not(app: Flask, google: Journey, world: World) -> None:
    google.whole()

    refused = google.confirm(sub="666", email="ortiz@maple.example")

    assert "another account at Google" in refused.text
    assert is_asked(google.client)


def test_a_plain_way_back_does_not_confirm(app: Flask, google: Journey, world: World) -> None:
    """Of two ways to the provider, the one that was begun to sign in shows nothing once more."""
    google.whole()
    google.sign_in_there(google.client.submit(PageClient(app).get("/maple/sign-in"), "/sign-in/google"))

    google.come_back()

    assert is_asked(google.client)


def test_ways_in_are_added_and_removed_after_a_confirmation(google: Journey) -> None:
    google.whole()
    client = google.client

    for action in ("/ways-in/microsoft", "/remove"):
        page = client.submit(client.get("/maple/profile/ways-in"), action)
        assert page.location.startswith("/maple/profile/confirm")


def test_a_change_is_told_by_mail(app: Flask, client: PageClient, world: World) -> None:
    add_passkey(client.sign_in(world.bell), Authenticator())

    with app.app_context(), as_district(world.maple.id):
        (work,) = db.session.scalars(
            select(Work).where(Work.job == "jobs.auth.tell_of_changed_factors")
        ).all()
        district_id, work_id = str(work.district_id), str(work.id)
    with app.app_context():
        run_work(district_id, work_id)
    with app.app_context(), as_district(world.maple.id):
        (mail,) = db.session.scalars(select(Message).where(Message.kind == "factors_changed")).all()
        assert mail.to_address == world.bell.email
        assert "A passkey was added." in mail.text
        assert db.session.scalars(select(AuditEntry.did).where(AuditEntry.did == "added a passkey")).all()
        assert isinstance(db.session.get(Account, world.bell.id), Account)
    assert LATELY.total_seconds() > 60
