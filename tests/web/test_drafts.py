"""Nothing that somebody wrote is lost when their session ends."""

from datetime import timedelta

from sqlalchemy import func, select, update

from app.core import clock, sessions
from app.core.db import db
from app.core.drafts import Draft
from app.core.tenancy import as_district
from tests.page_client import PageClient, filled_in
from tests.world import PASSWORD

NEW = "/maple/notes/new"
WRITTEN = {"title": "Projector <b>flickers</b>", "text": "\nSince Monday.\nIn room 204."}


def end_sessions(toy, who):
    with toy.app.app_context(), as_district(who.district.id):
        sessions.end_all(who.id)
        db.session.commit()


def posted_after_the_session_ended(toy, world, **kwargs):
    client = toy.client.sign_in(world.bell)
    form = filled_in(client.get(NEW, status=200).form())
    end_sessions(toy, world.bell)
    fields = {**form, **WRITTEN, "loud": "y"}
    headers = {"Referer": f"http://localhost{NEW}", **kwargs.pop("headers", {})}
    return client.post(NEW, fields, headers=headers, **kwargs)


def sign_in_on(client, page, who, **more):
    form = page.form("/sign-in")
    return client.post(
        "/maple/sign-in", {**filled_in(form), "email": who.email, "password": PASSWORD, **more}
    )


def drafts_kept(toy, world):
    with toy.app.app_context(), as_district(world.maple.id):
        return db.session.scalar(select(func.count(Draft.id)))


def test_the_form_comes_back_with_sign_in_above_it(toy, world):
    page = posted_after_the_session_ended(toy, world)

    assert page.status == 422
    assert page.h1 == "Sign in to go on"
    assert page.one("input", name="kept.title")["value"] == WRITTEN["title"]
    assert "Since Monday." in page.one("textarea", name="kept.text").text
    assert toy.seen == []


def test_it_shows_nothing_of_the_district_to_whoever_sits_there_now(toy, world):
    page = posted_after_the_session_ended(toy, world)

    assert "North School" not in page.html
    assert "Nora Bell" not in page.html
    assert "School: kept as you chose it." in page.text


def test_the_same_account_finds_the_form_as_it_left_it(toy, world):
    page = posted_after_the_session_ended(toy, world)

    back = sign_in_on(toy.client, page, world.bell)
    assert back.location.startswith("/maple/notes/new?draft=")
    again = toy.client.follow(back)

    fields = filled_in(again.form())
    assert fields["title"] == WRITTEN["title"]
    assert fields["text"].strip() == WRITTEN["text"].strip()
    assert fields["loud"] == "y"
    toy.client.submit(again, status=303)
    assert [(title, who) for title, _, who in toy.seen] == [(WRITTEN["title"], "Nora Bell")]


def test_once_it_is_sent_twice_it_still_has_its_first_key(toy, world):
    page = posted_after_the_session_ended(toy, world)
    first = page.one("input", name="kept.once")["value"]

    again = toy.client.follow(sign_in_on(toy.client, page, world.bell))

    assert again.form().one("input", name="once")["value"] == first


def test_another_account_finds_it_empty(toy, world):
    page = posted_after_the_session_ended(toy, world)

    back = sign_in_on(toy.client, page, world.tess)
    assert back.location == NEW
    again = toy.client.follow(back)

    assert filled_in(again.form())["title"] == ""
    assert "Since Monday." not in again.html
    assert drafts_kept(toy, world) == 0


def test_a_wrong_password_loses_nothing_either(toy, world):
    page = posted_after_the_session_ended(toy, world)

    wrong = sign_in_on(toy.client, page, world.bell, password="not this one")
    assert wrong.status == 422
    back = sign_in_on(toy.client, wrong, world.bell)

    assert filled_in(toy.client.follow(back).form())["title"] == WRITTEN["title"]


def test_htmx_gets_it_in_place_of_the_form(toy, world):
    page = posted_after_the_session_ended(
        toy, world, htmx=True, headers={"HX-Current-URL": f"http://localhost{NEW}"}
    )

    assert page.status == 422
    assert not page.is_whole
    assert page.one("form", id="session-ended").one("input", name="kept.title")["value"] == WRITTEN["title"]


def test_a_form_that_we_never_showed_is_not_repeated(toy, world):
    page = toy.client.post(NEW, {"title": "Call 555-0100 at once", "author": "forged"}, status=303)

    assert page.location == "/maple/sign-in"


def test_somebody_elses_draft_is_not_there(toy, world):
    page = posted_after_the_session_ended(toy, world)
    back = sign_in_on(toy.client, page, world.bell)

    tess = PageClient(toy.app).sign_in(world.tess).get(back.location, status=200)

    assert filled_in(tess.form())["title"] == ""


def test_a_draft_is_kept_for_a_day(toy, world):
    page = posted_after_the_session_ended(toy, world)
    back = sign_in_on(toy.client, page, world.bell)
    with toy.app.app_context(), as_district(world.maple.id):
        db.session.execute(update(Draft).values(made_at=clock.now() - timedelta(hours=25)))
        db.session.commit()

    assert filled_in(toy.client.get(back.location, status=200).form())["title"] == ""


def test_a_form_from_before_another_account_signed_in_is_shown_empty(toy, world):
    form = filled_in(toy.client.sign_in(world.bell).get(NEW).form())
    toy.client.sign_in(world.tess)

    page = toy.client.post(NEW, {**form, **WRITTEN}, status=422)

    assert "Somebody else signed in on this device" in page.text
    assert filled_in(page.form())["title"] == ""
    assert "Since Monday." not in page.html
    assert toy.seen == []


def test_a_form_from_before_signing_in_again_is_shown_filled(toy, world):
    form = filled_in(toy.client.sign_in(world.bell).get(NEW).form())
    toy.client.sign_in(world.bell)

    page = toy.client.post(NEW, {**form, **WRITTEN}, status=422)

    assert "open for a long time" in page.text
    assert toy.seen == []
    toy.client.submit(page, status=303)
    assert toy.seen[0][0] == WRITTEN["title"]


def test_it_goes_back_to_a_page_that_can_be_opened(toy, world):
    client = toy.client.sign_in(world.bell)
    form = filled_in(client.get(NEW).form())
    end_sessions(toy, world.bell)

    page = client.post(
        "/maple/notes/later/send",
        {**form, **WRITTEN},
        headers={"Referer": "http://localhost/maple/notes/later/send"},
    )

    assert page.one("input", name="kept.go_to")["value"] == "/"


def test_it_never_leads_elsewhere(toy, world):
    page = posted_after_the_session_ended(toy, world)

    back = sign_in_on(toy.client, page, world.bell, **{"kept.go_to": "https://evil.example/"})

    assert back.location == "/maple/"


def test_files_are_asked_for_again(toy, world):
    from io import BytesIO

    page = posted_after_the_session_ended(toy, world)
    form = filled_in(PageClient(toy.app).sign_in(world.bell).get(NEW).form())
    page = PageClient(toy.app).post(NEW, {**form, **WRITTEN, "files": (BytesIO(b"photo"), "photo.jpg")})

    assert "Choose them again" in page.text
