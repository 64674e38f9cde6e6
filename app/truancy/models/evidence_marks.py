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
from app.notices.actions.lettering import day_in_words
from app.register.models.attendance_code import FLAGS, KINDS, UNEXCUSED, AttendanceCode
from app.register.models.attendance_mark import DAY, AttendanceMark
from app.register.models.counting import meaning_of
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.reason_not_given import ReasonNotGiven
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
    #: Since when it counted as unexcused, where that was for want of a reason; "" where it was not.
    not_given: str
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
    not_given = ReasonNotGiven.of_student(firing.student_id, (day for day, _ in places))
    for number, (place, (_, _, code, minutes, *since)) in enumerate(
        zip(places, firing.marks, strict=True), 1
    ):
        held = now.get(place)
        said = meaning_of(codes, code, place[0], held.school_id if held else None)
        lapsed = date.fromisoformat(since[0]) if since else None
        line = not_given.get((*place, lapsed)) if lapsed else None
        changed = _changed(held, code, minutes, lapsed, codes)
        found.append(
            EvidenceMark(
                day=place[0],
                slot=place[1],
                code=code,
                minutes=minutes,
                description=said.description if said else "",
                meaning=in_words(said, lapsed),
                not_given=for_want_of_a_reason(line) if line else "",
                school=names.get(held.school_id, "") if held else "",
                known_since=held.changed_at if held and not changed else None,
                came_from=origins.get((*place, held.code)) if held else None,
                is_trigger=number == len(places),
                changed=changed,
                changed_at=held.changed_at if held and changed else None,
            )
        )
    return found


def in_words(meaning: AttendanceCode | None, unexcused_since: date | None = None) -> str:
    """What a mark counts as: "Absent, unexcused"; and since when, where that is for want of a reason."""
    if meaning is None:
        return "Nobody has signed off what it means"
    said = meaning.excuse_of(unexcused_since)
    excuse = regional_words().excuses[said].lower() if said else ""
    return ", ".join(
        filter(None, [KINDS[meaning.kind], excuse, *(FLAGS[one].lower() for one in meaning.flags)])
    )


def for_want_of_a_reason(not_given: ReasonNotGiven) -> str:
    """As a line under a mark: "No reason given within 5 school days: counted as unexcused from March 12, 2026"."""
    days, unexcused = not_given.school_days, regional_words().excuses[UNEXCUSED].lower()
    return (
        f"No reason given within {days} school {'day' if days == 1 else 'days'}: counted as {unexcused} from "
        f"{day_in_words(not_given.since)}"
    )


def slot_in_words(slot: str) -> str:
    """As the office says it: "All day", "Morning", "Lesson 3"."""
    return {DAY: "All day", "AM": "Morning", "PM": "Afternoon"}.get(slot, f"Lesson {slot[1:]}")


def _changed(
    held: AttendanceMark | None,
    code: str,
    minutes: int | None,
    lapsed: date | None,
    codes: Sequence[AttendanceCode],
) -> str:
    if held is None:
        return NO_LONGER_THERE
    if held.code != code:
        said = meaning_of(codes, held.code, held.day, held.school_id)
        return f"Now {held.code}: {in_words(said, held.unexcused_since).lower()}"
    if held.minutes != minutes:
        return f"Now {held.minutes if held.minutes is not None else 'an unknown number of'} minutes"
    if held.unexcused_since != lapsed:
        said = meaning_of(codes, held.code, held.day, held.school_id)
        return f"Now {in_words(said, held.unexcused_since).lower()}"
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
