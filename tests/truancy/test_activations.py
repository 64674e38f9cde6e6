"""A rule is switched on by two people, after counsel confirmed it, and is never looser than the law."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core import births, clock
from app.core.actor import Role
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions.refused import Refused
from app.truancy.actions import activating, trying_out
from app.truancy.law.engine import Rulebook
from app.truancy.law.overlay import MOST_ADDED, Overlay, text_sha256
from app.truancy.law.packs import places, shipped
from app.truancy.models import rule_activation
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.dry_run import DryRun
from app.truancy.models.rule_activation import active_rules, place_of, versions_of
from tests.truancy.registers import marks, student, weekdays
from tests.world import join, write

TRUANT, AGAIN = "us-ca.truant.1", "us-ca.truant.2"
AUGUST = date(2026, 8, 3)
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
PAGE = f"/maple/attendance/rule/{TRUANT}"


@pytest.fixture(autouse=True)
def _september():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def here(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world


@pytest.fixture
def parker(app, world):
    with app.app_context(), as_district(world.maple.id):
        parker = join(world.maple, "Dana", "Parker", "North", (Role.PRINCIPAL, "North"))
        write({"parker": parker})
        db.session.commit()
    return parker[0]


def proposed(world, rule_id=TRUANT, first_day=AUGUST, overlay=Overlay()):
    return activating.propose(rule_id, first_day, overlay, "", by=world.adams.account(), once=uuid7())


def tried(made):
    """The dry run of it, once it is over."""
    run = DryRun.of(made.id)
    trying_out.advance(run.id)
    return run


def confirmed(world, rule_id=TRUANT):
    return activating.confirm(
        versions_of(rule_id)[-1], "R. Lowe", date(2026, 8, 1), "", by=world.adams.account()
    )


def in_use(world, parker, rule_id=TRUANT, **more):
    if CounselConfirmation.of(versions_of(rule_id)[-1]) is None:
        confirmed(world, rule_id)
    made = proposed(world, rule_id, **more)
    tried(made)
    activating.approve(made, by=parker.account())
    return made


def sentence(act, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        act(*args, **kwargs)
    return refused.value.sentence


def test_a_rule_is_in_use_once_two_people_and_counsel_said_so(here, parker):
    made = proposed(here, overlay=Overlay(n=2, title="Letter 1"))
    assert active_rules(date(2026, 9, 1)) == []
    assert "counsel" in sentence(activating.approve, made, by=parker.account())
    confirmed(here)
    assert "dry run" in sentence(activating.approve, made, by=parker.account())
    tried(made)

    activating.approve(made, by=parker.account())

    (rule,) = active_rules(date(2026, 9, 1))
    assert (rule.id, rule.threshold.n, rule.title, rule.effective) == (TRUANT, 2, "Letter 1", AUGUST)
    assert active_rules(date(2026, 8, 2)) == []


def test_nobody_approves_their_own_proposal(here):
    made = proposed(here)
    confirmed(here)

    assert "Somebody else" in sentence(activating.approve, made, by=here.adams.account())

    db.session.commit()
    with pytest.raises(IntegrityError, match="two_people"):
        db.session.execute(
            text(
                "update rule_activations set state = 'active', approved_by_id = proposed_by_id, "
                "approved_at = now()"
            )
        )
    db.session.rollback()


def test_what_is_looser_is_not_even_proposed(here):
    assert "looser" in sentence(proposed, here, overlay=Overlay(n=4))
    assert "no such rule" in sentence(proposed, here, "us-ca.nothing")
    assert "within about a year" in sentence(proposed, here, first_day=date(2024, 1, 1))


def test_a_rule_that_reads_otherwise_is_unconfirmed_again(here, parker, monkeypatch):
    made = proposed(here)
    confirmed(here)
    reworded = [one for one in shipped() if one.id != TRUANT]
    monkeypatch.setattr(
        rule_activation,
        "shipped",
        lambda: [*reworded, *(_reworded(one) for one in shipped() if one.id == TRUANT)],
    )

    assert CounselConfirmation.of(versions_of(TRUANT)[0]) is None
    assert "has changed" in sentence(activating.approve, made, by=parker.account())
    assert made.has_changed()


def _reworded(rule):
    return replace(rule, text=rule.text + " And more.")


def test_what_fired_stands_after_the_rule_has_ended(here, parker):
    absences = marks(weekdays(date(2026, 8, 17), date(2026, 8, 19)))
    made = in_use(here, parker)
    (before,) = Rulebook(active_rules(date(2026, 9, 1))).firings(student(absences), date(2026, 9, 1))

    activating.end(made, date(2026, 9, 1), by=here.adams.account())

    later = date(2026, 12, 1)
    (after,) = Rulebook(active_rules(later)).firings(student(absences), later)
    assert after.evidence_sha256 == before.evidence_sha256
    more = marks(weekdays(date(2026, 9, 14), date(2026, 9, 16)))
    assert Rulebook(active_rules(later)).firings(student(more), later) == []


def test_another_use_follows_on_the_first_and_takes_no_day_of_it(here, parker):
    first = in_use(here, parker)
    assert "tomorrow" in sentence(proposed, here, first_day=date(2026, 9, 1))

    in_use(here, parker, first_day=date(2026, 9, 15), overlay=Overlay(n=2))

    assert (first.state, first.last_day) == ("ended", date(2026, 9, 14))
    then, now = active_rules(date(2026, 10, 1))
    assert (then.until, then.threshold.n) == (date(2026, 9, 14), 3)
    assert (now.effective, now.threshold.n) == (date(2026, 9, 15), 2)


def test_a_rule_that_follows_on_another_needs_it(here, parker):
    confirmed(here, AGAIN)
    made = proposed(here, AGAIN)
    tried(made)
    assert TRUANT in sentence(activating.approve, made, by=parker.account())
    first = in_use(here, parker)

    activating.approve(made, by=parker.account())

    assert f"{AGAIN} follows" in sentence(activating.end, first, date(2026, 9, 9), by=here.adams.account())


def test_it_ends_today_or_later(here, parker):
    made = in_use(here, parker)

    assert "today or a later" in sentence(activating.end, made, date(2026, 8, 31), by=here.adams.account())


def test_a_use_may_end_before_it_begins(here, parker):
    made = in_use(here, parker, first_day=date(2026, 9, 20))

    activating.end(made, date(2026, 9, 19), by=here.adams.account())

    assert active_rules(date(2026, 12, 1)) == []
    in_use(here, parker, first_day=date(2026, 9, 10))


def test_what_was_decided_is_not_decided_again(here, parker):
    made = proposed(here)
    activating.decline(made, by=parker.account())

    assert "in the meantime" in sentence(activating.approve, made, by=parker.account())
    assert "in the meantime" in sentence(activating.decline, made, by=parker.account())
    assert "in the meantime" in sentence(activating.end, made, date(2026, 9, 9), by=parker.account())
    confirmed(here)
    assert "already" in sentence(confirmed, here)


def test_sent_twice_it_is_proposed_once(here):
    key = uuid7()
    first, again = (
        activating.propose(TRUANT, AUGUST, Overlay(), "", by=here.adams.account(), once=key) for _ in "ab"
    )

    assert first is again
    assert "proposed already" in sentence(proposed, here)


def test_an_overlay_that_a_later_version_overtakes_gives_way_to_the_law(here, parker, monkeypatch):
    made = in_use(here, parker, overlay=Overlay(n=2))
    law = versions_of(TRUANT)[0]
    stricter = replace(law, threshold=replace(law.threshold, n=1))
    monkeypatch.setattr(rule_activation, "shipped", lambda: [stricter])

    assert [rule.threshold.n for rule in made.rules()] == [1]


def test_each_shipped_rule_is_found_by_its_place():
    assert all(place_of(rule.id) in places() for rule in shipped())
    assert len({text_sha256(rule) for rule in shipped()}) == len(shipped())


# --- the pages -------------------------------------------------------------------------------------------------


def test_from_the_pages_it_is_confirmed_proposed_approved_and_ended(client, app, world, parker):
    client.sign_in(world.adams)
    shown = client.get(PAGE, status=200)
    assert "Not yet confirmed by your counsel" in shown.text
    client.post(
        f"{PAGE}/confirmation", {"counsel": "R. Lowe", "confirmed_on": "2026-08-01", "note": "By mail."}
    )
    client.post(
        f"{PAGE}/proposal",
        {
            "first_day": "2026-08-03",
            "title": "Letter 1",
            "threshold": "2",
            "sooner_days-0": "2",
            "sooner_days-1": "5",
            "added-0": "home_contact",
            "added_days-0": "3",
            "added-1": "attendance_plan",
            "added_days-1": "",
            "added-2": "supportive_services",
            "added_days-2": "20",
        },
    )
    shown = client.get(PAGE, status=200)
    assert "Somebody else must approve" in shown.text
    assert "Approve and switch on" not in shown.text
    client.sign_in(parker)
    assert "At work" in client.get(PAGE, status=200).text
    with app.app_context(), as_district(world.maple.id):
        trying_out.advance(db.session.scalars(select(DryRun.id)).one())
    shown = client.get(PAGE, status=200)
    for words in (
        "R. Lowe",
        "Would fire earlier",
        "Letter 1",
        "Fires at 2 days or more",
        "within 2 school days",
        "within 5 school days",
        "Make contact at home, within 3 school days",
        "Make a plan to resolve the absences",
        "Offer supportive services, within 20 school days",
    ):
        assert words in shown.text
    action = next(one["action"] for one in shown.all("form") if one["action"].endswith("/approval"))
    client.post(action)
    assert "1 in use" in client.get("/maple/attendance/rules", status=200).text
    assert "In use" in client.get("/maple/attendance/rules/us-ca", status=200).text
    shown = client.get(PAGE, status=200)
    action = next(one["action"] for one in shown.all("form") if one["action"].endswith("/ending"))
    assert "today or a later" in client.post(action, {"last_day": "2026-08-20"}).text
    client.post(action, {"last_day": "2026-09-30"})
    assert "Ended" in client.get(PAGE, status=200).text


def test_what_was_typed_is_kept_when_it_is_refused(client, world):
    client.sign_in(world.adams)

    looser = client.post(
        f"{PAGE}/proposal", {"first_day": "2026-08-03", "threshold": "4", "note": "As before."}
    )
    unclear = client.post(f"{PAGE}/proposal", {"first_day": "2026-08-03", "threshold": "four"})
    half = client.post(f"{PAGE}/proposal", {"first_day": "2026-08-03", "added-0": "", "added_days-0": "3"})
    twice = client.post(
        f"{PAGE}/proposal", {"first_day": "2026-08-03", "added-0": "home_contact", "added-1": "home_contact"}
    )

    assert looser.status == unclear.status == half.status == twice.status == 422
    assert "would be looser" in looser.text
    assert "As before." in looser.text
    assert "Write a number" in unclear.text
    assert "leave the days empty" in half.text
    assert "chosen twice" in twice.text


def test_another_duty_is_one_more_row_without_scripts_and_nothing_is_lost_or_proposed(client, app, world):
    client.sign_in(world.adams)
    page = client.get(PAGE, status=200)
    assert len(page.all("select", id="proposal-added-1")) == 0

    grown = client.submit(
        page,
        "/proposal",
        status=200,
        do="grow",
        title="Letter 1",
        first_day="",
        **{"added-0": "home_contact"},
    )

    assert [one["name"] for one in grown.all("select") if one["name"].startswith("added")] == [
        "added-0",
        "added-1",
    ]
    assert [one["name"] for one in grown.all("select") if one.get("autofocus") is not None] == ["added-1"]
    assert grown.one("input", name="title")["value"] == "Letter 1"
    assert grown.one("option", value="home_contact", selected="").text == "Make contact at home"
    with app.app_context(), as_district(world.maple.id):
        assert not db.session.scalars(select(rule_activation.RuleActivation)).all()
    for _ in range(6):
        grown = client.submit(grown, "/proposal", status=200, do="grow")
    assert len([one for one in grown.all("select") if one["name"].startswith("added")]) == MOST_ADDED
    assert "Add another duty" not in grown.text


def test_who_does_not_answer_for_the_rules_only_reads(client, world):
    for who in (world.clark, world.cora, world.olive):
        client.sign_in(who)
        shown = client.get(PAGE, status=200)
        assert "Propose" not in [one.text for one in shown.all("button")]
        assert client.post(f"{PAGE}/proposal", {"first_day": "2026-08-03"}).status == 404
        assert client.post(f"{PAGE}/confirmation", {"counsel": "Me"}).status == 404
    client.sign_in(world.tess)
    assert client.get(PAGE).status == 404
    client.sign_in(world.clark)
    assert client.get("/maple/attendance/rule/us-zz.none").status == 404


def test_dates_of_birth_are_wanted_while_a_rule_for_an_age_is_in_use(here, parker):
    assert not births.are_wanted()

    made = in_use(here, parker)
    assert versions_of(TRUANT)[-1].scope.ages
    assert births.are_wanted()

    activating.end(made, date(2026, 9, 1), by=here.adams.account())
    assert not births.are_wanted()
