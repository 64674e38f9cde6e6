"""The house's promise about search: under the wall, by the index, and nobody can reach around."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask

from app.core.db import db
from app.core.tenancy import as_district
from tests.cluster import TestDatabase
from tests.roster import families
from tests.world import World

#: Each with the arguments that follow the words.
FUNCTIONS = {
    "people_matching": "10",
    "students_matching": "10, null",
    "tickets_matching": "10",
    "tickets_found": "10, null, false, null, null, null, null, false",
    "requests_found": "10, (select id from people where email = 'bell@maple.example')",
}
#: What each must read by an index: its table, the index, and a condition that a plain query would ask.
INDEXED = {
    "people_matching": ("people", "ix_people_folded", "folded like '%projector%'"),
    "tickets_found": ("ticket_words", "ix_ticket_words_words", "words @@ 'projector:*'::tsquery"),
}

Connection = psycopg.Connection[Any]


@pytest.fixture
def as_app(database: TestDatabase, world: World) -> Iterator[Connection]:
    """A bare connection as role `app`: no ORM, no first wall."""
    with database.connect("app") as connection, connection.transaction():
        yield connection


def enter(connection: Connection, district_id: object) -> None:
    connection.execute("select set_config('app.district_id', %s, true)", [str(district_id)])


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("typed", ["bell", "", "%"])
def test_without_a_district_it_raises(as_app: Connection, function: str, typed: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="No district is set"):
        as_app.execute(f"select * from {function}(%s, {FUNCTIONS[function]})", [typed])


@pytest.mark.parametrize("setting", ["", "not-a-district"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_setting_that_names_no_district_raises(as_app: Connection, function: str, setting: str) -> None:
    enter(as_app, setting)

    with pytest.raises(psycopg.Error):
        as_app.execute(f"select * from {function}('bell', {FUNCTIONS[function]})")


def test_the_same_words_find_each_districts_own(as_app: Connection, world: World) -> None:
    # Nora Bell works in both.
    for place, bell in ((world.maple, world.bell), (world.birch, world.quincy)):
        enter(as_app, place.id)

        assert as_app.execute("select * from people_matching('nora bell', 10)").fetchall() == [
            (bell.person_id,)
        ]


def test_the_same_words_find_each_districts_own_students(
    app: Flask, as_app: Connection, world: World
) -> None:
    anas = {}
    for place in (world.maple, world.birch):
        with app.app_context(), as_district(place.id):
            anas[place.id] = families.student("Ana", "Salas", number="77", school=place.schools["North"]).id
            db.session.commit()

    for place in (world.maple, world.birch):
        enter(as_app, place.id)
        for typed in ("ana salas", "77"):
            found = as_app.execute("select * from students_matching(%s, 10, null)", [typed]).fetchall()
            assert found == [(anas[place.id],)]


def test_a_district_that_is_not_there_finds_nothing(as_app: Connection) -> None:
    enter(as_app, "00000000-0000-7000-8000-000000000000")

    assert as_app.execute("select * from people_matching('bell', 10)").fetchall() == []


@pytest.fixture
def crowd(database: TestDatabase, world: World) -> None:
    """So many rows that the planner has a reason to use an index."""
    with database.connect() as connection:
        connection.execute(
            """insert into people (id, district_id, given_name, family_name, kind, title, active, source, made_at)
               select gen_random_uuid(), %s, md5(nth::text), md5((nth * 7)::text), 'staff', '', true, 'demo', now()
               from generate_series(1, 2500) nth""",
            [world.maple.id],
        )
        connection.execute(
            """insert into tickets (id, district_id, number, title, text, state, urgency, school_id, device_tag,
                                    requester_id, channel, opened_at, last_activity_at, version, verified,
                                    reply_count, made_at)
               select gen_random_uuid(), %s, nth, md5(nth::text), md5((nth * 7)::text), 'new', 2, %s, '',
                      %s, 'web', now(), now(), 1, true, 0, now()
               from generate_series(1, 2500) nth""",
            [world.maple.id, world.maple.schools["North"], world.bell.person_id],
        )
        # Also moves what was just written from the index's waiting list into the index.
        connection.execute("vacuum analyze people, tickets, ticket_words")


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("function", INDEXED)
def test_it_reads_by_its_index_and_a_plain_query_cannot(
    as_app: Connection, world: World, function: str
) -> None:
    enter(as_app, world.maple.id)
    table, index, condition = INDEXED[function]
    scans = f"select pg_stat_get_xact_numscans('{index}'::regclass)"

    # The control: under the wall LIKE and @@ are kept away from the index, which is why the function exists.
    as_app.execute(f"select id from {table} where {condition}")
    assert as_app.execute(scans).fetchone() == (0,)

    as_app.execute(f"select * from {function}('projector', {FUNCTIONS[function]})")
    assert as_app.execute(scans).fetchone() == (1,)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(("function", "table"), [("people_matching", "people"), ("tickets_found", "tickets")])
def test_the_caller_joins_by_the_primary_key(
    as_app: Connection, world: World, function: str, table: str
) -> None:
    enter(as_app, world.maple.id)

    plan = as_app.execute(
        f"explain select t.id from {table} t "
        f"where t.id = any(array(select {function}('bell', {FUNCTIONS[function]})))"
    ).fetchall()

    words = "\n".join(str(line) for (line,) in plan)
    assert f"pk_{table}" in words or f"uq_{table}_district_id_id" in words, words


def test_the_same_words_find_each_districts_own_tickets(
    as_app: Connection, database: TestDatabase, world: World
) -> None:
    with database.connect() as connection:
        for place, bell in ((world.maple, world.bell), (world.birch, world.quincy)):
            connection.execute(A_TICKET, [place.id, place.schools["North"], bell.person_id])
        own: dict[object, object] = dict(connection.execute("select district_id, id from tickets").fetchall())

    for place in (world.maple, world.birch):
        enter(as_app, place.id)
        for typed in ("projector", "nora bell", "1001"):
            found = as_app.execute(f"select * from tickets_found(%s, {FUNCTIONS['tickets_found']})", [typed])
            assert found.fetchall() == [(own[place.id],)]


A_TICKET = """
insert into tickets (id, district_id, number, title, text, state, urgency, school_id, device_tag, requester_id,
    channel, opened_at, last_activity_at, version, verified, reply_count, made_at)
