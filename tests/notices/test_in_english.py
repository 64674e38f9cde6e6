"""A notice without an approved translation: it waits, or a named person has it go in English, with lines before it in
the family's language that say how to have it explained.
"""

import json
import shutil
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.core import clock, shown
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.family.models.tagline import TAGLINES
from app.family.models.words_approval import WordsApproval
from app.notices.actions import (
    approving,
    choosing_english,
    collating,
    delivery,
    passing_on,
    templating,
    text_delivery,
)
from app.notices.actions.refused import Refused
from app.notices.actions.templating import Draft
from app.notices.models.message import Message
from app.notices.models.notice import EMAIL, LETTER, SMS, Notice, State
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from tests import twilio_fake
from tests.integrations.test_typesetting import tags
from tests.notices.families import WANTED, maria, ready, tell
from tests.notices.test_leaving import AFTERNOON, MORNING
from tests.notices.texting import MOTHER, set_up
from tests.roster import families

VIETNAMESE = "Thông báo quan trọng về việc đi học của con quý vị"


@pytest.fixture
def linh(maple, world):
    """A mother who reads Vietnamese, and her daughter Maria. The lines are checked, and nothing is translated."""
    ready(world)
    checked(world, "vi")
    student = maria(world)
    linh = families.guardian(student, "Linh", "Tran", language="vi")
    families.lives_at(linh, "3 Elm Street")
    families.email(linh, "linh@example.com")
    db.session.commit()
    return linh, student


def checked(world, *languages: str) -> None:
    """Somebody who reads them has read the lines that stand before a notice in English."""
    for tag in languages:
        WordsApproval.give(TAGLINES[tag], "Linh Tran", by=world.adams.account())
    db.session.flush()


def one(student, **more) -> Notice:
    (notice,) = tell(student, **more).notices
    return notice


def chosen(student, world, **more) -> Notice:
    """A notice of which Clark chose that it goes in English."""
    notice = one(student, **more)
    choosing_english.choose(notice, by=world.clark.account())
    return notice


def approved(student, world, **more) -> Notice:
    notice = chosen(student, world, **more)
    approving.approve(notice, caution_read=False, by=world.adams.account())
    db.session.commit()
    return notice


def in_vietnamese(*, by_machine: bool = False, by) -> NoticeText:
    """A draft of a translation of the version in use."""
    draft = Draft("vi", "((student))", "((student)): ((days)), ((unexcused))", {}, by_machine=by_machine)
    return templating.write(NoticeTemplate.for_(WANTED), draft, by=by)


def another_version(by) -> NoticeText:
    """Another English text is in use now."""
    english = NoticeText.in_use(NoticeTemplate.for_(WANTED).id)
    made = templating.write(english.template, Draft("en", "News", english.body, english.passages), by=by)
    templating.approve(made, reads_it=True, by=by)
    return made


def test_translation_missing_or_outdated(linh, world):
    admin = world.adams.account()
    missing = one(linh[1])
    assert (missing.state, missing.reason) == (
        State.BLOCKED,
        "There is no approved translation into Vietnamese of version 1. Approve one, then try again.",
    )
    templating.approve(in_vietnamese(by=admin), reads_it=True, by=admin)
    another_version(admin)
    outdated = one(linh[1], duty="second")
    assert outdated.state == State.BLOCKED
    assert outdated.reason.startswith("The approved translation into Vietnamese is of another version")

    choosing_english.choose(outdated, by=world.clark.account())
    assert outdated.state == State.WAITING
    assert [words["language"] for words in outdated.words] == ["vi", "en"]
    assert [words["heading"] for words in outdated.words] == [VIETNAMESE, "News"]


def test_a_machine_draft_is_no_translation_and_never_leaves(linh, world):
    draft = in_vietnamese(by_machine=True, by=world.adams.account())
    notice = one(linh[1])

    assert "no approved translation into Vietnamese" in notice.reason
    with pytest.raises(Refused, match="A machine wrote this draft"):
        templating.approve(draft, reads_it=True, by=world.adams.account())


def test_nothing_goes_in_english_by_itself(linh, world):
    notice = one(linh[1])
    approving.approve_all([notice], by=world.adams.account())
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert (notice.state, notice.in_english_at) == (State.BLOCKED, None)
    with pytest.raises(Refused, match="Only a person of the district"):
        choosing_english.choose(notice, by=SYSTEM)


def test_whoever_chose_it_stands_on_the_notice_and_in_the_audit_log(linh, world):
    with acting_as(world.clark.account()):
        notice = chosen(linh[1], world)
        db.session.commit()

    assert notice.in_english_by.name == "Clark Reyes"
    assert notice.said_in == "English, with lines in Vietnamese"
    noted = db.session.query(AuditEntry).filter_by(which=notice.id, by_id=world.clark.id).all()
    assert any("in_english_by_id" in entry.changes for entry in noted)


