"""What was seen and approved becomes the register: codes first, then one school after another, each in one transaction.

Done again it writes nothing: each statement looks at what stands there.
"""

import time
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.core import audit, clock, directory
from app.core.db import UUID7, changed_rows, db
from app.core.tenancy import current_district_id
from app.register.actions import coding, comparing
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import VANISHED, MarkChange
from app.register.models.register_import import RegisterImport
from app.register.models.school_register import SchoolRegister


def apply(run: RegisterImport, until: float) -> None:
    """Go on with it until time is up or every school is done. Commits after each."""
    import_id = run.id
    if not run.codes_applied:
        used = db.session.scalars(
            select(MarkChange.code)
            .where(MarkChange.import_id == run.id, MarkChange.what != VANISHED)
            .distinct()
        )
        coding.propose(run, set(used))
        if run.takes_births:
            _take_births(run)
        run.codes_applied = True
        db.session.commit()
    while time.monotonic() < until:
        held = RegisterImport.locked(import_id)
        if held is None or held.state != "applying":
            return  # cancelled, or in other hands
        one = ImportSchool.next_of(import_id, asking=not held.applies_itself)
        if one is None:
            asks = held.applies_itself and ImportSchool.next_of(import_id) is not None
            held.state, held.applies_itself = ("ready" if asks else "done"), False
            return
        _apply_school(held, one)
        one.applied_at = clock.now()
        db.session.commit()


def rehearse(run: RegisterImport) -> dict[UUID, date]:
    """Write what it would change at all its schools, in this transaction, which is for the caller to roll back.

    No codes and no audit entry: what nobody has signed off counts for nothing, and nothing has happened. How far the
    register of each school would be in.
    """
    db.session.flush()
    alone()
    in_to = {}
    if run.takes_births:
        db.session.connection().execute(_BIRTHS, {"district": run.district_id, "run": run.id})
    for one in ImportSchool.of(run.id):
        _write(run, one)
        register = SchoolRegister.of_school(one.school_id) or SchoolRegister(school_id=one.school_id)
        if (last := _current_to(run, one, register)) is not None:
            in_to[one.school_id] = last
    return in_to


def _take_births(run: RegisterImport) -> None:
    """Dates of birth, of each student of whom the file tells one alone. The audit log tells of them in one entry."""
    here = {"district": run.district_id, "run": run.id}
    if taken := changed_rows(db.session.connection().execute(_BIRTHS, here)):
        audit.noted("imported", "students", run.id, births=taken)


def _apply_school(run: RegisterImport, one: ImportSchool) -> None:
    db.session.flush()
    alone()
    done = _write(run, one)
    register = SchoolRegister.of_school(one.school_id)
    if register is None:
        register = SchoolRegister(school_id=one.school_id)
        db.session.add(register)
    elif any(done.values()):
        register.changed_at = clock.now()
    current_to = _current_to(run, one, register)
    if current_to != register.current_to:
        register.current_to = current_to
    if run.is_window and one.rows and not RegisterImport.was_done(run.sha256, run.id):
        before = register.row_counts.get("a_day", []) if register.row_counts else []
        a_day = round(one.rows / comparing.weekdays(run), 3)
        register.row_counts = {"a_day": [*before, a_day][-comparing.FILES_REMEMBERED :]}
    if any(done.values()):
        audit.noted("imported", "attendance_marks", one.school_id, source=run.sha256, **done)
    db.session.flush()


