"""From Google Directory and Entra users to the staff list: taken in by number, and lost or doubled by no fault."""

import itertools
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.admin.actions import staff
from app.auth.models.account import Account
from app.core import clock, sessions
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.queue import Work
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.roster.actions import connecting, grouping, importing
from app.roster.actions.grouping import Meaning
from app.roster.actions.refused import Refused
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY
from app.roster.models.source_person import SourcePerson
from tests import directory_peer
from tests.directory_peer import Every, Peer
from tests.directory_people import Somebody
from tests.roster.directories import KINDS, by_key, connect, key_of, look, sync, take_in_everybody, techs
from tests.world import Player, World

FAULTS = ("429", "500", "html", "cut", "401", "again", "overlap")


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    with (
        directory_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
    ):
        directory_peer.stand_in(monkeypatch, settings, peer)
        yield peer


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, peer: Peer) -> str:
    kind: str = request.param
    connect(kind)
    return kind


def jobs(name: str) -> list[object]:
    return list(db.session.scalars(select(Work.subject_id).where(Work.job == f"jobs.roster.{name}")))


def do(name: str) -> None:
    """What the night staff does of these."""
    for one in db.session.scalars(select(Work).where(Work.job == f"jobs.roster.{name}")).all():
        assert one.subject_id is not None
        getattr(staff, name)(one.subject_id)
        db.session.delete(one)
    db.session.commit()


def is_signed_in(who: Player) -> bool:
    return bool(sessions.WebSession.living(who.id))


# --- who is taken in --------------------------------------------------------------------------------------


def test_staff_are_taken_in_by_number(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 31)]

    run = sync(kind)

    assert run.state == "done"
    found = by_key(kind)
    assert {key: (one.given_name, one.email) for key, one in found.items()} == {
        key_of(kind, one): (one.given, one.email) for one in peer.people
    }


def test_units_say_who_is_on_the_staff_and_where(peer: Peer, world: World) -> None:
    connect(GOOGLE_DIRECTORY)
    grouping.add(GOOGLE_DIRECTORY, Meaning(what="ou", name="/Staff"))
    north = Meaning(what="ou", name="/Staff/North", school_id=world.maple.schools["North"])
    grouping.add(GOOGLE_DIRECTORY, north)
    db.session.commit()
    peer.people = [
        Somebody(1, path="/Staff/North"),
        Somebody(2, path="/Staff"),
        Somebody(3, path="/Students/North", given="Ann", family="Secret"),
    ]

    run = sync(GOOGLE_DIRECTORY)

    schools = {key: one.school_id for key, one in by_key(GOOGLE_DIRECTORY).items()}
    assert schools == {
        Somebody(1).number: world.maple.schools["North"],
        Somebody(2).number: None,
    }
    assert run.left_out == {"not_staff": 1}
    rows = db.session.scalars(select(ImportRow).where(ImportRow.import_id == run.id)).all()
    assert "Secret" not in {one.family_name for one in rows}


def test_of_students_nothing_is_kept_even_for_a_moment(peer: Peer) -> None:
    connect(GOOGLE_DIRECTORY)
    grouping.add(GOOGLE_DIRECTORY, Meaning(what="ou", name="/Staff"))
    peer.people = [Somebody(1, path="/Staff")]
    peer.people += [Somebody(nth, path="/Students", given="Ann", active=nth % 2 == 0) for nth in (2, 3)]
    peer.deleted = [Somebody(4)]
    run = connecting.sync(GOOGLE_DIRECTORY, by=SYSTEM)
    run_id = run.id
    db.session.commit()
    importing.fetching.fetch(run, float("inf"))

    kept = repr(list(FetchedPage.feed(run_id)))
    assert "Given1" in kept
    assert "Ann" not in kept
    for step in ("reading", "comparing"):
        importing._STEPS[step](RosterImport.find(run_id), float("inf"))
        db.session.commit()
    assert set(db.session.scalars(select(ImportRow.key))) == {Somebody(1).number}


def test_nothing_is_asked_before_it_is_said_who_is_on_the_staff(peer: Peer, kind: str) -> None:
    peer.people = [Somebody(1)]

    run = sync(kind)

    assert (run.state, peer.asked) == ("failed", [])
    assert "Say first who is on the staff" in (run.sentence or "")


def test_guests_are_left_out_by_a_rule(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(1), Somebody(2, guest=True)]

    run = sync(kind)

    assert run.left_out == {"guest": 1}
    assert list(by_key(kind)) == [key_of(kind, Somebody(1))]


