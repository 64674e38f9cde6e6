"""A notice that is the district's own is held back from some students, by lot, to see whether it helps.

What the law has families told is never held back, and nobody of whom a person decides takes part. The lot is drawn
once for a student, rule and school year, by a key that nobody sees, and stays written down: who was written to all the
same is compared as it was drawn.
"""

import hashlib
from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from app.core.actor import Actor
from app.core.crypto import mac
from app.core.db import db, one_of
from app.roster.actions.refused import Refused
from app.truancy.law.overlay import NOTICE
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import HELD_BACK, NOT_TOLD, OPEN, TOLD, CaseDuty
from app.truancy.models.rule_activation import ACTIVE, RuleActivation

NOT_HELD_BACK: Final = "This notice is not held back any more. Look at the case as it is now."


def shares() -> dict[str, int]:
    """Rule by rule, from how many percent of the students its notice is held back today."""
    active = db.session.scalars(select(RuleActivation).where(RuleActivation.state == ACTIVE))
    return {one.rule_id: one.laid.held_back for one in active if one.laid.held_back}


def draw(students: Collection[UUID]) -> int:
    """Draw for what these students' firings ask for now; how many that are. What was drawn before stays so."""
    held = shares()
    if not held or not students:
        return 0
    asked = (
        select(CaseDuty.id, CaseDuty.student_id, CaseDuty.rule_id, CaseDuty.drawn, AttendanceCase.year)
        .join(AttendanceCase, AttendanceCase.id == CaseDuty.case_id)
        .where(
            one_of(CaseDuty.student_id, students),
            CaseDuty.is_open(),
            CaseDuty.do == NOTICE,
            CaseDuty.rule_id.in_(list(held)),
            ~CaseDuty.for_person,
            CaseDuty.released_at.is_(None),
        )
    )
    lots: dict[str, list[UUID]] = {TOLD: [], NOT_TOLD: []}
    for id, student_id, rule_id, drawn, year in db.session.execute(asked):
        # One that was excused and asked for again is what it was.
        lots[drawn or _lot(rule_id, year, student_id, held[rule_id])].append(id)
    for drawn, ids in lots.items():
        state = HELD_BACK if drawn == NOT_TOLD else OPEN
        if ids:
            db.session.execute(
                update(CaseDuty).where(one_of(CaseDuty.id, ids)).values(drawn=drawn, state=state)
            )
    return sum(map(len, lots.values()))


def release(duty: CaseDuty, *, by: Actor) -> None:
    """Write to this family all the same. Raises Refused."""
    assert by.id is not None, "A person does this."
    db.session.refresh(duty, with_for_update=True)
    if duty.state != HELD_BACK:
        raise Refused(NOT_HELD_BACK)
    duty.release(by.id)
    db.session.flush()


def _lot(rule_id: str, year: str, student_id: UUID, percent: int) -> str:
    drawn = hashlib.sha256(mac("held back", rule_id, year, student_id).encode()).digest()
    return NOT_TOLD if int.from_bytes(drawn[:8]) % 100 < percent else TOLD
