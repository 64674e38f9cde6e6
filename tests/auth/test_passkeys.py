"""Passkeys: added, used beside the password and instead of it; what lies about page, question or count is refused."""

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select
from webauthn.helpers import bytes_to_base64url

from app.auth.actions import ceremonies
from app.auth.models.passkey import MOST, Passkey
from app.auth.models.sign_in_step import SignInStep
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from tests.auth.authenticator import PRESENT, Authenticator
from tests.auth.second_factor import code_now, give_code, give_password, set_up
from tests.page_client import PageClient

pytestmark = pytest.mark.usefixtures("still")

HOME = "/maple/profile/sign-in"
REFUSED = "That passkey was not accepted"
SOMEBODY_ELSES = bytes_to_base64url(secrets.token_bytes(32))

#: What an answer may lie about.
LIES = {
    "another page": {"origin": "https://evil.example"},
    "a page on another port": {"origin": "http://localhost:8000"},
    "our page without https": {"origin": "https://localhost"},
    "another host's key": {"rp_id": "evil.example"},
    "another question": {"challenge": SOMEBODY_ELSES},
    "no question": {"challenge": ""},
    "nobody touched it": {"flags": 0},
    "nobody was verified": {"flags": PRESENT},
}


@pytest.fixture
def bell(client, world):
    return client.sign_in(world.bell)


@pytest.fixture
def elsewhere(app):
    return PageClient(app)


def asked(page):
    """The form that waits for an authenticator, and what it is asked."""
    (form,) = [one for one in page.all("form") if one.get("data-passkey")]
    return form, form["data-options"]


def adding(client):
    return client.follow(client.submit(client.get(HOME), "/passkeys/ask"))


def add(client, device, name="My phone", **lies):
    page = adding(client)
    _, options = asked(page)
    return client.submit(page, "/passkeys", name=name, credential=device.make(options, **lies))


def instead(client, next=""):
    """The page that asks for a passkey and knows nobody."""
    return client.follow(client.submit(client.get(f"/maple/sign-in?next={next}"), "/sign-in/passkey/ask"))


def use(client, page, device, **lies):
    _, options = asked(page)
    return client.submit(page, "/sign-in/passkey", credential=device.sign(options, **lies))


def is_signed_in(client):
    return client.get("/maple/profile/sessions").status == 200


def keys_of(app, world, who):
    with app.app_context(), as_district(world.maple.id):
        return [(one.name, one.sign_count, one.transports) for one in Passkey.of(who.id)]


# --- adding -------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_with_its_name_and_recovery_codes(app, bell, world):
    page = add(bell, Authenticator(), name="  My   phone ")

    assert len(page.one(class_="codes").all("li")) == 10
    assert "My phone" in bell.get(HOME).text
    assert keys_of(app, world, world.bell) == [("My phone", 0, ["internal"])]


def test_several_are_added_and_the_codes_stay(bell):
    add(bell, Authenticator(), name="Phone")
    page = bell.follow(add(bell, Authenticator(), name="Key ring"))

    assert "The passkey is added." in page.text
    assert "Phone" in page.text
    assert "Key ring" in page.text
    assert "10 left" in page.text


def test_the_browser_is_told_which_are_there_already(bell):
    device = Authenticator()
    add(bell, device)
    _, options = asked(adding(bell))

    assert [one["id"] for one in json.loads(options)["excludeCredentials"]] == [bytes_to_base64url(device.id)]
    assert json.loads(options)["rp"]["id"] == "localhost"


def test_the_same_key_is_not_added_twice(app, bell, world):
    device = Authenticator()
    add(bell, device)

    assert REFUSED in add(bell, device).text
    assert len(keys_of(app, world, world.bell)) == 1


@pytest.mark.parametrize("lie", LIES)
def test_a_new_key_that_lies_is_refused(app, bell, world, lie):
    page = add(bell, Authenticator(), **LIES[lie])

    assert page.status == 422
    assert REFUSED in page.text
    assert keys_of(app, world, world.bell) == []


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "[]",
        "null",
        "x",
        '{"id": 3}',
        '{"id":"a","rawId":"a","type":"public-key","response":{}}',
        "[" * 9000,
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(app, bell, world, answer):
    page = bell.submit(adding(bell), "/passkeys", name="Phone", credential=answer)

    assert page.status == 422
    assert REFUSED in page.text


def test_without_scripts_a_sentence_says_what_is_missing(bell):
    page = bell.submit(adding(bell), "/passkeys", name="Phone")

    assert page.status == 422
    assert "No passkey came along. It needs a browser that can use passkeys" in page.text


