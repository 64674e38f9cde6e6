"""A notice that a rule owes, to a family whose language has no approved text: what the law lets a person choose."""

from datetime import date

import pytest
from sqlalchemy import select

from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import along, choosing_english
from app.notices.actions.refused import Refused
from app.notices.models.notice import Notice, State
from app.truancy.actions import following, owing
from app.truancy.actions.following import Asked
from app.truancy.models.case_duty import CaseDuty
from tests.truancy import told


@pytest.fixture
def notice(app, world):
    """One of a rule of California, to a mother who reads Vietnamese. The lines in it are checked."""
    with app.app_context(), as_district(world.maple.id):
        told.ready(world)
        yield told.untranslated(world, 1, world.maple.schools["North"])


def owed_by(rule_id: str, notice: Notice) -> None:
    """The same line of the list by another rule."""
    db.session.get_one(CaseDuty, notice.grounds_id).rule_id = rule_id
    db.session.flush()


def test_where_the_law_asks_for_no_language_a_person_may_choose_english(notice, world):
    assert notice.state == State.BLOCKED
    choosing_english.choose(notice, by=world.clark.account())

    assert (notice.state, notice.said_in) == (State.WAITING, "English, with lines in Vietnamese")


@pytest.mark.parametrize(
    ("rule_id", "law"), [("us-pa.truant", "24 PS 13-1326"), ("us-wa.m1", "RCW 28A.225.020")]
)
def test_where_the_law_asks_for_the_familys_language_nobody_may(notice, world, rule_id, law):
    owed_by(rule_id, notice)

    with pytest.raises(Refused, match=f"The law asks for this notice in the family’s language .{law}"):
        choosing_english.choose(notice, by=world.clark.account())
    assert (notice.state, notice.in_english_at) == (State.BLOCKED, None)


def test_of_many_those_that_the_law_holds_back_are_left_and_it_says_why(notice, world):
    held = told.untranslated(world, 2, world.maple.schools["North"])
    owed_by("us-pa.truant", held)
    chosen = choosing_english.choose_all([notice, held], by=world.clark.account())

    assert (chosen.waiting, held.state) == (1, State.BLOCKED)
    assert [one.partition(" (")[0] for one in chosen.refused] == [
        "The law asks for this notice in the family’s language"
    ]


def test_what_is_told_along_is_asked_too(notice, world):
    asked = {"window": "2026-10", "ordinal": 1, "trigger": told.TRIGGER, "do": "notice", "to": "parent"}
    one = Asked(
        student_id=notice.student_id, rule_id="us-wa.m1", due=None, blocked=[], for_person=False, **asked
    )
    following.follow([notice.student_id], [_as_before(notice), one])
    second = db.session.scalars(select(CaseDuty.id).where(CaseDuty.rule_id == "us-wa.m1")).one()
    along.take_up(notice, [second])

    with pytest.raises(Refused, match="RCW 28A"):
        choosing_english.choose(notice, by=world.clark.account())


def _as_before(notice: Notice) -> Asked:
    duty = db.session.get_one(CaseDuty, notice.grounds_id)
    return Asked(
        student_id=duty.student_id,
        rule_id=duty.rule_id,
        window=duty.window,
        ordinal=duty.ordinal,
        trigger=duty.trigger,
        do=duty.do,
        to=duty.to,
        due=None,
        blocked=[],
        for_person=False,
    )


def test_a_law_that_did_not_hold_on_that_day_asks_for_nothing():
    assert owing.must_be_theirs("us-wa.m1", date(2026, 9, 18))
    assert owing.must_be_theirs("us-wa.m1", date(2020, 9, 18)) == ""
    assert owing.must_be_theirs("us-ca.truant.1", date(2026, 9, 18)) == ""
