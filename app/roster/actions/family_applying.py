"""Students and guardians are applied: new ones by one statement a table, changed ones one by one, for the audit log.

A new person takes the id of the row that told of them, so a batch that is done again makes nobody twice. Guardians come
first: whom a new student names is there then, and all about the student is written once. Who belongs to whom in other
ways comes last. Rights are not among what a source tells: they stay unknown, which is no.
"""

from collections.abc import Iterable, Mapping, Sequence
from string import Template
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, func, or_, select, text
from sqlalchemy.orm import aliased

from app.core import audit, clock
from app.core.db import UUID7, changed_rows, db, one_of
from app.core.tenancy import current_district_id
from app.roster.actions import comparing, family_comparing, households
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.actions.family_comparing import GUARDIAN, STUDENT
from app.roster.actions.precedence import Standing, elsewhere
from app.roster.models.contact import Contact
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import HouseholdMember
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.source_person import SourcePerson
from app.roster.models.source_school import SourceSchool
from app.roster.models.student import Student

#: Verdicts by which somebody who is here is written to.
CHANGES: Final = ("matched", "changed", "rekeyed", "returns", "leaves")


def take_over_guardians(run: RosterImport, after: int, upto: int, *, may_remove: bool) -> None:
    """Apply these rows, as far as they are about guardians."""
    asked = _take_over(run, after, upto, GUARDIAN, may_remove=may_remove)
    connection = db.session.connection()
    connection.execute(_LINK_GUARDIANS, asked)
    if count := changed_rows(connection.execute(_ADD_CONTACTS, asked)):
        audit.noted("loaded", Contact.__tablename__, rows=count, source=f"roster import {run.id}")
    _drop_what_others_named(_changed(run, after, upto, GUARDIAN), run)
    connection.execute(_NOTE_DOWN, asked)
    db.session.expire_all()


def take_over_students(run: RosterImport, after: int, upto: int, *, may_remove: bool) -> None:
    """Apply these rows, as far as they are about students, once all others were applied."""
    asked = _take_over(run, after, upto, STUDENT, may_remove=may_remove)
    connection = db.session.connection()
    made = [row.guardian_id for row in connection.execute(_LINK_STUDENTS, asked)]
    connection.execute(_NOTE_DOWN, asked)
    db.session.expire_all()
    _made(run, made)


def _take_over(run: RosterImport, after: int, upto: int, kind: str, *, may_remove: bool) -> dict[str, Any]:
    """Who is new is added, who is here is changed. Returns what the statements ask for that link them."""
    family_comparing.decide(run, after, upto, (kind,))
    standing = Standing.of(run.source_id, families=True)
    asked = {**_asked(run, after, upto), **standing.asked(), "kind": kind}
    connection = db.session.connection()
    for table, statement in _ADD_NEW[kind].items():
        if count := changed_rows(connection.execute(statement, asked)):
            audit.noted("loaded", table, rows=count, source=f"roster import {run.id}")
    _change_one_by_one(_changed(run, after, upto, kind), run, standing, may_remove=may_remove)
    db.session.flush()
    return asked


def relate(run: RosterImport, after: int, upto: int, *, may_remove: bool) -> None:
    """Say who belongs to whom, as far as these rows tell and it was not said with the student."""
    asked = {**_asked(run, after, upto), "may_end": may_remove}
    connection = db.session.connection()
    with planned_as_they_are():
        is_anything_left = connection.execute(_IS_ANYTHING_LEFT, asked).scalar()
        ended = (
            [row.id for row in connection.execute(_ENDED, asked)] if is_anything_left and may_remove else []
        )
    if not is_anything_left:
        return
    if ended:
        for held in db.session.scalars(select(Guardianship).where(one_of(Guardianship.id, ended))):
            another = _another_that_tells(held, run.source_id)
            if another is None:
                held.ended_at = clock.now()
            else:
                held.source_id = another
        db.session.flush()
    made = [row.guardian_id for row in connection.execute(_RELATE, asked)]
    connection.execute(_NOTE_RELATIVES, asked)
    _made(run, made)


