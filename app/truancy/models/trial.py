"""A dry run as its reader may see it: the counts of the district, and the students of their own schools."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core.db import db, one_of
from app.roster.models.person import Person
from app.roster.models.student import Student
from app.truancy.models.dry_run import TOO_MANY, WORKING, DryRun
from app.truancy.models.dry_run_line import DryRunLine

AT_MOST: Final = 50


@dataclass(frozen=True)
class TrialLine:
    """One student for whom something would change."""

    student: str
    number: str
    rule_id: str
    outcome: str
    trigger: date


@dataclass(frozen=True)
class Trial:
    """What a dry run shows."""

    is_over: bool
    #: True if more students were touched than are looked at beforehand.
    is_too_much: bool
    seen_on: date
    since: date
    students: int
    fires: int
    earlier: int
    fires_no_more: int
    lines: Sequence[TrialLine]
    #: True if there are more lines than are shown.
    more: bool


def trial_of(activation_id: UUID, schools: Collection[UUID] | None) -> Trial | None:
    """Of a proposal; the lines of students of those schools alone (None: of all)."""
    return _shown(DryRun.of(activation_id), schools)


def trial_of_import(import_id: UUID, schools: Collection[UUID] | None) -> Trial | None:
    """Of an import that waits, the same."""
    return _shown(DryRun.of_import(import_id), schools)


def _shown(run: DryRun | None, schools: Collection[UUID] | None) -> Trial | None:
    if run is None:
        return None
    asked = (
        select(
            Person.given_name,
            Person.family_name,
            Student.number,
            DryRunLine.rule_id,
            DryRunLine.outcome,
            DryRunLine.trigger,
        )
        .join(Person, Person.id == DryRunLine.student_id)
        .join(Student, Student.id == DryRunLine.student_id)
        .where(DryRunLine.dry_run_id == run.id)
        .order_by(DryRunLine.trigger.desc(), Person.family_name, DryRunLine.id)
        .limit(AT_MOST + 1)
    )
    if schools is not None:
        asked = asked.where(one_of(Person.school_id, schools))
    rows = db.session.execute(asked).all()
    return Trial(
        is_over=run.state != WORKING,
        is_too_much=run.state == TOO_MANY,
        seen_on=run.seen_on,
        since=run.since,
        students=run.students,
        fires=run.fires,
        earlier=run.earlier,
        fires_no_more=run.fires_no_more,
        lines=[
            TrialLine(
                f"{row.given_name} {row.family_name}".strip(),
                row.number,
                row.rule_id,
                row.outcome,
                row.trigger,
            )
            for row in rows[:AT_MOST]
        ],
        more=len(rows) > AT_MOST,
    )
