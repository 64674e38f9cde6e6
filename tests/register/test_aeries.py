"""From Aeries to the register: codes, calendars, enrollments, and marks by the day or by the period."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import AERIES
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.register.actions import connecting
from app.register.actions.connecting import Particulars
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.roster.actions.refused import Refused
from tests import aeries_peer
from tests.aeries_peer import CERTIFICATE, Aeries, School
from tests.directory_peer import Every
from tests.peer_server import FAULTS
from tests.register import registers, systems
from tests.register.test_imports import marks, set_aside
from tests.roster import families
from tests.world import World

MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
DAYS = [str(MON + timedelta(days=week * 7 + nth)) for week in range(2) for nth in range(5)]


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aeries]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with (
        aeries_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
        clock.frozen(noon),
    ):
        aeries_peer.stand_in(monkeypatch, settings, peer)
        for nth in range(1, 6):
            families.student("Mia", f"Reyes {nth}", number=f"100{nth}", school=world.maple.schools["North"])
        registers.code("U", "absent", "unexcused")
        systems.a_year()
        north = peer.schools[994] = School(994)
        north.absence_code("U", "Unexcused", TruancyFlag=True)
        north.absence_code("T", "Tardy")
        for day in DAYS:
            north.day(day)
        for nth in range(1, 6):
            north.enroll(1000 + nth)
        connect(peer)
        yield peer


def connect(peer: Aeries, **more: str) -> None:
    told = {"address": peer.address, "schools": "994 = North School", "by": "day", "calendar": "yes", **more}
    systems.connect("aeries", AERIES, told, CERTIFICATE)


def done() -> RegisterImport:
    return systems.done("aeries")


def failed() -> str:
    return systems.failed("aeries", "Pat Doe")


def test_what_was_noted_becomes_marks_and_an_empty_code_is_presence(peer: Aeries) -> None:
    peer.schools[994].note(1001, str(MON), "U", P1="U", P2="U")
    peer.schools[994].note(1002, str(MON), "", P1="T")

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}
    assert db.session.scalar(select(func.count()).select_from(SchoolDay).where(SchoolDay.is_school_day)) == 10
    assert db.session.scalar(select(func.count()).select_from(SchoolEnrollment)) == 5
    waiting = {one.code: (one.kind, one.excuse) for one in AttendanceCode.waiting()}
    assert waiting["T"] == ("tardy", "unknown")


def test_by_the_period_each_lesson_is_a_mark(peer: Aeries) -> None:
    connect(peer, by="period")
    peer.schools[994].note(1001, str(MON), "U", P1="U", P3="T", P4="")

    done()

    assert marks() == {("1001", MON, "P1"): "U", ("1001", MON, "P3"): "T"}


def test_a_holiday_is_no_school_day_and_one_of_a_track_closes_that_track_alone(peer: Aeries) -> None:
    north = peer.schools[994]
    north.day("2026-09-28", "L", HolidayDescription="Labor Day")
    north.day(
        "2026-09-29", TrackHolidays=[{"Track": "A", "HolidayCode": "V"}, {"Track": "B", "HolidayCode": ""}]
    )

    done()

    days = {(one.day.day, one.track): one.is_school_day for one in db.session.scalars(select(SchoolDay))}
    assert days[28, ""] is False
    assert (days[29, ""], days[29, "A"], days[29, "B"]) == (True, False, True)


def test_a_calendar_in_a_way_that_is_not_known_is_refused_and_can_come_as_a_file(peer: Aeries) -> None:
    peer.schools[994].note(1001, str(MON), "U")
    for day in peer.schools[994].calendar:
        del day["HolidayCode"]

    assert "Bring it in as calendar.csv" in failed()

    connect(peer, calendar="")
    done()
    assert marks() == {("1001", MON, "DAY"): "U"}
    assert not db.session.scalar(select(func.count()).select_from(SchoolDay))


def test_weeks_are_asked_for_one_after_another_to_today_and_no_further(peer: Aeries) -> None:
    peer.schools[994].note(1001, "2026-09-22", "U")
    peer.schools[994].note(1002, "2026-09-21", "U")

    done()

    spans = [one.partition("?")[2] for one in peer.asked if "attendance" in one]
    assert spans[0] == "StartDate=20260824&EndDate=20260830"
    assert spans[-1] == "StartDate=20260921&EndDate=20260921"
    assert list(marks()) == [("1002", date(2026, 9, 21), "DAY")]


def test_a_night_reads_the_last_weeks_again_and_takes_corrections(peer: Aeries) -> None:
    peer.schools[994].note(1001, str(MON), "U")
    peer.schools[994].note(1002, str(MON), "U")
    done()
    peer.schools[994].note(1001, str(MON), "")
    peer.schools[994].note(1002, str(MON), "T")

    with clock.frozen(datetime(2026, 9, 22, 17, tzinfo=UTC)):
        run = done()

    assert run.is_window
    assert not run.is_whole
    assert marks() == {("1002", MON, "DAY"): "T"}


def test_an_answer_of_half_the_rows_waits_for_somebody(peer: Aeries) -> None:
    for student in range(1001, 1006):
        for day in DAYS[:6]:
            peer.schools[994].note(student, day, "U")
    done()
    for student in (1001, 1002, 1003):
        del peer.schools[994].noted[student]

    with clock.frozen(datetime(2026, 9, 22, 17, tzinfo=UTC)):
        run = systems.read("aeries", by_itself=True)

    assert run.state == "ready"
    assert [one.asks for one in ImportSchool.of(run.id)] == ["absences"]
    assert len(marks()) == 30


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_by_itself_is_waited_for(peer: Aeries, fault: str) -> None:
    peer.schools[994].note(1001, str(MON), "U")
    peer.trouble = Every([fault], of=3)

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}


def test_a_redirect_is_not_followed(peer: Aeries) -> None:
    peer.trouble = lambda path, nth: "elsewhere" if "attendance" in path else ""

    assert "not followed" in failed()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"certificate": "another"}, "does not accept the certificate"),
        ({"may_read": {"AbsenceCodes", "calendar", "enrollment"}}, "may not read Attendance"),
        ({"schools": {}}, "knows no AbsenceCodes of North School"),
    ],
)
def test_what_somebody_must_see_to_is_said(peer: Aeries, change: dict[str, Any], sentence: str) -> None:
    for name, value in change.items():
        setattr(peer, name, value)

    assert sentence in failed()


def test_rows_that_cannot_be_read_are_set_aside_and_the_rest_comes_in(peer: Aeries) -> None:
    peer.schools[994].note(9999, str(MON), "U")
    peer.schools[994].noted[1001] = {
        str(MON): {"CalendarDate": at_no_day(), "AllDayAttendanceCode": "U", "Classes": []}
    }
    peer.schools[994].note(1002, str(MON), "U")

    run = done()

    assert sorted(set_aside(run).values()) == ["bad_date", "unknown_student"]
    assert marks() == {("1002", MON, "DAY"): "U"}


def at_no_day() -> str:
    return "2026-09-31T00:00:00"


def test_a_trial_says_what_was_found_or_what_to_mend(peer: Aeries) -> None:
    assert "enrollments be read of North School" in connecting.try_out("aeries")

    peer.schools[994].enrollments = []
    with pytest.raises(Refused, match="shows no enrollments of North School"):
        connecting.try_out("aeries")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://192.168.1.4/aeries/api/v5", "private"),
        ("http://maple.aeries.example/api/v5", "https alone"),
        ("https://maple.aeries.example/aeries", "ends in /api/v5"),
    ],
)
def test_an_address_that_is_never_called_is_refused_when_it_is_typed(
    peer: Aeries, address: str, why: str
) -> None:
    given = Particulars(settings={"address": address, "schools": "994"}, secret=CERTIFICATE)

    with pytest.raises(Refused, match=why):
        connecting.change("aeries", given, by=SYSTEM)


def test_birch_sees_neither_the_connection_nor_its_marks(peer: Aeries, world: World) -> None:
    peer.schools[994].note(1001, str(MON), "U")
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("aeries") is None
        assert not services.is_on(AERIES)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