def alone() -> None:
    """Until this transaction ends nobody else writes marks of the district, or rehearses an import of some."""
    lock = func.hashtextextended(f"marks of attendance {current_district_id()}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))


def _write(run: RegisterImport, one: ImportSchool) -> dict[str, int]:
    """What it changes at a school: how many rows, by what they are."""
    here = {"district": run.district_id, "run": run.id, "school": one.school_id, "now": clock.now()}
    connection = db.session.connection()
    return {
        what: changed_rows(connection.execute(statement, here)) for what, statement in _STATEMENTS.items()
    }


def _current_to(run: RegisterImport, one: ImportSchool, register: SchoolRegister) -> date | None:
    """The last day that a mark in the file is about, since what comes after may not have been handed in.

    Of changes in a file the day that was said with them. Never after today, and never back.
    """
    is_by_marks = run.is_window or run.connection_id is not None
    told = one.last_day if is_by_marks else run.last_day if one.rows else None
    if told is None:
        return register.current_to
    card = directory.district_by_id(current_district_id())
    told = min(told, clock.local(run.made_at, card.zone if card else "UTC").date())
    return max(told, register.current_to) if register.current_to else told


_BIRTHS: Final = text(
    """
    update students s set born = t.born from (
        select student_id, min(told ->> 'born')::date born
        from register_staged_rows where district_id = :district and import_id = :run and file = 'students'
        group by 1 having count(distinct told ->> 'born') = 1
    ) t
    where s.district_id = :district and s.id = t.student_id and s.born is distinct from t.born
    """
)

_TOLD: Final = """
    from register_staged_rows r
    where r.district_id = :district and r.import_id = :run and r.school_id = :school and not r.is_gone and r.file =
"""

_DAYS_GONE: Final = text(
    """
    delete from school_days d using register_staged_rows r
    where r.district_id = :district and r.import_id = :run and r.school_id = :school and r.file = 'calendar'
        and r.is_gone and d.district_id = :district and d.school_id = :school and d.track = r.told ->> 'track'
        and d.day = (r.told ->> 'day')::date
    """
)

_DAYS: Final = text(
    f"""
    insert into school_days as d (id, district_id, school_id, track, day, is_school_day, minutes, sessions, periods,
        note, changed_at)
    select {UUID7}, :district, :school, t.* from (
        select distinct on (r.told ->> 'track', r.told ->> 'day') r.told ->> 'track', (r.told ->> 'day')::date,
            r.told ->> 'is_school_day' = 'yes', coalesce(nullif(r.told ->> 'minutes', '')::smallint, 0::smallint),
            coalesce(nullif(r.told ->> 'sessions', '')::smallint, 2::smallint),
            coalesce(nullif(r.told ->> 'periods', '')::smallint, 0::smallint), coalesce(r.told ->> 'note', ''),
            cast(:now as timestamptz)
        {_TOLD} 'calendar'
        order by r.told ->> 'track', r.told ->> 'day', r.line desc
    ) t
    on conflict (district_id, school_id, track, day) do update set is_school_day = excluded.is_school_day,
        minutes = excluded.minutes, sessions = excluded.sessions, periods = excluded.periods, note = excluded.note,
        changed_at = excluded.changed_at
    where (d.is_school_day, d.minutes, d.sessions, d.periods, d.note)
        is distinct from (excluded.is_school_day, excluded.minutes, excluded.sessions, excluded.periods, excluded.note)
    """  # noqa: S608 - words of ours alone
)

_STRETCHES_GONE: Final = text(
    """
    delete from school_enrollments e using register_staged_rows r
    where r.district_id = :district and r.import_id = :run and r.school_id = :school and r.file = 'enrollments'
        and r.is_gone and e.district_id = :district and e.school_id = :school and e.student_id = r.student_id
        and e.entry = (r.told ->> 'entry')::date
    """
)

#: A stretch that overlaps one that the file tells, and that it tells no more, was told with another first day.
_CORRECTED: Final = text(
    f"""
    with told as (
        select r.student_id, (r.told ->> 'entry')::date entry, nullif(r.told ->> 'exit', '')::date as "exit"
        {_TOLD} 'enrollments'
    )
    delete from school_enrollments e using told t
    where e.district_id = :district and e.school_id = :school and e.student_id = t.student_id
        and e.entry <= coalesce(t.exit, 'infinity') and coalesce(e.exit, 'infinity') >= t.entry
        and not exists (select from told o where o.student_id = e.student_id and o.entry = e.entry)
    """  # noqa: S608 - words of ours alone
)

_ENROLLMENTS: Final = text(
    f"""
    insert into school_enrollments as e (id, district_id, school_id, student_id, entry, exit, track, exit_reason,
        is_primary, changed_at)
    select {UUID7}, :district, :school, t.* from (
        select distinct on (r.student_id, r.told ->> 'entry') r.student_id, (r.told ->> 'entry')::date,
            nullif(r.told ->> 'exit', '')::date, r.told ->> 'track', r.told ->> 'exit_reason',
            r.told ->> 'is_primary' = 'yes', cast(:now as timestamptz)
        {_TOLD} 'enrollments'
        order by r.student_id, r.told ->> 'entry', r.line desc
    ) t
    on conflict (district_id, student_id, school_id, entry) do update set exit = excluded.exit, track = excluded.track,
        exit_reason = excluded.exit_reason, is_primary = excluded.is_primary, changed_at = excluded.changed_at
    where (e.exit, e.track, e.exit_reason, e.is_primary)
        is distinct from (excluded.exit, excluded.track, excluded.exit_reason, excluded.is_primary)
    """  # noqa: S608 - words of ours alone
)

_GONE: Final = text(
    """
    delete from attendance_marks a using register_mark_changes c
    where c.district_id = :district and c.import_id = :run and c.school_id = :school and c.what = 'vanished'
        and a.district_id = :district and a.student_id = c.student_id and a.day = c.day and a.slot = c.slot
        and a.school_id = :school
    """
)

_MARKS: Final = text(
    """
    insert into attendance_marks as a (district_id, student_id, school_id, changed_at, day, minutes, slot, code, reason,
        record)
    select :district, c.student_id, :school, :now, c.day, c.minutes, c.slot, c.code, c.reason, c.record
    from register_mark_changes c
    where c.district_id = :district and c.import_id = :run and c.school_id = :school and c.what <> 'vanished'
    order by c.student_id, c.day, c.slot
    on conflict (district_id, student_id, day, slot) do update set school_id = excluded.school_id, code = excluded.code,
        minutes = excluded.minutes, reason = excluded.reason, record = excluded.record, changed_at = excluded.changed_at
    where (a.school_id, a.code, a.minutes, a.reason, a.record)
        is distinct from (excluded.school_id, excluded.code, excluded.minutes, excluded.reason, excluded.record)
    """
)
_STATEMENTS: Final = {
    "days_gone": _DAYS_GONE,
    "days": _DAYS,
    "enrollments_gone": _STRETCHES_GONE,
    "ended": _CORRECTED,
    "enrollments": _ENROLLMENTS,
    "gone": _GONE,
    "marks": _MARKS,
}