def _another_that_tells(held: Guardianship, source_id: UUID) -> UUID | None:
    """Another source that still says that these two belong together."""
    of_student, of_guardian = aliased(SourcePerson), aliased(SourcePerson)
    asked = (
        select(of_student.source_id)
        .join(of_guardian, of_guardian.source_id == of_student.source_id)
        .where(
            of_student.person_id == held.student_id,
            of_guardian.person_id == held.guardian_id,
            of_student.source_id != source_id,
            of_student.left_at.is_(None),
            of_guardian.left_at.is_(None),
            or_(
                of_student.relatives.contains(func.jsonb_build_array(of_guardian.key)),
                of_guardian.relatives.contains(func.jsonb_build_array(of_student.key)),
            ),
        )
    )
    return db.session.scalar(asked.order_by(of_student.source_id).limit(1))


def _made(run: RosterImport, guardian_ids: list[UUID]) -> None:
    """Relationships of these were. Households follow: of those whom the office has put into one; a source tells no
    addresses, so the others have none.
    """
    if guardian_ids:
        count = len(guardian_ids)
        audit.noted("loaded", Guardianship.__tablename__, rows=count, source=f"roster import {run.id}")
    for guardian_id in HouseholdMember.of_guardians(set(guardian_ids)):
        households.derive_for([guardian_id])


def _asked(run: RosterImport, after: int, upto: int) -> dict[str, Any]:
    return {
        "district": current_district_id(),
        "import": run.id,
        "source": run.source_id,
        "after": after,
        "upto": upto,
        "now": clock.now(),
    }


# --- those who are here already ----------------------------------------------------------------------------


def _changed(run: RosterImport, after: int, upto: int, kind: str) -> Sequence[ImportRow]:
    asked = select(ImportRow).where(
        ImportRow.import_id == run.id,
        ImportRow.position > after,
        ImportRow.position <= upto,
        ImportRow.what == "person",
        ImportRow.kind == kind,
        ImportRow.verdict.in_(CHANGES),
    )
    return db.session.scalars(asked).all()


def _change_one_by_one(
    rows: Sequence[ImportRow], run: RosterImport, standing: Standing, *, may_remove: bool
) -> None:
    if not rows:
        return
    ids = {row.person_id for row in rows if row.person_id is not None}
    people = {one.id: one for one in db.session.scalars(select(Person).where(one_of(Person.id, ids)))}
    students = {one.id: one for one in db.session.scalars(select(Student).where(one_of(Student.id, ids)))}
    links = SourcePerson.of_source(run.source_id, {row.key for row in rows})
    speaking = select(SourcePerson).where(
        SourcePerson.source_id == run.source_id, one_of(SourcePerson.person_id, ids), SourcePerson.speaks
    )
    speakers = {one.person_id: one for one in db.session.scalars(speaking)}
    schools = _schools(run, rows)
    others = elsewhere(run.source_id, ids) if standing.has_others else {}
    for row in rows:
        assert row.person_id is not None
        person = people[row.person_id]
        link = links.get(row.key) or speakers.get(row.person_id)
        if row.verdict == "leaves":
            if may_remove and link is not None:
                _let_go(person, link)
            continue
        _write(row, person, students.get(person.id), schools.get(row.school_key))
        if row.kind == "guardian" and link is not None and "contacts" in row.changes:
            _drop_contacts(row, person.id, link, others.get(person.id, ()))
        if row.verdict == "rekeyed" and link is not None:
            link.key = row.key
        if row.verdict in ("returns", "rekeyed"):
            person.active = True  # whoever left with a school year has no date of the source's
        if link is not None and link.left_at is not None:
            person.active, link.left_at = True, None


def _schools(run: RosterImport, rows: Iterable[ImportRow]) -> Mapping[str, UUID]:
    asked = select(SourceSchool).where(
        SourceSchool.source_id == run.source_id, SourceSchool.key.in_({row.school_key for row in rows})
    )
    return {one.key: one.school_id for one in db.session.scalars(asked)}


