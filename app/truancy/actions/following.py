"""Cases follow the firings: what stands opens a duty each, what stands no more is withdrawn, what stands again is back.

Idempotent: told the same twice, nothing is changed. What somebody has done or dismissed stays settled.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.core import audit, clock
from app.core.db import db, one_of, uuid7
from app.core.tenancy import current_district_id
from app.truancy.law.firing import Firing
from app.truancy.models.attendance_case import AttendanceCase, school_year
from app.truancy.models.case_duty import OPEN, WITHDRAWN, CaseDuty

#: Students whose duties are held in memory at a time.
AT_ONCE: Final = 500

#: Rule, window, ordinal, duty, to whom.
Key = tuple[str, str, int, str, str]


@dataclass(frozen=True)
class Asked:
    """One duty that a standing firing asks for."""

    student_id: UUID
    rule_id: str
    window: str
    ordinal: int
    trigger: date
    do: str
    to: str
    due: date | None
    #: [[why, about], …]
    blocked: Sequence[Sequence[str]]
    for_person: bool

    @property
    def key(self) -> Key:
        """What makes it one of its kind for a student."""
        return self.rule_id, self.window, self.ordinal, self.do, self.to

    @classmethod
    def of(cls, student_id: UUID, firing: Firing) -> Iterator[Self]:
        """What a firing asks for. A person decides where the law says so, or the student is in an excluded group."""
        for duty, due in firing.duties:
            yield cls(
                student_id=student_id,
                rule_id=firing.rule.id,
                window=firing.window,
                ordinal=firing.ordinal,
                trigger=firing.trigger,
                do=duty.do,
                to=duty.to,
                due=due,
                blocked=[list(one) for one in firing.blocked],
                for_person=bool(duty.approve or firing.excluded),
            )


def follow(students: Collection[UUID], asked: Iterable[Asked]) -> int:
    """Hold the duties of these students against all that stands for them. How many that opened, changed or ended."""
    by_student: dict[UUID, dict[Key, Asked]] = {id: {} for id in students}
    for one in asked:
        by_student[one.student_id].setdefault(one.key, one)
    everybody, changed = list(by_student), 0
    for at in range(0, len(everybody), AT_ONCE):
        changed += _follow({id: by_student[id] for id in everybody[at : at + AT_ONCE]})
    if changed:
        # One entry for a night: each duty tells by its firing why it is there.
        audit.noted("followed the firings", "case_duties", changed=changed)
    return changed


def _follow(asked: dict[UUID, dict[Key, Asked]]) -> int:
    held: dict[UUID, dict[Key, CaseDuty]] = {}
    for duty in db.session.scalars(select(CaseDuty).where(one_of(CaseDuty.student_id, asked))):
        key = (duty.rule_id, duty.window, duty.ordinal, duty.do, duty.to)
        held.setdefault(duty.student_id, {})[key] = duty
    new: list[Asked] = []
    changed = 0
    for student_id, theirs in asked.items():
        known = held.get(student_id, {})
        new += [one for key, one in theirs.items() if key not in known]
        for key, duty in known.items():
            changed += _hold_against(duty, theirs.get(key))
    return changed + _open(new)


def _hold_against(duty: CaseDuty, asked: Asked | None) -> bool:
    """True if it is changed by what stands now."""
    if duty.state not in (OPEN, WITHDRAWN):
        return False
    if asked is None:
        now: dict[str, Any] = {"state": WITHDRAWN}
    else:
        now = {**_of(asked), "state": OPEN}
    before = {name: getattr(duty, name) for name in now}
    if now == before:
        return False
    db.session.execute(update(CaseDuty).where(CaseDuty.id == duty.id).values(now))
    return True


def _of(asked: Asked) -> dict[str, Any]:
    return {
        "trigger": asked.trigger,
        "by_day": asked.due or date.max,
        "blocked": [list(one) for one in asked.blocked],
        "for_person": asked.for_person,
    }


def _open(new: Sequence[Asked]) -> int:
    if not new:
        return 0
    cases = _cases(new)
    rows = [
        {
            "id": uuid7(),
            "district_id": current_district_id(),
            "case_id": cases[one.student_id, _year(one.trigger)],
            "student_id": one.student_id,
            "rule_id": one.rule_id,
            "window": one.window,
            "ordinal": one.ordinal,
            "do": one.do,
            "to": one.to,
            "state": OPEN,
            "reason": "",
            "made_at": clock.now(),
            **_of(one),
        }
        for one in new
    ]
    # A second worker that follows the same students opens none of them again.
    db.session.execute(insert(CaseDuty).on_conflict_do_nothing(), rows)
    return len(rows)


def _cases(new: Sequence[Asked]) -> dict[tuple[UUID, str], UUID]:
    """The cases of these students in the years of these days; those that there are not yet are opened."""
    wanted = sorted({(one.student_id, _year(one.trigger)) for one in new}, key=str)
    rows = [
        {
            "id": uuid7(),
            "district_id": current_district_id(),
            "student_id": student_id,
            "year": year,
            "tier": 1,
            "made_at": clock.now(),
        }
        for student_id, year in wanted
    ]
    db.session.execute(insert(AttendanceCase).on_conflict_do_nothing(), rows)
    asked = select(AttendanceCase.student_id, AttendanceCase.year, AttendanceCase.id).where(
        one_of(AttendanceCase.student_id, {student_id for student_id, _ in wanted})
    )
    return {(student_id, year): id for student_id, year, id in db.session.execute(asked)}


def _year(day: date) -> str:
    """school_year(), asked once for each day."""
    known: dict[date, str] = db.session.info.setdefault("school_years", {})
    if day not in known:
        known[day] = school_year(day)
    return known[day]
