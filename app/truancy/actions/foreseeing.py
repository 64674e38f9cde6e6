"""What an import would make of the attendance rules, seen before anybody applies it.

It is rehearsed: written as it would be written, in a transaction that is rolled back. The database itself says whose
register that changed, as it does for a review; the rules are put to those students twice, with it and without. Nothing
is kept but what the page shows.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text

from app.core import clock
from app.core.db import db
from app.core.expiring import today
from app.register.actions import applying
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport
from app.truancy.actions.gathering import Register
from app.truancy.actions.trying_out import Key, differences, write_down
from app.truancy.law.engine import Rulebook
from app.truancy.law.firing import Firing
from app.truancy.models.dry_run import DONE, TOO_MANY, DryRun
from app.truancy.models.rule_activation import active_rules

#: Marks that are rehearsed, and students who are looked at: seconds, in which nobody else writes these marks.
MOST_MARKS: Final = 200_000
MOST_STUDENTS: Final = 10_000
A_BATCH: Final = 1_000

#: By student.
_Firings = dict[str, Mapping[Key, Firing]]


def foresee(import_id: UUID) -> None:
    """Look at an import that waits for somebody, where a rule is in use. Commits."""
    run = RegisterImport.find(import_id)
    if run is None or run.state != "ready" or not active_rules(today()):
        return
    _begin(import_id)
    db.session.commit()
    seen = _rehearsed(import_id)
    db.session.rollback()
    before = _fired(list(seen), {}) if seen is not None else {}
    dry = DryRun.of_import(import_id)
    if dry is None:
        return  # the import was forgotten meanwhile
    dry.state, dry.ended_at = (TOO_MANY if seen is None else DONE), clock.now()
    if seen is not None:
        dry.students = len(seen)
        lines = [
            (student, outcome, one)
            for student, after in seen.items()
            for outcome, one in differences(before.get(student, {}), after)
        ]
        write_down(dry, lines)
    db.session.commit()


def _begin(import_id: UUID) -> None:
    before = DryRun.of_import(import_id)
    if before is not None:
        db.session.delete(before)
        db.session.flush()
    db.session.add(DryRun(import_id=import_id, seen_on=today(), since=today()))
    db.session.flush()


def _rehearsed(import_id: UUID) -> _Firings | None:
    """What would have fired of whom it touches, once it were applied; None if that are too many to look at.

    The caller rolls back.
    """
    marks = sum(one.new + one.changed + one.vanished for one in ImportSchool.of(import_id))
    run = RegisterImport.find(import_id)
    if run is None or marks > MOST_MARKS:
        return None
    in_to = applying.rehearse(run)
    touched = db.session.connection().execute(_TOUCHED, {"run": import_id}).scalars().all()
    return _fired(touched, in_to) if len(touched) <= MOST_STUDENTS else None


def _fired(students: Sequence[str], in_to: Mapping[UUID, date]) -> _Firings:
    """What the rules in use make of these students. `in_to`: how far registers are in that are not said to be yet."""
    book, register = Rulebook(active_rules(today())), Register()
    register.current_to.update((str(school), day) for school, day in in_to.items())
    found: _Firings = {}
    for at in range(0, len(students), A_BATCH):
        for one in register.of(students[at : at + A_BATCH]):
            found[one.id] = {firing.key: firing for firing in book.firings(one.facts, today())}
    return found


# Whoever waited before was not put there by this import, and is looked at only if it changes their marks.
_TOUCHED: Final = text(
    f"""
    select student_id::text from students_to_review where xmin = pg_current_xact_id()::xid
    union
    select student_id::text from register_mark_changes where import_id = :run
    order by 1 limit {MOST_STUDENTS + 1}
    """  # noqa: S608 - a number of ours
)
