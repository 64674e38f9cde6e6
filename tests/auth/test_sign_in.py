"""Address and password: what is let in, what waits, and what nobody learns."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.auth.actions import signing_in
from app.auth.actions.refused import MustWait, NotThem
from app.auth.models import password as passwords
from app.auth.models.sign_in_attempt import SignInAttempt, forget_old_attempts
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from tests.page_client import PageClient
from tests.world import PASSWORD


def sign_in(client, email, password=PASSWORD, slug="maple", **more):
    page = client.get(f"/{slug}/sign-in{more.pop('query', '')}")
    form = next(one for one in page.all("form") if one.all("input", type="password"))
    fields = {one["name"]: one["value"] for one in form.all("input", type="hidden")}
    return client.post(f"/{slug}/sign-in", {**fields, "email": email, "password": password, **more})


def without_noise(page):
    """The page's words, but for what differs from one second to the next."""
    return re.sub(r"value=\"[^\"]*\"", "", page.html)


def try_often(app, world, times, email="bell@maple.example", address="10.0.0.1"):
    with app.app_context(), as_district(world.maple.id):
        for _ in range(times):
            with pytest.raises(NotThem):
                signing_in.sign_in(email=email, password="wrong", address=address)


def one_more(app, world, email="bell@maple.example", address="10.0.0.1", password=PASSWORD):
    with app.app_context(), as_district(world.maple.id):
        account = signing_in.sign_in(email=email, password=password, address=address)
        db.session.commit()
        return account.id


def test_address_and_password_let_in(client, world):
    page = sign_in(client, world.bell.email, query="?next=/profile/sessions")

    assert page.status == 303
    assert page.location == "/maple/profile/sessions"
    client.follow(page)


def test_capitals_and_spaces_in_the_address_do_not_matter(client, world):
    assert sign_in(client, f" {world.bell.email.upper()} ").status == 303


def test_a_wrong_password_and_an_unknown_address_look_the_same(client, world):
    wrong = sign_in(client, world.bell.email, "not the password")
    unknown = sign_in(client, "nobody@maple.example", "not the password")

    assert wrong.status == unknown.status == 422
    assert "do not belong together" in wrong.text
    assert without_noise(wrong) == without_noise(unknown)


def test_an_unknown_address_costs_the_same_work(app, world, monkeypatch):
    compared = []
    real = passwords.matches

    def matches(given, stored):
        compared.append(stored is None)
        return real(given, stored)

    monkeypatch.setattr(passwords, "matches", matches)
    try_often(app, world, 1, email="nobody@maple.example")
    try_often(app, world, 1)

    assert compared == [True, False]


def test_the_other_district_is_another_world(client, world):
    assert sign_in(client, world.quincy.email, slug="maple").status == 422
    assert sign_in(client, world.quincy.email, slug="birch").status == 303


@pytest.mark.parametrize("state", ["suspended", "invited"])
def test_only_an_active_account_signs_in(client, world, app, state):
    with app.app_context(), as_district(world.maple.id):
        world.bell.account().state = state
        db.session.commit()

    refused = sign_in(client, world.bell.email)

    assert "do not belong together" in refused.text


def test_the_form_must_be_ours(client, world):
    fields = {"email": world.bell.email, "password": PASSWORD}
    token = client.get("/maple/sign-in").all("input", name="token")[0]["value"]
    birch = client.get("/birch/sign-in").all("input", name="token")[0]["value"]
    other_form = client.get("/maple/resets").all("input", name="token")[0]["value"]

    for forged in ("", "forged", birch, other_form, token.replace(token[-1], "x"), "9" * 5000 + ".a.b"):
        assert client.post("/maple/sign-in", {**fields, "token": forged}).status == 422, forged
    assert client.post("/maple/sign-in", {**fields, "token": token}).status == 303


def test_the_form_must_come_from_our_own_page(client, world):
    token = client.get("/maple/sign-in").all("input", name="token")[0]["value"]
    fields = {"email": world.bell.email, "password": PASSWORD, "token": token}

    for origin in ("https://evil.example", "null", "http://localhost.evil.example", ""):
        assert client.post("/maple/sign-in", fields, headers={"Origin": origin}).status == 422, origin


def test_the_form_is_good_for_a_day(client, world):
    token = client.get("/maple/sign-in").all("input", name="token")[0]["value"]
    fields = {"email": world.bell.email, "password": PASSWORD, "token": token}

    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert client.post("/maple/sign-in", fields).status == 422


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_it_never_leads_elsewhere(client, world, elsewhere):
    page = sign_in(client, world.bell.email, next=elsewhere)

    assert page.location == "/maple/"


def test_five_tries_are_free_then_the_pauses_grow(app, world):
    start = clock.now()
    with clock.frozen(start):
        try_often(app, world, 5)
        with pytest.raises(MustWait) as refused:
            one_more(app, world)
    assert refused.value.seconds == 15

    with clock.frozen(start + timedelta(seconds=16)):
        try_often(app, world, 1)
        with pytest.raises(MustWait) as refused:
            one_more(app, world)
    assert refused.value.seconds == 30


