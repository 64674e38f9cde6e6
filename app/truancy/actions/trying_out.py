"""A proposed rule is put to the register before it is used: what would fire, earlier, or no more.

As if it had been in use since the school year began, held against what is in use now over the same days; so a proposal
for next month shows what this month would have been. Nothing is written but what the proposal's readers see.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.expiring import today
from app.core.queue import later
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions.gathering import Register
from app.truancy.law.engine import Rulebook
from app.truancy.law.firing import Firing
from app.truancy.law.overlay import between
from app.truancy.law.rule import Rule
from app.truancy.models.dry_run import DONE, DryRun
from app.truancy.models.dry_run_line import EARLIER, FIRES, FIRES_NO_MORE, DryRunLine
from app.truancy.models.rule_activation import ACTIVE, PROPOSED, RuleActivation, place_of

#: Students of one transaction.
A_BATCH: Final = 1_000
#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0
#: Lines that are kept. The counts go on.
MOST_LINES: Final = 2_000
#: Of a firing: rule, window, which of them.
Key = tuple[str, str, int]
A_YEAR: Final = timedelta(days=365)


def begin(activation: RuleActivation) -> None:
    """Begin, or begin anew; of what is no proposal any more nothing is tried out."""
    if activation.state != PROPOSED:
        return
    before = DryRun.of(activation.id)
    if before is not None:
        db.session.delete(before)
        db.session.flush()
    year, day = SchoolYear.current(), today()
    since = year.first_day if year is not None and year.first_day <= day else day - A_YEAR
    run = DryRun(activation_id=activation.id, seen_on=day, since=since)
    db.session.add(run)
    db.session.flush()
    later("jobs.truancy.try_out", run.id)


def advance(run_id: UUID) -> None:
    """Go on with it for a while, from wherever it is. Commits after each batch."""
    began = time.monotonic()
    register: Register | None = None
    while (run := DryRun.locked(run_id)) is not None and run.state != DONE:
        activation = RuleActivation.find(run.activation_id) if run.activation_id else None
        assert activation is not None, "This dry run is of a proposal."
        students = _next(run)
        if not students:
            run.state, run.ended_at = DONE, clock.now()
            db.session.commit()
            return
        register = register or Register()
        _look_at(run, students, register, *_books(activation, run.since))
        run.place, run.students = UUID(students[-1]), run.students + len(students)
        db.session.commit()
        if time.monotonic() - began > A_WHILE:
            later("jobs.truancy.try_out", run_id)
            db.session.commit()
            return


def _next(run: DryRun) -> list[str]:
    asked = select(Student.id).order_by(Student.id).limit(A_BATCH)
    if run.place is not None:
        asked = asked.where(Student.id > run.place)
    return [str(id) for id in db.session.scalars(asked)]


def _books(activation: RuleActivation, since: date) -> tuple[Rulebook, Rulebook]:
    """What is in use of its place, and the same with the proposal, both as if it had been so since that day."""
    asked = select(RuleActivation).where(RuleActivation.state == ACTIVE)
    place = place_of(activation.rule_id)
    in_use = [one for one in db.session.scalars(asked) if place_of(one.rule_id) == place]
    others = [one for one in in_use if one.rule_id != activation.rule_id]
    return Rulebook(_since(in_use, since)), Rulebook(_since([*others, activation], since))


def _since(uses: Sequence[RuleActivation], day: date) -> Iterator[Rule]:
    for use in uses:
        for version in use.practised():
            speaking = between(version, day, None)
            if speaking is not None:
                yield speaking


def _look_at(
    run: DryRun, students: Sequence[str], register: Register, before: Rulebook, after: Rulebook
) -> None:
    lines = []
    for student in register.of(students):
        if not student.facts.marks:
            continue
        then = {one.key: one for one in before.firings(student.facts, run.seen_on)}
        now = {one.key: one for one in after.firings(student.facts, run.seen_on)}
        lines += [(student.id, outcome, one) for outcome, one in differences(then, now)]
    write_down(run, lines)


def write_down(run: DryRun, lines: Sequence[tuple[str, str, Firing]]) -> None:
    """Count these differences: a student, what becomes of a firing, the firing. They are kept while there is room."""
    room = max(0, MOST_LINES - (run.fires + run.earlier + run.fires_no_more))
    for outcome in (FIRES, EARLIER, FIRES_NO_MORE):
        setattr(run, outcome, getattr(run, outcome) + sum(one == outcome for _, one, _ in lines))
    db.session.add_all(
        DryRunLine(
            dry_run_id=run.id,
            student_id=UUID(student_id),
            rule_id=firing.rule.id,
            outcome=outcome,
            trigger=firing.trigger,
        )
        for student_id, outcome, firing in lines[:room]
    )
    db.session.flush()


def differences(then: Mapping[Key, Firing], now: Mapping[Key, Firing]) -> Iterator[tuple[str, Firing]]:
    """What is new, earlier, or no more."""
    for key, one in now.items():
        if key not in then:
            yield FIRES, one
        elif one.trigger < then[key].trigger:
            yield EARLIER, one
    for key, one in then.items():
        if key not in now:
            yield FIRES_NO_MORE, one
