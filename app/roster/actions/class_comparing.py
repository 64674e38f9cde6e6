"""What staged classes mean, decided for thousands of them by one question; and what would end.

A class is known again by its id, and within it an enrollment by its own. Who is enrolled is whomever the source means
by that id: whoever is not here is counted, and enrolled as soon as they are.
"""

from string import Template
from typing import Any, Final

from sqlalchemy import TextClause, text

from app.core import clock, directory
from app.core.db import changed_rows, db
from app.core.tenancy import current_district_id
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.models.import_class import OF_ENROLLMENTS, VERDICTS, ImportClass
from app.roster.models.roster_import import RosterImport

#: Classes. With all that is in them they fit into what a question may hold in memory.
BATCH: Final = 800


def compare(run: RosterImport) -> bool:
    """One batch; False once there is none."""
    after, upto = run.classes_compared, min(run.classes_compared + BATCH, run.classes_staged)
    if after == upto:
        return False
    decide(run, after, upto)
    run.classes_compared = upto
    return True


def decide(run: RosterImport, after: int, upto: int) -> None:
    """Give each of these its verdict, and say what becomes of how many of its enrollments."""
    db.session.flush()
    with planned_as_they_are():
        db.session.connection().execute(_DECIDE, asked_of(run, after, upto))


def find_the_missing(run: RosterImport) -> None:
    """Stage a row for each class of this source that a whole reading did not have, unless it is over by its days."""
    if not run.has_all_classes:
        return
    db.session.flush()
    asked = asked_of(run, run.classes_staged, run.classes_staged)
    run.classes_staged += changed_rows(db.session.connection().execute(_STAGE_THE_MISSING, asked))
    run.classes_compared = run.classes_staged


def asked_of(run: RosterImport, after: int, upto: int) -> dict[str, Any]:
    """What every statement about some staged classes is asked with."""
    card = directory.district_by_id(current_district_id())
    return {
        "district": current_district_id(),
        "import": run.id,
        "source": run.source_id,
        "after": after,
        "upto": upto,
        "now": clock.now(),
        "today": clock.local(clock.now(), card.zone if card else "UTC").date(),
        "counts_absence": run.has_all_classes,
        "students": run.takes_families,
    }


def is_there_anything(run: RosterImport) -> bool:
    """True if applying it would change a class or an enrollment."""
    if set(ImportClass.counts(run.id)) - {"same", "left_out"}:
        return True
    told = ImportClass.counts_of_enrollments(run.id)
    return any(count for name, count in told.items() if name not in ("of_strangers", "classless"))


def in_words(run: RosterImport) -> str:
    """What would become of classes and enrollments, for the log; "" if the file tells of none."""
    classes, enrollments = ImportClass.counts(run.id), ImportClass.counts_of_enrollments(run.id)
    same = {name: int(count) for name, count in run.classes_unchanged.items()}
    classes["same"] = classes.get("same", 0) + same.get("classes", 0)
    told = [f"{VERDICTS[name].lower()}: {classes[name]:,}" for name in VERDICTS if classes.get(name)]
    of_them = [f"{OF_ENROLLMENTS[name].lower()}: {count:,}" for name, count in enrollments.items() if count]
    if same.get("enrollments"):
        of_them.append(f"unchanged: {same['enrollments']:,}")
    if not told:
        return ""
    return f"Of classes {', '.join(told)}. Of enrollments {', '.join(of_them) or 'nothing'}."


def guarded(run: RosterImport, part: float, many: int) -> list[dict[str, Any]]:
    """Schools of which more than that part, or that many, of the classes or of the enrollments would end."""
    connection = db.session.connection()
    return [
        {"group": f"{what} of {name}", "gone": gone, "of": count, "what": "classes"}
        for what, asked in _GUARDED.items()
        for name, gone, count in connection.execute(asked, asked_of(run, 0, 0))
        if gone > many or gone > part * count
    ]


#: An enrollment that holds, or will: neither it nor its class is over.
GOES_ON: Final = "enrolled.ended_at is null and (enrolled.ends_on is null or enrolled.ends_on >= :today)"
_CLASS_GOES_ON: Final = "known.ended_at is null and (known.ends_on is null or known.ends_on >= :today)"

#: "is true" leaves the index of their places as the only one that helps.
#: Staged classes with the class that is known by their id, and where the source's school is.
STAGED: Final = """
    staged as materialized (
        select staged.*, known.id as known_id, school.school_id as school_there
        from roster_import_classes staged
        left join lateral (
            select id from classes where source_id = :source and key = staged.key limit 1
        ) known on true
        left join lateral (
            select school_id from source_schools where source_id = :source and key = staged.school_key limit 1
        ) school on true
        where staged.import_id = :import and staged.position > :after and staged.position <= :upto
            and (staged.what = 'class' and staged.rule is null) is true
    )
"""

