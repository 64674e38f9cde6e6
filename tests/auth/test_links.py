"""Links that work once, for an hour, and never say who exists."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.auth.actions import inviting, resetting
from app.auth.actions.refused import LinkUsedUp, Refused, WeakPassword
from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.core import clock
from app.core.actor import OPERATOR, Role
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from tests.page_client import PageClient
from tests.world import PASSWORD

NEW = "seven green kites over town"


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world


def reset_link(app, who, purpose="reset"):
    with app.app_context(), as_district(who.district.id):
        link = OneTimeLink.make(who.account(), purpose)
        db.session.commit()
        return link.address.removeprefix("http://localhost")


def invite(app, world, email="new@maple.example"):
    with app.app_context(), as_district(world.maple.id):
        link = inviting.invite(
            email=email,
            name="Ann Newcomer",
            roles=[(Role.TECHNICIAN, world.maple.schools["Cedar"])],
            by=OPERATOR,
        )
        db.session.commit()
        return link.address.removeprefix("http://localhost")


def fill(client, path, password=NEW, again=None, **kwargs):
    page = client.get(path)
    if page.status != 200:
        return page
    return client.submit(page, password=password, again=again or password, **kwargs)


def test_a_reset_link_sets_the_password_and_signs_in(client, world, app):
    page = fill(client, reset_link(app, world.bell))

    assert page.status == 303
    assert "Your password is changed" in client.get("/maple/profile/sessions").text
    with app.app_context(), as_district(world.maple.id):
        assert world.bell.account().knows(NEW)
        assert not world.bell.account().knows(PASSWORD)


def test_it_works_once(client, world, app):
    path = reset_link(app, world.bell)
    fill(client, path)

    again = PageClient(app).get(path, status=410)

    assert "A link works once, for 60 minutes" in again.text


def test_of_two_at_once_the_second_gets_nothing(maple):
    link = OneTimeLink.make(maple.bell.account(), "reset")
    assert OneTimeLink.use(link.token, "reset") is link

    assert OneTimeLink.use(link.token, "reset") is None


def test_opening_it_uses_nothing_up(client, world, app):
    path = reset_link(app, world.bell)
    for _ in range(3):
        client.get(path, status=200)

    assert fill(client, path).status == 303


def test_it_works_for_an_hour(client, world, app):
    path = reset_link(app, world.bell)

    with clock.frozen(clock.now() + timedelta(minutes=59)):
        page = client.get(path, status=200)
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        client.get(path, status=410)
        assert client.submit(page, password=NEW, again=NEW).status == 410


def test_a_newer_link_ends_the_older(client, world, app):
    older = reset_link(app, world.bell)
    newer = reset_link(app, world.bell)

    client.get(older, status=410)
    client.get(newer, status=200)


def test_a_link_is_for_its_purpose_and_its_district_alone(client, world, app):
    path = reset_link(app, world.bell)

    client.get(path.replace("/resets/", "/invitations/"), status=410)
    client.get(path.replace("/maple/", "/birch/"), status=410)


def test_the_secret_is_not_in_the_database(client, world, app):
    token = reset_link(app, world.bell).rpartition("/")[2]

    with app.app_context(), as_district(world.maple.id):
        (row,) = db.session.scalars(select(OneTimeLink)).all()
        stored = {column.name: str(getattr(row, column.name)) for column in OneTimeLink.__table__.columns}
    assert len(token) == 32
    assert token not in stored.values()


def test_links_name_the_host_of_the_settings(client, world, app):
    page = client.get(
        "/maple/resets", base_url="http://evil.example", headers={"X-Forwarded-Host": "evil.example"}
    )

    assert page.status == 200
    with app.app_context(), as_district(world.maple.id):
        assert OneTimeLink.make(world.bell.account(), "reset").address.startswith(
            "http://localhost/maple/resets/"
        )


def test_a_new_password_ends_every_other_session(client, world, app):
    elsewhere = PageClient(app).sign_in(world.bell)
    fill(client, reset_link(app, world.bell))

    elsewhere.get("/maple/profile/sessions", status=303)


@pytest.mark.parametrize(
    "weak", ["short", "aaaaaaaaaaaaaaa", "password12345", "Bell-Nora-2026", "111111222222", "x" * 201]
)
def test_a_weak_password_is_refused_and_the_link_still_works(client, world, app, weak):
    path = reset_link(app, world.bell)

    refused = fill(client, path, weak)

    assert refused.status == 422
    assert refused.one("div", class_="error-summary").text
    assert fill(client, path).status == 303


def test_two_different_ones_are_refused(client, world, app):
    refused = fill(client, reset_link(app, world.bell), NEW, "another one entirely")

    assert "Type the same one twice." in refused.text


def test_asking_answers_the_same_for_everybody(client, world, app):
    def ask(email):
        page = client.submit(client.get("/maple/resets"), email=email)
        assert page.status == 303
        return client.follow(page).html

    known, unknown = ask(world.bell.email), ask("nobody@maple.example")
    with app.app_context(), as_district(world.maple.id):
        world.tess.account().state = "suspended"
        db.session.commit()

    assert known == unknown == ask(world.tess.email)
    with app.app_context(), as_district(world.maple.id):
        links = db.session.scalars(select(OneTimeLink.account_id)).all()
        bells = db.session.scalars(select(Work.job)).all()
    assert links == [world.bell.id]
    assert bells == ["jobs.auth.post_link"] * 3


def test_nobody_is_flooded_with_links(client, world):
    for _ in range(5):
        client.submit(client.get("/maple/resets"), email=world.bell.email, status=303)

    refused = client.submit(client.get("/maple/resets"), email=world.bell.email, status=429)
    stranger = client.submit(client.get("/maple/resets"), email="nobody@maple.example", status=303)

    assert "Wait" in refused.text
    assert stranger.status == 303


def test_a_suspended_account_is_not_opened_by_an_older_link(client, world, app):
    path = reset_link(app, world.bell)
    with app.app_context(), as_district(world.maple.id):
        world.bell.account().state = "suspended"
        db.session.commit()

    assert fill(client, path).status == 410


def test_an_invitation_opens_the_account_with_its_roles(client, world, app):
    page = fill(client, invite(app, world))

    assert page.status == 303
    assert "Welcome, Ann Newcomer." in client.get("/maple/profile/sessions").text
    with app.app_context(), as_district(world.maple.id):
        account = Account.with_address("NEW@maple.example ")
        assert account is not None
        assert account.state == "active"
        assert account.schools_of(Role.TECHNICIAN) == {world.maple.schools["Cedar"]}


def test_an_invited_account_has_no_password_to_guess(maple):
    inviting.invite(email="new@maple.example", name="Ann", roles=[], by=OPERATOR)
    account = Account.with_address("new@maple.example")

    assert account is not None
    assert not account.knows("")


def test_a_forgotten_invitation_is_sent_again_by_asking(maple):
    inviting.invite(email="new@maple.example", name="Ann", roles=[], by=OPERATOR)
    resetting.ask(email="new@maple.example", address="10.0.0.1")

    working = [link.purpose for link in db.session.scalars(select(OneTimeLink)) if link.still_works()]
    assert working == ["invite"]


def test_an_address_has_one_account(maple):
    with pytest.raises(Refused, match="already has an account"):
        inviting.invite(email=maple.bell.email.upper(), name="Bell", roles=[], by=OPERATOR)


def test_who_has_accepted_is_not_invited_again(maple):
    with pytest.raises(Refused, match="accepted already"):
        inviting.invite_again(maple.bell.account(), by=OPERATOR)


def test_an_action_refuses_what_a_page_would(maple):
    with pytest.raises(LinkUsedUp):
        resetting.set_password("forged", NEW)
    with pytest.raises(WeakPassword):
        resetting.set_password(OneTimeLink.make(maple.bell.account(), "reset").token, "short")
