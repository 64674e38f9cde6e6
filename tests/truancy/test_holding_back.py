"""A notice of the district's own is held back from some, by lot: never what the law asks, never a person's matter."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import templating
from app.truancy.actions import following, holding_back, telling
from app.truancy.actions.following import Asked
from app.truancy.law.overlay import Added, Looser, Overlay, laid_over, text_sha256
from app.truancy.models.case_duty import HELD_BACK, NOT_TOLD, OPEN, TOLD, WITHDRAWN, CaseDuty
from app.truancy.models.rule_activation import ACTIVE, RuleActivation, versions_of
from tests.roster import families

RULE = "us-fed.chronic"
DAY = date(2026, 10, 1)
OURS = Overlay(added=(Added("notice", "parent"),), held_back=50)


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        in_use(world, OURS)
        yield world.maple


def in_use(world, overlay: Overlay) -> None:
    version = next(one for one in versions_of(RULE) if one.in_force(DAY))
    use = {"rule_id": RULE, "digest": text_sha256(version), "first_day": date(2026, 8, 3), "state": ACTIVE}
    people = {"proposed_by_id": world.adams.account().id, "approved_by_id": world.tess.account().id}
    db.session.add(RuleActivation(overlay=overlay.written(), approved_at=clock.now(), **use, **people))
    db.session.flush()


def asked(student_id, **more) -> Asked:
    told = {
        "rule_id": RULE,
        "window": "2026-27",
        "ordinal": 1,
        "trigger": DAY,
        "do": "notice",
        "to": "parent",
    }
    return Asked(student_id, **{**told, "due": None, "blocked": [], "for_person": False, **more})


def students(place, how_many: int) -> list[UUID]:
    north = place.schools["North"]
    return [families.student("Ana", f"S{at}", number=f"S-{at}", school=north).id for at in range(how_many)]


def followed(them, **more) -> dict[UUID, tuple[str, str]]:
    """What is asked for stands, and the lot is drawn: state and lot by student."""
    following.follow(them, [asked(one, **more) for one in them])
    holding_back.draw(them)
    return drawn()


def drawn() -> dict[UUID, tuple[str, str]]:
    db.session.expire_all()
    found = db.session.scalars(select(CaseDuty)).all()
    return {one.student_id: (one.state, one.drawn) for one in found}


def test_about_so_many_are_held_back_and_the_rest_is_asked_for(maple):
    lots = followed(students(maple, 80))

    assert set(lots.values()) == {(OPEN, TOLD), (HELD_BACK, NOT_TOLD)}
    # Within four standard deviations of half.
    assert 22 <= list(lots.values()).count((HELD_BACK, NOT_TOLD)) <= 58


def test_what_was_drawn_stays_however_often_it_is_asked(maple):
    them = students(maple, 20)
    lots = followed(them)

    assert followed(them) == lots
    following.follow(them, [])
    assert {state for state, _ in drawn().values()} == {WITHDRAWN}
    assert followed(them) == lots


def test_what_the_law_asks_for_is_held_back_from_nobody(maple):
    rule = next(one for one in versions_of("us-ca.truant.1") if one.in_force(DAY))

    with pytest.raises(Looser, match="each of them is told"):
        laid_over(rule, Overlay(held_back=20))
    with pytest.raises(Looser, match="is asked for already"):
        laid_over(rule, OURS)


@pytest.mark.parametrize("percent", [-1, 51, 100])
def test_it_is_held_back_from_half_at_most(percent):
    rule = next(one for one in versions_of(RULE) if one.in_force(DAY))

    with pytest.raises(Looser, match="1 to 50 percent"):
        laid_over(rule, Overlay(added=OURS.added, held_back=percent))


def test_a_lot_is_no_other_version_of_a_rule(maple):
    rule = next(one for one in versions_of(RULE) if one.in_force(DAY))

    assert laid_over(rule, OURS).sha256 == laid_over(rule, Overlay(added=OURS.added)).sha256
    assert Overlay.read(OURS.written()) == OURS


def test_where_a_person_decides_no_lot_does(maple):
    them = students(maple, 20)

    assert set(followed(them, for_person=True).values()) == {(OPEN, "")}


def test_once_a_person_decides_about_a_student_nothing_is_held_back(maple):
    them = students(maple, 20)
    assert HELD_BACK in {state for state, _ in followed(them).values()}

    lots = followed(them, for_person=True)

    assert {state for state, _ in lots.values()} == {OPEN}


def test_other_duties_and_other_rules_are_left_alone(maple):
    them = students(maple, 20)

    assert set(followed(them, do="plan").values()) == {(OPEN, "")}
    db.session.query(CaseDuty).delete()
    assert set(followed(them, rule_id="us-va.five").values()) == {(OPEN, "")}


def test_what_is_held_back_is_on_no_list_and_nothing_of_it_leaves(maple, app, world, client):
    them = students(maple, 20)
    lots = followed(them)
    held = next(one for one in them if lots[one][0] == HELD_BACK)
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == held)).one()
    listed = next(one for one in them if lots[one][0] == OPEN)
    open_duty = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == listed)).one()
    assert telling.DUTIES.why_not(duty.id) == telling.BY_LOT
    assert telling.DUTIES.why_not(open_duty.id) == ""
    db.session.commit()

    work = client.sign_in(world.clark).get("/maple/attendance/work").text

    assert f"S{them.index(listed)}" in work
    assert f"Ana S{them.index(held)} " not in work


def test_whoever_works_the_case_has_it_written_all_the_same(maple, world, client):
    them = students(maple, 20)
    lots = followed(them)
    held = next(one for one in them if lots[one][0] == HELD_BACK)
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == held)).one()
    case, duty_id = duty.case_id, duty.id
    db.session.commit()
    clark = client.sign_in(world.clark)

    page = clark.get(f"/maple/attendance/cases/{case}")
    assert "Held back by lot" in page.text
    answer = clark.submit(page, f"/duties/{duty_id}/release")

    assert "It is on the list again." in clark.follow(answer).text
    # Compared as it was drawn, and never held back again.
    assert drawn()[held] == (OPEN, NOT_TOLD)
    assert followed(them)[held] == (OPEN, NOT_TOLD)


def test_a_notice_of_the_districts_own_has_a_template(maple):
    assert templating.wanted_of(RULE) is not None
    assert templating.wanted_of(RULE).contents == ()


def test_the_stranger_draws_nothing(maple, app, world):
    them = students(maple, 4)
    following.follow(them, [asked(one) for one in them])
    db.session.commit()

    with app.app_context(), as_district(world.birch.id):
        assert holding_back.draw(them) == 0
        assert holding_back.shares() == {}