values (gen_random_uuid(), %s, 1001, 'Projector', '', 'new', 2, %s, '', %s,
    'web', now(), now(), 1, true, 0, now())
"""


def test_every_other_definer_takes_nothing_and_answers_nothing(database: TestDatabase) -> None:
    """An import may have its tables counted anew, which only their owner can do: no words go in, no rows come out."""
    with database.connect() as connection:
        found = connection.execute(
            """select p.proname, r.rolname, p.proconfig, p.pronargs, p.prorettype::regtype::text,
                      has_function_privilege('across', p.oid, 'execute')
               from pg_proc p join pg_roles r on r.oid = p.proowner
               join pg_namespace n on n.oid = p.pronamespace
               where p.prosecdef and n.nspname = 'public' and r.rolname <> 'searcher' order by 1"""
        ).fetchall()

    path = ["search_path=pg_catalog, public, pg_temp"]
    assert found == [("count_rosters_anew", "owner", path, 0, "void", False)]


def test_every_definer_function_that_finds_is_searchers_with_a_fixed_path(database: TestDatabase) -> None:
    with database.connect() as connection:
        found = connection.execute(
            """select p.proname, r.rolname, p.proconfig, p.provolatile,
                      has_function_privilege('app', p.oid, 'execute'),
                      has_function_privilege('across', p.oid, 'execute')
               from pg_proc p join pg_roles r on r.oid = p.proowner
               join pg_namespace n on n.oid = p.pronamespace
               where p.prosecdef and n.nspname = 'public' and r.rolname = 'searcher' order by 1"""
        ).fetchall()

    path = ["search_path=pg_catalog, public, pg_temp"]
    assert found == [(name, "searcher", path, "s", True, False) for name in sorted(FUNCTIONS)]


def test_searcher_signs_in_nowhere_and_reads_only_what_it_searches(database: TestDatabase) -> None:
    with database.connect() as connection:
        role = connection.execute(
            "select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = 'searcher'"
        ).fetchone()
        tables = connection.execute(
            "select table_name from information_schema.table_privileges where grantee = 'searcher'"
        ).fetchall()
        columns = connection.execute(
            """select table_name, column_name, privilege_type from information_schema.column_privileges
               where grantee = 'searcher' order by 1, 2"""
        ).fetchall()
        may_create = connection.execute(
            "select has_schema_privilege('searcher', 'public', 'create')"
        ).fetchone()

    assert role == (False, False, False)
    assert tables == []
    assert may_create == (False,)
    assert {privilege for *_, privilege in columns} == {"SELECT"}
    read: dict[object, set[object]] = {}
    for table, name, _ in columns:
        read.setdefault(table, set()).add(name)
    assert read == {
        "people": {"id", "district_id", "folded", "family_name", "given_name", "kind", "school_id"},
        "students": {"id", "district_id", "number"},
        "ticket_words": {"id", "district_id", "number", "words"},
        "tickets": {
            *("id", "district_id", "number", "school_id", "state", "assignee_id", "closed_at"),
            *("requester_id", "last_activity_at", "folded"),
        },
    }
