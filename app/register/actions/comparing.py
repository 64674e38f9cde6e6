"""What was staged is held against itself, against the calendar, and against the register as it stands.

All of it in one transaction and by the whole: a million rows are a handful of statements. What is wrong is set aside
with its reason; what is as it was leaves no row; what is left is what would change.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.core.db import db
from app.register.actions import vanishing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import MarkChange
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from app.register.models.school_register import SchoolRegister

#: A school asks first if its absences fall by more than this share, and by this many at least.
MOST_FALLEN: Final = 0.30
FEWEST_FALLEN: Final = 10
#: Or if it has fewer marks a day than this share of the median of its last files, of which there must be some.
FEWEST_ROWS: Final = 0.5
FILES_BEFORE_IT_COUNTS: Final = 3
FILES_REMEMBERED: Final = 10
#: Kinds of codes that are no absence. One that nobody has said is taken for one: the guard is to ask too often.
THERE: Final = ("present", "tardy", "early_out", "suspended_in", "offsite_instruction", "not_expected")


def compare(run: RegisterImport, until: float) -> None:
    """Find what would change, and which schools ask first."""
    del until  # one transaction, some twenty seconds for a million rows
    connection = db.session.connection()
    connection.execute(_BY_HASH)
    here: dict[str, Any] = {"district": run.district_id, "run": run.id}
    here |= {"first": run.first_day, "last": run.last_day}
    if not run.is_window:
        connection.execute(_UPSERT_STANDS, here)
    connection.execute(_JUDGE_DOUBLES, here)
    vanishing.find_days(run, here)
    connection.execute(_NO_SCHOOL, here)
    schools = [row[0] for row in connection.execute(_SCHOOLS, here)]
    here |= {"schools": schools}
    connection.execute(_SECOND_SCHOOL, {**here, "replaced": schools if run.is_window else []})
    vanishing.find_stretches(run, here)
    connection.execute(_CHANGED, here)
    if not run.is_window:
        connection.execute(_SAID_TO_BE_GONE, here)
    elif run.has_unclear_rows:
        run.note(
            "Rows of which nobody can tell whose they are were set aside, so nothing is taken to be gone this time."
        )
    else:
        connection.execute(_VANISHED, here)
    _tell_of_schools(run, here)
    if run.takes_births:
        _tell_of_births(run, here)
    run.students = (
        db.session.scalar(select(func.count()).select_from(MarkChange.students_of(run.id).subquery())) or 0
    )
    aside = db.session.scalar(
        select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.import_id == run.id)
    )
    run.note(f"It was compared. Rows set aside: {aside:,}. Students touched: {run.students:,}.")
    run.state = "ready"
    db.session.connection().execute(_UNSTAGE, here)
    connection.execute(_AS_EVER)


def _tell_of_schools(run: RegisterImport, here: Mapping[str, Any]) -> None:
    codes = AttendanceCode.all()
    there = sorted(
        {one.code for one in codes if one.kind in THERE}
        - {one.code for one in codes if one.kind not in THERE}
    )
    found: dict[UUID, dict[str, Any]] = {}
    for statement in (
        _COUNT_ROWS,
        _COUNT_HERE,
        _COUNT_CHANGES,
        _COUNT_DAYS,
        _COUNT_ENROLLMENTS,
        _COUNT_VOIDED,
        vanishing.COUNT_DAYS,
        vanishing.COUNT_STRETCHES,
    ):
        if statement is _COUNT_HERE and not run.is_window:
            statement = _COUNT_BESIDE
        for row in db.session.connection().execute(statement, {**here, "there": there}).mappings():
            found.setdefault(row["school_id"], {}).update(row)
    registers = {one.school_id: one for one in SchoolRegister.by_school()}
    missing = [
        one.school.name for id, one in registers.items() if one.current_to and id not in here["schools"]
    ]
    if run.is_window and here["schools"] and missing:
        run.note(
            f"No marks of these schools are in the file, so theirs stay as they are: {', '.join(missing[:20])}."
        )
    for counts in found.values():
        of_here = [counts.pop(name, 0) for name in ("days_here", "enrollments_here")]
        one = ImportSchool(import_id=run.id, **counts)
        if run.is_window and one.rows:
            one.asks = _asks(run, one, registers.get(one.school_id))
        elif one.vanished and _loses_many(one):
            one.asks = "gone"
        one.asks = one.asks or vanishing.asks(one, *of_here)
        db.session.add(one)
    db.session.flush()


def _tell_of_births(run: RegisterImport, here: Mapping[str, Any]) -> None:
    new, other, unclear = db.session.connection().execute(_COUNT_BIRTHS, here).one()
    if new or other or unclear:
        run.note(
            f"Dates of birth: {new:,} that were not here, {other:,} that are others than here"
            + (f", and {unclear:,} students with two, of whom neither is taken." if unclear else ".")
        )


def _asks(run: RegisterImport, one: ImportSchool, register: SchoolRegister | None) -> str:
    fallen = (one.absences_before or 0) - (one.absences_after or 0)
    if fallen >= FEWEST_FALLEN and fallen > MOST_FALLEN * one.absences_before:
        return "absences"
    before: Sequence[float] = register.row_counts.get("a_day", []) if register else []
    if len(before) >= FILES_BEFORE_IT_COUNTS:
        usual = median(before)
        days = weekdays(run)
        if one.rows < FEWEST_ROWS * usual * days and usual * days - one.rows >= FEWEST_FALLEN:
            return "rows"
    return ""


def _loses_many(one: ImportSchool) -> bool:
    """Of changes: whether a large part of what is here of those days is said to be gone, and little comes instead."""
    lost = one.vanished - one.new
    return lost >= FEWEST_FALLEN and lost > MOST_FALLEN * (one.absences_before or 0)


def weekdays(run: RegisterImport) -> int:
    """Days from Monday to Friday in its window: by them the files of a night and of a year are compared."""
    assert run.first_day is not None
    assert run.last_day is not None
    days = (run.last_day - run.first_day).days + 1
    return max(1, sum((run.first_day + timedelta(days=one)).weekday() < 5 for one in range(days)))


_BY_HASH: Final = text(
    "select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true), "
    "set_config('work_mem', '128MB', true)"
)
_AS_EVER: Final = text("select set_config('enable_nestloop', 'on', true)")

#: Of changes: where a mark is taken away and put there anew, what is put there stands.
_UPSERT_STANDS: Final = text(
    """
    delete from register_staged_marks g using register_staged_marks u
    where g.district_id = :district and g.import_id = :run and g.is_gone
        and u.district_id = :district and u.import_id = :run and not u.is_gone
        and u.student_id = g.student_id and u.day = g.day and u.slot = g.slot
    """
)

#: Sets rows aside by their line and fault (`judged`), with what they say.
_ASIDE: Final = """
    gone as (
        delete from register_staged_marks m using judged j
        where m.district_id = :district and m.import_id = :run and m.line = j.line
        returning m.*, j.fault
    )
    insert into register_quarantine (district_id, import_id, file, line, fault, student_id, day, slot, told)
    select :district, :run, 'marks', g.line, g.fault, g.student_id, g.day, g.slot,
        jsonb_strip_nulls(jsonb_build_object('student', t.number, 'school', s.name, 'day', g.day, 'slot', g.slot,
            'code', g.code, 'minutes', g.minutes::text, 'reason', g.reason, 'record', g.record))
    from gone g
    left join students t on t.district_id = :district and t.id = g.student_id
    left join schools s on s.district_id = :district and s.id = g.school_id
