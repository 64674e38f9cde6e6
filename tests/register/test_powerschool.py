"""From PowerSchool to the register: codes, calendars, enrollments, and marks by the day or by the period."""

import io
import logging
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import services
from app.core.actor import SYSTEM
from app.core.attendance_systems import Asked, beginning, pages
from app.core.db import db
from app.core.logs import Line
from app.core.queue import Work
from app.core.services import POWERSCHOOL
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.integrations.powerschool.tables import FIELDS
from app.register.actions import connecting, fetching
from app.register.actions.connecting import Particulars
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.roster.actions.refused import Refused
from app.roster.models.student import Student
from tests import powerschool_peer
from tests.directory_peer import Every
from tests.peer_server import FAULTS, running
from tests.powerschool_peer import GRANTED, KEY, SECRET, PowerSchool, School
from tests.register import registers, systems
from tests.register.test_imports import changes, marks, notes, set_aside
from tests.roster import families
from tests.world import World

MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
SUN = date(2026, 9, 13)
DAYS = [str(MON + timedelta(days=week * 7 + nth)) for week in range(3) for nth in range(5)]


@pytest.fixture
def peer(
    app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PowerSchool]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    with (
        running(PowerSchool()) as peer,
        systems.at_noon(app, world),
    ):
        powerschool_peer.stand_in(monkeypatch, settings, peer)
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        systems.a_year()
        north = peer.school(994)
        north.code("", "Present", "Present")
        north.code("U", "Absent", "Unexcused absence")
        north.code("E", "Absent", "Excused absence")
        north.code("T", "Present", "Tardy")
        for day in DAYS:
            north.day(day)
        for number in systems.five_students(world.maple.schools["North"]):
            STUDENTS[number] = north.enroll(number)
        connect(peer)
        yield peer


#: Number → internal id, of the test that runs.
STUDENTS: dict[str, int] = {}


def settings_of(peer: PowerSchool, **more: str) -> dict[str, str]:
    told = {"address": peer.address, "client_id": KEY, "schools": "994 = North School"}
    return {**told, "by": "ATT_ModeDaily", "calendar": "yes", "tracks": "", **more}


def connect(peer: PowerSchool, **more: str) -> None:
    systems.connect("powerschool", POWERSCHOOL, settings_of(peer, **more), SECRET)


def north(peer: PowerSchool) -> School:
    return peer.schools[994]


def note(peer: PowerSchool, number: str, day: date, code: str = "U", **more: Any) -> int:
    return north(peer).note(STUDENTS[number], str(day), code, **more)


def done(**more: Any) -> RegisterImport:
    return systems.done("powerschool", **more)


def failed() -> str:
    return systems.failed("powerschool")


# --- what becomes of it -------------------------------------------------------------------------------------


def test_what_was_noted_becomes_marks_and_a_code_without_letters_is_presence(peer: PowerSchool) -> None:
    id = note(peer, "1001", MON)
    note(peer, "1002", TUE, "E")
    note(peer, "1003", MON, "")
    note(peer, "1004", MON, "U", period="1")  # of a period: not read

    done()

    assert marks() == {("1001", MON, "DAY"): "U", ("1002", TUE, "DAY"): "E"}
    one = db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == MON)).one()
    assert (one.record, one.reason) == (str(id), None)
    assert db.session.scalar(select(func.count()).select_from(SchoolDay).where(SchoolDay.is_school_day)) == 15


def test_codes_are_proposed_by_their_description_and_unknown_without_one(peer: PowerSchool) -> None:
    north(peer).code("S", "Absent", "Suspended")
    north(peer).code("FT", "Present", "Field trip, related to school")
    note(peer, "1001", MON)

    done()

    waiting = {one.code: (one.kind, one.excuse) for one in AttendanceCode.waiting()}
    assert waiting == {"T": ("tardy", "unknown"), "S": ("absent", "unknown"), "FT": ("", "")}


