"""A notice that reached a family and does not stand any more is corrected: once, to whom it reached, by a person."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.family.actions import linking
from app.family.actions.linking import About
from app.notices.actions import approving, collating, correcting, showing, templating, withdrawing
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.notice import CORRECTION, Notice, State
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.models.print_batch import PrintBatch
from app.notices.wording import contents, shipped
from app.roster.actions import guardians
from app.roster.actions.guardians import Rights
from app.roster.models.guardian_right import NO_CONTACT
from app.roster.models.guardianship import Guardianship
from app.roster.models.student import Student
from app.truancy.models.firing import Firing
from tests.roster import families
from tests.truancy.test_evidence import (  # noqa: F401 (fixtures)
    NOON,
    _noon,
    fired,
    here,
    leads_to,
    posted,
    told,
    written,
)

FRIDAY = datetime(2026, 9, 25, 17, tzinfo=UTC)


def text_is_approved(world) -> None:
    """Of the correction, in English and Spanish."""
    template = templating.begin(templating.CORRECTION.key)
    for text in reversed(NoticeText.of(template.id)):
        templating.approve(text, reads_it=True, by=world.adams.account())
    db.session.commit()


def sent(world) -> UUID:
    """The notice is with the family: its id. An import that follows ends the session that knows it."""
    id = written(world).id
    posted(world)
    return id


def corrections() -> list[Notice]:
    db.session.expire_all()
    asked = select(Notice).where(Notice.grounds_kind == CORRECTION).order_by(Notice.id)
    return list(db.session.scalars(asked))


def let_go(world, correction) -> None:
    """Approved, printed and posted."""
    with clock.frozen(FRIDAY):
        approving.approve(correction, caution_read=False, by=world.adams.account())
        db.session.commit()
    with clock.frozen(FRIDAY + timedelta(days=1)):
        assert collating.collate() == 1
        batch = db.session.scalars(select(PrintBatch).where(PrintBatch.posted_at.is_(None))).one()
        collating.post(batch, by=world.adams.account())
    db.session.commit()


# --- that there is one ------------------------------------------------------------------------------------------


def test_an_excuse_after_the_letter_writes_to_the_same_people_in_the_same_languages(here, world):
    text_is_approved(world)
    id = sent(world)

    told(*"UEU")

    (one,) = corrections()
    assert Notice.find(id).state == State.WITHDRAWN
    assert (one.state, one.grounds_id) == (State.WAITING, id)
    assert one.guardian_ids == Notice.find(id).guardian_ids == (here.mother,)
    assert [words["language"] for words in one.words] == ["es", "en"]
    assert one.words[1]["heading"] == "A correction about Ana Salas"
    assert "On September 22, 2026 we wrote to you" in str(one.words)


def test_it_waits_for_a_person_and_goes_the_way_of_every_letter(here, world):
    text_is_approved(world)
    sent(world)
    told(*"UEU")
    (one,) = corrections()
    assert one.approved_by_id is None

    let_go(world, one)

    assert corrections()[0].state == State.SENT


def test_told_again_there_is_still_one(here, world):
    text_is_approved(world)
    id = sent(world)
    told(*"UEU")
    told(*"UEE")
    withdrawing.look_at_all()
    assert correcting.correct(Notice.find(id)) == []

    assert len(corrections()) == 1


def test_what_never_left_is_cancelled_and_not_corrected(here, world):
    text_is_approved(world)
    id = written(world).id
    db.session.commit()
    told(*"UEU")

    assert Notice.find(id).state == State.CANCELLED
    assert corrections() == []


def test_what_lies_in_the_pile_is_taken_out_and_not_corrected(here, world):
    text_is_approved(world)
    id = written(world).id
    with clock.frozen(NOON + timedelta(days=1)):
        collating.collate()
    db.session.commit()
    told(*"UEU")

    assert Notice.find(id).state == State.WITHDRAWN
    assert corrections() == []


def test_what_came_back_reached_nobody_and_is_not_corrected(here, world):
    text_is_approved(world)
    collating.take_back(Notice.find(sent(world)), "Moved.")
    db.session.commit()
    told(*"UEU")

    assert corrections() == []


def test_a_notice_that_a_person_stopped_is_not_corrected(here, world):
    text_is_approved(world)
    notice = written(world)
    withdrawing.cancel(notice, "Wrong family.", by=world.adams.account())
    db.session.commit()
    told(*"UEU")

    assert corrections() == []


def test_a_rule_that_asks_for_no_correction_has_none(here, world, monkeypatch):
    from app.truancy.actions import telling as rules

    text_is_approved(world)
    sent(world)
    monkeypatch.setattr(rules, "versions_of", lambda _: [])
    told(*"UEU")

    assert corrections() == []


# --- once -------------------------------------------------------------------------------------------------------


def test_where_the_notice_stands_again_its_correction_does_not_leave(here, world):
    text_is_approved(world)
    sent(world)
    told(*"UEU")
    told(*"UUU")

    (one,) = corrections()
    first = one.id
    assert (one.state, one.reason) == (State.CANCELLED, correcting.STANDS_AGAIN)

    # And taken back once more, it is the same correction that waits.
    told(*"UEU")
    (again,) = corrections()
    assert (again.id, again.state) == (first, State.WAITING)


def test_a_correction_takes_no_mark_and_makes_no_firing(here, world):
    text_is_approved(world)
    sent(world)
    told(*"UEU")
    db.session.commit()
    told(*"UUU")

    firings = db.session.scalars(select(Firing)).all()
    assert [(one.rule_id, one.ordinal, one.state) for one in firings] == [("us-ca.truant.1", 1, "standing")]
    notices = select(func.count()).where(Notice.grounds_kind != CORRECTION)
    assert db.session.scalar(notices) == 1


# --- to whom, in which words -------------------------------------------------------------------------------------


def test_who_may_not_be_written_to_any_more_gets_none_and_that_is_written_down(here, world):
    text_is_approved(world)
    id = sent(world)
    held = Guardianship.between(here.student, here.mother)
    guardians.say_rights(held, Rights(holds={NO_CONTACT: True}), by=world.adams.account())
    db.session.commit()
    told(*"UEU")

    assert corrections() == []
    (left_out,) = LeftOutGuardian.of(CORRECTION, [id])
    assert "must not be contacted" in left_out.why


def test_it_goes_to_nobody_who_did_not_have_the_notice(here, world):
    text_is_approved(world)
    id = sent(world)
    student = db.session.get_one(Student, here.student)
    families.lives_at(families.guardian(student, "Ida", "Stone", relation="Aunt"), "9 Oak Street")
    db.session.commit()
    told(*"UEU")

    assert [one.guardian_ids for one in corrections()] == [Notice.find(id).guardian_ids]


def test_without_an_approved_text_it_is_kept_and_says_what_is_missing(here, world):
    sent(world)
    told(*"UEU")

    (one,) = corrections()
    assert (one.state, one.reason) == (State.BLOCKED, correcting.NO_TEXT)
    assert NoticeTemplate.for_(templating.CORRECTION.key) is not None


def test_without_an_approved_translation_it_waits_for_one(here, world):
    template = templating.begin(templating.CORRECTION.key)
    templating.approve(NoticeText.newest(template.id, "en"), reads_it=True, by=world.adams.account())
    db.session.commit()
    sent(world)
    told(*"UEU")

    (one,) = corrections()
    assert one.state == State.BLOCKED
    assert "no approved translation into Spanish" in one.reason


@pytest.mark.parametrize("tag", sorted(shipped.CORRECTION))
def test_the_shipped_drafts_are_short_and_plain_enough_to_be_approved(tag):
    text = shipped.CORRECTION[tag]

    assert contents.why_not(text.heading, text.body, {}, (), tag) == []


# --- where it is seen --------------------------------------------------------------------------------------------


def test_the_family_reads_it_behind_the_link_of_the_notice_once_it_is_let_go(here, world):
    text_is_approved(world)
    id = sent(world)
    about = About("notice", id)
    linking.link_for(Notice.find(id).student, here.mother, by=world.adams.account(), about=about)
    told(*"UEU")
    assert showing.NOTICES.passages(id) == ()

    let_go(world, corrections()[0])

    said = showing.NOTICES.passages(id)
    assert [one.language for one in said] == ["es", "en"]
    assert said[1].heading == "A correction about Ana Salas"


def test_it_stands_on_the_evidence_and_leads_to_what_it_corrects(app, client, world, fired):
    from app.core.actor import SYSTEM, acting_as

    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        text_is_approved(world)
        of = sent(world)
        told(*"UEU")
        (one,) = corrections()
        code, id = Notice.find(of).code, one.id
    clark = client.sign_in(world.clark)

    assert f"Correction of {code}, letter to Eva Salas" in clark.get(fired.page).text
    assert leads_to(clark.get(f"/maple/notices/{of}"), f"/maple/notices/{id}")
    assert leads_to(clark.get(f"/maple/notices/{id}"), f"/maple/notices/{of}")


def test_the_stranger_has_none_of_it(app, world, fired):
    from app.core.actor import SYSTEM, acting_as

    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        text_is_approved(world)
        sent(world)
        told(*"UEU")
        assert len(corrections()) == 1
    with app.app_context(), as_district(world.birch.id):
        assert corrections() == []
        assert NoticeTemplate.for_(templating.CORRECTION.key) is None
