"""From the row to a real mail server, encrypted and signed in, and what became of it back in the row."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock, egress, services
from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.core.services import DISTRICT_RELAY
from app.core.settings import get_settings, use_settings
from app.integrations.mailbox.parse import parse
from app.notices.actions import delivery, message_ids
from app.notices.actions.compose import Thread
from app.notices.models.mail_setting import MailSetting
from app.notices.models.message import Message, State
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, PASSWORD, USER, Peer
from tests.notices.letters import a_reply
from tests.world import Place, World


@pytest.fixture
def peer(maple: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """Maple's own mail server: STARTTLS, a password, and nothing without them."""
    peer = Peer()
    server_side, client_side = mail_server.certificate(tmp_path)
    monkeypatch.setattr(egress, "_trusted", lambda: client_side)
    server = mail_server.start(
        peer,
        tls_context=server_side,
        require_starttls=True,
        authenticator=mail_server.check_password,
        auth_required=True,
    )
    nearby = frozenset({f"{HOST}:{server.port}"})
    use_settings(dataclasses.replace(get_settings(), egress_private_allowed=nearby))
    db.session.add(
        MailSetting(
            driver="smtp", host=HOST, port=server.port, security="starttls", username=USER, password=PASSWORD
        )
    )
    services.turn(DISTRICT_RELAY, True, SYSTEM, HOST)
    db.session.commit()
    yield peer
    server.stop(no_assert=True)


def delivered(message: Message) -> Message:
    delivery.deliver(message.id)
    db.session.refresh(message)
    return message


def test_it_arrives_threaded_and_its_answer_is_known(world: World, peer: Peer) -> None:
    ticket = uuid7()
    thread = Thread(ticket, "<two@mail.example>", ("<one@mail.example>",), began_by_mail=True)

    message = delivered(a_reply(world, ticket, thread=thread))

    assert message.state == State.SENT
    assert peer.encrypted == [True]
    ((envelope, recipients, raw),) = peer.got
    mail = parse(raw)
    assert recipients == [world.bell.email]
    assert mail.in_reply_to == ("<two@mail.example>",)
    assert mail.references[0].startswith("<fo.maple.ticket.1001.")
    assert mail.references[1:] == ("<one@mail.example>", "<two@mail.example>")
    assert mail.subject == "Re: The projector"
    assert mail.automatic_because == "Auto-Submitted: auto-generated"
    for answered in (
        message_ids.read_message_id(mail.message_id or ""),
        message_ids.read_reply_to(mail.reply_to[0].address),
        message_ids.read_envelope(envelope),
    ):
        assert answered is not None
        assert (answered.ticket_id, answered.to_person_id) == (ticket, world.bell.person_id)


def test_a_refusal_is_a_sentence_in_the_log(world: World, peer: Peer) -> None:
    peer.answers_rcpt[world.bell.email] = "550 5.1.1 Unknown"

    message = delivered(a_reply(world))
    assert message.state == State.FAILED
    assert message.reason == "The mail server refused the recipient's address (550 5.1.1)."


def test_a_dead_server_comes_back_and_the_mail_leaves_once(world: World, peer: Peer) -> None:
    peer.answers_data = "451 4.3.0 Not now"
    message = delivered(a_reply(world))
    assert (message.state, message.attempts) == (State.QUEUED, 1)
    assert "(451 4.3.0)" in message.reason
    peer.got.clear()
    peer.answers_data = "250 2.0.0 Taken"

    with clock.frozen(clock.now() + timedelta(minutes=2)):
        delivered(message)
    assert (message.state, len(peer.got)) == (State.SENT, 1)


def test_silence_after_the_mail_leaves_it_to_a_person(world: World, peer: Peer) -> None:
    peer.hangs_up_after_data = True

    message = delivered(a_reply(world))
    assert message.state == State.UNSURE
    assert message.may_be_sent_again


def test_switched_off_nothing_leaves(world: World, peer: Peer) -> None:
    services.turn(DISTRICT_RELAY, False, SYSTEM)
    db.session.commit()

    message = delivered(a_reply(world))
    assert message.state == State.QUEUED
    assert peer.got == []
