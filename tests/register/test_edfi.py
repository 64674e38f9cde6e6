"""From Ed-Fi to the register: what it answers badly, late or by half harms nobody, and a correction arrives."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import ED_FI
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.register.actions import connecting, importing
from app.register.actions.connecting import Particulars
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
from tests import edfi_peer
from tests.directory_peer import Every
from tests.edfi_peer import EVENTS, SECRET, EdFi
from tests.peer_server import FAULTS, NAME_IN_A_REFUSAL
from tests.register import registers, systems
from tests.register.test_imports import again, marks, notes, set_aside
from tests.roster import families
from tests.world import World

NORTH, CEDAR = 255901001, 255901002
MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
DAYS = [str(MON + timedelta(days=week * 7 + nth)) for week in range(3) for nth in range(5)]
UNEXCUSED, EXCUSED = "Unexcused Absence", "Excused Absence"


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdFi]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with (
        edfi_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
        clock.frozen(noon),
    ):
        edfi_peer.stand_in(monkeypatch, settings, peer)
        for nth in range(1, 6):
            families.student("Mia", f"Reyes {nth}", number=f"100{nth}", school=world.maple.schools["North"])
        registers.code(UNEXCUSED, "absent", "unexcused")
        registers.code(EXCUSED, "absent", "excused")
        systems.a_year()
        for code in ("Excused Absence", "Unexcused Absence", "Tardy", "In Attendance"):
            peer.ods.put(
                "attendanceEventCategoryDescriptors",
                codeValue=code,
                namespace="uri://ed-fi.org/AttendanceEventCategoryDescriptor",
                shortDescription=code,
            )
        peer.ods.school(NORTH, *DAYS)
        for nth in range(1, 6):
            peer.ods.enroll(f"100{nth}", NORTH)
        connect(peer)
        yield peer


def settings_of(peer: EdFi, **more: str) -> dict[str, str]:
    told = {
        "address": peer.address,
        "client_id": edfi_peer.KEY,
        "schools": f"{NORTH} = North School",
        "by": "school",
    }
    return {**told, **more}


def connect(peer: EdFi, **more: Any) -> None:
    own = {
        name: more.pop(name)
        for name in list(more)
        if name in ("schools", "by", "reasons", "minutes", "snapshot")
    }
    systems.connect("ed_fi", ED_FI, settings_of(peer, **own), SECRET, **more)


def read(**more: Any) -> RegisterImport:
    return systems.read("ed_fi", **more)


def done(**more: Any) -> RegisterImport:
    run = read(**more)
    assert run.state == "done", (run.sentence, notes(run))
    return run


def failed() -> str:
    """The sentence of a reading that did not work, and left the register as it was."""
    before = marks()
    run = read()
    assert run.state == "failed"
    assert run.sentence
    assert marks() == before
    assert not db.session.scalar(select(func.count()).select_from(FetchedRows))
    assert NAME_IN_A_REFUSAL not in run.sentence
    return run.sentence


def later_on(**more: Any) -> Any:
    """The same place, some days later."""
    return clock.frozen(datetime(2026, 9, 21, 17, tzinfo=UTC) + timedelta(**more))


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


# --- what changed since -------------------------------------------------------------------------------------


def test_the_next_night_asks_for_what_changed_alone(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.asked.clear()
    peer.ods.event("1002", NORTH, str(TUE))

    with later_on(days=1):
        run = done()

    assert not run.is_window
    assert marks() == {("1001", MON, "DAY"): UNEXCUSED, ("1002", TUE, "DAY"): UNEXCUSED}
    assert all("minChangeVersion" in one and "maxChangeVersion" in one for one in peer.lists_asked(EVENTS))


def test_a_night_on_which_nothing_changed_is_a_night_that_worked(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.version += 100_000  # others write elsewhere

    with later_on(days=1):
        done()
    with later_on(days=2):
        run = done()

    assert run.read_in_all == 3  # the categories, and no mark
    assert marks() == {("1001", MON, "DAY"): UNEXCUSED}


def test_a_deleted_event_takes_its_mark_with_it(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.delete(kept)

    with later_on(days=1):
        done()

    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_an_absence_excused_later_changes_though_its_old_key_is_deleted(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.event("1001", NORTH, str(MON), EXCUSED)
    peer.ods.delete(kept)

    with later_on(days=1):
        done()

    assert marks() == {("1001", MON, "DAY"): EXCUSED}


def test_a_deletion_that_comes_a_night_later_does_not_take_the_new_mark(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.event("1001", NORTH, str(MON), EXCUSED)
    with later_on(days=1):
        done()
    peer.ods.version += 100_000
    peer.ods.delete(kept)

    with later_on(days=2):
        done()
    with later_on(days=3):
        done()

    assert marks() == {("1001", MON, "DAY"): EXCUSED}


def test_an_event_that_moved_to_another_day_leaves_the_old_one(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.move(kept, eventDate=str(TUE))

    with later_on(days=1):
        done()

    assert marks() == {("1001", TUE, "DAY"): UNEXCUSED}


def test_what_is_written_while_changes_are_read_is_the_next_nights(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.before[len(peer.asked) + 4] = lambda: peer.ods.event("1003", NORTH, str(WED))

    with later_on(days=1):
        done()
    assert ("1003", WED, "DAY") not in marks()
    with later_on(days=2):
        done()

    assert ("1003", WED, "DAY") in marks()


def test_versions_that_were_being_written_are_asked_for_again(peer: EdFi) -> None:
    """A version is taken when a write begins, and seen when it ends: the newest may be older than one to come."""
    peer.ods.event("1001", NORTH, str(MON))
    slow = peer.ods.event("1002", NORTH, str(TUE))
    peer.ods.resources[EVENTS].remove(slow)
    done()
    peer.ods.resources[EVENTS].append(slow)

    with later_on(days=1):
        done()

    assert ("1002", TUE, "DAY") in marks()


def test_each_week_everything_is_read_again(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.resources[EVENTS].remove(kept)  # without a trace

    with later_on(days=1):
        assert not done().is_whole
    with later_on(days=7):
        assert done().is_whole

    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_a_server_that_tells_no_changes_is_read_by_windows(peer: EdFi) -> None:
    peer.tells_changes = False
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.resources[EVENTS].remove(kept)

    with later_on(days=1):
        run = done()

    assert run.is_window
    assert not run.is_whole
    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_deletions_without_keys_have_everything_read_next_time(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.delete(kept)
    peer.tells_keys = False

    with later_on(days=1):
        assert "does not say whose" in notes(done())
    with later_on(days=2):
        run = done()

    assert run.is_window
    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_a_school_that_was_left_as_it_was_is_told_of_again(peer: EdFi, world: World) -> None:
    for student in range(1, 6):
        for day in DAYS[:4]:
            peer.ods.event(f"100{student}", NORTH, day)
    done()
    for kept in list(peer.ods.resources[EVENTS])[:12]:
        peer.ods.delete(kept)
    peer.ods.version += 100_000

    with later_on(days=1):
        run = read(apply=False)
        assert [one.asks for one in ImportSchool.of(run.id)] == ["gone"]
        importing.approve(run)
        db.session.commit()
        systems.go_on(run.id)
        assert len(marks()) == 20
    with later_on(days=2):
        run = read(apply=False)
        importing.approve(run, schools=[world.maple.schools["North"]])
        db.session.commit()
        systems.go_on(run.id)

    assert len(marks()) == 8


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

    with later_on(days=1):
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

    with later_on(days=1):
        assert done().is_whole


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
    with later_on(days=6):
        done()

    with clock.frozen(datetime(2026, 9, 28, 13, 30, tzinfo=UTC)):
        assert connecting.late_schools() == []


# --- the stranger -------------------------------------------------------------------------------------------


def test_birch_sees_neither_the_connection_nor_its_marks(peer: EdFi, world: World) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind("ed_fi") is None
        assert not services.is_on(ED_FI)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
