"""The five sweepers: each fault is made, and found again by the round that looks for it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core import clock, grounds
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from app.family.models.family_link import FamilyLink
from app.notices.actions import (
    collating,
    delivery,
    handing_over,
    passing_on,
    sweeping,
    text_delivery,
    withdrawing,
)
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import EMAIL, LETTER, SMS, Notice, State
from app.notices.models.notice_round import NoticeRound
from app.notices.models.text_message import TextMessage, TextState
from jobs.schedule import TIMETABLE
from tests.notices.families import maria, ready, tell
from tests.notices.test_channels import AFTERNOON, ALL, MORNING, ana, approved, chain, twilio
from tests.roster import families

__all__ = ["ana", "twilio"]


@pytest.fixture
def told(monkeypatch):
    """What rooms were told that asks for a person."""
    sentences: list[str] = []
    monkeypatch.setattr(grounds, "trouble", lambda kind, id, sentence: sentences.append(sentence))
    return sentences


def without_a_bell(subject_id) -> None:
    db.session.query(Work).where(Work.subject_id == subject_id).delete()
    db.session.commit()


def rings_for(subject_id) -> int:
    db.session.commit()
    return db.session.query(Work).where(Work.subject_id == subject_id).count()


def test_every_sweeper_stands_on_the_timetable():
    assert {
        "jobs.notices.send_what_is_due",
        "jobs.notices.bring_on_what_was_lost",
        "jobs.notices.give_up_waiting",
        "jobs.notices.tell_of_letters_that_lie",
        "jobs.notices.look_whether_notices_stand",
    } <= {entry.job for entry in TIMETABLE}


# --- left half-way ------------------------------------------------------------------------------------------


def test_a_notice_whose_carrier_died_at_work_is_taken_up_again(ana, world):
    mail = db.session.get(Message, approved(ana[1], world, channels=(EMAIL,)).message_id)
    text = TextMessage.find(approved(ana[1], world, duty="second", channels=(SMS,)).text_message_id)
    mail.claim(clock.now() - timedelta(hours=1))
    text.claim(clock.now() - timedelta(hours=1))
    db.session.commit()
    delivery.send_what_is_due()
    text_delivery.send_what_is_due()
    db.session.commit()

    assert (mail.state, text.state) == (MailState.QUEUED, TextState.UNSURE)


# --- queued, and nobody was told ----------------------------------------------------------------------------


def test_what_lies_queued_without_a_bell_is_rung_for(ana, world):
    mail = approved(ana[1], world, channels=(EMAIL,)).message_id
    text = approved(ana[1], world, duty="second", channels=(SMS,)).text_message_id
    without_a_bell(mail)
    without_a_bell(text)
    delivery.send_what_is_due()
    text_delivery.send_what_is_due()

    assert (rings_for(mail), rings_for(text)) == (1, 1)


# --- rows that are missing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_an_approved_notice_that_nothing_carries_is_handed_over(twilio, ana, world, monkeypatch, channel):
    with clock.frozen(MORNING), monkeypatch.context() as broken:
        broken.setattr(handing_over, "hand_over", lambda notice, answer: None)
        notice = approved(ana[1], world, channels=(channel,))
    with clock.frozen(MORNING + timedelta(minutes=9)):
        assert sweeping.bring_on_what_was_lost() == 0
    with clock.frozen(MORNING + timedelta(minutes=11)):
        assert sweeping.bring_on_what_was_lost() == 1
        assert sweeping.bring_on_what_was_lost() == 0

    assert notice.message_id is not None or notice.text_message_id is not None


def test_a_notice_that_did_not_hear_that_its_mail_came_back_hears_it(ana, world):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    db.session.get(Message, notice.message_id).come_back("It came back: the mailbox does not exist.")
    db.session.commit()

    assert sweeping.bring_on_what_was_lost() == 1
    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]
    assert sweeping.bring_on_what_was_lost() == 0


def test_a_notice_that_did_not_hear_that_its_text_arrived_hears_it(twilio, ana, world):
    notice = approved(ana[1], world)
    text = TextMessage.find(notice.text_message_id)
    text.was_taken("SM1", "sent", clock.now())
    text.arrive()
    db.session.commit()
    sweeping.bring_on_what_was_lost()

    assert notice.state == State.DELIVERED


def test_what_did_not_arrive_and_went_no_further_goes_on(ana, world, monkeypatch):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    with monkeypatch.context() as broken:
        broken.setattr(passing_on, "go_on", lambda notice: None)
        passing_on.fail(notice, "It came back.")
    db.session.commit()
    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED)]

    assert sweeping.bring_on_what_was_lost() == 1
    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]


# --- silence ------------------------------------------------------------------------------------------------


def test_after_three_days_of_silence_a_text_has_not_arrived(twilio, ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
        text_delivery.deliver(notice.text_message_id)
    with clock.frozen(MORNING + timedelta(days=3, minutes=1)):
        assert sweeping.give_up_waiting() == 0  # Twilio is asked once more before
        text_delivery.send_what_is_due()
        db.session.commit()
        text_delivery.look_up(notice.text_message_id)
        assert sweeping.give_up_waiting() == 1
        assert chain(ana[1]) == [(SMS, State.UNDELIVERED), (EMAIL, State.APPROVED)]
        assert sweeping.give_up_waiting() == 0


def test_mail_of_which_nobody_knows_whether_it_left_is_a_persons_for_three_days(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world, channels=(EMAIL, LETTER))
        db.session.get(Message, notice.message_id).doubt("The program stopped.")
        db.session.commit()
    with clock.frozen(MORNING + timedelta(days=2)):
        assert sweeping.give_up_waiting() == 0
    with clock.frozen(MORNING + timedelta(days=4)):
        assert sweeping.give_up_waiting() == 1

    assert chain(ana[1]) == [(EMAIL, State.UNDELIVERED), (LETTER, State.APPROVED)]


@pytest.mark.parametrize(
    ("opened", "required", "given_up"), [(False, True, 1), (True, True, 0), (False, False, 0)]
)
def test_a_link_that_nobody_opens_is_no_delivery_where_the_law_asks_for_one(
    twilio, ana, world, opened, required, given_up
):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world, is_required=required)
        text_delivery.deliver(notice.text_message_id)
        text = TextMessage.find(notice.text_message_id)
        text.arrive()
        db.session.refresh(notice)
        notice.arrive()
        if opened:
            (link,) = FamilyLink.of_student(ana[1].id)
            link.opened_at = clock.now()
        db.session.commit()
    with clock.frozen(MORNING + timedelta(days=6)):
        assert sweeping.give_up_waiting() == 0
    with clock.frozen(MORNING + timedelta(days=8)):
        assert sweeping.give_up_waiting() == given_up

    assert len(chain(ana[1])) == 1 + given_up


# --- letters ------------------------------------------------------------------------------------------------


def test_letters_that_are_not_printed_or_not_posted_are_put_to_a_person(ana, world, told):
    with clock.frozen(MORNING):
        approved(ana[1], world, channels=(LETTER,))
    with clock.frozen(MORNING + timedelta(days=5)):
        assert sweeping.tell_of_letters_that_lie() == 1
    with clock.frozen(AFTERNOON + timedelta(days=5)):
        collating.collate()
        db.session.commit()
    with clock.frozen(AFTERNOON + timedelta(days=10)):
        assert sweeping.tell_of_letters_that_lie() == 1
        batch = db.session.scalars(Notice.of_student(ana[1].id)).one().batch
        collating.post(batch, by=world.adams.account())
        db.session.commit()
        assert sweeping.tell_of_letters_that_lie() == 0

    assert told == [
        "Its letter was approved on 2026-11-30 and has not been printed.",
        "Its letter has been printed since 2026-12-05 and is not posted. Post it, or take it out of the pile.",
        "",
    ]


# --- whether it stands --------------------------------------------------------------------------------------


def test_the_look_at_all_comes_round_a_large_district(maple, world, monkeypatch):
    monkeypatch.setattr(withdrawing, "MOST_AT_ONCE", 2)
    ready(world)
    students = []
    for number in range(5):
        student = maria(world, number=f"9{number}")
        families.lives_at(families.guardian(student, "Ana", f"S{number}"), f"{number + 1} Maple Street")
        tell(student)
        students.append(student)
    db.session.commit()
    last = max(students, key=lambda one: one.id)
    last.person.active = False
    db.session.commit()

    stopped = []
    for _ in range(3):
        stopped.append(withdrawing.look_at_all())
        db.session.commit()
    assert stopped == [0, 0, 1]
    row = NoticeRound.of_this_district()
    assert (row.after_id, row.came_round_at is not None) == (None, True)
    # A round rings for what is left of it, so that it does not wait for the timetable.
    assert db.session.query(Work).where(Work.job == withdrawing.LOOK).count() >= 1


def test_a_round_that_took_long_is_followed_by_a_rest(maple, world):
    with clock.frozen(MORNING):
        row = NoticeRound.of_this_district()
    row.comes_round(MORNING + timedelta(minutes=10))

    assert not row.begins(MORNING + timedelta(minutes=49))
    assert row.begins(MORNING + timedelta(minutes=51))


def test_the_sweepers_touch_nothing_of_a_stranger(app, twilio, ana, world):
    notice = approved(ana[1], world, channels=(EMAIL, LETTER))
    db.session.execute(update(Message).values(state=MailState.FAILED, reason="It failed."))
    db.session.commit()
    with app.app_context(), as_district(world.birch.id):
        assert sweeping.bring_on_what_was_lost() == 0
        db.session.commit()

    assert chain(ana[1]) == [(EMAIL, State.APPROVED)]
    assert notice.state == State.APPROVED


def test_approved_by_nobody_nothing_is_carried(ana, world):
    (notice,) = tell(ana[1], channels=ALL).notices
    db.session.commit()
    with clock.frozen(clock.now() + timedelta(days=30)):
        assert sweeping.bring_on_what_was_lost() == sweeping.give_up_waiting() == 0

    assert notice.state == State.WAITING
