"""A district that has its staff come in by their provider alone, and the sealed account that opens it without."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.actions import enrolling, granting, inviting
from app.auth.actions.refused import LastAdmin, OnlyElsewhere, Refused
from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.sealed_account import SealedAccount
from app.auth.models.sign_in_step import SignInStep
from app.core.actor import SYSTEM, Role
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.services import MICROSOFT_SIGN_IN, turn
from app.core.tenancy import as_district
from app.notices.models.message import Message
from app.roster.models.person import Person
from jobs import run_work
from tests.auth.authenticator import Authenticator
from tests.auth.second_factor import give_code, next_form
from tests.page_client import Page, PageClient
from tests.sign_in_peer import Journey
from tests.world import PASSWORD, World

SETTINGS = "/maple/admin/sign-in"
SEALED = "/maple/admin/sealed-account"
ONLY = "sign in with Google"
ADAMS = {"sub": "77", "email": "adams@maple.example", "name": "Ruth Adams"}


class Safe:
    """What lies in it."""

    def __init__(self, page: Page) -> None:
        self.code = page.one(class_="secret").text
        self.codes = [one.text for one in page.one(class_="codes").all("li")]
        self.address = "break-glass@maple"


@pytest.fixture
def admin(client: PageClient, world: World) -> PageClient:
    return client.sign_in(world.adams)


@pytest.fixture
def adams(app: Flask, google: Journey, world: World) -> Journey:
    """Maple's admin, come in by Google and confirmed there; Microsoft is off."""
    with app.app_context(), as_district(world.maple.id):
        turn(MICROSOFT_SIGN_IN, False, SYSTEM)
        db.session.commit()
    google.client.sign_in(world.adams)
    page = google.client.get("/maple/profile/ways-in")
    google.sign_in_there(google.client.submit(page, "/ways-in/google"), **ADAMS)
    google.come_back()
    google.client.sign_out()
    google.whole(**ADAMS)
    google.confirm(**ADAMS)
    return google


def seal(client: PageClient, name: str = "Safe in the office") -> Safe:
    return Safe(client.submit(client.get(SEALED), "/sealed-account", name=name, status=200))


def turn_on(client: PageClient) -> Page:
    """Whether the page has a button for it or not."""
    token = client.get(SETTINGS).one("main").all("input", name="csrf_token")[0]["value"]
    return client.post(f"{SETTINGS}/provider-only", {"csrf_token": token})


@pytest.fixture
def safe(adams: Journey) -> Safe:
    """The district asks for Google alone, and this lies in its safe."""
    safe = seal(adams.client)
    assert "alone" in adams.client.follow(turn_on(adams.client)).text
    return safe


def give_password(client: PageClient, email: str, password: str) -> Page:
    page = client.get("/maple/sign-in")
    fields = {one["name"]: one["value"] for one in next_form(page).all("input", type="hidden")}
    return client.post("/maple/sign-in", {**fields, "email": email, "password": password})


def open_the_safe(app: Flask, safe: Safe, code: str = "") -> PageClient:
    client = PageClient(app)
    give_password(client, safe.address, safe.code)
    give_code(client, code or safe.codes[0])
    return client