def test_the_lines_say_whom_to_call_and_that_it_costs_nothing(linh, world):
    (lines, english) = chosen(linh[1], world).words
    said = json.dumps(lines, ensure_ascii=False)

    assert "Xin gọi Nora Bell theo số 312" in said
    assert "Thông dịch viên sẽ giải thích miễn phí" in said
    assert "Dear Linh Tran" in json.dumps(english)


def test_in_a_line_from_right_to_left_the_telephone_keeps_its_order(linh, world):
    checked(world, "ur")
    linh[0].language = "ur"
    db.session.flush()
    (lines, _) = chosen(linh[1], world).words

    assert lines["rtl"]
    assert "\u2066312\u2069" in json.dumps(lines, ensure_ascii=False)


def test_a_language_of_which_we_hold_no_lines_stays_blocked_and_says_so(linh, world):
    linh[0].language = "pa"
    db.session.flush()
    notice = one(linh[1])

    with pytest.raises(Refused, match="We have no lines in Punjabi"):
        choosing_english.choose(notice, by=world.clark.account())
    assert notice.state == State.BLOCKED


def test_lines_that_nobody_has_checked_stand_before_nothing(linh, world):
    linh[0].language = "so"
    db.session.flush()
    notice = one(linh[1])

    with pytest.raises(Refused, match="Nobody who reads Somali has checked the lines"):
        choosing_english.choose(notice, by=world.clark.account())
    assert notice.state == State.BLOCKED


def test_lines_that_are_taken_back_meanwhile_stop_it_as_it_leaves(linh, world):
    with clock.frozen(MORNING):
        notice = approved(linh[1], world)
    WordsApproval.take_back(TAGLINES["vi"])
    db.session.commit()
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert notice.state == State.BLOCKED
    assert "Nobody who reads Vietnamese has checked" in notice.reason


def test_a_translation_approved_meanwhile_sets_it_anew_in_the_familys_language(linh, world):
    notice = approved(linh[1], world)
    freed = templating.approve(in_vietnamese(by=world.cora.account()), reads_it=True, by=world.cora.account())

    assert (freed, notice.state, notice.in_english_at) == (1, State.WAITING, None)
    assert [words["language"] for words in notice.words] == ["vi", "en"]
    assert notice.words[0]["heading"] == "Maria Salas"
    assert notice.said_in == "Vietnamese"


def test_what_waited_for_a_translation_is_written_anew_with_it(linh, world):
    notice = one(linh[1])
    templating.approve(in_vietnamese(by=world.cora.account()), reads_it=True, by=world.cora.account())

    assert notice.state == State.WAITING


def test_as_it_leaves_an_approved_translation_stops_what_is_in_english(linh, world):
    with clock.frozen(MORNING):
        notice = approved(linh[1], world)
    in_vietnamese(by=world.cora.account()).approve(world.cora.person_id)  # as by another hand, at that moment
    db.session.commit()
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert notice.state == State.BLOCKED
    assert notice.reason.startswith("There is an approved translation into Vietnamese now.")


def test_the_database_lets_nothing_leave_in_another_language_that_nobody_chose(linh, world):
    notice = one(linh[1])
    leaves = update(Notice).where(Notice.id == notice.id)
    approval = {"approved_by_id": world.adams.person_id, "approved_at": clock.now(), "state": State.APPROVED}

    with pytest.raises(IntegrityError, match="nothing_leaves_in_another_language"):
        db.session.execute(leaves.values(**approval))
    db.session.rollback()


def test_a_letter_is_printed_with_the_lines_before_it(linh, world):
    with clock.frozen(MORNING):
        notice = approved(linh[1], world)
    with clock.frozen(AFTERNOON):
        collating.collate()

    assert notice.state == State.IN_PRINT


@pytest.mark.parametrize("tag", ["ar", "ur", "zh-Hans", "so"])
def test_the_letter_can_be_read_aloud_the_familys_language_first(linh, world, tag, tmp_path):
    checked(world, tag)
    linh[0].language = tag
    db.session.flush()
    pdf = collating.preview(chosen(linh[1], world))
    headings = [language for kind, language in tags(pdf) if kind == "/H1"]

    assert headings == ["zh-CN" if tag == "zh-Hans" else tag, ""]
    if shutil.which("qpdf"):
        (tmp_path / "letter.pdf").write_bytes(pdf)
        looked = subprocess.run(
            ["qpdf", "--check", tmp_path / "letter.pdf"], check=False, capture_output=True
        )
        assert looked.returncode == 0


