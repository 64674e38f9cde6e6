"""A reason that nobody gives: unexcused after the district's time, only where it says so, and that is written down."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from app.register.actions import coding, lapsing
from app.register.models.attendance_code import AttendanceCode, Meaning
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.reason_not_given import ReasonNotGiven
from app.register.models.school_day import SchoolDay
from app.roster.actions.refused import Refused
from app.roster.models.school_year import PAST, SchoolYear
from jobs import perform
from tests.register import registers
from tests.register.files import a_set
from tests.register.registers import FIRST
from tests.register.test_imports import again, changes, looked_at, taken_in
from tests.roster import families
from tests.truancy.reviews import register_is_in, school_year

#: Five school days, as England has it: the Regulations of 2024 let N stand no longer.
FIVE = 5


def after(days: int) -> date:
    return FIRST + timedelta(days=days)


def in_the_night_of(day: date):
    """Ten past four in the morning, in Chicago."""
    return clock.frozen(datetime.combine(day, time(9, 10), tzinfo=UTC))


@pytest.fixture(autouse=True)
def _that_week():
    with in_the_night_of(FIRST):
        yield


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        school_year()
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        registers.code("N", "absent", "unknown", unexcused_after=FIVE)
        yield world.maple


@pytest.fixture
def north(maple):
    registers.calendar(maple.schools["North"], weeks=6)
    return maple.schools["North"]


@pytest.fixture
def mia(north):
    mia = families.student("Mia", "Reyes", number="1001", school=north).id
    registers.enrolled(mia, north)
    return mia


def noted(student, school, day=FIRST, letters="N", *, known=None, **more):
    """A mark that came in the night after its day, or on another one."""
    came = datetime.combine(known or day + timedelta(days=1), time(7), tzinfo=UTC)
    return registers.mark(student, school, day, letters, changed_at=came, **more)


def night(day: date, school, *, in_to: date | None = None) -> None:
    """What the night staff does on that day; the register is in to the evening before, unless said otherwise."""
    register_is_in(school, in_to or day - timedelta(days=1))
    with in_the_night_of(day):
        lapsing.lapse()
    db.session.commit()


def lapsed(student) -> list[tuple[date, date]]:
    """Day of each mark that counts as unexcused for want of a reason, and since when."""
    db.session.expire_all()
    return [
        (one.day, one.unexcused_since) for one in AttendanceMark.of_student(student) if one.unexcused_since
    ]


def log(student) -> list[tuple[date, date, int]]:
    asked = select(ReasonNotGiven).where(ReasonNotGiven.student_id == student).order_by(ReasonNotGiven.since)
    return [(one.day, one.since, one.school_days) for one in db.session.scalars(asked)]


# --- when ------------------------------------------------------------------------------------------------------


def test_a_reason_may_come_until_the_fifth_school_day_is_over(mia, north):
    noted(mia, north)

    night(after(7), north)  # Monday: four have passed since Tuesday
    assert lapsed(mia) == []

    night(after(8), north)
    assert lapsed(mia) == [(FIRST, after(8))]
    assert log(mia) == [(FIRST, after(8), FIVE)]


def test_a_day_on_which_there_was_no_school_is_not_counted(mia, north):
    closed = db.session.scalars(select(SchoolDay).where(SchoolDay.day == after(2))).one()
    closed.is_school_day = False
    noted(mia, north)

    night(after(8), north)
    assert lapsed(mia) == []

    night(after(9), north)
    assert lapsed(mia) == [(FIRST, after(9))]


def test_a_silence_of_the_feed_lets_nothing_lapse(mia, north):
    noted(mia, north)

    night(after(30), north, in_to=after(4))
    assert lapsed(mia) == []

    night(after(31), north, in_to=after(7))
    assert lapsed(mia) == [(FIRST, after(31))]


def test_a_day_that_is_not_over_is_not_counted_though_its_marks_are_in(mia, north):
    noted(mia, north)

    night(after(7), north, in_to=after(7))

    assert lapsed(mia) == []


def test_a_mark_that_came_late_has_its_time_from_when_it_came(mia, north):
    noted(mia, north, known=after(8))

    night(after(14), north)
    assert lapsed(mia) == []

    night(after(15), north)
    assert lapsed(mia) == [(FIRST, after(15))]


def test_days_are_those_of_the_students_own_track(mia, north):
    registers.calendar(north, first=after(7), weeks=5, track="B")
    registers.calendar(north, weeks=6, track="A")
    noah = families.student("Noah", "Reyes", number="1002", school=north).id
    registers.enrolled(noah, north, track="B")
    db.session.add(SchoolDay(school_id=north, track="B", day=FIRST, is_school_day=True, minutes=390))
    noted(mia, north)
    noted(noah, north)

    night(after(8), north)
    assert (lapsed(mia), lapsed(noah)) == ([(FIRST, after(8))], [])

    night(after(12), north)
    assert lapsed(noah) == [(FIRST, after(12))]


def test_a_mark_of_a_day_that_was_closed_does_not_lapse(mia, north):
    noted(mia, north, after(5))  # a Saturday
    noted(mia, north, after(7))
    closed = db.session.scalars(select(SchoolDay).where(SchoolDay.day == after(7))).one()
    closed.is_school_day = False

    night(after(30), north)

    assert lapsed(mia) == []


def test_what_an_earlier_school_year_came_to_stays_as_it_is(mia, north):
    noted(mia, north)
    year = SchoolYear.current()
    year.first_day = after(1)
    noted(mia, north, after(1))

    night(after(20), north)

    assert [day for day, _ in lapsed(mia)] == [after(1)]


# --- only where the policy says so -----------------------------------------------------------------------------


def test_where_no_time_is_said_or_nobody_signed_it_off_nothing_ever_lapses(mia, north):
    registers.code("K", "absent", "unknown")
    registers.code("P", "absent", "unknown", signed=False, unexcused_after=1)
    noted(mia, north, after(0), "K")
    noted(mia, north, after(1), "P")
    noted(mia, north, after(2), "U")
    noted(mia, north, after(3), "E")

    night(after(30), north)

    assert (lapsed(mia), log(mia)) == ([], [])


def test_before_a_school_year_is_written_down_nothing_lapses(mia, north):
    noted(mia, north)
    SchoolYear.current().state = PAST

    night(after(20), north)

    assert lapsed(mia) == []


def test_what_a_school_says_goes_before_what_the_district_says(maple, mia, north):
    cedar = maple.schools["Cedar"]
    registers.calendar(cedar, weeks=6)
    registers.code("N", "absent", "unknown", school_id=cedar, unexcused_after=2)
    registers.code("N", "absent", "unknown", school_id=north)
    noah = families.student("Noah", "Reyes", number="1002", school=cedar).id
    registers.enrolled(noah, cedar)
    noted(mia, north)
    noted(noah, cedar)

    night(after(3), cedar)
    night(after(20), north)

    assert (lapsed(mia), lapsed(noah)) == ([], [(FIRST, after(3))])


def test_a_time_holds_for_marks_of_its_own_days(mia, north):
    known = db.session.scalars(select(AttendanceCode).where(AttendanceCode.code == "N")).one()
    known.valid_from, known.valid_to = after(1), after(2)
    registers.code("N", "absent", "unknown", valid_from=after(3))
    for day in range(5):
        noted(mia, north, after(day))

    night(after(20), north)

    assert sorted(day for day, _ in lapsed(mia)) == [after(1), after(2)]


@pytest.mark.parametrize("seed", range(8))
def test_the_stretches_of_a_policy_are_what_each_day_by_itself_would_say(maple, north, seed):
    dice = Random(seed)
    db.session.delete(db.session.scalars(select(AttendanceCode).where(AttendanceCode.code == "N")).one())
    db.session.flush()
    for school in (None, north):
        days = sorted(dice.sample(range(40), 6))
        for first, last in zip(days[::2], days[1::2], strict=True):
            registers.code(
                "N",
                "absent",
                "unknown",
                school_id=school,
                valid_from=after(first),
                valid_to=dice.choice([after(last), after(last), date.max])
                if last == days[-1]
                else after(last),
                unexcused_after=dice.choice([None, 3, 5]),
            )
    codes = AttendanceCode.counting()

    stretches = list(lapsing.allowed_at(north, codes, FIRST))

    for at in range(60):
        meaning = lapsing.meaning_of(codes, "N", after(at), north)
        found = [one for one in stretches if one.first <= after(at) <= one.last]
        expected = [meaning.id] if meaning and meaning.unexcused_after else []
        assert [one.code_id for one in found] == expected, after(at)


# --- a fact, once ----------------------------------------------------------------------------------------------


def test_it_is_written_down_once_for_each_mark_and_once_for_the_school(mia, north):
    noted(mia, north)
    noted(mia, north, after(1), slot="AM")

    for day in (9, 10, 11):
        night(after(day), north)

    assert log(mia) == [(FIRST, after(9), FIVE), (after(1), after(9), FIVE)]
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "counted as unexcused")).all()
    assert (entry.which, entry.changes) == (north, {"marks": 2, "since": str(after(9))})


def test_the_register_says_what_it_said_since_when_it_did(mia, north):
    came = noted(mia, north).changed_at

    night(after(9), north)

    assert AttendanceMark.of_student(mia)[0].changed_at == came


def test_many_fall_into_slices_and_a_long_night_rings_for_itself(mia, north, monkeypatch):
    for day in range(5):
        noted(mia, north, after(day))
    monkeypatch.setattr(lapsing, "A_SLICE", 2)
    monkeypatch.setattr(lapsing, "A_WHILE", -1.0)

    register_is_in(north, after(20))
    with in_the_night_of(after(21)):
        lapsing.lapse()
        assert len(lapsed(mia)) == 2
        (work,) = db.session.scalars(select(Work).where(Work.job == "jobs.register.lapse_reasons")).all()
        monkeypatch.setattr(lapsing, "A_WHILE", 45.0)
        perform(work.job)

    assert len(lapsed(mia)) == len(log(mia)) == 5


def test_what_is_signed_off_later_takes_nothing_back(mia, north):
    noted(mia, north)
    night(after(8), north)

    known = db.session.scalars(select(AttendanceCode).where(AttendanceCode.code == "N")).one()
    anew = coding.say_anew(known)
    assert anew.unexcused_after == FIVE
    meaning = Meaning(kind="absent", excuse="unknown", valid_from=FIRST - timedelta(days=1))
    coding.sign_off(anew, meaning, by=SYSTEM)
    night(after(20), north)

    assert lapsed(mia) == [(FIRST, after(8))]
    assert log(mia) == [(FIRST, after(8), FIVE)]


def test_no_other_district_is_touched(app, world, mia, north):
    noted(mia, north)
    register_is_in(north, after(20))
    db.session.commit()
    birch = next(iter(world.birch.schools.values()))
    with app.app_context(), as_district(world.birch.id), acting_as(SYSTEM):
        school_year()
        registers.code("N", "absent", "unknown", unexcused_after=1)
        registers.calendar(birch, weeks=6)
        register_is_in(birch, after(20))
        db.session.commit()
        with in_the_night_of(after(21)):
            lapsing.lapse()
            db.session.commit()
        assert db.session.scalars(select(ReasonNotGiven)).all() == []

    assert (lapsed(mia), log(mia)) == ([], [])


# --- a mark that changes ---------------------------------------------------------------------------------------


def week(*letters: str) -> bytes:
    """North's first week, as a window."""
    marks = [("1001", "North", after(at), "", one) for at, one in enumerate(letters) if one != "-"]
    return a_set(first=FIRST, last=after(4), marks=marks)


