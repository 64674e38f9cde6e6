"""Penalty notices: to which parent of which child, on which day, and how many there may be.

England's framework counts them for each parent and each child: two within three years, and no third (Working together
to improve school attendance, DfE, August 2024). The local authority issues one; that it did is written into the case.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db, one_of
from app.core.expiring import today
from app.roster.actions.refused import Refused
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.truancy.actions import settling
from app.truancy.law.conditions import years_before
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.rule_activation import active_rules

DECIDES: Final = "decide_notice"
NOT_A_PARENT: Final = "Choose one of the parents who are with this student in the roster."
NO_MORE: Final = (
    "{name} has had {had} penalty notices for this child within {years} years, and there is no further one. Decide on "
    "something else, and write down what."
)


def asked_about() -> bool:
    """True where a rule in use has somebody decide about a penalty notice."""
    return any(duty.do == DECIDES for rule in active_rules(today()) for duty in rule.duties)


def parents(case: AttendanceCase) -> list[Guardian]:
    """Those who may get one, in the order they were entered."""
    theirs = [Guardian.find(one.guardian_id) for one in Guardianship.of_student(case.student_id)]
    return [one for one in theirs if one is not None]


def issued(case: AttendanceCase, guardian_id: UUID, on: date, note: str, *, by: Actor, batch: UUID) -> None:
    """It was issued to this parent on that day. Raises Refused where a rule in use allows none any more."""
    parent = next((one for one in parents(case) if one.id == guardian_id), None)
    if parent is None:
        raise Refused(NOT_A_PARENT)
    limit = _limit(on)
    if limit is not None:
        most, years = limit
        had = _had(case.student_id, guardian_id, years_before(on, years), on, batch)
        if had >= most:
            raise Refused(NO_MORE.format(name=parent.name, had=had, years=years))
    settling.enter(case, case_entry.PENALTY, by=by, batch=batch, on=on, name=str(guardian_id), note=note)


def parents_of(students: Collection[UUID]) -> Mapping[UUID, list[str]]:
    """By student, the parents whom a rule may ask about, as penalty notices name them."""
    asked = select(Guardianship.student_id, Guardianship.guardian_id).where(
        one_of(Guardianship.student_id, students), Guardianship.ended_at.is_(None)
    )
    found: dict[UUID, list[str]] = {}
    for student_id, guardian_id in db.session.execute(asked):
        found.setdefault(student_id, []).append(str(guardian_id))
    return found


def _limit(on: date) -> tuple[int, int] | None:
    """The most, and within how many years: as the strictest of the rules in use has it."""
    found = [
        (int(one.about[0]), int(one.about[2].removesuffix("y")))
        for rule in active_rules(on)
        for one in rule.when
        if one.name == "fewer_than" and one.about[1] == case_entry.PENALTY
    ]
    return min(found, default=None)


def _had(student_id: UUID, guardian_id: UUID, since: date, until: date, batch: UUID) -> int:
    """How many this parent has had for this child in that time, of all years' cases."""
    asked = (
        select(CaseEntry.id)
        .join(AttendanceCase, AttendanceCase.id == CaseEntry.case_id)
        .where(
            AttendanceCase.student_id == student_id,
            CaseEntry.kind == case_entry.PENALTY,
            CaseEntry.name == str(guardian_id),
            CaseEntry.undone_at.is_(None),
            CaseEntry.on > since,
            CaseEntry.on <= until,
            CaseEntry.batch_id != batch,
        )
    )
    return len(db.session.scalars(asked).all())