def _write(row: ImportRow, person: Person, student: Student | None, school_id: UUID | None) -> None:
    """Those groups of which the source speaks, and nobody who goes before it says otherwise."""
    groups = {group for group in row.changes if group not in row.kept}
    if "name" in groups:
        person.given_name, person.family_name = row.given_name, row.family_name
    if "school" in groups and school_id is not None:
        person.school_id = school_id
    if student is not None and "number" in groups:
        student.number = row.number
    if student is not None and "grade" in groups:
        student.grade = row.grade


def _drop_contacts(
    row: ImportRow, guardian_id: UUID, link: SourcePerson, others: Sequence[SourcePerson]
) -> None:
    """What the source named and names no more, of those kinds of which it names another. Consent goes with it.

    What another source still names is that one's from now on.
    """
    for kind, told in row.contacts.items():
        before = link.contacts.get(kind)
        if before in (None, told["index"]):
            continue
        held = select(Contact).where(
            Contact.guardian_id == guardian_id,
            Contact.kind == kind,
            Contact.value_index == before,
            Contact.source_id == link.source_id,
        )
        for contact in db.session.scalars(held):
            another = next(
                (one for one in others if one.contacts.get(kind) == before and one.left_at is None), None
            )
            if another is None:
                db.session.delete(contact)
            else:
                contact.source_id = another.source_id


def _drop_what_others_named(rows: Sequence[ImportRow], run: RosterImport) -> None:
    """Where this source goes before the others and its own way to reach somebody stands there now: theirs go."""
    standing = Standing.of(run.source_id, families=True)
    by_guardian = {
        row.person_id: row for row in rows if row.person_id is not None and "contacts" in row.changes
    }
    if not standing.has_others or not by_guardian:
        return
    others = elsewhere(run.source_id, list(by_guardian))
    contacts: dict[tuple[UUID, str], list[Contact]] = {}
    for contact in Contact.of_guardians([one for one in by_guardian if one in others]):
        contacts.setdefault((contact.guardian_id, contact.kind), []).append(contact)
    for (guardian_id, kind), several in contacts.items():
        told = by_guardian[guardian_id].contacts.get(kind)
        if told is None or standing.another_names_one(kind, others[guardian_id]):
            continue
        if any(one.value_index == told["index"] for one in several):
            for one in several:
                if one.source_id not in (None, run.source_id) and one.value_index != told["index"]:
                    db.session.delete(one)
    db.session.flush()


def _let_go(person: Person, link: SourcePerson) -> None:
    """They have left, as far as this source knows. Whom another source still has stays."""
    link.left_at = clock.now()
    if not comparing.is_known_elsewhere(link):
        person.active = False


# --- everybody else ----------------------------------------------------------------------------------------

_NEW: Final = """
    from roster_import_rows staged
    left join lateral (
            select school_id from source_schools where source_id = :source and key = staged.school_key limit 1
        ) school on true
    where staged.import_id = :import and staged.position > :after and staged.position <= :upto
        and staged.what = 'person' and staged.kind = :kind and staged.verdict = 'new'
"""

_TOLD: Final = """
    told as materialized (
        select staged.key, staged.kind, staged.relatives, staged.relations, staged.digest, known.id as known_id,
            known.person_id, known.relatives as before, known.role
        from roster_import_rows staged
        cross join lateral (
            select * from source_people where source_id = :source and key = staged.key limit 1
        ) known
        where staged.import_id = :import and staged.position > :after and staged.position <= :upto
            and staged.what = 'person' and staged.kind <> 'staff' and staged.rule is null
            and staged.relatives <> '[]' and staged.active and known.digest <> staged.digest
    )
"""


_LINKED: Final = """
    from roster_import_rows staged
    left join lateral (
            select school_id from source_schools where source_id = :source and key = staged.school_key limit 1
        ) school on true
    where staged.import_id = :import and staged.position > :after and staged.position <= :upto
        and staged.what = 'person' and staged.kind = :kind and staged.verdict in ('new', 'also', 'matched')
"""

#: As the source says it of the two of them, else as general as it says it of the guardian.
_RELATION: Final = (
    "coalesce($said ->> other.key, "
    "case $role when 'parent' then 'Parent' when 'guardian' then 'Guardian' else 'Family member' end)"
)


