"""England's Notice to Improve: a person decides on it, says what only they know, and it says all eight things."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import approving, senders, templating
from app.notices.actions.refused import Refused
from app.notices.actions.senders import Sender
from app.notices.actions.templating import Draft
from app.notices.models.notice import Notice, State
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.wording.shipped import ASKED
from app.register.models.school_day import SchoolDay
from app.truancy.law.packs import shipped
from app.truancy.law.words import CONTENTS
from app.truancy.models.case_duty import CaseDuty
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year

RULE = "gb-eng.penalty_considered"
DAYS = [FIRST + timedelta(days=at) for at in range(5)]
SAID = {
    "asked-0": "a meeting on 30 September",
    "asked-1": "a talk with the school nurse",
    "asked-2": "30 November 2026",
    "asked-3": "8 January 2027",
    "asked-4": "one session without a reason at most",
    "asked-5": "three more sessions without a reason",
}


def the_notice():
    (rule,) = [one for one in shipped() if one.id == RULE]
    return next(duty for duty in rule.duties if duty.do == "notice")


@pytest.fixture
def owed(app, world):
    """Ana missed ten sessions. Her parents live apart; the father speaks Spanish."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        ana = families.student("Ana", "Salas", number="1001", school=north)
        ana.born, ana.grade = date(2015, 3, 1), "06"
        families.lives_at(families.guardian(ana, "Eva", "Salas"), "12 Maple Street")
        father = families.guardian(ana, "Leo", "Salas", relation="Father")
        father.language = "es"
        families.lives_at(father, "40 Oak Street")
        registers.calendar(north, weeks=3)
        for day in db.session.scalars(select(SchoolDay)):
            day.sessions = 2
        registers.code("O", "absent", "unexcused", description="Unauthorised")
        registers.enrolled(ana.id, north)
        school_year()
        in_use(world, RULE)
        template = templating.begin(RULE)
        for tag in ("en", "es"):
            text = NoticeText.newest(template.id, tag)
            templating.approve(text, reads_it=True, by=world.adams.account())
        senders.say_sender(
            None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        )
        db.session.commit()
        taken_in(a_window(*(("1001", "North", day, slot, "O") for day in DAYS for slot in ("AM", "PM"))))
        reviewed()
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
        assert duty.for_person
        return SimpleNamespace(duty=duty.id, template=NoticeTemplate.for_(RULE).id, world=world)


def form(client, owed):
    cora = client.sign_in(owed.world.cora)
    return cora, cora.get(f"/maple/attendance/duties/{owed.duty}/notice")


def test_its_eight_things_are_asked_of_the_text(app, owed):
    duty = the_notice()

    assert (duty.to, duty.approve, len(duty.contents)) == ("each_parent", "human", 8)
    with app.app_context(), as_district(owed.world.maple.id):
        shipped_text = NoticeText.newest(owed.template, "en")
        for left_out in duty.contents:
            passages = {key: words for key, words in shipped_text.passages.items() if key != left_out}
            draft = Draft("en", shipped_text.heading, shipped_text.body, passages)
            text = templating.write(shipped_text.template, draft, by=owed.world.adams.account())
            with pytest.raises(Refused) as refused:
                templating.approve(text, reads_it=True, by=owed.world.adams.account())
            assert refused.value.sentence == f"There is no passage that says: {CONTENTS[left_out]}"


def test_what_only_a_person_knows_is_asked_for_and_stands_in_each_letter(app, client, owed):
    cora, page = form(client, owed)
    # In the order in which the letter says them.
    asked = list(ASKED.values())
    assert sorted(asked, key=page.text.index) == asked

    answer = cora.submit(page, "/notice", days="5", unexcused="5", **SAID)

    assert "Notices written: 2." in cora.follow(answer).text
    with app.app_context(), as_district(owed.world.maple.id):
        notices = db.session.scalars(select(Notice)).all()
        assert {one.state for one in notices} == {State.WAITING}
        for one in notices:
            assert all(words in str(one.words) for words in SAID.values())


def test_what_is_left_out_is_asked_for_again_and_nothing_typed_is_lost(client, owed):
    cora, page = form(client, owed)

    again = cora.submit(page, "/notice", status=422, days="5", unexcused="5", **SAID | {"asked-4": ""})

    assert "Say this: the text of the notice names it." in again.text
    assert "three more sessions without a reason" in again.text


def test_what_was_typed_in_english_is_read_before_it_goes_in_another_language(app, client, owed):
    cora, page = form(client, owed)
    cora.submit(page, "/notice", days="5", unexcused="5", **SAID)

    with app.app_context(), as_district(owed.world.maple.id):
        cautions = {one.language: one.caution for one in db.session.scalars(select(Notice))}
        assert cautions["en"] == ""
        assert "stands in its Spanish text as it was typed" in cautions["es"]
        told = approving.approve_all(db.session.scalars(select(Notice)).all(), by=owed.world.adams.account())
        assert told.leaving == 1


def test_a_clerk_does_not_decide_on_it(client, owed):
    clark = client.sign_in(owed.world.clark)

    clark.get(f"/maple/attendance/duties/{owed.duty}/notice", status=404)
