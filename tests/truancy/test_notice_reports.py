"""The report on notices: what became of them, against a slow count, and nothing of a group that is too small."""

import csv
import io
import random
from datetime import UTC, date, datetime
from statistics import median
from uuid import uuid4

import pytest

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.family.actions import answering
from app.family.actions.answering import Sent
from app.family.actions.linking import About, link_for
from app.notices.actions import approving
from app.notices.models.notice import Notice
from app.roster.models.school_year import CURRENT, SchoolYear
from app.truancy.models.notice_report import notice_report
from tests.truancy.told import RULE, left, ready, written

FIRST = date(2026, 9, 7)
NOON = datetime(2026, 10, 1, 17, tzinfo=UTC)
PAGE = "/maple/attendance/reports/notices"


@pytest.fixture
def maple(app, world):
    """Maple in a school year, with a text that may be used."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(NOON):
        year = {"first_day": FIRST, "last_day": date(2027, 6, 11), "state": CURRENT, "told_since": FIRST}
        db.session.add(SchoolYear(name="2026-27", **year))
        ready(world)
        yield world.maple


def answered(notice: Notice, kind: str) -> None:
    link = link_for(notice.student, notice.guardian_ids[0], by=SYSTEM, about=About("notice", notice.id))
    answering.send(link, kind, Sent(text="We will come."), once=uuid4())


@pytest.mark.parametrize("seed", range(6))
def test_the_database_and_a_slow_count_agree(maple, world, seed):
    dice = random.Random(seed)
    days, counts = [], dict.fromkeys(("departed", "returned", "read", "answered", "withdrawn", "open"), 0)
    for number in range(16):
        notice = written(number, maple.schools["North"])
        if dice.random() < 0.15:
            counts["open"] += 1
            continue
        days.append(dice.randrange(20))
        left(notice, days[-1], world.adams.account())
        counts["departed"] += 1
        if dice.random() < 0.4:
            answered(notice, "receipt")
            counts["read"] += 1
        if dice.random() < 0.4:
            answered(notice, "note")
            answered(notice, "note")
            counts["answered"] += 1
        if dice.random() < 0.2:
            notice.withdraw("An excuse came.", None)
            counts["withdrawn"] += 1
        elif dice.random() < 0.2:
            notice.come_back("Moved away")
            counts["returned"] += 1
    db.session.flush()

    report = notice_report(FIRST, {maple.schools["North"]})

    whole = report.whole
    assert (whole.students, whole.written) == (16, 16)
    assert (whole.departed, whole.open) == (counts["departed"], counts["open"])
    for name in ("returned", "read", "answered", "withdrawn"):
        share, percent = getattr(whole, name), 100 * counts[name] / counts["departed"]
        # Of so few, shares under 20 and over 80 percent are bounds.
        assert share.percent == pytest.approx(min(max(percent, 20), 80), abs=0.051)
    assert whole.days == median(days)
    assert [line.name for line in report.by["rule"]] == [RULE]
    assert [(line.name, line.written) for line in report.by["month"]] == [(date(2026, 10, 1), 16)]
    assert [line.name for line in report.by["channel"]] == ["letter"]


def test_what_few_families_answered_is_told_to_nobody(maple, world):
    for number in range(12):
        left(written(number, maple.schools["North"]), 3, world.adams.account())
    for number in range(12, 15):
        left(written(number, maple.schools["Cedar"]), 3, world.adams.account())

    report = notice_report(FIRST, set(maple.schools.values()))

    assert report.whole.written == 15
    # Cedar is too small, and North would tell of it by what is missing from the total.
    assert [line.written for line in report.by["school"]] == [None, None]
    assert {line.answered.is_shown for line in report.by["school"]} == {False}


def test_practice_and_other_schools_are_left_out(maple, world):
    practised = written(1, maple.schools["North"])
    approving.approve(practised, caution_read=False, by=world.adams.account())
    practised.practice = True
    written(2, maple.schools["Cedar"])
    db.session.flush()

    assert notice_report(FIRST, {maple.schools["North"]}).whole is None
    assert notice_report(FIRST, {maple.schools["Cedar"]}).whole is not None


def test_what_was_written_before_the_year_is_left_out(maple, world):
    written(1, maple.schools["North"])

    assert notice_report(date(2026, 10, 2), {maple.schools["North"]}).whole is None


def test_the_page_and_the_file_tell_the_same(maple, world, client):
    for number in range(20):
        notice = written(number, maple.schools["North"])
        left(notice, 4, world.adams.account())
        if number % 2:
            answered(notice, "note")
    db.session.commit()
    clark = client.sign_in(world.clark)

    told = clark.get(PAGE).text
    rows = list(csv.DictReader(io.StringIO(clark.get(f"{PAGE}.csv").data.decode())))

    assert "Answered, of those that left" in told
    assert "50.0 %" in told
    assert rows[0] | {"name": ""} == {
        "group": "all",
        "name": "",
        "students": "20",
        "written": "20",
        "still_to_leave": "0",
        "left": "20",
        "answered_percent": "50.0",
        "read_percent": "under 10",
        "came_back_percent": "under 10",
        "withdrawn_percent": "under 10",
        "median_days_until_it_left": "4.0",
    }
    assert {row["group"] for row in rows} >= {"all", "rule", "month", "language", "channel"}


def test_the_stranger_counts_none_of_it(maple, app, world):
    for number in range(12):
        left(written(number, maple.schools["North"]), 4, world.adams.account())
    db.session.commit()

    with app.app_context(), as_district(world.birch.id):
        assert notice_report(FIRST, set(maple.schools.values())).whole is None
