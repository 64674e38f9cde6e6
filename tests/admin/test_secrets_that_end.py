"""A secret with a last day is told of 60, 30 and 7 days before and on that day, whatever row holds it."""

from datetime import UTC, date, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app.auth.actions import registering
from app.auth.models.sign_in_provider import SignInProvider
from app.core import clock, expiring
from app.core.db import db
from app.core.expiring import Expiring
from app.core.records import every_model
from app.core.tenancy import as_district
from app.notices.models.message import Message
from app.roster.models.roster_connection import RosterConnection
from jobs import find
from tests.page_client import PageClient
from tests.world import World

LAST_DAY = date(2027, 3, 1)
HERE = "/maple/admin/services/google_sign_in"


def registered(app: Flask, world: World, **changes: object) -> None:
    given: dict[str, object] = {
        "client_id": "abc",
        "client_secret": "a secret",
        "secret_expires_on": LAST_DAY,
    }
    with app.app_context(), as_district(world.maple.id):
        registering.change("google", **{**given, **changes})
        db.session.commit()


def told(app: Flask, world: World) -> list[str]:
    """The subjects of what was written, after the job of one morning."""
    with app.app_context(), as_district(world.maple.id):
        find("jobs.admin.remind_of_secrets")()
        db.session.commit()
        return list(db.session.scalars(select(Message.subject).order_by(Message.id)))


def in_days(days: int) -> datetime:
    return datetime(2027, 3, 1, 18, tzinfo=UTC) - timedelta(days=days)


def test_admins_hear_on_each_of_the_days_once(app: Flask, world: World) -> None:
    registered(app, world)
    heard: dict[int, str] = {}
    for days in range(62, -3, -1):
        with clock.frozen(in_days(days)):
            before = len(heard)
            subjects = told(app, world)
            if len(subjects) > before:
                heard[days] = subjects[-1]

    assert heard == {
        60: "The secret for signing in with Google ends in 60 days",
        30: "The secret for signing in with Google ends in 30 days",
        7: "The secret for signing in with Google ends in 7 days",
        0: "The secret for signing in with Google ends today",
    }
    with app.app_context(), as_district(world.maple.id):
        mails = db.session.scalars(select(Message)).all()
        assert {mail.to_address for mail in mails} == {world.adams.email}
        assert "Nobody can sign in with Google." in mails[0].text


def test_whoever_was_away_hears_once_of_the_nearest(app: Flask, world: World) -> None:
    registered(app, world)
    with clock.frozen(in_days(5)):
        assert told(app, world) == ["The secret for signing in with Google ends in 5 days"]
    with clock.frozen(in_days(4)):
        assert len(told(app, world)) == 1


def test_a_new_secret_is_reminded_of_anew_and_the_same_is_not(app: Flask, world: World) -> None:
    registered(app, world)
    with clock.frozen(in_days(5)):
        told(app, world)
        registered(app, world, client_secret="")
        assert len(told(app, world)) == 1
        registered(app, world, client_secret="another")
        assert len(told(app, world)) == 2


def test_without_a_day_nobody_is_told(app: Flask, world: World) -> None:
    registered(app, world, secret_expires_on=None)
    with clock.frozen(in_days(-400)):
        assert told(app, world) == []


def test_the_pages_of_the_admin_say_it(app: Flask, world: World) -> None:
    admin = PageClient(app).sign_in(world.adams)
    soon = clock.now().date() + timedelta(days=20)
    page = admin.get(HERE)
    admin.submit(
        page,
        "/registration",
        client_id="abc",
        client_secret="a secret",
        secret_expires_on=soon.isoformat(),
        status=303,
    )

    assert "The secret ends soon" in admin.get(HERE).text
    assert "The secret for signing in with Google ends soon" in admin.get("/maple/admin").text
    registered(app, world, secret_expires_on=clock.now().date() - timedelta(days=3))
    assert "The secret has ended" in admin.get(HERE).text
    assert "The secret for signing in with Google has ended" in admin.get("/maple/admin").text


def test_each_row_that_holds_one_is_found_by_its_model(app: Flask, world: World) -> None:
    registered(app, world)

    assert {SignInProvider, RosterConnection} <= {one for one in every_model() if issubclass(one, Expiring)}
    with app.app_context(), as_district(world.maple.id):
        assert [one.secret_of for one in expiring.all_expiring()] == ["signing in with Google"]


def test_birch_hears_nothing_of_maples(app: Flask, world: World) -> None:
    registered(app, world)
    with clock.frozen(in_days(5)), app.app_context(), as_district(world.birch.id):
        find("jobs.admin.remind_of_secrets")()
        db.session.commit()
        assert db.session.scalars(select(Message)).all() == []
