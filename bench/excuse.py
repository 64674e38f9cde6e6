"""`make bench-excuse`: from the excuse in the register to the notice that does not leave any more, through the worker.

`python -m bench.excuse [students] [--rounds N]`. Families have been written to, and it is approved: letters that wait
for their cut-off. Then a file comes in which those days are excused, and somebody applies it. The clock runs from that
commit to the moment at which the last of the notices is cancelled. Bar: 5 seconds.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import exists, select

from app.auth.models.account import Account
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import approving
from app.notices.models.notice import LETTER, Notice
from app.register.actions import importing
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport
from app.roster.models.student import Student
from app.truancy.actions import owing, telling
from app.truancy.models.case_duty import CaseDuty
from bench.night import Night
from bench.once import DAYS, SCHOOLS, TOLD_OF, _fill, _take_in
from bench.phases import here, in_a_process
from bench.staff import SLUG
from tests.register.files import a_set
from tests.roster import families

STUDENTS: Final = 6_000
ROUNDS: Final = 10
#: Families that are written to in a round.
TOLD: Final = 20
MOST_SECONDS: Final = 5.0
PATIENCE: Final = 900.0


def main() -> int:
    """Exit 1 if it took too long, or a notice stayed."""
    order = argparse.ArgumentParser(prog="bench.excuse")
    order.add_argument("students", type=int, nargs="?", default=STUDENTS)
    order.add_argument("--rounds", type=int, default=ROUNDS)
    asked = order.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fo-excuse-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    night = Night(folder, 1, web=False)
    try:
        in_a_process(night.environment, _fill, SLUG, asked.students)
        took = [_round(night, asked.students, nth) for nth in range(asked.rounds)]
    finally:
        night.end()
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{len(took)} rounds of {TOLD} notices, {asked.students:,} students: median {statistics.median(took):.2f} s, "
        f"longest {max(took):.2f} s (at most {MOST_SECONDS})"
    )
    return 0 if max(took) <= MOST_SECONDS else 1


def _round(night: Night, students: int, nth: int) -> float:
    """The absences come, families are told of them, the excuses come: how long until nothing may leave."""
    _bring_in(night, _file(students))
    _said(night, _apply)
    _drain(night)
    told = set(_said(night, _write).split(","))
    if len(told) != TOLD:
        raise SystemExit(f"Only {len(told)} families are left to be told.")
    _bring_in(night, _file(students, excused=told))
    began = float(_said(night, _apply))
    _until(night, "select from notices where state = 'approved'", "the notices")
    seconds = time.monotonic() - began
    ((cancelled,),) = night.ask("select count(*) from notices where state = 'cancelled'")
    if cancelled != TOLD * (nth + 1):
        raise SystemExit(f"{cancelled} notices are cancelled.")
    _drain(night)
    print(f"round {nth + 1}: {seconds:.2f} s", flush=True)
    return seconds


def _file(students: int, excused: Collection[str] = ()) -> bytes:
    """The marks of six weeks, with excuses for these students."""
    marks = []
    for nth in range(students):
        dice, number = Random(nth), str(100_000 + nth)
        for day in sorted(dice.sample(DAYS, dice.randint(2, 6))):
            code = "E" if number in excused else "U"
            marks.append((number, f"School {nth % SCHOOLS}", day, "DAY", code))
    return a_set(first=DAYS[0], last=DAYS[-1], marks=marks)


def _bring_in(night: Night, file: bytes) -> None:
    """Read and compared, it waits for an answer."""
    in_a_process(night.environment, _take_in, SLUG, file)
    _until(night, "select from register_imports where state not in ('ready', 'done')", "the file")


def _drain(night: Night) -> None:
    _until(night, "select from work where failed_at is null and queue <> 'notifications'", "what follows")


def _until(night: Night, none_left: str, what: str) -> None:
    """Wait until that question has no answer."""
    until = time.monotonic() + PATIENCE
    while night.ask(none_left):
        if time.monotonic() > until:
            raise SystemExit(f"It takes too long: {what}.")
        night.supervisor.look()
        time.sleep(0.02)


def _said(night: Night, phase: Callable[[], str]) -> str:
    return in_a_process(night.environment, phase).split()[-1]


# --- what people do, each in a process of its own --------------------------------------------------------------


def _apply() -> str:
    """Somebody has the file applied; the moment at which that was said."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        run = db.session.scalars(RegisterImport.newest().limit(1)).one()
        importing.approve(run, schools=[one.school_id for one in ImportSchool.of(run.id)])
        db.session.commit()
        return f" {time.monotonic()}"


def _write() -> str:
    """The next families are told by letter, and it is approved; the numbers of their students."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        asked = (
            select(CaseDuty)
            .join(Student, Student.id == CaseDuty.student_id)
            .where(CaseDuty.is_open(), CaseDuty.rule_id == TOLD_OF, CaseDuty.do == owing.NOTICE)
            .where(~exists().where(Notice.student_id == CaseDuty.student_id))
            .order_by(Student.number)
            .limit(TOLD)
        )
        by = db.session.scalars(select(Account).where(Account.name == "Alex")).one()
        written: list[Notice] = []
        numbers = []
        for duty in db.session.scalars(asked).all():
            student = db.session.get_one(Student, duty.student_id)
            numbers.append(student.number)
            families.lives_at(
                families.guardian(student, "Eva", student.number), f"{student.number} Maple Street"
            )
            values = {"days": "3", "unexcused": "3", **telling.values_of(duty.id)}
            written += telling.tell(duty, values, LETTER, by=by).notices
        approved = approving.approve_all(written, by=by)
        if approved.leaving != len(numbers):
            raise SystemExit(f"Not all may leave: {approved}")
        db.session.commit()
        return " " + ",".join(numbers)


if __name__ == "__main__":
    sys.exit(main())
