"""The desk's mail leaves from a mailbox of Microsoft 365: carried whole, and what went wrong is told truly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from app.core import clock, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import DISTRICT_RELAY, MICROSOFT_MAIL
from app.core.tenancy import as_district
from app.notices.actions import delivery, setting_up
from app.notices.models.mail_setting import Choice, MailSetting
from app.notices.models.message import Message, State
from tests import graph_fake
from tests.graph_fake import CLIENT, SECRET, TENANT, Fake
from tests.notices.letters import a_reply
from tests.page_client import Page, PageClient
from tests.world import Place, World


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch, mail_folder: Path) -> Iterator[Fake]:
    with graph_fake.running() as fake:
        graph_fake.stand_in(monkeypatch, fake.at)
        yield fake


@pytest.fixture
def mailbox(maple: Place, graph: Fake) -> Fake:
    set_up()
    return graph


def set_up(**changes: Any) -> None:
    given = {
        "driver": "graph",
        "desk_address": "help@maple.example",
        "desk_name": "",
        "particulars": {"tenant": TENANT, "client_id": CLIENT},
        "secret": SECRET,
    }
    setting_up.set_up(Choice(**(given | changes)), by=SYSTEM)
    db.session.commit()


def reread(message_id: UUID) -> Message:
    db.session.expire_all()
    found = Message.find(message_id)
    assert found is not None
    return found


def test_it_leaves_whole(world: World, mailbox: Fake) -> None:
    message = a_reply(world)

    delivery.deliver(message.id)

    ((box, mail),) = mailbox.sent
    assert box == "help@maple.example"
    assert mail["Message-ID"] == message.message_id
    assert mail["To"].addresses[0].addr_spec == world.bell.email
    assert mail["Auto-Submitted"] == "auto-generated" or mail["Auto-Submitted"]
    assert "List-Unsubscribe" not in mail
    assert "Is it plugged in?" in mail.get_body(("plain",)).get_content()
    assert reread(message.id).state == State.SENT


@pytest.mark.parametrize(
    ("trouble", "state", "sentence"),
    [
        ("401 InvalidAuthenticationToken", State.QUEUED, "does not accept the desk’s token"),
        ("403 ErrorAccessDenied", State.QUEUED, "Grant it Mail.Send for this mailbox. (ErrorAccessDenied)"),
        ("404 ErrorInvalidUser", State.QUEUED, "has no mailbox help@maple.example"),
        ("429 TooManyRequests", State.QUEUED, "asks us to slow down"),
        ("503 ServiceUnavailable", State.QUEUED, "asks us to slow down"),
        ("400 ErrorInvalidRecipients", State.FAILED, "did not take the mail. (ErrorInvalidRecipients)"),
        ("413 ErrorMessageSizeExceeded", State.FAILED, "mail of this size"),
        ("500 generalException", State.UNSURE, "nobody knows whether it arrived"),
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


def test_what_nobody_knows_goes_once(world: World, mailbox: Fake) -> None:
    mailbox.trouble = lambda: "cut"
    message = a_reply(world)

    for _ in range(3):
        delivery.deliver(message.id)
        delivery.send_what_is_due()

    assert len(mailbox.sent) == 1


def test_without_a_token_nobody_has_it_and_it_waits(world: World, maple: Place, graph: Fake) -> None:
    set_up(secret="guessed")
    message = a_reply(world)

    delivery.deliver(message.id)

    waiting = reread(message.id)
    assert waiting.state == State.QUEUED
    assert "does not accept the client secret" in waiting.reason
    assert waiting.next_try_at is not None
    assert waiting.next_try_at > clock.now()
    assert graph.sent == []


def test_turned_off_nothing_passes(world: World, mailbox: Fake) -> None:
    services.turn(MICROSOFT_MAIL, False, SYSTEM)
    db.session.commit()
    message = a_reply(world)

    delivery.deliver(message.id)

    assert reread(message.id).state == State.QUEUED
    assert mailbox.asked == []


def test_a_worker_taken_over_hands_nothing_over(
    world: World, mailbox: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last moment at which nobody has it is before the call, and after the token."""
    message_id = a_reply(world).id

    def taken_over(parcel: object) -> None:
        assert mailbox.asked == [f"/{TENANT}/oauth2/v2.0/token"]
        raise delivery._TakenOver

    monkeypatch.setattr(delivery, "_mark", taken_over)
    delivery.deliver(message_id)

    assert mailbox.sent == []


# --- the page -----------------------------------------------------------------------------------------------


def save(admin: PageClient, status: int | None = 303, **fields: str) -> Page:
    return admin.submit(admin.get("/maple/mail-settings"), "/mail-settings", status=status, **fields)


def test_an_admin_chooses_it_and_the_secret_is_not_shown(
    client: PageClient, app: Flask, world: World, graph: Fake
) -> None:
    admin = client.sign_in(world.adams)
    shown = admin.follow(save(admin, driver="graph", tenant=TENANT.upper(), client_id=CLIENT, secret=SECRET))

    assert SECRET not in shown.html
    assert TENANT in shown.html
    with app.app_context(), as_district(world.maple.id):
        kept = MailSetting.of_this_district()
        assert kept is not None
        assert (kept.driver, kept.secret) == ("graph", SECRET)
        assert SECRET not in str(db.session.execute(text("select t::text from mail_settings t")).all())
        assert services.is_on(MICROSOFT_MAIL)

    save(admin, driver="graph", desk_name="Technology")
    save(admin, driver="smtp", host="smtp.maple.example")
    with app.app_context(), as_district(world.maple.id):
        assert not services.is_on(MICROSOFT_MAIL)
        assert services.is_on(DISTRICT_RELAY)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tenant": "common"}, "Copy the tenant ID from Entra"),
        ({"client_id": ""}, "Copy the application ID from Entra"),
        ({"secret": ""}, "Enter the secret."),
    ],
)
def test_what_is_missing_is_told(
    client: PageClient, world: World, graph: Fake, changes: dict[str, str], sentence: str
) -> None:
    given = {"driver": "graph", "tenant": TENANT, "client_id": CLIENT, "secret": SECRET} | changes

    assert sentence in save(client.sign_in(world.adams), status=422, **given).text


def test_a_secret_goes_to_no_other_tenant(client: PageClient, world: World, graph: Fake) -> None:
    admin = client.sign_in(world.adams)
    save(admin, driver="graph", tenant=TENANT, client_id=CLIENT, secret=SECRET)

    refused = save(admin, status=422, tenant="1" + TENANT[1:])

    assert "Enter the secret." in refused.text
