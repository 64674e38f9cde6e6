"""A text leaves once, to whom the roster says, at hours when phones may ring; and what nobody knows is asked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from app.core import clock, quotas, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.queue import Work
from app.core.services import TWILIO
from app.integrations.twilio.client import Posted, Twilio
from app.integrations.twilio.hearing import Answered
from app.notices.actions import holding, text_delivery, text_news, texts
from app.notices.actions.texts import CannotText
from app.notices.models.text_message import HOLDS_FOR, LISTED_AFTER, LOOK_UP, TextMessage, TextState
from app.roster.actions import contacts, guardians
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Rights
from app.roster.models.contact import Contact
from app.roster.models.guardian_right import EDUCATION, MAIL, NO_CONTACT
from app.roster.models.stopped_number import BY_TEXT, BY_TWILIO, StoppedNumber
from app.roster.models.student import Student
from tests import twilio_fake
from tests.notices.texting import MOTHER, STAFF, WORDS, a_family, a_text, set_up
from tests.roster import families
from tests.twilio_fake import Fake
from tests.world import Place


@pytest.fixture
def twilio(maple: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        set_up()
        yield fake


@pytest.fixture
def family(twilio: Fake, maple: Place) -> tuple[Student, Contact]:
    return a_family(maple)


def reread(text_id: UUID) -> TextMessage:
    db.session.expire_all()
    found = TextMessage.find(text_id)
    assert found is not None
    return found


def test_it_leaves_and_is_sent(twilio: Fake, family: tuple[Student, Contact]) -> None:
    text = a_text(*family)

    text_delivery.deliver(text.id)

    sent = reread(text.id)
    assert (sent.state, sent.attempts, sent.reason) == (TextState.SENT, 1, "")
    assert (sent.encoding, sent.segments) == ("GSM-7", 1)
    assert [one.sid for one in twilio.texts] == [sent.sid]
    assert twilio.sent_to(MOTHER) == [WORDS]
    assert quotas.used(quotas.TEXTS_OUT) == 1


def test_it_leaves_once_however_often_the_bell_rings(twilio: Fake, family: tuple[Student, Contact]) -> None:
    text = a_text(*family)

    for _ in range(3):
        text_delivery.deliver(text.id)

    assert twilio.sent_to(MOTHER) == [WORDS]


def test_written_twice_under_one_key_it_is_one_text(twilio: Fake, family: tuple[Student, Contact]) -> None:
    first, second = (a_text(*family, key="firing 1, duty 2, mother") for _ in range(2))

    assert first.id == second.id
    with pytest.raises(IntegrityError, match="uq_text_messages_district_id_key"):
        db.session.execute(
            sql(
                "insert into text_messages select gen_random_uuid() as id, district_id, key, purpose, contact_id, "
                "student_id, number_sealed, number_index, text, encoding, segments, about_table, about_id, state, "
                "reason, attempts, next_try_at, claimed_until, holder, handed_over_at, sid, status, sent_at, "
                "settled_at, made_at from text_messages"
            )
        )


def test_the_number_lies_sealed(twilio: Fake, family: tuple[Student, Contact]) -> None:
    a_text(*family)

    row = db.session.execute(sql("select text_messages::text as row from text_messages")).one()
    assert MOTHER[1:] not in row.row


@pytest.mark.parametrize("words", ["", "  \n ", "a" * 1601, "مرحبا " * 150])
def test_what_is_no_text_is_refused_in_a_sentence(
    twilio: Fake, family: tuple[Student, Contact], words: str
) -> None:
    with pytest.raises(CannotText):
        a_text(*family, words=words)


# --- whom the roster lets us text --------------------------------------------------------------------------


def test_whoever_did_not_agree_is_not_texted(twilio: Fake, maple: Place) -> None:
    leo = families.student("Leo", "Ortiz", number="S77", school=maple.schools["North"])
    contact = families.mobile(families.guardian(leo, "Ana", "Ortiz"), MOTHER, Consent())

    stopped = a_text(leo, contact)

    assert (stopped.state, stopped.reason) == (TextState.STOPPED, texts.NOT_REACHABLE)
    assert stopped.needs_another_way


def test_the_roster_is_asked_again_when_it_leaves(twilio: Fake, family: tuple[Student, Contact]) -> None:
    leo, contact = family
    text = a_text(leo, contact)
    ((held, _),) = families.guardianships(leo)
    guardians.say_rights(held, Rights(holds={EDUCATION: False, MAIL: False, NO_CONTACT: True}), by=SYSTEM)
    db.session.commit()

    text_delivery.deliver(text.id)

    assert reread(text.id).state == TextState.STOPPED
    assert twilio.texts == []


def test_a_number_that_is_gone_is_not_texted(twilio: Fake, family: tuple[Student, Contact]) -> None:
    leo, contact = family
    text = a_text(leo, contact)
    contacts.remove(contact)
    db.session.commit()

    text_delivery.deliver(text.id)

    assert reread(text.id).reason == texts.NOT_REACHABLE
    assert twilio.texts == []


def test_stop_holds_for_every_student_of_that_number(twilio: Fake, maple: Place) -> None:
    leo, mother = a_family(maple)
    ada, hers = a_family(maple, of="S78")
    waiting = a_text(leo, mother)
    StoppedNumber.stop(texts.index_of_number(MOTHER), BY_TEXT)
    db.session.commit()

    text_delivery.deliver(waiting.id)
    written = a_text(ada, hers)

    assert reread(waiting.id).state == written.state == TextState.STOPPED
    assert twilio.texts == []


def test_a_stop_on_the_family_page_outlasts_what_the_roster_brings(
    twilio: Fake, family: tuple[Student, Contact]
) -> None:
    leo, mother = family
    contacts.stop_texts(mother.guardian_id, source="family page")
    contacts.change(mother, MOTHER, families.AGREED)
    db.session.commit()

    assert a_text(leo, mother).reason == texts.SAID_STOP_ON_THE_PAGE
    text_news.answer(Answered("SM" + "0" * 32, MOTHER, "start"))
    assert a_text(leo, mother).state == TextState.QUEUED


def test_in_practice_texts_reach_numbers_of_staff_alone(twilio: Fake, maple: Place) -> None:
    set_up(is_live=False)
    leo, mother = a_family(maple)
    ada, of_staff = a_family(maple, STAFF, of="S78")

    to_mother, to_staff = a_text(leo, mother), a_text(ada, of_staff)
    for one in (to_mother, to_staff):
        text_delivery.deliver(one.id)

    assert (to_mother.state, to_mother.reason) == (TextState.STOPPED, texts.PRACTICE)
    assert [one.carries["To"] for one in twilio.texts] == [STAFF]


def test_a_trial_goes_to_numbers_of_staff_alone(twilio: Fake, maple: Place) -> None:
    with pytest.raises(CannotText, match="numbers of staff"):
        texts.trial("(312) 555-0143", "US")
    with pytest.raises(CannotText, match="ten digits"):
        texts.trial("12", "US")
    trial = texts.trial("(312) 555-0100", "US")
    db.session.commit()

    text_delivery.deliver(trial.id)

    (sent,) = twilio.sent_to(STAFF)
    assert sent.startswith("Maple School District: this is a trial")
    assert "Message and data rates may apply" in sent


# --- hours, shares, switches -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "rings_at"),
    [
        # Maple is in Chicago: six hours behind in November.
        (datetime(2026, 11, 27, 13, 59, tzinfo=UTC), datetime(2026, 11, 27, 14, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 14, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 28, 1, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 28, 2, 0, tzinfo=UTC), datetime(2026, 11, 28, 14, 0, tzinfo=UTC)),
        # The night in which clocks go forward: eight in the morning is an hour sooner.
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), datetime(2026, 3, 8, 13, 0, tzinfo=UTC)),
    ],
)
def test_phones_ring_from_eight_to_eight_on_the_districts_clocks(
    twilio: Fake, family: tuple[Student, Contact], at: datetime, rings_at: datetime | None
) -> None:
    set_up(first_hour=8, last_hour=20)
    with clock.frozen(at):
        text = a_text(*family)
        text_delivery.deliver(text.id)

        waiting = reread(text.id)
        assert waiting.next_try_at == (rings_at or at + text_delivery.text_news.NEWS_WITHIN)
        assert bool(twilio.texts) is (rings_at is None)
    if rings_at:
        assert (waiting.state, waiting.reason) == (TextState.QUEUED, text_delivery.QUIET)
        with clock.frozen(rings_at):
            text_delivery.deliver(text.id)
        assert reread(text.id).state == TextState.SENT


def test_over_its_share_a_text_waits_for_the_next_hour(twilio: Fake, family: tuple[Student, Contact]) -> None:
    quotas.grant("texts-out-an-hour", 1)
    first, second = a_text(*family), a_text(*family)

    text_delivery.deliver(first.id)
    text_delivery.deliver(second.id)

    waiting = reread(second.id)
    assert (waiting.state, waiting.reason) == (TextState.QUEUED, text_delivery.ENOUGH_FOR_NOW)
    assert waiting.next_try_at == quotas.until_next_hour()


def test_turned_off_it_waits_and_then_is_given_up(twilio: Fake, family: tuple[Student, Contact]) -> None:
    text = a_text(*family)
    services.turn(TWILIO, False, SYSTEM)
    db.session.commit()
    at = clock.now()

    for _ in range(len(text_delivery.PAUSES)):
        with clock.frozen(at):
            text_delivery.deliver(text.id)
            waiting = reread(text.id)
            assert (waiting.state, waiting.reason) == (TextState.QUEUED, text_delivery.IS_OFF)
            assert waiting.next_try_at is not None
            at = waiting.next_try_at
    with clock.frozen(at):
        text_delivery.deliver(text.id)

    given_up = reread(text.id)
    assert (given_up.state, given_up.reason) == (
        TextState.FAILED,
        "Given up after two days: Twilio is turned off.",
    )
    assert given_up.needs_another_way
    assert twilio.asked == []


# --- what goes wrong ---------------------------------------------------------------------------------------


def test_21610_stops_the_number_here_too(twilio: Fake, family: tuple[Student, Contact]) -> None:
    twilio.trouble = lambda to: "21610"
    text = a_text(*family)

    text_delivery.deliver(text.id)

    stopped = reread(text.id)
    assert stopped.state == TextState.STOPPED
    assert "answered STOP" in stopped.reason
    row = StoppedNumber.holding(stopped.number_index)
    assert row is not None
    assert row.how == BY_TWILIO
    assert a_text(*family).reason == texts.SAID_STOP_AT_TWILIO


def test_a_landline_has_failed_for_good(twilio: Fake, family: tuple[Student, Contact]) -> None:
    twilio.trouble = lambda to: "21614"
    text = a_text(*family)

    text_delivery.deliver(text.id)

    failed = reread(text.id)
    assert (failed.state, failed.reason) == (TextState.FAILED, "This is no mobile phone. (21614)")
    assert failed.needs_another_way


def test_a_busy_twilio_means_later(twilio: Fake, family: tuple[Student, Contact]) -> None:
    twilio.trouble = lambda to: "429"
    text = a_text(*family)
    text_delivery.deliver(text.id)
    twilio.trouble = lambda to: ""

    assert reread(text.id).state == TextState.QUEUED
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        text_delivery.deliver(text.id)
    assert twilio.sent_to(MOTHER) == [WORDS]


@pytest.mark.parametrize("trouble", ["cut", "html"])
def test_what_was_taken_in_silence_is_found_and_not_sent_again(
    twilio: Fake, family: tuple[Student, Contact], trouble: str
) -> None:
    twilio.trouble = lambda to: trouble
    text = a_text(*family)
    text_delivery.deliver(text.id)
    twilio.trouble = lambda to: ""
    assert reread(text.id).state == TextState.UNSURE

    text_delivery.deliver(text.id)  # too early to look: nothing happens
    with clock.frozen(clock.now() + LISTED_AFTER + timedelta(seconds=5)):
        text_delivery.deliver(text.id)

    found = reread(text.id)
    assert (found.state, found.sid) == (TextState.SENT, twilio.texts[0].sid)
    assert twilio.sent_to(MOTHER) == [WORDS]


def test_what_was_not_taken_is_sent_again(twilio: Fake, family: tuple[Student, Contact]) -> None:
    twilio.trouble = lambda to: "lost"
    text = a_text(*family)
    text_delivery.deliver(text.id)
    twilio.trouble = lambda to: ""

    with clock.frozen(clock.now() + LISTED_AFTER + timedelta(seconds=5)):
        text_delivery.deliver(text.id)
        assert reread(text.id).state == TextState.QUEUED
        text_delivery.deliver(text.id)

    assert reread(text.id).state == TextState.SENT
    assert twilio.sent_to(MOTHER) == [WORDS]


def test_the_same_words_to_the_same_phone_are_told_apart(twilio: Fake, maple: Place) -> None:
    """A mother of two gets them twice; the one that was sent is not taken for the one that was lost."""
    leo, mother = a_family(maple)
    ada, hers = a_family(maple, of="S78")
    first, second = a_text(leo, mother), a_text(ada, hers)
    text_delivery.deliver(first.id)
    twilio.trouble = lambda to: "lost"
    text_delivery.deliver(second.id)
    twilio.trouble = lambda to: ""

    with clock.frozen(clock.now() + LISTED_AFTER + timedelta(seconds=5)):
        text_delivery.deliver(second.id)
        text_delivery.deliver(second.id)

    assert len(twilio.sent_to(MOTHER)) == 2
    assert reread(first.id).sid != reread(second.id).sid


def test_a_sender_that_is_killed_leaves_it_to_be_asked_after(
    twilio: Fake, family: tuple[Student, Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: Twilio has it, and whoever sent it is gone before a word of that is written."""
    text = a_text(*family)
    send = Twilio.send

    def send_and_die(*given: object) -> Posted:
        send(*given)
        raise SystemExit

    monkeypatch.setattr(Twilio, "send", send_and_die)
    with pytest.raises(SystemExit):
        text_delivery.deliver(text.id)
    monkeypatch.undo()
    twilio_fake.stand_in(monkeypatch, twilio.at)
    assert reread(text.id).state == TextState.SENDING

    with clock.frozen(clock.now() + HOLDS_FOR + timedelta(seconds=1)):
        assert text_delivery.send_what_is_due() == 1
        db.session.commit()
        waiting = reread(text.id)
        assert waiting.state == TextState.UNSURE
        assert waiting.next_try_at is not None
    with clock.frozen(waiting.next_try_at):
        text_delivery.deliver(text.id)

    assert reread(text.id).state == TextState.SENT
    assert twilio.sent_to(MOTHER) == [WORDS]


