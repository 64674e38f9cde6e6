"""Search: folded, every word, literal, liveliest first."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, search
from app.core.db import db
from app.core.tenancy import NoDistrict, as_district
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from tests.world import World


def a_ticket(world: World, title: str, text: str = "", tag: str = "", minutes_ago: int = 0) -> Ticket:
    ticket = Ticket(
        title=title,
        text=text,
        device_tag=tag,
        school_id=world.maple.schools["North"],
        requester_id=world.bell.person_id,
        last_activity_at=clock.now() - timedelta(minutes=minutes_ago),
    )
    ticket.get_number()
    db.session.add(ticket)
    db.session.flush()
    return ticket


@pytest.mark.parametrize(
    "typed",
    ["núñez", "NUNEZ", "Nun\u0303ez", "jose nunez", "nunez   josé", "jose.nunez@", "librarian"],
)
def test_a_person_is_found_however_they_are_typed(app, world: World, typed: str) -> None:
    with app.app_context(), as_district(world.maple.id):
        person = Person(
            given_name="José", family_name="Núñez", email="jose.nunez@maple.example", title="Librarian"
        )
        db.session.add(person)
        db.session.flush()

        assert search.people_matching(typed) == [person.id]


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "bell zzz", "x" * 5000])
def test_what_matches_nobody_finds_nobody(app, world: World, typed: str) -> None:
    with app.app_context(), as_district(world.maple.id):
        assert search.people_matching(typed) == []


def test_a_ticket_is_found_by_number_title_text_and_tag(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Projector is dark", "Since the assembly.", "PJ-0042")
        a_ticket(world, "Something else")

        for typed in (str(ticket.number), "projector", "assembly", "pj-0042", "dark assembly"):
            assert search.tickets_matching(typed) == [ticket.id], typed


@pytest.mark.parametrize(
    ("typed", "title"),
    [("100%", "Battery at 100% again"), ("a_b", "File a_b lost"), ("c:\\", "C:\\ is full")],
)
def test_signs_mean_themselves(app, world: World, typed: str, title: str) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, title)
        a_ticket(world, "1000 axb c:/")

        assert search.tickets_matching(typed) == [ticket.id]


def test_the_liveliest_come_first_and_no_more_than_asked_for(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        tickets = [a_ticket(world, "Printer jam", minutes_ago=nth) for nth in (30, 10, 20)]

        assert search.tickets_matching("printer", limit=2) == [tickets[1].id, tickets[2].id]


def test_what_was_changed_is_found_by_its_new_words(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Printer jam")
        ticket.title = "Plotter jam"
        db.session.flush()

        assert search.tickets_matching("plotter") == [ticket.id]
        assert search.tickets_matching("printer") == []


def test_a_quote_is_only_a_quote(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "It's the '); drop table tickets; -- one")

        assert search.tickets_matching("'); drop table") == [ticket.id]
        assert db.session.scalar(select(Ticket.id)) == ticket.id


def test_a_stranger_finds_nothing_of_ours(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        a_ticket(world, "Projector is dark")
        db.session.commit()

    with app.app_context(), as_district(world.birch.id):
        assert search.tickets_matching("projector") == []
        assert search.people_matching("tess") == []
        assert search.people_matching("quinn") == [world.quinn.person_id]


def test_without_a_district_nothing_is_searched(app, world: World) -> None:
    with app.app_context():
        for matching in (search.people_matching, search.tickets_matching):
            with pytest.raises(NoDistrict):
                matching("bell")
