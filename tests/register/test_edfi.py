"""From Ed-Fi to the register: what it answers badly, late or by half harms nobody, and a correction arrives."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import ED_FI
from app.core.tenancy import as_district
from app.register.actions import connecting
from app.register.actions.connecting import Particulars
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_connection import RegisterConnection
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.roster.actions.refused import Refused
from tests import edfi_peer
from tests.directory_peer import Every
from tests.edfi_peer import EVENTS, SECRET, EdFi
from tests.peer_server import FAULTS
from tests.register import systems
from tests.register.edfi import (  # noqa: F401 (fixtures)
    CEDAR,
    EXCUSED,
    MON,
    NORTH,
    TUE,
    UNEXCUSED,
    connect,
    done,
    failed,
    peer,
    read,
    settings_of,
)
from tests.register.test_imports import marks, notes, set_aside
from tests.world import World

# --- what becomes of it -------------------------------------------------------------------------------------


def test_events_calendars_and_enrollments_become_the_register(peer: EdFi, world: World) -> None:
    peer.ods.event("1001", NORTH, str(MON), attendanceEventReason="Overslept", schoolAttendanceDuration=390)
    peer.ods.event("1002", NORTH, str(TUE), EXCUSED)

    run = done()

    assert marks() == {("1001", MON, "DAY"): UNEXCUSED, ("1002", TUE, "DAY"): EXCUSED}
    one = db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == MON)).one()
    assert (one.minutes, one.reason) == (390, "Overslept")
    assert db.session.scalar(select(func.count()).select_from(SchoolDay).where(SchoolDay.is_school_day)) == 15
    assert db.session.scalar(select(func.count()).select_from(SchoolEnrollment)) == 5
    register = SchoolRegister.of_school(world.maple.schools["North"])
    assert register is not None
    assert register.current_to == TUE
    assert run.is_whole
    assert (run.first_day, run.last_day) == (date(2026, 8, 24), date(2026, 9, 21))


def test_presence_is_no_exception_and_is_passed_over(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON), "In Attendance")
    peer.ods.event("1001", NORTH, str(TUE))

    done()

    assert marks() == {("1001", TUE, "DAY"): UNEXCUSED}


def test_categories_are_proposed_and_count_for_nothing_until_signed_off(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON), "Tardy")

    done()

    waiting = {one.code: (one.kind, one.excuse) for one in AttendanceCode.waiting()}
    assert waiting["Tardy"] == ("tardy", "unknown")
    assert "In Attendance" not in waiting


def test_a_reason_is_part_of_the_code_where_a_district_says_so(peer: EdFi) -> None:
    connect(peer, reasons="yes")
    peer.ods.event("1001", NORTH, str(MON), "Tardy", attendanceEventReason="Bus")

    done()

    assert marks() == {("1001", MON, "DAY"): "Tardy: Bus"}


def test_a_part_of_a_day_is_never_taken_for_the_whole_of_it(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON), eventDuration=0.5)
    peer.ods.event("1002", NORTH, str(MON), eventDuration=1)

    run = done()

    assert set_aside(run) == {("marks", 1): "bad_minutes"}
    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}
    connect(peer, minutes="390")
    done()
    assert (
        db.session.scalar(select(AttendanceMark.minutes).where(AttendanceMark.day == MON).order_by("minutes"))
        == 195
    )


def test_a_day_is_school_by_its_events_and_a_holiday_closes_it(peer: EdFi, world: World) -> None:
    about = {"calendarCode": "C1", "schoolId": NORTH, "schoolYear": edfi_peer.YEAR}
    peer.ods.day(about, "2026-09-28", "Instructional day", "Holiday")
    peer.ods.day(about, "2026-09-29", "Community day")
    peer.ods.day(about, "2026-09-30", "Student late arrival/early dismissal")

    done()

    days = {
        one.day.day: one.is_school_day for one in db.session.scalars(select(SchoolDay)) if one.day.day > 27
    }
    assert days == {28: False, 29: False, 30: True}


def test_several_calendars_of_a_school_are_its_tracks_and_one_is_none(peer: EdFi) -> None:
    peer.ods.school(NORTH, str(MON), code="C2")
    about = {"calendarCode": "C2", "schoolId": NORTH, "schoolYear": edfi_peer.YEAR}
    peer.ods.resources["studentSchoolAssociations"][0].told["calendarReference"] = about

    done()

    assert set(db.session.scalars(select(SchoolDay.track))) == {"C1", "C2"}
    assert sorted(db.session.scalars(select(SchoolEnrollment.track))) == ["", "", "", "", "C2"]


def test_lessons_are_slots_and_an_event_without_one_is_set_aside(peer: EdFi) -> None:
    connect(peer, by="section")
    peer.ods.lesson("1001", NORTH, str(MON), "P1", "02")
    peer.ods.lesson("1002", NORTH, str(MON))

    run = done()

    assert marks() == {("1001", MON, "P1"): UNEXCUSED, ("1001", MON, "P2"): UNEXCUSED}
    assert list(set_aside(run).values()) == ["bad_slot"]


def test_students_nobody_knows_are_set_aside_and_the_rest_comes_in(peer: EdFi) -> None:
    peer.ods.event("9999", NORTH, str(MON))
    peer.ods.event("1001", NORTH, str(MON))

    run = done()

    assert marks() == {("1001", MON, "DAY"): UNEXCUSED}
    assert list(set_aside(run).values()) == ["unknown_student"]


def test_a_school_that_was_not_named_stays_outside(peer: EdFi) -> None:
    peer.ods.event("1001", CEDAR, str(MON))
    peer.ods.event("1001", NORTH, str(TUE))

    done()

    assert marks() == {("1001", TUE, "DAY"): UNEXCUSED}
    assert all(one.get("schoolId") == str(NORTH) for one in peer.lists_asked(EVENTS))


# --- what it answers badly ----------------------------------------------------------------------------------


def test_half_of_the_rows_are_no_answer(peer: EdFi) -> None:
    for student in range(1, 6):
        peer.ods.event(f"100{student}", NORTH, str(MON))
    done()
    connect(peer, minutes="390")  # read anew

    peer.change = lambda path, rows: (
        rows.clear() if path.endswith(EVENTS) and len(peer.lists_asked(EVENTS)) > 1 else None
    )
    peer.most = 2
    peer.headers = lambda what, headers: (
        headers.update({"Total-Count": "5"}) if what == EVENTS and headers else None
    )

    assert "told of 5 records" in failed()


def test_a_list_that_changes_while_it_is_read_makes_nothing_vanish(peer: EdFi) -> None:
    events = [peer.ods.event(f"100{student}", NORTH, str(MON)) for student in range(1, 6)]
    done()
    connect(peer, minutes="390")
    peer.most = 2

    while_reading = {"done": False}

    def once(path: str, rows: list[Any]) -> None:
        if path.endswith(EVENTS) and rows and not while_reading["done"]:
            while_reading["done"] = True
            peer.ods.resources[EVENTS].remove(events[0])

    peer.change = once

    run = done()

    assert "changed while it was read" in notes(run)
    assert len(marks()) == 5  # one was deleted and one was passed over: neither is taken to be gone


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_by_itself_is_waited_for(peer: EdFi, fault: str) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    peer.trouble = Every([fault], of=3)

    done()

    assert marks() == {("1001", MON, "DAY"): UNEXCUSED}


def test_it_comes_again_when_the_server_said_so(peer: EdFi) -> None:
    peer.trouble = lambda path, nth: "slow down" if nth == 3 else ""
    run = read(apply=False)

    assert "asks us to slow down. It is asked again in a few seconds" in notes(run)


def test_a_server_that_never_answers_ends_with_a_sentence(peer: EdFi) -> None:
    peer.trouble = lambda path, nth: "503"

    assert "asked 8 times in a row" in failed()
    connection = RegisterConnection.of_kind("ed_fi")
    assert connection is not None
    assert connection.failing


def test_a_token_that_ends_between_two_pages_is_renewed(peer: EdFi) -> None:
    for student in range(1, 6):
        peer.ods.event(f"100{student}", NORTH, str(MON))
    peer.most = 1
    for nth in (4, 9, 15):
        peer.before[nth] = peer.tokens.clear

    done()

    assert len(marks()) == 5


def test_a_redirect_is_not_followed(peer: EdFi) -> None:
    peer.trouble = lambda path, nth: "elsewhere" if path.endswith(EVENTS) else ""

    assert "error 302" in failed()


def test_the_same_page_again_and_again_is_a_failed_reading(peer: EdFi) -> None:
    event = peer.ods.event("1001", NORTH, str(MON))

    def again(path: str, rows: list[Any]) -> None:
        if path.endswith(EVENTS):
            rows[:] = [{"id": event.id, **event.told}]

    peer.change = again

    assert "again and again" in failed()


def test_an_answer_with_nothing_at_all_removes_nothing(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    connect(peer, minutes="390")
    for name in peer.ods.resources:
        peer.ods.resources[name] = []

    assert "nothing at all" in failed()


def test_a_right_that_is_missing_is_named(peer: EdFi) -> None:
    peer.may_read -= {EVENTS}

    assert f"may not read {EVENTS}" in failed()


def test_a_snapshot_is_read_from_where_that_was_said(peer: EdFi) -> None:
    connect(peer, snapshot="yes")
    peer.snapshots = ["abc", "def"]
    peer.ods.event("1001", NORTH, str(MON))

    done()

    assert set(peer.read_from[2:]) == {"def"}
    peer.snapshots, peer.read_from = [], []
    connect(peer, snapshot="yes", minutes="390")
    done()
    assert peer.read_from[-1] == "true"


# --- how it is set up ---------------------------------------------------------------------------------------


def test_a_secret_is_sent_to_no_other_host_than_it_was_entered_for(peer: EdFi) -> None:
    given = Particulars(settings=settings_of(peer, address="https://birch.example/data/v3"))

    with pytest.raises(Refused, match="Enter the secret again"):
        connecting.change("ed_fi", given, by=SYSTEM)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://10.0.0.8/data/v3", "private"),
        ("http://api.maple.example/data/v3", "https alone"),
        ("https://api.maple.example/v7", "/data/v3"),
        ("https://a:b@api.maple.example/data/v3", "name and password"),
    ],
)
def test_an_address_that_is_never_called_is_refused_when_it_is_typed(
    peer: EdFi, address: str, why: str
) -> None:
    given = Particulars(settings=settings_of(peer, address=address), secret=SECRET)

    with pytest.raises(Refused, match=why):
        connecting.change("ed_fi", given, by=SYSTEM)


def test_a_trial_says_what_was_found_or_what_to_mend(peer: EdFi) -> None:
    assert "5 at North School" in connecting.try_out("ed_fi")

    connect(peer, schools="255901009 = North School")
    with pytest.raises(Refused, match="shows no students of North School"):
        connecting.try_out("ed_fi")


def test_another_address_or_another_reading_of_it_is_read_whole(peer: EdFi) -> None:
    done()

    connect(peer, reasons="yes")

    with systems.later_on(days=1):
        assert done().is_whole


# --- the stranger -------------------------------------------------------------------------------------------


def test_birch_sees_neither_the_connection_nor_its_marks(peer: EdFi, world: World) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("ed_fi") is None
        assert not services.is_on(ED_FI)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
