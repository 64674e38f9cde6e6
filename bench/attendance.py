"""`python -m bench.attendance [students]`: the rules are put to a district's register, by two workers at a time.

A district of so many students over 180 school days, exceptions alone: nine in ten students have few marks, one in ten
many, some eleven each. Twelve rules of every kind of window: counts, months, sliding windows, shares, reports. Told of
each review: seconds by the clock, and of the processor, of the workers and of PostgreSQL beside them (where others use
the cores, the sum over the cores says what the clock would), and the memory of the larger worker. Then again, which
must write nothing; then a night in which one student in fifty was touched.

`--law`: what the engine alone takes, student by student, without a database.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import func, select

from app.admin.actions import opening
from app.auth.models.account import Account
from app.core import across_districts, clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.directory import district_by_slug
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.factory import create_app
from app.register.models.attendance_code import AttendanceCode
from app.register.models.school_day import SchoolDay as DayOfCalendar
from app.register.models.school_register import SchoolRegister
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.school_year import CURRENT
from app.roster.models.school_year import SchoolYear as YearOfDistrict
from app.truancy.actions import reviewing
from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import DAY, Mark, StudentFacts
from app.truancy.law.overlay import text_sha256
from app.truancy.law.packs import shipped
from app.truancy.law.rule import Rule
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import named
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.review_range import FOLLOWING, LOOKING, ReviewRange
from app.truancy.models.rule_activation import ACTIVE, RuleActivation, versions_of
from app.truancy.models.student_to_review import StudentToReview
from bench.database import durable
from bench.settled import settled_in

SLUG: Final = "bench"
SCHOOLS: Final = 100
WORKERS: Final = 2
#: One student in so many is touched before a night.
TOUCHED: Final = 50
#: Students whose marks are written in one transaction.
A_FILL: Final = 20_000
NOW: Final = datetime(2027, 6, 14, 12, tzinfo=UTC)
YEAR: Final = SchoolYear("2026-27", date(2026, 8, 1), date(2027, 7, 31))
#: So many of twenty marks, their code, what it says, minutes.
HABITS: Final = (
    (11, "E", ("absent", "excused"), None),
    (3, "U", ("absent", "unexcused"), None),
    (2, "N", ("absent", "unknown"), None),
    (2, "T", ("tardy", "unexcused"), 12),
    (1, "T", ("tardy", "unexcused"), 45),
    (1, "E", ("absent", "excused"), 195),
)
_SAID: Final = [habit[1:] for habit in HABITS for _ in range(habit[0])]


def main() -> int:
    """Fill, review, review again, touch some, review those; print."""
    order = argparse.ArgumentParser(prog="bench.attendance")
    order.add_argument("students", nargs="?", type=int, default=20_000)
    order.add_argument("--law", action="store_true")
    asked = order.parse_args()
    if asked.law:
        _law(asked.students)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="fo-attendance-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    try:
        with durable(folder) as environment:
            began = time.monotonic()
            _alone(environment, _open)
            marks = _alone(environment, _fill, asked.students)
            print(
                f"{asked.students:,} students, {int(marks):,} marks, filled in {time.monotonic() - began:.0f} s"
            )
            heads = ("CPU", "server", "both/2", "MB", "students", "new firings")
            print(f"{'':<12}{'seconds':>9}" + "".join(f"{head:>12}" for head in heads))
            for name, before in (("full", "-"), ("again", "everybody"), ("night", "touch")):
                if before == "touch":
                    _alone(environment, _touch)
                review = _measured(environment, folder, name, LOOKING, before)
                _measured(environment, folder, "  cases", FOLLOWING, review)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _measured(environment: dict[str, str], folder: Path, name: str, phase: str, given: str) -> str:
    """One phase of a review, by all workers; the review. `given`: why it is begun, or the one to go on with."""
    began, server = time.monotonic(), _of_the_server(folder)
    review = _alone(environment, _begin, given == "everybody") if phase == LOOKING else given
    children = [_started(environment, _work, review, phase, nth) for nth in range(WORKERS)]
    spent, memory = 0.0, 0.0
    for child in children:
        _, status, used = os.wait4(child, 0)
        if status:
            raise SystemExit("A worker failed.")
        spent += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss / 1024)
    seconds = time.monotonic() - began
    server = _of_the_server(folder) - server
    both = (spent + server) / WORKERS
    told = _alone(environment, _told, review, phase)
    print(
        f"{name:<12}{seconds:>9.1f}{spent:>12.1f}{server:>12.1f}{both:>12.1f}{memory:>12.0f}{told}",
        flush=True,
    )
    return review


def _of_the_server(folder: Path) -> float:
    """Seconds of the processor that PostgreSQL's processes took, as far as they are over: each phase ends its own."""
    time.sleep(0.5)
    (noted,) = folder.rglob("postmaster.pid")
    pid = noted.read_text().split()[0]
    # proc(5): cutime and cstime, the 16th and 17th field
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _alone(environment: dict[str, str], phase: Callable[..., object], *given: object) -> str:
    """What a phase says, in a process of its own."""
    out, into = os.pipe()
    child = _started(environment, phase, *given, says_to=into)
    os.close(into)
    said = os.read(out, 4096).decode()
    os.close(out)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(said)
    return said


