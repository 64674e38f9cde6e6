"""What staged rows of students and guardians mean, decided for thousands of them by one question.

Who is who, by this order, as in comparing.py:
1. the same source knows this id already: it is the same person;
2. else a student has that number, or a guardian that id of every school, or that email and that name: it is they, under
   another id if the file has the one they had no more;
3. else it is somebody new.
It is asked once for the preview, and once more when the rows are applied.
"""

from collections.abc import Sequence
from string import Template
from typing import Final

from sqlalchemy import func, select, text

from app.core.db import db
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.actions.precedence import Standing
from app.roster.models.guardianship import Guardianship
from app.roster.models.roster_import import RosterImport

STUDENT: Final = "student"
GUARDIAN: Final = "guardian"
KINDS: Final = (STUDENT, GUARDIAN)


def first_row_counts(run: RosterImport) -> None:
    """Leave out whatever says otherwise of an id that stood in the file before, and said nothing new there."""
    db.session.connection().execute(_TWICE, {"import": run.id, "source": run.source_id})


def decide(run: RosterImport, after: int, upto: int, kinds: Sequence[str]) -> None:
    """Give each of these rows about people of these kinds its verdict. Rows whose verdict stays are not written."""
    db.session.flush()
    asked = {
        "import": run.id,
        "source": run.source_id,
        "after": after,
        "upto": upto,
        "kinds": list(kinds),
        "counts_absence": run.counts_absence,
        **Standing.of(run.source_id, families=True).asked(),
    }
    with planned_as_they_are():
        db.session.connection().execute(_DECIDE, asked)


def relationships_that_end(run: RosterImport) -> int:
    """How many the source told of, and tells no more, though it tells of others of the same person."""
    asked = {"import": run.id, "source": run.source_id}
    return db.session.connection().execute(_ENDING, asked).scalar() or 0


def relationships_told(run: RosterImport) -> int:
    """How many of this source there are."""
    told = select(func.count(Guardianship.id)).where(
        Guardianship.source_id == run.source_id, Guardianship.ended_at.is_(None)
    )
    return db.session.scalar(told) or 0


_ENDING: Final = text(
    """
    select count(*)
    from roster_import_rows staged
    join source_people known on known.source_id = :source and known.key = staged.key
    cross join lateral jsonb_array_elements_text(known.relatives) as before (key)
    where staged.import_id = :import and staged.what = 'person' and staged.rule is null
        and staged.changes @> '["relatives"]' and not staged.relatives @> to_jsonb(before.key)
    """
)

_TWICE: Final = text(
    """
    with seen as (
        select distinct unnest(records) as id from roster_import_seen where import_id = :import
    )
    update roster_import_rows staged set verdict = 'left_out', rule = 'twice'
    from source_people known join seen on seen.id = known.id
    where staged.import_id = :import and staged.what = 'person' and staged.kind <> 'staff' and staged.rule is null
        and known.source_id = :source and known.key = staged.key
    """
)

#: Of a way to reach somebody, and the records of other sources: one that goes before this source names such a one.
ANOTHER_NAMES_ONE: Final = """
    :among and exists (
        select from source_people other
        where other.person_id = $person and other.source_id = any(cast(:above_contacts as uuid[])) and other.speaks
            and jsonb_exists(other.contacts, way.kind) and (other.left_at is null or other.left_at > :since)
            and coalesce((other.silent ->> way.kind)::timestamptz > :since, true)
    )
"""


def _goes_before(group: str, word: str, unsaid: str) -> str:
    """Whether a source that goes before this one says such a word, or said it a while ago."""
    return (
        f"coalesce(bool_or(other.source_id = any(cast(:above_{group} as uuid[])) and {word}"
        " and (other.left_at is null or other.left_at > :since)"
        f" and coalesce((other.silent ->> '{unsaid}')::timestamptz > :since, true)), false)"
    )


