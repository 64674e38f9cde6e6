"""`make bench-clerk-list`: the morning list of a district of 50,000 students, for one school and for all of them.

`python -m bench.clerk_list [students] [--requests N] [--runs N]`. Bars: p95 of the server at most 150 ms, a page at
most 100 KB; the same rows by the best statement, bare, are asked beside it. Every eighth student has things open, one
to four of them, every second one has had something that is settled.
"""

import argparse
import statistics
import subprocess
import sys
from typing import Final
from uuid import UUID

from sqlalchemy import text

from app.admin.actions import opening
from app.auth.models.account import Account
from app.auth.models.role_grant import RoleGrant
from app.core import across_districts
from app.core.actor import Role
from app.core.db import UUID7, db, uuid7
from app.core.directory import district_by_slug, forget_directory
from app.core.expiring import today
from app.core.tenancy import as_district
from app.demo.accounts import DEMO_PASSWORD
from app.factory import create_app
from app.roster.models.person import Person
from app.roster.models.school import School
from bench.database import durable
from bench.fill import as_owner
from bench.pages import REQUESTS, RUNS, Browser, side_by_side
from bench.reference import explained_duties
from bench.serving import INSTANCE, free_port, serve

STUDENTS: Final = 50_000
A_SCHOOL: Final = 1_000
MOST_MS: Final = 150.0
MOST_BYTES: Final = 100_000
ONE, ALL = "one", "all"

PEOPLE: Final = f"""
insert into people (id, district_id, given_name, family_name, kind, school_id, title, active, source, made_at)
select {UUID7}, :district, 'Student ' || nth, 'Of Class ' || (nth % 977), 'student',
    (cast(:schools as uuid[]))[1 + nth % :number], '', true, 'sync', now()
from generate_series(1, :students) nth
"""
ROWS: Final = (
    """
    insert into students (id, district_id, number, grade, language)
    select id, district_id, split_part(given_name, ' ', 2), '06', 'en' from people
    where district_id = :district and kind = 'student'
    """,
    f"""
    insert into school_days (id, district_id, school_id, day, is_school_day, minutes)
    select {UUID7}, :district, school, day, extract(isodow from day) < 6, 390
    from unnest(cast(:schools as uuid[])) school,
        generate_series(cast(:today as date) - 90, cast(:today as date) + 90, interval '1 day') day
    """,
    f"""
    insert into attendance_cases (id, district_id, student_id, year, tier, made_at)
    select {UUID7}, district_id, id, '2026-27', 1, now() from students
    where district_id = :district and cast(number as integer) % 2 = 0
    """,
    f"""
    insert into case_duties (id, district_id, case_id, student_id, rule_id, "window", ordinal, "trigger", "do", "to",
        by_day, blocked, for_person, state, settled_by_id, settled_at, reason, made_at)
    select {UUID7}, cases.district_id, cases.id, cases.student_id, 'us-va.five', '2026-27', nth,
        cast(:today as date) - 10, 'direct_contact', '',
        case when nth = 1 then cast(:today as date) + (cast(number as integer) % 40 - 10) else date '9999-12-31' end,
        case when cast(number as integer) % 3 = 0 then '[["conference_not_attempted", "us-ca.truant.1"]]'::jsonb
            else '[]'::jsonb end,
        cast(number as integer) % 16 = 0,
        case when cast(number as integer) % 8 = 0 then 'open' else 'done' end,
        case when cast(number as integer) % 8 = 0 then null else cast(:account as uuid) end,
        case when cast(number as integer) % 8 = 0 then null else now() end, '', now()
    from attendance_cases cases
    join students on students.district_id = cases.district_id and students.id = cases.student_id
    cross join generate_series(1, 1 + cast(number as integer) / 8 % 4) nth
    where cases.district_id = :district
    """,
)


def main() -> int:
    """Fill, serve, measure, print; 1 if a bar is missed."""
    order = argparse.ArgumentParser(prog="bench.clerk_list")
    order.add_argument("students", nargs="?", type=int, default=STUDENTS)
    order.add_argument("--requests", type=int, default=REQUESTS)
    order.add_argument("--runs", type=int, default=RUNS)
    order.add_argument("--fill", action="store_true")
    order.add_argument("--plans", action="store_true")
    asked = order.parse_args()
    if asked.plans:
        with create_app().app_context():
            for school in ("S1", ""):
                print(f"\nthe reference's plan, {school or 'all schools'}:")
                print(explained_duties(_slug(asked.students), school))
        return 0
    if asked.fill:
        with create_app().app_context():
            if district_by_slug(_slug(asked.students)) is None:
                fill(asked.students)
        return 0
    INSTANCE.mkdir(parents=True, exist_ok=True)
    with durable(INSTANCE) as environment:
        again = [sys.executable, "-m", "bench.clerk_list", str(asked.students), "--fill"]
        subprocess.run(again, env=environment, check=True)
        port = free_port()
        environment |= {"FRONTOFFICE_PORT": str(port), "FRONTOFFICE_BASE_URL": f"http://127.0.0.1:{port}"}
        server = serve(port, environment, workers=1)
        try:
            missed = measure(_slug(asked.students), port, asked.requests, asked.runs)
            subprocess.run([*again[:-1], "--plans"], env=environment, check=True)
            return missed
        finally:
            server.terminate()
            server.wait(15)


