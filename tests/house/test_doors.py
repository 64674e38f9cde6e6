"""Every door has a guard. The doors are read from the url_map, so that a new one needs no line here."""

import os
from pathlib import Path

from tests.house.doors import WORDS, Door, doors, endpoints_of_the_rooms, guarded, rules_of
from tests.house.things import MAKERS

GOLDEN = Path(__file__).parents[1] / "golden" / "doors.txt"
#: The operator's doors whose address names a thing: tests/portal tries them with another's.
WITH_AN_OPERATOR = frozenset({"portal.visits_leave"})
OPEN_WITH_A_KEY = {
    "static": "a file of our own, the same for everybody",
    "auth.invitations_show": "the key is a secret that works once",
    "auth.invitations_accept": "the key is a secret that works once",
    "auth.resets_show": "the key is a secret that works once",
    "auth.resets_change": "the key is a secret that works once",
    "portal.setups_show": "the key is a secret that works once",
    "portal.setups_create": "the key is a secret that works once",
    "family.pages_show": "the key is a secret that opens one page of one family, until it expires",
    "family.pages_about_unsubscribing": "it shows nothing, and sends to the page",
    "family.pages_unsubscribe": "the key is a secret; it refuses email to the address that was sent it",
    "family.pages_answer": "the key is a secret that opens one page of one family, until it expires",
    "notices.heard_texts_status": "without the signature of the district's account it opens nothing",
    "notices.heard_texts_message": "without the signature of the district's account it opens nothing",
    "notices.mail_events_hear": "without a fresh signature under the district's key it opens nothing",
    "auth.elsewhere_create": "the key is the name of one of two companies",
    "auth.elsewhere_callback": "the key is the name of one of two companies; the state works once, in one browser",
}


def test_every_door_has_a_guard(app):
    assert len(list(doors(app))) > 10


def test_every_id_in_an_address_has_a_thing_to_try_it_with(app):
    unknown = []
    for door in doors(app):
        if door.guard.is_operators:
            tried = door.parameters if door.endpoint in WITH_AN_OPERATOR else set()
        elif door.guard.is_open:
            tried = door.parameters if door.endpoint in OPEN_WITH_A_KEY else set()
        else:
            tried = set(door.guard.of.FOUND_BY) if door.guard.of in MAKERS else set()
            tried |= set(WORDS.get(door.endpoint, {}))
        unknown += [f"{door}: {name}" for name in sorted(door.parameters - tried)]

    assert unknown == [], "Add a row to tests/house/things.py (or, for a word of our own, to WORDS)."


def test_a_get_that_is_guarded_has_no_paper(app):
    assert [str(door) for door in guarded(app) if door.method == "GET" and door.guard.paper] == []


def test_papers_have_names_of_their_own(app):
    papers = {door.guard.paper for door in guarded(app) if door.guard.paper}

    assert len({paper.__name__ for paper in papers}) == len(papers)


def test_every_guarded_door_is_tried(app):
    assert sorted({door.endpoint for door in guarded(app)}) == endpoints_of_the_rooms()


def test_a_door_asks_the_rules_of_its_own_room(app):
    for door in guarded(app):
        assert door.guard.rules is rules_of(door), door


def test_the_list_of_doors_is_as_we_know_it(app):
    """Read tests/golden/doors.txt aloud; GOLDEN=write renews it."""
    paths = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    said = "".join(
        sorted(f"{door.method:<5} {paths[door.endpoint]:<50} {_who_comes(door)}\n" for door in doors(app))
    )
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(said)

    assert said == GOLDEN.read_text()


def _who_comes(door: Door) -> str:
    return str(door.guard.may or ("an operator" if door.guard.is_operators else "anyone"))
