"""`make bench-roster`: a OneRoster export is taken in, and the unchanged file again: seconds, processor, memory.

`python -m bench.roster [people] --staff N --enrollments N`: of those who are not staff three in five are students, two
in five their guardians. `--staff-alone`: students and families are passed over. `--kills N`: the same export once more
in another district, its worker killed so often at random points, as often in each phase, and both must come to the
same: a hash of all that the import left. Each phase is a process of its own, as a worker is. PostgreSQL works beside
it, on the same cores; its seconds of the processor are told, too: where others use the cores, the two together say what
the clock would on quiet ones.
"""

import argparse
import csv
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from random import Random, SystemRandom

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from app.admin.actions import opening
from app.core import across_districts
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import applying, class_applying, comparing, importing, staging
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from bench.database import durable
from bench.phases import here, in_a_process, of_the_server, started
from tests.roster.exports import CLASSES, COURSES, ENROLLMENTS, ORGS, ROLES, SESSIONS, TERMS, USERS

SCHOOLS = 100
#: So many enrollments a class, of which the first is its teacher's.
IN_A_CLASS = 17
#: As a worker tells, batch by batch, in which it goes on: by the first letter.
PHASES = ("reading", "comparing", "applying", "students", "linking", "enrolling")
SHAPE = """
    select md5(string_agg(line, '|' order by line)) from (
        select concat_ws(
            ',', link.key, link.speaks, link.relatives, link.absences, link.digest <> '', person.kind,
            person.given_name, person.family_name, person.email, person.active, school.name, student.number,
            student.grade, (select count(*) from guardian_contacts way where way.guardian_id = person.id)
        ) as line
        from source_people link join people person on person.id = link.person_id
        left join schools school on school.id = person.school_id
        left join students student on student.id = person.id
        union all
        select concat_ws(',', child.key, elder.key, held.relation, held.ended_at is null)
        from guardianships held
        join source_people child on child.person_id = held.student_id
        join source_people elder on elder.person_id = held.guardian_id
        union all select concat_ws(',', count(*), count(distinct id)) from people
        union all
        select concat_ws(
            ',', known.key, known.title, known.periods, known.begins_on, known.ends_on, known.absences,
            known.digest <> '', known.ended_at is null, known.waits_for, school.name
        )
        from classes known join schools school on school.id = known.school_id
        union all
        select concat_ws(
            ',', known.key, one.key, one.role, one.is_primary, one.absences, one.ended_at is null, link.key
        )
        from enrollments one join classes known on known.id = one.class_id
        join source_people link on link.person_id = one.person_id
    ) as lines
"""


