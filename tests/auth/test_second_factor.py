"""A second factor: the password alone opens no door, a code works once, and the day the phone is gone."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.auth.actions import enrolling
from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.sign_in_step import SignInStep, forget_old_steps
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from tests.auth.second_factor import begin, code_now, codes_of, give_code, give_password, set_up
from tests.page_client import PageClient
from tests.world import PASSWORD

pytestmark = pytest.mark.usefixtures("still")

HOME = "/maple/profile/sign-in"
LATER = timedelta(minutes=11)


@pytest.fixture
def bell(client, world):
    return client.sign_in(world.bell)


@pytest.fixture
def elsewhere(app):
    return PageClient(app)


def is_signed_in(client):
    return client.get("/maple/profile/sessions").status == 200


def did(app, world, who):
    with app.app_context(), as_district(world.maple.id):
        mine = select(AuditEntry.did).where(AuditEntry.which == who.id).order_by(AuditEntry.position)
        return db.session.scalars(mine).all()


# --- setting up --------------------------------------------------------------------------------------------


def test_its_first_code_sets_an_app_up(bell):
    _, codes = set_up(bell)

    assert len(set(codes)) == 10
    assert "A code of it is asked for after your password" in bell.get(HOME).text


def test_nothing_is_asked_before_a_first_code(bell, elsewhere, world):
    begin(bell)

    assert give_password(elsewhere, world.bell).location == "/maple/"


@pytest.mark.parametrize("code", ["000000", "", "12345", "abcdef", "9" * 60])
def test_a_wrong_first_code_sets_nothing_up(bell, code):
    page, secret = begin(bell)
    if code == code_now(secret):
        pytest.skip("It is the right one, once in 333,333 times.")

    refused = bell.submit(page, code=code, status=422)

    assert refused.one(class_="secret").text == secret
    assert "Set up an app" in bell.get(HOME).text


def test_the_secret_is_never_shown_again(bell):
    secret, _ = set_up(bell)

    assert bell.get(f"{HOME}/app").location == HOME
    assert secret not in bell.get(HOME).html


def test_one_that_was_not_finished_is_begun_anew(bell):
    _, first = begin(bell)
    _, second = begin(bell)

    assert first != second


def test_a_second_app_is_refused_with_a_sentence(bell):
    set_up(bell)

    page = bell.follow(bell.post(f"{HOME}/app"))

    assert "You have an authenticator app already" in page.text


def test_the_picture_is_the_code(bell):
    """Its runs of dark modules, read back, are the QR code of the address."""
    import segno

    page, secret = begin(bell)
    drawing = page.one("svg", class_="qr")
    size = int(drawing.get("viewbox").split()[-1])
    dark = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawing.all("path")[1]["d"]):
        dark |= {(int(x) + at, int(y)) for at in range(int(length))}
    address = codes_of(secret).provisioning_uri(
        name="bell@maple.example", issuer_name="FrontOffice Maple School District"
    )
    matrix = segno.make(address, error="m", micro=False).matrix

    assert size == len(matrix) + 8
    assert dark == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit}


# --- signing in --------------------------------------------------------------------------------------------


def test_the_password_alone_opens_no_door(bell, elsewhere, world):
    set_up(bell)

    page = give_password(elsewhere, world.bell)

    assert page.location.startswith("/maple/sign-in/second-step")
    assert not is_signed_in(elsewhere)


def test_the_code_opens_it_and_leads_on(bell, elsewhere, world):
    secret, _ = set_up(bell)

    step = elsewhere.follow(give_password(elsewhere, world.bell, next="/profile/sessions"))
    page = give_code(elsewhere, code_now(secret), page=step)

    assert page.location == "/maple/profile/sessions"
    assert is_signed_in(elsewhere)


def test_the_token_changes_between_the_steps(bell, elsewhere, world):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    before = elsewhere.browser.get_cookie("fo_maple").value
    give_code(elsewhere, code_now(secret))
    after = elsewhere.browser.get_cookie("fo_maple").value

    elsewhere.browser.set_cookie("fo_maple", before)

    assert before != after
    assert not is_signed_in(elsewhere)


def test_a_wrong_password_says_nothing_of_a_second_factor(bell, elsewhere, world):
    without = give_password(elsewhere, world.bell, password="wrong")
    set_up(bell)
    with_one = give_password(elsewhere, world.bell, password="wrong")

    assert without.text == with_one.text
    assert "code" not in with_one.text


def test_a_code_works_once(bell, elsewhere, world):
    secret, _ = set_up(bell)
    code = code_now(secret)
    give_password(elsewhere, world.bell)
    give_code(elsewhere, code)
    give_password(elsewhere.sign_out(), world.bell)

    page = give_code(elsewhere, code)

    assert page.status == 422
    assert "That code does not fit" in page.text
    assert not is_signed_in(elsewhere)


def test_the_code_that_set_it_up_is_used_up(bell, elsewhere, world):
    page, secret = begin(bell)
    code = code_now(secret)
    bell.submit(page, code=code, status=200)
    give_password(elsewhere, world.bell)

    assert give_code(elsewhere, code).status == 422


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_wrong_by_one_step(app, world, steps, fits):
    with app.app_context(), as_district(world.maple.id), clock.frozen(clock.now()):
        one = AuthenticatorApp.make(world.bell.id)

        assert one.takes(code_now(one.secret, steps=steps)) is fits


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(-3, 3), st.booleans()), min_size=1, max_size=12),
)
def test_no_code_is_ever_taken_twice(app, world, tries):
    """Whatever is typed whenever: each step is taken at most once, in growing order, and only about its time."""
    at, taken = clock.now(), []
    shown: list[int] = []
    with app.app_context(), as_district(world.maple.id):
        one = AuthenticatorApp.make(world.bell.id)
        for seconds, steps, again in tries:
            at += timedelta(seconds=seconds)
            now = int(at.timestamp()) // 30
            step = shown[-1] if again and shown else now + steps
            shown.append(step)
            with clock.frozen(at):
                if one.takes(codes_of(one.secret).generate_otp(step)):
                    taken.append((step, now))
        db.session.rollback()

    steps_taken = [step for step, _ in taken]
    assert steps_taken == sorted(set(steps_taken))
    assert all(abs(step - now) <= 1 for step, now in taken)


def test_of_two_at_once_one_gets_in(app, world):
    with app.app_context(), as_district(world.maple.id):
        secret = AuthenticatorApp.make(world.bell.id).secret
        db.session.commit()
    code, both, taken = code_now(secret), Barrier(2), []

    def try_it():
        with app.app_context(), as_district(world.maple.id):
            one = AuthenticatorApp.of(world.bell.id)
            both.wait(10)
            taken.append(one.takes(code))
            db.session.commit()

    threads = [Thread(target=try_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(taken) == [False, True]


def test_tries_are_limited(bell, elsewhere, world):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    for _ in range(5):
        assert give_code(elsewhere, "000000").status == 422

    page = give_code(elsewhere, code_now(secret))

    assert page.status == 429
    assert 0 < int(page.headers["Retry-After"]) <= 15


def test_a_fresh_password_buys_no_fresh_tries(bell, elsewhere, world):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    for _ in range(5):
        give_code(elsewhere, "000000")
    give_password(elsewhere.sign_out(), world.bell)

    assert give_code(elsewhere, code_now(secret)).status == 429


def test_the_second_step_must_follow_within_ten_minutes(bell, elsewhere, world):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    step = elsewhere.get("/maple/sign-in/second-step")

    with clock.frozen(clock.now() + LATER):
        page = give_code(elsewhere, code_now(secret), page=step)

    assert page.status == 422
    assert "Type your address and password again" in page.text


def test_without_a_first_step_there_is_no_second(bell, elsewhere, world):
    set_up(bell)

    assert elsewhere.get("/maple/sign-in/second-step").location == "/maple/sign-in"
    assert elsewhere.get("/sign-in/second-step").status == 404


def test_a_first_step_is_worth_nothing_in_another_district(bell, elsewhere, world):
    set_up(bell)
    give_password(elsewhere, world.bell)
    token = elsewhere.browser.get_cookie("fo_maple").value
    elsewhere.browser.set_cookie("fo_birch", token)

    assert elsewhere.get("/birch/sign-in/second-step").location == "/birch/sign-in"


def test_whoever_is_suspended_between_the_steps_stays_out(bell, elsewhere, world, app):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    step = elsewhere.get("/maple/sign-in/second-step")
    with app.app_context(), as_district(world.maple.id):
        world.bell.account().suspend()
        db.session.commit()

    assert give_code(elsewhere, code_now(secret), page=step).status == 422
    assert not is_signed_in(elsewhere)


def test_a_link_for_a_new_password_does_not_lead_past_it(bell, elsewhere, world, app):
    set_up(bell)
    with app.app_context(), as_district(world.maple.id):
        path = OneTimeLink.make(world.bell.account(), "reset").address.removeprefix("http://localhost")
        db.session.commit()
    new = "seven green kites over town"

    page = elsewhere.submit(elsewhere.get(path), password=new, again=new)

    assert page.location.startswith("/maple/sign-in/second-step")
    assert not is_signed_in(elsewhere)


def test_a_new_password_ends_the_first_step_of_others(bell, elsewhere, world, app):
    secret, _ = set_up(bell)
    give_password(elsewhere, world.bell)
    step = elsewhere.get("/maple/sign-in/second-step")
    with app.app_context(), as_district(world.maple.id):
        path = OneTimeLink.make(world.bell.account(), "reset").address.removeprefix("http://localhost")
        db.session.commit()
    new = "seven green kites over town"
    PageClient(app).submit(bell.sign_out().get(path), password=new, again=new)

    assert give_code(elsewhere, code_now(secret), page=step).status == 422


def test_old_steps_are_forgotten(app, world):
    with app.app_context(), as_district(world.maple.id):
        SignInStep.begin(world.bell.id)
        with clock.frozen(clock.now() + LATER):
            assert forget_old_steps() == 1


def test_the_audit_log_tells_both_steps_and_no_code(bell, elsewhere, world, app):
    secret, codes = set_up(bell)
    give_password(elsewhere, world.bell)
    give_code(elsewhere, "000000")
    give_code(elsewhere, codes[0])

    assert [one for one in did(app, world, world.bell) if one != "changed"] == [
        "set up an authenticator app",
        "gave the password",
        "second factor refused",
        "used a recovery code",
        "signed in",
    ]
    with app.app_context(), as_district(world.maple.id):
        told = "".join(str(one.changes) for one in db.session.scalars(select(AuditEntry)))
    assert secret not in told
    assert codes[0] not in told


# --- the day the phone is gone -------------------------------------------------------------------------------


def test_a_recovery_code_works_once(bell, elsewhere, world):
    _, codes = set_up(bell)
    give_password(elsewhere, world.bell)
    assert give_code(elsewhere, f" {codes[3].upper().replace('-', ' ')} ").status == 303
    give_password(elsewhere.sign_out(), world.bell)

    assert give_code(elsewhere, codes[3]).status == 422
    assert "9 left" in bell.get(HOME).text


def test_a_code_that_was_typed_wrong_is_not_shown_again(bell, elsewhere, world):
    _, codes = set_up(bell)
    give_password(elsewhere, world.bell)

    refused = give_code(elsewhere, f"{codes[3]}x")

    assert refused.status == 422
    assert codes[3] not in refused.html


def test_recovery_codes_have_80_bits(bell):
    _, codes = set_up(bell)

    assert all(re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)


def test_new_codes_replace_the_old(bell, elsewhere, world):
    _, old = set_up(bell)
    new = [one.text for one in bell.post(f"{HOME}/recovery-codes").one(class_="codes").all("li")]
    give_password(elsewhere, world.bell)

    assert give_code(elsewhere, old[0]).status == 422
    assert give_code(elsewhere, new[0]).status == 303


def test_codes_of_a_colleague_do_not_fit(bell, elsewhere, world, app):
    _, codes = set_up(bell)
    set_up(PageClient(app).sign_in(world.tess))
    give_password(elsewhere, world.tess)

    assert give_code(elsewhere, codes[0]).status == 422


def test_codes_are_made_only_beside_a_factor(bell):
    assert "Set one up first" in bell.follow(bell.post(f"{HOME}/recovery-codes")).text


def test_they_go_with_the_last_factor(bell, elsewhere, world, app):
    set_up(bell)
    bell.submit(bell.get(HOME), "/app/remove", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert RecoveryCode.left(world.bell.id) == 0
    assert give_password(elsewhere, world.bell).location == "/maple/"


def test_the_database_holds_neither_secret_nor_code(bell, world, app):
    secret, codes = set_up(bell)

    with app.app_context(), as_district(world.maple.id):
        rows = [
            *db.session.execute(text("select authenticator_apps::text from authenticator_apps")).scalars(),
            *db.session.execute(text("select recovery_codes::text from recovery_codes")).scalars(),
        ]
    told = "".join(rows)
    assert len(rows) == 11
    assert secret.replace(" ", "") not in told
    assert not any(code in told or code.replace("-", "") in told for code in codes)


# --- is it still you? ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["/app", "/app/remove", "/recovery-codes"])
def test_a_session_left_open_changes_nothing(bell, door):
    set_up(bell)
    with clock.frozen(clock.now() + LATER):
        page = bell.post(f"{HOME}{door}", headers={"Referer": f"http://localhost{HOME}"})

    assert page.location == "/maple/profile/confirm?next=/profile/sign-in"
    assert "A code of it is asked for" in bell.get(HOME).text


def test_the_password_confirms_and_leads_back(bell):
    with clock.frozen(clock.now() + LATER):
        page = bell.get("/maple/profile/confirm?next=/profile/sign-in")
        assert bell.submit(page, typed="wrong").status == 422
        assert bell.submit(page, typed=PASSWORD).location == HOME
        begin(bell)


def test_a_code_confirms_too(bell):
    secret, codes = set_up(bell)
    with clock.frozen(clock.now() + LATER):
        page = bell.get("/maple/profile/confirm")
        assert bell.submit(page, typed=code_now(secret)).location == HOME
    with clock.frozen(clock.now() + 2 * LATER):
        page = bell.get("/maple/profile/confirm")
        assert bell.submit(page, typed=codes[0]).location == HOME


def test_confirming_is_limited_too(bell):
    with clock.frozen(clock.now() + LATER):
        page = bell.get("/maple/profile/confirm")
        for _ in range(5):
            bell.submit(page, typed="wrong", status=422)

        assert bell.submit(page, typed=PASSWORD).status == 429


# --- an admin takes a lost one away ----------------------------------------------------------------------------


def take_away(app, world, who, by=None):
    admin = PageClient(app).sign_in(by or world.adams)
    return admin.follow(admin.post(f"/maple/admin/people/{who.person_id}/factors/take-away"))


def test_an_admin_takes_a_lost_factor_away(bell, elsewhere, world, app):
    set_up(bell)

    page = take_away(app, world, world.bell)

    assert "is signed out everywhere, has no second factor any more" in page.text
    assert not is_signed_in(bell)
    assert give_password(elsewhere, world.bell).location == "/maple/"
    assert "took away the second factors" in did(app, world, world.bell)


def test_the_person_hears_of_it_by_mail(bell, world, app):
    from app.notices.models.message import Message
    from jobs.auth import tell_of_taken_factors

    set_up(bell)
    take_away(app, world, world.bell)

    with app.app_context(), as_district(world.maple.id):
        work = db.session.scalars(select(Work).where(Work.job == enrolling.TELL_OF_LOSS)).one()
        assert work.subject_id == world.bell.id
        tell_of_taken_factors(work.subject_id)
        mail = db.session.scalars(select(Message)).one()
    assert (mail.kind, mail.to_address) == ("factors_taken_away", world.bell.email)


def test_an_admin_does_not_take_away_their_own(world, app):
    set_up(PageClient(app).sign_in(world.adams))

    assert "This is you" in take_away(app, world, world.adams).text
    with app.app_context(), as_district(world.maple.id):
        assert AuthenticatorApp.of(world.adams.id) is not None


def test_an_admin_whose_session_was_left_open_takes_nothing_away(bell, world, app):
    set_up(bell)
    admin = PageClient(app).sign_in(world.adams)
    with clock.frozen(clock.now() + LATER):
        page = admin.post(f"/maple/admin/people/{world.bell.person_id}/factors/take-away")

    assert page.location.startswith("/maple/profile/confirm")
    with app.app_context(), as_district(world.maple.id):
        assert Account.find(world.bell.id) is not None
        assert AuthenticatorApp.of(world.bell.id) is not None