"""

#: Stretches as they are here, or will be once this import is applied.
_STRETCHES: Final = """
    stretches as (
        select student_id, school_id, entry, exit from school_enrollments
        where district_id = :district and is_primary
        union
        select student_id, school_id, (told ->> 'entry')::date, nullif(told ->> 'exit', '')::date
        from register_staged_rows
        where district_id = :district and import_id = :run and file = 'enrollments' and not is_gone
            and told ->> 'is_primary' = 'yes'
    ),
    primaries as (
        select k.student_id, k.day, min(e.school_id::text)::uuid school_id
        from (select distinct student_id, day from keys) k
        join stretches e on e.student_id = k.student_id and e.entry <= k.day and (e.exit is null or e.exit >= k.day)
        group by 1, 2 having count(distinct e.school_id) = 1
    )
"""

_JUDGE_DOUBLES: Final = text(
    f"""
    with keys as (
        select student_id, day, slot from register_staged_marks
        where district_id = :district and import_id = :run and not is_gone
        group by 1, 2, 3 having count(*) > 1
    ),
    {_STRETCHES},
    rows as (
        select m.line, m.student_id, m.day, m.slot, m.school_id, m.code || ' ' || coalesce(m.minutes, -1) said
        from register_staged_marks m join keys using (student_id, day, slot)
        where m.district_id = :district and m.import_id = :run and not m.is_gone
    ),
    ranked as (
        select r.*, min(school_id::text) over k <> max(school_id::text) over k two_schools
        from rows r window k as (partition by student_id, day, slot)
    ),
    placed as (
        select r.*, r.two_schools and r.school_id is distinct from p.school_id elsewhere
        from ranked r left join primaries p on p.student_id = r.student_id and p.day = r.day
    ),
    faults as (
        select line, case
            when elsewhere then 'second_school'
            when min(said) over k <> max(said) over k then 'two_codes'
            when line <> min(line) over k then 'twice'
        end fault
        from placed window k as (partition by student_id, day, slot, elsewhere)
    ),
    judged as (select line, fault from faults where fault is not null),
    {_ASIDE}
    """  # noqa: S608 - words of ours alone
)

#: The calendar as it will be. A mark that is here already stays: its day was closed after it was noted.
_NO_SCHOOL: Final = text(
    f"""
    with told as (
        select distinct on (school_id, told ->> 'track', told ->> 'day') school_id, told ->> 'track' track,
            (told ->> 'day')::date as day, told ->> 'is_school_day' = 'yes' open
        from register_staged_rows
        where district_id = :district and import_id = :run and file = 'calendar' and not is_gone
        order by 1, 2, told ->> 'day', line desc
    ),
    days as (
        select school_id, day, bool_or(open) open from (
            select school_id, day, open from told
            union all
            select c.school_id, c.day, c.is_school_day from school_days c
            where c.district_id = :district and not exists (
                select from register_staged_rows r
                where r.district_id = :district and r.import_id = :run and r.file = 'calendar'
                    and r.school_id = c.school_id and r.told ->> 'track' = c.track and (r.told ->> 'day')::date = c.day)
        ) both_of_them group by 1, 2
    ),
    spans as (select school_id, min(day) first, max(day) last from days group by 1),
    pairs as (
        select distinct school_id, day from register_staged_marks
        where district_id = :district and import_id = :run and not is_gone
    ),
    shut as (
        select p.school_id, p.day from pairs p
        left join days d on d.school_id = p.school_id and d.day = p.day
        left join spans s on s.school_id = p.school_id
        where not coalesce(d.open, (p.day not between s.first and s.last) and extract(isodow from p.day) < 6,
            extract(isodow from p.day) < 6)
    ),
    judged as (
        select m.line, 'no_school_day' fault from register_staged_marks m
        join shut on shut.school_id = m.school_id and shut.day = m.day
        where m.district_id = :district and m.import_id = :run and not m.is_gone and not exists (
            select from attendance_marks a
            where a.district_id = :district and a.student_id = m.student_id and a.day = m.day and a.slot = m.slot)
    ),
    {_ASIDE}
    """  # noqa: S608 - words of ours alone
)

_SCHOOLS: Final = text(
    "select distinct school_id from register_staged_marks where district_id = :district and import_id = :run"
)

#: Another school's mark stands in that slot, which this file does not replace, and the student belongs there.
_SECOND_SCHOOL: Final = text(
    f"""
    with keys as (
        select m.line, m.student_id, m.day, a.school_id from register_staged_marks m
        join attendance_marks a on a.district_id = :district and a.student_id = m.student_id and a.day = m.day
            and a.slot = m.slot
        where m.district_id = :district and m.import_id = :run and not m.is_gone and a.school_id <> m.school_id
            and a.school_id <> all(cast(:replaced as uuid[]))
    ),
    {_STRETCHES},
    judged as (
        select k.line, 'second_school' fault from keys k
        join primaries p on p.student_id = k.student_id and p.day = k.day and p.school_id = k.school_id
    ),
    {_ASIDE}
    """  # noqa: S608 - words of ours alone
)

_CHANGED: Final = text(
    """
    insert into register_mark_changes (district_id, import_id, school_id, student_id, day, minutes, slot, what, code,
        was, reason, record)
    select :district, :run, m.school_id, m.student_id, m.day, m.minutes, m.slot,
        case when a.code is null then 'new' else 'changed' end, m.code, a.code, m.reason, m.record
    from register_staged_marks m
    left join attendance_marks a on a.district_id = :district and a.student_id = m.student_id and a.day = m.day
        and a.slot = m.slot
    where m.district_id = :district and m.import_id = :run and not m.is_gone
        and (a.code is null or (a.school_id, a.code, a.minutes, a.reason, a.record)
            is distinct from (m.school_id, m.code, m.minutes, m.reason, m.record))
    """
)

#: Where both say which record it was, another one that stands there now is not meant.
_SAID_TO_BE_GONE: Final = text(
    """
    insert into register_mark_changes (district_id, import_id, school_id, student_id, day, minutes, slot, what, code,
        reason, record)
    select distinct on (a.student_id, a.day, a.slot) :district, :run, a.school_id, a.student_id, a.day, a.minutes,
        a.slot, 'vanished', a.code, a.reason, a.record
    from register_staged_marks m
    join attendance_marks a on a.district_id = :district and a.student_id = m.student_id and a.day = m.day
        and a.slot = m.slot and a.school_id = m.school_id and (a.record = m.record) is not false
    where m.district_id = :district and m.import_id = :run and m.is_gone
    """
)

#: Not those that a row may be about that was set aside.
_VANISHED: Final = text(
    """
    insert into register_mark_changes (district_id, import_id, school_id, student_id, day, minutes, slot, what, code,
        reason, record)
    select :district, :run, a.school_id, a.student_id, a.day, a.minutes, a.slot, 'vanished', a.code, a.reason, a.record
    from attendance_marks a
    where a.district_id = :district and a.school_id = any(:schools) and a.day between :first and :last
        and not exists (
            select from register_staged_marks m
            where m.district_id = :district and m.import_id = :run and m.student_id = a.student_id and m.day = a.day
                and m.slot = a.slot)
        and not exists (
            select from register_quarantine q
            where q.district_id = :district and q.import_id = :run and q.file = 'marks' and q.student_id = a.student_id
                and (q.day is null or q.day = a.day) and (q.slot is null or q.slot = a.slot))
    """
)

_COUNT_ROWS: Final = text(
    """
    select school_id, count(*) rows, max(day) filter (where not is_gone) last_day,
        count(*) filter (where not is_gone and code <> all(cast(:there as text[]))) absences_after
    from register_staged_marks where district_id = :district and import_id = :run group by 1
    """
)
_COUNT_HERE: Final = text(
    """
    select school_id, count(*) filter (where code <> all(cast(:there as text[]))) absences_before
    from attendance_marks
    where district_id = :district and school_id = any(:schools) and day between :first and :last group by 1
    """
)
#: Of changes: marks that are here of the days of which some are taken away.
_COUNT_BESIDE: Final = text(
    """
    select c.school_id, count(a.code) absences_before
    from (
        select school_id, min(day) first, max(day) last from register_mark_changes
        where district_id = :district and import_id = :run and what = 'vanished' group by 1
    ) c
    join attendance_marks a on a.district_id = :district and a.school_id = c.school_id
        and a.day between c.first and c.last and a.code <> all(cast(:there as text[]))
    group by 1
    """
)
_COUNT_CHANGES: Final = text(
    """
    select school_id, count(*) filter (where what = 'new') "new", count(*) filter (where what = 'changed') changed,
        count(*) filter (where what = 'vanished') vanished, count(distinct student_id) students
    from register_mark_changes where district_id = :district and import_id = :run group by 1
    """
)
_COUNT_DAYS: Final = text(
    """
    select r.school_id, count(*) filter (where d.id is null
        or (d.is_school_day, d.minutes, d.sessions, d.periods, d.note) is distinct from
            (r.told ->> 'is_school_day' = 'yes', coalesce(nullif(r.told ->> 'minutes', '')::smallint, 0::smallint),
            coalesce(nullif(r.told ->> 'sessions', '')::smallint, 2::smallint),
            coalesce(nullif(r.told ->> 'periods', '')::smallint, 0::smallint), coalesce(r.told ->> 'note', ''))) days
    from register_staged_rows r
    left join school_days d on d.district_id = :district and d.school_id = r.school_id and d.track = r.told ->> 'track'
        and d.day = (r.told ->> 'day')::date
    where r.district_id = :district and r.import_id = :run and r.file = 'calendar' and not r.is_gone group by 1
    """
)
_COUNT_ENROLLMENTS: Final = text(
    """
    select r.school_id, count(*) filter (where e.id is null or (e.track, e.exit, e.exit_reason, e.is_primary)
        is distinct from (r.told ->> 'track', nullif(r.told ->> 'exit', '')::date, r.told ->> 'exit_reason',
            r.told ->> 'is_primary' = 'yes')) enrollments
    from register_staged_rows r
    left join school_enrollments e on e.district_id = :district and e.student_id = r.student_id
        and e.school_id = r.school_id and e.entry = (r.told ->> 'entry')::date
    where r.district_id = :district and r.import_id = :run and r.file = 'enrollments' and not r.is_gone group by 1
    """
)
_COUNT_VOIDED: Final = text(
    """
    select r.school_id, count(a.code) voided
    from (
        select distinct r.school_id, (r.told ->> 'day')::date as day from register_staged_rows r
        join school_days d on d.district_id = :district and d.school_id = r.school_id and d.track = r.told ->> 'track'
            and d.day = (r.told ->> 'day')::date and d.is_school_day
        where r.district_id = :district and r.import_id = :run and r.file = 'calendar'
            and (r.is_gone or r.told ->> 'is_school_day' = 'no')
    ) r
    join attendance_marks a on a.district_id = :district and a.school_id = r.school_id and a.day = r.day
    group by 1
    """
)
_COUNT_BIRTHS: Final = text(
    """
    select count(*) filter (where dates = 1 and s.born is null),
        count(*) filter (where dates = 1 and s.born <> t.born), count(*) filter (where dates > 1)
    from (
        select student_id, min(told ->> 'born')::date born, count(distinct told ->> 'born') dates
        from register_staged_rows where district_id = :district and import_id = :run and file = 'students' group by 1
    ) t
    join students s on s.district_id = :district and s.id = t.student_id
    """
)
_UNSTAGE: Final = text("delete from register_staged_marks where district_id = :district and import_id = :run")