# A row foretold to be new (family_staging.py) of which nobody is met, here or in an earlier row, is new: that is most
# of a first file, and the rest is not asked of them.
#
# Written for a planner that knows nothing of fresh rows. Each step is made once and not written out wherever it is
# used; "lateral … limit 1" starts from the batch, and looks each of it up; "known_by <> ''" is said of the very row
# that is sought, else its index is not used; "is true" leaves the index of the words that are sought as the only one
# that helps, instead of that of all rows of the import.
_DECIDE: Final = text(
    Template(
        """
    with staged as materialized (
        select staged.*, known.id as known_id, known.person_id as known_person
        from roster_import_rows staged
        left join lateral (
            select * from source_people where source_id = :source and key = staged.key limit 1
        ) known on true
        where staged.import_id = :import and staged.position > :after and staged.position <= :upto
            and staged.what = 'person' and staged.kind = any(:kinds) and staged.verdict is distinct from 'left_out'
    ), met as materialized (
        select staged.*, coalesce(
            known_person,
            (select id from students where staged.kind = 'student' and students.number = staged.number),
            (select other.person_id from source_people other
                where staged.kind = 'guardian' and other.known_by <> '' and (other.source_id = :source) is true
                    and other.known_by = staged.known_by
                order by other.speaks desc, other.id limit 1),
            (select min(contact.guardian_id::text)::uuid
                from guardian_contacts contact join people on people.id = contact.guardian_id
                where staged.kind = 'guardian' and contact.kind = 'email'
                    and contact.value_index = staged.contacts -> 'email' ->> 'index'
                    and lower(people.given_name) = lower(staged.given_name)
                    and lower(people.family_name) = lower(staged.family_name)
                having count(distinct contact.guardian_id) = 1)
        ) as met_person
        from staged
    ), in_question as materialized (
        select met.* from met
        where met_person is not null or verdict is distinct from 'new' or not active
            or exists (select from roster_import_rows other
                where other.known_by = met.known_by and other.known_by <> '' and (other.import_id = :import) is true
                    and other.position < met.position and other.kind = met.kind and other.what = 'person'
                    and other.rule is null)
    ), beside as materialized (
        select met.*,
            person.active as is_here, person.kind as person_kind,
            person.given_name as given_here, person.family_name as family_here, person.school_id as school_here,
            student.number as number_here, student.grade as grade_here,
            school.school_id as school_there,
            known.speaks, known.left_at, known.absences,
            known.given_name as given_said, known.family_name as family_said,
            known.school_key as school_key_said, known.school_id as school_said,
            known.number as number_said, known.grade as grade_said,
            known.contacts as contacts_said, known.relatives as relatives_said,
            speaking.id as speaking_id, speaking.left_at as speaking_left_at,
            -- where the last school year moved them, what stood before is held against what the source said then
            given.to_grade = student.grade as grade_is_given,
            given.from_grade is distinct from coalesce(known.grade, speaking.grade) as grade_was_another,
            given.to_school_id = person.school_id as school_is_given,
            given.from_school_id is distinct from coalesce(known.school_id, speaking.school_id) as school_was_another,
            coalesce(given.left_on is not null and not person.active, false) as left_with_the_year,
            others.*,
            speaking.id is not null and (
                exists (select from roster_import_rows other
                    where other.key = speaking.key and (other.import_id = :import) is true
                        and other.what = 'person' and other.rule is null)
                or speaking.id in (select unnest(records) from roster_import_seen where import_id = :import)
            ) as speaking_is_there,
            before.given_name as given_before, before.family_name as family_before,
            before.position is not null as is_second,
            exists (select from students other
                where met.kind = 'student' and other.number = met.number and other.id <> met.met_person
            ) as number_is_taken
        from in_question met
        left join people person on person.id = met.met_person
        left join students student on student.id = met.met_person
        left join lateral (
            select * from school_year_moves where student_id = met.met_person order by made_at desc limit 1
        ) given on true
        left join lateral (
            select school_id from source_schools where source_id = :source and key = met.school_key limit 1
        ) school on true
        left join source_people known on known.id = met.known_id
        left join lateral (
            select * from source_people where met.known_id is null and person_id = met.met_person
                and (source_id = :source) is true and speaks limit 1
        ) speaking on true
        left join lateral (
            select other.given_name, other.family_name, other.position from roster_import_rows other
            where met.met_person is null and other.known_by = met.known_by and other.known_by <> ''
                and (other.import_id = :import) is true and other.position < met.position
                and other.kind = met.kind and other.what = 'person' and other.rule is null
            order by other.position limit 1
        ) before on true
        -- the words of the others; nothing is looked up while there is no other source
        left join lateral (
            select $name_goes_before as name_goes_before, $school_goes_before as school_goes_before,
                $number_goes_before as number_goes_before, $grade_goes_before as grade_goes_before,
                coalesce(bool_or((other.given_name, other.family_name) = (person.given_name, person.family_name)),
                    false) as name_is_theirs,
                coalesce(bool_or(other.number = student.number), false) as number_is_theirs,
                coalesce(bool_or(other.school_id = case when given.to_school_id = person.school_id
                    then given.from_school_id else person.school_id end), false) as school_is_theirs,
                coalesce(bool_or(other.grade = case when given.to_grade = student.grade
                    then given.from_grade else student.grade end), false) as grade_is_theirs
            from source_people other
            where :among and other.person_id = met.met_person and other.source_id <> :source and other.speaks
        ) others on true
    ), said as materialized (
        -- what is new, and whether the office, or a source that goes before this one, has said otherwise
        select beside.*,
            case when known_id is null
                then (given_name, family_name) <> (given_here, family_here)
                else (given_name, family_name) <> (given_said, family_said) end as name_differs,
            case when known_id is null then school_there is not null and school_there is distinct from school_here
                else school_key <> '' and (school_key <> school_key_said or school_there is distinct from school_said)
                end as school_differs,
            known_id is not null and number <> number_said as number_differs,
            grade <> '' and grade <> case when known_id is null then grade_here else grade_said end as grade_differs,
            contacts <> '{}' and (select jsonb_object_agg(key, value -> 'index') from jsonb_each(contacts))
                <> coalesce(contacts_said, '{}') as contacts_differ,
            relatives <> '[]' and relatives <> coalesce(relatives_said, '[]') as relatives_differ,
            coalesce(absences > 0 or left_at is not null, false) as presence_differs,
            name_goes_before or :below_hand_name and not name_is_theirs and case when known_id is null then true
                else (given_here, family_here) <> (given_said, family_said) end as name_stays,
            school_goes_before or :below_hand_school and not school_is_theirs and school_here is not null
                and case when school_is_given then school_was_another
                    else known_id is null or school_here is distinct from school_said end as school_stays,
            number_goes_before or :below_hand_grade and not number_is_theirs
                and number_here <> number_said as number_stays,
            grade_goes_before or :below_hand_grade and not grade_is_theirs and grade_here <> ''
                and case when grade_is_given then grade_was_another
                    else known_id is null or grade_here <> grade_said end as grade_stays,
            contacts <> '{}' and not exists (
                select from jsonb_object_keys(contacts) as way (kind) where not ($another_names_one)
            ) as contacts_stay,
            -- one number, and no name in common: two students
            kind = 'student' and case when met_person is not null
                then lower(given_name) <> lower(given_here) and lower(family_name) <> lower(family_here)
                else is_second and lower(given_name) <> lower(given_before)
                    and lower(family_name) <> lower(family_before)
                end as is_another
        from beside
    ), due as materialized (
        -- what is said still, and may be said only now that nobody goes before it
        select said.*,
            known_id is not null and (given_name, family_name) <> (given_here, family_here)
                and not name_stays as name_is_due,
            known_id is not null and school_there <> school_here and not coalesce(school_is_given, false)
                and not school_stays as school_is_due,
            known_id is not null and number <> number_here and not number_is_taken
                and not number_stays as number_is_due,
            known_id is not null and grade <> '' and grade_here <> '' and grade <> grade_here
                and not coalesce(grade_is_given, false) and not grade_stays as grade_is_due,
            known_id is not null and exists (
                select from jsonb_each(contacts) as way (kind, told)
                join guardian_contacts held on held.guardian_id = met_person and held.kind = way.kind
                where :among and not ($another_names_one)
                group by way.kind, told
                having bool_or(held.source_id <> :source) and not bool_or(held.value_index = told ->> 'index')
            ) as contacts_are_due
        from said
    ), decided as materialized (
        select due.*, case
            when met_person is not null and person_kind <> kind then 'other_kind'
            when known_id is not null and not active
                then case when is_here and speaks and left_at is null then 'leaves' else 'not_enabled' end
            when known_id is not null and not is_here and left_at is null
                and not (left_with_the_year and (grade_differs or school_differs)) then 'deactivated_here'
            when known_id is not null and not speaks then 'same'
            when known_id is not null and number_differs and number_is_taken then 'number_taken'
            when known_id is not null and not is_here then 'returns'
            when known_id is not null then case when name_differs or school_differs or number_differs
                or grade_differs or contacts_differ or relatives_differ or presence_differs
                or name_is_due or school_is_due or number_is_due or grade_is_due or contacts_are_due
                then 'changed' else 'same' end
            when not active then 'not_enabled'
            when is_another then 'number_taken'
            when met_person is null then case when is_second then 'also' else 'new' end
            when speaking_id is null then case when is_here then 'matched' else 'deactivated_here' end
            when speaking_is_there or not :counts_absence then 'also'
            when not is_here and speaking_left_at is null and not left_with_the_year then 'deactivated_here'
            else 'rekeyed'
            end as outcome
        from due
    ), meant as materialized (
        select id, met_person,
            outcome in ('other_kind', 'not_enabled', 'deactivated_here', 'number_taken') as is_out, outcome,
            case when outcome in ('changed', 'matched', 'rekeyed', 'returns') then array_remove(array[
                case when name_differs or name_is_due then 'name' end,
                case when school_differs or school_is_due then 'school' end,
                case when number_differs or number_is_due then 'number' end,
                case when grade_differs or grade_is_due then 'grade' end,
                case when contacts_differ or contacts_are_due then 'contacts' end,
                case when relatives_differ then 'relatives' end,
                case when presence_differs then 'presence' end
            ], null) else '{}' end as changes,
            case when outcome in ('changed', 'matched', 'rekeyed', 'returns') then array_remove(array[
                case when name_differs and name_stays then 'name' end,
                case when school_differs and school_stays then 'school' end,
                case when number_differs and number_stays then 'number' end,
                case when grade_differs and grade_stays then 'grade' end,
                case when contacts_differ and contacts_stay then 'contacts' end
            ], null) else '{}' end as kept
        from decided
    ), put as (
        select id, case when is_out then 'left_out' else outcome end as verdict,
            case when is_out then outcome end as rule,
            to_jsonb(changes) as changes, to_jsonb(kept) as kept, met_person as person_id
        from meant
    )
    update roster_import_rows set verdict = put.verdict, rule = put.rule, changes = put.changes, kept = put.kept,
        person_id = put.person_id
    from put
    where roster_import_rows.id = put.id and (
        roster_import_rows.verdict, roster_import_rows.rule, roster_import_rows.changes, roster_import_rows.kept,
        roster_import_rows.person_id
    ) is distinct from (put.verdict, put.rule, put.changes, put.kept, put.person_id)
    """
    ).substitute(
        another_names_one=Template(ANOTHER_NAMES_ONE).substitute(person="met_person"),
        name_goes_before=_goes_before("name", "true", "name"),
        school_goes_before=_goes_before("school", "other.school_id is not null", "school"),
        number_goes_before=_goes_before("grade", "other.number <> ''", "number"),
        grade_goes_before=_goes_before("grade", "other.grade <> ''", "grade"),
    )
)
