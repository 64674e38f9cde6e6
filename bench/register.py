"""`make bench-register`: a window of marks is taken in, the same again, and once more with a twentieth of it changed.

`python -m bench.register [rows] --students N`: seconds, processor and memory of the worker for looking and applying,
and the seconds of the processor that PostgreSQL took beside it on the same cores. One row in two hundred is wrong, and
must be set aside; of all others none may be lost.
"""

import argparse
import csv
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import func, select, text

from app.admin.actions import opening
from app.core import across_districts
from app.core.actor import SYSTEM, acting_as
from app.core.db import UUID7, db
from app.core.tenancy import as_district, current_district_id
from app.register.actions import importing
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from bench.database import durable
from bench.phases import here, in_a_process, of_the_server

SCHOOLS: Final = 100
#: Two months of school days.
FIRST: Final = date(2026, 8, 31)
DAYS: Final = [
    FIRST + timedelta(days=day) for day in range(61) if (FIRST + timedelta(days=day)).weekday() < 5
]
CODES: Final = ("U", "U", "E", "E", "E", "T", "M", "K")
#: One row in so many is wrong.
WRONG: Final = 200


def main() -> int:
    """Make the files, take them in, print; 1 if a row was lost or 60 seconds did not do."""
    order = argparse.ArgumentParser(prog="bench.register")
    order.add_argument("rows", nargs="?", type=int, default=1_000_000)
    order.add_argument("--students", type=int, default=0)
    asked = order.parse_args()
    students = asked.students or max(1000, asked.rows // 10)
    folder = Path(tempfile.mkdtemp(prefix="fo-register-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    missed = False
    try:
        whole, other = folder / "whole.zip", folder / "other.zip"
        wrong = _write(whole, asked.rows, students, changed=False)
        _write(other, asked.rows, students, changed=True)
        print(f"{asked.rows:,} rows, {wrong:,} of them wrong, {students:,} students, {SCHOOLS} schools")
        with durable(folder / "here") as environment:
            in_a_process(environment, _open, "bench", students)
            print(f"{'':<22}{'seconds':>10}{'CPU':>10}{'memory MB':>12}{'changes':>10}{'server CPU':>12}")
            for round_, file in (("new", whole), ("the same", whole), ("1 in 20 changed", other)):
                for phase in (_look, _apply):
                    before = of_the_server(folder)
                    spent = in_a_process(environment, phase, "bench", file)
                    missed |= phase is _look and float(spent[:10]) > 60
                    print(
                        f"{round_ + ', ' + phase.__name__[1:]:<22}{spent}{of_the_server(folder) - before:>12.1f}",
                        flush=True,
                    )
            print(
                "marks that are here, rows that were set aside:",
                in_a_process(environment, _left, "bench")[32:],
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(missed)


def _write(path: Path, rows: int, students: int, *, changed: bool) -> int:
    """A zip of marks.csv; how many of its rows are wrong. Each student is marked on days of their own, once a day."""
    head = (
        "student_id",
        "school_id",
        "date",
        "slot",
        "code",
        "minutes_missed",
        "reason_text",
        "sis_record_id",
    )
    told = {
        "file": "marks.csv",
        "rows": rows,
        "mode": "window",
        "window_from": DAYS[0],
        "window_to": DAYS[-1],
    }
    manifest = json.dumps(told, default=str)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.json", manifest)
        with (
            archive.open("marks.csv", "w") as member,
            io.TextIOWrapper(member, "utf-8", newline="") as written,
        ):
            out = csv.writer(written)
            out.writerow(head)
            out.writerows(_rows(rows, students, changed=changed))
    return rows // WRONG


def _rows(rows: int, students: int, *, changed: bool) -> Iterator[tuple[str, ...]]:
    dice = Random(20260831)
    each = -(-rows // students)
    for nth in range(rows):
        student, at = divmod(nth, each)
        number, school = f"{100_000 + student}", f"School {student % SCHOOLS}"
        day = DAYS[(student * 7 + at * 3) % len(DAYS)] if each <= len(DAYS) else DAYS[at % len(DAYS)]
        code, minutes = CODES[dice.randrange(len(CODES))], str(dice.randrange(1, 391))
        if nth % WRONG == WRONG - 1:
            number = f"X{number}"
        elif changed and nth % 20 == 0:
            code = "E" if code == "U" else "U"
        yield number, school, day.isoformat(), "DAY", code, minutes, "", f"{nth:08d}"


def _open(slug: str, students: int) -> str:
    with across_districts.session() as across:
        opening.open_district(
            across,
            slug=slug,
            name=slug.capitalize(),
            domain=f"{slug}.example",
            mailbox=f"help@{slug}.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    with as_district(here(slug)), acting_as(SYSTEM):
        given = {"district": current_district_id(), "schools": SCHOOLS, "students": students}
        for statement in _FILL:
            db.session.connection().execute(text(statement), given)
        db.session.commit()
    return ""


_FILL: Final = (
    f"""
    insert into schools (id, district_id, name, short_name, active, made_at)
    select {UUID7}, :district, 'School ' || n, 'S' || n, true, now() from generate_series(0, :schools - 1) n
    """,
    f"""
    insert into people (id, district_id, given_name, family_name, kind, school_id, title, active, source, made_at)
    select {UUID7}, :district, 'Student', (100000 + n)::text, 'student', s.id, '', true, 'sync', now()
    from generate_series(0, :students - 1) n
    join schools s on s.district_id = :district and s.name = 'School ' || (n % :schools)
    """,
    """
    insert into students (id, district_id, number, grade, language)
    select id, district_id, family_name, '05', 'en' from people where district_id = :district and kind = 'student'
    """,
    "select count_rosters_anew()",
)


def _look(slug: str, file: Path) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        with file.open("rb") as stream:
            run_id = importing.begin(stream, by=SYSTEM).id
        db.session.commit()
        while _state() in ("reading", "comparing"):
            importing.advance(run_id)
        if _state() != "ready":
            raise SystemExit(
                str(db.session.scalar(select(RegisterImport.sentence).where(RegisterImport.id == run_id)))
            )
        changes = db.session.scalar(
            select(func.count()).select_from(MarkChange).where(MarkChange.import_id == run_id)
        )
        return f"{changes or 0:,}"


def _apply(slug: str, _: Path) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        run = db.session.scalars(RegisterImport.newest().limit(1)).one()
        run_id = run.id
        importing.approve(run, schools=[one.school_id for one in ImportSchool.of(run_id)])
        db.session.commit()
        while _state() == "applying":
            importing.advance(run_id)
        return f"{ImportSchool.applied_of(run_id):,}"


def _state() -> str:
    db.session.expire_all()
    return db.session.scalars(RegisterImport.newest().limit(1)).one().state


def _left(slug: str) -> str:
    with as_district(here(slug)):
        newest = db.session.scalars(RegisterImport.newest().limit(1)).one().id
        marks = db.session.scalar(select(func.count()).select_from(AttendanceMark))
        aside = db.session.scalar(
            select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.import_id == newest)
        )
        return f" {marks:,}, {aside:,}"


if __name__ == "__main__":
    sys.exit(main())
