"""From Clever to the register: each record says what became of it, and what it answers badly harms nobody."""

import io
import logging
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import services
from app.core.db import db
from app.core.logs import Line
from app.core.queue import Work
from app.core.services import CLEVER
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.integrations.clever import naming
from app.register.actions import connecting
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.fetched_rows import FetchedRows
from app.register.models.import_school import ImportSchool
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.roster.actions.refused import Refused
from tests import clever_peer
from tests.clever_peer import TOKEN, Clever, School, clever_id
from tests.directory_peer import Every
from tests.peer_server import FAULTS, running
from tests.register import registers, systems
from tests.register.test_imports import changes, marks, notes, set_aside
from tests.roster import families
from tests.world import World

MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
SUN = date(2026, 9, 13)


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clever]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    with (
        running(Clever()) as peer,
        systems.at_noon(app, world),
    ):
        clever_peer.stand_in(monkeypatch, settings, peer)
        registers.code("absent", "absent", "unexcused")
        systems.a_year()
        north = peer.school("994")
        for number in systems.five_students(world.maple.schools["North"]):
            north.enroll(number)
        connect()
        yield peer


def connect(**more: str) -> None:
    told = {"schools": "994 = North School", "by": "daily", "number": "sis_id", "codes": "excuse", **more}
    systems.connect("clever", CLEVER, told, TOKEN)


def north(peer: Clever) -> School:
    return next(iter(peer.schools.values()))


def note(peer: Clever, number: str, day: date, status: str = "absent", **more: Any) -> None:
    peer.note(north(peer), clever_id(0xABC0000 + int(number)), str(day), status, **more)


def done(**more: Any) -> RegisterImport:
    return systems.done("clever", **more)


def failed() -> str:
    return systems.failed("clever")


# --- what becomes of it -------------------------------------------------------------------------------------


def test_records_become_marks_and_days_of_enrollment_stretches(peer: Clever, world: World) -> None:
    note(peer, "1001", MON)
    note(peer, "1002", TUE, "tardy", excuse="Bus")
    note(peer, "1003", WED, "present")

    run = done()

    assert marks() == {("1001", MON, "DAY"): "absent", ("1002", TUE, "DAY"): "tardy: Bus"}
    stretch = db.session.scalars(select(SchoolEnrollment)).first()
    assert stretch is not None
    assert (stretch.entry, stretch.exit) == (date(2026, 8, 24), date(2027, 6, 11))
    assert db.session.scalar(select(func.count()).select_from(SchoolEnrollment)) == 5
    register = SchoolRegister.of_school(world.maple.schools["North"])
    assert register is not None
    assert register.current_to == TUE
    assert not run.is_window


def test_codes_are_proposed_by_status_and_excuse_and_count_for_nothing_until_signed_off(
    peer: Clever,
) -> None:
    note(peer, "1001", MON, excuse="EX")
    note(peer, "1002", MON, excuse="Unexcused")
    note(peer, "1003", MON, "tardy")
    note(peer, "1004", MON, "present", excuse="Field trip")

    done()

    waiting = {one.code: (one.kind, one.excuse) for one in AttendanceCode.waiting()}
    assert waiting == {
        "absent: EX": ("absent", "unknown"),
        "absent: Unexcused": ("absent", "unexcused"),
        "tardy": ("tardy", "unknown"),
    }


def test_an_excuse_that_is_written_freely_is_the_reason_where_a_district_says_so(peer: Clever) -> None:
    connect(codes="status")
    note(peer, "1001", MON, excuse="Had to go to the dentist, mother called")

    done()

    one = db.session.scalars(select(AttendanceMark)).one()
    assert (one.code, one.reason) == ("absent", "Had to go to the dentist, mother called")


def test_by_the_lesson_the_period_of_the_section_is_the_slot(peer: Clever) -> None:
    connect(by="section")
    first, third = north(peer).section(1, "1"), north(peer).section(3, "Period 3")
    odd, none = north(peer).section(8, "Blue A"), north(peer).section(9, "")
    for section in (first, third, odd, none):
        note(peer, "1001", MON, section=section)
    note(peer, "1002", MON)  # of the day: not read

    run = done()

    assert marks() == {("1001", MON, "P1"): "absent", ("1001", MON, "P3"): "absent"}
    assert list(set_aside(run).values()) == ["bad_slot", "bad_slot"]


def test_the_calendar_stays_as_it_was_brought_in(peer: Clever, world: World) -> None:
    days = registers.calendar(world.maple.schools["North"], weeks=3)
    db.session.commit()
    note(peer, "1001", MON)

    done()

    assert sorted(db.session.scalars(select(SchoolDay.day))) == sorted(days)