def main() -> int:
    """Make the export, take it in, take it in again, kill whoever takes it in, print."""
    order = argparse.ArgumentParser(prog="bench.roster")
    order.add_argument("people", nargs="?", type=int, default=50_000)
    order.add_argument("--staff", type=int)
    order.add_argument("--enrollments", type=int, default=0)
    order.add_argument("--staff-alone", action="store_true")
    order.add_argument("--kills", type=int, default=0)
    order.add_argument("--seed", type=int)
    asked = order.parse_args()
    staff = asked.staff if asked.staff is not None else asked.people // 10
    folder = Path(tempfile.mkdtemp(prefix="fo-roster-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    try:
        export = folder / "export.zip"
        _write(export, asked.people, staff, asked.enrollments)
        size = export.stat().st_size / 1e6
        print(f"{asked.people:,} people, {asked.enrollments:,} enrollments in {size:.0f} MB")
        with durable(folder / "here") as environment:
            for slug in ("bench", "killed") if asked.kills else ("bench",):
                in_a_process(environment, _open, slug, not asked.staff_alone)
            print(f"{'':<22}{'seconds':>10}{'CPU':>10}{'memory MB':>12}{'entries':>10}{'server CPU':>12}")
            for round_ in ("new", "unchanged"):
                for phase in (_look, _apply):
                    before = of_the_server(folder)
                    spent = in_a_process(environment, phase, "bench", export)
                    spent += f"{of_the_server(folder) - before:>12.1f}"
                    print(f"{round_ + ', ' + phase.__name__[1:]:<22}{spent}", flush=True)
            if asked.kills:
                return 0 if _survives(environment, export, asked.kills, asked.seed) else 1
            print(f"hash of what it left: {in_a_process(environment, _shape, 'bench')[-32:]}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _survives(environment: dict[str, str], export: Path, kills: int, seed: int | None) -> bool:
    """Kill the worker so often, as often in each phase; then compare what both districts came to."""
    seed = seed if seed is not None else SystemRandom().randrange(1_000_000)
    dice, killed = Random(seed), Counter[str]()
    counts = map(int, in_a_process(environment, _batches, "bench").split()[-len(PHASES) :])
    batches = dict(zip(PHASES, counts, strict=True))
    phases = [phase for phase in PHASES if batches[phase]]
    left = Counter({phase: (kills + nth) // len(phases) for nth, phase in enumerate(phases)})
    in_a_process(environment, _begin, "killed", export)
    while in_a_process(environment, _next_step, "killed").split()[-1] != "done":
        out, into = os.pipe()
        child = started(environment, _advance, "killed", into)
        os.close(into)
        # A life ends somewhere in the part of a phase that is its own.
        ends = {one: dice.uniform(0, batches[one] / (left[one] + 2)) for one in phases if left[one] > 0}
        phase = _killed_in(child, out, ends, dice)
        os.close(out)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and status:
            raise SystemExit("The worker failed.")
        killed[phase] += 1
        left[phase] -= 1
    del killed[""]
    shapes = {in_a_process(environment, _shape, slug)[-32:] for slug in ("bench", "killed")}
    told = ", ".join(f"{count} times {phase}" for phase, count in killed.items())
    same = "the same" if len(shapes) == 1 else "NOT THE SAME"
    print(f"seed {seed}: killed {killed.total()} times ({told}); {same}: {' '.join(shapes)}")
    return len(shapes) == 1 and killed.total() == kills


def _killed_in(child: int, out: int, ends: dict[str, float], dice: Random) -> str:
    """The phase in which it was, or "" if it was through before. `ends`: by phase, after how many batches."""
    done, batch, last = Counter[str](), 0.0, time.monotonic()
    by_letter = {phase[0]: phase for phase in PHASES}
    phase = ""
    while letter := os.read(out, 1).decode():
        before, phase = phase, by_letter.get(letter, "")
        batch, last = time.monotonic() - last if phase == before else 0.0, time.monotonic()
        done[phase] += 1
        if phase in ends and done[phase] > ends[phase]:
            time.sleep(dice.uniform(0, batch))  # into the batch that is at work now
            if not _kill(child):
                return ""
            for later in os.read(out, 4096).decode():
                phase = by_letter.get(later, "")
            return phase
    return ""


def _kill(child: int) -> bool:
    if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        return False  # it was through
    os.kill(child, signal.SIGKILL)
    return True


def _write(export: Path, people: int, staff: int, enrollments: int = 0) -> None:
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
        if enrollments:
            classes = -(-enrollments // IN_A_CLASS)
            told = (_enrollment(nth, staff, max(1, students), classes) for nth in range(enrollments))
            _member(archive, "classes.csv", [CLASSES], map(_class, range(classes)))
            _member(archive, "enrollments.csv", [ENROLLMENTS], told)
            courses = ((f"course-{nth}", "", "", "", f"Course {nth}", "") for nth in range(400))
            _member(archive, "courses.csv", [COURSES], courses)
            terms = ((key, "", "", key, "term", *days, "2027") for key, days in TERMS.items())
            _member(archive, "academicSessions.csv", [SESSIONS], terms)


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


def _class(nth: int) -> list[str]:
    told = {
        "sourcedId": f"class-{nth:07}",
        "title": f"Course {nth % 400}, section {nth // 400}",
        "courseSourcedId": f"course-{nth % 400}",
        "classCode": f"{nth % 400}-{nth // 400}",
        "classType": "scheduled",
        "schoolSourcedId": f"s{nth % SCHOOLS}",
        "termSourcedIds": "fall,spring",
        "periods": str(1 + nth % 8),
    }
    return [told.get(column, "") for column in CLASSES]


def _enrollment(nth: int, staff: int, students: int, classes: int) -> tuple[str, ...]:
    """In an order in which no class stands together."""
    of, seat = nth % classes, nth // classes
    # At the school of the class: those are a hundred apart.
    user = (
        of % staff
        if seat == 0
        else staff + (of % SCHOOLS + SCHOOLS * (of // SCHOOLS * 7 + seat * 31)) % students
    )
    role, primary = ("teacher", "true") if seat == 0 else ("student", "false")
    return (
        f"enrollment-{nth:08}",
        "",
        "",
        f"class-{of:07}",
        f"s{of % SCHOOLS}",
        f"user-{user:08}",
        role,
        primary,
        "",
        "",
    )


def _member(archive: zipfile.ZipFile, name: str, *rows: Iterable[Sequence[str]]) -> None:
    with archive.open(name, "w") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        for several in rows:
            csv.writer(text).writerows(several)


def _open(slug: str, families: bool) -> str:
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
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=families)
        importing.put_classes(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
    return ""


def _begin(slug: str, export: Path) -> str:
    with as_district(here(slug)), acting_as(SYSTEM), export.open("rb") as file:
        importing.begin(file, by=SYSTEM)
        db.session.commit()
        return ""


def _look(slug: str, export: Path) -> str:
    _begin(slug, export)
    return _go_on(slug)


def _apply(slug: str, _: Path) -> str:
    return _go_on(slug) if _next_step(slug) == "applying" else "-"


def _next_step(slug: str) -> str:
    """Its state; a preview is said yes to."""
    with as_district(here(slug)), acting_as(SYSTEM):
        run = _newest()
        if run.state == "ready":
            importing.approve(run, removals=True)
            db.session.commit()
        return run.state


def _advance(slug: str, says_to: int) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        run = _newest()
        run_id = run.id
        os.write(says_to, _letter(run))
        event.listen(db.session, "before_commit", partial(_tell, says_to))
        importing.advance(run_id)
        db.session.commit()
        return ""


def _tell(says_to: int, session: Session) -> None:
    runs = [one for one in session.identity_map.values() if isinstance(one, RosterImport)]
    if runs and not session.in_nested_transaction():
        os.write(says_to, _letter(runs[0]))


def _letter(run: RosterImport) -> bytes:
    """Of the phase in which it goes on; "-" where a worker has nothing to do."""
    if not run.is_working:
        return b"-"
    if run.state != "applying" or run.rows_applied < run.rows_staged:
        return run.state[:1].encode()
    if run.students_applied < run.rows_staged:
        return b"s"
    return b"l" if run.rows_related < run.rows_staged else b"e"


def _batches(slug: str) -> str:
    """How many there were of each phase in the last but one import: the last had the unchanged file."""
    with as_district(here(slug)):
        run = db.session.scalars(RosterImport.newest().offset(1).limit(1)).one()
        counts = (run.items_read // staging.BATCH, run.rows_staged // comparing.BATCH)
        enrolling = run.classes_staged // class_applying.BATCH
        return " " + " ".join(map(str, (*counts, *[run.rows_staged // applying.BATCH] * 3, enrolling)))


def _go_on(slug: str) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        while _newest().is_working:
            importing.advance(_newest().id)
            db.session.commit()
        return str(db.session.scalar(select(func.count(AuditEntry.id))))


def _newest() -> RosterImport:
    db.session.expire_all()
    run = db.session.scalars(RosterImport.newest().limit(1)).first()
    assert run is not None
    return run


def _shape(slug: str) -> str:
    """A hash of all that the import left, whatever the ids that were made on the way and the district's own key."""
    with as_district(here(slug)):
        return str(db.session.scalar(text(SHAPE)))


if __name__ == "__main__":
    sys.exit(main())