def test_what_nobody_can_find_out_is_told_by_another_way(
    twilio: Fake, family: tuple[Student, Contact]
) -> None:
    """Each time it is sent Twilio falls silent, and never lists it."""
    twilio.trouble = lambda to: "500"
    text = a_text(*family)
    at = clock.now()

    for _ in range(len(text_delivery.PAUSES) + 2):
        with clock.frozen(at):
            text_delivery.deliver(text.id)
            at = (reread(text.id).next_try_at or at) + timedelta(seconds=1)

    failed = reread(text.id)
    assert failed.state == TextState.FAILED
    assert failed.reason.startswith("Nobody could find out whether this was sent")


def test_a_text_of_which_nobody_tells_is_asked_after(twilio: Fake, family: tuple[Student, Contact]) -> None:
    text = a_text(*family)
    text_delivery.deliver(text.id)
    twilio.texts[0].status, twilio.texts[0].code = "undelivered", 30006

    with clock.frozen(clock.now() + timedelta(minutes=31)):
        text_delivery.send_what_is_due()
        db.session.commit()
        (bell,) = db.session.query(Work).where(Work.job == LOOK_UP)
        assert bell.subject_id == text.id
        text_delivery.look_up(text.id)

    told = reread(text.id)
    assert (told.state, told.reason) == (
        TextState.FAILED,
        "This is a landline, or its network takes no texts. (30006)",
    )


def test_after_days_nobody_asks_any_more(twilio: Fake, family: tuple[Student, Contact]) -> None:
    text = a_text(*family)
    text_delivery.deliver(text.id)

    with clock.frozen(clock.now() + timedelta(days=3, minutes=1)):
        text_delivery.send_what_is_due()
        db.session.commit()

    assert reread(text.id).next_try_at is None
    assert reread(text.id).state == TextState.SENT


def test_after_a_restore_texts_are_not_sent_by_themselves(
    twilio: Fake, family: tuple[Student, Contact], maple: Place
) -> None:
    from app.core import across_districts

    text_id = a_text(*family).id
    with across_districts.session() as across:
        assert holding.hold_texts(across, maple.id) == 1

    text_delivery.deliver(text_id)

    assert reread(text_id).state == TextState.FAILED
    assert reread(text_id).needs_another_way
    assert twilio.texts == []