#: Their enrollments, and whom each is about. One who is neither student nor staff as it says is nobody.
MET: Final = """
    told as materialized (
        select staged.id as staged_id, staged.known_id, one.key, one.value ->> 0 as person_key,
            one.value ->> 1 as role, one.value ->> 2 <> '' as is_primary,
            nullif(one.value ->> 3, '')::date as begins_on, nullif(one.value ->> 4, '')::date as ends_on,
            one.value ->> 5 <> '' as is_gone
        from staged cross join lateral jsonb_each(staged.roll) as one
        where staged.active and $so
    ), met as materialized (
        select told.*, known.person_id
        from told
        left join lateral (
            select person_id from source_people
            where source_id = :source and key = told.person_key
                and case when told.role = 'student' then role = 'student'
                    else role not in ('student', 'guardian', 'parent', 'relative') end
            limit 1
        ) known on true
    )
"""

#: What an enrollment was, in the class that is known.
HELD: Final = """
    left join lateral (
        select * from enrollments where class_id = met.known_id and key = met.key limit 1
    ) held on true
"""

#: Whether what is told of one that is here is news.
IS_ALTERED: Final = """
    (held.person_id, held.role, held.is_primary, held.absences, held.ended_at is null)
        is distinct from (met.person_id, met.role, met.is_primary, 0, true)
    or held.begins_on is distinct from met.begins_on or held.ends_on is distinct from met.ends_on
"""


#: One that is here and that a class of which all are told has no more, where that counts.
IS_MISSING: Final = f"""
    {GOES_ON} and not staged.roll ? enrolled.key and (:students or enrolled.role = 'teacher')
"""


#: A UUID of version 7: `moment` is how it begins.
_AN_ID: Final = "overlay(gen_random_uuid()::text placing :moment from 1)::uuid"


#: The keys of new rows are looked at one by one when their statement is over: by a plan that is made once from here on,
#: and not anew for each, as counting_anew.AS_THEY_ARE would have it. That is two thirds of what a new enrollment costs.
_KEYS_BY_ONE_PLAN: Final = "set_config('plan_cache_mode', 'auto', true)"


def sql(written: str, *, so: str = "true") -> TextClause:
    """With the parts that several statements have in common.

    `so`: of which staged classes enrollments are looked at.
    """

    parts = {
        "staged": STAGED,
        "met": MET.replace("$so", so),
        "held": HELD,
        "goes_on": GOES_ON,
        "class_goes_on": _CLASS_GOES_ON,
        "is_altered": IS_ALTERED,
        "is_missing": IS_MISSING,
        "an_id": _AN_ID,
        "keys_by_one_plan": _KEYS_BY_ONE_PLAN,
    }
    return text(Template(written).substitute(parts))