def test_waiting_lets_them_in_and_starts_afresh(app, world):
    start = clock.now()
    with clock.frozen(start):
        try_often(app, world, 5)
    with clock.frozen(start + timedelta(seconds=16)):
        one_more(app, world)
        try_often(app, world, 4)
        one_more(app, world)


def test_asking_while_waiting_does_not_make_it_longer(app, world):
    start = clock.now()
    with clock.frozen(start):
        try_often(app, world, 5)
    for seconds in range(1, 14):
        with clock.frozen(start + timedelta(seconds=seconds)), pytest.raises(MustWait):
            one_more(app, world)
    with clock.frozen(start + timedelta(seconds=16)):
        one_more(app, world)


def test_a_pause_is_never_longer_than_a_quarter_of_an_hour(app, world):
    at = clock.now()
    for _ in range(17):
        with clock.frozen(at):
            try_often(app, world, 1)
        at += timedelta(minutes=15, seconds=1)
    with clock.frozen(at - timedelta(minutes=15)), pytest.raises(MustWait) as refused:
        one_more(app, world)

    assert refused.value.seconds <= 15 * 60


def test_an_unknown_address_waits_just_as_long(app, world):
    with clock.frozen(clock.now()):
        try_often(app, world, 5, email="nobody@maple.example")
        with pytest.raises(MustWait):
            one_more(app, world, email="nobody@maple.example")


def test_somebody_elses_tries_do_not_keep_a_colleague_out(app, world):
    with clock.frozen(clock.now()):
        try_often(app, world, 5)
        one_more(app, world, email=world.tess.email)


def test_one_machine_that_tries_everybody_waits_too(app, world):
    with clock.frozen(clock.now()):
        for number in range(50):
            try_often(app, world, 1, email=f"guess{number}@maple.example")
        with pytest.raises(MustWait):
            one_more(app, world, email=world.tess.email)
        one_more(app, world, email=world.tess.email, address="10.0.0.2")


def test_tries_at_once_count_each_other(app, world):
    """Each try is committed before it is decided, so the sixth of six at once has to wait."""
    with clock.frozen(clock.now()), app.app_context():
        with as_district(world.maple.id):
            for _ in range(5):
                SignInAttempt.begin(signing_in.SIGN_IN, world.bell.email, "10.0.0.1")
            db.session.commit()
        with pytest.raises(MustWait):
            one_more(app, world)


def test_the_page_says_how_long_to_wait(client, world):
    for _ in range(5):
        sign_in(client, world.bell.email, "wrong")

    page = sign_in(client, world.bell.email)

    assert page.status == 429
    assert 0 < int(page.headers["Retry-After"]) <= 15
    assert "too many tries. Wait" in page.text


def test_the_audit_log_knows_without_addresses(client, world, app):
    sign_in(client, world.bell.email, "wrong")
    sign_in(client, world.bell.email)

    with app.app_context(), as_district(world.maple.id):
        signs = select(AuditEntry).where(AuditEntry.did.like("sign%")).order_by(AuditEntry.position)
        entries = db.session.scalars(signs).all()
        attempts = db.session.scalars(select(SignInAttempt)).all()
    assert [(one.did, one.which, one.by_id) for one in entries] == [
        ("sign-in refused", world.bell.id, None),
        ("signed in", world.bell.id, world.bell.id),
    ]
    told = "".join(str(one.changes) for one in entries) + "".join(
        one.email_hash + one.address_hash for one in attempts
    )
    assert "bell@" not in told
    assert "127.0.0.1" not in told


def test_old_tries_are_forgotten(app, world):
    try_often(app, world, 2)
    with app.app_context(), as_district(world.maple.id):
        with clock.frozen(clock.now() + timedelta(hours=25)):
            assert forget_old_attempts() == 2
        db.session.commit()


def test_an_older_hash_is_made_better_on_the_way_in(app, world):
    with app.app_context(), as_district(world.maple.id):
        before = world.bell.account().password_hash
    one_more(app, world)

    with app.app_context(), as_district(world.maple.id):
        after = world.bell.account().password_hash
    assert passwords.is_out_of_date(before)
    assert not passwords.is_out_of_date(after)
    assert passwords.matches(PASSWORD, after)


def test_whoever_is_signed_in_goes_on(client, world):
    assert client.sign_in(world.bell).get("/maple/sign-in?next=/profile/sessions", status=303).location == (
        "/maple/profile/sessions"
    )


def test_the_demo_lists_its_accounts_and_nobody_else_does(client, world, app, monkeypatch):
    assert "People of this demo" in client.get("/maple/sign-in").text

    monkeypatch.setitem(app.extensions, "demo_accounts", ())
    assert "People of this demo" not in PageClient(app).get("/maple/sign-in").text


def test_after_signing_out_it_says_so(client, world):
    assert "You are signed out on this device" in client.get("/maple/sign-in?left=yes").text