def test_a_code_that_means_the_same_in_every_school_is_proposed_once(peer: PowerSchool, world: World) -> None:
    connect(peer, schools="994 = North School\n995 = Cedar School")
    cedar = peer.school(995)
    cedar.code("U", "Absent", "Unexcused absence")
    cedar.code("T", "Absent", "Truant")
    cedar.enroll("2001")
    note(peer, "1001", MON)

    done()

    waiting = {(one.code, one.school_id): one.kind for one in AttendanceCode.waiting()}
    assert waiting == {("T", None): "tardy", ("T", world.maple.schools["Cedar"]): "absent"}


def test_by_the_period_each_period_is_a_slot_and_one_nobody_knows_is_set_aside(peer: PowerSchool) -> None:
    connect(peer, by="ATT_ModeMeeting")
    north(peer).period(1)
    north(peer).period(12)
    note(peer, "1001", MON, period="1")
    note(peer, "1001", MON, "T", period="12")
    note(peer, "1002", MON, period="1", periodid=77)
    note(peer, "1003", MON)  # of the day: not read

    run = done()

    assert marks() == {("1001", MON, "P1"): "U", ("1001", MON, "P12"): "T"}
    assert list(set_aside(run).values()) == ["bad_slot"]


def test_the_exit_date_is_the_day_after_the_last_one(peer: PowerSchool, world: World) -> None:
    for number in ("3001", "3002", "3003"):
        families.student("Ana", number, number=number, school=world.maple.schools["North"])
    north(peer).enroll("3001", "2026-08-24", "2026-09-15", track="")
    north(peer).enroll("3002", "2026-08-24", "2026-08-24")  # never came
    back = north(peer).enroll("3003", "2026-09-14")
    north(peer).was_here(back, "2026-08-24", "2026-09-01")

    done()

    asked = select(Student.number, SchoolEnrollment.entry, SchoolEnrollment.exit).join(
        Student, Student.id == SchoolEnrollment.student_id
    )
    rows = db.session.execute(asked.where(Student.number.startswith("3")))
    stays = {(number, entry): exit for number, entry, exit in rows}
    assert stays == {
        ("3001", date(2026, 8, 24)): date(2026, 9, 14),
        ("3003", date(2026, 9, 14)): date(2027, 6, 11),
        ("3003", date(2026, 8, 24)): date(2026, 8, 31),
    }


def test_a_day_is_school_where_it_is_in_session_and_on_the_tracks_that_are_ticked(
    peer: PowerSchool,
) -> None:
    connect(peer, tracks="yes")
    north(peer).day("2026-09-28", in_session=False, note="Holiday")
    north(peer).day("2026-09-29", tracks="ac")

    done()

    days = {
        (one.day.day, one.track): one.is_school_day
        for one in db.session.scalars(select(SchoolDay).where(SchoolDay.day >= date(2026, 9, 28)))
    }
    assert [days[28, track] for track in ("", "A", "F")] == [False, False, False]
    assert [days[29, track] for track in ("", "A", "B", "C")] == [True, True, False, True]


def test_a_calendar_can_be_brought_in_otherwise(peer: PowerSchool) -> None:
    connect(peer, calendar="")
    note(peer, "1001", MON)

    done()

    assert not db.session.scalar(select(func.count()).select_from(SchoolDay))
    assert not peer.asked_of("calendar_day")


def test_a_student_who_moved_or_left_is_still_known(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    moved = next(one for one in peer.tables["students"] if one["id"] == STUDENTS["1001"])
    moved["schoolid"] = 999_999

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}


# --- what changed -------------------------------------------------------------------------------------------


def test_a_night_reads_the_last_weeks_again_and_takes_corrections(peer: PowerSchool) -> None:
    first, second = note(peer, "1001", MON), note(peer, "1002", MON)
    done()
    peer.remove("attendance", first)
    peer.remove("attendance", second)
    note(peer, "1002", MON, "E")

    with systems.later_on(days=1):
        run = done()

    assert run.is_window
    assert not run.is_whole
    assert marks() == {("1002", MON, "DAY"): "E"}


