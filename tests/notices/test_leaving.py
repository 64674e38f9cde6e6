"""How notices leave: approved by a named person, asked once more at the moment they go, collated, posted, returned."""

import io
from datetime import UTC, date, datetime, timedelta

import pikepdf
import pytest
from sqlalchemy.exc import IntegrityError

from app.core import clock, storage
from app.core.db import db
from app.notices.actions import approving, collating, delivery, telling, withdrawing
from app.notices.actions.refused import Refused
from app.notices.models.message import Message
from app.notices.models.notice import EMAIL, LETTER, Notice, State
from app.notices.models.notice_text import NoticeText
from app.notices.models.print_batch import PrintBatch
from app.roster.actions import contacts, guardians
from app.roster.actions.guardians import Rights
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT
from tests.notices.families import maria, ready, tell
from tests.roster import families

#: Ten in the morning in Chicago, and four in the afternoon: before and after the cut-off at three.
MORNING = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
AFTERNOON = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)


@pytest.fixture
def ana(maple, world):
    """A mother with an address and an email, and her daughter Maria."""
    ready(world)
    student = maria(world)
    ana = families.guardian(student, "Ana", "Salas", language="es")
    families.lives_at(ana, "12 Maple Street")
    families.email(ana, "ana@example.com")
    db.session.commit()
    return ana, student


def approved(student, world, **more) -> Notice:
    (notice,) = tell(student, **more).notices
    approving.approve(notice, caution_read=True, by=world.adams.account())
    db.session.commit()
    return notice


def bar(student) -> None:
    """From now on nobody of this student may be contacted."""
    for held, _ in families.guardianships(student):
        guardians.say_rights(held, Rights(holds={NO_CONTACT: True}), by=families.SYSTEM)
    db.session.commit()


