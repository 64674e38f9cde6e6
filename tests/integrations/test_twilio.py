"""Twilio's own library over egress: sending, asking, and every way in which it goes wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.core import clock, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.mail_driver import OutcomeUnknown
from app.core.queue import PermanentFailure, TryAgain
from app.core.services import TWILIO
from app.core.tenancy import as_district
from app.integrations.twilio import hearing, words
from app.integrations.twilio.client import Stopped, Twilio
from tests import emulated, needs, twilio_fake
from tests.twilio_fake import ACCOUNT, KEY, NUMBER, SECRET, Fake
from tests.world import World

TO = "+13125550143"
SEED = "twilio: {}\n"
EMULATED_TOKEN = "twilio_test_auth_token"


@dataclass(frozen=True)
class Peer:
    """Where it is, and an account there."""

    at: str
    account: Twilio


@pytest.fixture
def fake() -> Iterator[Fake]:
    with twilio_fake.running() as one:
        yield one


@pytest.fixture(scope="module")
def emulated_twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Peer]]:
    """npm's emulate, started when it is first asked for."""
    started: list[Peer] = []
    ends: list[object] = []

    def start() -> Peer:
        if not started:
            node, modules = needs.peers()
            if not (modules / "emulate").is_dir():
                needs.missing("PEERS", "The peers of tests/peers are older than this test: make setup.")
            running = emulated.running(
                node, modules, tmp_path_factory.mktemp("emulate"), service="twilio", seeded=SEED
            )
            server = running.__enter__()
            ends.append(running)
            started.append(Peer(server.at, Twilio(ACCOUNT, ACCOUNT, EMULATED_TOKEN, NUMBER)))
        return started[0]

    yield start
    for one in ends:
        one.__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[None]:
    with app.app_context(), as_district(world.maple.id):
        services.turn(TWILIO, True, SYSTEM)
        db.session.commit()
        yield


@pytest.fixture(params=["fake", "emulated"])
def peer(
    request: pytest.FixtureRequest,
    maple: None,
    fake: Fake,
    emulated_twilio: Callable[[], Peer],
    monkeypatch: pytest.MonkeyPatch,
) -> Peer:
    ours = Peer(fake.at, Twilio(ACCOUNT, KEY, SECRET, NUMBER))
    one = ours if request.param == "fake" else emulated_twilio()
    twilio_fake.stand_in(monkeypatch, one.at)
    return one