def test_asked_twice_nothing_changes_twice(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    note(peer, "1002", TUE, "T")
    done()

    with systems.later_on(days=1):
        run = done()

    assert changes(run) == {}
    assert len(marks()) == 2
    assert [one.days + one.enrollments for one in ImportSchool.of(run.id)] == [0]


def test_the_year_is_the_one_that_is_written_down_here(peer: PowerSchool) -> None:
    north(peer).code("OLD", "Absent", "Of last year", yearid=35)
    note(peer, "1001", MON)

    done()

    assert "OLD" not in {one.code for one in AttendanceCode.waiting()}


def test_an_answer_of_half_the_rows_waits_for_somebody(peer: PowerSchool) -> None:
    ids = [note(peer, f"100{nth}", day) for nth in range(1, 6) for day in (MON, TUE, WED, THU)]
    done()
    for id in ids[:12]:
        peer.remove("attendance", id)

    with systems.later_on(days=1):
        run = systems.read("powerschool", by_itself=True)

    assert run.state == "ready"
    assert [one.asks for one in ImportSchool.of(run.id)] == ["absences"]
    assert len(marks()) == 20


# --- rows that are wrong ------------------------------------------------------------------------------------


def test_two_marks_for_one_day_are_both_set_aside(peer: PowerSchool) -> None:
    note(peer, "1001", MON, "U")
    note(peer, "1001", MON, "E")
    note(peer, "1002", MON)

    run = done()

    assert list(set_aside(run).values()) == ["two_codes", "two_codes"]
    assert marks() == {("1002", MON, "DAY"): "U"}


def test_who_is_not_here_a_sunday_a_day_that_is_none_and_a_code_nobody_knows_are_set_aside(
    peer: PowerSchool,
) -> None:
    STUDENTS["7777"] = north(peer).enroll("7777")
    note(peer, "7777", MON)
    note(peer, "1001", SUN)
    note(peer, "1002", MON, "X")
    note(peer, "1003", MON)
    peer.tables["attendance"][-1]["att_date"] = "2026-09-1x"
    note(peer, "1004", MON)

    run = done()

    faults: dict[str, list[str]] = {"marks": [], "enrollments": []}
    for (file, _), fault in set_aside(run).items():
        faults[file].append(fault)
    assert sorted(faults["marks"]) == ["bad_date", "no_code", "no_school_day", "unknown_student"]
    assert faults["enrollments"] == ["unknown_student"]
    assert marks() == {("1004", MON, "DAY"): "U"}


def test_a_record_of_a_student_whom_powerschool_does_not_show_makes_nothing_vanish(
    peer: PowerSchool,
) -> None:
    first = note(peer, "1001", MON)
    note(peer, "1002", MON)
    done()
    peer.remove("attendance", first)
    north(peer).note(424242, str(MON), "U")

    with systems.later_on(days=1):
        run = done()

    assert list(set_aside(run).values()) == ["no_student"]
    assert "nothing is taken to be gone" in notes(run)
    assert len(marks()) == 2


# --- what it answers badly ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_by_itself_is_waited_for(peer: PowerSchool, fault: str) -> None:
    for nth in range(1, 6):
        note(peer, f"100{nth}", MON)
    peer.size = 2
    peer.trouble = Every([fault], of=3)

    done()

    assert len(marks()) == 5


def test_it_comes_again_when_the_server_said_so(peer: PowerSchool) -> None:
    peer.trouble = lambda path, nth: "slow down" if nth == 3 else ""

    assert "asks us to slow down. It is asked again in a few seconds" in notes(systems.read("powerschool"))


def test_a_list_is_read_by_pages_as_large_as_it_says(peer: PowerSchool) -> None:
    peer.size = 2
    for nth in range(1, 6):
        note(peer, f"100{nth}", MON)

    done()

    assert len(marks()) == 5
    ids = [one["id"] for one in peer.tables["attendance"]]
    after = [re.findall(r"id=gt=(\d+)", one) for one in peer.asked_of("attendance")]
    assert after == [["0"], [str(ids[1])], [str(ids[3])]]


@pytest.mark.parametrize("size", ["many", "0", None, 10**9])
def test_a_size_of_page_that_is_none_is_passed_over(peer: PowerSchool, size: object) -> None:
    peer.size = size
    note(peer, "1001", MON)

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}


