"""Maple asks; Birch has a row. What each wall stops."""

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, union_all, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import aliased

from app.core.db import db, uuid7
from app.core.tenancy import NoDistrict, OtherDistrict, as_district, enter_district
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


@pytest.fixture
def birch_school(app, world):
    with app.app_context(), as_district(world.birch.id):
        return db.session.scalars(select(School)).first()


def only_maple(world, rows):
    return rows and {row.district_id for row in rows} == {world.maple.id}


def test_every_kind_of_read_sees_this_district_only(maple, world, birch_school):
    other = birch_school.id
    alias = aliased(School)
    counted = db.session.scalar(select(func.count()).select_from(School))
    mine = db.session.scalars(select(School)).all()
    cte = select(School.id).cte()
    scalar = select(func.count(School.id)).scalar_subquery()

    assert only_maple(world, mine)
    assert counted == len(mine)
    assert db.session.get(School, other) is None
    assert only_maple(world, db.session.scalars(select(alias)).all())
    assert only_maple(world, db.session.scalars(select(School).join(Room, Room.school_id == School.id)).all())
    assert db.session.scalar(select(exists().where(School.id == other))) is False
    assert other not in db.session.scalars(select(cte.c.id)).all()
    assert db.session.scalar(select(scalar)) == len(mine)
    assert other not in db.session.scalars(union_all(select(School.id), select(alias.id))).all()


def test_reads_of_tables_and_text_stop_at_the_second_wall(maple, world, birch_school):
    assert birch_school.id not in db.session.scalars(select(School.__table__.c.id)).all()
    assert (
        db.session.scalar(text("select count(*) from schools where id = :id"), {"id": birch_school.id}) == 0
    )


def test_bulk_changes_touch_this_district_only(maple, world, birch_school, app):
    db.session.execute(update(School).values(short_name="M"))
    db.session.execute(update(School.__table__).values(short_name="M"))
    db.session.execute(delete(School).where(School.id == birch_school.id))
    db.session.commit()

    with as_district(world.birch.id):
        assert db.session.get(School, birch_school.id).short_name == birch_school.short_name


def test_a_row_for_another_district_is_refused(maple, world):
    db.session.add(School(district_id=world.birch.id, name="Planted", short_name="P"))

    with pytest.raises(OtherDistrict):
        db.session.flush()


def test_a_row_cannot_move_to_another_district(maple, world):
    school = db.session.scalars(select(School)).first()
    school.district_id = world.birch.id

    with pytest.raises(OtherDistrict):
        db.session.flush()


def test_a_bulk_insert_for_another_district_stops_at_the_second_wall(maple, world):
    columns = {"id": uuid7(), "district_id": world.birch.id, "name": "Planted", "short_name": "P"}

    with pytest.raises(DBAPIError, match="row-level security"):
        db.session.execute(insert(School).values(columns))


def test_a_foreign_key_cannot_reach_into_another_district(maple, birch_school):
    db.session.add(Room(school_id=birch_school.id, name="Planted"))

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_without_a_district_the_first_wall_raises_and_the_second_is_empty(app, world):
    with app.app_context():
        with pytest.raises(NoDistrict):
            db.session.scalars(select(Person)).all()
        assert db.session.execute(text("select id from people")).all() == []


def test_an_app_context_serves_one_district_only(maple, world):
    with pytest.raises(OtherDistrict):
        enter_district(world.birch.id)


def test_each_district_has_a_session_of_its_own(maple, world, birch_school):
    mine = db.session()
    with as_district(world.birch.id):
        assert db.session() is not mine
        assert db.session.get(School, birch_school.id) is not None
    assert db.session.get(School, birch_school.id) is None


def test_no_statement_of_a_district_is_compiled(maple):
    assert db.session.scalar(text("select current_setting('jit')")) == "off"


def test_the_setting_ends_with_the_transaction(maple):
    db.session.scalars(select(School)).all()
    db.session.commit()
    with db.engine.connect() as connection:
        assert connection.scalar(text("select nullif(current_setting('app.district_id', true), '')")) is None