@pytest.fixture
def came(mia, north):
    """Monday's and Tuesday's reason is not known; it came on Wednesday morning, and lapsed."""
    with in_the_night_of(after(2)):
        taken_in(week("N", "N"))
    night(after(10), north)
    assert len(lapsed(mia)) == 2
    return mia


def test_the_same_rows_again_change_nothing_and_the_preview_shows_nothing(came):
    with in_the_night_of(after(11)):
        run = looked_at(week("N", "N"))
        assert changes(run) == {}
        again(run.id).state = "cancelled"
        db.session.commit()

    assert len(lapsed(came)) == 2


def test_other_minutes_or_another_word_leave_it_as_it_is(came):
    with in_the_night_of(after(11)):
        marks = [("1001", "North", FIRST, "", "N", 200, "Called home"), ("1001", "North", after(1), "", "N")]
        taken_in(a_set(first=FIRST, last=after(4), marks=marks))

    assert len(lapsed(came)) == 2


def test_an_excuse_ends_it_and_what_was_stays_in_the_log(came):
    with in_the_night_of(after(11)):
        taken_in(week("E", "N"))

    assert lapsed(came) == [(after(1), after(10))]
    assert [day for day, *_ in log(came)] == [FIRST, after(1)]


def test_with_a_code_that_comes_back_time_begins_anew(came, north):
    for day, letters in ((11, "E"), (14, "N")):
        with in_the_night_of(after(day)):
            taken_in(week(letters, "N"))

    night(after(18), north)
    assert [day for day, _ in lapsed(came)] == [after(1)]

    night(after(19), north)
    assert lapsed(came) == [(after(1), after(10)), (FIRST, after(19))]
    assert [since for day, since, _ in log(came) if day == FIRST] == [after(10), after(19)]