def do_all(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        waiting = [(str(one.district_id), str(one.id)) for one in db.session.scalars(select(Work))]
    for district_id, work_id in waiting:
        with app.app_context():
            run_work(district_id, work_id)


def mails(app: Flask, world: World) -> list[tuple[str, str]]:
    with app.app_context(), as_district(world.maple.id):
        found = select(Message).where(Message.kind == "sealed_account").order_by(Message.id)
        return [(one.to_address, one.text) for one in db.session.scalars(found)]


# --- turning it on ----------------------------------------------------------------------------------------


def test_nobody_locks_the_district_out_by_a_password_session(
    app: Flask, adams: Journey, world: World
) -> None:
    other = PageClient(app).sign_in(world.adams)
    seal(other)

    page = other.get(SETTINGS)
    refused = other.follow(turn_on(other))

    assert "Sign in with Google yourself" in page.text
    assert "Sign in with Google yourself" in refused.text
    assert give_password(PageClient(app), world.bell.email, PASSWORD).status == 303


def test_nor_without_a_sealed_account(app: Flask, adams: Journey, world: World) -> None:
    refused = adams.client.follow(turn_on(adams.client))

    assert "Seal an account for emergencies" in refused.text
    assert give_password(PageClient(app), world.bell.email, PASSWORD).status == 303


def test_nor_after_its_seal_was_broken(app: Flask, adams: Journey, world: World) -> None:
    open_the_safe(app, seal(adams.client))

    refused = adams.client.follow(turn_on(adams.client))

    assert "Seal an account for emergencies" in refused.text


def test_nor_without_a_provider(admin: PageClient) -> None:
    refused = admin.follow(turn_on(admin))

    assert "Turn on Google or Microsoft" in refused.text


def test_it_wants_a_confirmation(adams: Journey, app: Flask, world: World) -> None:
    seal(adams.client)
    adams.client.sign_out()
    adams.whole(**ADAMS)

    assert turn_on(adams.client).location.startswith("/maple/profile/confirm")


def test_whoever_came_in_by_a_password_is_signed_out(app: Flask, adams: Journey, world: World) -> None:
    bell = PageClient(app).sign_in(world.bell)
    half_way = PageClient(app)
    seal(adams.client)

    turn_on(adams.client)

    assert bell.get("/maple/requests").location.startswith("/maple/sign-in")
    assert adams.client.get(SETTINGS).status == 200
    assert half_way.get("/maple/sign-in/second-step").location.startswith("/maple/sign-in")


# --- what it refuses --------------------------------------------------------------------------------------


def test_a_right_password_is_refused_with_a_sentence(app: Flask, safe: Safe, world: World) -> None:
    client = PageClient(app)

    for email, password in ((world.bell.email, PASSWORD), ("nobody@maple.example", PASSWORD)):
        refused = give_password(client, email, password)
        assert refused.status == 422
        assert ONLY in refused.text
    assert client.get("/maple/requests").location.startswith("/maple/sign-in")


def test_a_passkey_instead_of_the_password_is_refused(app: Flask, adams: Journey, world: World) -> None:
    device, bell = Authenticator(), PageClient(app).sign_in(world.bell)
    page = bell.follow(bell.submit(bell.get("/maple/profile/sign-in"), "/passkeys/ask"))
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]
    bell.submit(page, "/passkeys", name="My phone", credential=device.make(form["data-options"]))
    client = PageClient(app)
    page = client.follow(client.submit(client.get("/maple/sign-in"), "/sign-in/passkey/ask"))
    seal(adams.client)
    turn_on(adams.client)
    # The step of whoever had pressed the button is gone; begun anew by hand, it opens nothing either.
    with app.app_context(), as_district(world.maple.id):
        token = SignInStep.begin(None)
        db.session.commit()
    client.browser.set_cookie("fo_maple", token)
    page = client.get("/maple/sign-in/passkey")
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]

    refused = client.submit(page, "/sign-in/passkey", credential=device.sign(form["data-options"]))

    assert refused.status == 422
    assert ONLY in refused.text
    assert client.get("/maple/requests").location.startswith("/maple/sign-in")


def test_links_for_passwords_are_refused(app: Flask, adams: Journey, world: World) -> None:
    client = PageClient(app)
    with app.app_context(), as_district(world.maple.id):
        account = db.session.get(Account, world.bell.id)
        assert account is not None
        token = OneTimeLink.make(account, "reset").token
        db.session.commit()
    asking, setting = client.get("/maple/resets"), client.get(f"/maple/resets/{token}")
    seal(adams.client)
    turn_on(adams.client)

    assert ONLY in client.get("/maple/resets").text
    assert ONLY in client.submit(asking, "/resets", email=world.bell.email).text
    new = "four words nobody has"
    assert ONLY in client.submit(setting, f"/resets/{token}", password=new, again=new).text
    with app.app_context(), as_district(world.maple.id):
        with pytest.raises(OnlyElsewhere):
            inviting.invite(email="new@maple.example", name="New", roles=[], by=SYSTEM)
        assert Account.with_address("new@maple.example") is None


def test_the_provider_opens_it(app: Flask, safe: Safe, adams: Journey) -> None:
    bell = Journey(PageClient(app), adams.peer, "google")

    assert bell.whole().location == "/maple/"
    assert bell.client.get("/maple/requests").status == 200


def test_a_password_confirms_nothing_there(app: Flask, safe: Safe, adams: Journey, world: World) -> None:
    bell = Journey(PageClient(app), adams.peer, "google")
    bell.whole()

    page = bell.client.get("/maple/profile/confirm")

    assert not page.all("input", type="password")
    token = page.one("main").all("input", name="csrf_token")[0]["value"]
    refused = bell.client.post("/maple/profile/confirm", {"csrf_token": token, "typed": PASSWORD})
    assert refused.status == 422


def test_the_last_provider_is_not_turned_off(safe: Safe, adams: Journey) -> None:
    page = adams.client.get("/maple/admin/services/google_sign_in")

    refused = adams.client.follow(adams.client.submit(page, "/off"))

    assert "Your staff sign in with this alone" in refused.text
    assert "On" in adams.client.get("/maple/admin/services/google_sign_in").text