def test_a_letter_waits_for_the_cut_off_and_is_then_printed_once(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
        assert collating.collate() == 0
    with clock.frozen(AFTERNOON):
        assert collating.collate() == 1
        assert collating.collate() == 0
    db.session.commit()

    assert notice.state == State.IN_PRINT
    assert notice.address == "Ana Salas\n12 Maple Street\nMaple IL 60601"
    ((batch, letters, files),) = PrintBatch.newest_first(9)
    assert (batch.day.isoformat(), batch.last_envelope, letters, files) == ("2026-11-30", 1, 1, 1)
    with storage.open(batch.files[0].storage_key) as file, pikepdf.open(io.BytesIO(file.read())) as pdf:
        assert len(pdf.pages) == 1


def test_what_is_approved_after_the_cut_off_goes_the_next_day(ana, world):
    with clock.frozen(AFTERNOON):
        notice = approved(ana[1], world)
        assert collating.collate() == 0
    with clock.frozen(AFTERNOON + timedelta(days=1)):
        collating.collate()

    assert notice.batch.day.isoformat() == "2026-12-01"


def test_a_right_taken_away_after_the_approval_stops_the_letter(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    bar(ana[1])
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert notice.state == State.BLOCKED
    assert "must not be contacted" in notice.reason
    assert PrintBatch.newest_first(9) == []


def test_a_right_taken_away_before_the_approval_stops_the_notice(ana, world):
    (notice,) = tell(ana[1]).notices
    bar(ana[1])

    with pytest.raises(Refused, match="must not be contacted"):
        approving.approve(notice, caution_read=True, by=world.adams.account())
    assert notice.state == State.BLOCKED


def test_a_student_who_left_is_written_about_no_more(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    ana[1].person.active = False
    db.session.commit()
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert (notice.state, notice.reason) == (State.CANCELLED, "The student no longer goes to school here.")


def test_a_text_taken_out_of_use_stops_what_has_not_left(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    NoticeText.find(notice.home_text_id).retire()
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert "out of use" in notice.reason


def test_a_letter_goes_to_where_they_live_now(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    (post, _) = sorted(contacts.Contact.of_guardians([ana[0].id]), key=lambda one: one.kind, reverse=True)
    contacts.change(
        post,
        families.PostalAddress.written(
            line1="1 New Street", city="Maple", region="IL", postcode="60601", country="US"
        ),
        contacts.Consent(),
    )
    db.session.commit()
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert "1 New Street" in (notice.address or "")


def test_brothers_and_sisters_share_an_envelope_where_the_same_guardian_holds_rights_to_all(ana, world):
    mother, student = ana
    brother = families.student("Leo", "Salas", number="78", school=world.maple.schools["North"])
    families.belongs(brother, mother)
    cousin = families.student("Eva", "Salas", number="79", school=world.maple.schools["North"])
    families.belongs(cousin, mother)
    families.lives_at(families.guardian(cousin, "Ben", "Salas", language="es"), "12 Maple Street")
    with clock.frozen(MORNING):
        notices = {one.person.given_name: approved(one, world) for one in (student, brother, cousin)}
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert notices["Maria"].envelope == notices["Leo"].envelope
    assert notices["Eva"].envelope != notices["Maria"].envelope


def test_a_batch_is_approved_but_for_those_that_carry_a_caution(ana, world):
    other = maria(world, number="80")
    rights = {EDUCATION: True, MAIL: True, COURT_ORDER: True}
    families.lives_at(families.guardian(other, "Kim", "Park", rights=rights, note="Read."), "5 Elm Street")
    notices = tell(ana[1]).notices + tell(other).notices
    told = approving.approve_all(notices, by=world.adams.account())

    assert (told.leaving, told.stopped, told.one_by_one) == (1, 0, 1)
    assert notices[0].approved_by.name == "Ruth Adams"


def test_a_notice_with_a_caution_is_approved_by_who_has_read_it(ana, world):
    (notice,) = tell(ana[1], of_age=True).notices

    with pytest.raises(Refused, match="Say that you have read"):
        approving.approve(notice, caution_read=False, by=world.adams.account())
    approving.approve(notice, caution_read=True, by=world.adams.account())
    assert notice.state == State.APPROVED


def test_who_turns_18_meanwhile_is_for_a_person_to_decide(ana, world):
    student = ana[1]
    student.born = date(2008, 12, 1)
    with clock.frozen(MORNING):
        notice = approved(student, world)
        assert notice.caution == ""
    with clock.frozen(AFTERNOON + timedelta(days=1)):
        collating.collate()
        assert "has turned 18" in notice.reason
        telling.try_again(notice)

    assert notice.state == State.WAITING
    assert "the student's own" in notice.caution


def test_the_database_lets_no_notice_leave_that_nobody_approved(ana):
    (notice,) = tell(ana[1]).notices
    notice.leave()

    with pytest.raises(IntegrityError, match="nothing_leaves_unapproved"):
        db.session.flush()
    db.session.rollback()


def test_a_letter_is_cancelled_before_the_cut_off(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
        withdrawing.cancel(notice, "The doctor's note came.", by=world.adams.account())
    with clock.frozen(AFTERNOON):
        assert collating.collate() == 0

    assert (notice.state, notice.reason) == (State.CANCELLED, "Cancelled: The doctor's note came.")


def test_what_is_in_print_is_withdrawn_and_not_posted(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    with clock.frozen(AFTERNOON):
        collating.collate()
        withdrawing.cancel(notice, "Excused.", by=world.adams.account())
        assert collating.post(notice.batch, by=world.adams.account()) == 0

    assert notice.state == State.WITHDRAWN


def test_posted_letters_are_on_their_way_and_can_come_back(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    with clock.frozen(AFTERNOON):
        collating.collate()
        assert collating.post(notice.batch, by=world.adams.account()) == 1
        with pytest.raises(Refused, match="posted already"):
            collating.post(notice.batch, by=world.adams.account())
    assert notice.state == State.SENT

    found = Notice.coded(f" {notice.code[:4].lower()}-{notice.code[4:]} ")
    collating.take_back(found, "Moved, and left no address.")
    assert (notice.state, notice.reason) == (State.RETURNED, "Moved, and left no address.")


def test_a_batch_is_posted_only_once_all_its_letters_are_set(ana, world, monkeypatch):
    with clock.frozen(MORNING):
        one = approved(ana[1], world)
        other = approved(ana[1], world, duty="second")
    monkeypatch.setattr(collating, "MOST_AT_ONCE", 1)
    with clock.frozen(AFTERNOON):
        assert collating.collate() == 1
        assert collating.waiting(one.batch) == 1
        with pytest.raises(Refused, match="One letter is still being set"):
            collating.post(one.batch, by=world.adams.account())
        assert collating.collate() == 1
        assert collating.waiting(one.batch) == 0
        assert collating.post(one.batch, by=world.adams.account()) == 2

    assert (one.state, other.state) == (State.SENT, State.SENT)


def test_what_is_due_after_the_post_was_there_waits_for_the_next_day(ana, world):
    with clock.frozen(MORNING):
        first = approved(ana[1], world)
    with clock.frozen(AFTERNOON):
        collating.collate()
        collating.post(first.batch, by=world.adams.account())
    with clock.frozen(MORNING):
        late = approved(ana[1], world, duty="second")  # as one that follows another way, under its approval
    with clock.frozen(AFTERNOON):
        assert collating.collate() == 0
        assert (late.state, collating.waiting(first.batch)) == (State.APPROVED, 0)
    with clock.frozen(AFTERNOON + timedelta(days=1)):
        assert collating.collate() == 1

    assert late.batch.day == date(2026, 12, 1)


def test_what_rests_on_something_that_does_not_stand_is_stopped_everywhere(ana, world):
    student = ana[1]
    with clock.frozen(MORNING):
        letter = approved(student, world, duty="letter")
        with clock.frozen(AFTERNOON):
            collating.collate()
        (waiting,) = tell(student, duty="second").notices
    student.person.active = False
    db.session.commit()

    assert withdrawing.look_at_all() == 2
    assert letter.state == State.WITHDRAWN
    assert waiting.state == State.CANCELLED


def test_what_stands_again_waits_anew_under_the_same_key(ana, world):
    (notice,) = tell(ana[1]).notices
    ana[1].person.active = False
    db.session.flush()
    withdrawing.look_at_all()
    assert notice.state == State.CANCELLED
    ana[1].person.active = True
    db.session.flush()

    assert tell(ana[1]).notices == [notice]
    assert notice.state == State.WAITING


def test_an_email_leaves_in_the_family_s_language(ana, world, left):
    notice = approved(ana[1], world, channels=(EMAIL,))
    delivery.deliver(notice.message_id)
    (mail,) = left()

    assert mail.subject == "Maria Salas ha faltado 9 días a la escuela"
    assert "Dear Ana Salas" in mail.text
    assert notice.state == State.SENT


def test_a_right_taken_away_while_an_email_waits_stops_it(ana, world, left):
    notice = approved(ana[1], world, channels=(EMAIL,))
    bar(ana[1])
    delivery.deliver(notice.message_id)

    assert left() == []
    assert "must not be contacted" in db.session.get(Message, notice.message_id).reason
    assert notice.state == State.BLOCKED


def test_in_practice_nothing_reaches_the_family(ana, world, left):
    from app.notices.actions import senders
    from app.notices.models.notice_setting import NoticeSetting

    held = NoticeSetting.of_this_district()
    senders.set_up(envelope=held.envelope, cut_off=held.cut_off, practises=True)
    with clock.frozen(MORNING):
        email = approved(ana[1], world, channels=(EMAIL,))
        letter = approved(ana[1], world, duty="second", channels=(LETTER,))
    delivery.deliver(email.message_id)
    with clock.frozen(AFTERNOON):
        collating.collate()
    (mail,) = left()

    assert db.session.get(Message, email.message_id).to_address == world.adams.email
    assert mail.subject.startswith("Practice: ")
    assert letter.address == "Practice copy\nRuth Adams"
    with pytest.raises(Refused, match="never posted"):
        collating.post(letter.batch, by=world.adams.account())


def test_a_letter_that_was_blocked_is_written_anew_and_approved_anew(ana, world):
    with clock.frozen(MORNING):
        notice = approved(ana[1], world)
    notice.block("For this test.")
    telling.try_again(notice)

    assert (notice.state, notice.approved_at) == (State.WAITING, None)
