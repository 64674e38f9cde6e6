"""Schools and rooms are added, renamed and closed."""

import pytest

from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions import places
from app.roster.actions.refused import Refused
from app.roster.models.room import Room
from app.roster.models.school import School
from tests.world import World


def test_a_school_is_added_once(app, world: World) -> None:
    once = uuid7()
    with app.app_context(), as_district(world.maple.id):
        first = places.add_school(name="  High  School ", short_name="", zone="", once=once)
        again = places.add_school(name="High School", short_name="", zone="", once=once)

        assert again is first
        assert (first.name, first.short_name) == ("High School", "High School")


def test_a_name_that_another_district_uses_is_free(app, world: World) -> None:
    with app.app_context(), as_district(world.birch.id):
        places.add_school(name="Elsewhere School", short_name="", zone="", once=uuid7())
        db.session.commit()
    with app.app_context(), as_district(world.maple.id):
        places.add_school(name="Elsewhere School", short_name="", zone="", once=uuid7())


def test_a_second_school_of_the_same_name_is_refused(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id), pytest.raises(Refused, match="already"):
        places.add_school(name="north school", short_name="", zone="", once=uuid7())


def test_an_unknown_zone_is_refused(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id), pytest.raises(Refused, match="America/Chicago"):
        places.add_school(name="High", short_name="", zone="Mars/Olympus", once=uuid7())


def test_a_school_with_people_is_not_closed(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        school = School.find(world.maple.schools["Cedar"])
        assert school is not None

        with pytest.raises(Refused, match="2 people work at Cedar School"):
            places.close_school(school)


def test_two_rooms_of_a_school_have_different_names(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        school = School.find(world.maple.schools["Cedar"])
        assert school is not None
        places.add_room(school, name="Library", once=uuid7())

        with pytest.raises(Refused, match="already"):
            places.add_room(school, name="library", once=uuid7())


def test_a_room_out_of_use_keeps_its_name(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        room = Room.find(world.maple.rooms["North", "Library"])
        assert room is not None

        places.change_room(room, name="Library", active=False)

        assert (room.name, room.active) == ("Library", False)


def test_a_room_of_another_district_is_not_found(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        assert Room.find(world.birch.rooms["North", "Library"]) is None
        assert School.find(world.birch.schools["North"]) is None


def test_the_schools_own_clock_comes_before_the_districts(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        school = School.find(world.maple.schools["North"])
        assert school is not None
        assert school.zone_name == "America/Chicago"

        school.zone = "America/Denver"

        assert school.zone_name == "America/Denver"
