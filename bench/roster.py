"""`make bench-roster`: a OneRoster export is taken in, and the unchanged file again: seconds, processor, memory.

`python -m bench.roster [people] --staff N`: of the rest three in five are students, two in five their guardians.
`--staff-alone`: students and families are passed over. Each phase is a process of its own, as a worker is. PostgreSQL
works beside it, on the same cores.
"""

import argparse
import csv
import io
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from app.admin.actions import opening
from app.core import across_districts
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.tenancy import as_district
from app.factory import create_app
from app.roster.actions import importing
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from bench.database import durable
from bench.settled import settled_in
from tests.roster.exports import ORGS, ROLES, USERS

SCHOOLS = 100


def main() -> int:
    """Make the export, take it in, take it in again, print."""
    order = argparse.ArgumentParser(prog="bench.roster")
    order.add_argument("people", nargs="?", type=int, default=50_000)
    order.add_argument("--staff", type=int)
    order.add_argument("--staff-alone", action="store_true")
    asked = order.parse_args()
    staff = asked.staff if asked.staff is not None else asked.people // 10
    folder = Path(tempfile.mkdtemp(prefix="fo-roster-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    try:
        export = folder / "export.zip"
        _write(export, asked.people, staff)
        print(f"{asked.people:,} people in {export.stat().st_size / 1e6:.0f} MB")
        with durable(folder / "here") as environment:
            _in_a_process(environment, _open)
            if not asked.staff_alone:
                _in_a_process(environment, _ask_for_families)
            print(f"{'':<22}{'seconds':>10}{'CPU':>10}{'memory MB':>12}{'entries':>10}")
            for round_ in ("new", "unchanged"):
                for phase in (_look, _apply):
                    spent = _in_a_process(environment, phase, export)
                    print(f"{round_ + ', ' + phase.__name__[1:]:<22}{spent}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _write(export: Path, people: int, staff: int) -> None:
    """`people` of whom `staff` work there; the guardians of three students are two."""
    students = (people - staff) * 3 // 5
    with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _member(
            archive,
            "manifest.csv",
            [("propertyName", "value"), ("oneroster.version", "1.2"), ("file.users", "bulk")],
        )
        schools = ((f"s{nth}", "", "", f"School {nth}", "school", "", "") for nth in range(SCHOOLS))
        _member(archive, "orgs.csv", [ORGS], schools)
        _member(archive, "users.csv", [USERS], (_user(nth, staff, students) for nth in range(people)))
        _member(archive, "roles.csv", [ROLES], (_role(nth, staff, students) for nth in range(people)))


def _user(nth: int, staff: int, students: int) -> list[str]:
    told = {
        "sourcedId": f"user-{nth:08}",
        "enabledUser": "true",
        "username": f"n{nth}",
        "givenName": f"Given{nth % 7919}",
        "familyName": f"Family{nth % 9973}",
        "email": f"n{nth}@bench.example",
        "identifier": f"{1_000_000 + nth}",
        "password": "not-read",
    }
    if staff <= nth < staff + students:
        family = staff + students + (nth - staff) * 2 // 3
        told |= {"grades": f"{1 + nth % 12:02}", "agentSourcedIds": f"user-{family:08}"}
    elif nth >= staff:
        told |= {"sms": f"(312) 555-{nth % 10_000:04}"}
    return [told.get(column, "") for column in USERS]


def _role(nth: int, staff: int, students: int) -> tuple[str, ...]:
    role = "teacher" if nth < staff else "student" if nth < staff + students else "parent"
    return (f"r{nth}", "", "", f"user-{nth:08}", "primary", role, "", "", f"s{nth % SCHOOLS}")


def _member(archive: zipfile.ZipFile, name: str, *rows: Iterable[Sequence[str]]) -> None:
    with archive.open(name, "w") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        for several in rows:
            csv.writer(text).writerows(several)


def _in_a_process(environment: dict[str, str], phase: Callable[..., str], *given: Path) -> str:
    """What it took, by the clock, of the processor, and its largest memory."""
    out, into = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            with settled_in(environment), create_app().app_context():
                said = phase(*given)
            code = 0
        except BaseException as error:
            said, code = repr(error), 1
        os.write(into, said.encode())
        os._exit(code)
    os.close(into)
    _, status, used = os.wait4(child, 0)
    said = os.read(out, 4096).decode()
    os.close(out)
    if status:
        raise SystemExit(said)
    seconds, spent = time.monotonic() - began, used.ru_utime + used.ru_stime
    return f"{seconds:>10.1f}{spent:>10.1f}{used.ru_maxrss / 1024:>12.0f}{said:>10}"


def _open() -> str:
    with across_districts.session() as across:
        opening.open_district(
            across,
            slug="bench",
            name="Bench",
            domain="bench.example",
            mailbox="help@bench.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    return ""


def _ask_for_families() -> str:
    with as_district(_here()), acting_as(SYSTEM):
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
    return ""


def _here() -> UUID:
    card = district_by_slug("bench")
    assert card is not None
    return card.id


def _look(export: Path) -> str:
    with as_district(_here()), acting_as(SYSTEM), export.open("rb") as file:
        run_id = importing.begin(file, by=SYSTEM).id
        db.session.commit()
        return _go_on(run_id)


def _apply(_: Path) -> str:
    with as_district(_here()), acting_as(SYSTEM):
        run = RosterImport.under_way()
        if run is None:
            return "-"
        importing.approve(run, removals=True)
        run_id = run.id
        db.session.commit()
        return _go_on(run_id)


def _go_on(run_id: UUID) -> str:
    while True:
        importing.advance(run_id)
        db.session.commit()
        run = RosterImport.find(run_id)
        assert run is not None
        if not run.is_working:
            return f"{db.session.scalar(select(func.count(AuditEntry.id)))}"


if __name__ == "__main__":
    sys.exit(main())