def test_somebody_who_was_here_before_is_met_by_address_and_known_by_number(
    peer: Peer, kind: str, world: World
) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(1, given="Nora", family="Bell", email=world.bell.email)]
    sync(kind)
    assert by_key(kind)[key_of(kind, Somebody(1))].id == world.bell.person_id

    peer.people[0].email = "nora.bell@maple.example"
    sync(kind)

    assert by_key(kind)[key_of(kind, Somebody(1))].id == world.bell.person_id
    assert db.session.get(Person, world.bell.person_id).email == "nora.bell@maple.example"


def test_an_address_that_changed_hands_is_another_person(peer: Peer, kind: str, world: World) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(1, email=world.bell.email)]
    sync(kind)

    peer.people = [Somebody(1, email="old@maple.example"), Somebody(2, email=world.bell.email)]
    sync(kind)
    sync(kind)

    found = by_key(kind)
    assert found[key_of(kind, Somebody(1))].id == world.bell.person_id
    assert found[key_of(kind, Somebody(2))].id != world.bell.person_id


# --- who has left -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["suspended", "deleted", "moved and suspended"])
def test_whoever_the_directory_says_has_left_is_out_at_once(
    peer: Peer, kind: str, world: World, how: str
) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    peer.people.append(Somebody(99, email=world.bell.email))
    sync(kind)
    sessions.begin(world.bell.id, "a browser")
    db.session.commit()

    leaver = peer.people.pop()
    if how == "deleted":
        peer.deleted = [leaver]
        peer.changes = [{"id": leaver.guid, "@removed": {"reason": "deleted"}}]
    else:
        leaver.active, leaver.path = False, "/Suspended"
        peer.people.append(leaver)
        peer.changes = [{"id": leaver.guid}]
    if kind == ENTRA_USERS:  # its list has only who is there: that somebody was deleted tell the changes
        RosterConnection.of_kind(kind).hour = 2
        db.session.commit()
        look(kind)
    else:
        sync(kind)
    do("sign_out")
    do("follow")

    assert not db.session.get(Person, world.bell.person_id).active
    assert Account.find(world.bell.id).state == "suspended"
    assert not is_signed_in(world.bell)
    assert sum(one.active for one in by_key(kind).values()) == 40


def test_whoever_left_is_signed_out_before_an_admin_has_looked(peer: Peer, kind: str, world: World) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)] + [Somebody(99, email=world.bell.email)]
    sync(kind)
    sessions.begin(world.bell.id, "a browser")
    peer.people[-1].active = False
    run_id = connecting.sync(kind, by=SYSTEM).id
    db.session.commit()
    importing.advance(run_id)
    do("sign_out")

    assert RosterImport.find(run_id).state == "ready"
    assert not is_signed_in(world.bell)
    assert db.session.get(Person, world.bell.person_id).active


def test_whom_another_source_still_has_is_signed_out_and_stays(peer: Peer, world: World) -> None:
    for kind in KINDS:
        connect(kind)
        take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)] + [Somebody(99, email=world.bell.email)]
    for kind in KINDS:
        sync(kind)
    sessions.begin(world.bell.id, "a browser")
    peer.people[-1].active = False
    sync(GOOGLE_DIRECTORY)
    do("sign_out")
    do("follow")

    assert db.session.get(Person, world.bell.person_id).active
    assert not is_signed_in(world.bell)