def test_turned_off_passwords_open_accounts_again(
    app: Flask, safe: Safe, adams: Journey, world: World
) -> None:
    adams.client.submit(adams.client.get(SETTINGS), "/provider-only/off")

    assert give_password(PageClient(app), world.bell.email, PASSWORD).status == 303


def test_another_district_is_as_it_was(app: Flask, safe: Safe, world: World) -> None:
    client = PageClient(app)
    page = client.get("/birch/sign-in")
    fields = {one["name"]: one["value"] for one in next_form(page).all("input", type="hidden")}

    given = {**fields, "email": world.quinn.email, "password": PASSWORD}
    assert client.post("/birch/sign-in", given).location == "/birch/"


# --- the sealed account -----------------------------------------------------------------------------------


def test_code_and_paper_open_it_and_all_admins_hear_of_it(app: Flask, safe: Safe, world: World) -> None:
    do_all(app, world)
    before = len(mails(app, world))

    client = open_the_safe(app, safe)

    assert client.get("/maple/admin").status == 200
    do_all(app, world)
    (told,) = mails(app, world)[before:]
    assert told[0] == world.adams.email
    assert "has just signed in with the sealed account" in told[1]
    with app.app_context(), as_district(world.maple.id):
        assert "opened the sealed account" in set(db.session.scalars(select(AuditEntry.did)))
        sealed = SealedAccount.of_district()
        assert sealed is not None
        assert not sealed.holds
    assert "Seal it anew" in client.get("/maple/admin").text


def test_the_code_alone_opens_nothing(app: Flask, safe: Safe) -> None:
    client = PageClient(app)

    assert give_password(client, safe.address, safe.code).location.startswith("/maple/sign-in/second-step")
    assert client.get("/maple/admin").location.startswith("/maple/sign-in")
    assert give_code(client, "aaaa-bbbb-cccc-dddd").status == 422


def test_a_recovery_code_works_once(app: Flask, safe: Safe) -> None:
    open_the_safe(app, safe, safe.codes[3])
    client = PageClient(app)
    give_password(client, safe.address, safe.code)

    assert give_code(client, safe.codes[3]).status == 422


def test_sealed_anew_what_was_in_the_safe_opens_nothing(app: Flask, safe: Safe, adams: Journey) -> None:
    opened = open_the_safe(app, safe)
    newer = seal(adams.client)

    assert give_password(PageClient(app), safe.address, safe.code).status == 422
    assert opened.get("/maple/admin").location.startswith("/maple/sign-in")
    assert open_the_safe(app, newer).get("/maple/admin").status == 200


def test_sealing_wants_a_confirmation_and_is_told(app: Flask, adams: Journey, world: World) -> None:
    seal(adams.client)
    do_all(app, world)
    adams.client.sign_out()
    adams.whole(**ADAMS)

    again = adams.client.submit(adams.client.get(SEALED), "/sealed-account", name="x")

    assert again.location.startswith("/maple/profile/confirm")
    assert [address for address, _ in mails(app, world)] == [world.adams.email]


def test_a_key_from_the_safe_opens_it(app: Flask, safe: Safe, adams: Journey) -> None:
    client, device = adams.client, Authenticator()
    page = client.follow(client.submit(client.get(SEALED), "/key/ask"))
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]
    client.submit(page, "/key", name="Key", credential=device.make(form["data-options"]), status=303)
    opening = PageClient(app)
    give_password(opening, safe.address, safe.code)
    page = opening.get("/maple/sign-in/second-step")
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]

    opening.submit(page, "/sign-in/passkey", credential=device.sign(form["data-options"]))

    assert opening.get("/maple/admin").status == 200


def test_no_link_and_no_factor_of_it_is_handed_out(app: Flask, safe: Safe, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        account = Account.with_address(safe.address)
        assert account is not None
        with pytest.raises(Refused, match="sealed account"):
            enrolling.take_away(account, by=SYSTEM)
        assert db.session.scalar(select(Person).where(Person.email == safe.address)) is None


def test_it_is_nobody_who_could_stand_in_for_the_last_admin(app: Flask, safe: Safe, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        account = world.adams.account()
        held = account.grant_of(Role.ADMIN, None)
        assert held is not None
        with pytest.raises(LastAdmin):
            granting.withdraw(held, by=SYSTEM)


def test_nobody_but_an_admin_sees_it(app: Flask, world: World) -> None:
    for who in (world.bell, world.tess, world.lena):
        assert PageClient(app).sign_in(who).get(SEALED).status == 404
