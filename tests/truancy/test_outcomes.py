"""What notices changed: the database against a slow count, and a comparison that says no more than chance allows."""

import csv
import io
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import along
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import CURRENT, SchoolYear
from app.truancy.actions import following, weighing
from app.truancy.actions.following import Asked
from app.truancy.models.case_duty import NOT_TOLD, TOLD, CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.outcome_figure import OutcomeFigure
from app.truancy.models.outcome_report import outcome_report
from tests.register.registers import calendar, code, enrolled, mark
from tests.roster import families
from tests.truancy import told

RULE = "us-fed.chronic"
FIRST = date(2026, 9, 7)
DAY = date(2026, 10, 12)
WEEKS = 14
PAGE = "/maple/attendance/reports/outcomes"


@pytest.fixture
def maple(app, world):
    """Fourteen weeks of school at North, all of them in the register."""
    now = clock.frozen(datetime(2026, 12, 20, 12, tzinfo=UTC))
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), now:
        north = world.maple.schools["North"]
        year = {"first_day": FIRST, "last_day": date(2027, 6, 11), "state": CURRENT, "told_since": FIRST}
        db.session.add(SchoolYear(name="2026-27", **year))
        calendar(north, weeks=WEEKS)
        db.session.add(SchoolRegister(school_id=north, current_to=FIRST + timedelta(days=7 * WEEKS - 3)))
        code("U", "absent", "unexcused")
        code("X", "not_expected")
        yield world.maple


def drawn(number: int, school, lot: str, *, day: date = DAY, **more):
    """A student for whom a rule fired on that day and a lot was drawn."""
    student = families.student("Ana", f"S{number}", number=f"S-{number}", school=school).id
    enrolled(student, school)
    fired(student, day, **more)
    ours = {"window": "2026-27", "ordinal": 1, "trigger": day, "do": "notice", "to": "parent"}
    following.follow([student], [Asked(student, RULE, due=None, blocked=[], for_person=False, **ours)])
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == student)).one()
    duty.drawn = lot
    db.session.flush()
    return student


def fired(student, day: date, *, stands: bool = True, rule_id: str = RULE) -> None:
    rest = {
        "marks": [],
        "evidence_sha256": "0" * 64,
        "total": "9",
        "duties": [],
        "blocked": [],
        "excluded": [],
    }
    state = {"state": "standing"} if stands else {"state": "retracted", "retracted_at": clock.now()}
    key = {
        "student_id": student,
        "rule_id": rule_id,
        "rule_version": "x",
        "window_name": "2026-27",
        "ordinal": 1,
    }
    db.session.add(Firing(trigger_day=day, known_at=clock.now(), **key, **rest, **state))
    db.session.flush()


def missed(student, school, days) -> None:
    for day in days:
        mark(student, school, day, "U")


def school_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return [one for one in days if one.weekday() < 5]


BEFORE = school_days(DAY - timedelta(days=27), DAY)
AFTER = school_days(DAY + timedelta(days=1), DAY + timedelta(days=28))


def counted() -> dict[tuple[str, str], OutcomeFigure]:
    weighing.count_outcomes()
    db.session.expire_all()
    return {(one.rule_id, one.drawn): one for one in db.session.scalars(select(OutcomeFigure))}


@pytest.mark.parametrize("seed", range(6))
def test_the_database_and_a_slow_count_agree(maple, seed):
    dice, north = random.Random(seed), maple.schools["North"]
    expected: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0, 0.0])
    for number in range(14):
        lot = dice.choice([TOLD, NOT_TOLD])
        student = drawn(number, north, lot)
        before, after = dice.sample(BEFORE, dice.randrange(9)), dice.sample(AFTER, dice.randrange(9))
        off = [day for day in AFTER if day not in after and dice.random() < 0.2]
        missed(student, north, [*before, *after])
        for day in off:
            mark(student, north, day, "X")
        share_before, share_after = len(before) / len(BEFORE), len(after) / (len(AFTER) - len(off))
        sums = expected[lot]
        sums[0] += 1
        for at, value in enumerate(
            (share_before, share_after, share_after**2, share_after - share_before), 1
        ):
            sums[at] += value

    found = counted()

    assert {lot for _, lot in found} == set(expected)
    for (_, lot), one in found.items():
        found_sums = [one.students, one.before, one.after, one.after_squares, one.change]
        assert found_sums == pytest.approx(expected[lot])


def test_counting_twice_is_counting_once(maple):
    drawn(1, maple.schools["North"], TOLD)

    assert counted().keys() == counted().keys() == {(RULE, TOLD)}


def test_what_an_excuse_took_back_is_left_out(maple):
    drawn(1, maple.schools["North"], TOLD, stands=False)

    assert counted() == {}


def test_before_four_weeks_are_in_nobody_knows_what_followed(maple):
    drawn(1, maple.schools["North"], TOLD, day=date(2026, 11, 27))

    assert counted() == {}


def test_of_whom_school_was_hardly_expected_nothing_is_told(maple):
    drawn(1, maple.schools["North"], TOLD, day=FIRST + timedelta(days=4))

    assert counted() == {}


