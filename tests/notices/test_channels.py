"""From one channel to the next: a notice that must be told is told once, by a way that reaches, and never vanishes."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.core import clock, grounds
from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailgun.hearing import COMPLAINED, FAILED, Event
from app.integrations.twilio.client import Posted
from app.notices.actions import (
    approving,
    collating,
    delivery,
    returns,
    senders,
    telling,
    templating,
    text_delivery,
    text_news,
    withdrawing,
)
from app.notices.actions.refused import Refused
from app.notices.actions.templating import Draft
from app.notices.models.message import Message
from app.notices.models.muted_address import MutedAddress
from app.notices.models.notice import EMAIL, LETTER, SMS, Notice, NoticeRecipient, State
from app.notices.models.notice_setting import NoticeSetting
from app.notices.models.notice_text import NoticeText
from app.notices.models.text_message import TextMessage, TextState
from app.notices.wording import lines
from app.roster.actions import contacts, guardians
from app.roster.actions.guardians import Rights
from app.roster.models.contact import Contact
from app.roster.models.guardian_right import NO_CONTACT
from app.roster.models.stopped_number import BY_TEXT, StoppedNumber
from tests import twilio_fake
from tests.notices.families import maria, ready, tell
from tests.notices.texting import MOTHER, STAFF, set_up
from tests.roster import families
from tests.twilio_fake import Fake
from tests.world import Place, World

ALL = (SMS, EMAIL, LETTER)
MORNING = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
AFTERNOON = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)


@pytest.fixture
def twilio(maple: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        set_up()
        yield fake


@pytest.fixture
def ana(twilio, maple, world):
    """A mother who can be reached by all three ways, who reads Spanish, and her daughter Maria."""
    ready(world)
    student = maria(world)
    ana = families.guardian(student, "Ana", "Salas", language="es")
    families.mobile(ana, MOTHER)
    families.email(ana, "ana@example.com")
    families.lives_at(ana, "12 Maple Street")
    db.session.commit()
    return ana, student


def approved(student, world, **more) -> Notice:
    (notice,) = tell(student, **{"channels": ALL, "is_required": True, **more}).notices
    approving.approve(notice, caution_read=True, by=world.adams.account())
    db.session.commit()
    return notice


def chain(student) -> list[tuple[str, str]]:
    """Every notice about a student, the oldest first: by which channel, and where it stands."""
    db.session.commit()
    db.session.expire_all()
    return [
        (one.channel, one.state) for one in reversed(db.session.scalars(Notice.of_student(student.id)).all())
    ]


def newest(student) -> Notice:
    return db.session.scalars(Notice.of_student(student.id).limit(1)).one()


# --- the text message ---------------------------------------------------------------------------------------


def test_a_text_says_who_writes_and_a_link_and_nothing_of_the_student(twilio, ana, world):
    notice = approved(ana[1], world)
    text_delivery.deliver(notice.text_message_id)
    (sent,) = twilio.texts
    before, _, link = sent.carries["Body"].partition("http")
    said = before + link[link.index(" ") :]

    assert sent.carries["To"] == MOTHER
    assert said == ("North School: lea nuestro mensaje:  ¿Preguntas? 312. Responda STOP para terminar.")
    assert "/f/maple/" in link
    assert "Maria Salas ha faltado 9 días" in json.dumps(notice.words, ensure_ascii=False)
    assert notice.counted.segments == TextMessage.find(notice.text_message_id).segments


def test_taken_is_sent_and_only_the_phone_makes_it_delivered(twilio, ana, world):
    notice = approved(ana[1], world)
    assert notice.state == State.APPROVED
    text_delivery.deliver(notice.text_message_id)
    db.session.refresh(notice)
    assert notice.state == State.SENT

    text = TextMessage.find(notice.text_message_id)
    text_news.take(text.id, Posted(text.sid, "delivered", 0))
    assert (notice.state, notice.arrived_at is not None) == (State.DELIVERED, True)


def test_the_page_behind_the_link_says_all_of_it(twilio, ana, world, client):
    notice = approved(ana[1], world)
    address = notice.line.split("http")[1].split()[0]
    path = "/f/" + address.split("/f/")[1]
    page = client.get(path).text

    assert "Maria Salas ha faltado 9 días a la escuela" in page
    withdrawing.cancel(notice, "The note came.", by=world.adams.account())
    db.session.commit()
    assert "ha faltado 9" not in client.get(path).text


def test_a_version_without_a_line_texts_nobody_and_goes_the_next_way(twilio, ana, world):
    english = NoticeText.in_use(NoticeText.find(tell(ana[1], duty="x").notices[0].text_id).template_id)
    made = templating.write(
        english.template, Draft("en", english.heading, english.body, {}), by=world.adams.account()
    )
    templating.approve(made, reads_it=True, by=world.adams.account())
    spanish = templating.write(
        english.template,
        Draft("es", "((student))", "((days)) ((unexcused)) ((contact)) ((phone))", {}),
        by=world.adams.account(),
    )
    templating.approve(spanish, reads_it=True, by=world.adams.account())
    (notice,) = tell(ana[1], channels=ALL).notices

    assert notice.channel == EMAIL


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Call us: ((family page))", "needs ((school))"),
        ("((school)): call ((phone))", "needs ((family page))"),
        ("((school)): ((student)), see ((family page))", "may not have ((student))"),
        ("((school)): ((days)) days, see ((family page))", "may not have ((days))"),
        ("((school)): about an unexcused absence, ((family page))", "with “unexcused”"),
        ("((school)): ((family page)) " + "Please read it. " * 40, "parts. 3 are the most"),
    ],
)
def test_a_line_that_says_too_much_or_too_little_is_not_approved(line, reason):
    assert reason in " ".join(lines.why_not(line, "en"))


def test_our_own_lines_may_be_approved_and_cost_one_part(maple, world):
    template = ready(world)

    for text in NoticeText.of(template.id):
        assert lines.why_not(text.line, text.language) == []
        counted = lines.as_sent(text.line)
        assert (counted.encoding, counted.segments) == ("GSM-7", 1)


def test_in_practice_a_text_reaches_staff_alone_and_carries_no_link(twilio, ana, world):
    held = NoticeSetting.of_this_district()
    senders.set_up(envelope=held.envelope, cut_off=held.cut_off, practises=True)
    notice = approved(ana[1], world)
    text_delivery.deliver(notice.text_message_id)
    (sent,) = twilio.texts

    assert sent.carries["To"] == STAFF
    assert sent.carries["Body"].startswith("Practice: ")
    assert "/f/maple/" not in sent.carries["Body"]


# --- the first way that reaches them ------------------------------------------------------------------------


def test_each_is_told_by_the_first_channel_that_reaches_them(twilio, maple, world):
    ready(world)
    student = maria(world)
    for given, ways in (("Ana", "mep"), ("Ben", "ep"), ("Cal", "p"), ("Dee", "")):
        one = families.guardian(student, given, "Salas")
        if "m" in ways:
            families.mobile(one, MOTHER)
        if "e" in ways:
            families.email(one, f"{given.lower()}@example.com")
        if "p" in ways:
            families.lives_at(one, f"{len(ways)} Maple Street")
    told = {one.addressee: (one.channel, one.state) for one in tell(student, channels=ALL).notices}

    assert told == {
        "Ana Salas": (SMS, State.WAITING),
        "Ben Salas": (EMAIL, State.WAITING),
        "Cal Salas": (LETTER, State.WAITING),
    }


def test_a_stopped_number_is_passed_over_before_anything_is_written(twilio, ana, world):
    StoppedNumber.stop(contacts.index_of("mobile", MOTHER), BY_TEXT)
    db.session.commit()
    (notice,) = tell(ana[1], channels=ALL).notices

    assert notice.channel == EMAIL


def test_of_one_household_who_is_told_otherwise_is_left_out_of_the_letter(twilio, maple, world):
    ready(world)
    student = maria(world)
    for given in ("Ana", "Ben"):
        one = families.guardian(student, given, "Salas")
        families.lives_at(one, "12 Maple Street")
        if given == "Ana":
            families.email(one, "ana@example.com")
    told = {one.channel: one.addressee for one in tell(student, channels=(EMAIL, LETTER)).notices}

    assert told == {EMAIL: "Ana Salas", LETTER: "Ben Salas"}


# --- what did not arrive ------------------------------------------------------------------------------------


def test_from_stop_to_a_bounce_to_a_letter_under_one_key(twilio, ana, world):
    """21610 at Twilio, then mail that comes back: the letter leaves, and all three are shown."""
    student = ana[1]
    twilio.trouble = lambda to: "21610"
    first = approved(student, world)
    text_delivery.deliver(first.text_message_id)
    assert chain(student) == [(SMS, State.UNDELIVERED), (EMAIL, State.APPROVED)]

    mail = db.session.get(Message, newest(student).message_id)
    delivery.deliver(mail.id)
    assert chain(student)[-1] == (EMAIL, State.SENT)
    returns.take_event(Event(FAILED, mail.message_id, mail.to_address, "5.1.1"))
    db.session.commit()

    assert chain(student) == [(SMS, State.UNDELIVERED), (EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]
    letter = newest(student)
    assert letter.approved_by.name == "Ruth Adams"
    assert len({(one.grounds_id, one.duty) for one in db.session.scalars(Notice.of_student(student.id))}) == 1
    live = db.select(NoticeRecipient).where(NoticeRecipient.live)
    assert [one.notice_id for one in db.session.scalars(live)] == [letter.id]


@pytest.mark.parametrize("code", ["21211", "21614", "30003", "30005", "30007"])
def test_a_number_that_takes_no_text_goes_on_by_email(twilio, ana, world, code):
    twilio.trouble = lambda to: code
    notice = approved(ana[1], world)
    text_delivery.deliver(notice.text_message_id)
    text = TextMessage.find(notice.text_message_id)
    if text.state == TextState.SENT:
        text_news.take(text.id, Posted(text.sid, "undelivered", int(code)))
        db.session.commit()

    assert chain(ana[1]) == [(SMS, State.UNDELIVERED), (EMAIL, State.APPROVED)]


def test_told_twice_that_it_failed_it_goes_on_once(twilio, ana, world):
    notice = approved(ana[1], world)
    text_delivery.deliver(notice.text_message_id)
    text = TextMessage.find(notice.text_message_id)
    for _ in range(2):
        text_news.take(text.id, Posted(text.sid, "undelivered", 30005))
        db.session.commit()

    assert chain(ana[1]) == [(SMS, State.UNDELIVERED), (EMAIL, State.APPROVED)]


def test_a_provider_that_never_answers_is_given_up_and_the_family_is_told_otherwise(twilio, ana, world):
    twilio.trouble = lambda to: "503"
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    for _ in range(30):
        text = TextMessage.find(notice.text_message_id)
        if text.needs_another_way:
            break
        with clock.frozen(max(text.next_try_at or MORNING, MORNING) + timedelta(seconds=1)):
            text_delivery.deliver(text.id)
        db.session.expire_all()

    assert chain(ana[1]) == [(SMS, State.UNDELIVERED), (EMAIL, State.APPROVED)]


def test_mail_marked_as_spam_goes_on_by_letter(ana, world):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    delivery.deliver(notice.message_id)
    mail = db.session.get(Message, notice.message_id)
    returns.take_event(Event(COMPLAINED, mail.message_id, mail.to_address, ""))

    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]


def test_an_address_that_was_muted_since_is_not_written_to_and_the_letter_leaves(ana, world):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    MutedAddress.mute("ana@example.com", "the mailbox does not exist", notice.message_id)
    db.session.commit()
    delivery.deliver(notice.message_id)

    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]


def test_a_letter_that_comes_back_goes_on_by_what_is_left(twilio, ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world, channels=(LETTER, EMAIL))
    with clock.frozen(AFTERNOON):
        collating.collate()
        collating.post(notice.batch, by=world.adams.account())
        db.session.commit()
        collating.take_back(notice, "Moved, and left no address.")

    assert chain(ana[1]) == [(LETTER, State.RETURNED), (EMAIL, State.APPROVED)]


def test_where_no_way_is_left_a_person_is_told_and_nothing_is_written(twilio, ana, world, monkeypatch):
    told = []
    monkeypatch.setattr(grounds, "trouble", lambda kind, id, sentence: told.append((kind, sentence)))
    notice = approved(ana[1], world, channels=(EMAIL,))
    delivery.deliver(notice.message_id)
    mail = db.session.get(Message, notice.message_id)
    returns.take_event(Event(FAILED, mail.message_id, mail.to_address, "5.1.1"))

    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED)]
    ((kind, sentence),) = told
    assert kind == "student"
    assert sentence.startswith("It came back: the mailbox does not exist (5.1.1). No other way is left")


def test_whoever_is_barred_meanwhile_is_told_by_no_other_way(twilio, ana, world):
    notice = approved(ana[1], world)
    for held, _ in families.guardianships(ana[1]):
        guardians.say_rights(held, Rights(holds={NO_CONTACT: True}), by=SYSTEM)
    db.session.commit()
    text_delivery.deliver(notice.text_message_id)

    assert twilio.texts == []
    assert chain(ana[1]) == [(SMS, State.BLOCKED)]


def test_what_stands_no_more_goes_on_by_no_other_way(twilio, ana, world, monkeypatch):
    notice = approved(ana[1], world)
    text_delivery.deliver(notice.text_message_id)
    monkeypatch.setattr(grounds, "why_not", lambda kind, id: "An excuse came.")
    text = TextMessage.find(notice.text_message_id)
    text_news.take(text.id, Posted(text.sid, "undelivered", 30005))

    assert chain(ana[1]) == [(SMS, State.UNDELIVERED)]


def test_a_notice_that_was_stopped_while_its_text_waits_is_not_sent(twilio, ana, world):
    notice = approved(ana[1], world)
    withdrawing.cancel(notice, "The note came.", by=world.adams.account())
    db.session.commit()
    text_delivery.deliver(notice.text_message_id)

    assert twilio.texts == []
    assert chain(ana[1]) == [(SMS, State.CANCELLED)]


def test_other_words_since_then_wait_for_a_person_again(twilio, ana, world):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    delivery.deliver(notice.message_id)
    english = NoticeText.find(notice.text_id)
    for draft in (
        Draft("en", english.heading, english.body + " Thank you.", {}, line=english.line),
        Draft("es", "((student))", "((days)) ((unexcused)) ((contact)) ((phone))", {}),
    ):
        made = templating.write(english.template, draft, by=world.adams.account())
        templating.approve(made, reads_it=True, by=world.adams.account())
    mail = db.session.get(Message, notice.message_id)
    returns.take_event(Event(FAILED, mail.message_id, mail.to_address, "5.1.1"))

    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.WAITING)]


def test_a_number_that_was_put_right_is_texted_when_somebody_tells_again(twilio, ana, world):
    twilio.trouble = lambda to: "21614"
    notice = approved(ana[1], world, channels=(SMS,))
    text_delivery.deliver(notice.text_message_id)
    assert chain(ana[1]) == [(SMS, State.UNDELIVERED)]
    (mobile,) = [one for one in Contact.of_guardians([ana[0].id]) if one.kind == "mobile"]
    contacts.change(mobile, "+13125550177", families.AGREED)
    db.session.commit()

    (again,) = tell(ana[1], channels=(SMS,)).notices
    assert (again.id != notice.id, again.state) == (True, State.WAITING)


def test_the_database_lets_one_notice_count_for_a_guardian(ana, world):
    (notice,) = tell(ana[1], channels=(LETTER,)).notices
    other = Notice(id=uuid7())
    for name in ("grounds_kind", "grounds_id", "duty", "student_id", "language", "text_id", "state"):
        setattr(other, name, getattr(notice, name))
    other.code, other.channel = "ABCDEFGH", EMAIL
    db.session.add(other)
    db.session.flush()
    db.session.add(
        NoticeRecipient(
            notice_id=other.id,
            guardian_id=ana[0].id,
            grounds_kind=notice.grounds_kind,
            grounds_id=notice.grounds_id,
            duty=notice.duty,
            channel=EMAIL,
        )
    )

    with pytest.raises(IntegrityError, match="one_that_counts"):
        db.session.flush()
    db.session.rollback()


def test_a_number_that_the_register_does_not_have_needs_a_reason_that_is_read_first(ana, world, monkeypatch):
    monkeypatch.setattr(grounds, "values", lambda kind, id: {"days": "8", "unexcused": "4"})
    with pytest.raises(Refused, match="The register says: days 8"):
        tell(ana[1])
    (notice,) = tell(ana[1], why_other="One day was entered twice.").notices

    assert "One day was entered twice." in notice.caution
    assert "days 8" in notice.caution
    assert notice.values["days"] == "9"


def test_what_says_more_days_than_there_are_by_now_does_not_leave(ana, world, monkeypatch):
    register = {"days": "9", "unexcused": "4"}
    monkeypatch.setattr(grounds, "values", lambda kind, id: register)
    (notice,) = tell(ana[1]).notices
    register["days"] = "10"
    assert approving.checks.ask(notice).may_leave

    register["days"] = "8"
    with pytest.raises(Refused, match="counts fewer days"):
        approving.approve(notice, caution_read=True, by=world.adams.account())
    telling.try_again(notice)
    assert (notice.state, notice.values["days"]) == (State.WAITING, "8")


# --- one click ----------------------------------------------------------------------------------------------


@pytest.fixture
def over_tls(settings):
    held = get_settings()
    use_settings(dataclasses.replace(held, base_url="https://school.example"))
    yield
    use_settings(held)


def raw_mail(mail_folder) -> str:
    (path,) = Maildir(mail_folder / "maple").waiting()
    return path.read_text()


def test_what_no_law_asks_for_can_be_ended_with_one_click(ana, world, client, mail_folder, over_tls):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER), is_required=False)
    delivery.deliver(notice.message_id)
    head = raw_mail(mail_folder).partition("\n\n")[0].replace("\n ", "")
    (address,) = re.findall(
        r"^List-Unsubscribe: <https://school\.example(/f/maple/\w+/unsubscribe)>", head, re.M
    )
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head

    assert client.get(address).status == 303
    assert client.post(address, {}).status == 422
    assert [one.consent for one in Contact.of_guardians([ana[0].id]) if one.kind == "email"] == ["given"]
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status == 200
    db.session.expire_all()
    assert [one.consent for one in Contact.of_guardians([ana[0].id]) if one.kind == "email"] == ["refused"]
    (next_one,) = tell(ana[1], duty="second", channels=(EMAIL, LETTER)).notices
    assert next_one.channel == LETTER


def test_what_a_law_asks_for_has_no_such_header(ana, world, mail_folder, over_tls):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER), is_required=True)
    delivery.deliver(notice.message_id)

    assert "List-Unsubscribe" not in raw_mail(mail_folder)


def test_the_stranger_has_none_of_it(app, twilio, ana, world: World):
    approved(ana[1], world)

    with app.app_context(), as_district(world.birch.id):
        for model in (Notice, NoticeRecipient, TextMessage):
            assert db.session.scalars(db.select(model)).all() == []