def _sql(written: str, *, role: str = "", said: str = "") -> TextClause:
    """With the parts that several statements have in common.

    `role`: where the source's word for a guardian stands. `said`: where those for each of a student's relatives do.
    """
    relation = Template(_RELATION).substitute(role=role, said=said)
    another_names_one = Template(family_comparing.ANOTHER_NAMES_ONE).substitute(person="known.person_id")
    parts = {
        "another_names_one": another_names_one,
        "new": _NEW,
        "linked": _LINKED,
        "told": _TOLD,
        "relation": relation,
        "uuid7": UUID7,
    }
    return text(Template(written).substitute(parts))


_ADD_PEOPLE: Final = _sql(
    """
    insert into people (
        id, district_id, given_name, family_name, kind, school_id, title, active, source, made_at
    )
    select staged.id, :district, staged.given_name, staged.family_name, staged.kind,
        case when staged.kind = 'student' then school.school_id end, '', true, 'sync', :now
    $new
    """
)
#: By kind and table.
_ADD_NEW: Final = {
    STUDENT: {
        "people": _ADD_PEOPLE,
        "students": _sql(
            """
            insert into students (id, district_id, number, grade, language)
            select staged.id, :district, staged.number, staged.grade, coalesce(nullif(staged.language, ''), 'en') $new
            """
        ),
    },
    GUARDIAN: {
        "people": _ADD_PEOPLE,
        "guardians": _sql(
            "insert into guardians (id, district_id, language) "
            "select staged.id, :district, coalesce(nullif(staged.language, ''), 'en') $new"
        ),
    },
}

#: What the source calls them. With relatives the code of what it said is written last, when they are linked.
_LINK_GUARDIANS: Final = _sql(
    """
    with staged as (
        select staged.*, school.school_id as school, coalesce(
            case when staged.verdict = 'new' then staged.id end,
            staged.person_id,
            (select other.person_id from source_people other
                where (other.source_id = :source) is true and other.known_by <> ''
                    and other.known_by = staged.known_by
                order by other.speaks desc, other.id limit 1)
        ) as person
        $linked
    )
    insert into source_people (
        id, district_id, source_id, key, person_id, speaks, given_name, family_name, name_at, email, email_at,
        school_key, school_id, school_at, role, number_at, grade_at, known_by, contacts, digest
    )
    select $uuid7, :district, :source, key, person, verdict <> 'also', given_name, family_name, :now, '', :now,
        school_key, school, :now, role, :now, :now, known_by,
        coalesce(
            (select jsonb_object_agg(kind, told -> 'index') from jsonb_each(contacts) as way (kind, told)), '{}'
        ),
        case when relatives = '[]' then digest else '' end
    from staged where person is not null
    on conflict do nothing
    """
)

#: The same of a student, with whoever of those whom it names is there; that is where relationships come from. The code
#: of it all is written only when nothing is left to be done for it. Whoever names a student is asked in _RELATE.
_LINK_STUDENTS: Final = _sql(
    """
    with staged as materialized (
        select staged.*, school.school_id as school, coalesce(
            case when staged.verdict = 'new' then staged.id end,
            staged.person_id,
            (select id from students where students.number = staged.number)
        ) as person, coalesce((
            select jsonb_agg(other.key order by nth)
            from jsonb_array_elements_text(staged.relatives) with ordinality as other (key, nth)
            cross join lateral (
                select from source_people where source_id = :source and key = other.key limit 1
            ) known
        ), '[]') as there
        $linked
    ), linked as (
        insert into source_people (
            id, district_id, source_id, key, person_id, speaks, given_name, family_name, name_at, email, email_at,
            school_key, school_id, school_at, role, number, number_at, grade, grade_at, known_by, relatives, digest
        )
        select $uuid7, :district, :source, key, person, verdict <> 'also', given_name, family_name, :now, '', :now,
            school_key, school, :now, role, number, :now, grade, :now, known_by, there,
            case when there = relatives then digest else '' end
        from staged where person is not null
        on conflict do nothing
        returning key, person_id, relatives
    ), pairs as (
        select distinct on (linked.person_id, known.person_id) linked.person_id as student_id,
            known.person_id as guardian_id, $relation as relation
        from linked
        join staged on staged.key = linked.key
        cross join lateral jsonb_array_elements_text(linked.relatives) as other (key)
        cross join lateral (
            select * from source_people where source_id = :source and key = other.key limit 1
        ) known
        where (select kind from people where people.id = known.person_id) = 'guardian'
            and not known.relatives @> to_jsonb(linked.key)
    )
    insert into guardianships (id, district_id, student_id, guardian_id, relation, source_id, made_at)
    select $uuid7, :district, student_id, guardian_id, relation, :source, :now from pairs
    on conflict do nothing
    returning guardian_id
    """,
    role="known.role",
    said="staged.relations",
)

