"""The desk's mail leaves from a mailbox of Google Workspace: carried whole, and what went wrong is told truly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import GOOGLE_MAIL
from app.core.tenancy import as_district
from app.integrations.google_mail.client import SCOPE, GmailDoor
from app.notices.actions import delivery, setting_up
from app.notices.models.mail_setting import Choice, MailSetting
from app.notices.models.message import Message, State
from tests import emulated, gmail_fake, needs
from tests.directory_people import key_file
from tests.gmail_fake import Fake
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.world import Place, World

SEED = "google:\n  users:\n    - email: help@maple.example\n      name: Maple Help Desk\n"
RAW = (
    b"From: help@maple.example\r\nTo: bell@maple.example\r\nSubject: Hello\r\n"
    b"Message-ID: <one@maple.example>\r\n\r\nIs it plugged in?\r\n"
)


@pytest.fixture
def gmail(monkeypatch: pytest.MonkeyPatch, mail_folder: Path) -> Iterator[Fake]:
    with gmail_fake.running() as fake:
        gmail_fake.stand_in(monkeypatch, fake.at)
        yield fake


@pytest.fixture
def mailbox(maple: Place, gmail: Fake) -> Fake:
    set_up()
    return gmail


def set_up(**changes: Any) -> None:
    given = {"driver": "gmail", "desk_address": "help@maple.example", "desk_name": "", "secret": key_file()}
    setting_up.set_up(Choice(**(given | changes)), by=SYSTEM)
    db.session.commit()


def reread(message_id: UUID) -> Message:
    db.session.expire_all()
    found = Message.find(message_id)
    assert found is not None
    return found


def test_it_leaves_whole_in_the_desks_name_with_the_right_to_send_alone(world: World, mailbox: Fake) -> None:
    message = a_reply(world)

    delivery.deliver(message.id)

    (mail,) = mailbox.sent
    assert mail["Message-ID"] == message.message_id
    assert mail["To"].addresses[0].addr_spec == world.bell.email
    assert "List-Unsubscribe" not in mail
    assert mailbox.acted_for == [("help@maple.example", SCOPE)]
    assert reread(message.id).state == State.SENT


def test_the_library_tells_nothing_of_the_machine(world: World, mailbox: Fake) -> None:
    delivery.deliver(a_reply(world).id)

    said = mailbox.heard[-1]
    assert said["User-Agent"] == "FrontOffice"
    assert not {name for name in said if name.lower().startswith("x-goog")}


@pytest.mark.parametrize(
    ("trouble", "state", "sentence"),
    [
        ("401 authError", State.QUEUED, "does not accept the token"),
        ("403 forbidden", State.QUEUED, "does not let the service account send from help@maple.example"),
        ("403 userRateLimitExceeded", State.QUEUED, "slow down"),
        ("403 accessNotConfigured", State.QUEUED, "Gmail API is not turned on"),
        ("400 failedPrecondition", State.QUEUED, "has no mailbox"),
        ("429 rateLimitExceeded", State.QUEUED, "slow down"),
        ("400 invalidArgument", State.FAILED, "did not take the mail (400)"),
        ("413 uploadTooLarge", State.FAILED, "mail of this size"),
        ("500 backendError", State.UNSURE, "nobody knows whether it arrived"),
        ("cut", State.UNSURE, "nobody knows whether it arrived"),
        ("html", State.UNSURE, "nobody knows whether it arrived"),
    ],
)
def test_what_went_wrong_is_told_truly(
    world: World, mailbox: Fake, trouble: str, state: State, sentence: str
) -> None:
    mailbox.trouble = lambda: trouble
    message = a_reply(world)

    delivery.deliver(message.id)

    told = reread(message.id)
    assert told.state == state
    assert sentence in told.reason
    assert len(mailbox.acted_for) == 1  # nothing was tried again


def test_without_a_token_nobody_has_it_and_it_waits(world: World, maple: Place, gmail: Fake) -> None:
    set_up(desk_address="nobody@maple.example")
    message = a_reply(world)

    delivery.deliver(message.id)

    assert reread(message.id).state == State.QUEUED
    assert "knows no such account as nobody@maple.example" in reread(message.id).reason
    assert gmail.sent == []


def test_a_gmail_that_others_wrote_takes_it(
    maple: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, modules = needs.peers()
    services.turn(GOOGLE_MAIL, True, SYSTEM)
    db.session.commit()
    with emulated.running(node, modules, tmp_path, service="google", seeded=SEED) as server:
        gmail_fake.stand_in(monkeypatch, server.at)
        door = GmailDoor(lambda client: "test_token_admin", "help@maple.example")

        assert door.send(RAW, "", ["bell@maple.example"]).accepted == ("bell@maple.example",)

        with httpx.Client(
            base_url=server.url, headers={"Authorization": "Bearer test_token_admin"}, trust_env=False
        ) as reader:
            (one,) = reader.get("/gmail/v1/users/me/messages", params={"labelIds": "SENT"}).json()["messages"]
            told = reader.get(
                f"/gmail/v1/users/me/messages/{one['id']}", params={"format": "metadata"}
            ).json()
    headers = {one["name"].lower(): one["value"] for one in told["payload"]["headers"]}
    assert headers["subject"] == "Hello"
    assert headers["message-id"] == "<one@maple.example>"


def test_an_admin_chooses_it_and_the_key_is_not_shown(
    client: PageClient, app: Flask, world: World, gmail: Fake
) -> None:
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/mail-settings")
    refused = admin.submit(page, "/mail-settings", status=422, driver="gmail", key_file="{}")
    assert "another kind of key" in refused.text

    saved = admin.follow(
        admin.submit(page, "/mail-settings", status=303, driver="gmail", key_file=key_file())
    )
    assert "PRIVATE KEY" not in saved.html
    with app.app_context(), as_district(world.maple.id):
        kept = MailSetting.of_this_district()
        assert kept is not None
        assert (kept.driver, kept.secret) == ("gmail", key_file())
        assert "PRIVATE KEY" not in str(db.session.execute(text("select t::text from mail_settings t")).all())
        assert services.is_on(GOOGLE_MAIL)