def test_a_token_that_ends_between_two_pages_is_renewed(peer: PowerSchool) -> None:
    peer.size = 1
    for nth in range(1, 6):
        note(peer, f"100{nth}", MON)
    for nth in (4, 9, 15, 40):
        peer.before[nth] = peer.tokens.clear

    done()

    assert len(marks()) == 5


def test_fewer_records_than_were_counted_are_no_answer(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    done()
    peer.miscounts["attendance"] = 5

    with systems.later_on(days=1):
        assert "counted 5 records of attendance and gave 1" in failed()


def test_a_list_that_changes_while_it_is_read_makes_nothing_vanish(peer: PowerSchool) -> None:
    ids = [note(peer, f"100{nth}", MON) for nth in range(1, 6)]
    done()
    peer.size = 2
    told = {"once": False}

    def once(path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/attendance") and not told["once"]:
            told["once"] = True
            peer.remove("attendance", ids[4])

    peer.change = once

    with systems.later_on(days=1):
        run = done()

    assert "changed while it was read" in notes(run)
    assert len(marks()) == 5  # the next night takes it away


def test_what_is_deleted_and_added_meanwhile_passes_nobody_over(peer: PowerSchool) -> None:
    ids = [note(peer, f"100{nth}", MON) for nth in range(1, 6)]
    done()
    peer.size = 2
    told = {"once": False}

    def once(path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/attendance") and not told["once"]:
            told["once"] = True
            peer.remove("attendance", ids[0])
            note(peer, "1001", MON, "E")

    peer.change = once

    with systems.later_on(days=1):
        done()
    with systems.later_on(days=2):
        done()

    assert {one[0] for one in marks()} == set(STUDENTS) & {f"100{nth}" for nth in range(1, 6)}
    assert marks()["1001", MON, "DAY"] == "E"


def test_the_same_page_for_ever_is_a_failed_reading(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    note(peer, "1002", MON)
    peer.size = 1
    seen: list[dict[str, Any]] = []

    def again(path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/attendance") and answer.get("record"):
            seen.append(dict(answer))
            answer.update(seen[0])

    peer.change = again

    assert "again and again" in failed()


def test_an_answer_with_nothing_at_all_removes_nothing(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    done()
    for name in peer.tables:
        peer.tables[name] = []

    with systems.later_on(days=1):
        assert "nothing at all" in failed()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"record": {}}, "no list of attendance"),
        ({"record": [{"id": 1}]}, "something else than attendance"),
        ({"record": [{"tables": {"students": {}}}]}, "something else than attendance"),
        ({}, "counted 1 records of attendance and gave 0"),
    ],
)
def test_an_answer_that_is_no_list_is_a_failed_reading(
    peer: PowerSchool, told: dict[str, Any], sentence: str
) -> None:
    note(peer, "1001", MON)

    def instead(path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/attendance"):
            answer.clear()
            answer.update(told)

    peer.change = instead

    assert sentence in failed()


@pytest.mark.parametrize("count", ["5", True, -1, None])
def test_a_count_that_is_none_is_a_failed_reading(peer: PowerSchool, count: object) -> None:
    peer.miscounts["attendance"] = count

    assert "does not say how many records attendance has" in failed()


def test_a_field_that_the_plugin_does_not_grant_is_a_sentence(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    peer.granted["attendance"] -= {"periodid"}

    assert "The plugin may not read attendance" in failed()


def test_a_secret_that_is_not_accepted_and_a_table_that_is_not_there_are_sentences(
    peer: PowerSchool,
) -> None:
    peer.secret = "another"
    assert "does not accept the key and the secret" in failed()

    peer.secret = SECRET
    del peer.tables["reenrollments"]
    assert "knows no reenrollments" in failed()


def test_a_redirect_is_not_followed(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
    peer.trouble = lambda path, nth: "elsewhere" if path.endswith("/attendance") else ""

    assert "not followed" in failed()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://192.168.1.4", "private"),
        ("http://maple.powerschool.example", "https alone"),
        ("https://maple.powerschool.example/admin/home.html", "ends with its host"),
        ("https://maple.powerschool.example?x=1", "ends with its host"),
    ],
)
def test_an_address_that_is_never_called_is_refused_when_it_is_typed(
    peer: PowerSchool, address: str, why: str
) -> None:
    given = Particulars(settings=settings_of(peer, address=address), secret=SECRET)

    with pytest.raises(Refused, match=why):
        connecting.change("powerschool", given, by=SYSTEM)


def test_a_secret_is_sent_to_no_other_host_than_it_was_entered_for(peer: PowerSchool) -> None:
    given = Particulars(settings=settings_of(peer, address="https://birch.example"))

    with pytest.raises(Refused, match="Enter the secret again"):
        connecting.change("powerschool", given, by=SYSTEM)


# --- what is granted, and who may know ----------------------------------------------------------------------


def test_the_access_request_of_the_documentation_names_what_is_read_and_no_more() -> None:
    written = Path("docs/attendance-systems.md").read_text(encoding="utf-8")
    granted: dict[str, set[str]] = {}
    for table, name, access in re.findall(r'<field table="(\w+)" field="(\w+)" access="(\w+)"/>', written):
        assert access == "ViewOnly"
        granted.setdefault(table.lower(), set()).add(name.lower())

    assert granted == {table: set(fields) for table, fields in FIELDS.items()} == GRANTED


def test_neither_secret_nor_student_stands_in_a_log_or_in_what_a_job_is_given(peer: PowerSchool) -> None:
    note(peer, "1001", MON)
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
    for word in (SECRET, "token-1", "Doe", "1001", f"id=={STUDENTS['1001']}", "dentist"):
        assert word not in told
        assert word not in notes(run)


def test_the_place_of_a_reading_names_no_student(peer: PowerSchool) -> None:
    peer.size = 1
    note(peer, "1001", MON)
    note(peer, "1002", MON)
    connection = RegisterConnection.of_kind("powerschool")
    assert connection is not None
    asked = beginning(Asked(date(2026, 8, 24), systems.NOON.date()))

    places = [str(one.then) for one in pages(fetching.opened(connection), asked)]

    assert any("Unexcused absence" in one for one in places)
    assert not any(number in one for one in places for number in STUDENTS)


def test_a_trial_says_what_was_found_or_what_to_mend(peer: PowerSchool) -> None:
    north(peer).period(1)
    note(peer, "1001", MON, period="1")

    with pytest.raises(Refused, match="Choose “By the period"):
        connecting.try_out("powerschool")
    connect(peer, by="ATT_ModeMeeting")
    assert "100 records a page. Students: 5 at North School" in connecting.try_out("powerschool")
    peer.granted["reenrollments"] -= {"exitcode"}
    with pytest.raises(Refused, match="may not read reenrollments"):
        connecting.try_out("powerschool")
    connect(peer, schools="995 = North School")
    peer.granted["reenrollments"] |= {"exitcode"}
    with pytest.raises(Refused, match="shows no students of North School"):
        connecting.try_out("powerschool")


def test_birch_sees_neither_the_connection_nor_its_marks(peer: PowerSchool, world: World) -> None:
    note(peer, "1001", MON)
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("powerschool") is None
        assert not services.is_on(POWERSCHOOL)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
