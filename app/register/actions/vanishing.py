"""Days of a calendar and stretches of students that their source has no more: found, counted, and guarded.

Nothing is gone by an answer that may be a part of one. A calendar takes a day away between its own first and last day,
and a list of stretches one that lasts into the window; neither where a row was set aside that may be it, nor where the
same answer has marks of that day, or of that student. Among changes, and in a file without marks, a row says so itself
(`op`).
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from app.core.db import db
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport

#: A school asks first if it is to lose more than this share of its stretches, and so many at least.
MOST_GONE: Final = 0.05
FEWEST_GONE: Final = 3
#: And if it is to lose more days than these, or more than that share of those of which the calendar tells.
MOST_DAYS_GONE: Final = 2


def find_days(run: RegisterImport, here: Mapping[str, Any]) -> None:
    """Which days are gone, before marks are held against the calendar."""
    connection = db.session.connection()
    connection.execute(_DAYS_THAT_ARE_NONE, here)
    if run.is_window and not run.has_unclear_rows:
        connection.execute(_DAYS, here)


def find_stretches(run: RegisterImport, here: Mapping[str, Any]) -> None:
    """Which stretches are gone, once it is known which marks are left: whoever has one is there."""
    connection = db.session.connection()
    connection.execute(_STRETCHES_THAT_ARE_NONE, here)
    if run.is_window and not run.has_unclear_rows:
        connection.execute(_STRETCHES, here)


def asks(one: ImportSchool, days_here: int, enrollments_here: int) -> str:
    """Why a school asks before it loses days or stretches: a word of ASKS, or ""."""
    days, stretches = one.days_gone or 0, one.enrollments_gone or 0
    if days > MOST_DAYS_GONE or days > MOST_GONE * days_here:
        return "days"
    return "enrollments" if stretches >= FEWEST_GONE and stretches > MOST_GONE * enrollments_here else ""


#: Said to be gone, and told besides, or told twice, or not here at all.
_DAYS_THAT_ARE_NONE: Final = text(
    """
    delete from register_staged_rows g
    where g.district_id = :district and g.import_id = :run and g.file = 'calendar' and g.is_gone and (
        exists (
            select from register_staged_rows o
            where o.district_id = :district and o.import_id = :run and o.file = 'calendar'
                and o.school_id = g.school_id and o.told ->> 'track' = g.told ->> 'track'
                and o.told ->> 'day' = g.told ->> 'day' and (not o.is_gone or o.line < g.line))
        or not exists (
            select from school_days d where d.district_id = :district and d.school_id = g.school_id
                and d.track = g.told ->> 'track' and d.day = (g.told ->> 'day')::date))
    """
)
_STRETCHES_THAT_ARE_NONE: Final = text(
    """
    delete from register_staged_rows g
    where g.district_id = :district and g.import_id = :run and g.file = 'enrollments' and g.is_gone and (
        exists (
            select from register_staged_rows o
            where o.district_id = :district and o.import_id = :run and o.file = 'enrollments'
                and o.school_id = g.school_id and o.student_id = g.student_id
                and o.told ->> 'entry' = g.told ->> 'entry' and (not o.is_gone or o.line < g.line))
        or not exists (
            select from school_enrollments e where e.district_id = :district and e.school_id = g.school_id
                and e.student_id = g.student_id and e.entry = (g.told ->> 'entry')::date))
    """
)

#: No row of a file has a line below nought. What a row may be about that was set aside is not gone.
_DAYS: Final = text(
    """
    with told as (
        select school_id, told ->> 'track' track, (told ->> 'day')::date as day from register_staged_rows
        where district_id = :district and import_id = :run and file = 'calendar'
    ),
    spans as (
        select school_id, track, greatest(min(day), cast(:first as date)) first, max(day) last from told group by 1, 2
    )
    insert into register_staged_rows (district_id, import_id, file, line, school_id, told, is_gone)
    select :district, :run, 'calendar', -row_number() over (order by d.school_id, d.day, d.track), d.school_id,
        jsonb_build_object('track', d.track, 'day', d.day), true
    from school_days d
    join spans s on s.school_id = d.school_id and s.track = d.track and d.day between s.first and s.last
    where d.district_id = :district and d.is_school_day and cast(:first as date) is not null
        and not exists (
            select from told t where t.school_id = d.school_id and t.track = d.track and t.day = d.day)
        and not exists (
            select from register_staged_marks m
            where m.district_id = :district and m.import_id = :run and m.school_id = d.school_id and m.day = d.day
                and not m.is_gone)
        and not exists (
            select from register_quarantine q
            where q.district_id = :district and q.import_id = :run and q.file = 'calendar')
    """
)
_STRETCHES: Final = text(
    """
    with told as materialized (
        select school_id, student_id, (told ->> 'entry')::date entry, nullif(told ->> 'exit', '')::date as "exit"
        from register_staged_rows
        where district_id = :district and import_id = :run and file = 'enrollments'
    ),
    firsts as (select school_id, min(entry) first from told group by 1)
    insert into register_staged_rows (district_id, import_id, file, line, school_id, student_id, told, is_gone)
    select :district, :run, 'enrollments', -row_number() over (order by e.school_id, e.student_id, e.entry),
        e.school_id, e.student_id, jsonb_build_object('entry', e.entry, 'exit', coalesce(e.exit::text, '')), true
    from school_enrollments e
    join firsts f on f.school_id = e.school_id and e.entry >= f.first
    where e.district_id = :district and e.entry <= cast(:last as date)
        and coalesce(e.exit, 'infinity') >= cast(:first as date)
        and not exists (
            select from told t where t.school_id = e.school_id and t.student_id = e.student_id
                and t.entry <= coalesce(e.exit, 'infinity') and coalesce(t.exit, 'infinity') >= e.entry)
        and not exists (
            select from register_staged_marks m
            where m.district_id = :district and m.import_id = :run and m.school_id = e.school_id
                and m.student_id = e.student_id and not m.is_gone and m.day >= e.entry
                and m.day <= coalesce(e.exit, 'infinity'))
        and not exists (
            select from register_quarantine q
            where q.district_id = :district and q.import_id = :run and q.file = 'enrollments'
                and (q.student_id = e.student_id or q.fault in ('short_row', 'no_student', 'unknown_school')))
    """
)

#: By school how many are gone, and of how many that are here.
COUNT_DAYS: Final = text(
    """
    select g.school_id, g.days_gone, (
        select count(*) from school_days d
        where d.district_id = :district and d.school_id = g.school_id and d.is_school_day
            and d.day between coalesce(cast(:first as date), g.first) and g.last
    ) days_here
    from (
        select school_id, count(*) filter (where is_gone) days_gone, min((told ->> 'day')::date) first,
            max((told ->> 'day')::date) last
        from register_staged_rows
        where district_id = :district and import_id = :run and file = 'calendar' group by 1
        having count(*) filter (where is_gone) > 0
    ) g
    """
)
COUNT_STRETCHES: Final = text(
    """
    select g.school_id, g.enrollments_gone, (
        select count(*) from school_enrollments e
        where e.district_id = :district and e.school_id = g.school_id
            and coalesce(e.exit, 'infinity') >= coalesce(cast(:first as date), g.first)
    ) enrollments_here
    from (
        select school_id, count(*) enrollments_gone, min((told ->> 'entry')::date) first from register_staged_rows
        where district_id = :district and import_id = :run and file = 'enrollments' and is_gone group by 1
    ) g
    """
)
