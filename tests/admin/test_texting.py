"""The page of Twilio: what passes, the account, practice, a trial; secrets go in and never come out."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.core import services
from app.core.db import db
from app.core.services import TWILIO
from app.core.tenancy import as_district
from app.notices.actions import text_delivery
from app.notices.models.text_message import TextMessage
from app.notices.models.text_setting import TextSetting
from tests import twilio_fake
from tests.page_client import Page, PageClient
from tests.twilio_fake import ACCOUNT, KEY, NUMBER, SECRET, TOKEN, Fake
from tests.world import World

PAGE = "/maple/admin/services/twilio"


@pytest.fixture
def twilio(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        yield fake


@pytest.fixture
def admin(client: PageClient, world: World) -> PageClient:
    return client.sign_in(world.adams)


def save(admin: PageClient, status: int = 303, **changes: str) -> Page:
    given = {
        "account_sid": ACCOUNT,
        "key_sid": KEY,
        "key_secret": SECRET,
        "auth_token": TOKEN,
        "sender": "(312) 555-4567",
        "staff_numbers": "(312) 555-0100\n+1 312 555 0101\n312-555-0100",
    }
    return admin.submit(admin.get(PAGE), "/admin/services/twilio/texting", status=status, **(given | changes))


def test_it_is_set_up_turned_on_and_tried_out(
    admin: PageClient, twilio: Fake, app: Flask, world: World
) -> None:
    before = admin.get(PAGE, status=200)
    assert "fill in the account" in before.text
    assert "http://localhost/in/twilio/maple/messages" in before.text

    saved = admin.follow(save(admin))
    for secret in (SECRET, TOKEN):
        assert secret not in saved.html
    assert saved.text.count("Leave it empty to keep it.") == 2
    assert "Practice: numbers of staff alone" in saved.text

    admin.submit(saved, "/admin/services/twilio", status=303)
    with app.app_context(), as_district(world.maple.id):
        assert services.is_on(TWILIO)
        setting = TextSetting.of_this_district()
        assert setting is not None
        assert (setting.key_secret, setting.auth_token) == (SECRET, TOKEN)
        assert setting.staff_numbers == ("+13125550100", "+13125550101")
        assert SECRET not in str(db.session.execute(db.text("select t::text from text_settings t")).all())
        setting.sender = NUMBER
        db.session.commit()
    checked = admin.follow(admin.submit(admin.get(PAGE), "/texting/check", status=303))
    assert "the key opens the account" in checked.text

    tried = admin.follow(admin.submit(checked, "/texting/trial", status=303, number="312 555 0101"))
    assert "The trial is on its way." in tried.text
    with app.app_context(), as_district(world.maple.id):
        (text,) = TextMessage.lately(5)
        text_delivery.deliver(text.id)
    shown = admin.get(PAGE)
    assert "Sent" in shown.one("table").text
    assert "1 (GSM-7)" in shown.one("table").text
    assert "0101" not in shown.one("table").text
    assert [one.carries["To"] for one in twilio.texts] == ["+13125550101"]


def test_a_trial_to_anybody_else_is_refused_beside_the_field(admin: PageClient, twilio: Fake) -> None:
    admin.submit(admin.follow(save(admin)), "/admin/services/twilio", status=303)

    refused = admin.submit(admin.get(PAGE), "/texting/trial", status=422, number="(312) 555-0199")

    assert "Trials go to the numbers of staff" in refused.text
    assert 'value="(312) 555-0199"' in refused.html
    assert twilio.texts == []


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("account_sid", "AC12", "An account SID is AC and 32"),
        ("key_sid", ACCOUNT, "API key is SK and 32"),
        ("sender", "MG12", "messaging service is MG and 32"),
        ("sender", "911", "no number of the United States"),
        ("staff_numbers", "(312) 555-0100\n12", "12: This is no number of the United States"),
        ("last_hour", "8", "Choose a later hour"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_nothing_typed_is_lost(
    admin: PageClient, twilio: Fake, field: str, typed: str, sentence: str
) -> None:
    refused = save(admin, status=422, **{field: typed})

    assert sentence in refused.text
    assert (typed if field == "account_sid" else ACCOUNT) in refused.html


def test_an_empty_secret_keeps_the_one_that_is_set(
    admin: PageClient, twilio: Fake, app: Flask, world: World
) -> None:
    save(admin)
    save(admin, key_secret="", auth_token="", is_live="y")

    with app.app_context(), as_district(world.maple.id):
        setting = TextSetting.of_this_district()
        assert setting is not None
        assert (setting.key_secret, setting.auth_token, setting.is_live) == (SECRET, TOKEN, True)


def test_secrets_are_used_for_no_other_account(admin: PageClient, twilio: Fake) -> None:
    save(admin)

    refused = save(admin, status=422, account_sid="AC" + "9" * 32, key_secret="", auth_token="")

    assert "Enter the secret and the auth token again" in refused.text


def test_it_cannot_be_turned_on_before_it_is_whole(admin: PageClient, twilio: Fake) -> None:
    save(admin, key_secret="")

    page = admin.get(PAGE)
    assert "fill in the secret of the API key" in page.text
    assert page.all("form", action="/maple/admin/services/twilio/off") == []
