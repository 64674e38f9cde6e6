"""From Wonde to the register: sessions and lessons, what is corrected, made in advance or moved away, and trouble."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import WONDE_ATTENDANCE
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.register.actions import connecting
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_enrollment import SchoolEnrollment
from app.roster.actions.refused import Refused
from tests import wonde_peer
from tests.directory_peer import Every
from tests.register import registers, systems
from tests.register.test_imports import changes, marks, notes, set_aside
from tests.roster import families
from tests.wonde_peer import CODES, FAULTS, TOKEN, Wonde, student, when
from tests.world import World

MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
BEECH = "A1930499544"
#: Wonde's ids of five students.
ONE, TWO, THREE, FOUR, FIVE = (f"A2{nth:07}" for nth in range(1, 6))


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wonde]:
    """North with five students, connected and turned on, on Monday 21 September."""
    with (
        wonde_peer.running() as peer,
        systems.at_noon(app, world),
    ):
        wonde_peer.stand_in(monkeypatch, settings, peer)
        north = world.maple.schools["North"]
        for id in (ONE, TWO, THREE, FOUR, FIVE):
            families.student("Mia", f"Reyes {id}", number=id, school=north)
        registers.calendar(north, weeks=4)
        registers.code("O", "absent", "unexcused")
        systems.a_year()
        beech = wonde_peer.School(BEECH, "Beech School", students=[student(nth) for nth in range(1, 6)])
        beech.has_codes(*CODES)
        peer.schools = [beech]
        connect()
        yield peer


def connect(**more: str) -> None:
    told = {"region": "uk", "schools": f"{BEECH} = North School", "by": "session", "comments": "", **more}
    systems.connect("wonde", WONDE_ATTENDANCE, told, TOKEN)


def done(*, later: int = 0) -> RegisterImport:
    """A reading that went well, so many days later."""
    with systems.later_on(days=later):
        return systems.done("wonde")


def failed() -> str:
    return systems.failed("wonde", "Dr Who")


def touched(record: dict[str, Any], at: str, **other: Any) -> None:
    """Changed at Wonde, at that time."""
    record |= {"updated_at": when(at), **other}


def coded(peer: Wonde, letter: str) -> dict[str, Any]:
    return next(one for one in peer.schools[0].codes if one["code"] == letter)


# --- what becomes of it -------------------------------------------------------------------------------------


def test_a_morning_and_an_afternoon_are_marks_and_presence_is_none(peer: Wonde) -> None:
    beech = peer.schools[0]
    beech.session(ONE, str(MON), "AM", "O")
    beech.session(ONE, str(MON), "PM", "\\")
    beech.session(TWO, str(MON), "AM", "/")
    beech.session(TWO, str(MON), "PM", "I")

    run = done()

    assert marks() == {(ONE, MON, "AM"): "O", (TWO, MON, "PM"): "I"}
    assert not set_aside(run)
    assert (run.is_whole, run.is_window) == (True, True)


def test_the_same_again_changes_nothing(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")
    peer.schools[0].session(TWO, str(MON), "AM", "L", minutes_late=12)
    done()
    connection = RegisterConnection.of_kind("wonde")
    assert connection is not None
    connection.reads_whole_next()
    db.session.commit()

    again = done(later=1)
    assert again.is_whole
    assert changes(again) == {}
    night = done(later=2)

    assert not night.is_window
    assert changes(night) == {}


def test_codes_are_proposed_once_for_the_district_by_what_wonde_says_they_are(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "I")

    done()

    waiting = {one.code: (one.kind, one.excuse, one.school_id) for one in AttendanceCode.waiting()}
    assert waiting == {
        "L": ("tardy", "excused", None),
        "U": ("absent", "unexcused", None),
        "I": ("absent", "excused", None),
        "N": ("absent", "unknown", None),
        "V": ("offsite_instruction", "", None),
        "X": ("not_expected", "", None),
    }


def test_minutes_are_those_of_whoever_came_late_and_an_absence_is_the_whole_session(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "L", minutes_late=12)
    peer.schools[0].session(TWO, str(MON), "AM", "U", minutes_late=55)

    done()

    found = {one.code: one.minutes for one in db.session.scalars(select(AttendanceMark))}
    assert found == {"L": 12, "U": None}


def test_a_comment_comes_in_only_where_the_district_chose_so(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "I", comment="Chicken pox " * 40)

    done()
    assert db.session.scalar(select(AttendanceMark.reason)) is None
    connect(comments="yes")
    done(later=1)

    reason = db.session.scalar(select(AttendanceMark.reason))
    assert reason is not None
    assert reason.startswith("Chicken pox Chicken pox")
    assert len(reason) == 200


def test_a_closed_school_and_a_session_without_a_mark_are_no_marks(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "#")
    peer.schools[0].session(TWO, str(MON), "AM", "-")
    peer.schools[0].session(THREE, str(MON), "AM", "O")

    run = done()

    assert marks() == {(THREE, MON, "AM"): "O"}
    assert not set_aside(run)


def test_by_the_lesson_a_mark_is_of_the_period_and_of_the_day_at_the_school(peer: Wonde) -> None:
    connect(by="lesson")
    beech = peer.schools[0]
    beech.lesson(ONE, f"{MON} 09:00:00", "Mon:1", "O")
    beech.lesson(ONE, f"{MON} 10:00:00", "P2", "/")
    beech.lesson(TWO, f"{MON} 23:30:00", "1Tue:P3", "O")["lesson"]["start_at"]["timezone"] = "UTC"
    beech.lesson(THREE, f"{MON} 08:45:00", "Mon:Reg", "O")
    beech.lesson(FOUR, f"{MON} 08:45:00", "Mon:Reg", "/")

    run = done()

    assert marks() == {(ONE, MON, "P1"): "O", (TWO, TUE, "P3"): "O"}
    assert [*set_aside(run).values()] == ["bad_slot"]
    assert "Wonde does not tell the lessons of students who left" in notes(run)


def test_students_are_on_roll_from_their_admission_and_leavers_to_their_last_day(peer: Wonde) -> None:
    beech = peer.schools[0]
    beech.leavers = [beech.students.pop(), student(99), student(98)]
    beech.leavers[0]["education_details"]["leaving_date"] = when("2026-09-11 00:00:00")
    beech.leavers[1]["education_details"]["leaving_date"] = when("2025-07-20 00:00:00")
    beech.students[0]["education_details"]["enrolment_status"] = "Subsidiary (dual registration)"

    run = done()

    found = db.session.scalars(select(SchoolEnrollment).order_by(SchoolEnrollment.exit)).all()
    assert len(found) == 5
    assert {one.entry for one in found} == {date(2022, 9, 1)}
    assert found[0].exit == FRI
    assert sum(not one.is_primary for one in found) == 1
    assert not set_aside(run)


# --- what changes -------------------------------------------------------------------------------------------


def test_a_mark_that_is_corrected_to_presence_is_taken_away_in_the_night(peer: Wonde) -> None:
    wrong = peer.schools[0].session(ONE, str(MON), "AM", "N")
    other = peer.schools[0].session(TWO, str(MON), "AM", "N")
    for one in (wrong, other):
        touched(one, "2026-09-07 10:00:00")
    done()
    touched(wrong, "2026-09-22 09:00:00", attendance_code=coded(peer, "/"))
    touched(other, "2026-09-22 09:00:00", attendance_code=coded(peer, "I"))

    run = done(later=1)

    assert not run.is_window
    assert changes(run) == {"vanished": 1, "changed": 1}
    assert marks() == {(TWO, MON, "AM"): "I"}
    assert peer.lists_asked("session")[-1]["updated_after"] == "2026-09-20 17:00:00"


@pytest.mark.parametrize("days", ["heeded", "ignored", "refused"])
def test_a_mark_that_was_made_in_advance_comes_on_its_day(peer: Wonde, days: str) -> None:
    peer.days = days
    peer.schools[0].session(TWO, str(MON), "AM", "O")
    known = peer.schools[0].session(ONE, "2026-09-22", "AM", "I")
    for one in peer.schools[0].sessions:
        touched(one, "2026-09-07 10:00:00")

    done()
    assert marks() == {(TWO, MON, "AM"): "O"}
    if days != "heeded":  # then only a change of it tells, or the week's whole reading
        touched(known, "2026-09-22 10:00:00")
    run = done(later=1)

    assert marks() == {(TWO, MON, "AM"): "O", (ONE, date(2026, 9, 22), "AM"): "I"}
    assert not set_aside(run)


def test_a_deletion_has_the_last_weeks_read_again_and_the_mark_is_gone(peer: Wonde) -> None:
    gone = peer.schools[0].session(ONE, str(MON), "AM", "O")
    stays = peer.schools[0].session(TWO, str(MON), "AM", "O")
    for one in (gone, stays):
        touched(one, "2026-09-07 10:00:00")
    done()
    peer.schools[0].sessions.remove(gone)
    deleted = {"id": gone["id"], "type": "session_attendance", "restored_at": None}
    peer.schools[0].deletions = [{**deleted, "deleted_at": when("2026-09-22 08:00:00")}]

    night = done(later=1)
    assert "does not say whose" in notes(night)
    assert len(marks()) == 2
    after = done(later=2)

    assert (after.is_window, after.is_whole) == (True, False)
    assert marks() == {(TWO, MON, "AM"): "O"}
    assert not done(later=3).is_window


def test_the_marks_of_a_student_who_left_stay(peer: Wonde) -> None:
    beech = peer.schools[0]
    beech.session(ONE, str(MON), "AM", "O")
    beech.session(TWO, str(MON), "AM", "O")
    done()
    beech.sessions_of_leavers = [beech.sessions.pop()]

    run = done(later=8)

    assert run.is_whole
    assert len(marks()) == 2


@pytest.mark.parametrize("right", ["attendance-leavers/session", "students-leaver"])
def test_where_leavers_may_not_be_read_nothing_is_taken_to_be_gone(peer: Wonde, right: str) -> None:
    beech = peer.schools[0]
    beech.session(ONE, str(MON), "AM", "O")
    beech.session(TWO, str(MON), "AM", "O")
    done()
    beech.sessions_of_leavers = [beech.sessions.pop()]
    beech.students.pop()
    peer.rights -= {right}

    run = done(later=8)

    assert len(marks()) == 2
    assert db.session.scalar(select(func.count()).select_from(SchoolEnrollment)) == 5
    assert "session attendance of leavers" in notes(run)


def test_an_empty_list_takes_no_mark_away(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")
    done()
    peer.schools[0].sessions = []

    run = done(later=8)

    assert len(marks()) == 1
    assert "shows no attendance of North School" in notes(run)


# --- rows that are wrong ------------------------------------------------------------------------------------


def test_what_cannot_be_taken_in_is_set_aside_and_the_rest_comes(peer: Wonde) -> None:
    beech = peer.schools[0]
    beech.session("A29999999", str(MON), "AM", "O")
    beech.session(ONE, "2026-09-13", "AM", "O")
    beech.session(TWO, str(MON), "AM", "O")
    beech.session(TWO, str(MON), "AM", "I")
    beech.session(THREE, "2026-09-00", "AM", "O")
    beech.session(FOUR, str(MON), "Night", "O")
    beech.session(FIVE, str(MON), "PM", "O")

    run = done()

    assert sorted(set_aside(run).values()) == [
        "bad_date",
        "bad_slot",
        "no_school_day",
        "two_codes",
        "two_codes",
        "unknown_student",
    ]
    assert marks() == {(FIVE, MON, "PM"): "O"}


# --- refusals -----------------------------------------------------------------------------------------------


def test_another_region_is_told_and_an_empty_answer_of_it_is_a_failed_reading(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")
    done()
    peer.schools[0].domain = "api-ap-southeast-2.wonde.com"
    assert "another region (Australia and New Zealand)" in failed()

    peer.change = lambda body: body["data"].pop("region", None) if isinstance(body["data"], dict) else None
    assert "which one is presence" in failed()


def test_codes_of_which_none_is_presence_end_the_reading(peer: Wonde) -> None:
    connect(region="au")
    peer.schools[0].has_codes(("P", "ATTENDED", "There"), ("A", "UNAUTHORISED", "Away"))
    peer.schools[0].domain = ""
    peer.schools[0].session(ONE, str(MON), "AM", "A")

    assert "which one is presence" in failed()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token": "another"}, "does not accept the token"),
        ({"rights": wonde_peer.RIGHTS - {"attendance/session"}}, "may not read session attendance"),
        ({"rights": wonde_peer.RIGHTS - {"attendance-codes"}}, "may not read attendance codes"),
        ({"rights": wonde_peer.RIGHTS - {"education_details"}}, "students and their education details"),
        ({"schools": []}, "does not let the school"),
    ],
)
def test_what_somebody_must_see_to_is_said(peer: Wonde, change: dict[str, Any], sentence: str) -> None:
    for name, value in change.items():
        setattr(peer, name, value)

    assert sentence in failed()


def test_codes_that_are_left_away_are_asked_for(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")

    def without(body: dict[str, Any]) -> None:
        for one in body["data"] if isinstance(body["data"], list) else []:
            if "attendance_code" in one:
                one["attendance_code"] = "A40000006"

    peer.change = without

    assert "answered without attendance code" in failed()


@pytest.mark.parametrize(
    ("access", "sentence"), [("pending", "has not yet approved"), ("revoked", "took back its approval")]
)
def test_a_school_that_does_not_let_itself_be_read_is_named(peer: Wonde, access: str, sentence: str) -> None:
    peer.schools[0].access = access

    assert sentence in failed()


@pytest.mark.parametrize(
    ("leads", "sentence"),
    [
        (lambda address: address.replace("127.0.0.1", "wonde.example"), "leads to another address"),
        (lambda address: address.replace("session", "lesson"), "leads to another address"),
        (lambda address: address.replace("c2", "c1"), "again and again"),
        (lambda address: None, "broke off its list"),
    ],
    ids=["host", "list", "same page", "nowhere"],
)
def test_where_the_next_page_is_leads_nowhere_else(
    peer: Wonde, leads: Callable[[str], Any], sentence: str
) -> None:
    for day in (MON, TUE, WED):
        peer.schools[0].session(ONE, str(day), "AM", "O")
    peer.schools[0].students = peer.schools[0].students[:1]
    peer.schools[0].has_codes(*CODES[:2], CODES[5])
    peer.most = 2
    peer.next = lambda address: leads(address) if "attendance/session" in address else address
    peer.trouble = lambda path, nth: "404" if nth > 40 else ""  # whoever goes on ends here

    assert sentence in failed()


def test_a_redirect_is_not_followed(peer: Wonde) -> None:
    peer.trouble = lambda path, nth: "302" if path.endswith("session") else ""

    assert "not followed" in failed()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_or_doubles_a_mark(peer: Wonde, fault: str) -> None:
    students = (ONE, TWO, THREE, FOUR, FIVE)
    for day in (MON, TUE, WED, THU, FRI):
        for one in students:
            peer.schools[0].session(one, str(day), "AM", "O")
    peer.most, peer.trouble = 4, Every([fault], of=3)

    run = done()

    assert len(marks()) == 25
    assert not set_aside(run)


# --- the connection -----------------------------------------------------------------------------------------


def test_a_trial_says_what_was_found_or_what_to_mend(peer: Wonde) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")
    assert connecting.try_out("wonde") == "Wonde answers, and lets attendance be read of North School."

    peer.schools[0].sessions = []
    with pytest.raises(Refused, match="shows no attendance of North School"):
        connecting.try_out("wonde")


def test_attendance_has_a_switch_and_a_token_of_its_own(peer: Wonde) -> None:
    services.turn(WONDE_ATTENDANCE, False, by=SYSTEM)
    services.turn(services.WONDE, True, by=SYSTEM)
    db.session.commit()

    with pytest.raises(Refused, match="is turned off"):
        connecting.ask("wonde", by=SYSTEM)
    assert peer.asked == []


def test_birch_sees_neither_the_connection_nor_its_marks(peer: Wonde, world: World) -> None:
    peer.schools[0].session(ONE, str(MON), "AM", "O")
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("wonde") is None
        assert not services.is_on(WONDE_ATTENDANCE)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