def test_a_mark_that_is_taken_away_and_comes_back_begins_anew(came):
    for day, letters in ((11, "-"), (14, "N")):
        with in_the_night_of(after(day)):
            taken_in(week(letters, "N"))

    assert lapsed(came) == [(after(1), after(10))]


@pytest.mark.parametrize(
    "change", ["code = 'E'", "school_id = (select id from schools where name like 'Cedar%')"]
)
def test_the_database_forgets_it_whoever_changes_code_or_school(came, change):
    db.session.execute(text(f"update attendance_marks set {change} where day = :day"), {"day": FIRST})

    assert lapsed(came) == [(after(1), after(10))]


# --- what is signed off ----------------------------------------------------------------------------------------


def test_a_file_does_not_take_the_time_away(mia, north):
    code = ("", "N", "No note yet", "absent", "unknown", "medical")
    with in_the_night_of(after(2)):
        taken_in(a_set(first=FIRST, last=after(4), marks=[("1001", "North", FIRST, "", "N")], codes=[code]))
        taken_in(a_set(first=FIRST, last=after(4), marks=[("1001", "North", FIRST, "", "N")], codes=[code]))

    told = [one for one in AttendanceCode.all() if one.code == "N"]
    assert {one.counts: one.unexcused_after for one in told} == {True: FIVE, False: FIVE}


