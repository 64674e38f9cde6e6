"""What Twilio tells counts if it is Twilio: once, in whatever order, and for the right district."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import text_delivery, text_news, texts
from app.notices.models.heard_text import HeardText
from app.notices.models.text_message import TextMessage, TextState
from app.roster.models.stopped_number import StoppedNumber
from tests import twilio_fake
from tests.notices.texting import MOTHER, a_family, a_text, set_up
from tests.page_client import PageClient
from tests.twilio_fake import ACCOUNT, TOKEN, Fake
from tests.world import Place, World

MESSAGES = "/in/twilio/maple/messages"


@pytest.fixture
def twilio(maple: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        set_up()
        yield fake


def tell(client: PageClient, path: str, form: dict[str, str], *, token: str = TOKEN, signed: str = "") -> Any:
    """As Twilio does. `signed`: for another address than this one."""
    signature = RequestValidator(token).compute_signature(f"http://localhost{signed or path}", form)
    answer: TestResponse = client.browser.post(path, data=form, headers={"X-Twilio-Signature": signature})
    return answer


def answer_of(word: str, nth: int = 1, number: str = MOTHER, **more: str) -> dict[str, str]:
    return {
        "AccountSid": ACCOUNT,
        "MessageSid": f"SM{nth:032x}",
        "From": number,
        "To": "+15551234567",
        "Body": word,
        "ANewField": "of which nobody told us",
        **more,
    }


def is_stopped(number: str = MOTHER) -> bool:
    db.session.expire_all()
    return StoppedNumber.holding(texts.index_of_number(number)) is not None


@pytest.fixture
def sent(twilio: Fake, maple: Place) -> TextMessage:
    text = a_text(*a_family(maple))
    text_delivery.deliver(text.id)
    return text


def news(text: TextMessage, status: str, **more: str) -> tuple[str, dict[str, str]]:
    form = {"MessageSid": text.sid or "", "MessageStatus": status, "AccountSid": ACCOUNT, **more}
    return f"/in/twilio/maple/statuses/{text.id}", form


def reread(text_id: UUID) -> TextMessage:
    db.session.expire_all()
    found = TextMessage.find(text_id)
    assert found is not None
    return found


# --- who it is ----------------------------------------------------------------------------------------------


def test_without_the_accounts_signature_nothing_counts(
    client: PageClient, twilio: Fake, sent: TextMessage, world: World
) -> None:
    path, form = news(sent, "delivered")
    refused = [
        client.browser.post(MESSAGES, data=answer_of("STOP")),
        tell(client, MESSAGES, answer_of("STOP"), token="another token"),
        tell(client, MESSAGES, answer_of("STOP"), signed="/in/twilio/birch/messages"),
        tell(client, "/in/twilio/birch/messages", answer_of("STOP")),
        tell(client, "/in/twilio/nowhere/messages", answer_of("STOP")),
        client.browser.post(path, data=form, headers={"X-Twilio-Signature": "AAAA"}),
    ]

    assert [one.status_code for one in refused] == [403] * 6
    assert len({one.get_data() for one in refused}) == 1
    assert not is_stopped()
    assert reread(sent.id).state == TextState.SENT


def test_another_districts_account_says_nothing_here(
    app: Flask, client: PageClient, twilio: Fake, sent: TextMessage, world: World
) -> None:
    """Birch has an account, too, and signs well: it reaches its own rows alone."""
    with app.app_context(), as_district(world.birch.id):
        set_up(auth_token="of Birch")

    path, form = news(sent, "delivered")
    answer = tell(client, path.replace("maple", "birch"), form, token="of Birch")
    stop = tell(client, MESSAGES.replace("maple", "birch"), answer_of("STOP"), token="of Birch")

    assert (answer.status_code, stop.status_code) == (204, 200)
    assert reread(sent.id).state == TextState.SENT
    assert not is_stopped()


# --- what became of a text ----------------------------------------------------------------------------------


def test_it_arrived(client: PageClient, sent: TextMessage) -> None:
    assert tell(client, *news(sent, "delivered")).status_code == 204

    assert reread(sent.id).state == TextState.DELIVERED
    assert not reread(sent.id).needs_another_way


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        ("30005", TextState.FAILED, "The number is not in use any more. (30005)"),
        ("30006", TextState.FAILED, "This is a landline, or its network takes no texts. (30006)"),
        (
            "21610",
            TextState.STOPPED,
            "Whoever has this number answered STOP, so nothing is sent to it. (21610)",
        ),
        ("", TextState.FAILED, "It could not be delivered."),
    ],
)
def test_it_did_not_arrive_and_the_reason_is_a_sentence(
    client: PageClient, sent: TextMessage, code: str, state: TextState, reason: str
) -> None:
    tell(client, *news(sent, "undelivered", ErrorCode=code))

    told = reread(sent.id)
    assert (told.state, told.reason) == (state, reason)
    assert told.needs_another_way
    assert is_stopped() is (code == "21610")


def test_in_any_order_and_twice_it_ends_the_same(client: PageClient, sent: TextMessage) -> None:
    """All orders of four words, each told one to three times."""
    random.seed(5)
    for order in permutations(["queued", "sending", "sent", "delivered"]):
        text = reread(sent.id)
        text.was_taken(text.sid or "", "", clock.now())
        db.session.commit()
        for status in order:
            for _ in range(random.randint(1, 3)):
                tell(client, *news(sent, status))

        assert reread(sent.id).state == TextState.DELIVERED, order


def test_what_is_final_stays(client: PageClient, sent: TextMessage) -> None:
    tell(client, *news(sent, "delivered"))
    tell(client, *news(sent, "failed", ErrorCode="30008"))
    tell(client, *news(sent, "sent"))

    assert reread(sent.id).state == TextState.DELIVERED


@pytest.mark.parametrize("status", ["", "exploded", "received"])
def test_words_that_nobody_knows_are_passed_over(client: PageClient, sent: TextMessage, status: str) -> None:
    assert tell(client, *news(sent, status)).status_code == 204

    assert reread(sent.id).state == TextState.SENT


def test_news_of_another_text_under_this_address_is_passed_over(
    client: PageClient, sent: TextMessage
) -> None:
    path, form = news(sent, "delivered")
    tell(client, path, {**form, "MessageSid": "SM" + "f" * 32})
    tell(client, "/in/twilio/maple/statuses/no-id", form)

    assert reread(sent.id).state == TextState.SENT


def test_news_tells_of_a_text_whose_taking_nobody_heard(
    client: PageClient, twilio: Fake, maple: Place
) -> None:
    """Twilio took it and fell silent. Its first word names the text by our own number of it."""
    twilio.trouble = lambda to: "cut"
    text = a_text(*a_family(maple))
    text_delivery.deliver(text.id)
    twilio.trouble = lambda to: ""
    assert reread(text.id).state == TextState.UNSURE

    path, form = news(text, "sent")
    tell(client, path, {**form, "MessageSid": twilio.texts[0].sid})

    known = reread(text.id)
    assert (known.state, known.sid) == (TextState.SENT, twilio.texts[0].sid)
    with clock.frozen(clock.now() + timedelta(minutes=10)):
        text_delivery.deliver(text.id)
    assert len(twilio.texts) == 1


# --- who answers --------------------------------------------------------------------------------------------


def test_stop_and_start_hold_for_the_number(client: PageClient, twilio: Fake, maple: Place) -> None:
    leo, mother = a_family(maple)

    stopped = tell(client, MESSAGES, answer_of("Stop"))
    assert stopped.get_data(as_text=True) == "<Response></Response>"
    assert stopped.mimetype == "text/xml"
    assert is_stopped()
    assert a_text(leo, mother).state == TextState.STOPPED

    tell(client, MESSAGES, answer_of("START", 2))
    assert not is_stopped()
    assert a_text(leo, mother).state == TextState.QUEUED


def test_a_replayed_stop_does_not_undo_a_start(client: PageClient, twilio: Fake) -> None:
    stop = answer_of("STOP", 1)
    tell(client, MESSAGES, stop)
    tell(client, MESSAGES, answer_of("START", 2))

    for _ in range(3):
        assert tell(client, MESSAGES, stop).status_code == 200

    assert not is_stopped()


def test_a_replayed_start_does_not_undo_a_stop(client: PageClient, twilio: Fake) -> None:
    start = answer_of("UNSTOP", 1)
    tell(client, MESSAGES, start)
    tell(client, MESSAGES, answer_of("QUIT", 2))
    tell(client, MESSAGES, start)

    assert is_stopped()


def test_help_is_answered_by_twilio_and_stops_nothing(client: PageClient, twilio: Fake) -> None:
    answer = tell(client, MESSAGES, answer_of("HELP"))

    assert answer.get_data(as_text=True) == "<Response></Response>"
    assert not is_stopped()


def test_whoever_writes_is_told_that_nobody_reads_it_once_in_a_day(client: PageClient, twilio: Fake) -> None:
    answers = [
        tell(client, MESSAGES, answer_of("He is ill <today>", nth)).get_data(as_text=True)
        for nth in (1, 2, 3)
    ]

    assert (
        answers
        == [f"<Response><Message>{text_news.NOBODY_READS}</Message></Response>"]
        + ["<Response></Response>"] * 2
    )
    with clock.frozen(clock.now() + timedelta(days=1, minutes=1)):
        later = tell(client, MESSAGES, answer_of("He is well again", 4)).get_data(as_text=True)
    assert "Nobody reads" in later


def test_whoever_said_stop_is_not_answered(client: PageClient, twilio: Fake) -> None:
    tell(client, MESSAGES, answer_of("STOP", 1))

    assert "Message" not in tell(client, MESSAGES, answer_of("Hello?", 2)).get_data(as_text=True)


def test_what_somebody_wrote_is_kept_nowhere(client: PageClient, twilio: Fake, app: Flask) -> None:
    tell(client, MESSAGES, answer_of("Leo has chickenpox"))

    db.session.expire_all()
    for name in ("heard_texts", "text_messages", "stopped_numbers", "audit_entries", "work"):
        for row in db.session.execute(db.text(f"select t::text as row from {name} t")):
            assert "chickenpox" not in row.row, name
            assert MOTHER[1:] not in row.row, name


def test_that_it_came_is_forgotten_after_30_days(client: PageClient, twilio: Fake) -> None:
    tell(client, MESSAGES, answer_of("Hello"))

    with clock.frozen(clock.now() + timedelta(days=31)):
        assert text_news.forget_old() == 1
    assert db.session.query(HeardText).count() == 0
