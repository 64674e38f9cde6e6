"""What codes mean: proposed by a file or a form, signed off by a named person, and never changed in silence."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.register.models.attendance_code import AWAY, UNKNOWN, AttendanceCode, Meaning
from app.register.models.register_import import RegisterImport
from app.register.models.school_register import SchoolRegister
from app.register.models.staged_row import StagedRow
from app.roster.actions.refused import Refused


def propose(run: RegisterImport, used: Collection[str]) -> None:
    """What the file says of its codes, and those that its marks use and of which nobody ever said anything."""
    rows = select(StagedRow).where(StagedRow.import_id == run.id, StagedRow.file == "codes")
    told = {
        (row.school_id, row.told["code"]): _told(row.told)
        for row in db.session.scalars(rows.order_by(StagedRow.line))
    }
    known = AttendanceCode.all()
    for (school_id, code), meaning in told.items():
        theirs = [one for one in known if one.code == code and one.school_id == school_id]
        if not any(one.counts and _says(one, meaning) for one in theirs):
            meaning = replace(meaning, unexcused_after=_time_to_justify(theirs, meaning))
            _put_proposal(next((one for one in theirs if not one.counts), None), school_id, code, meaning)
    db.session.flush()
    unknown = sorted(set(used) - set(db.session.scalars(select(AttendanceCode.code))))
    for code in unknown:
        db.session.add(AttendanceCode(code=code))
    if unknown:
        run.note(
            f"Nobody has said yet what these codes mean: {', '.join(unknown[:20])}. Marks with them are here and count "
            "for nothing until somebody signs off what they mean."
        )
    db.session.flush()


def sign_off(code: AttendanceCode, meaning: Meaning, *, by: Actor) -> AttendanceCode:
    """Vouch for a meaning, from the first day on which it holds. Raises Refused.

    A meaning that was signed off before, of the same code and school, ends the day before.
    """
    if code.counts:
        raise Refused("This was signed off already. Say another meaning from a day on.")
    if not meaning.kind:
        raise Refused("Say what the code means before you sign it off.")
    if meaning.kind in AWAY and not meaning.excuse:
        raise Refused("Say whether it is excused, unexcused, or the reason is not known.")
    if meaning.unexcused_after and meaning.excuse != UNKNOWN:
        raise Refused(
            "Days for a reason are given only where the reason is not known. Leave them empty, or choose “Reason not "
            "known”."
        )
    if meaning.valid_from and meaning.valid_to and meaning.valid_from > meaning.valid_to:
        raise Refused("The first day is after the last one.")
    for one in AttendanceCode.counting():
        if one.code == code.code and one.school_id == code.school_id and _overlap(one, meaning):
            if meaning.valid_from is None or (one.valid_from and one.valid_from >= meaning.valid_from):
                raise Refused(
                    "Another meaning of this code holds in that time already. Say from which day on the new one holds."
                )
            if one.valid_to is None or one.valid_to >= meaning.valid_from:
                one.valid_to = meaning.valid_from - timedelta(days=1)
    _put(code, meaning)
    code.signed_off_by_id, code.signed_off_by, code.signed_off_at = by.id, by.name, clock.now()
    db.session.flush()
    _counts_changed(code.school_id)
    return code


def say_anew(code: AttendanceCode) -> AttendanceCode:
    """A proposal beside what is signed off, to be signed off itself: the one that there is, or a new one."""
    waiting = next(
        (
            one
            for one in AttendanceCode.waiting()
            if one.code == code.code and one.school_id == code.school_id
        ),
        None,
    )
    if waiting is not None:
        return waiting
    made = AttendanceCode(
        code=code.code,
        school_id=code.school_id,
        description=code.description,
        kind=code.kind,
        excuse=code.excuse,
        flags=list(code.flags),
        unexcused_after=code.unexcused_after,
    )
    db.session.add(made)
    db.session.flush()
    return made


def _told(told: dict[str, Any]) -> Meaning:
    first, last = (
        date.fromisoformat(told[name]) if told.get(name) else None for name in ("valid_from", "valid_to")
    )
    return Meaning(
        kind=told.get("kind", ""),
        excuse=told.get("excuse", ""),
        flags=[one for one in told.get("flags", "").split(";") if one],
        description=told.get("description", "")[:120],
        valid_from=first,
        valid_to=last,
    )


def _says(one: AttendanceCode, meaning: Meaning) -> bool:
    """True if what is signed off says the same, as far as the file says anything."""
    if not meaning.kind:
        return True
    says = one.kind, one.excuse, tuple(sorted(one.flags))
    same_days = (meaning.valid_from in (None, one.valid_from)) and (meaning.valid_to in (None, one.valid_to))
    return says == meaning.words and same_days


def _time_to_justify(theirs: Sequence[AttendanceCode], meaning: Meaning) -> int | None:
    """How many days are given for a reason: no file says it, so what is proposed keeps what was signed off last."""
    counting = sorted((one for one in theirs if one.counts), key=lambda one: one.valid_from or date.min)
    return counting[-1].unexcused_after if counting and meaning.excuse == UNKNOWN else None


def _put_proposal(
    waiting: AttendanceCode | None, school_id: UUID | None, code: str, meaning: Meaning
) -> None:
    if waiting is None:
        waiting = AttendanceCode(code=code, school_id=school_id)
        db.session.add(waiting)
    elif not meaning.kind:
        return  # somebody may have begun to say it here
    _put(waiting, meaning)


def _put(code: AttendanceCode, meaning: Meaning) -> None:
    for name in ("kind", "excuse", "description", "valid_from", "valid_to", "unexcused_after"):
        if getattr(code, name) != getattr(meaning, name):
            setattr(code, name, getattr(meaning, name))
    if list(code.flags or ()) != sorted(meaning.flags):
        code.flags = sorted(meaning.flags)


def _overlap(one: AttendanceCode, meaning: Meaning) -> bool:
    return (one.valid_from is None or meaning.valid_to is None or one.valid_from <= meaning.valid_to) and (
        one.valid_to is None or meaning.valid_from is None or one.valid_to >= meaning.valid_from
    )


def _counts_changed(school_id: UUID | None) -> None:
    """Whoever counts looks at these schools anew."""
    for register in SchoolRegister.by_school():
        if school_id in (None, register.school_id):
            register.changed_at = clock.now()
    db.session.flush()
