"""Search: folded, every word, literal; whatever was said on a ticket."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from app.core import clock, search
from app.core.db import db
from app.core.tenancy import NoDistrict, as_district
from app.helpdesk.models.reply import Reply, ReplyKind
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.models.words import TicketWords
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


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "%", "b_ll", "\\", "bell zzz", "x" * 5000])
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


def test_tickets_come_by_number_and_no_more_than_asked_for(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        first, second, third = [a_ticket(world, "Printer jam", minutes_ago=nth) for nth in (30, 10, 20)]

        assert search.tickets_matching("printer", limit=2) == [third.id, second.id]
        assert search.tickets_matching("printer", limit=2, oldest_first=True) == [first.id, second.id]
        assert search.tickets_matching("printer", beyond=second.number) == [first.id]
        assert search.tickets_matching("printer", beyond=second.number, oldest_first=True) == [third.id]


def said(ticket: Ticket, words: str, kind: str = ReplyKind.PUBLIC) -> Reply:
    reply = Reply(ticket_id=ticket.id, kind=kind, author_name="Tess Okafor", text=words, version=2)
    db.session.add(reply)
    db.session.flush()
    return reply


def test_replies_notes_and_whoever_asked_are_found_with_the_ticket(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Projector is dark")
        a_ticket(world, "Something else")
        said(ticket, "We ordered a LAMP from Lumière.")
        said(ticket, "The warranty has run out.", ReplyKind.INTERNAL)

        for typed in ("lamp", "lumiere", "warranty", "projector lamp warranty", "dark proj", "bell lamp"):
            assert search.tickets_matching(typed) == [ticket.id], typed
        for typed in ("lamp nowhere", "amp", "rojector"):
            assert search.tickets_matching(typed) == [], typed


@pytest.mark.parametrize(
    ("typed", "title", "tag"),
    [
        ("図書", "図書館のプリンタ", ""),
        ("プリンタ", "図書館のプリンタ", ""),
        ("печать", "Печать не работает", ""),
        ("dung nho", "Nhờ dùng máy in", ""),
        ("3456", "Screen", "CB-00123456"),
        ("00123", "Screen", "CB-00123456"),
        ("o'neil's", "O'Neil's cart", ""),
        ("neil", "O'Neil's cart", ""),
    ],
)
def test_words_of_any_script_are_found_by_how_they_begin_and_tags_by_how_they_end(
    app, world: World, typed: str, title: str, tag: str
) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, title, tag=tag)
        a_ticket(world, "Something else")

        assert search.tickets_matching(typed) == [ticket.id]


def test_a_number_typed_whole_finds_that_ticket_and_none_that_begins_so(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Printer jam")

        assert search.tickets_matching(str(ticket.number)) == [ticket.id]
        assert search.tickets_matching(str(ticket.number)[:3]) == []


def test_what_is_taken_back_or_renamed_is_found_no_more(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Projector is dark")
        reply = said(ticket, "Behind the aquarium.")
        gone = said(ticket, "Under the piano.")
        reply.text = "Behind the fountain."
        db.session.delete(gone)
        db.session.get_one(Person, world.bell.person_id).family_name = "Whitfield"
        db.session.flush()

        for typed in ("fountain", "whitfield projector"):
            assert search.tickets_matching(typed) == [ticket.id], typed
        for typed in ("aquarium", "piano", "nora bell projector"):
            if typed.startswith("nora"):
                db.session.get_one(Person, world.bell.person_id).email = "nora.whitfield@maple.example"
                db.session.flush()
            assert search.tickets_matching(typed) == [], typed


def test_the_newest_few_and_the_index_give_one_list(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        rare = [a_ticket(world, "Theodolite").id for _ in range(3)]
        common = [a_ticket(world, "Printer jam").id for _ in range(30)]
        for _ in range(230):
            a_ticket(world, "Something else")

        assert search.tickets_matching("theodolite") == rare[::-1]
        found: list[UUID] = []
        beyond = None
        while page := search.tickets_matching("printer", limit=7, beyond=beyond):
            found += page
            beyond = db.session.get_one(Ticket, page[-1]).number
        assert found == common[::-1]
        assert search.tickets_matching("printer", oldest_first=True) == common


def test_a_search_stops_after_a_page_of_the_right_ones(app, world: World) -> None:
    """What the list is narrowed to is known to the search, or others would fill its page."""
    with app.app_context(), as_district(world.maple.id):
        mine = a_ticket(world, "Printer jam")
        mine.assignee_id, mine.school_id = world.tess.id, world.maple.schools["Cedar"]
        closed, waiting, new = [a_ticket(world, "Printer jam") for _ in range(3)]
        closed.state, closed.closed_at = "closed", clock.now()
        waiting.state = "waiting"
        db.session.flush()

        def found(**among: Any) -> list[UUID]:
            return search.tickets_matching("printer", search.Among(**among), limit=1)

        assert found(assignee_id=world.tess.id) == [mine.id]
        assert found(schools={world.maple.schools["Cedar"]}) == [mine.id]
        assert found(schools=set()) == []
        assert found(closed=True) == [closed.id]
        assert found(closed=False, state="waiting") == [waiting.id]
        assert found(closed=False, unassigned=True) == [new.id]


def test_whoever_asked_finds_their_own_and_never_a_note(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        mine = a_ticket(world, "Projector is dark")
        theirs = a_ticket(world, "Projector is loud")
        theirs.requester_id = world.ortiz.person_id
        said(mine, "A lamp is ordered.")
        said(mine, "She is impatient.", ReplyKind.INTERNAL)
        db.session.flush()

        assert search.requests_matching("projector", world.bell.person_id) == [mine.id]
        assert search.requests_matching("projector lamp", world.bell.person_id) == [mine.id]
        assert search.requests_matching("impatient", world.bell.person_id) == []


@pytest.mark.parametrize(
    "typed", ["?", "...", "'", "''", "\\", ":*", "!", "a|b", "a & b", "<->", "\x00", "%%", "_", "'':*|'"]
)
def test_odd_signs_break_nothing_and_find_nothing(app, world: World, typed: str) -> None:
    with app.app_context(), as_district(world.maple.id):
        a_ticket(world, "Printer jam")

        assert search.tickets_matching(typed) == []
        assert search.requests_matching(typed, world.bell.person_id) == []


def test_a_talk_without_end_is_kept_and_found_by_its_beginning(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Long", " ".join(f"wort{nth}" for nth in range(60_000)))
        for part in range(3):
            said(ticket, " ".join(f"teil{part}.{nth}" for nth in range(20_000)))

        assert search.tickets_matching("long") == [ticket.id]


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
        assert search.requests_matching("projector", world.bell.person_id) == []
        assert search.people_matching("tess") == []
        assert search.people_matching("quinn") == [world.quinn.person_id]


def test_each_word_carries_its_district(app, world: World) -> None:
    """One index serves all districts: by this none's search reads through the words of another."""
    with app.app_context(), as_district(world.maple.id):
        a_ticket(world, "Projector is dark")

        words = db.session.scalar(
            select(func.array_to_string(func.tsvector_to_array(TicketWords.words), " "))
        )
        assert {word[:5] for word in words.split()} == {f"{str(world.maple.id)[-4:]}{mark}" for mark in "+#"}


def test_without_a_district_nothing_is_searched(app, world: World) -> None:
    with app.app_context():
        for matching in (search.people_matching, search.tickets_matching):
            with pytest.raises(NoDistrict):
                matching("bell")
        with pytest.raises(NoDistrict):
            search.requests_matching("bell", world.bell.person_id)


def test_whoever_loads_many_replies_may_write_the_words_at_the_end(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        ticket = a_ticket(world, "Projector is dark")
        db.session.execute(text("set local app.words_later = 'yes'"))
        said(ticket, "The lamp has burnt out.")
        assert search.tickets_matching("lamp") == []
        db.session.commit()

        said(ticket, "The cable is fine.")
        assert search.tickets_matching("cable") == [ticket.id]
