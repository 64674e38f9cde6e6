"""An import of the register: nothing counts that nobody vouched for, nothing is lost, and a person is told."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.actions import importing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from app.register.models.remembered_columns import RememberedColumns
from app.register.models.school_day import SchoolDay
from app.register.models.school_enrollment import SchoolEnrollment
from app.register.models.school_register import SchoolRegister
from app.register.models.staged_mark import StagedMark
from app.roster.actions.refused import Refused
from tests.register import registers
from tests.register.files import a_file, a_set
from tests.register.registers import FIRST
from tests.roster import families
from tests.world import Place, World

LAST = FIRST + timedelta(days=11)
MON, TUE, WED = (FIRST + timedelta(days=at) for at in range(3))
SUNDAY = FIRST + timedelta(days=6)


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[Place]:
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(noon):
        for at in range(1, 6):
            families.student("Mia", f"Reyes {at}", number=f"100{at}", school=world.maple.schools["North"])
        registers.calendar(world.maple.schools["North"], weeks=3)
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        registers.code("T", "tardy", "unexcused")
        db.session.commit()
        yield world.maple


def looked_at(told: bytes, **more: Any) -> RegisterImport:
    """Uploaded, read and compared."""
    run = importing.begin(io.BytesIO(told), by=SYSTEM, **more)
    run_id = run.id
    db.session.commit()
    importing.advance(run_id)
    return again(run_id)


def taken_in(told: bytes, *, schools: tuple[UUID, ...] = (), **more: Any) -> RegisterImport:
    """The same, and applied."""
    run_id = looked_at(told, **more).id
    return applied(run_id, schools=schools)


def applied(run_id: UUID, *, schools: tuple[UUID, ...] = ()) -> RegisterImport:
    found = again(run_id)
    assert found.state == "ready", found.sentence
    importing.approve(found, schools=schools)
    db.session.commit()
    importing.advance(run_id)
    done = again(run_id)
    assert done.state == "done", done.sentence
    return done


def again(run_id: UUID) -> RegisterImport:
    db.session.expire_all()
    found = RegisterImport.find(run_id)
    assert found is not None
    return found


def a_window(*marks: Any, **more: Any) -> bytes:
    """Marks of North for two weeks."""
    return a_set(first=FIRST, last=LAST, marks=marks, **more)


def marks() -> dict[tuple[str, date, str], str]:
    """Number, day and slot → code."""
    from app.roster.models.student import Student

    db.session.expire_all()
    asked = select(AttendanceMark, Student.number).join(Student, Student.id == AttendanceMark.student_id)
    return {(number, mark.day, mark.slot): mark.code for mark, number in db.session.execute(asked)}


def set_aside(run: RegisterImport) -> dict[tuple[str, int], str]:
    """File and line → fault."""
    return {(one.file, one.line): one.fault for one in db.session.scalars(QuarantinedRow.all_of(run.id))}


def changes(run: RegisterImport) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in db.session.scalars(select(MarkChange).where(MarkChange.import_id == run.id)):
        found[one.what] = found.get(one.what, 0) + 1
    return found


def notes(run: RegisterImport) -> str:
    return " ".join(note["sentence"] for note in run.notes)


def test_the_whole_set_comes_in_as_one_zip(maple):
    run = taken_in(
        a_window(
            ("1001", "North School", MON, "", "U", 390, "Overslept", "77"),
            ("1002", "north", TUE, "P3", "T", 12),
            codes=[("", "M", "Medical", "absent", "excused", "medical")],
            calendar=[("North", "", WED, "no", 0, 0, "Weather day"), ("North", "", MON, "yes", 390, 2, "")],
            enrollments=[("1001", "North", "", "2026-08-20", "", "", "yes")],
        )
    )

    assert marks() == {("1001", MON, "DAY"): "U", ("1002", TUE, "P3"): "T"}
    kept = db.session.scalar(select(AttendanceMark).where(AttendanceMark.slot == "DAY"))
    assert (kept.minutes, kept.reason, kept.record) == (390, "Overslept", "77")
    assert [day.is_school_day for day in SchoolDay.on(maple.schools["North"], WED)] == [False]
    assert db.session.scalar(select(SchoolEnrollment)).entry == date(2026, 8, 20)
    medical = db.session.scalar(select(AttendanceCode).where(AttendanceCode.code == "M"))
    assert (medical.words, medical.counts) == (["absent", "excused", "medical"], False)
    assert set_aside(run) == {}
    assert run.storage_key is None


def test_a_code_nobody_mapped_lies_there_counts_for_nothing_and_a_person_is_told(maple):
    run = taken_in(a_window(("1001", "North", MON, "", "ZZ")))

    assert marks() == {("1001", MON, "DAY"): "ZZ"}
    (waiting,) = AttendanceCode.waiting()
    assert (waiting.code, waiting.kind, waiting.counts) == ("ZZ", "", False)
    assert "Nobody has said yet what these codes mean: ZZ." in notes(run)


def test_a_student_nobody_knows_is_set_aside_and_the_rest_loads(maple):
    run = taken_in(a_window(("9999", "North", MON, "", "U"), ("1001", "North", MON, "", "U")))

    assert marks() == {("1001", MON, "DAY"): "U"}
    assert set_aside(run) == {("marks", 2): "unknown_student"}
    (row,) = db.session.scalars(QuarantinedRow.all_of(run.id))
    assert row.told == {
        "student": "9999",
        "school": "North",
        "day": MON.isoformat(),
        "slot": "DAY",
        "code": "U",
    }
    assert "No student here has this number" in row.why


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("1001", "Nowhere High", MON, "", "U"), "unknown_school"),
        (("1001", "North", SUNDAY, "", "U"), "no_school_day"),
        (("1001", "North", "soon", "", "U"), "bad_date"),
        (("1001", "North", "2026-02-30", "", "U"), "bad_date"),
        (("1001", "North", MON, "Lunch", "U"), "bad_slot"),
        (("1001", "North", MON, "", ""), "no_code"),
        (("1001", "North", MON, "", "U", 1441), "bad_minutes"),
        (("1001", "North", MON, "", "U", "-5"), "bad_minutes"),
        (("1001", "North", "2026-10-30", "", "U"), "outside_window"),
        (("", "North", MON, "", "U"), "no_student"),
        (("1001", "North", MON, "", "U" * 61), "too_long"),
        (("1001", "North"), None),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_no_other(maple, row, fault):
    told = a_file("marks", [row, ("1002", "North", MON, "", "U")])
    if fault is None:
        told, fault = told.replace(b"1001,North,,,,,,", b"1001,North"), "short_row"

    run = taken_in(a_set(first=FIRST, last=LAST, marks=told))

    assert set_aside(run) == {("marks", 2): fault}
    assert marks() == {("1002", MON, "DAY"): "U"}


def test_a_mark_on_a_day_that_the_calendar_closes_is_set_aside(maple):
    closed = [("North", "", TUE, "no")]

    run = taken_in(
        a_window(("1001", "North", TUE, "", "U"), ("1001", "North", MON, "", "U"), calendar=closed)
    )

    assert set_aside(run) == {("marks", 2): "no_school_day"}


def test_two_codes_for_one_slot_are_both_set_aside_and_what_was_there_stays(maple):
    taken_in(a_window(("1001", "North", MON, "", "E")))

    run = taken_in(
        a_window(
            ("1001", "North", MON, "", "U"), ("1001", "North", MON, "", "T"), ("1002", "North", MON, "", "U")
        )
    )

    assert set_aside(run) == {("marks", 2): "two_codes", ("marks", 3): "two_codes"}
    assert marks() == {("1001", MON, "DAY"): "E", ("1002", MON, "DAY"): "U"}


def test_of_the_same_mark_twice_the_first_counts(maple):
    run = taken_in(a_window(*[("1001", "North", MON, "", "U")] * 3))

    assert set_aside(run) == {("marks", 3): "twice", ("marks", 4): "twice"}
    assert marks() == {("1001", MON, "DAY"): "U"}


def test_the_preview_says_what_is_new_changed_and_gone_and_nothing_is_applied_before_a_yes(maple):
    taken_in(
        a_window(
            ("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "U"), ("1003", "North", MON, "", "U")
        )
    )
    before = marks()

    run = looked_at(
        a_window(
            ("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "E"), ("1004", "North", MON, "", "U")
        )
    )

    assert changes(run) == {"new": 1, "changed": 1, "vanished": 1}
    (north,) = ImportSchool.of(run.id)
    assert (north.rows, north.new, north.changed, north.vanished, north.students) == (3, 1, 1, 1, 3)
    assert run.students == 3
    assert marks() == before

    applied(run.id)
    assert marks() == {("1001", MON, "DAY"): "U", ("1002", MON, "DAY"): "E", ("1004", MON, "DAY"): "U"}


def test_the_same_file_twice_writes_nothing(maple):
    told = a_window(
        ("1001", "North", MON, "", "U", 390),
        calendar=[("North", "", MON, "yes", 390, 2, "")],
        enrollments=[("1001", "North", "", "2026-08-20")],
    )
    taken_in(told)
    register = SchoolRegister.of_school(maple.schools["North"])
    before = (
        [(one.changed_at, one.code) for one in db.session.scalars(select(AttendanceMark))],
        register.changed_at,
        dict(register.row_counts),
    )

    with clock.frozen(clock.now() + timedelta(hours=1)):
        run = taken_in(told)

    assert changes(run) == {}
    register = SchoolRegister.of_school(maple.schools["North"])
    assert before == (
        [(one.changed_at, one.code) for one in db.session.scalars(select(AttendanceMark))],
        register.changed_at,
        dict(register.row_counts),
    )


def test_vanishing_rows_outside_the_window_and_of_other_schools_stay(maple):
    north, cedar = maple.schools["North"], maple.schools["Cedar"]
    lee = families.student("Lee", "Park", number="2001", school=cedar).id
    mia = (
        db.session.scalar(select(AttendanceMark.student_id))
        or families.student("Ida", "Moss", number="3001", school=north).id
    )
    registers.mark(lee, cedar, MON)
    registers.mark(mia, north, FIRST - timedelta(days=3))
    registers.mark(mia, north, TUE)
    db.session.commit()

    taken_in(a_window(("1001", "North", MON, "", "U")))

    assert set(marks()) == {
        ("2001", MON, "DAY"),
        ("3001", FIRST - timedelta(days=3), "DAY"),
        ("1001", MON, "DAY"),
    }


def test_a_school_that_is_not_in_the_file_stays_as_it_is_and_a_person_is_told(maple):
    families.student("Lee", "Park", number="2001", school=maple.schools["Cedar"])
    taken_in(a_window(("1001", "North", MON, "", "U"), ("2001", "Cedar", MON, "", "U")))

    run = taken_in(a_window(("1001", "North", MON, "", "U")))

    assert len(marks()) == 2
    assert "No marks of these schools are in the file, so theirs stay as they are: Cedar School." in notes(
        run
    )


def test_vanishing_rows_in_a_delta_need_a_tombstone(maple):
    taken_in(
        a_window(
            ("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "U"), ("1003", "North", MON, "", "U")
        )
    )
    head = "op,student_id,school_id,date,slot,code"
    rows = [
        ("delete", "1001", "North", MON, "", ""),
        ("upsert", "1002", "North", MON, "", "E"),
        ("", "1003", "North", MON, "", "E"),
    ]

    run = taken_in(a_file("marks", rows, head=head), mode="delta")

    assert marks() == {("1002", MON, "DAY"): "E", ("1003", MON, "DAY"): "U"}
    assert set_aside(run) == {("marks", 4): "no_op"}


def test_duplicate_sis_rows_a_correction_in_a_delta_replaces_the_mark(maple):
    """An event that was deleted and written anew under another category is one mark, and the new one."""
    taken_in(a_window(("1001", "North", MON, "", "U")))
    head = "op,student_id,school_id,date,slot,code"
    rows = [("upsert", "1001", "North", MON, "", "E"), ("delete", "1001", "North", MON, "", "U")]

    taken_in(a_file("marks", rows, head=head), mode="delta")

    assert marks() == {("1001", MON, "DAY"): "E"}


def test_vanishing_rows_where_nobody_can_tell_whose_a_row_is_nothing_is_taken_to_be_gone(maple):
    taken_in(a_window(("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "U")))

    run = taken_in(a_window(("1001", "North", MON, "", "U"), ("", "North", MON, "", "U")))

    assert marks() == {("1001", MON, "DAY"): "U", ("1002", MON, "DAY"): "U"}
    assert "nothing is taken to be gone" in notes(run)


def test_vanishing_rows_stay_for_a_student_of_whom_a_row_has_no_date(maple):
    taken_in(
        a_window(
            ("1001", "North", MON, "", "U"), ("1001", "North", TUE, "", "U"), ("1002", "North", MON, "", "U")
        )
    )

    taken_in(a_window(("1001", "North", MON, "", "U"), ("1001", "North", "??", "", "U")))

    assert set(marks()) == {("1001", MON, "DAY"), ("1001", TUE, "DAY")}


def many(letters="U", *, but=0, days=5):
    return [
        (f"100{at}", "North", FIRST + timedelta(days=day + day // 5 * 2), "", letters)
        for at in range(1, 6)
        for day in range(days)
    ][but:]


def test_vanish_guard_a_school_whose_absences_fall_by_more_than_30_percent_asks_first(maple):
    taken_in(a_window(*many()))

    run = looked_at(a_window(*many(but=12)))

    (north,) = ImportSchool.of(run.id)
    assert (north.absences_before, north.absences_after, north.asks) == (25, 13, "absences")
    applied(run.id)
    assert len(marks()) == 25
    assert ImportSchool.of(run.id)[0].left_out

    taken_in(a_window(*many(but=12)), schools=(maple.schools["North"],))
    assert len(marks()) == 13


def test_vanish_guard_30_percent_and_less_do_not_ask(maple):
    taken_in(a_window(*many(days=8)))

    run = looked_at(a_window(*many(days=8, but=12)))

    (north,) = ImportSchool.of(run.id)
    assert (north.absences_before, north.absences_after, north.asks) == (40, 28, "")


def test_vanish_guard_a_file_with_less_than_half_the_usual_rows_asks_first(maple):
    """Here no absence falls: the marks that are missing never came."""
    week = timedelta(days=7)
    for _ in range(3):
        taken_in(a_window(*many("T", days=5), ("1001", "North", LAST, "", "U", _)))

    few = [("1001", "North", FIRST + week + timedelta(days=at), "", "U") for at in range(3)]
    run = looked_at(a_set(first=FIRST + week, last=FIRST + week + timedelta(days=11), marks=few))

    (north,) = ImportSchool.of(run.id)
    assert north.asks == "rows"


def test_a_late_sync_the_register_is_current_to_the_last_day_that_came(maple):
    taken_in(a_window(("1001", "North", WED, "", "U")))
    assert SchoolRegister.of_school(maple.schools["North"]).current_to == WED

    taken_in(a_window(("1001", "North", MON, "", "U")))
    assert SchoolRegister.of_school(maple.schools["North"]).current_to == WED


def test_a_late_sync_is_never_current_to_a_day_that_has_not_been(maple):
    with clock.frozen(datetime(2026, 9, 8, 17, tzinfo=UTC)):
        taken_in(a_window(("1001", "North", TUE, "", "U"), ("1001", "North", WED, "", "E")))

    assert SchoolRegister.of_school(maple.schools["North"]).current_to == TUE


def test_minimum_days_snow_days_added_days_a_day_closed_after_all_keeps_its_marks(maple):
    taken_in(a_window(("1001", "North", TUE, "", "U"), ("1002", "North", MON, "", "U")))

    run = taken_in(
        a_window(
            ("1001", "North", TUE, "", "U"),
            ("1002", "North", MON, "", "U"),
            calendar=[
                ("North", "", TUE, "no", 0, 0, "Weather day"),
                ("North", "", MON, "yes", 200, 2, "Minimum day"),
            ],
        )
    )

    assert set_aside(run) == {}
    assert marks()["1001", TUE, "DAY"] == "U"
    (monday,) = SchoolDay.on(maple.schools["North"], MON)
    (tuesday,) = SchoolDay.on(maple.schools["North"], TUE)
    assert (monday.minutes, tuesday.is_school_day) == (200, False)
    assert ImportSchool.of(run.id)[0].voided == 1


def test_multi_track_schools_have_a_calendar_a_track(maple):
    off = [("North", "B", MON, "no"), ("North", "A", MON, "yes", 390)]

    run = taken_in(a_window(("1001", "North", MON, "", "U"), calendar=off))

    assert set_aside(run) == {}
    assert {(day.track, day.is_school_day) for day in SchoolDay.on(maple.schools["North"], MON)} == {
        ("", True),
        ("A", True),
        ("B", False),
    }


def test_period_schools_without_a_daily_code_keep_each_lesson(maple):
    taken_in(a_window(("1001", "North", MON, "1", "U"), ("1001", "North", MON, "Period 02", "T")))

    assert marks() == {("1001", MON, "P1"): "U", ("1001", MON, "P2"): "T"}


def test_half_days_and_minutes_are_kept_as_the_source_says_them(maple):
    taken_in(a_window(("1001", "North", MON, "AM", "U", 195), ("1001", "North", TUE, "PM", "U")))

    kept = {mark.day: (mark.slot, mark.minutes) for mark in db.session.scalars(select(AttendanceMark))}
    assert kept == {MON: ("AM", 195), TUE: ("PM", None)}


def test_transfer_mid_year_marks_follow_the_student_and_each_stretch_is_kept(maple):
    taken_in(
        a_window(
            ("1001", "North", MON, "", "U"),
            ("1001", "Cedar", WED, "", "U"),
            enrollments=[
                ("1001", "North", "", "2026-08-20", TUE, "Moved"),
                ("1001", "Cedar", "", WED),
            ],
        )
    )

    assert len(marks()) == 2
    student = db.session.scalar(select(AttendanceMark.student_id))
    assert [(one.entry, one.exit) for one in SchoolEnrollment.of_student(student)] == [
        (WED, None),
        (date(2026, 8, 20), TUE),
    ]


def both_schools(*, primary="Cedar"):
    return [
        ("1001", "North", "", "2026-08-20", "", "", "yes" if primary == "North" else "no"),
        ("1001", "Cedar", "", "2026-08-20", "", "", "yes" if primary == "Cedar" else "no"),
    ]


def test_two_concurrent_enrollments_the_mark_of_the_primary_school_counts(maple):
    run = taken_in(
        a_window(("1001", "North", MON, "", "U"), ("1001", "Cedar", MON, "", "E"), enrollments=both_schools())
    )

    assert marks() == {("1001", MON, "DAY"): "E"}
    assert set_aside(run) == {("marks", 2): "second_school"}


def test_two_concurrent_enrollments_the_other_school_does_not_replace_it_later(maple):
    taken_in(a_window(("1001", "Cedar", MON, "", "E"), enrollments=both_schools()))

    run = taken_in(a_window(("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "U")))

    assert marks() == {("1001", MON, "DAY"): "E", ("1002", MON, "DAY"): "U"}
    assert set_aside(run) == {("marks", 2): "second_school"}


def test_excused_later_is_a_change_that_names_the_student(maple):
    taken_in(a_window(("1001", "North", MON, "", "U"), ("1002", "North", MON, "", "U")))

    run = taken_in(a_window(("1001", "North", MON, "", "E"), ("1002", "North", MON, "", "U")))

    (change,) = db.session.scalars(select(MarkChange).where(MarkChange.import_id == run.id))
    assert (change.what, change.was, change.code) == ("changed", "U", "E")
    assert list(db.session.scalars(MarkChange.students_of(run.id))) == [change.student_id]


def test_unknown_reasons_are_a_meaning_of_their_own(maple):
    taken_in(
        a_window(("1001", "North", MON, "", "K"), codes=[("", "K", "Not verified", "absent", "unknown")])
    )

    (waiting,) = AttendanceCode.waiting()
    assert waiting.words == ["absent", "unknown"]


def test_a_file_never_changes_what_is_signed_off(maple):
    taken_in(a_window(("1001", "North", MON, "", "U"), codes=[("", "U", "Now excused", "absent", "excused")]))

    signed, proposed = sorted(
        db.session.scalars(select(AttendanceCode).where(AttendanceCode.code == "U")),
        key=lambda one: not one.counts,
    )
    assert (signed.excuse, signed.counts) == ("unexcused", True)
    assert (proposed.excuse, proposed.counts) == ("excused", False)


def test_columns_are_asked_for_once_and_remembered(maple):
    told = a_file("marks", [("1001", "North", MON, "U")], head="Pupil no,Where,When,What")
    run = importing.begin(io.BytesIO(told), by=SYSTEM, first=FIRST, last=LAST)
    assert run.state == "columns"

    asked = importing.files_without_columns(run)
    assert asked["marks"][0] == ["Pupil no", "Where", "When", "What"]
    chosen = {"student": "Pupil no", "school": "Where", "day": "When", "code": "What"}
    importing.choose_columns(run, {"marks": chosen})
    run_id = run.id
    db.session.commit()
    importing.advance(run_id)
    applied(run_id)

    assert RememberedColumns.of("marks") == chosen
    assert looked_at(told, first=FIRST, last=LAST).state == "ready"


def test_a_window_needs_its_days(maple):
    with pytest.raises(Refused, match="from which day to which"):
        importing.begin(io.BytesIO(a_file("marks", [("1001", "North", MON, "", "U")])), by=SYSTEM)


def test_one_import_at_a_time(maple):
    looked_at(a_window(("1001", "North", MON, "", "U")))

    with pytest.raises(Refused, match="Another import"):
        importing.begin(io.BytesIO(a_window(("1001", "North", MON, "", "U"))), by=SYSTEM)


def test_a_file_that_is_not_the_one_of_the_manifest_is_refused(maple):
    told = a_window(("1001", "North", MON, "", "U"))
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(told)) as was, zipfile.ZipFile(out, "w") as other:
        for name in was.namelist():
            content = was.read(name)
            other.writestr(name, content.replace(b"1001", b"1002") if name == "marks.csv" else content)

    with pytest.raises(Refused, match="SHA-256"):
        importing.begin(io.BytesIO(out.getvalue()), by=SYSTEM)


def test_files_about_people_are_named_and_not_read(maple):
    run = looked_at(a_window(("1001", "North", MON, "", "U"), students=b"student_id,first\r\n1,Quokka\r\n"))

    assert (
        "students.csv: schools, students and those who belong to them are brought in under People"
        in notes(run)
    )


def test_whatever_the_order_of_its_rows_a_file_says_the_same(maple):
    rows = [("1001", "North", MON, "", "U"), ("1002", "North", TUE, "", "E"), ("1003", "North", WED, "", "T")]
    taken_in(a_window(*rows))

    run = looked_at(a_window(*reversed(rows)))

    assert changes(run) == {}


def test_it_goes_on_where_a_worker_died(maple, monkeypatch):
    from app.register.actions import applying, staging

    monkeypatch.setattr(staging, "BATCH", 7)
    run = importing.begin(
        io.BytesIO(a_window(*many(), ("2001", "Cedar", MON, "", "U"), *many("T", but=20)[:0])), by=SYSTEM
    )
    families.student("Lee", "Park", number="2001", school=maple.schools["Cedar"])
    run_id = run.id
    db.session.commit()
    for step, name in ((staging, "_stage"), (applying, "_apply_school")):
        real = getattr(step, name)
        calls: list[Any] = []

        def dies_at_the_second(*args, real=real, calls=calls):
            calls.append(args)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(*args)

        monkeypatch.setattr(step, name, dies_at_the_second)
        if name == "_apply_school":
            importing.approve(again(run_id))
            db.session.commit()
        with pytest.raises(KeyboardInterrupt):
            importing.advance(run_id)
        db.session.rollback()
        importing.advance(run_id)

    assert again(run_id).state == "done"
    assert len(marks()) == 26
    assert db.session.scalar(select(StagedMark.line)) is None


def test_a_preview_that_nobody_answers_is_given_up_and_rows_are_forgotten_after_a_month(maple):
    run_id = looked_at(a_window(("1001", "North", MON, "", "U"))).id
    for days in (8, 31):
        with clock.frozen(clock.now() + timedelta(days=days)):
            importing.forget_old_imports()
            db.session.commit()
        if days == 8:
            assert again(run_id).state == "cancelled"

    with clock.frozen(clock.now() + timedelta(days=60)):
        importing.forget_old_imports()
        db.session.commit()
    assert RegisterImport.find(run_id) is None
    assert db.session.scalar(select(MarkChange.code)) is None