def test_an_email_begins_with_the_lines(linh, world, left):
    notice = approved(linh[1], world, channels=(EMAIL, LETTER))
    delivery.deliver(notice.message_id)
    (mail,) = left()

    assert mail.subject == VIETNAMESE
    assert mail.text.index("miễn phí") < mail.text.index("Dear Linh Tran")
    assert 'lang="vi"' in db.session.get(Message, notice.message_id).html


def test_a_text_is_in_english_and_the_page_behind_it_begins_with_the_lines(linh, world, monkeypatch):
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        set_up()
        families.mobile(linh[0], MOTHER)
        db.session.commit()
        notice = approved(linh[1], world, channels=(SMS, LETTER), is_required=True)
        text_delivery.deliver(notice.text_message_id)
        (sent,) = fake.texts

    assert sent.carries["Body"].startswith("North School: please read our message: http")
    first, second = shown.passages("notice", notice.id)
    assert (first.language, first.heading, second.language) == ("vi", VIETNAMESE, "en")


def test_what_does_not_arrive_goes_on_as_it_was_chosen(linh, world):
    email = approved(linh[1], world, channels=(EMAIL, LETTER))
    passing_on.fail(email, "It came back.")
    letter = db.session.query(Notice).filter_by(follows_id=email.id).one()

    assert (letter.channel, letter.state) == (LETTER, State.APPROVED)
    assert letter.in_english_by_id == world.clark.person_id
    assert letter.words == email.words


def test_what_goes_on_to_a_family_of_another_language_by_now_waits(linh, world):
    checked(world, "so")
    email = approved(linh[1], world, channels=(EMAIL, LETTER))
    linh[0].language = "so"
    db.session.flush()
    passing_on.fail(email, "It came back.")
    letter = db.session.query(Notice).filter_by(follows_id=email.id).one()

    assert (letter.state, letter.in_english_at) == (State.BLOCKED, None)


def test_it_can_be_taken_back_and_waits_again(linh, world):
    notice = chosen(linh[1], world)
    choosing_english.take_back(notice, by=world.clark.account())

    assert (notice.state, notice.in_english_at) == (State.BLOCKED, None)
    with pytest.raises(Refused, match="does not wait for approval in English any more"):
        choosing_english.take_back(notice, by=world.clark.account())


def test_what_left_in_english_is_not_sent_again_and_its_page_says_so(linh, app, world, client):
    with clock.frozen(MORNING):
        notice = approved(linh[1], world)
    with clock.frozen(AFTERNOON):
        collating.collate()
        collating.post(notice.batch, by=world.adams.account())
    db.session.commit()
    with clock.frozen(AFTERNOON + timedelta(days=1)):
        templating.approve(in_vietnamese(by=world.cora.account()), reads_it=True, by=world.cora.account())
        db.session.commit()

        assert notice.state == State.SENT
        page = client.sign_in(world.clark).get(f"/maple/notices/{notice.id}")
        assert "not sent again by itself" in page.text


def test_clark_has_one_go_in_english_and_another_by_the_list(app, world, client, linh):
    first, second = one(linh[1]), one(linh[1], duty="second")
    db.session.commit()
    ids = first.id, second.id
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/notices/{ids[0]}")
    answer = clark.follow(clark.submit(page, "/in-english"))
    assert "written in English, with lines in Vietnamese, and waits for approval." in answer.text
    assert "Clark Reyes chose that it goes in English" in answer.text

    blocked = clark.get("/maple/notices?show=blocked")
    answer = clark.submit(blocked, "/in-english", notice=str(ids[1]))
    assert "1 notice waits for approval in English." in clark.follow(answer).text
    assert "Tick the notices" in clark.follow(clark.post("/maple/notices/in-english", {})).text
    back = clark.submit(clark.get(f"/maple/notices/{ids[1]}"), "/in-english/withdrawal")
    assert "waits for a translation into Vietnamese" in clark.follow(back).text
    with app.app_context(), as_district(world.maple.id):
        states = [(n.state, n.in_english_by_id) for n in map(Notice.find, ids)]
        assert states == [(State.WAITING, world.clark.person_id), (State.BLOCKED, None)]


def test_of_another_school_nobody_has_one_go_in_english(app, world, client, linh):
    other = families.student("Eva", "Park", number="99", school=world.maple.schools["Cedar"])
    families.lives_at(families.guardian(other, "Kim", "Park", language="vi"), "5 Elm Street")
    id = one(other).id
    db.session.commit()
    client.sign_in(world.clark).post("/maple/notices/in-english", {"notice": str(id)})

    with app.app_context(), as_district(world.maple.id):
        assert Notice.find(id).in_english_at is None