def test_a_file_that_says_a_reason_proposes_no_time(mia, north):
    code = ("", "N", "", "absent", "excused")
    with in_the_night_of(after(2)):
        taken_in(a_set(first=FIRST, last=after(4), marks=[("1001", "North", FIRST, "", "N")], codes=[code]))

    (proposed,) = [one for one in AttendanceCode.waiting() if one.code == "N"]
    assert proposed.unexcused_after is None


def test_a_time_is_signed_off_only_where_the_reason_is_not_known(maple):
    waiting = registers.code("Q", "absent", signed=False)

    with pytest.raises(Refused, match="only where the reason is not known"):
        coding.sign_off(waiting, Meaning(kind="absent", excuse="excused", unexcused_after=5), by=SYSTEM)

    coding.sign_off(waiting, Meaning(kind="absent", excuse="unknown", unexcused_after=60), by=SYSTEM)
    assert waiting.counts


# --- the pages -------------------------------------------------------------------------------------------------


def test_the_time_is_said_with_the_code_and_each_mark_says_since_when(client, world, mia, north):
    known = db.session.scalar(select(AttendanceCode.id).where(AttendanceCode.code == "N"))
    noted(mia, north)
    db.session.commit()
    adams = client.sign_in(world.adams)

    form = adams.follow(adams.post(f"/maple/attendance/codes/{known}/anew"))
    assert form.one("input", name="unexcused_after")["value"] == "5"
    refused = adams.submit(form, "/sign-off", status=422, unexcused_after="61", valid_from="2026-09-01")
    assert "from 1 to 60" in refused.text
    refused = adams.submit(form, "/sign-off", status=422, excuse="excused", valid_from="2026-09-01")
    assert "only where the reason is not known" in refused.text
    adams.submit(form, "/sign-off", status=303, unexcused_after="1", valid_from="2026-09-01")
    assert (
        "Absent, reason not known; unexcused after 1 school day without a reason"
        in adams.get("/maple/attendance/codes").text
    )

    night(after(2), north)
    shown = adams.get(f"/maple/attendance/students/{mia}").text
    assert (
        "Absent, unexcused No reason given within 1 school day: counted as unexcused from Sep 9, 2026"
        in shown
    )