#: Sealed while they were staged. Nobody was asked for consent. One that was named before stands here no more if the
#: office took it away, or is to take the place of another source's.
_ADD_CONTACTS: Final = _sql(
    """
    insert into guardian_contacts (
        id, district_id, guardian_id, kind, value_sealed, value_index, consent, consent_source, consent_wording,
        source_id, made_at
    )
    select (told ->> 'id')::uuid, :district, known.person_id, way.kind, told ->> 'sealed', told ->> 'index',
        'not asked', '', '', :source, :now
    from roster_import_rows staged
    cross join lateral (
        select * from source_people where source_id = :source and key = staged.key limit 1
    ) known
    cross join lateral jsonb_each(staged.contacts) as way (kind, told)
    where staged.import_id = :import and staged.position > :after and staged.position <= :upto
        and staged.what = 'person' and staged.kind = 'guardian' and known.speaks
        and (staged.verdict in ('new', 'matched')
            or staged.verdict in ('changed', 'rekeyed', 'returns')
                and (known.contacts ->> way.kind is distinct from told ->> 'index' or :among and exists (
                    select from guardian_contacts held
                    where held.guardian_id = known.person_id and held.kind = way.kind and held.source_id <> :source
                ) and staged.changes @> '["contacts"]'))
        and not ($another_names_one)
    on conflict do nothing
    """
)

#: What it said last, and when. What it leaves blank is no news, and stands in no other's way for ever.
_NOTE_DOWN: Final = _sql(
    """
    with staged as materialized (
        select staged.*, known.id as known_id, school.school_id as school, coalesce(
            (select jsonb_object_agg(kind, told -> 'index') from jsonb_each(staged.contacts) as way (kind, told)), '{}'
        ) as ways
        from roster_import_rows staged
        cross join lateral (
            select id, digest from source_people where source_id = :source and key = staged.key limit 1
        ) known
        left join lateral (
            select school_id from source_schools where source_id = :source and key = staged.school_key limit 1
        ) school on true
        where staged.import_id = :import and staged.position > :after and staged.position <= :upto
            and staged.what = 'person' and staged.kind = :kind
            and staged.verdict in ('same', 'changed', 'rekeyed', 'returns') and known.digest <> staged.digest
    )
    update source_people known set
        given_name = staged.given_name, family_name = staged.family_name,
        name_at = case when (staged.given_name, staged.family_name) <> (known.given_name, known.family_name)
            then :now else known.name_at end,
        school_key = case when staged.school_key = '' then known.school_key else staged.school_key end,
        school_id = case when staged.school_key = '' then known.school_id else staged.school end,
        school_at = case when staged.changes @> '["school"]' then :now else known.school_at end,
        number = staged.number,
        number_at = case when staged.number <> known.number then :now else known.number_at end,
        grade = case when staged.grade = '' then known.grade else staged.grade end,
        grade_at = case when staged.grade not in ('', known.grade) then :now else known.grade_at end,
        silent = jsonb_strip_nulls(jsonb_build_object(
            'school', case when staged.school_key = '' and known.school_key <> ''
                then coalesce(known.silent -> 'school', to_jsonb(cast(:now as timestamptz))) end,
            'grade', case when staged.grade = '' and known.grade <> ''
                then coalesce(known.silent -> 'grade', to_jsonb(cast(:now as timestamptz))) end,
            'email', case when jsonb_exists(known.contacts, 'email') and not jsonb_exists(staged.ways, 'email')
                then coalesce(known.silent -> 'email', to_jsonb(cast(:now as timestamptz))) end,
            'mobile', case when jsonb_exists(known.contacts, 'mobile') and not jsonb_exists(staged.ways, 'mobile')
                then coalesce(known.silent -> 'mobile', to_jsonb(cast(:now as timestamptz))) end,
            'landline', case when jsonb_exists(known.contacts, 'landline')
                and not jsonb_exists(staged.ways, 'landline')
                then coalesce(known.silent -> 'landline', to_jsonb(cast(:now as timestamptz))) end
        )),
        known_by = staged.known_by, role = staged.role, absences = 0, contacts = known.contacts || staged.ways,
        digest = case when staged.relatives = '[]' then staged.digest else '' end
    from staged where known.id = staged.known_id
    """
)

