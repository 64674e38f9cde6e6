"""A system that is asked: at its hour, by itself where all is usual, and by a person where it is not."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import ED_FI
from app.register.actions import connecting, importing
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.actions.refused import Refused
from tests.edfi_peer import EVENTS, EdFi
from tests.register import systems
from tests.register.edfi import (  # noqa: F401 (fixtures)
    CEDAR,
    DAYS,
    FRI,
    MON,
    NORTH,
    TUE,
    UNEXCUSED,
    connect,
    done,
    peer,
    read,
)
from tests.register.test_imports import again, marks, notes
from tests.roster import families
from tests.world import World

# --- who decides --------------------------------------------------------------------------------------------


def test_a_night_applies_by_itself_what_is_usual(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))

    run = read(by_itself=True)

    assert run.state == "done"
    assert marks() == {("1001", MON, "DAY"): UNEXCUSED}


def test_a_school_that_loses_many_waits_and_the_others_are_applied(peer: EdFi, world: World) -> None:
    families.student("Ana", "Lima", number="2001", school=world.maple.schools["Cedar"])
    connect(peer, schools=f"{NORTH} = North School\n{CEDAR} = Cedar School")
    peer.ods.school(CEDAR, *DAYS)
    peer.ods.enroll("2001", CEDAR)
    for student in range(1, 6):
        for day in DAYS[:4]:
            peer.ods.event(f"100{student}", NORTH, day)
    done()
    peer.ods.event("2001", CEDAR, str(TUE))
    for kept in list(peer.ods.resources[EVENTS])[:12]:
        peer.ods.delete(kept)

    with systems.later_on(days=1):
        run = read(by_itself=True)

        assert run.state == "ready"
        assert ("2001", TUE, "DAY") in marks()
        assert len(marks()) == 21
        importing.approve(run, schools=[world.maple.schools["North"]])
        db.session.commit()
        assert systems.go_on(run.id).state == "done"
    assert len(marks()) == 9


def test_many_rows_set_aside_wait_for_somebody(peer: EdFi) -> None:
    for nth in range(12):
        peer.ods.event(f"99{nth}", NORTH, str(MON))
    peer.ods.event("1001", NORTH, str(MON))

    run = read(by_itself=True)

    assert run.state == "ready"
    assert "somebody has to look" in notes(run)
    assert not marks()


def test_a_preview_that_nobody_answered_makes_way_for_the_next_night(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    first = read(apply=False).id

    second = done()

    assert (again(first).state, second.state) == ("cancelled", "done")


def test_a_file_that_waits_for_an_answer_is_not_pushed_aside(peer: EdFi) -> None:
    import io

    from tests.register.files import a_set

    importing.begin(
        io.BytesIO(a_set(first=MON, last=FRI, marks=[("1001", "North", MON, "", "U")])), by=SYSTEM
    )
    db.session.commit()

    with pytest.raises(Refused, match="Another import"):
        read()


def test_turned_off_it_is_asked_nothing_more(peer: EdFi) -> None:
    connection = RegisterConnection.of_kind("ed_fi")
    assert connection is not None
    run = importing.begin_asking(connection, by=SYSTEM)
    services.turn(ED_FI, False, SYSTEM)
    db.session.commit()

    assert systems.go_on(run.id).state == "failed"
    assert not peer.asked


def test_without_a_school_year_nothing_is_asked(peer: EdFi) -> None:
    from app.roster.models.school_year import SchoolYear

    db.session.delete(db.session.scalars(select(SchoolYear)).one())
    db.session.commit()

    with pytest.raises(Refused, match="school year first"):
        read()


# --- the hours ----------------------------------------------------------------------------------------------


def test_it_is_asked_at_its_hour_in_the_districts_zone_and_once(peer: EdFi, world: World) -> None:
    connect(peer, hour=3)
    three = datetime(2026, 9, 22, 8, 1, tzinfo=UTC)  # 03:01 in Chicago
    runs = lambda: db.session.scalar(select(func.count()).select_from(RegisterImport))  # noqa: E731

    with clock.frozen(three - timedelta(hours=9)):
        connecting.ask_what_is_due(by=SYSTEM)
        assert runs() == 0
    for minutes in (0, 5, 10):
        with clock.frozen(three + timedelta(minutes=minutes)):
            connecting.ask_what_is_due(by=SYSTEM)
            db.session.commit()

    assert runs() == 1


def test_schools_that_are_late_are_told_once_a_day(peer: EdFi) -> None:
    connect(peer, expected_hour=8, late_after=2)
    peer.ods.event("1001", NORTH, str(FRI))
    done()  # the calendar goes on to Friday of the week after

    with clock.frozen(datetime(2026, 9, 21, 12, tzinfo=UTC)):  # 07:00
        assert connecting.late_schools() == []
    with clock.frozen(datetime(2026, 9, 21, 13, 30, tzinfo=UTC)):
        assert connecting.late_schools() == ["North School"]
        db.session.commit()
        assert connecting.late_schools() == []
    with clock.frozen(datetime(2026, 9, 22, 13, 30, tzinfo=UTC)):
        assert connecting.late_schools() == ["North School"]


def test_a_small_school_is_not_late_after_one_day_without_absences(peer: EdFi) -> None:
    connect(peer, expected_hour=8, late_after=2)
    peer.ods.event("1001", NORTH, DAYS[-2])
    with systems.later_on(days=6):
        done()

    with clock.frozen(datetime(2026, 9, 28, 13, 30, tzinfo=UTC)):
        assert connecting.late_schools() == []