def test_without_a_lot_those_are_counted_to_whom_a_notice_left(maple, world):
    north, by = maple.schools["North"], world.adams.account()
    told.ready(world)
    notices = [told.written(number, north) for number in range(3)]
    told.left(notices[0], 24, by)
    told.left(notices[1], 24, by)
    for notice in notices:
        enrolled(notice.student_id, north)
        fired(notice.student_id, told.TRIGGER, rule_id=told.RULE)
    notices[1].practice = True
    # Four weeks to the day on which it left, and four from there.
    left = told.TRIGGER + timedelta(days=24)
    missed(notices[0].student_id, north, [left - timedelta(days=28), left - timedelta(days=27), left])
    missed(notices[0].student_id, north, [left + timedelta(days=1), left + timedelta(days=29)])

    (one,) = counted().values()

    assert (one.rule_id, one.drawn, one.language, one.students) == (told.RULE, "", "en", 1)
    assert (one.before, one.after) == pytest.approx((2 / 20, 1 / 20))


def test_a_notice_that_tells_of_two_rules_is_counted_under_both(maple, world):
    told.ready(world)
    notice = told.written(1, maple.schools["North"])
    other = {"window": "2026-27", "ordinal": 1, "trigger": told.TRIGGER, "do": "notice", "to": "parent"}
    again = [
        Asked(notice.student_id, rule, due=None, blocked=[], for_person=False, **other)
        for rule in (told.RULE, RULE)
    ]
    following.follow([notice.student_id], again)
    beside = db.session.scalars(select(CaseDuty).where(CaseDuty.rule_id == RULE)).one()
    along.take_up(notice, [beside.id])
    told.left(notice, 24, world.adams.account())
    enrolled(notice.student_id, maple.schools["North"])
    for rule in (told.RULE, RULE):
        fired(notice.student_id, told.TRIGGER, rule_id=rule)

    assert {rule for rule, _ in counted()} == {told.RULE, RULE}

    along.part(notice, "Said otherwise.")
    assert {rule for rule, _ in counted()} == {told.RULE}


def figure(lot: str, shares: list[float], **more) -> OutcomeFigure:
    sums = {"before": 0.0, "before_squares": 0.0, "change": 0.0, "change_squares": 0.0}
    after = {"after": sum(shares), "after_squares": sum(one * one for one in shares)}
    return OutcomeFigure(rule_id=RULE, drawn=lot, language="", students=len(shares), **after, **sums, **more)


def test_a_difference_is_told_with_the_bounds_that_chance_leaves():
    some, others = [0.05, 0.15] * 50, [0.15, 0.25] * 50

    (one,) = outcome_report([figure(TOLD, some), figure(NOT_TOLD, others)]).compared

    assert one.difference == pytest.approx(-10)
    # A standard deviation of five points, in groups of a hundred.
    assert (one.low, one.high) == pytest.approx((-10 - 1.393, -10 + 1.393), abs=0.01)
    assert one.says == "Those who were told missed fewer days, by more than chance explains."


def test_what_chance_explains_is_called_so():
    some, others = [0.0, 0.4] * 20, [0.0, 0.42] * 20

    (one,) = outcome_report([figure(TOLD, some), figure(NOT_TOLD, others)]).compared

    assert one.says.startswith("No difference that chance does not explain.")


def test_of_fewer_than_thirty_on_a_side_nothing_is_concluded():
    (one,) = outcome_report([figure(TOLD, [0.1] * 200), figure(NOT_TOLD, [0.9] * 29)]).compared

    assert not one.is_shown
    assert (one.told_after, one.not_told_after) == (None, None)


@pytest.mark.parametrize("seed", range(3))
def test_where_a_notice_does_nothing_it_is_rarely_said_to_help(seed):
    dice, wrong = random.Random(seed), 0
    for _ in range(200):
        shares = [min(1.0, dice.expovariate(8)) for _ in range(200)]
        (one,) = outcome_report([figure(TOLD, shares[:100]), figure(NOT_TOLD, shares[100:])]).compared
        assert one.high is not None
        assert one.low is not None
        wrong += one.high < 0 or one.low > 0

    # One time in twenty, and within what chance leaves of that.
    assert wrong <= 24


def test_the_page_and_the_file_say_what_was_found(maple, client, world):
    north = maple.schools["North"]
    for number in range(64):
        student = drawn(number, north, TOLD if number % 2 else NOT_TOLD)
        missed(student, north, BEFORE[:4] + AFTER[: 1 if number % 2 else 5])
    weighing.count_outcomes()
    db.session.commit()
    clark = client.sign_in(world.clark)

    assert "Those who were told missed fewer days" in clark.get(PAGE).text
    (row,) = csv.DictReader(io.StringIO(clark.get(f"{PAGE}.csv").data.decode()))
    assert (row["group"], row["students"], row["not_told"]) == ("by lot", "32", "32")
    assert (row["missed_after_percent"], row["not_told_missed_after_percent"]) == ("5.0", "25.0")
    assert row["difference_points"] == "-20.0"


def test_the_stranger_reads_none_of_it(maple, app, world):
    drawn(1, maple.schools["North"], TOLD)
    weighing.count_outcomes()
    db.session.commit()

    with app.app_context(), as_district(world.birch.id):
        assert list(OutcomeFigure.of_year(FIRST, set(maple.schools.values()))) == []