def measure(slug: str, port: int, requests: int, runs: int) -> int:
    """Print the figures of each page beside the reference's; 1 if a bar is missed."""
    missed = 0
    heads = ("p50 ms", "p95 ms", "reference", "ratio", "statements", "bytes")
    print(f"{'list':<28}" + "".join(f"{head:>12}" for head in heads) + "  bar")
    for who, school in ((ONE, "S1"), (ALL, "")):
        browser = Browser(port)
        browser.sign_in(slug, _email(slug, who))
        first, reference = f"/{slug}/attendance/work", f"/reference/{slug}/duties?school={school}"
        body = browser.get(first)[1].decode()
        pages = {f"{who} school{'s' * (who == ALL)}": first}
        if 'rel="next"' in body:
            at = body.index("after=", body.index('rel="next"'))
            after = body[at:].partition('"')[0].partition("&")[0]
            pages[f"{who}, next page"] = f"{first}?{after}"
        for name, path in pages.items():
            ours, theirs = side_by_side(browser, path, reference, requests, runs)
            p50, p95, beside = (
                statistics.median(getattr(one, of) for one in timed)
                for timed, of in ((ours, "p50"), (ours, "p95"), (theirs, "p95"))
            )
            met = p95 <= MOST_MS and ours[0].octets <= MOST_BYTES
            missed |= not met
            figures = (f"{p50:.1f}", f"{p95:.1f}", f"{beside:.1f}", f"{p95 / beside:.1f}")
            cells = (*figures, f"{ours[0].statements}", f"{ours[0].octets:,}")
            print(
                f"{name:<28}" + "".join(f"{cell:>12}" for cell in cells) + f"  {'met' if met else 'MISSED'}",
                flush=True,
            )
    return missed


def fill(students: int) -> None:
    """A district of so many students, a school for each thousand of them."""
    slug = _slug(students)
    with across_districts.session() as across:
        district_id = opening.open_district(
            across,
            slug=slug,
            name=f"District of {students:,} students",
            domain=f"{slug}.example",
            mailbox=f"help@{slug}.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    forget_directory()
    with as_district(district_id):
        opening.add_first_things()
        number = max(1, students // A_SCHOOL)
        schools = [School(name=f"School {nth}", short_name=f"S{nth}") for nth in range(1, number + 1)]
        db.session.add_all(schools)
        db.session.flush()
        clerk = _clerk(slug, ONE, schools[0].id, schools[0].id)
        _clerk(slug, ALL, schools[0].id, None)
        values = {
            "district": district_id,
            "schools": [one.id for one in schools],
            "number": number,
            "students": students,
            "today": today(),
            "account": clerk,
        }
        db.session.commit()
    with as_owner() as owner:
        for statement in (PEOPLE, *ROWS):
            owner.execute(text(statement), values)
        owner.commit()
        for table in ("people", "students", "attendance_cases", "case_duties", "school_days"):
            owner.execute(text(f"analyze {table}"))
        owner.commit()


def _clerk(slug: str, who: str, works_at: UUID, school_id: UUID | None) -> UUID:
    """An attendance clerk of that school, or of all."""
    person = Person(given_name="Clerk", family_name=who, email=_email(slug, who), school_id=works_at)
    db.session.add(person)
    db.session.flush()
    account = Account(
        id=uuid7(), person_id=person.id, email=_email(slug, who), name=f"Clerk of {who}", state="active"
    )
    account.set_password(DEMO_PASSWORD)
    account.grants.append(RoleGrant(role=Role.ATTENDANCE_CLERK, school_id=school_id))
    db.session.add(account)
    db.session.flush()
    return account.id


def _slug(students: int) -> str:
    return f"clerks-{students}"


def _email(slug: str, who: str) -> str:
    return f"{who}@{slug}.example"


if __name__ == "__main__":
    sys.exit(main())
