"""Classes and enrollments from a OneRoster server, over the wire."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.roster.actions import connecting, importing
from app.roster.models.enrollment import Enrollment
from app.roster.models.import_class import ImportClass
from app.roster.models.roster_source import ONEROSTER_REST
from app.roster.models.school_class import SchoolClass
from tests.integrations.oneroster_server import (
    OneRosterServer,
    course,
    enrollment,
    role,
    school_class,
    term,
    user,
)

# Fixtures are found by name.
from tests.roster.test_oneroster_rest import Start, asked, connect, gone_on, log_of, looked_at, maple, start

__all__ = ["maple", "start"]


def with_classes(start: Start, **habits: Any) -> OneRosterServer:
    """Two teachers, three students, two classes; asked for all of it."""
    students = [user(nth, role("student", "s1"), identifier=f"N{nth}") for nth in range(4, 7)]
    held = {
        "users": [user(1), user(2), user(3), *students],
        "academicSessions": [
            term("fall", "2026-08-20", "2027-01-15"),
            term("spring", "2027-01-18", "2027-06-11"),
        ],
        "courses": [course("math", "Mathematics")],
        "classes": [school_class("c1", "Algebra", "fall", "spring"), school_class("c2", "Geometry", "fall")],
        "enrollments": [
            enrollment("e1", "c1", "u00001", "teacher", primary="true"),
            *(enrollment(f"e{nth}", "c1", f"u0000{nth}") for nth in (4, 5, 6)),
            enrollment("h1", "c2", "u00002", "teacher"),
            enrollment("h4", "c2", "u00004", beginDate="2026-09-01"),
        ],
    }
    server = start(**{**held, **habits})
    connect(server, families=True, classes=True)
    return server


def count(model: Any) -> int:
    return db.session.scalar(select(func.count(model.id))) or 0


def called(title: str) -> SchoolClass:
    db.session.expire_all()
    found = db.session.scalar(select(SchoolClass).where(SchoolClass.title == title))
    assert found is not None
    return found


def test_classes_come_where_they_are_asked_for(start: Start) -> None:
    server = with_classes(start)

    run = asked()

    assert run.state == "done"
    assert ImportClass.counts(run.id) == {"new": 2}
    algebra = called("Algebra")
    assert (algebra.course, algebra.code, algebra.periods) == ("Mathematics", "c1-1", ["1", "2"])
    assert (algebra.begins_on, algebra.ends_on) == (date(2026, 8, 20), date(2027, 6, 11))
    assert len(Enrollment.in_the_class(algebra.id, date(2026, 11, 26))) == 4
    assert server.faults == []
    assert "location" not in server.questions("classes")[0]["fields"]


def test_without_a_word_nothing_of_them_is_asked_for(start: Start) -> None:
    server = with_classes(start)
    connect(server, families=True)

    asked()

    assert not any(
        server.questions(what) for what in ("academicSessions", "courses", "classes", "enrollments")
    )
    assert count(SchoolClass) == 0


def test_the_unchanged_server_changes_nothing(start: Start) -> None:
    with_classes(start)
    asked()

    run = asked()

    assert run.state == "done"
    assert run.classes_unchanged == {"classes": 2, "enrollments": 6}


def test_it_goes_on_after_a_break_in_any_collection(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = with_classes(start, most=2)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    run = looked_at()

    while run.is_working:
        run = gone_on(run.id)

    assert run.state == "ready"
    assert ImportClass.counts_of_enrollments(run.id)["enrolled"] == 6
    for what in ("classes", "enrollments"):
        pages = [one["offset"] for one in server.questions(what)]
        assert len(pages) == len(set(pages))


def test_an_enrollment_that_is_gone_there_ends_the_second_night(start: Start) -> None:
    server = with_classes(start)
    asked()
    del server.enrollments[3]

    for nights in (1, 2):
        with clock.frozen(clock.now() + timedelta(days=nights)):
            asked()

    ended = select(Enrollment.key).where(Enrollment.ended_at.is_not(None))
    assert db.session.scalars(ended).all() == ["e6"]


def test_what_is_deleted_there_ends_at_once(start: Start) -> None:
    server = with_classes(start)
    asked()
    server.enrollments[3]["status"] = "tobedeleted"
    server.classes[1]["status"] = "tobedeleted"

    asked()

    ended = select(Enrollment.key).where(Enrollment.ended_at.is_not(None))
    assert db.session.scalars(ended).all() == ["e6"]
    assert called("Geometry").ended_at is not None


@pytest.mark.parametrize("doubt", ["an id is missing", "the total changes"])
def test_where_reading_is_in_doubt_no_class_ends(start: Start, doubt: str) -> None:
    server = with_classes(start, tells_totals=True, most=3)
    asked()
    gone = server.enrollments.pop(3)
    if doubt == "an id is missing":
        server.enrollments.append({**gone, "sourcedId": ""})
    for nights in (1, 2):
        if doubt == "the total changes":
            extra = enrollment(f"x{nights}", "c2", "u00005")
            # Between the first and the second page of enrollments.
            server.before[len(server.asked) + 13] = partial(server.enrollments.append, extra)
        with clock.frozen(clock.now() + timedelta(days=nights)):
            run = asked()

    assert "so none ends" in log_of(run)
    assert db.session.scalar(select(func.count()).where(Enrollment.ended_at.is_not(None))) == 0


def test_the_trial_asks_for_one_of_each(start: Start) -> None:
    server = with_classes(start)

    said = connecting.try_out(ONEROSTER_REST)

    assert "classes" in said
    assert server.questions("enrollments")[0]["limit"] == "1"
