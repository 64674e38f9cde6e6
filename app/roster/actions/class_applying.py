"""Classes are applied, once everybody is there: each batch by a few statements, and all of it again if it broke off.

A new class takes the id of the row that told of it. What ends is dated and not deleted: who was in which class when is
what attendance is asked about.
"""

from typing import Any, Final

from sqlalchemy import text

from app.core import audit
from app.core.db import changed_rows, db, uuid7
from app.roster.actions import counting_anew
from app.roster.actions.class_comparing import asked_of, sql
from app.roster.actions.comparing import ABSENCES
from app.roster.actions.counting_anew import AS_THEY_ARE
from app.roster.models.enrollment import Enrollment
from app.roster.models.roster_import import RosterImport
from app.roster.models.school_class import SchoolClass

#: Classes. With all that is in them they fit into what a question may hold in memory.
BATCH: Final = 800


def apply(run: RosterImport, *, may_end: bool) -> bool:
    """One batch; False once there is none. `may_end`: what would end, or begins to be missing, does."""
    after, upto = run.classes_applied, min(run.classes_applied + BATCH, run.classes_staged)
    if after == upto:
        return False
    asked = asked_of(run, after, upto) | {
        "may_end": may_end,
        "absences": ABSENCES,
        # How every id of this batch begins: the moment, and that it is a UUID of version 7.
        "moment": str(uuid7())[:15],
    }
    connection = db.session.connection()
    connection.execute(AS_THEY_ARE)
    are_new, are_known, are_gone = connection.execute(_WHAT_THERE_IS, asked).one()
    if are_new:
        classes, enrollments, _ = connection.execute(_ADD_NEW, asked).one()
        _tell(run, "loaded", SchoolClass, classes)
        _tell(run, "loaded", Enrollment, enrollments)
    if are_known:
        _change(run, asked, may_end=may_end)
    if are_gone and may_end:
        connection.execute(_MISS_CLASSES, asked)
    # Of each about twenty enrollments come along.
    counting_anew.grew(after * 20, upto * 20)
    run.classes_applied = upto
    return True


def _change(run: RosterImport, asked: dict[str, Any], *, may_end: bool) -> None:
    """What is said anew of classes that are here, and of who is in them."""
    connection = db.session.connection()
    connection.execute(AS_THEY_ARE)
    _tell(run, "loaded", Enrollment, connection.execute(_ENROLL, asked).one()[0])
    connection.execute(AS_THEY_ARE)
    _tell(run, "changed", SchoolClass, changed_rows(connection.execute(_CHANGE, asked)))
    _tell(run, "changed", Enrollment, changed_rows(connection.execute(_ALTER, asked)))
    if may_end:
        _tell(run, "ended", SchoolClass, changed_rows(connection.execute(_END, asked)))
        _tell(run, "ended", Enrollment, changed_rows(connection.execute(_LEAVE, asked)))
        connection.execute(_MISS_ENROLLMENTS, asked)
    connection.execute(_NOTE_DOWN, asked)


def _tell(run: RosterImport, did: str, model: type[SchoolClass | Enrollment], count: int) -> None:
    if count:
        audit.noted(did, model.__tablename__, rows=count, source=f"roster import {run.id}")


_WHAT_THERE_IS: Final = text(
    """
    select coalesce(bool_or(verdict = 'new'), false),
        coalesce(bool_or(what = 'class' and rule is null and verdict <> 'new'), false),
        coalesce(bool_or(what = 'gone'), false)
    from roster_import_classes
    where import_id = :import and position > :after and position <= :upto
    """
)

#: The classes and their enrollments together: the keys between them are looked at when both are there.
_ADD_NEW: Final = sql(
    """
    with $staged, $met, strangers as (
        select staged_id, jsonb_agg(distinct person_key) as keys from met
        where person_id is null and not is_gone group by staged_id
    ), added as (
        insert into classes (
            id, district_id, source_id, key, title, code, kind, school_id, course, periods, begins_on, ends_on,
            waits_for, digest, made_at
        )
        select id, :district, :source, key, title, code, kind, school_there, course, periods, begins_on, ends_on,
            coalesce(strangers.keys, '[]'), digest, :now
        from staged left join strangers on strangers.staged_id = staged.id
        where verdict = 'new' and school_there is not null
        returning id
    ), enrolled as (
        insert into enrollments (id, district_id, class_id, person_id, key, role, is_primary, begins_on, ends_on)
        select $an_id, :district, staged_id, person_id, key, role, is_primary, begins_on, ends_on
        from met where person_id is not null and not is_gone
        returning id
    )
    select (select count(*) from added), (select count(*) from enrolled), $keys_by_one_plan
    """,
    so="staged.verdict = 'new' and staged.school_there is not null",
)