def _started(
    environment: dict[str, str], phase: Callable[..., object], *given: object, says_to: int | None = None
) -> int:
    child = os.fork()
    if child == 0:
        said, code = "", 0
        try:
            with settled_in(environment), clock.frozen(NOW), create_app().app_context():
                said = str(phase(*given))
        except BaseException as error:
            said, code = repr(error), 1
            print(said, file=sys.stderr)
        if says_to is not None:
            os.write(says_to, said.encode()[:4000])
        os._exit(code)
    return child


# --- the district ------------------------------------------------------------------------------------------


def _here() -> UUID:
    card = district_by_slug(SLUG)
    assert card is not None
    return card.id


def _open() -> None:
    with across_districts.session() as across:
        opening.open_district(
            across,
            slug=SLUG,
            name="Bench",
            domain="bench.example",
            mailbox="help@bench.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    with as_district(_here()), acting_as(SYSTEM):
        db.session.add(
            YearOfDistrict(
                name=YEAR.name,
                first_day=YEAR.begins,
                last_day=YEAR.ends,
                state=CURRENT,
                told_since=YEAR.begins,
            )
        )
        for code, words in {habit[1]: habit[2] for habit in HABITS}.items():
            kind, excuse = words
            signed = {"signed_off_by": "C. Clerk", "signed_off_by_id": uuid7(), "signed_off_at": NOW}
            db.session.add(AttendanceCode(code=code, kind=kind, excuse=excuse, **signed))
        for number in range(SCHOOLS):
            school = School(name=f"School {number:03}", short_name=f"School {number:03}")
            db.session.add(school)
            db.session.flush()
            db.session.add_all(
                DayOfCalendar(school_id=school.id, day=day, is_school_day=True, minutes=390, periods=7)
                for day in school_days()
            )
            db.session.add(SchoolRegister(school_id=school.id, current_to=school_days()[-1]))
        proposer, approver = _account("Pat"), _account("Alex")
        for rule_id in {rule.id for rule in twelve()}:
            first_day = date(2026, 8, 3)
            version = next(one for one in versions_of(rule_id) if one.in_force(first_day))
            db.session.add(
                RuleActivation(
                    rule_id=rule_id,
                    digest=text_sha256(version),
                    overlay={},
                    first_day=first_day,
                    state=ACTIVE,
                    proposed_by_id=proposer,
                    approved_by_id=approver,
                    approved_at=NOW,
                )
            )
        db.session.commit()


def _account(name: str) -> UUID:
    person = Person(given_name=name, family_name="Principal", email=f"{name.lower()}@bench.example")
    db.session.add(person)
    db.session.flush()
    account = Account(person_id=person.id, email=person.email, name=person.given_name)
    db.session.add(account)
    db.session.flush()
    return account.id


def _fill(students: int) -> int:
    """Students, their stays and marks, written as the owner of the tables: nothing of it is measured."""
    with as_district(_here()):
        schools = [str(id) for id in db.session.scalars(select(School.id).order_by(School.name))]
    url = get_settings().database_owner_url.replace("postgresql+psycopg", "postgresql")
    marks = 0
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "create unlogged table bench_marks (student uuid, school uuid, day date, code text, minutes int)"
        )
        for first in range(0, students, A_FILL):
            few = range(first, min(students, first + A_FILL))
            with owner.transaction():
                owner.execute(_PEOPLE, [_here(), schools, few.start, few.stop - 1])
                owner.execute(_STUDENTS, [_here(), few.start, few.stop - 1])
                owner.execute(_STAYS, [_here(), schools, few.start, few.stop - 1])
                owner.execute("truncate bench_marks")
                with owner.cursor().copy("copy bench_marks from stdin") as going_in:
                    for number in few:
                        for day, code, _, minutes in marked(Random(number)):
                            marks += 1
                            going_in.write_row((_id(number), schools[number % SCHOOLS], day, code, minutes))
                owner.execute(_MARKS, [_here()])
        owner.execute("drop table bench_marks")
        owner.execute("vacuum analyze people, students, school_enrollments, attendance_marks")
        owner.execute("vacuum analyze students_to_review")
    return marks