@pytest.mark.parametrize(
    ("number", "students"), [("student_number", {"S1001"}), ("sis_id", {"1001"}), ("state_id", {"9001"})]
)
def test_the_number_is_the_one_that_a_district_says(
    peer: Clever, world: World, number: str, students: set[str]
) -> None:
    for one in ("S1001", "9001"):
        families.student("Ana", one, number=one, school=world.maple.schools["North"])
    north(peer).enroll("1001", state_id="9001")
    connect(number=number)
    note(peer, "1001", MON)

    done()

    assert {one[0] for one in marks()} == students


def test_a_school_can_be_named_by_clevers_own_id(peer: Clever) -> None:
    connect(schools=f"{north(peer).id} = North School")
    note(peer, "1001", MON)

    done()

    assert marks() == {("1001", MON, "DAY"): "absent"}


def test_who_moved_to_another_school_is_found_by_himself(peer: Clever) -> None:
    moved = north(peer).students.pop(clever_id(0xABC0000 + 1001))
    peer.school("995").students[moved["id"]] = moved
    note(peer, "1001", MON)

    done()

    assert marks() == {("1001", MON, "DAY"): "absent"}
    assert peer.one_by_one == [moved["id"]]


def test_no_more_are_asked_for_one_by_one_than_are_bounded(
    peer: Clever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "MOST_ONE_BY_ONE", 2)
    for nth in range(5):
        peer.note(north(peer), clever_id(0xEEE0000 + nth), str(MON))

    run = done()

    assert len(peer.one_by_one) == 2
    assert list(set_aside(run).values()) == ["unknown_student"] * 5


# --- what changed -------------------------------------------------------------------------------------------


def test_an_absence_that_became_presence_is_gone(peer: Clever) -> None:
    note(peer, "1001", MON)
    note(peer, "1002", MON)
    done()
    note(peer, "1001", MON, "present")

    with systems.later_on(days=1):
        done()

    assert marks() == {("1002", MON, "DAY"): "absent"}


def test_an_absence_that_was_excused_later_is_another_code(peer: Clever) -> None:
    note(peer, "1001", MON)
    done()
    note(peer, "1001", MON, excuse="EX")

    with systems.later_on(days=1):
        done()

    assert marks() == {("1001", MON, "DAY"): "absent: EX"}


def test_what_clever_keeps_no_longer_stays_here(peer: Clever) -> None:
    """It keeps six months. Nothing is gone by not being there."""
    note(peer, "1001", MON)
    note(peer, "1002", FRI)
    done()
    del peer.records[next(iter(peer.records))]

    with systems.later_on(days=7):
        run = done()

    assert run.is_whole
    assert len(marks()) == 2


def test_a_student_who_left_clever_keeps_his_marks(peer: Clever) -> None:
    note(peer, "1001", MON)
    done()
    north(peer).students.pop(clever_id(0xABC0000 + 1001))

    with systems.later_on(days=1):
        run = done()

    assert marks() == {("1001", MON, "DAY"): "absent"}
    assert list(set_aside(run).values()) == ["unknown_student"]


def test_presence_in_one_lesson_does_not_take_the_mark_of_another_in_that_period(peer: Clever) -> None:
    connect(by="section")
    algebra, art = north(peer).section(1, "1"), north(peer).section(2, "1")
    note(peer, "1001", MON, section=algebra)
    done()
    peer.records.clear()
    note(peer, "1001", MON, "present", section=art)

    with systems.later_on(days=1):
        done()
        assert marks() == {("1001", MON, "P1"): "absent"}
    note(peer, "1001", MON, "present", section=algebra)
    with systems.later_on(days=2):
        done()

    assert marks() == {}


def test_asked_twice_nothing_changes_twice(peer: Clever) -> None:
    for number in ("1001", "1002", "1003"):
        note(peer, number, MON, excuse="EX")
        note(peer, number, TUE, "present")
    done()

    with systems.later_on(days=1):
        run = done()

    assert changes(run) == {}
    assert len(marks()) == 3


def test_a_night_asks_for_the_last_weeks_and_a_week_for_the_year(peer: Clever) -> None:
    note(peer, "1001", MON)
    done()
    with systems.later_on(days=32):
        done()
    peer.asked.clear()
    with systems.later_on(days=33):
        done()

    spans = {one.partition("?")[2].partition("&attendance_status")[0] for one in _of_attendance(peer)}
    assert spans == {"limit=1000&date_range_start=2026-09-24&date_range_end=2026-10-24"}