_CHANGE: Final = sql(
    """
    with $staged
    update classes set title = staged.title, code = staged.code, kind = staged.kind,
        school_id = coalesce(staged.school_there, classes.school_id), course = staged.course,
        periods = staged.periods, begins_on = staged.begins_on, ends_on = staged.ends_on, absences = 0,
        ended_at = null
    from staged
    where classes.id = staged.known_id and staged.is_told
        and (staged.verdict = 'returns' or staged.verdict = 'changed' and staged.changes <> '[]')
    """
)

_ENROLL: Final = sql(
    """
    with $staged, $met, enrolled as (
        insert into enrollments (id, district_id, class_id, person_id, key, role, is_primary, begins_on, ends_on)
        select $an_id, :district, met.known_id, met.person_id, met.key, met.role, met.is_primary, met.begins_on,
            met.ends_on
        from met $held
        where met.person_id is not null and not met.is_gone and held.id is null
        returning id
    )
    select (select count(*) from enrolled), $keys_by_one_plan
    """,
    so="staged.known_id is not null and staged.verdict <> 'new' and staged.enrolled > 0",
)

_ALTER: Final = sql(
    """
    with $staged, $met, altered as (
        select held.id, met.person_id, met.role, met.is_primary, met.begins_on, met.ends_on
        from met $held
        where met.person_id is not null and not met.is_gone and held.id is not null and ($is_altered)
    )
    update enrollments set person_id = altered.person_id, role = altered.role, is_primary = altered.is_primary,
        begins_on = altered.begins_on, ends_on = altered.ends_on, absences = 0, ended_at = null
    from altered where enrollments.id = altered.id
    """,
    so="staged.altered > 0",
)

#: Said to be over.
_END: Final = sql(
    """
    with $staged
    update classes set ended_at = :now from staged where classes.id = staged.known_id and staged.verdict = 'ends'
    """
)
_LEAVE: Final = sql(
    """
    with $staged, $met
    update enrollments set ended_at = :now from met
    where met.is_gone and enrollments.class_id = met.known_id and enrollments.key = met.key
        and enrollments.ended_at is null
    """,
    so="staged.ending > 0",
)

#: Not in the source any more: what is missing for the second time ends.
_MISS_CLASSES: Final = sql(
    """
    update classes set absences = classes.absences + 1,
        ended_at = case when classes.absences + 1 >= :absences then cast(:now as timestamptz) end
    from roster_import_classes staged
    where staged.import_id = :import and staged.position > :after and staged.position <= :upto
        and (staged.what = 'gone') is true and classes.id = staged.class_id and classes.ended_at is null
    """
)
_MISS_ENROLLMENTS: Final = sql(
    """
    with $staged
    update enrollments enrolled set absences = enrolled.absences + 1,
        ended_at = case when enrolled.absences + 1 >= :absences then cast(:now as timestamptz) end
    from staged
    where :counts_absence and staged.is_whole and staged.active and staged.first_missing + staged.ending > 0
        and enrolled.class_id = staged.known_id and $is_missing
    """
)

#: What the source said, as a code: only where nothing is left to be done for it.
_NOTE_DOWN: Final = sql(
    """
    with $staged, $met, strangers as (
        select staged_id, jsonb_agg(distinct person_key) as keys from met
        where person_id is null and not is_gone group by staged_id
    ), noted as (
        select staged.known_id as id,
            case when staged.is_whole then coalesce(strangers.keys, '[]') else (
                select coalesce(jsonb_agg(distinct one), '[]')
                from jsonb_array_elements(known.waits_for || coalesce(strangers.keys, '[]')) as one
            ) end as waits_for,
            case when exists (
                select from enrollments enrolled
                where enrolled.class_id = staged.known_id and $goes_on and (
                    staged.is_whole and $is_missing or staged.roll -> enrolled.key ->> 5 <> ''
                )
            ) then '' else staged.digest end as digest
        from staged join classes known on known.id = staged.known_id
        left join strangers on strangers.staged_id = staged.id
        where staged.verdict in ('changed', 'returns', 'same') and staged.active and known.digest <> staged.digest
    )
    update classes set waits_for = noted.waits_for, digest = noted.digest
    from noted
    where classes.id = noted.id and (classes.waits_for, classes.digest) is distinct from (noted.waits_for, noted.digest)
    """,
    so="staged.verdict in ('changed', 'returns', 'same')",
)
