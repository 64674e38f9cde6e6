"""An import of the roster from its file to the people: nothing changes that nobody saw, and nobody is thrown out."""

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from app.core import clock, storage
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.quotas import STORED, used
from app.core.tenancy import as_district
from app.roster.actions import applying, comparing, importing, precedence, staging
from app.roster.actions.refused import Refused
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.precedence import HAND
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school import School
from app.roster.models.source_person import SourcePerson
from jobs import perform
from tests.roster.exports import Member, an_export, broken, files, staff, students, zipped
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def taken_in(export: bytes, *, removals: bool = True) -> RosterImport:
    """Uploaded, read, compared, and applied if it waits for an answer."""
    run = looked_at(export)
    return answered(run, removals=removals) if run.state == "ready" else run


def answered(run: RosterImport, *, removals: bool) -> RosterImport:
    """Approved, and applied."""
    run_id = run.id
    importing.approve(run, removals=removals)
    db.session.commit()
    importing.advance(run_id)
    return again(run_id)


def looked_at(export: bytes) -> RosterImport:
    """Uploaded, read and compared."""
    run_id = importing.begin(io.BytesIO(export), by=SYSTEM).id
    db.session.commit()
    importing.advance(run_id)
    return again(run_id)


def again(run_id: UUID) -> RosterImport:
    found = db.session.scalar(
        select(RosterImport).where(RosterImport.id == run_id).execution_options(populate_existing=True)
    )
    assert found is not None
    return found


def verdicts(run: RosterImport) -> dict[str, int]:
    return {verdict: count for (kind, verdict), count in ImportRow.counts(run.id).items() if kind == "staff"}


def with_address(email: str) -> Person:
    db.session.expire_all()
    found = Person.with_address(email)
    assert found is not None
    return found


def working() -> int:
    return Person.count_active_staff()


def who_works() -> set[UUID]:
    return set(db.session.scalars(select(Person.id).where(Person.active)))


def log_of(run: RosterImport) -> str:
    return " ".join(note.sentence for note in ImportNote.of(run.id))


def test_nothing_changes_before_somebody_has_said_so(maple: World) -> None:
    before = working()

    run = looked_at(an_export([*staff(6), *students(4)]))

    assert run.state == "ready"
    assert verdicts(run) == {"new": 6}
    assert run.left_out == {"not_staff": 4, "not_a_school": 1}
    assert working() == before


def test_schools_and_staff_are_taken_over(maple: World) -> None:
    run = taken_in(an_export(staff(6)))

    assert run.state == "done"
    somebody = with_address("u3@maple.example")
    assert (somebody.name, somebody.source, somebody.kind) == ("Given3 Family3", "sync", "staff")
    assert somebody.school is not None
    assert somebody.school.name == "Beech School"


def test_whoever_was_here_by_the_same_address_is_the_same_person(maple: World) -> None:
    before = working()

    run = taken_in(an_export([Member("u1", "Nora", "Bell", "Bell@maple.example")]))

    assert verdicts(run) == {"matched": 1}
    assert working() == before
    assert maple.bell.person_id is not None
    link = SourcePerson.of_kind(ONEROSTER_CSV, maple.bell.person_id)
    assert link is not None
    assert link.key == "u1"


def test_what_an_admin_wrote_stays(maple: World) -> None:
    taken_in(an_export([Member("u1", "Eleonora", "Bell", "bell@maple.example")]))

    assert with_address("bell@maple.example").given_name == "Nora"


def test_unless_the_district_lets_the_file_go_first(maple: World) -> None:
    RosterSource.of_kind(ONEROSTER_CSV)
    precedence.move("name", HAND, up=False)
    taken_in(an_export([Member("u1", "Eleonora", "Bell", "bell@maple.example")]))

    assert with_address("bell@maple.example").given_name == "Eleonora"


def test_what_an_admin_changed_later_stays_too(maple: World) -> None:
    taken_in(an_export(staff(2)))
    with_address("u1@maple.example").given_name = "Kim"
    db.session.commit()

    run = taken_in(an_export([replace(one, given="Changed") for one in staff(2)]))

    assert verdicts(run) == {"changed": 2}
    assert with_address("u1@maple.example").given_name == "Kim"
    assert with_address("u0@maple.example").given_name == "Changed"


