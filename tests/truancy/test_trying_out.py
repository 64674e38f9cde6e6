"""Before a rule is used its proposal shows who would fire, earlier, or no more."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.truancy.actions import activating, trying_out
from app.truancy.law.overlay import Overlay
from app.truancy.models.dry_run import DryRun
from app.truancy.models.dry_run_line import DryRunLine
from app.truancy.models.firing import Firing
from app.truancy.models.rule_activation import ACTIVE, RuleActivation
from app.truancy.models.trial import trial_of
from tests.register import registers
from tests.roster import families
from tests.truancy.reviews import in_use, register_is_in, school_year

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIVE = "us-va.five"


@pytest.fixture(autouse=True)
def _november():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def maple(app, world):
    """Mia of North was absent on six days, Noah of Cedar on four."""
    with app.app_context(), as_district(world.maple.id):
        school_year()
        registers.code("U", "absent", "unexcused")
        for name, school, absences in (("Mia", "North", 6), ("Noah", "Cedar", 4)):
            at = world.maple.schools[school]
            register_is_in(at, registers.calendar(at, weeks=10)[-1])
            one = families.student(name, "Reyes", number=name, school=at, grade="06").id
            registers.enrolled(one, at)
            for nth in range(absences):
                registers.mark(one, at, registers.FIRST + timedelta(days=nth + nth // 5 * 2), "U")
        yield world


def trial(world, overlay=Overlay(), schools=None, first_day=date(2026, 12, 1)):
    made = activating.propose(FIVE, first_day, overlay, "", by=world.adams.account(), once=uuid7())
    db.session.commit()
    run = DryRun.of(made.id)
    trying_out.advance(run.id)
    return trial_of(made.id, schools)


def test_it_shows_who_would_have_fired_this_year(maple):
    shown = trial(maple)

    assert (shown.is_over, shown.students, shown.since) == (True, 2, date(2026, 8, 1))
    assert (shown.fires, shown.earlier, shown.fires_no_more) == (1, 0, 0)
    assert [(line.student, line.outcome, line.trigger) for line in shown.lines] == [
        ("Mia Reyes", "fires", registers.FIRST + timedelta(days=4))
    ]


def test_it_is_held_against_what_is_in_use(maple):
    in_use(maple, FIVE)

    shown = trial(maple, Overlay(n=4))

    assert (shown.fires, shown.earlier, shown.fires_no_more) == (1, 1, 0)
    assert {line.student: line.outcome for line in shown.lines} == {
        "Mia Reyes": "earlier",
        "Noah Reyes": "fires",
    }


def test_less_strict_than_what_is_in_use_shows_who_would_fire_no_more(maple):
    in_use(maple, FIVE)

    RuleActivation.in_state(ACTIVE, FIVE).overlay = Overlay(n=4).written()

    shown = trial(maple)

    assert (shown.fires, shown.earlier, shown.fires_no_more) == (0, 0, 1)


def test_names_are_those_of_the_readers_schools_and_counts_are_of_all(maple):
    shown = trial(maple, Overlay(n=4), schools={maple.maple.schools["Cedar"]})

    assert shown.fires == 2
    assert [line.student for line in shown.lines] == ["Noah Reyes"]


def test_it_writes_no_firing_and_begins_anew(maple):
    trial(maple)
    activation_id = db.session.scalars(select(DryRun.activation_id)).one()

    trying_out.begin(RuleActivation.find(activation_id))
    db.session.commit()

    assert not DryRun.is_over_for(activation_id)
    assert db.session.scalar(select(func.count()).select_from(DryRunLine)) == 0
    assert db.session.scalar(select(func.count()).select_from(Firing)) == 0


def test_it_goes_on_where_it_was_stopped(maple, monkeypatch):
    monkeypatch.setattr(trying_out, "A_BATCH", 1)
    monkeypatch.setattr(trying_out, "A_WHILE", -1.0)
    made = activating.propose(
        FIVE, date(2026, 12, 1), Overlay(n=4), "", by=maple.adams.account(), once=uuid7()
    )
    db.session.commit()
    run_id = DryRun.of(made.id).id
    for _ in range(3):
        trying_out.advance(run_id)

    shown = trial_of(made.id, None)
    assert (shown.is_over, shown.students, shown.fires) == (True, 2, 2)
