"""Students and families of an import: taken in where somebody asked for them, without rights, and never thrown out."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

import io
import random
import time
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import clock, directory, resealing
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.loading import load
from app.core.tenancy import as_district
from app.roster.actions import (
    applying,
    comparing,
    contacts,
    counting_anew,
    guardians,
    importing,
    staging,
    students,
)
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Particulars
from app.roster.actions.refused import Refused
from app.roster.actions.students import Enrollment
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.recipients import recipients
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.source_person import SourcePerson
from app.roster.models.student import Student
from tests.cluster import TestDatabase
from tests.roster.exports import Member, an_export, families, files, zipped
from tests.roster.family_imports import (  # noqa: F401 (fixtures)
    STAFF,
    a_school,
    count,
    guardian_called,
    maple,
    of_kind,
    parents_of,
    student,
    tables,
)
from tests.roster.test_imports import (
    again,
    answered,
    killed_after,
    log_of,
    looked_at,
    taken_in,
    verdicts,
)
from tests.world import World


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_students_and_families_are_taken_over(maple: World, version: str) -> None:
    run = taken_in(an_export([*STAFF, *families(4)], version=version))

    assert run.state == "done"
    assert of_kind(run, "student") == {"new": 4}
    assert of_kind(run, "guardian") == {"new": 4}
    first = student("N0")
    assert (first.name, first.grade, first.person.source, first.person.email) == (
        "Kid0 Family0",
        "04",
        "sync",
        None,
    )
    assert first.person.school is not None
    assert first.person.school.name == "Ash School"
    assert parents_of("N0") == {"Parentp0", "Parentq0"}
    assert parents_of("N1") == {"Parentp0"}


def test_until_somebody_asks_for_them_they_are_passed_over(maple: World) -> None:
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=False)
    db.session.commit()

    run = taken_in(an_export([*STAFF, *families(4)]))

    assert run.left_out["not_staff"] == 8
    assert count(Student) == count(Guardian) == 0


def test_a_file_gives_nobody_a_right_and_asks_nobody_for_consent(maple: World) -> None:
    taken_in(an_export([*STAFF, *families(4)]))

    assert count(GuardianRight) == 0
    assert set(db.session.scalars(select(Contact.consent))) == {"not asked"}
    told = recipients(student("N0"))
    assert not told.may
    assert len(told.left_out) == 2


def test_a_guardians_email_and_number_lie_sealed(maple: World) -> None:
    run = looked_at(an_export([*STAFF, *families(2)]))
    answered(run, removals=True)

    values = {contact.value for contact in Contact.of_guardians([guardian_called("Parentp0").id])}
    assert values == {"p0@home.example", "+13125551000"}
    for table in ("roster_import_rows", "guardian_contacts", "source_people", "people", "audit_entries"):
        open_ = text(
            f"select count(*) from {table} t where t::text like '%home.example%' or t::text like '%5551000%'"
        )
        assert db.session.scalar(open_) == 0, table


def test_contacts_that_lie_under_an_older_key_are_not_applied(maple: World) -> None:
    run = looked_at(an_export([*STAFF, *families(2)]))
    resealing.begin()
    db.session.commit()
    directory.forget_directory()

    with pytest.raises(Refused, match="key was replaced"):
        importing.approve(run, removals=True)


def test_passwords_and_usernames_are_kept_nowhere(maple: World) -> None:
    taken_in(zipped(files([*STAFF, *families(4)], password="owl-moon-7")))

    for table in ("roster_import_rows", "people", "students", "guardians", "source_people", "audit_entries"):
        kept = text(
            f"select count(*) from {table} t where t::text like '%owl-moon-7%' or t::text like '%k1@%'"
        )
        assert db.session.scalar(kept) == 0, table


def test_a_number_that_nothing_arrives_at_is_left_away_and_the_guardian_is_not(maple: World) -> None:
    parent = Member(
        "p9", "Ada", "Quill", "not an address", role="guardian", mobile="911", phone="312 555 0177"
    )

    taken_in(an_export([*STAFF, parent]))

    assert [one.value for one in Contact.of_guardians([guardian_called("Ada").id])] == ["+13125550177"]


def test_the_same_file_again_writes_nothing(maple: World) -> None:
    export = an_export([*STAFF, *families(20)])
    taken_in(export)

    before, entries = tables(), count(AuditEntry)
    run = taken_in(export)

    assert run.state == "done"
    assert of_kind(run, "student") == {"same": 20}
    assert tables() == before
    assert count(AuditEntry) == entries + 2


def test_new_people_are_one_audit_entry_a_batch(maple: World) -> None:
    taken_in(an_export([*STAFF, *families(20)]))

    loaded = select(AuditEntry.what).where(
        AuditEntry.did == "loaded", AuditEntry.changes.op("->>")("rows") == "20"
    )
    assert set(db.session.scalars(loaded)) >= {"students", "guardians"}


def test_what_changed_is_written_and_told(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))
    members[0] = replace(members[0], given="Max", grades="05", school="s2")

    run = taken_in(an_export([*STAFF, *members]))

    assert of_kind(run, "student") == {"changed": 1, "same": 3}
    changed = student("N0")
    assert (changed.name, changed.grade) == ("Max Family0", "05")
    assert changed.person.school is not None
    assert changed.person.school.name == "Beech School"
    entries = select(AuditEntry.what).where(AuditEntry.which == changed.id, AuditEntry.did == "changed")
    assert set(db.session.scalars(entries)) == {"people", "students"}
    link = SourcePerson.of_kind(ONEROSTER_CSV, changed.id)
    assert link is not None
    assert link.grade_at is not None
    assert link.grade_at > (link.number_at or link.grade_at)


def test_what_the_office_wrote_stays(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))
    first = student("N0")
    first.person.given_name, first.grade = "Maxine", "06"
    db.session.commit()
    members[0] = replace(members[0], given="Max", grades="05")

    taken_in(an_export([*STAFF, *members]))

    assert (student("N0").name, student("N0").grade) == ("Maxine Family0", "06")


def test_what_a_file_leaves_blank_overwrites_nothing(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))

    taken_in(
        an_export([*STAFF, *(replace(one, grades="", relatives="", mobile="", email="") for one in members)])
    )

    assert student("N0").grade == "04"
    assert parents_of("N0") == {"Parentp0", "Parentq0"}
    assert len(Contact.of_guardians([guardian_called("Parentp0").id])) == 2


def test_a_student_who_was_here_by_that_number_is_the_same(maple: World) -> None:
    school_id = a_school().id
    here = Enrollment(given_name="Kid0", family_name="Family0", number="N0", school_id=school_id)
    students.add(here, once=UUID(int=7))
    db.session.commit()

    run = taken_in(an_export([*STAFF, *families(2)]))

    assert of_kind(run, "student") == {"matched": 1, "new": 1}
    assert student("N0").school_id == school_id
    assert parents_of("N0") == {"Parentp0", "Parentq0"}


def test_one_number_and_no_name_in_common_are_two_students(maple: World) -> None:
    here = Enrollment(given_name="Somebody", family_name="Else", number="N0", school_id=a_school().id)
    students.add(here, once=UUID(int=7))
    db.session.commit()

    run = taken_in(an_export([*STAFF, *families(2)]))

    assert of_kind(run, "student") == {"left_out": 1, "new": 1}
    assert student("N0").name == "Somebody Else"
    (row,) = ImportRow.about(run.id, "k0")
    assert "another student" in row.why


def test_a_guardian_who_was_here_by_that_email_and_name_is_the_same(maple: World) -> None:
    once = UUID(int=8)
    made = guardians.add(Particulars(given_name="Parentp0", family_name="Family0"), once=once)
    contacts.add(made, "email", "p0@home.example", Consent(), once=UUID(int=9))
    db.session.commit()

    run = taken_in(an_export([*STAFF, *families(2)]))

    assert of_kind(run, "guardian") == {"matched": 1, "new": 1}
    assert guardian_called("Parentp0").id == once
    assert len(Contact.of_guardians([once])) == 2


def test_a_record_for_each_school_is_one_student_and_one_guardian(maple: World) -> None:
    members = families(2)
    again = [
        replace(one, key=f"{one.key}-b", school="s2", relatives="p0-b" if one.relatives else "")
        for one in members
    ]

    run = taken_in(an_export([*STAFF, *members, *again]))

    assert of_kind(run, "student") == {"new": 2, "also": 2}
    assert of_kind(run, "guardian") == {"new": 2, "also": 2}
    assert count(Student) == count(Guardian) == 2
    assert parents_of("N1") == {"Parentp0"}


def test_an_id_of_every_school_makes_two_records_one_guardian(maple: World) -> None:
    one = Member("p1", "Ada", "Quill", "", role="guardian", master="district-7")

    taken_in(an_export([*STAFF, one, replace(one, key="p2", given="Adah")]))

    assert count(Guardian) == 1


def test_new_ids_for_the_same_people_make_nobody_twice(maple: World) -> None:
    members = families(6)
    taken_in(an_export([*STAFF, *members]))
    moved = [replace(one, key=f"new-{one.key}", relatives=_moved(one.relatives)) for one in members]

    run = taken_in(an_export([*STAFF, *moved]))

    assert of_kind(run, "student") == {"rekeyed": 6}
    assert of_kind(run, "guardian") == {"rekeyed": 6}
    assert count(Student) == count(Guardian) == 6
    assert parents_of("N0") == {"Parentp0", "Parentq0"}
    assert taken_in(an_export([*STAFF, *moved], salt="b")).state == "done"


def _moved(relatives: str) -> str:
    return ",".join(f"new-{one}" for one in relatives.split(",")) if relatives else ""


def test_a_guardian_who_comes_later_than_their_student_is_linked_then(maple: World) -> None:
    members = families(2)
    later = [one for one in members if one.key != "q0"]
    taken_in(an_export([*STAFF, *later]))
    assert parents_of("N0") == {"Parentp0"}

    taken_in(an_export([*STAFF, *members]))

    assert parents_of("N0") == {"Parentp0", "Parentq0"}


def test_guardians_who_name_their_students_are_linked_as_well(maple: World) -> None:
    children, parents = families(4)[:4], families(4)[4:]
    silent = [replace(one, relatives="") for one in children]
    naming = [
        replace(one, relatives=",".join(child.key for child in children if one.key in child.relatives))
        for one in parents
    ]
    taken_in(an_export([*STAFF, *silent, *naming]))

    assert parents_of("N0") == {"Parentp0", "Parentq0"}
    assert parents_of("N1") == {"Parentp0"}
    taken_in(an_export([*STAFF, *silent, *naming]))
    assert count(Guardianship) == 5


def test_what_is_foretold_of_a_row_is_not_said_before_it_was_compared(maple: World) -> None:
    run = importing.begin(io.BytesIO(an_export([*STAFF, *families(2)])), by=SYSTEM)
    run_id = run.id
    staging.read(run, time.monotonic() + 60)

    run = again(run_id)
    assert run.state == "comparing"
    assert run.rows_staged > 4
    assert of_kind(run, "student") == {}
    assert ImportRow.with_verdict(run.id, "new") == []


def test_the_planner_hears_of_a_district_while_its_roster_grows(
    maple: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting_anew, "MARKS", (10,))

    taken_in(an_export([*STAFF, *families(17)]))

    for model in (ImportRow, SourcePerson, Person, Student, Guardian, Contact, Guardianship):
        table = model.__tablename__
        believed = text("select reltuples from pg_class where relname = :table")
        assert (db.session.scalar(believed, {"table": table}) or 0) >= count(model) > 16, table


def test_a_table_that_grew_is_counted_before_a_mark_is_passed(maple: World, database: TestDatabase) -> None:
    with database.connect() as superuser:  # it may have had many rows before this test
        superuser.execute("update pg_class set relpages = 1, reltuples = 1 where relname = 'people'")
    believed = text("select reltuples from pg_class where relname = 'people'")
    with db.session.begin_nested():
        load(
            Person,
            [
                {
                    "given_name": "Kid",
                    "family_name": f"Quokka{nth}",
                    "kind": "guardian",
                    "title": "",
                    "active": True,
                }
                | {"source": "sync", "made_at": clock.now(), "email": None, "school_id": None}
                for nth in range(3_000)
            ],
            source="a test",
        )
        counting_anew.grew(2, 3)

    assert db.session.scalar(believed) >= 3_000
    db.session.rollback()


def test_tables_of_some_gigabytes_are_counted_too(maple: World, database: TestDatabase) -> None:
    with database.connect() as superuser:
        superuser.execute("update pg_class set relpages = 2000000 where relname = 'people'")
    try:
        counting_anew.grew(2, 3)
    finally:
        with database.connect() as superuser:
            superuser.execute("analyze people")


def test_another_number_is_asked_anew(maple: World) -> None:
    members = families(2)
    taken_in(an_export([*STAFF, *members]))
    parent = guardian_called("Parentp0")
    (mobile,) = [one for one in Contact.of_guardians([parent.id]) if one.kind == "mobile"]
    contacts.change(mobile, "+13125551000", Consent(state="given", source="paper", wording="1"))
    db.session.commit()
    members[2] = replace(members[2], mobile="312-555-0188")

    taken_in(an_export([*STAFF, *members]))

    held = {one.value: one.consent for one in Contact.of_guardians([guardian_called("Parentp0").id])}
    assert held == {"p0@home.example": "not asked", "+13125550188": "not asked"}


def test_a_delta_changes_those_whom_it_names(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))
    changed = replace(members[0], family="Moved", status="active")
    left = replace(members[1], status="tobedeleted")

    run = taken_in(an_export([changed, left, replace(STAFF[0], status="active")], kind="delta"))

    assert of_kind(run, "student") == {"changed": 1, "leaves": 1}
    assert student("N0").name == "Kid0 Moved"
    assert parents_of("N0") == {"Parentp0", "Parentq0"}


def test_a_delta_without_a_role_is_about_whoever_they_were(maple: World) -> None:
    members = families(4)
    taken_in(an_export([*STAFF, *members]))
    made = files([replace(members[0], family="Moved", status="active")], kind="delta")
    made["roles.csv"] = made["roles.csv"][:1]

    run = taken_in(zipped(made))

    assert of_kind(run, "student") == {"changed": 1}
    assert student("N0").name == "Kid0 Moved"


def test_a_student_who_becomes_staff_under_the_same_id_is_told(maple: World) -> None:
    members = families(2)
    taken_in(an_export([*STAFF, *members]))

    run = looked_at(an_export([*STAFF, replace(members[0], role="aide"), *members[1:]]))

    assert verdicts(run)["left_out"] == 1
    (row,) = ImportRow.about(run.id, "k0")
    assert "another kind" in row.why


def test_the_same_id_twice_with_other_words_is_a_fault_each_time(maple: World) -> None:
    members = families(2)
    twice = an_export([*STAFF, *members, replace(members[0], given="Other")])
    taken_in(twice)

    run = taken_in(twice)

    assert student("N0").name == "Kid0 Family0"
    assert [row.rule for row in db.session.scalars(ImportRow.faults(run.id))] == ["twice"]


def test_the_log_tells_how_many_are_as_they_were(maple: World) -> None:
    taken_in(an_export([*STAFF, *families(4)]))

    assert "8 of them as they were" in log_of(taken_in(an_export([*STAFF, *families(4)], salt="b")))


#: All that an import leaves of students and families, whatever the ids that were made and the district's own key.
SHAPE = """
    select md5(string_agg(line, '|' order by line)) from (
        select concat_ws(
            ',', link.key, link.speaks, link.relatives, link.absences, link.digest <> '', person.kind,
            person.given_name, person.active, school.name, student.number, student.grade,
            (select count(*) from guardian_contacts way where way.guardian_id = person.id)
        ) as line
        from source_people link join people person on person.id = link.person_id
        left join schools school on school.id = person.school_id
        left join students student on student.id = person.id
        union all
        select concat_ws(',', child.key, elder.key, held.relation, held.ended_at is null)
        from guardianships held
        join source_people child on child.person_id = held.student_id
        join source_people elder on elder.person_id = held.guardian_id
    ) as lines