def test_a_refusal_keeps_the_name_and_asks_anew(bell):
    first = adding(bell)
    page = bell.submit(first, "/passkeys", name="Phone", credential="{}")

    assert 'value="Phone"' in page.html
    assert asked(page)[1] != asked(first)[1]


def test_the_first_answer_takes_the_question_away(app, bell, world):
    page = adding(bell)
    _, options = asked(page)
    bell.submit(page, "/passkeys", name="One", credential=Authenticator().make(options))

    again = bell.submit(page, "/passkeys", name="Two", credential=Authenticator().make(options))

    assert REFUSED in again.text
    assert [name for name, *_ in keys_of(app, world, world.bell)] == ["One"]


def test_there_is_a_limit(app, bell, world):
    with app.app_context(), as_district(world.maple.id):
        for number in range(MOST):
            key = Passkey(account_id=world.bell.id, name="x", credential_id=f"key{number:05}", public_key="")
            key.sign_count = 0
            db.session.add(key)
        db.session.commit()

    assert f"You have {MOST} passkeys" in add(bell, Authenticator()).text


# --- signing in ----------------------------------------------------------------------------------------------


def test_it_signs_in_instead_of_the_password(app, bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)

    page = use(elsewhere, instead(elsewhere, next="/profile/sessions"), device)

    assert page.location == "/maple/profile/sessions"
    assert is_signed_in(elsewhere)
    assert keys_of(app, world, world.bell)[0][1] == 1


def test_it_is_the_second_step_after_the_password(bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)
    step = elsewhere.follow(give_password(elsewhere, world.bell, next="/profile/sessions"))
    assert not is_signed_in(elsewhere)

    page = use(elsewhere, step, device)

    assert page.location == "/maple/profile/sessions"
    assert is_signed_in(elsewhere)


def test_an_authenticator_that_never_counts_is_fine(bell, elsewhere):
    device = Authenticator()
    add(bell, device)

    for _ in range(2):
        assert use(elsewhere, instead(elsewhere.sign_out()), device, count=0).status == 303


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("way", ["instead of the password", "after it"])
def test_a_key_that_lies_signs_nobody_in(app, bell, elsewhere, world, way, lie):
    device = Authenticator()
    add(bell, device)
    if way == "after it":
        page = elsewhere.follow(give_password(elsewhere, world.bell))
    else:
        page = instead(elsewhere)

    refused = use(elsewhere, page, device, **LIES[lie])

    assert refused.status == 422
    assert REFUSED in refused.text
    assert not is_signed_in(elsewhere)
    with app.app_context(), as_district(world.maple.id):
        did = db.session.scalars(select(AuditEntry.did).where(AuditEntry.did == "passkey refused"))
        assert len(did.all()) == 1


@pytest.mark.parametrize("count", [7, 6, 0])
def test_a_count_that_does_not_grow_is_a_copy(app, bell, elsewhere, world, count):
    device = Authenticator(count=6)
    add(bell, device)
    assert use(elsewhere, instead(elsewhere), device).status == 303  # 7

    refused = use(elsewhere, instead(elsewhere.sign_out()), device, count=count)

    assert REFUSED in refused.text
    assert not is_signed_in(elsewhere)
    assert keys_of(app, world, world.bell)[0][1] == 7


def test_a_wrong_signature_signs_nobody_in(bell, elsewhere):
    device, other = Authenticator(), Authenticator()
    add(bell, device)
    other.id = device.id

    assert REFUSED in use(elsewhere, instead(elsewhere), other).text


def test_an_answer_works_once(bell, elsewhere):
    device = Authenticator()
    add(bell, device)
    page = instead(elsewhere)
    answer = device.sign(asked(page)[1])
    before = elsewhere.browser.get_cookie("fo_maple").value
    assert elsewhere.submit(page, "/sign-in/passkey", credential=answer).status == 303
    elsewhere.sign_out().browser.set_cookie("fo_maple", before)

    again = elsewhere.submit(page, "/sign-in/passkey", credential=answer)

    assert again.status == 422
    assert not is_signed_in(elsewhere)


def test_a_refused_answer_uses_the_question_up(bell, elsewhere):
    device = Authenticator()
    add(bell, device)
    page = instead(elsewhere)
    good = device.sign(asked(page)[1])
    use(elsewhere, page, device, origin="https://evil.example")

    assert REFUSED in elsewhere.submit(page, "/sign-in/passkey", credential=good).text


