"""A district asks for a second factor: who must have one is led there, loses nothing, and can do nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.across_districts import session as across
from app.core.db import db
from app.core.directory import District, forget_directory
from app.core.tenancy import as_district
from app.helpdesk.models.ticket import Ticket
from tests.auth.second_factor import code_now, give_code, give_password, set_up
from tests.house.doors import ask, guarded
from tests.page_client import PageClient, filled_in

pytestmark = pytest.mark.usefixtures("still")

HOME = "/maple/profile/sign-in"


def require(app, world, of):
    with app.app_context():
        with across() as session:
            session.get(District, world.maple.id).factor_for = of
        forget_directory()


@pytest.fixture
def bell(client, world):
    return client.sign_in(world.bell)


def is_led(page):
    return page.status == 303 and page.location.startswith(f"{HOME}?next=")


def test_nothing_is_asked_where_nobody_has_to(bell):
    assert bell.get("/maple/requests").status == 200


def test_every_other_door_leads_to_the_page_where_one_is_set_up(app, bell, world):
    require(app, world, "everybody")
    open_still, tried = [], 0
    for door in guarded(app):
        if door.parameters:
            continue
        page, tried = ask(bell, door, door.path(app, "maple", {})), tried + 1
        if not is_led(page):
            open_still.append(str(door))

    assert tried > 40
    assert sorted(open_still) == [
        "GET auth.apps_new",
        "GET auth.confirmations_new",
        "GET auth.factors_index",
        "GET auth.passkeys_new",
        "POST auth.apps_confirm",
        "POST auth.apps_create",
        "POST auth.apps_remove",
        "POST auth.confirmations_by_passkey",
        "POST auth.confirmations_create",
        "POST auth.passkeys_ask",
        "POST auth.passkeys_create",
        "POST auth.recovery_codes_create",
    ]


def test_the_page_says_why(app, bell, world):
    require(app, world, "everybody")

    assert "Set one up to go on" in bell.follow(bell.get("/maple/requests")).text


def test_with_one_they_go_on_to_where_they_were_going(app, bell, world):
    require(app, world, "everybody")
    page = bell.follow(bell.get("/maple/requests?state=closed"))
    page = bell.follow(bell.submit(page, "/profile/sign-in/app"))
    secret = page.one(class_="secret").text
    codes = bell.submit(page, code=code_now(secret), status=200)

    (on,) = [one["href"] for one in codes.all("a") if one.text == "I have kept them"]

    assert on == "/maple/requests?state=closed"
    assert bell.get(on).status == 200


def test_what_they_wrote_waits_for_them(app, bell, world):
    form = bell.get("/maple/requests/new")
    require(app, world, "everybody")

    fields = {**filled_in(form.form()), "title": "The quokka is stuck"}
    led = bell.post("/maple/requests", fields, headers={"Referer": "http://localhost/maple/requests/new"})

    assert is_led(led)
    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalar(select(func.count(Ticket.id))) == 0
    set_up(bell)
    draft = led.location.partition("next=")[2].replace("%3F", "?").replace("%3D", "=")
    assert "The quokka is stuck" in bell.get(f"/maple{draft}").html


def test_htmx_is_told_where_to_go(app, bell, world):
    require(app, world, "everybody")

    page = bell.get("/maple/requests", htmx=True)

    assert page.status == 403
    assert page.headers["HX-Redirect"].startswith(f"{HOME}?next=")


@pytest.mark.parametrize(
    ("who", "led"), [("bell", False), ("tess", True), ("sam", True), ("lena", True), ("adams", True)]
)
def test_the_desk_is_admins_and_technicians(app, world, client, who, led):
    require(app, world, "desk")

    assert is_led(client.sign_in(getattr(world, who)).get("/maple/profile/sessions")) is led


def test_another_district_asks_nothing(app, world, client):
    require(app, world, "everybody")

    assert client.sign_in(world.quincy).get("/birch/requests").status == 200


def test_signing_out_stays_open(app, bell, world):
    require(app, world, "everybody")

    assert bell.post("/maple/sign-out").location.startswith("/maple/sign-in")


def test_who_signs_in_with_a_factor_is_not_led(app, bell, world):
    secret, _ = set_up(bell)
    require(app, world, "everybody")
    elsewhere = PageClient(app)
    give_password(elsewhere, world.bell)
    give_code(elsewhere, code_now(secret))

    assert elsewhere.get("/maple/requests").status == 200


def test_the_last_factor_stays_while_it_is_asked_for(app, bell, world):
    set_up(bell)
    require(app, world, "everybody")

    page = bell.follow(bell.post(f"{HOME}/app/remove"))

    assert "this is the only one you have" in page.text
    assert "A code of it is asked for" in page.text


def test_a_factor_that_was_removed_before_counts_no_more(app, bell, world):
    set_up(bell)
    bell.post(f"{HOME}/app/remove")
    require(app, world, "everybody")

    assert is_led(bell.get("/maple/requests"))


def test_setting_one_up_ends_every_other_session(app, bell, world):
    other = PageClient(app).sign_in(world.bell)
    set_up(bell)

    assert other.get("/maple/requests").location.startswith("/maple/sign-in")
    assert bell.get("/maple/requests").status == 200


# --- the admin's page ------------------------------------------------------------------------------------------


def test_an_admin_asks_for_it_and_is_the_first_to_be_asked(app, world, client):
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/admin/sign-in")
    assert "0 of 9 accounts have a second factor" in page.text

    admin.submit(page, factor_for="desk", status=303)

    assert is_led(admin.get("/maple/admin"))


def test_a_choice_that_nobody_offered_is_refused(world, client):
    admin = client.sign_in(world.adams)

    assert admin.submit(admin.get("/maple/admin/sign-in"), factor_for="somebody").status == 422


def test_an_admin_confirms_first(world, client):
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/admin/sign-in")
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert admin.submit(page, factor_for="desk").location.startswith("/maple/profile/confirm")
