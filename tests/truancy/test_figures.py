"""The figures of the reports: counted in the database, and once more by hand for registers that nobody thought of."""

import random
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.school_day import SchoolDay
from app.register.models.school_register import SchoolRegister
from app.roster.models.person import Person
from app.roster.models.school_year import CURRENT, SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import figuring
from app.truancy.models.attendance_figure import AttendanceFigure
from tests.register.registers import calendar, code, enrolled, mark

FIRST = date(2026, 9, 7)
WHY = {"U": "unexcused", "E": "excused", "N": "unknown"}
PAGE = "/maple/attendance/reports"


@pytest.fixture(autouse=True)
def _november():
    with clock.frozen(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def north(app, world):
    with at_north(app, world) as school:
        yield school


@contextmanager
def at_north(app, world):
    """Maple, with a school year, eight weeks of school at North, and codes that are signed off."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        school = world.maple.schools["North"]
        db.session.add(
            SchoolYear(
                name="2026-27",
                first_day=FIRST,
                last_day=date(2027, 6, 11),
                state=CURRENT,
                told_since=FIRST,
            )
        )
        calendar(school, weeks=8)
        db.session.add(SchoolRegister(school_id=school, current_to=FIRST + timedelta(days=39)))
        code("U", "absent", "unexcused")
        code("E", "absent", "excused")
        code("N", "absent", "unknown")
        code("T", "tardy", "unexcused")
        code("X", "not_expected")
        code("Z", "absent", "unexcused", signed=False)
        yield school


def pupil(school, number, grade="04"):
    person = Person(kind="student", given_name="A", family_name=f"B{number}", school_id=school)
    db.session.add(person)
    db.session.flush()
    db.session.add(Student(id=person.id, number=str(number), grade=grade))
    db.session.flush()
    return person.id


def counted():
    figuring.count_anew()
    return {(one.grade, one.month.month): one for one in db.session.scalars(select(AttendanceFigure))}


def test_days_missed_by_half_or_more_are_counted_by_what_was_said_of_them(north):
    anna = pupil(north, 1)
    enrolled(anna, north)
    mark(anna, north, FIRST, "U")
    mark(anna, north, FIRST + timedelta(days=1), "E")
    mark(anna, north, FIRST + timedelta(days=2), "N", slot="AM")
    mark(anna, north, FIRST + timedelta(days=3), "U", minutes=100)
    mark(anna, north, FIRST + timedelta(days=4), "T")

    september = counted()["04", 9]

    assert (september.expected, september.absent) == (18, 3)
    assert (september.unexcused, september.excused, september.unknown) == (1, 1, 1)
    assert (september.students, september.judged, september.chronic) == (1, 1, 1)


def test_what_nobody_signed_off_and_what_no_school_day_is_count_for_nothing(north):
    anna = pupil(north, 1)
    enrolled(anna, north)
    mark(anna, north, FIRST, "Z")
    mark(anna, north, FIRST + timedelta(days=5), "U")
    mark(anna, north, FIRST + timedelta(days=1), "X")
    closed = db.session.scalars(select(SchoolDay).where(SchoolDay.day == FIRST + timedelta(days=2))).one()
    closed.is_school_day = False
    mark(anna, north, closed.day, "U")

    september = counted()["04", 9]

    assert (september.expected, september.absent) == (16, 0)


def test_nothing_is_counted_after_the_day_to_which_the_register_is_in(north):
    anna = pupil(north, 1)
    enrolled(anna, north)
    mark(anna, north, FIRST + timedelta(days=42), "U")

    october = counted()["04", 10]

    assert (october.expected, october.absent) == (12, 0)


def test_counting_twice_is_counting_once(north):
    enrolled(pupil(north, 1), north)

    assert counted().keys() == counted().keys() == {("04", 9), ("04", 10)}


def test_without_a_school_year_nothing_is_counted(app, world):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        assert figuring.count_anew() == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_database_and_a_slow_count_agree(north, seed):
    dice = random.Random(seed)
    days = sorted(db.session.scalars(select(SchoolDay.day).where(SchoolDay.school_id == north)))
    current_to = FIRST + timedelta(days=39)
    students: dict[UUID, str] = {}
    expected: Counter[tuple[UUID, int]] = Counter()
    absent: Counter[tuple[UUID, int]] = Counter()
    because: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for number in range(30):
        who = pupil(north, number, dice.choice(["04", "05"]))
        grade = db.session.get(Student, who).grade
        entry = dice.choice([FIRST, FIRST, FIRST + timedelta(days=dice.randrange(30))])
        leaves = dice.choice([None, None, entry + timedelta(days=dice.randrange(40))])
        enrolled(who, north, entry=entry, exit=leaves)
        students[who] = grade
        there = [day for day in days if entry <= day <= min(leaves or date.max, current_to)]
        for day in there:
            expected[who, day.month] += 1
        for day in dice.sample(days, dice.randrange(8)):
            letters = dice.choice("UENTXZ")
            slot = dice.choice(["DAY", "DAY", "AM", "PM"])
            minutes = dice.choice([None, 60, 195, 390]) if slot == "DAY" else None
            lapsed = dice.choice([None, None, current_to])
            mark(who, north, day, letters, slot=slot, minutes=minutes, unexcused_since=lapsed)
            if day not in there:
                continue
            if letters == "X":
                expected[who, day.month] -= 1
            elif letters in "UEN" and (minutes is None or minutes >= 195):
                absent[who, day.month] += 1
                why = "unexcused" if letters == "N" and lapsed else WHY[letters]
                because[grade, day.month][why] += 1
    by_hand: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for who, grade in students.items():
        so_far = gone = 0
        for month in (9, 10):
            so_far += expected[who, month]
            gone += absent[who, month]
            if not expected[who, month]:
                continue
            figure = by_hand[grade, month]
            figure["students"] += 1
            figure["expected"] += expected[who, month]
            figure["absent"] += absent[who, month]
            if so_far >= 10:
                figure["judged"] += 1
                share = gone / so_far
                name = "severe" if share >= 0.2 else "chronic" if share >= 0.1 else "at_risk"
                figure[name] += share >= 0.05

    found = counted()

    for key, reasons in because.items():
        by_hand[key].update(reasons)
    names = ("students", "judged", "expected", "absent", "at_risk", "chronic", "severe", *WHY.values())
    assert {key: {name: getattr(one, name) for name in names} for key, one in found.items()} == {
        key: {name: by_hand[key][name] for name in names} for key in by_hand
    }


def counted_grades(app, world, sizes):
    """Of each four students the first missed three days."""
    with at_north(app, world) as north:
        grades = [(grade, at) for grade, size in sizes.items() for at in range(size)]
        for number, (grade, at) in enumerate(grades):
            who = pupil(north, number, grade)
            enrolled(who, north)
            for day in range(3 if at % 4 == 0 else 0):
                mark(who, north, FIRST + timedelta(days=day), "U")
        figuring.count_anew()
        db.session.commit()


def test_the_report_leaves_small_grades_out(app, client, world):
    counted_grades(app, world, {"04": 12, "05": 11, "06": 3})

    page = client.sign_in(world.clark).get(PAGE)

    grades = [row for row in page.all("tr") if row.all("td") and "Grade" in row.all("th")[0].text]
    told = {row.all("th")[0].text: row.all("td")[1].text for row in grades}
    assert told == {"Grade 4": "25.0 %", "Grade 5": "too few to show", "Grade 6": "too few to show"}


def test_the_file_says_what_the_page_says(app, client, world):
    counted_grades(app, world, {"04": 12, "05": 11, "06": 3})

    lines = client.sign_in(world.clark).get(f"{PAGE}.csv").data.decode().splitlines()

    assert lines[1].startswith("all,All of them,26,")
    assert "grade,Grade 6,,,,," in lines


def test_nobody_sees_the_numbers_of_another_school_or_district(app, client, world):
    counted_grades(app, world, {"04": 12})

    assert "Chronically absent" not in client.sign_in(world.avery).get("/birch/attendance/reports").text
    client.sign_in(world.tess).get(PAGE, status=404)
    cedar = world.maple.schools["Cedar"]
    assert "Cedar" not in client.sign_in(world.clark).get(f"{PAGE}?school={cedar}").text