def test_a_question_is_taken_out_once(app, world):
    with app.app_context(), as_district(world.maple.id):
        step = SignInStep.of_token(SignInStep.begin(None))

        assert step.take_challenge()
        assert step.take_challenge() is None


def test_an_unknown_key_looks_like_a_wrong_one(bell, elsewhere):
    device = Authenticator()
    add(bell, device)
    wrong = use(elsewhere, instead(elsewhere), device, origin="https://evil.example")
    unknown = use(elsewhere, instead(elsewhere.sign_out()), Authenticator())

    assert wrong.status == unknown.status == 422
    assert wrong.text == unknown.text


def test_a_colleagues_key_is_no_second_step(app, bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)
    set_up(PageClient(app).sign_in(world.tess))
    form = give_password(elsewhere, world.tess)
    step = elsewhere.follow(form)
    assert not [one for one in step.all("form") if one.get("data-passkey")]

    fields = {one["name"]: one["value"] for one in instead(PageClient(app)).form("/passkey").all("input")}
    with app.app_context(), as_district(world.maple.id):
        token = elsewhere.browser.get_cookie("fo_maple").value
        options = ceremonies.to_recognise(SignInStep.of_token(token).challenge)
    page = elsewhere.post("/maple/sign-in/passkey", {**fields, "credential": device.sign(options)})

    assert REFUSED in page.text
    assert not is_signed_in(elsewhere)


def test_a_key_of_another_district_opens_nothing(app, world, elsewhere):
    device, quincy = Authenticator(), PageClient(app).sign_in(world.quincy)
    page = quincy.follow(quincy.submit(quincy.get("/birch/profile/sign-in"), "/passkeys/ask"))
    quincy.submit(page, "/passkeys", name="Phone", credential=device.make(asked(page)[1]), status=200)

    assert REFUSED in use(elsewhere, instead(elsewhere), device).text


def test_whoever_is_suspended_stays_out(app, bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)
    page = instead(elsewhere)
    with app.app_context(), as_district(world.maple.id):
        world.bell.account().suspend()
        db.session.commit()

    assert REFUSED in use(elsewhere, page, device).text


def test_tries_of_the_second_step_are_limited(bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)
    page = elsewhere.follow(give_password(elsewhere, world.bell))
    for _ in range(5):
        page = use(elsewhere, page, device, origin="https://evil.example")

    assert use(elsewhere, page, device).status == 429


def test_it_must_be_answered_within_ten_minutes(bell, elsewhere):
    device = Authenticator()
    add(bell, device)
    page = instead(elsewhere)

    with clock.frozen(clock.now() + timedelta(minutes=11)):
        refused = use(elsewhere, page, device)

    assert "Type your address and password again" in refused.text


def test_without_a_question_there_is_no_page(elsewhere, world):
    assert elsewhere.get("/maple/sign-in/passkey").location == "/maple/sign-in"
    assert elsewhere.get("/sign-in/passkey").status == 404
    assert elsewhere.post("/sign-in/passkey").status == 404


def test_whoever_only_looks_gets_no_cookie(elsewhere, world):
    page = elsewhere.get("/maple/sign-in")

    assert "Set-Cookie" not in page.headers


# --- removing ------------------------------------------------------------------------------------------------


def test_a_removed_key_opens_nothing(bell, elsewhere):
    device = Authenticator()
    add(bell, device)
    bell.submit(bell.get(HOME), "/remove", status=303)

    assert REFUSED in use(elsewhere, instead(elsewhere), device).text


def test_a_session_left_open_removes_nothing(app, bell, world):
    add(bell, Authenticator())
    page = bell.get(HOME)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert bell.submit(page, "/remove").location.startswith("/maple/profile/confirm")

    assert len(keys_of(app, world, world.bell)) == 1


def test_an_app_beside_it_still_works(bell, elsewhere, world):
    secret, _ = set_up(bell)
    add(bell, Authenticator())
    give_password(elsewhere, world.bell)

    assert give_code(elsewhere, code_now(secret)).status == 303


def test_an_admin_takes_passkeys_away_too(app, bell, elsewhere, world):
    device = Authenticator()
    add(bell, device)
    admin = PageClient(app).sign_in(world.adams)
    assert "1 passkey" in admin.get(f"/maple/admin/people/{world.bell.person_id}").text
    admin.post(f"/maple/admin/people/{world.bell.person_id}/factors/take-away", status=303)

    assert keys_of(app, world, world.bell) == []
    assert give_password(elsewhere, world.bell).location == "/maple/"