def _id(number: int) -> str:
    """Of a student, in their order."""
    return f"01a00000-{number >> 16:04x}-7{number >> 4 & 0xFFF:03x}-8{number & 0xF:x}00-000000000000"


_ID: Final = """(
    '01a00000-' || lpad(to_hex(n >> 16), 4, '0') || '-7' || lpad(to_hex(n >> 4 & 4095), 3, '0')
    || '-8' || to_hex(n & 15) || '00-000000000000'
)::uuid"""
_PEOPLE: Final = f"""
insert into people (id, district_id, given_name, family_name, kind, school_id, title, active, source, made_at)
select {_ID}, %s, 'Given' || n %% 7919, 'Family' || n %% 9973, 'student',
    (%s::uuid[])[1 + n %% {SCHOOLS}], '', true, 'sync', now()
from generate_series(%s::integer, %s::integer) n
"""
_STUDENTS: Final = f"""
insert into students (id, district_id, number, grade, language)
select {_ID}, %s, (1000000 + n)::text, lpad((1 + n %% 12)::text, 2, '0'), 'en'
from generate_series(%s::integer, %s::integer) n
"""
_STAYS: Final = f"""
insert into school_enrollments (id, district_id, student_id, school_id, entry)
select gen_random_uuid(), %s, {_ID}, (%s::uuid[])[1 + n %% {SCHOOLS}], date '2026-08-17' + (n %% 40 / 39 * 45)
from generate_series(%s::integer, %s::integer) n
"""
_MARKS: Final = """
insert into attendance_marks (district_id, student_id, school_id, day, code, minutes)
select %s, student, school, day, code, minutes from bench_marks
"""


def _touch() -> None:
    """One student in fifty: an excuse comes for what they missed lately, and they are missing again."""
    url = get_settings().database_owner_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as owner:
        owner.execute(
            """
            create temp table touched on commit drop as select id, school_id from people
            where kind = 'student' and substr(md5(id::text), 1, 4) < lpad(to_hex(65536 / %s), 4, '0')
            """,
            [TOUCHED],
        )
        owner.execute(
            "update attendance_marks set code = 'E', changed_at = now() from touched "
            "where student_id = touched.id and code = 'U' and day >= '2027-05-01'"
        )
        owner.execute(
            "insert into attendance_marks (district_id, student_id, school_id, day, code) "
            "select %s, id, school_id, %s, 'U' from touched on conflict do nothing",
            [_here(), school_days()[-1]],
        )


# --- the reviews -------------------------------------------------------------------------------------------


