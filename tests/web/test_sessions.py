"""The session row and its cookie."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from app.core import clock, sessions
from app.core.crypto import token_hash
from app.core.db import db
from app.core.sessions import WebSession
from app.core.tenancy import as_district
from tests.page_client import PageClient
from tests.world import PASSWORD

HOME = "/maple/profile/sessions"


def sign_in_by_form(client, who, **more):
    page = client.get(f"/{who.district.slug}/sign-in")
    form = next(one for one in page.all("form") if one.all("input", type="password"))
    fields = {one["name"]: one["value"] for one in form.all("input", type="hidden")}
    return client.post(
        f"/{who.district.slug}/sign-in", {**fields, "email": who.email, "password": PASSWORD, **more}
    )


def cookies_set(page):
    return page.headers.getlist("Set-Cookie")


def rows(app, world):
    with app.app_context(), as_district(world.maple.id):
        return db.session.scalars(select(WebSession).order_by(WebSession.made_at)).all()


def later(**time):
    return clock.frozen(clock.now() + timedelta(**time))


def test_nobody_gets_a_cookie_before_signing_in(client, world):
    for path in ("/", "/maple/sign-in", "/maple/resets"):
        assert cookies_set(client.get(path)) == []


def test_signing_in_sets_one_cookie_of_random_bits(client, world, app):
    page = sign_in_by_form(client, world.bell)

    (cookie,) = cookies_set(page)
    name, _, rest = cookie.partition("=")
    assert name == "fo_maple"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in rest.split(";")}
    token = rest.split(";")[0]
    assert len(token) == 22
    (row,) = rows(app, world)
    assert row.token_hash == token_hash(token) != token


def test_over_https_the_cookie_is_bound_to_the_host(client, world):
    form = client.get("/maple/sign-in", base_url="https://desk.example")
    token = form.all("input", name="token")[0]["value"]
    fields = {"token": token, "email": world.bell.email, "password": PASSWORD}
    page = client.post(
        "/maple/sign-in", fields, base_url="https://desk.example", headers={"Origin": "https://desk.example"}
    )

    (cookie,) = cookies_set(page)
    assert cookie.startswith("__Host-fo_maple=")
    assert "Secure" in cookie


def test_on_a_network_without_https_nobody_signs_in(client, world):
    form = client.get("/maple/sign-in", base_url="http://desk.example")
    token = form.all("input", name="token")[0]["value"]
    fields = {"token": token, "email": world.bell.email, "password": PASSWORD}
    page = client.post(
        "/maple/sign-in", fields, base_url="http://desk.example", headers={"Origin": "http://desk.example"}
    )

    assert page.status == 422
    assert "needs a safe connection" in page.text
    assert cookies_set(page) == []


def test_signing_in_again_makes_a_new_session_and_ends_the_old(client, world, app):
    client.sign_in(world.bell)
    old = client.browser.get_cookie("fo_maple").value
    form = client.get("/maple/resets")
    assert form.status == 200

    # signed in already, the page of the form is skipped; a form from another tab still comes
    other = PageClient(app)
    page = other.get("/maple/sign-in")
    token = page.all("input", name="token")[0]["value"]
    client.post(
        "/maple/sign-in", {"token": token, "email": world.tess.email, "password": PASSWORD}, status=303
    )

    assert client.browser.get_cookie("fo_maple").value != old
    assert [row.ended_at is None for row in rows(app, world)] == [False, True]


def test_a_token_that_was_planted_is_never_taken_over(client, world):
    client.browser.set_cookie("fo_maple", "planted-by-somebody-22")
    sign_in_by_form(client, world.bell)

    assert client.browser.get_cookie("fo_maple").value != "planted-by-somebody-22"


def test_it_ends_after_an_hour_without_use(client, world):
    client.sign_in(world.bell)

    with later(minutes=59):
        client.get(HOME, status=200)
    with later(minutes=59 + 59):
        client.get(HOME, status=200)
    with later(minutes=59 + 59 + 61):
        client.get(HOME, status=303)


def test_it_ends_after_twelve_hours_however_much_it_is_used(client, world):
    client.sign_in(world.bell)

    for half_hours in range(1, 24):
        with later(minutes=30 * half_hours):
            client.get(HOME, status=200)
    with later(hours=12, seconds=1):
        client.get(HOME, status=303)


def test_last_seen_is_written_at_most_once_a_minute(client, world, app):
    client.sign_in(world.bell)
    first = rows(app, world)[0].last_seen_at

    with later(seconds=50):
        client.get(HOME)
    assert rows(app, world)[0].last_seen_at == first
    with later(seconds=70):
        client.get(HOME)
    assert rows(app, world)[0].last_seen_at > first


def test_an_ended_session_opens_nothing(client, world, app):
    client.sign_in(world.bell)
    with app.app_context(), as_district(world.maple.id):
        assert sessions.end_all(world.bell.id) == 1
        db.session.commit()

    client.get(HOME, status=303)


def test_a_message_waits_in_the_row_for_the_next_page(client, world, app):
    client.sign_in(world.bell)

    page = client.post("/maple/profile/sessions/end-others", status=303)
    assert rows(app, world)[0].flashes != []
    assert "You are signed in here alone now." in client.follow(page).text
    assert rows(app, world)[0].flashes == []
    assert "You are signed in here alone now." not in client.get(HOME).text


def test_a_message_is_committed_with_what_it_tells(client, world, app):
    page = client.sign_in(world.bell).get("/maple/requests/new")
    commits: list[object] = []
    with app.app_context():
        engine = db.engine
    note = commits.append
    event.listen(engine, "commit", note)
    try:
        sent = client.submit(page, "/requests", title="The bell rings twice", status=303)
    finally:
        event.remove(engine, "commit", note)

    assert len(commits) == 1
    assert "We have your request." in client.follow(sent).text


def test_whoever_never_looks_at_a_page_keeps_the_newest_messages_alone(client, world, app):
    client.sign_in(world.bell)

    for _ in range(7):
        client.post("/maple/profile/sessions/end-others", status=303)

    assert len(rows(app, world)[0].flashes) == 5


def test_nothing_else_can_be_put_into_the_session(app, world):
    from flask import session

    with app.test_request_context("/maple/sign-in"), pytest.raises(KeyError, match="no place for 'basket'"):
        session["basket"] = "apples"


def test_signing_out_ends_every_district_of_this_browser(client, world, app):
    client.sign_in(world.bell).sign_in(world.quincy)

    page = client.post("/maple/sign-out", status=303)

    assert page.location == "/maple/sign-in?left=yes"
    assert page.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert {cookie.partition("=")[0] for cookie in cookies_set(page)} == {"fo_maple", "fo_birch"}
    for place in (world.maple, world.birch):
        with app.app_context(), as_district(place.id):
            living = select(func.count(WebSession.id)).where(WebSession.ended_at.is_(None))
            assert db.session.scalar(living) == 0


def test_nobody_is_signed_out_by_another_site(client, world):
    client.sign_in(world.bell)

    client.post("/maple/sign-out", {"csrf_token": "forged"}, status=400)
    client.get(HOME, status=200)


def test_signing_out_twice_is_no_mistake(client, world):
    client.post("/maple/sign-out", status=303)


def test_a_remember_cookie_signs_nobody_in(client, world, app):
    from flask_login import encode_cookie

    with app.app_context():
        forged = encode_cookie(str(world.bell.id))
    client.browser.set_cookie("remember_token", forged)

    client.get(HOME, status=303)


def test_the_list_shows_this_browser_and_the_others(client, world, app):
    PageClient(app).sign_in(world.bell)
    client.sign_in(world.bell)

    page = client.get(HOME, status=200)

    assert [one.text for one in page.all("h2")] == ["Here", "Elsewhere"]
    assert len(page.all("li", class_="stack")) == 1


def test_one_of_them_can_be_ended(client, world, app):
    other = PageClient(app).sign_in(world.bell)
    client.sign_in(world.bell)
    page = client.get(HOME)

    action = page.one("li", class_="stack").one("form")["action"]
    client.post(action, status=303)

    other.get(HOME, status=303)
    client.get(HOME, status=200)


def test_nobody_ends_a_session_of_somebody_else(client, world, app):
    theirs = PageClient(app).sign_in(world.tess)
    (row,) = rows(app, world)

    client.sign_in(world.bell).post(f"/maple/profile/sessions/{row.id}/end", status=404)

    theirs.get(HOME, status=200)


@pytest.mark.parametrize(
    ("names_itself", "in_words"),
    [
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36",
            "Chrome on a Chromebook",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        ("curl/8.1", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_as_people_know_it(names_itself, in_words):
    assert WebSession(user_agent=names_itself).browser == in_words
