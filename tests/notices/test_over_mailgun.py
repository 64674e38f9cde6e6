"""The desk's mail leaves by Mailgun, and what Mailgun tells of it counts if it is Mailgun, lately, and once.

Mailgun stands here as a fake of ours, for no peer that others wrote is known: it answers in the shapes of “Send an
email in MIME format” and “Webhook payload”, and signs as “Securing webhooks” says.
"""

import base64
import hmac
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import clock, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import MAILGUN
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.integrations.mailgun import client as mailgun_client
from app.notices.actions import delivery, setting_up
from app.notices.models.mail_setting import Choice, MailSetting
from app.notices.models.message import Message, State
from app.notices.models.muted_address import MutedAddress
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.world import Place, World

DOMAIN, KEY, SIGNING = "mg.maple.example", "a sending key of Maple", "the signing key of Maple"
EVENTS = "/in/mailgun/maple/events"


class Fake(ThreadingHTTPServer):
    """`trouble`: "cut", "words", or a status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.sent: list[tuple[dict[str, str], EmailMessage]] = []
        self.trouble: Callable[[], str] = lambda: ""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Answering(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        wrong = self.server.trouble()
        words = base64.b64encode(f"api:{KEY}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {words}":
            self._say(401, b"Forbidden")
        elif self.path != f"/v3/{DOMAIN}/messages.mime":
            self._say(404, b'{"message": "Domain not found"}')
        elif wrong.isdigit():
            self._say(int(wrong), b'{"message": "As Mailgun says it."}')
        else:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            form = message_from_bytes(head + body, policy=policy.HTTP)
            fields = {
                str(part.get_param("name", header="content-disposition")): part for part in form.iter_parts()
            }
            inner = fields.pop("message").get_content()  # of message/rfc822: the mail itself
            raw = inner.as_bytes(policy=policy.SMTP)
            self.server.sent.append(
                (
                    {name: part.get_content().strip() for name, part in fields.items()},
                    message_from_bytes(raw, policy=policy.default),
                )
            )
            if wrong == "cut":
                self.close_connection = True
                self.connection.close()
            elif wrong == "words":
                self._say(200, b"Mailgun Magnificent API")
            else:
                self._say(200, b'{"id": "<one@mg.maple.example>", "message": "Queued. Thank you."}')

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def mailgun(monkeypatch: pytest.MonkeyPatch, mail_folder: Path) -> Iterator[Fake]:
    fake = Fake()
    thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    at = f"127.0.0.1:{fake.server_port}"
    monkeypatch.setattr(mailgun_client, "APIS", {"us": f"http://{at}", "eu": f"http://{at}"})
    monkeypatch.setitem(services._BY_KEY, MAILGUN, replace(services.service(MAILGUN), hosts=("127.0.0.1",)))
    use_settings(replace(get_settings(), egress_private_allowed=frozenset({at})))
    yield fake
    fake.shutdown()
    thread.join()
    fake.server_close()


@pytest.fixture
def account(maple: Place, mailgun: Fake) -> Fake:
    set_up()
    return mailgun


def set_up(**changes: Any) -> None:
    given = {
        "driver": "mailgun",
        "desk_address": "help@maple.example",
        "desk_name": "",
        "particulars": {"domain": DOMAIN, "region": "us"},
        "secret": KEY,
        "signing_key": SIGNING,
    }
    setting_up.set_up(Choice(**(given | changes)), by=SYSTEM)
    db.session.commit()


def reread(message_id: UUID) -> Message:
    db.session.expire_all()
    found = Message.find(message_id)
    assert found is not None
    return found


@pytest.fixture
def sent(world: World, account: Fake) -> Message:
    message = a_reply(world)
    delivery.deliver(message.id)
    return message


def told(message: Message, event: str, **more: Any) -> dict[str, Any]:
    return {
        "event": event,
        "id": "an-event",
        "timestamp": 1.0,
        "recipient": message.to_address,
        "message": {"headers": {"message-id": (message.message_id or "").strip("<>"), "subject": "Hello"}},
        **more,
    }


def tell(
    client: PageClient, event: dict[str, Any], *, key: str = SIGNING, age: float = 0, path: str = EVENTS
) -> int:
    at, token = str(int(clock.now().timestamp() - age)), "t" * 50
    signature = hmac.digest(key.encode(), f"{at}{token}".encode(), "sha256").hex()
    body = {"signature": {"timestamp": at, "token": token, "signature": signature}, "event-data": event}
    answer = client.browser.post(path, data=json.dumps(body), content_type="application/json")
    return int(answer.status_code)


def test_it_leaves_whole_and_untracked(sent: Message, account: Fake, world: World) -> None:
    ((fields, mail),) = account.sent

    assert fields == {"to": world.bell.email, "o:tracking": "no"}
    assert mail["Message-ID"] == sent.message_id
    assert "List-Unsubscribe" not in mail
    assert reread(sent.id).state == State.SENT


@pytest.mark.parametrize(
    ("trouble", "state", "sentence"),
    [
        ("402", State.QUEUED, "does not let this account send from mg.maple.example"),
        ("429", State.QUEUED, "slow down"),
        ("400", State.FAILED, "did not take the mail (400)"),
        ("413", State.FAILED, "mail of this size"),
        ("500", State.UNSURE, "nobody knows whether it arrived"),
        ("cut", State.UNSURE, "nobody knows whether it arrived"),
        ("words", State.UNSURE, "nobody knows whether it arrived"),
    ],
)
def test_what_went_wrong_is_told_truly(
    world: World, account: Fake, trouble: str, state: State, sentence: str
) -> None:
    account.trouble = lambda: trouble
    message = a_reply(world)

    delivery.deliver(message.id)

    assert reread(message.id).state == state
    assert sentence in reread(message.id).reason


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"secret": "guessed"}, "does not accept the API key"),
        ({"particulars": {"domain": "mg.birch.example", "region": "us"}}, "has no domain mg.birch.example"),
    ],
)
def test_a_wrong_setting_lets_the_mail_wait(
    world: World, maple: Place, mailgun: Fake, changes: dict[str, Any], sentence: str
) -> None:
    set_up(**changes)
    message = a_reply(world)

    delivery.deliver(message.id)

    assert reread(message.id).state == State.QUEUED
    assert sentence in reread(message.id).reason


# --- what it tells ------------------------------------------------------------------------------------------


def test_what_came_back_for_good_mutes_the_address_once(client: PageClient, sent: Message) -> None:
    event = told(
        sent, "failed", severity="permanent", **{"delivery-status": {"code": 550, "enhanced-code": "5.1.1"}}
    )

    assert tell(client, event) == 204

    came_back = reread(sent.id)
    assert (came_back.state, came_back.reason) == (
        State.BOUNCED,
        "It came back: the mailbox does not exist (5.1.1).",
    )
    muted = MutedAddress.holding(sent.to_address)
    assert muted is not None
    db.session.delete(muted)
    db.session.commit()
    assert tell(client, event) == 204
    assert MutedAddress.holding(sent.to_address) is None  # told again it is no news


def test_whoever_took_it_for_spam_is_not_written_to_by_itself(client: PageClient, sent: Message) -> None:
    tell(client, told(sent, "complained"))

    muted = MutedAddress.holding(sent.to_address)
    assert muted is not None
    assert muted.because == "its reader marked our mail as spam"
    assert reread(sent.id).state == State.SENT


def test_what_is_only_late_decides_nothing(client: PageClient, sent: Message) -> None:
    tell(client, told(sent, "failed", severity="temporary"))
    tell(client, told(sent, "opened"))

    assert reread(sent.id).state == State.SENT
    assert reread(sent.id).reason == "Not delivered yet: its mail server could not take it (4)."
    assert MutedAddress.count() == 0


def test_without_a_fresh_signature_nothing_counts(
    app: Flask, client: PageClient, sent: Message, world: World
) -> None:
    event = told(sent, "failed", severity="permanent")
    with app.app_context(), as_district(world.birch.id):
        set_up(desk_address="help@birch.example", signing_key="the key of Birch")

    assert tell(client, event, key=KEY) == 403  # the API key is another
    assert tell(client, event, key="") == 403
    assert tell(client, event, age=16 * 60) == 403
    assert tell(client, event, path="/in/mailgun/nowhere/events") == 403
    assert tell(client, event, path="/in/mailgun/birch/events") == 403
    assert client.browser.post(EVENTS, data="[]", content_type="application/json").status_code == 403
    assert client.browser.post(EVENTS, data=b"\xff").status_code == 403
    assert tell(client, event, key="the key of Birch", path="/in/mailgun/birch/events") == 204

    assert reread(sent.id).state == State.SENT
    assert MutedAddress.count() == 0


@pytest.mark.parametrize(
    "change", [{"recipient": "else@maple.example"}, {"message": {"headers": {}}}, {"message": 7}]
)
def test_what_names_no_mail_of_ours_is_passed_over(
    client: PageClient, sent: Message, change: dict[str, Any]
) -> None:
    assert tell(client, told(sent, "failed", severity="permanent") | change) == 204

    assert reread(sent.id).state == State.SENT


# --- the page -----------------------------------------------------------------------------------------------


def test_an_admin_chooses_it_and_no_key_is_shown(
    client: PageClient, app: Flask, world: World, mailgun: Fake
) -> None:
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/mail-settings")
    assert "http://localhost/in/mailgun/maple/events" in page.text
    chosen = {"driver": "mailgun", "region": "eu", "api_key": KEY, "signing_key": SIGNING}
    refused = admin.submit(page, "/mail-settings", status=422, **chosen, domain="../v4")
    assert "Write the domain as Mailgun has it" in refused.text

    saved = admin.follow(admin.submit(page, "/mail-settings", status=303, **chosen, domain=DOMAIN))
    assert KEY not in saved.html
    assert SIGNING not in saved.html
    with app.app_context(), as_district(world.maple.id):
        kept = MailSetting.of_this_district()
        assert kept is not None
        assert (kept.secret, kept.signing_key) == (KEY, SIGNING)
        assert kept.particulars == {"domain": DOMAIN, "region": "eu"}
        assert services.is_on(MAILGUN)

    again = admin.submit(admin.get("/maple/mail-settings"), "/mail-settings", status=422, region="us")
    assert "Enter the secret." in again.text


def test_old_signatures_are_a_quarter_of_an_hour_at_most(client: PageClient, sent: Message) -> None:
    event = told(sent, "complained")
    with clock.frozen(clock.now() + timedelta(minutes=14)):
        assert tell(client, event, age=14 * 60) == 204
