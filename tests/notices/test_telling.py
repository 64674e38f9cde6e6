"""To whom notices are written: one a home, in its language, once, and never to whom it may not be."""

import json

import pytest

from app.core.db import db
from app.family.models.family_link import FamilyLink
from app.notices.actions import telling, templating
from app.notices.actions.refused import Refused
from app.notices.actions.templating import Draft
from app.notices.models.notice import Notice, State
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT
from tests.notices.families import WANTED, maria, ready, tell
from tests.roster import families


@pytest.fixture
def template(maple, world):
    return ready(world)


def of_two_homes(student):
    ana = families.guardian(student, "Ana", "Salas", language="es")
    ben = families.guardian(student, "Ben", "Stone", relation="Father")
    families.lives_at(ana, "12 Maple Street")
    families.lives_at(ben, "9 Oak Street")
    return ana, ben


def test_two_homes_get_a_notice_each_from_one_firing_in_their_languages(template, world):
    student = maria(world)
    of_two_homes(student)
    told = tell(student)

    assert sorted((one.addressee, one.language, one.state) for one in told.notices) == [
        ("Ana Salas", "es", "waiting"),
        ("Ben Stone", "en", "waiting"),
    ]
    spanish = next(one for one in told.notices if one.language == "es")
    assert [words["language"] for words in spanish.words] == ["es", "en"]
    assert "Maria Salas ha faltado 9 días" in spanish.words[0]["heading"]


def test_told_again_nobody_is_told_twice(template, world):
    student = maria(world)
    of_two_homes(student)
    first, again = tell(student), tell(student)

    assert {one.id for one in first.notices} == {one.id for one in again.notices}
    assert len(db.session.scalars(db.select(Notice)).all()) == 2


def test_guardians_of_one_household_get_one_letter(template, world):
    student = maria(world)
    for given in ("Ana", "Ben"):
        families.lives_at(families.guardian(student, given, "Salas"), "12 Maple Street")

    assert [one.addressee for one in tell(student).notices] == ["Ana and Ben Salas"]


def test_whoever_must_not_be_contacted_is_left_out_with_a_sentence(template, world):
    student = maria(world)
    of_two_homes(student)
    barred = families.guardian(student, "Carl", "Stone", rights={NO_CONTACT: True})
    families.lives_at(barred, "12 Maple Street")
    told = tell(student)

    assert [one.addressee for one in told.notices] == ["Ben Stone"]
    assert {one.name for one in told.left_out} == {"Ana Salas", "Carl Stone"}


def test_a_confidential_address_is_never_printed_and_its_substitute_is(template, world):
    student = maria(world)
    ana = families.guardian(student, "Ana", "Salas")
    families.lives_at(ana, "12 Maple Street")
    ana.address_is_confidential = True
    db.session.flush()
    assert "confidential" in tell(student, duty="first").left_out[0].why

    families.lives_at(ana, "PO Box 17").is_substitute = True
    db.session.flush()
    (notice,) = tell(student, duty="second").notices
    assert notice.state == State.WAITING


def test_without_an_approved_translation_that_family_alone_waits(template, world):
    student = maria(world)
    of_two_homes(student)
    vi = families.guardian(student, "Linh", "Tran", language="vi")
    families.lives_at(vi, "3 Elm Street")
    states = {one.addressee: (one.state, one.reason) for one in tell(student).notices}

    assert states["Linh Tran"][0] == State.BLOCKED
    assert "no approved translation into Vietnamese of version 1" in states["Linh Tran"][1]
    assert states["Ana Salas"][0] == states["Ben Stone"][0] == State.WAITING


def test_a_missing_value_is_named_and_can_be_filled_in(template, world):
    student = maria(world)
    families.lives_at(families.guardian(student, "Ana", "Salas"), "12 Maple Street")
    (notice,) = tell(student, values={"days": "9"}).notices
    assert notice.reason == "Nobody said: unexcused. Fill that in, then try again."

    telling.try_again(notice, {"unexcused": "2"})
    assert notice.state == State.WAITING
    assert "2 of these days" in json.dumps(notice.words)


def test_a_name_that_cannot_be_printed_stops_its_letter(template, world):
    student = maria(world)
    families.lives_at(families.guardian(student, "Ana", "Sal\U00012000s"), "12 Maple Street")
    (notice,) = tell(student).notices

    assert "cannot be printed here" in notice.reason


def test_a_court_order_and_the_age_of_18_are_cautions(template, world):
    student = maria(world)
    rights = {EDUCATION: True, MAIL: True, COURT_ORDER: True}
    families.lives_at(
        families.guardian(student, "Ana", "Salas", rights=rights, note="Read."), "12 Maple Street"
    )
    (notice,) = tell(student, of_age=True).notices

    assert "18 or older" in notice.caution
    assert "court order" in notice.caution


def test_a_text_that_does_not_say_what_the_law_asks_is_refused(template, world):
    student = maria(world)

    with pytest.raises(Refused, match="The law asks for more than the approved text says: right to meet"):
        tell(student, must_say=["right_to_meet"])


def test_nothing_is_written_without_an_approved_text(maple, world):
    templating.begin("absences.total")

    with pytest.raises(Refused, match="no approved text"):
        tell(maria(world))


def test_nothing_is_written_about_what_no_room_knows(template, world):
    with pytest.raises(Refused, match="Nothing here says any more"):
        tell(maria(world), grounds_kind="rumour")


def test_what_it_says_is_kept_with_its_hash_and_the_version(template, world):
    student = maria(world)
    families.lives_at(families.guardian(student, "Ana", "Salas"), "12 Maple Street")
    (notice,) = tell(student).notices

    assert len(notice.words_sha256) == 64
    assert notice.text_id == NoticeText.in_use(template.id).id
    assert "Maria" not in (notice.words_sealed or "")


def with_the_page(world):
    """The text that is in use asks for the link."""
    english = NoticeText.in_use(NoticeTemplate.for_(WANTED).id)
    body = f"{english.body}\n\nSee more and answer us: ((Family Page))"
    draft = Draft("en", english.heading, body, english.passages)
    made = templating.write(english.template, draft, by=world.adams.account())
    templating.approve(made, reads_it=True, by=world.adams.account())


def test_a_text_that_asks_for_it_carries_a_link_to_the_familys_page(template, world):
    student = maria(world)
    ben = families.guardian(student, "Ben", "Stone", relation="Father")
    families.lives_at(ben, "9 Oak Street")
    with_the_page(world)
    (notice,) = tell(student).notices

    (link,) = FamilyLink.of_student(student.id)
    assert notice.state == State.WAITING
    assert link.address in json.dumps(notice.words)
    assert (link.guardian_id, link.about_kind, link.about_id) == (ben.id, "notice", notice.id)
    telling.try_again(notice)
    assert len(FamilyLink.of_student(student.id)) == 1


def test_a_text_that_does_not_ask_for_it_makes_no_link(template, world):
    student = maria(world)
    of_two_homes(student)
    tell(student)

    assert FamilyLink.of_student(student.id) == []