def test_what_the_source_does_not_say_overwrites_nothing(maple: World) -> None:
    taken_in(an_export(staff(2)))

    taken_in(an_export([replace(one, email="") for one in staff(2)]))

    assert with_address("u1@maple.example").given_name == "Given1"


def test_the_same_file_again_writes_nothing(maple: World) -> None:
    export = an_export(staff(30))
    taken_in(export)

    def rows() -> Any:
        asked = "select id, xmin::text from {} order by id"
        tables = ("people", "schools", "source_people", "source_schools", "roster_sources")
        return [db.session.execute(text(asked.format(table))).all() for table in tables]

    def entries() -> list[Any]:
        asked = select(AuditEntry.what).order_by(AuditEntry.position)
        return list(db.session.scalars(asked))

    before, audit_before = rows(), len(entries())
    run = taken_in(export)

    assert run.state == "done"
    assert verdicts(run) == {"same": 30}
    assert rows() == before
    assert entries()[audit_before:] == ["roster_imports", "roster_imports"]


def test_whoever_is_missing_once_stays(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    run = taken_in(an_export(staff(39)))

    assert verdicts(run) == {"same": 39, "missing": 1}
    assert working() == before


def test_whoever_is_missing_from_two_files_in_a_row_is_deactivated(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    taken_in(an_export(staff(39)))
    run = taken_in(an_export(staff(39), salt="another"))

    assert verdicts(run) == {"same": 39, "vanished": 1}
    assert working() == before - 1
    assert not with_address("u39@maple.example").active


def test_the_same_file_twice_is_one_absence(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    taken_in(an_export(staff(39)))
    taken_in(an_export(staff(39)))

    assert working() == before


def test_whoever_is_there_again_between_begins_anew(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    for nth, count in enumerate((39, 40, 39)):
        taken_in(an_export(staff(count), salt=str(nth)))

    assert working() == before


def test_whoever_comes_back_works_here_again(maple: World) -> None:
    taken_in(an_export(staff(40)))
    for salt in "ab":
        taken_in(an_export(staff(39), salt=salt))

    run = taken_in(an_export(staff(40), salt="c"))

    assert verdicts(run)["returns"] == 1
    assert with_address("u39@maple.example").active


def test_whom_an_admin_deactivated_no_file_brings_back(maple: World) -> None:
    taken_in(an_export(staff(3)))
    with_address("u1@maple.example").active = False
    db.session.commit()

    run = taken_in(an_export(staff(3), salt="b"))

    assert verdicts(run) == {"same": 2, "left_out": 1}
    assert not with_address("u1@maple.example").active


def test_the_guard_asks_when_more_than_a_twentieth_of_a_role_would_go(maple: World) -> None:
    taken_in(an_export(staff(40)))

    run = looked_at(an_export(staff(37)))

    assert {"group": "teacher", "gone": 3, "of": 40} in run.guard["groups"]
    assert "have left" in log_of(run)


def test_the_guard_asks_when_a_school_would_lose_too_many(maple: World) -> None:
    many = staff(100, school="s1")
    taken_in(
        an_export(
            [
                *many,
                *(replace(one, key=f"b{one.key}", email=f"b{one.email}", school="s2") for one in staff(10)),
            ]
        )
    )

    run = looked_at(
        an_export(
            [
                *many,
                *(replace(one, key=f"b{one.key}", email=f"b{one.email}", school="s2") for one in staff(9)),
            ]
        )
    )

    assert run.guard["groups"] == [{"group": "Beech School", "gone": 1, "of": 10}]


def test_the_guard_lets_a_few_of_many_go(maple: World) -> None:
    taken_in(an_export(staff(60)))

    assert looked_at(an_export(staff(59))).guard == {}


def test_without_a_yes_nobody_goes_and_no_absence_counts(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    for salt in "abc":
        taken_in(an_export(staff(20), salt=salt), removals=False)

    assert working() == before
    assert db.session.scalar(select(func.max(SourcePerson.absences))) == 0


@pytest.mark.parametrize("shape", sorted(broken(staff(4), "")))
def test_a_broken_feed_deactivates_nobody(maple: World, shape: str) -> None:
    members = staff(40)
    taken_in(an_export(members))
    before = who_works()

    for salt in ("first", "second", "third"):
        export = broken(members, salt)[shape]
        try:
            run = looked_at(export)
        except Refused:
            continue
        if run.state == "ready":
            run = answered(run, removals=not run.guard)
        assert run.is_over

    assert before <= who_works()


def test_new_ids_for_the_same_people_move_and_nobody_is_made_twice(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()

    run = taken_in(an_export([replace(one, key=f"new-{one.key}") for one in staff(40)]))

    assert verdicts(run) == {"rekeyed": 40}
    assert working() == before
    assert (
        taken_in(an_export([replace(one, key=f"new-{one.key}") for one in staff(40)], salt="b")).state
        == "done"
    )


def test_new_ids_without_addresses_are_told_before_anybody_is_made_twice(maple: World) -> None:
    taken_in(an_export(staff(40)))

    run = looked_at(an_export([replace(one, key=f"new-{one.key}", email="") for one in staff(40)]))

    assert "40 of the new people have the names of people who are missing" in log_of(run)
    assert run.guard


def test_a_record_for_each_school_is_one_person(maple: World) -> None:
    twice = [*staff(4), *(replace(one, key=f"{one.key}-b", school="s2") for one in staff(4))]
    before = working()

    run = taken_in(an_export(twice))

    assert verdicts(run) == {"new": 4, "also": 4}
    assert working() == before + 4
    assert verdicts(taken_in(an_export(twice, salt="b"))) == {"same": 8}


def test_the_same_id_twice_with_other_words_is_a_fault(maple: World) -> None:
    run = looked_at(an_export([*staff(2), replace(staff(1)[0], family="Other"), staff(2)[1]]))

    assert run.left_out["twice"] == 1
    assert [row.rule for row in db.session.scalars(ImportRow.faults(run.id))] == ["twice"]


def test_an_address_that_is_somebody_elses_is_a_fault(maple: World) -> None:
    taken_in(an_export(staff(40)))

    run = taken_in(an_export([replace(staff(1)[0], email="bell@maple.example"), *staff(40)[1:]]))

    assert verdicts(run) == {"left_out": 1, "same": 39}
    assert with_address("u0@maple.example").active


def test_whoever_takes_over_an_address_is_not_taken_for_whoever_had_it(maple: World) -> None:
    taken_in(an_export(staff(40)))
    moved = [replace(one, email="moved@maple.example") if one.key == "u0" else one for one in staff(40)]
    heir = Member("n1", "New", "Colleague", "u0@maple.example")

    first = verdicts(taken_in(an_export([*moved, heir])))
    second = verdicts(taken_in(an_export([*moved, heir], salt="b")))

    assert first == {"changed": 1, "same": 39, "left_out": 1}
    assert second == {"same": 40, "new": 1}
    assert with_address("moved@maple.example").given_name == "Given0"
    assert with_address("u0@maple.example").given_name == "New"


def test_a_delta_changes_those_whom_it_names(maple: World) -> None:
    taken_in(an_export(staff(40)))
    before = working()
    changed = replace(staff(1)[0], family="Married", status="active")
    left = replace(staff(40)[39], status="tobedeleted")

    run = taken_in(an_export([changed, left], kind="delta"))

    assert verdicts(run) == {"changed": 1, "leaves": 1}
    assert with_address("u0@maple.example").family_name == "Married"
    assert working() == before - 1


def test_of_students_nothing_is_kept(maple: World) -> None:
    taken_in(an_export([*staff(2), *students(20)]))
    taken_in(an_export([replace(one, status="active") for one in [*staff(2), *students(20)]], kind="delta"))

    for table in ("roster_import_rows", "roster_import_notes", "people", "source_people", "audit_entries"):
        kept = text(f"select count(*) from {table} t where t::text like '%Quokka%' or t::text like '%k1@%'")
        assert db.session.scalar(kept) == 0, table


def test_no_password_is_kept(maple: World) -> None:
    taken_in(zipped(files(staff(3), password="owl-moon-7")))

    for table in ("roster_import_rows", "roster_import_notes", "people", "source_people", "audit_entries"):
        kept = text(f"select count(*) from {table} t where t::text like '%owl-moon-7%'")
        assert db.session.scalar(kept) == 0, table


def test_a_row_that_is_left_out_says_why(maple: World) -> None:
    run = looked_at(an_export([*staff(2), replace(staff(1)[0], key="u9", email="u9 at maple")]))

    (row,) = ImportRow.about(run.id, "u9")
    assert "not an email address" in row.why


def test_the_file_goes_when_the_import_is_over(maple: World) -> None:
    run = looked_at(an_export(staff(2)))
    key = run.storage_key
    assert key is not None
    assert used(STORED) > 0

    importing.cancel(run)

    assert used(STORED) == 0
    with pytest.raises(storage.FileMissing):
        storage.open(key)
    assert run.state == "cancelled"


def test_a_second_file_waits_for_the_first(maple: World) -> None:
    looked_at(an_export(staff(2)))

    with pytest.raises(Refused, match="still waits for you"):
        importing.begin(io.BytesIO(an_export(staff(3))), by=SYSTEM)


def test_a_cancelled_import_goes_no_further(maple: World) -> None:
    before = working()
    run = looked_at(an_export(staff(20)))
    importing.approve(run, removals=True)
    db.session.commit()
    importing.cancel(run)

    importing.advance(run.id)

    assert working() == before


def test_a_preview_that_nobody_answers_is_given_up(maple: World) -> None:
    run = looked_at(an_export(staff(2)))

    with clock.frozen(clock.now() + importing.FILE_IS_KEPT * 1.01):
        importing.forget_old_imports()

    assert again(run.id).state == "cancelled"


def test_rows_are_forgotten_after_a_month(maple: World) -> None:
    run = taken_in(an_export(staff(2)))

    with clock.frozen(clock.now() + importing.ROWS_ARE_KEPT * 1.01):
        importing.forget_old_imports()
    db.session.commit()

    assert RosterImport.find(run.id) is None
    assert db.session.scalar(select(func.count(ImportRow.id))) == 0
    assert with_address("u1@maple.example").active


class Killed(BaseException):
    """The worker is gone, in the middle of things."""


def shape_of_everything() -> str:
    """A hash of all that an import leaves, whatever the ids that were made on the way."""
    asked = """
        select md5(string_agg(line, '|' order by line)) from (
            select concat_ws(',', p.given_name, p.family_name, p.email, p.active, p.source, s.name) as line
            from people p left join schools s on s.id = p.school_id
            union all
            select concat_ws(
                ',', l.key, l.speaks, l.given_name, l.email, l.role, l.absences, l.left_at is null, p.email
            )
            from source_people l join people p on p.id = l.person_id
            union all select concat_ws(',', rows_read, left_out, rows_staged, rows_applied) from roster_imports
            union all select concat_ws(',', k.key, k.name, s.name)
            from source_schools k join schools s on s.id = k.school_id
        ) as lines
    """
    return str(db.session.scalar(text(asked)))


def test_killed_anywhere_and_gone_on_with_it_comes_to_the_same(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, size in ((staging, 7), (comparing, 9), (applying, 5)):
        monkeypatch.setattr(module, "BATCH", size)
    chance = random.Random(20)  # the same points each time
    first = an_export([*staff(40), *students(20)])
    second = an_export(
        [replace(one, family="Again") for one in staff(39)] + [Member("n1", "New", "One", "n@maple.example")]
    )

    def run_through(kill_after: list[int]) -> str:
        for export in (first, second):
            with as_district(world.maple.id), acting_as(SYSTEM):
                run_id = importing.begin(io.BytesIO(export), by=SYSTEM).id
                db.session.commit()
            for state in ("ready", "done"):
                reach(run_id, state, kill_after)
                with as_district(world.maple.id), acting_as(SYSTEM):
                    found = RosterImport.find(run_id)
                    assert found is not None
                    if found.state == "ready":
                        importing.approve(found, removals=True)
                        db.session.commit()
        with as_district(world.maple.id):
            return shape_of_everything()

    def reach(run_id: Any, state: str, kill_after: list[int]) -> None:
        while True:
            left = kill_after.pop() if kill_after else None
            with as_district(world.maple.id), acting_as(SYSTEM):
                found = RosterImport.find(run_id)
                assert found is not None
                if found.state in (state, "done"):
                    return
                with killed_after(left):
                    importing.advance(run_id)

    def forget_everything() -> None:
        with as_district(world.maple.id):
            for table in ("source_people", "roster_import_rows", "roster_import_notes", "work"):
                db.session.execute(text(f"delete from {table}"))
            for table in ("roster_imports", "source_schools", "roster_sources"):
                db.session.execute(text(f"delete from {table}"))
            db.session.execute(text("delete from people where source = 'sync'"))
            db.session.execute(text("delete from schools where name in ('Ash School', 'Beech School')"))
            db.session.commit()

    with app.app_context():
        undisturbed = run_through([])
        forget_everything()

        disturbed = run_through([chance.randint(0, 12) for _ in range(20)])

    assert disturbed == undisturbed


class killed_after:
    """Kill whoever works in this block before a commit, once so many have stood."""

    def __init__(self, commits: int | None) -> None:
        self.left = commits

    def _before_commit(self, session: Any) -> None:
        if self.left is None or session.in_nested_transaction():
            return
        if self.left == 0:
            raise Killed
        self.left -= 1

    def __enter__(self) -> None:
        event.listen(db.session, "before_commit", self._before_commit)

    def __exit__(self, kind: Any, *_: Any) -> bool:
        event.remove(db.session, "before_commit", self._before_commit)
        if kind is Killed:
            db.session.rollback()
        return kind is Killed


def test_the_job_goes_on_with_it(maple: World) -> None:
    run_id = importing.begin(io.BytesIO(an_export(staff(2))), by=SYSTEM).id
    db.session.commit()

    perform("jobs.roster.advance", run_id)

    assert again(run_id).state == "ready"


def test_accounts_follow_those_who_left(maple: World) -> None:
    bell = Member("u1", "Nora", "Bell", "bell@maple.example", status="active")
    taken_in(an_export([bell, *[replace(one, status="active") for one in staff(40)]], kind="delta"))

    taken_in(an_export([replace(bell, status="tobedeleted")], kind="delta"))
    followed = list(db.session.scalars(select(Work.subject_id).where(Work.job == "jobs.roster.follow")))
    for person_id in followed:
        perform("jobs.roster.follow", person_id)

    assert maple.bell.person_id in followed
    assert maple.bell.account().state == "suspended"


def test_the_last_admin_stays_whatever_a_file_says(maple: World) -> None:
    adams = Member("u1", "Ruth", "Adams", maple.adams.email, status="active")
    taken_in(an_export([adams, *[replace(one, status="active") for one in staff(40)]], kind="delta"))

    taken_in(an_export([replace(adams, status="tobedeleted")], kind="delta"))
    perform("jobs.roster.follow", maple.adams.person_id)

    assert maple.adams.account().state == "active"
    assert with_address(maple.adams.email).active


def test_an_import_tells_no_school_of_another_district(maple: World, app: Flask) -> None:
    taken_in(an_export(staff(2)))

    with as_district(maple.birch.id):
        assert db.session.scalar(select(func.count(SourcePerson.id))) == 0
        assert db.session.scalar(select(func.count(School.id)).where(School.name == "Ash School")) == 0


def test_columns_of_a_file_that_is_read_already_are_not_chosen_again(maple: World) -> None:
    run = importing.begin(io.BytesIO(b"email,last\nnia@maple.example,Okoro\n"), by=SYSTEM)
    columns = {"email": "email", "family_name": "last"}
    importing.choose_columns(run, columns, has_everybody=False)

    with pytest.raises(Refused, match="not waiting for its columns"):
        importing.choose_columns(run, columns, has_everybody=True)


def test_whoever_is_missing_twice_in_a_file_of_everybody_has_left(maple: World) -> None:
    def listed(*names: str) -> RosterImport:
        lines = "".join(f"{name}@maple.example,{name}\n" for name in names)
        run = importing.begin(io.BytesIO(f"email,last\n{lines}".encode()), by=SYSTEM)
        run_id = run.id
        importing.choose_columns(run, {"email": "email", "family_name": "last"}, has_everybody=True)
        db.session.commit()
        importing.advance(run_id)
        read = again(run_id)
        return answered(read, removals=True) if read.state == "ready" else read

    listed("nia", "ada", "wu")
    listed("nia", "ada")
    assert with_address("wu@maple.example").active
    listed("ada", "nia")

    assert not with_address("wu@maple.example").active
    assert with_address("nia@maple.example").active