"""


def test_killed_anywhere_and_gone_on_with_it_comes_to_the_same(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, size in ((staging, 7), (comparing, 9), (applying, 5)):
        monkeypatch.setattr(module, "BATCH", size)
    chance = random.Random(20)  # the same points each time
    members = families(12)
    fewer = [replace(one, grades="05", relatives="p0") for one in members if one.key not in ("k3", "p1")]
    exports = [
        an_export([*STAFF, *members]),
        an_export([*STAFF, *fewer]),
        an_export([*STAFF, *fewer], salt="b"),
    ]

    def shape_after(district_id: UUID, kill_after: list[int]) -> tuple[str, int]:
        with as_district(district_id):
            importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
            db.session.commit()
        for export in exports:
            with as_district(district_id), acting_as(SYSTEM):
                run_id = importing.begin(io.BytesIO(export), by=SYSTEM).id
                db.session.commit()
            while True:
                with as_district(district_id), acting_as(SYSTEM):
                    run = RosterImport.find(run_id)
                    assert run is not None
                    if run.is_over:
                        break
                    if run.state == "ready":
                        importing.approve(run, removals=True)
                        db.session.commit()
                    with killed_after(kill_after.pop() if kill_after else None):
                        importing.advance(run_id)
        with as_district(district_id):
            return str(db.session.scalar(text(SHAPE))), len(kill_after)

    with app.app_context():
        undisturbed, _ = shape_after(world.birch.id, [])
        disturbed, left = shape_after(world.maple.id, [chance.randint(0, 6) for _ in range(20)])

    assert left == 0
    assert disturbed == undisturbed