def test_absence_needs_two_readings_half_a_day_apart(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people, peer.is_another_day = [Somebody(nth) for nth in range(1, 41)], True
    with clock.frozen(clock.now()):
        sync(kind)
    gone = peer.people.pop()

    for hours, active in ((24, True), (25, True), (48, False)):
        with clock.frozen(clock.ago(hours=-hours)):
            sync(kind)
        assert by_key(kind)[key_of(kind, gone)].active == active


def test_whoever_comes_back_is_the_same_person(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(kind)
    before = by_key(kind)[key_of(kind, Somebody(40))].id
    for active in (False, True):
        peer.people[-1].active = active
        sync(kind)
        assert by_key(kind)[key_of(kind, Somebody(40))].active == active

    assert by_key(kind)[key_of(kind, Somebody(40))].id == before


# --- looks at what changed --------------------------------------------------------------------------------


def test_a_look_that_finds_nothing_leaves_nothing_behind(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(kind)
    RosterConnection.of_kind(kind).hour = 2
    db.session.commit()
    asked, runs = len(peer.asked), db.session.scalar(select(func.count(RosterImport.id)))

    look(kind)

    assert len(peer.asked) - asked <= 3
    assert db.session.scalar(select(func.count(RosterImport.id))) == runs
    assert db.session.scalar(select(func.count(FetchedPage.id))) == 0


def test_a_look_that_is_not_answered_holds_up_nothing(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(kind)
    RosterConnection.of_kind(kind).hour = 2
    db.session.commit()
    peer.trouble = lambda path, _: "" if path.endswith("token") else "429"
    runs = db.session.scalar(select(func.count(RosterImport.id)))

    look(kind)

    assert RosterImport.under_way() is None
    assert db.session.scalar(select(func.count(RosterImport.id))) == runs
    assert "slow down" in RosterConnection.of_kind(kind).failure


def test_a_look_goes_on_from_the_last_one(peer: Peer) -> None:
    connect(ENTRA_USERS, hour=2)
    take_in_everybody(ENTRA_USERS)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(ENTRA_USERS)
    for expected in ("d1", "d2"):
        look(ENTRA_USERS)
        assert any(one.endswith(f"deltatoken={expected}") for one in peer.asked)


def test_a_look_counts_nobody_as_missing(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(kind)
    RosterConnection.of_kind(kind).hour = 2
    peer.people = peer.people[:1]
    peer.changes = [{"id": peer.people[0].guid, "surname": "New"}]
    peer.people[0].family = "New"
    for _ in range(3):
        look(kind)

    assert set(db.session.scalars(select(SourcePerson.absences))) == {0}


def test_a_look_does_not_push_a_preview_aside(peer: Peer, kind: str) -> None:
    """That would be the preview of everybody, given up for one that tells of a few."""
    take_in_everybody(kind)
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    sync(kind)
    peer.people.append(Somebody(41))
    run_id = connecting.sync(kind, by=SYSTEM).id
    source_id = RosterConnection.of_kind(kind).source_id
    db.session.commit()
    importing.advance(run_id)

    with pytest.raises(Refused):
        importing.begin_sync(source_id, by=SYSTEM, since="suspended")
    assert RosterImport.find(run_id).state == "ready"


def test_nobody_is_looked_for_before_everybody_was_read_once(peer: Peer, kind: str) -> None:
    RosterConnection.of_kind(kind).hour = 2
    take_in_everybody(kind)

    look(kind)

    assert peer.asked == []


# --- faults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_or_doubles_anybody(peer: Peer, kind: str, fault: str) -> None:
    take_in_everybody(kind)
    peer.people, peer.most = [Somebody(nth) for nth in range(1, 201)], 10
    peer.trouble = trouble = Every([fault], of=4)

    run = sync(kind)

    assert len(trouble.told) >= 5
    assert run.state == "done"
    assert sorted(by_key(kind)) == sorted(key_of(kind, one) for one in peer.people)


def test_all_faults_together_lose_or_double_nobody(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people, peer.most = [Somebody(nth) for nth in range(1, 401)], 20
    techs(peer, kind, *peer.people[:15], role=None)
    peer.trouble = Every([*FAULTS, *(["403"] if kind == GOOGLE_DIRECTORY else [])], of=3)

    run = sync(kind)

    assert run.state == "done"
    assert sorted(by_key(kind)) == sorted(key_of(kind, one) for one in peer.people)


def test_a_place_that_is_forgotten_begins_anew_and_loses_nobody(peer: Peer, kind: str) -> None:
    take_in_everybody(kind)
    peer.people, peer.most = [Somebody(nth) for nth in range(1, 201)], 20
    forgotten = iter([6, 14])
    at = next(forgotten)

    def trouble(path: str, nth: int) -> str:
        nonlocal at
        if nth < at or path.endswith(("token", "delta")):
            return ""
        at = next(forgotten, 10**9)
        return "forgotten"

    peer.trouble = trouble

    assert sync(kind).state == "done"
    assert at == 10**9
    assert sorted(by_key(kind)) == sorted(key_of(kind, one) for one in peer.people)


def test_a_worker_that_dies_between_any_two_pages_loses_nobody(
    peer: Peer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies before a page is written down, and after it."""
    take_in_everybody(kind)
    peer.people, peer.most = [Somebody(nth) for nth in range(1, 201)], 20
    real, turn = db.session.commit, itertools.count(1)

    class Died(BaseException):
        pass

    def commit() -> None:
        nth = next(turn)
        if nth % 3 == 0:
            db.session.rollback()
            raise Died
        real()
        if nth % 7 == 0:
            raise Died

    run = connecting.sync(kind, by=SYSTEM)
    real()
    run_id = run.id
    for _ in range(500):
        with monkeypatch.context() as patch:
            patch.setattr(db.session, "commit", commit)
            try:
                importing.advance(run_id)
            except Died:
                db.session.rollback()
                db.session.expunge_all()
        found = RosterImport.find(run_id)
        if found.state == "ready":
            importing.approve(found, removals=False)
            real()
        if found.is_over:
            break

    assert found.state == "done"
    assert sorted(by_key(kind)) == sorted(key_of(kind, one) for one in peer.people)
    staff_count = db.session.scalar(select(func.count(Person.id)).where(Person.source == "sync"))
    assert staff_count == 200
