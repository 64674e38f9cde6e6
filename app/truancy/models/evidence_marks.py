"""The marks that a firing stands on, as somebody reads them who asks why: what each means, whose it is, whence it came.

A firing keeps day, slot, code and minutes. The rest is the register's as it is now; what has changed there since is
said beside the mark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_

from app.auth.models.account import Account
from app.core.db import db
from app.register.models.attendance_code import FLAGS, KINDS, AttendanceCode
from app.register.models.attendance_mark import DAY, AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.register_import import RegisterImport
from app.roster.models.school import School
from app.truancy.models.evidence_import import EvidenceImport, MarkOrigin
from app.truancy.models.firing import Firing
from app.truancy.models.regional_words import regional_words

Place = tuple[date, str]
NO_LONGER_THERE: Final = "No longer in the register"


@dataclass(frozen=True)
class Origin:
    """An import in a line. `by`: whose upload it was, or the system that was asked."""

    made_at: datetime
    by: str
    sha256: str
    #: Its page, while its own record is kept: for a month.
    import_id: UUID | None


@dataclass(frozen=True)
class EvidenceMark:
    """One of them. `known_since`: since when the register says so; None where it does not say so any more."""

    day: date
    slot: str
    code: str
    minutes: int | None
    #: What the code means: the district's own word for it, and what that counts as.
    description: str
    meaning: str
    school: str
    known_since: datetime | None
    #: The import that brought it; None of a mark that came by none.
    came_from: Origin | None
    #: True of the mark that met the threshold.
    is_trigger: bool
    #: What the register says now, where that is not the same; "" where it is.
    changed: str
    changed_at: datetime | None


def evidence_marks(firing: Firing) -> list[EvidenceMark]:
    """In the order in which they were counted."""
    places = [(date.fromisoformat(day), slot) for day, slot, *_ in firing.marks]
    now = _now(firing.student_id, places)
    codes = AttendanceCode.counting()
    names = {one.id: one.name for one in db.session.scalars(School.by_name())}
    origins = _origins(firing.student_id, places)
    found = []
    for number, (place, (_, _, code, minutes)) in enumerate(zip(places, firing.marks, strict=True), 1):
        held = now.get(place)
        said = meaning_of(codes, code, place[0], held.school_id if held else None)
        changed = _changed(held, code, minutes, codes)
        found.append(
            EvidenceMark(
                day=place[0],
                slot=place[1],
                code=code,
                minutes=minutes,
                description=said.description if said else "",
                meaning=in_words(said),
                school=names.get(held.school_id, "") if held else "",
                known_since=held.changed_at if held and not changed else None,
                came_from=origins.get((*place, held.code)) if held else None,
                is_trigger=number == len(places),
                changed=changed,
                changed_at=held.changed_at if held and changed else None,
            )
        )
    return found


def meaning_of(
    codes: Sequence[AttendanceCode], code: str, day: date, school_id: UUID | None
) -> AttendanceCode | None:
    """Of those meanings the one that holds of a code on that day at that school; a school's own goes first."""
    held = [
        one
        for one in codes
        if one.code == code
        and one.school_id in (None, school_id)
        and (one.valid_from or date.min) <= day <= (one.valid_to or date.max)
    ]
    order = sorted(held, key=lambda one: (one.school_id is not None, one.valid_from or date.min))
    return order[-1] if order else None


def in_words(meaning: AttendanceCode | None) -> str:
    """What a code counts as: "Absent, unexcused"."""
    if meaning is None:
        return "Nobody has signed off what it means"
    excuse = regional_words().excuses[meaning.excuse].lower() if meaning.excuse else ""
    return ", ".join(
        filter(None, [KINDS[meaning.kind], excuse, *(FLAGS[one].lower() for one in meaning.flags)])
    )


def slot_in_words(slot: str) -> str:
    """As the office says it: "All day", "Morning", "Lesson 3"."""
    return {DAY: "All day", "AM": "Morning", "PM": "Afternoon"}.get(slot, f"Lesson {slot[1:]}")


def _changed(
    held: AttendanceMark | None, code: str, minutes: int | None, codes: Sequence[AttendanceCode]
) -> str:
    if held is None:
        return NO_LONGER_THERE
    if held.code != code:
        said = meaning_of(codes, held.code, held.day, held.school_id)
        return f"Now {held.code}: {in_words(said).lower()}"
    if held.minutes != minutes:
        return f"Now {held.minutes if held.minutes is not None else 'an unknown number of'} minutes"
    return ""


def _now(student_id: UUID, places: Sequence[Place]) -> Mapping[Place, AttendanceMark]:
    if not places:
        return {}
    asked = select(AttendanceMark).where(
        AttendanceMark.student_id == student_id,
        tuple_(AttendanceMark.day, AttendanceMark.slot).in_(places),
    )
    return {(one.day, one.slot): one for one in db.session.scalars(asked)}


def _origins(student_id: UUID, places: Sequence[Place]) -> Mapping[tuple[date, str, str], Origin]:
    """By day, slot and code: the newest import that was applied and said so."""
    if not places:
        return {}
    return _kept(student_id, places) | _recent(student_id, places)


def _recent(student_id: UUID, places: Sequence[Place]) -> dict[tuple[date, str, str], Origin]:
    asked: Any = (
        select(MarkChange.day, MarkChange.slot, MarkChange.code, RegisterImport)
        .join(RegisterImport, RegisterImport.id == MarkChange.import_id)
        .join(
            ImportSchool,
            (ImportSchool.import_id == MarkChange.import_id)
            & (ImportSchool.school_id == MarkChange.school_id),
        )
        .where(
            MarkChange.student_id == student_id,
            MarkChange.what != "vanished",
            ImportSchool.applied_at.is_not(None),
            tuple_(MarkChange.day, MarkChange.slot).in_(places),
        )
        .order_by(ImportSchool.applied_at)
    )
    return {
        (day, slot, code): Origin(
            run.made_at,
            _by(run.connection.name if run.connection else "", run.made_by_id),
            run.sha256,
            run.id,
        )
        for day, slot, code, run in db.session.execute(asked)
    }


def _kept(student_id: UUID, places: Sequence[Place]) -> dict[tuple[date, str, str], Origin]:
    """Of imports whose own record is cleared."""
    asked: Any = (
        select(MarkOrigin.day, MarkOrigin.slot, MarkOrigin.code, EvidenceImport)
        .join(EvidenceImport, EvidenceImport.id == MarkOrigin.import_id)
        .where(MarkOrigin.student_id == student_id, tuple_(MarkOrigin.day, MarkOrigin.slot).in_(places))
    )
    return {
        (day, slot, code): Origin(one.made_at, _by(one.system, one.made_by_id), one.sha256, None)
        for day, slot, code, one in db.session.execute(asked)
    }


def _by(system: str, account_id: UUID | None) -> str:
    if system:
        return f"asked of {system}"
    account = db.session.get(Account, account_id) if account_id else None
    return f"uploaded by {account.name}" if account else "uploaded"
