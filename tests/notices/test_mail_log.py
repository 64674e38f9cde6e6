"""The mail log: an admin sees what became of each mail, never what it says."""

from pathlib import Path

from flask import Flask

from app.core.db import db
from app.core.tenancy import as_district
from app.notices.models.message import Message, State
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.world import World


def some_mail(
    app: Flask, world: World, count: int = 1, state: State = State.FAILED, reason: str = "It is full."
) -> Message:
    with app.app_context(), as_district(world.maple.id):
        for _ in range(count):
            message = a_reply(world)
            message.state, message.reason = state, reason
        db.session.commit()
        db.session.refresh(message)
        db.session.expunge(message)
        return message


def test_it_shows_what_became_of_each_and_not_a_word_of_it(
    client: PageClient, app: Flask, world: World, mail_folder: Path
) -> None:
    some_mail(app, world)

    shown = client.sign_in(world.adams).get("/maple/mail-log", status=200)
    for words in ("Answer", "#1001", "Failed", "It is full.", world.bell.email, "Send again"):
        assert words in shown.text
    for private in ("projector", "plugged"):
        assert private not in shown.html


def test_it_can_be_asked_for_one_state(
    client: PageClient, app: Flask, world: World, mail_folder: Path
) -> None:
    some_mail(app, world)
    client.sign_in(world.adams)

    assert "It is full." in client.get("/maple/mail-log?show=failed").text
    assert "It is full." not in client.get("/maple/mail-log?show=sent").text
    assert "It is full." in client.get("/maple/mail-log?show=nonsense&before=nonsense", status=200).text


def test_a_long_log_has_pages(client: PageClient, app: Flask, world: World, mail_folder: Path) -> None:
    some_mail(app, world, count=60)
    client.sign_in(world.adams)

    first = client.get("/maple/mail-log")
    second = client.get(first.one("a", rel="next")["href"])
    seen = [{row["id"] for row in page.all("tr") if row.get("id")} for page in (first, second)]
    assert [len(one) for one in seen] == [50, 10]
    assert seen[0].isdisjoint(seen[1])


def test_an_admin_sends_it_again(client: PageClient, app: Flask, world: World, mail_folder: Path) -> None:
    message = some_mail(app, world)
    client.sign_in(world.adams)

    answer = client.follow(client.submit(client.get("/maple/mail-log"), "/again"))
    assert "on its way again" in answer.text
    assert "Waiting" in answer.text
    twice = client.follow(client.post(f"/maple/mail-log/{message.id}/again"))
    assert "nothing to send again" in twice.text


def test_nobody_else_sees_or_sends(client: PageClient, app: Flask, world: World, mail_folder: Path) -> None:
    message = some_mail(app, world)

    for who in (world.bell, world.tess, world.lena):
        client.sign_in(who)
        client.get("/maple/mail-log", status=404)
        client.post(f"/maple/mail-log/{message.id}/again", status=404)
        client.get("/maple/mail-settings", status=404)
    client.sign_in(world.avery)
    client.post(f"/birch/mail-log/{message.id}/again", status=404)
    assert "It is full." not in client.get("/birch/mail-log", status=200).text


def test_the_audit_log_knows_that_and_not_what(
    client: PageClient, app: Flask, world: World, mail_folder: Path
) -> None:
    from app.core.audit import AuditEntry

    message = some_mail(app, world)
    with app.app_context(), as_district(world.maple.id):
        entries = db.session.query(AuditEntry).where(AuditEntry.which == message.id).all()
        told = repr([(one.did, one.changes) for one in entries])

    assert "plugged" not in told
    assert "projector" not in told