_IS_ANYTHING_LEFT: Final = _sql("with $told select exists (select from told)")

#: Told of before, and now neither by the one nor by the other.
_ENDED: Final = _sql(
    """
    with $told
    select held.id
    from told
    cross join lateral jsonb_array_elements_text(told.before) as other (key)
    cross join lateral (
        select * from source_people where source_id = :source and key = other.key limit 1
    ) known
    cross join lateral (
        select id, source_id from guardianships
        where student_id = case when told.kind = 'student' then told.person_id else known.person_id end
            and guardian_id = case when told.kind = 'student' then known.person_id else told.person_id end
            and ended_at is null
        limit 1
    ) held
    where held.source_id = :source
        and not told.relatives @> to_jsonb(other.key)
        and not coalesce((
            -- what the other says in this very import, else what they said last
            select staged.relatives from roster_import_rows staged
            where staged.import_id = :import and staged.what = 'person' and staged.key = other.key
                and staged.rule is null and staged.relatives <> '[]'
            limit 1
        ), known.relatives) @> to_jsonb(told.key)
    """
)

#: Only whom the source did not name before: whom the office took off the list stays off it.
_RELATE: Final = _sql(
    """
    with $told, pairs as (
        select distinct on (student_id, guardian_id) case when told.kind = 'student' then told.person_id
                else known.person_id end as student_id,
            case when told.kind = 'student' then known.person_id else told.person_id end as guardian_id,
            $relation as relation
        from told
        cross join lateral jsonb_array_elements_text(told.relatives) as other (key)
        cross join lateral (
            select * from source_people where source_id = :source and key = other.key limit 1
        ) known
        where (select kind from people where people.id = known.person_id)
                = case when told.kind = 'student' then 'guardian' else 'student' end
            and not told.before @> to_jsonb(other.key) and not known.relatives @> to_jsonb(told.key)
    )
    insert into guardianships (id, district_id, student_id, guardian_id, relation, source_id, made_at)
    select $uuid7, :district, student_id, guardian_id, relation, :source, :now from pairs
    on conflict do nothing
    returning guardian_id
    """,
    role="case when told.kind = 'student' then known.role else told.role end",
    said="told.relations",
)

#: Whom it named, as far as they are linked; the code of it all only when nothing is left to be done for it.
_NOTE_RELATIVES: Final = _sql(
    """
    with $told, linked as (
        select told.known_id, told.digest, told.relatives,
            coalesce((
                select jsonb_agg(other.key order by other.key)
                from jsonb_array_elements_text(told.relatives) as other (key)
                cross join lateral (
                    select from source_people where source_id = :source and key = other.key limit 1
                ) known
            ), '[]') as there,
            coalesce((
                select jsonb_agg(other.key order by other.key)
                from jsonb_array_elements_text(told.before) as other (key)
                where not told.relatives @> to_jsonb(other.key)
            ), '[]') as gone
        from told
    ), noted as (
        select known_id, case when :may_end then there else there || gone end as relatives,
            case when there = relatives and (:may_end or gone = '[]') then digest else '' end as digest
        from linked
    )
    update source_people set relatives = noted.relatives, digest = noted.digest
    from noted
    where source_people.id = noted.known_id
        and (source_people.relatives, source_people.digest) is distinct from (noted.relatives, noted.digest)
    """
)