def test_a_school_that_loses_many_at_once_waits_for_somebody(peer: Clever) -> None:
    for number in range(1001, 1006):
        for day in (MON, TUE, WED, THU):
            note(peer, str(number), day)
    done()
    for number in range(1001, 1004):
        for day in (MON, TUE, WED, THU):
            note(peer, str(number), day, "present")

    with systems.later_on(days=1):
        run = systems.read("clever", by_itself=True)

    assert run.state == "ready"
    assert [one.asks for one in ImportSchool.of(run.id)] == ["gone"]
    assert len(marks()) == 20


# --- rows that are wrong ------------------------------------------------------------------------------------


def test_two_marks_for_one_day_are_both_set_aside(peer: Clever) -> None:
    section = north(peer).section(1, "1")
    note(peer, "1001", MON, excuse="EX")
    note(peer, "1001", MON, section=section, attendance_type="daily")
    note(peer, "1002", MON)

    run = done()

    assert list(set_aside(run).values()) == ["two_codes", "two_codes"]
    assert marks() == {("1002", MON, "DAY"): "absent"}


def test_a_student_nobody_knows_and_a_mark_on_a_sunday_are_set_aside(peer: Clever) -> None:
    north(peer).enroll("7777")
    note(peer, "7777", MON)
    note(peer, "1001", SUN)
    note(peer, "1002", MON)
    note(peer, "1003", MON, attendance_date="2026-09-31")

    run = done()

    assert sorted(set_aside(run).values()) == [
        "bad_date",
        "no_school_day",
        "unknown_student",
        "unknown_student",
    ]
    assert marks() == {("1002", MON, "DAY"): "absent"}


def test_a_code_that_no_register_holds_is_set_aside(peer: Clever) -> None:
    note(peer, "1001", MON, excuse="a very long story " * 10)

    run = done()

    assert "too_long" in set_aside(run).values()
    assert marks() == {}


# --- what it answers badly ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_by_itself_is_waited_for(peer: Clever, fault: str) -> None:
    for number in range(1001, 1006):
        note(peer, str(number), MON)
    peer.most = 2
    peer.trouble = Every([fault], of=3)

    done()

    assert len(marks()) == 5


def test_it_comes_again_when_the_server_said_so(peer: Clever) -> None:
    peer.trouble = lambda path, nth: "slow down" if nth in (4, 5) else ""

    assert "asks us to slow down. It is asked again in a few seconds" in notes(systems.read("clever"))


def test_a_list_is_read_to_its_end_a_page_at_a_time(peer: Clever) -> None:
    peer.most = peer.most_in_envelopes = 2
    for number in range(1001, 1006):
        for day in (MON, TUE):
            note(peer, str(number), day)

    run = done()

    assert len(marks()) == 10
    assert run.pages_fetched == 3 + 5 + 1 + 1


@pytest.mark.parametrize(
    "link",
    [
        "https://birch.example/v3.1/attendance/schools/x?starting_after={cursor}",
        "//birch.example/?starting_after={cursor}",
        "http://169.254.169.254/latest?starting_after={cursor}",
    ],
)
def test_of_a_link_the_cursor_is_read_and_its_address_is_never_called(peer: Clever, link: str) -> None:
    peer.most = 2
    for number in range(1001, 1006):
        note(peer, str(number), MON)

    def elsewhere(path: str, told: dict[str, Any]) -> None:
        for one in told.get("links", ()):
            if one["rel"] == "next":
                cursor = one["uri"].partition("starting_after=")[2].partition("&")[0]
                one["uri"] = link.format(cursor=cursor)

    peer.change = elsewhere

    done()

    assert len(marks()) == 5
    assert all(one.startswith("/v3.1/") for one in peer.asked)


@pytest.mark.parametrize("uri", ["/v3.1/attendance?page=2", "http://[birch", "", None])
def test_a_link_without_a_cursor_is_a_failed_reading(peer: Clever, uri: object) -> None:
    note(peer, "1001", MON)
    peer.change = lambda path, told: told.get("links", []).append({"rel": "next", "uri": uri})

    assert "does not say where a list goes on" in failed()


def test_the_same_page_for_ever_is_a_failed_reading(peer: Clever) -> None:
    note(peer, "1001", MON)
    again = {"rel": "next", "uri": "/v3.1/x?starting_after=again"}
    peer.change = lambda path, told: told["links"].append(again) if "/attendance/" in path else None

    assert "again and again" in failed()


def test_a_list_of_schools_without_an_end_is_a_failed_reading(peer: Clever) -> None:
    again = {"rel": "next", "uri": "/v3.1/schools?starting_after=again"}
    peer.change = lambda path, told: told["links"].append(again) if path.endswith("/schools") else None

    assert "again and again" in failed()