@pytest.fixture
def account(maple: None, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Twilio:
    twilio_fake.stand_in(monkeypatch, fake.at)
    return Twilio(ACCOUNT, KEY, SECRET, NUMBER)


# --- of both ------------------------------------------------------------------------------------------------


def test_a_text_is_sent_and_looked_up(peer: Peer) -> None:
    began = clock.now() - timedelta(minutes=1)
    posted = peer.account.send(TO, "Leo was not in school today.")

    assert posted.sid.startswith("SM")
    assert posted.status == "queued"
    assert peer.account.look_up(posted.sid) == posted
    assert peer.account.alike(TO, "Leo was not in school today.", began, ()) == posted
    assert peer.account.alike(TO, "Leo was not in school today.", began, {posted.sid}) is None
    assert peer.account.alike(TO, "Something else.", began, ()) is None
    assert peer.account.alike("+13125550199", "Leo was not in school today.", began, ()) is None


def test_what_was_sent_before_is_another_text(peer: Peer) -> None:
    peer.account.send(TO, "The same words each day.")

    later = clock.now() + timedelta(minutes=2)
    assert peer.account.alike(TO, "The same words each day.", later, ()) is None


def test_the_account_is_tried_out(peer: Peer) -> None:
    assert "the key opens the account" in peer.account.try_out()


def test_a_wrong_key_is_no_fault_of_the_text(peer: Peer) -> None:
    locked_out = replace(peer.account, key_secret="guessed")

    with pytest.raises(TryAgain, match="does not accept the API key"):
        locked_out.send(TO, "Hello.")


def test_a_sender_of_somebody_else_is_no_fault_of_the_text(peer: Peer) -> None:
    with pytest.raises(TryAgain, match="sender is no number of the Twilio account"):
        replace(peer.account, sender="+15550001111").send(TO, "Hello.")


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_nothing_but_what_is_promised_passes(account: Twilio, fake: Fake) -> None:
    account.send(TO, "Hello.", "https://desk.example/in/twilio/maple/statuses/1")
    replace(account, sender="MG" + "2" * 32).send(TO, "Hello.")

    assert fake.asked == [
        "POST ['Body', 'From', 'StatusCallback', 'To']",
        "POST ['Body', 'MessagingServiceSid', 'To']",
    ]


def test_whatever_else_was_to_pass_does_not(account: Twilio, fake: Fake) -> None:
    with (
        pytest.raises(PermanentFailure, match="Nothing but a number and a text"),
        account._library() as library,
    ):
        library.messages.create(
            to=TO, body="Hello.", from_=NUMBER, media_url=["https://desk.example/leo.jpg"]
        )

    assert fake.texts == []


@pytest.mark.parametrize(
    ("trouble", "raises", "sentence"),
    [
        ("21610", Stopped, "answered STOP"),
        ("21211", PermanentFailure, "no phone number"),
        ("21614", PermanentFailure, "no mobile phone"),
        ("99999", PermanentFailure, "could not be delivered. \\(99999\\)"),
        ("21408", TryAgain, "this country"),
        ("429", TryAgain, "slow down"),
        ("500", OutcomeUnknown, "nobody knows"),
        ("cut", OutcomeUnknown, "nobody knows"),
        ("lost", OutcomeUnknown, "nobody knows"),
        ("html", OutcomeUnknown, "nobody knows"),
    ],
)
def test_each_trouble_is_one_of_three_outcomes(
    account: Twilio, fake: Fake, trouble: str, raises: type[Exception], sentence: str
) -> None:
    fake.trouble = lambda to: trouble

    with pytest.raises(raises, match=sentence):
        account.send(TO, "Hello.")


def test_who_does_not_answer_the_door_has_nothing(
    account: Twilio, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    twilio_fake.stand_in(monkeypatch, "127.0.0.1:9")

    with pytest.raises(TryAgain, match="could not be reached"):
        account.send(TO, "Hello.")


def test_turned_off_it_is_not_called(account: Twilio, fake: Fake) -> None:
    services.turn(TWILIO, False, SYSTEM)
    db.session.commit()

    with pytest.raises(TryAgain, match="not turned on"):
        account.send(TO, "Hello.")
    assert fake.asked == []


def test_every_word_for_people_is_a_sentence() -> None:
    for sentence in (*words.ACCOUNT.values(), *words.FINAL.values()):
        assert sentence[0].isupper()
        assert sentence.endswith((".", ")."))
    assert not set(words.ACCOUNT) & set(words.FINAL)


# --- what it tells by itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("STOP", "stop"),
        (" stop. ", "stop"),
        ("Stopall", "stop"),
        ("UNSUBSCRIBE", "stop"),
        ("cancel", "stop"),
        ("End", "stop"),
        ("quit!", "stop"),
        ("REVOKE", "stop"),
        ("OPTOUT", "stop"),
        ("opt-out", "stop"),
        ("“Stop”", "stop"),
        ("START", "start"),
        ("unstop", "start"),
        ("Yes", "start"),
        ("HELP", "help"),
        ("info", "help"),
        ("Please do not stop the bus", ""),
        ("end of the month?", ""),
        ("", ""),
    ],
)
def test_a_word_counts_where_it_is_all_that_is_said(body: str, word: str) -> None:
    told = hearing.answered({"MessageSid": "SM" + "a" * 32, "From": TO, "Body": body})

    assert told is not None
    assert (told.word, told.is_answered) == (word, False)


def test_what_twilio_itself_took_it_for_counts_first() -> None:
    form = {"MessageSid": "SM" + "a" * 32, "From": TO, "Body": "Basta", "OptOutType": "STOP"}
    told = hearing.answered(form)

    assert told is not None
    assert (told.word, told.is_answered) == ("stop", True)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"MessageSid": "SM1", "From": TO},
        {"MessageSid": "SM" + "a" * 32, "From": "anonymous"},
        {"MessageSid": "SM" + "a" * 32, "From": "+1" + "2" * 40},
    ],
)
def test_what_is_no_text_is_none(form: dict[str, str]) -> None:
    assert hearing.answered(form) is None
    assert hearing.news(form) is None


def test_a_signature_is_over_every_field_that_came() -> None:
    from twilio.request_validator import RequestValidator

    address = "https://desk.example/in/twilio/maple/messages"
    form = MultiDict([("From", TO), ("MediaUrl", "b"), ("MediaUrl", "a"), ("New", "field")])
    signature = RequestValidator("token").compute_signature(address, form)

    assert hearing.is_from_twilio("token", address, form, signature)
    assert not hearing.is_from_twilio("another", address, form, signature)
    assert not hearing.is_from_twilio("token", address.replace("https", "http"), form, signature)
    assert not hearing.is_from_twilio("token", address, MultiDict(form.items(multi=False)), signature)
    assert not hearing.is_from_twilio("token", address, form, "")
    assert not hearing.is_from_twilio(
        "", address, form, RequestValidator("").compute_signature(address, form)
    )