def _begin(everybody: bool) -> str:
    with as_district(_here()), acting_as(SYSTEM):
        review = reviewing.review_everybody(by=SYSTEM) if everybody else reviewing.review_what_waits()
        assert review is not None, "Somebody waits."
        db.session.commit()
        return str(review.id)


def _work(review: str, phase: str, nth: int) -> None:
    """As a worker does with the ranges that are rung for it."""
    with as_district(_here()), acting_as(SYSTEM):
        ids = [one.id for one in ReviewRange.of_review(UUID(review))]
        for id in [*ids[nth::WORKERS], *ids]:
            while db.session.get_one(ReviewRange, id, populate_existing=True).state == phase:
                if ReviewRange.locked(id) is None:
                    break  # the other worker has it
                reviewing.advance(id)
                db.session.commit()
            db.session.commit()


def _told(review: str, phase: str) -> str:
    with as_district(_here()):
        if phase == FOLLOWING:
            return f"{db.session.scalar(select(func.count()).select_from(CaseDuty)):>24,} duties"
        asked = select(func.sum(ReviewRange.students), func.sum(ReviewRange.found))
        students, found = db.session.execute(asked.where(ReviewRange.review_id == UUID(review))).one()
        left = StudentToReview.count()
        assert left == 0, f"{left} still wait."
        return f"{students:>12,}{found:>12,}"


# --- the law alone -----------------------------------------------------------------------------------------


def _law(students: int) -> None:
    rules, spent, fired, marks = twelve(), 0.0, 0, 0
    book = Rulebook(rules)
    for few in _by_thousands(students):
        began = time.process_time()
        fired += sum(len(book.firings(one, NOW.date())) for one in few)
        spent += time.process_time() - began
        marks += sum(len(one.marks) for one in few)
    each = spent / students * 1e6
    print(
        f"{students:,} students, {marks / students:.1f} marks each, {len(rules)} rules, {fired:,} firings:"
        f" {each:.0f} microseconds of the processor a student"
    )


def twelve() -> list[Rule]:
    """The rules that are measured."""
    asked = ("us-ca", "us-fed", "us-fl", "us-tx", "us-wa.m3")
    return [rule for rule in shipped() if rule.id.startswith(asked)]


@cache
def school_days() -> tuple[date, ...]:
    """180 days from the middle of August on: no weekends, and four weeks off."""
    first, off = (
        date(2026, 8, 17),
        {date(2026, 11, 23), date(2026, 12, 21), date(2026, 12, 28), date(2027, 4, 5)},
    )
    days = (first + timedelta(days=number) for number in range(400))
    open_ = [day for day in days if day.weekday() < 5 and day - timedelta(days=day.weekday()) not in off]
    return tuple(open_[:180])


def marked(random: Random) -> Iterator[tuple[date, str, tuple[str, str], int | None]]:
    """One student's marks in order of days: day, code, what it says, minutes."""
    days = school_days()
    often = random.randint(20, 60) if random.random() < 0.1 else random.randint(0, 16)
    for at in sorted(random.sample(range(len(days)), often)):
        yield days[at], *random.choice(_SAID)


def _by_thousands(students: int) -> Iterator[Sequence[StudentFacts]]:
    calendar = Calendar([YEAR], {day: SchoolDay(390, 2, 7) for day in school_days()})
    enrolled = [Enrollment(f"school-{number}", school_days()[0], None, calendar) for number in range(SCHOOLS)]
    for first in range(0, students, 1000):
        yield [
            StudentFacts(
                schedule=Schedule([enrolled[number % SCHOOLS]]),
                marks=[
                    Mark(day, DAY, named(words), minutes) for day, _, words, minutes in marked(Random(number))
                ],
                born=date(2021 - number % 14, 3, 1) + timedelta(days=number % 365),
                grade=f"{number % 12 + 1:02}",
                current_to=school_days()[-1],
            )
            for number in range(first, min(students, first + 1000))
        ]


if __name__ == "__main__":
    sys.exit(main())