# As in family_comparing.py: each step is made once, and starts from the batch.
_DECIDE: Final = sql(
    """
    with $staged, $met, counted as materialized (
        select met.staged_id,
            count(*) filter (
                where not met.is_gone and held.id is null and (met.person_id is not null or coming.is_here)
            ) as enrolled,
            count(*) filter (where not met.is_gone and held.id is not null and met.person_id is not null
                and ($is_altered)) as altered,
            count(*) filter (where met.is_gone and held.id is not null and held.ended_at is null) as ending,
            count(*) filter (where not met.is_gone and met.person_id is null and coming.is_here is null) as strangers
        from met
        $held
        left join lateral (
            select true as is_here from roster_import_rows other
            where met.person_id is null and other.import_id = :import and other.what = 'person'
                and other.key = met.person_key and other.rule is null
                and other.kind = case when met.role = 'student' then 'student' else 'staff' end
            limit 1
        ) coming on true
        group by met.staged_id
    ), beside as materialized (
        select staged.id, staged.known_id, staged.is_told, staged.active,
            staged.school_there is null and not exists (
                select from roster_import_rows other
                where other.import_id = :import and other.what = 'school' and other.key = staged.school_key
                    and other.rule is null
            ) as is_nowhere,
            known.ended_at is not null as is_ended,
            case when known.id is not null and staged.is_told then array_remove(array[
                case when staged.title <> known.title then 'title' end,
                case when staged.code <> known.code then 'code' end,
                case when staged.kind <> known.kind then 'kind' end,
                case when staged.school_there <> known.school_id then 'school' end,
                case when staged.course <> known.course then 'course' end,
                case when staged.periods <> known.periods then 'periods' end,
                case when (staged.begins_on, staged.ends_on) is distinct from (known.begins_on, known.ends_on)
                    then 'days' end,
                case when known.absences > 0 then 'presence' end
            ], null) else '{}' end as changes,
            coalesce(counted.enrolled, 0) as enrolled, coalesce(counted.altered, 0) as altered,
            coalesce(counted.ending, 0) as ending, coalesce(counted.strangers, 0) as strangers,
            missing.first as first_missing, missing.again as missing_again
        from staged
        left join classes known on known.id = staged.known_id
        left join counted on counted.staged_id = staged.id
        left join lateral (
            select count(*) filter (where enrolled.absences = 0) as first,
                count(*) filter (where enrolled.absences > 0) as again
            from enrollments enrolled
            where :counts_absence and staged.is_whole and staged.active and enrolled.class_id = staged.known_id
                and $is_missing
        ) missing on true
    ), decided as (
        select beside.*, case
            when known_id is null and not is_told then 'no_class'
            when known_id is null and not active then 'never_here'
            when active and is_told and is_nowhere then 'no_such_school'
            when not active then case when is_ended then 'same' else 'ends' end
            when known_id is null then 'new'
            when is_told and is_ended then 'returns'
            when changes <> '{}' or enrolled + altered + ending + first_missing + missing_again > 0 then 'changed'
            else 'same'
            end as outcome
        from beside
    ), put as (
        select decided.*, outcome in ('no_class', 'never_here', 'no_such_school') as is_out,
            coalesce((
                select count(*) from enrollments enrolled
                where outcome = 'ends' and enrolled.class_id = known_id and $goes_on
            ), 0) as ending_with_it
        from decided
    )
    update roster_import_classes set
        verdict = case when is_out then 'left_out' else outcome end, rule = case when is_out then outcome end,
        changes = to_jsonb(case when is_out then '{}' else put.changes end), class_id = known_id,
        enrolled = case when is_out then 0 else put.enrolled end,
        altered = case when is_out then 0 else put.altered end,
        ending = case when is_out then 0 else put.ending + put.missing_again + put.ending_with_it end,
        first_missing = case when is_out then 0 else put.first_missing end,
        of_strangers = case when is_out then 0 else put.strangers end,
        classless = case when is_out then (select count(*) from jsonb_object_keys(roll)) else 0 end
    from put where roster_import_classes.id = put.id
    """
)

_STAGE_THE_MISSING: Final = sql(
    """
    insert into roster_import_classes (
        id, district_id, import_id, position, what, key, title, code, verdict, class_id, ending
    )
    select gen_random_uuid(), :district, :import, :after + row_number() over (order by known.id), 'gone', known.key,
        known.title, known.code, case when known.absences > 0 then 'vanished' else 'missing' end, known.id,
        case when known.absences > 0 then (
            select count(*) from enrollments enrolled where enrolled.class_id = known.id and $goes_on
        ) else 0 end
    from classes known
    where known.source_id = :source and $class_goes_on
        and not exists (
            select from roster_import_classes staged
            where staged.import_id = :import and staged.what = 'class' and staged.key = known.key
        )
        and known.id not in (select unnest(records) from roster_import_seen where import_id = :import)
    """
)

#: By school: how many would end or begin to, and how many there are. Of what is over already nobody is asked.
_GUARDED: Final = {
    "Classes": sql(
        """
        with going as (
            select known.school_id, count(*) as gone
            from roster_import_classes staged join classes known on known.id = staged.class_id
            where staged.import_id = :import and staged.verdict in ('missing', 'vanished', 'ends') and $class_goes_on
            group by known.school_id
        )
        select school.name, going.gone, (
            select count(*) from classes known
            where known.source_id = :source and known.school_id = going.school_id and $class_goes_on
        ) as all_of_them
        from going join schools school on school.id = going.school_id
        order by school.name
        """
    ),
    "Enrollments": sql(
        """
        with going as (
            select known.school_id, sum(staged.first_missing + staged.ending) as gone
            from roster_import_classes staged join classes known on known.id = staged.class_id
            where staged.import_id = :import and staged.first_missing + staged.ending > 0 and $class_goes_on
            group by known.school_id
        )
        select school.name, going.gone::integer, (
            select count(*) from enrollments enrolled join classes known on known.id = enrolled.class_id
            where known.source_id = :source and known.school_id = going.school_id and $class_goes_on and $goes_on
        ) as all_of_them
        from going join schools school on school.id = going.school_id
        order by school.name
        """
    ),
}