def test_an_answer_with_nothing_at_all_removes_nothing(peer: Clever) -> None:
    note(peer, "1001", MON)
    done()
    peer.records.clear()
    peer.synced = ""

    with systems.later_on(days=1):
        assert "says of no day that attendance of this district came" in failed()


@pytest.mark.parametrize("told", [{}, {"data": {}}, {"data": "none"}])
def test_an_answer_that_is_no_list_is_a_failed_reading(peer: Clever, told: dict[str, Any]) -> None:
    def instead(path: str, answer: dict[str, Any]) -> None:
        if "/attendance/" in path:
            answer.clear()
            answer.update(told)

    peer.change = instead

    assert "no list of attendance" in failed()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token": "another"}, "does not accept the token"),
        (
            {"may_read": {"districts", "schools", "users", "sections"}},
            "may not read attendance of North School",
        ),
        ({"may_read": {"districts", "schools", "attendance"}}, "may not read students of North School"),
        ({"schools": {}}, "shows no school 994"),
    ],
)
def test_what_somebody_must_see_to_is_said(peer: Clever, change: dict[str, Any], sentence: str) -> None:
    note(peer, "1001", MON)
    for name, value in change.items():
        setattr(peer, name, value)

    assert sentence in failed()


def test_a_token_that_is_taken_back_between_two_pages_ends_the_reading(peer: Clever) -> None:
    peer.most = 2
    for number in range(1001, 1006):
        note(peer, str(number), MON)
    peer.before[8] = lambda: setattr(peer, "token", "another")

    assert "does not accept the token" in failed()


def test_two_schools_of_the_same_number_are_not_guessed_at(peer: Clever) -> None:
    peer.school("994")

    assert "more than one school 994" in failed()


def test_a_redirect_is_not_followed(peer: Clever) -> None:
    peer.trouble = lambda path, nth: "elsewhere" if "/attendance/" in path else ""

    assert "not followed" in failed()


# --- who may know -------------------------------------------------------------------------------------------


def test_neither_token_nor_student_stands_in_a_log_or_in_what_a_job_is_given(peer: Clever) -> None:
    for number in range(1001, 1004):
        note(peer, number=str(number), day=MON, excuse="Dentist")
    peer.note(north(peer), clever_id(0xEEE0000), str(MON))
    peer.most = 2
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Line("worker", as_json=True))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        run = done()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    told = written.getvalue()
    assert "HTTP Request" in told  # it was written down that it was called
    work = [(one.job, one.subject_id) for one in db.session.scalars(select(Work))]
    assert {id for job, id in work if job.startswith("jobs.register")} <= {run.id}
    for word in (TOKEN, "Doe", "1001", clever_id(0xEEE0000), clever_id(0xABC0000 + 1001), "Dentist"):
        assert word not in told
        assert word not in notes(run)


def test_what_is_shared_beyond_need_is_kept_nowhere(peer: Clever) -> None:
    note(peer, "1001", MON)
    run = systems.read("clever", apply=False)

    kept = [one.rows or "" for one in db.session.scalars(select(FetchedRows))]
    assert all(set(row) <= FIELDS for row in _unpacked(run))
    assert not any("Doe" in one for one in kept)
    assert "1001" not in str(run.place)


FIELDS = {
    "student", "school", "day", "slot", "code", "reason", "record", "op", "description", "kind", "excuse",
    "track", "entry", "exit", "exit_reason", "is_primary",
}  # fmt: skip


def _unpacked(run: RegisterImport) -> list[dict[str, Any]]:
    files = FetchedRows.files(run.id)
    return [row for file in files for _, row in FetchedRows.told(run.id, file, 0)]


def test_a_trial_says_what_was_found_or_what_to_mend(peer: Clever) -> None:
    note(peer, "1001", MON, section=north(peer).section(1, "1"))

    with pytest.raises(Refused, match="Choose “By the lesson"):
        connecting.try_out("clever")
    connect(by="section")
    found = connecting.try_out("clever")
    assert "Students can be read of North School" in found
    assert "came to it last on 2026-09-21" in found
    connect(by="section", number="state_id")
    with pytest.raises(Refused, match="no students of North School with the number that was chosen"):
        connecting.try_out("clever")


def test_birch_sees_neither_the_connection_nor_its_marks(peer: Clever, world: World) -> None:
    note(peer, "1001", MON)
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("clever") is None
        assert not services.is_on(CLEVER)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0


def _of_attendance(peer: Clever) -> list[str]:
    return [one for one in peer.asked if "/attendance/" in one]
