"""From Groupcall Xporter to the people of a district's schools. Not verified with the vendor: the peer is ours."""

import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import GROUPCALL
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.roster.actions import connecting, importing
from app.roster.actions.connecting import Particulars
from app.roster.actions.refused import Refused
from app.roster.models import roster_source
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_note import ImportNote
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.student import Student
from tests import groupcall_peer
from tests.directory_peer import Every
from tests.groupcall_peer import FAULTS, PARTY, SECRET, School, Xporter, member, pupil
from tests.roster.directories import by_key, sync
from tests.world import World

KIND = roster_source.GROUPCALL
BEECH, OAK = "8232999", "8233000"


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xporter]:
    """Two schools whose people have the same ids, connected and turned on."""
    with (
        groupcall_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
    ):
        groupcall_peer.stand_in(monkeypatch, settings, peer)
        peer.schools = [
            School(BEECH, "BEECH PRIMARY SCHOOL", staff=[member(nth) for nth in (1, 2, 3)]),
            School(OAK, "Oak School", staff=[member(1, WorkEmail="o1@maple.example")]),
        ]
        connect()
        yield peer


def connect(schools: str = f"{BEECH} = North School\n{OAK}", secret: str = SECRET, **more: Any) -> None:
    settings = {"relying_party": PARTY, "schools": schools}
    connecting.change(KIND, Particulars(settings=settings, secret=secret, **more), by=SYSTEM)
    services.turn(GROUPCALL, True, by=SYSTEM)
    db.session.commit()


def applied() -> RosterImport:
    run = sync(KIND, removals=True)
    assert run.state == "done", run.sentence
    return run


def failed() -> str:
    """The sentence of a sync that did not go well, and left nothing behind."""
    before = {one.id: (one.active, one.name) for one in db.session.scalars(select(Person))}
    run = sync(KIND, removals=True)
    assert run.state == "failed"
    assert run.sentence
    db.session.expire_all()
    assert {one.id: (one.active, one.name) for one in db.session.scalars(select(Person))} == before
    assert not db.session.scalar(select(func.count()).select_from(FetchedPage))
    assert "Dr Who" not in run.sentence
    return run.sentence


def test_the_staff_of_each_school_comes_in_under_ids_of_its_school(peer: Xporter, world: World) -> None:
    applied()

    people = by_key(KIND)
    assert sorted(people) == [f"{BEECH}-1", f"{BEECH}-2", f"{BEECH}-3", f"{OAK}-1"]
    assert people[f"{BEECH}-1"].school_id == world.maple.schools["North"]
    assert people[f"{OAK}-1"].email == "o1@maple.example"


def test_what_is_not_needed_is_not_asked_for_and_never_written_down(peer: Xporter) -> None:
    connecting.sync(KIND, by=SYSTEM)
    db.session.commit()
    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    kept = [one.items or "" for one in db.session.scalars(select(FetchedPage))]
    opened = " ".join(zlib.decompress(b64decode(one)).decode() for one in kept)
    assert "Given1" in opened
    assert [word for word in ("QQ123456C", "1980", "mail.example", "xA1") if word in opened] == []
    assert {one["select"] for one in peer.lists_asked("Staff")} == {
        "Id,Forename,Surname,WorkEmail,StaffStatus"
    }
    assert peer.lists_asked("Students") == []


def test_what_comes_though_nobody_asked_for_it_is_not_written_down(peer: Xporter) -> None:
    peer.change = lambda body: body.update(Staff=[member(1), member(2)]) if "Staff" in body else None
    peer.schools[0].staff = [member(1), member(2)]

    connecting.sync(KIND, by=SYSTEM)
    db.session.commit()
    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    kept = [one.items or "" for one in db.session.scalars(select(FetchedPage))]
    opened = " ".join(zlib.decompress(b64decode(one)).decode() for one in kept)
    assert "QQ123456C" not in opened
    assert "mail.example" not in opened


def test_students_come_in_once_they_are_chosen_and_with_no_family(peer: Xporter) -> None:
    peer.schools[0].students = [pupil(1), pupil(2, YearGroup="Reception"), pupil(3, StudentStatus="Leaver")]
    peer.schools[1].students = [pupil(1)]
    connect(families=True)

    applied()

    students = {key: Student.find(one.id) for key, one in by_key(KIND).items() if one.kind == "student"}
    assert {key: one and one.grade for key, one in students.items()} == {
        f"{BEECH}-1-student": "04", f"{BEECH}-2-student": "KG", f"{OAK}-1-student": "04"
    }  # fmt: skip


def test_students_and_staff_of_the_same_id_are_two(peer: Xporter) -> None:
    peer.schools[0].students = [pupil(1)]
    peer.schools[1].students = [pupil(2)]
    connect(families=True)

    applied()

    assert {one.kind for one in db.session.scalars(select(Person).where(Person.source == "sync"))} == {
        "staff", "student"
    }  # fmt: skip
    assert db.session.scalar(select(func.count()).where(Person.source == "sync")) == 6


@pytest.mark.parametrize("name", ["__pagination__", "__Pagination__"])
def test_all_pages_are_asked_for(peer: Xporter, name: str) -> None:
    peer.schools[0].staff = [member(nth) for nth in range(1, 26)]
    peer.most, peer.pagination = 10, name

    applied()

    assert len(by_key(KIND)) == 26
    assert [one["page"] for one in peer.lists_asked("Staff")] == ["1", "2", "3", "1"]


def without_pages(body: dict[str, Any]) -> None:
    body.pop("__pagination__", None)


def another_page(body: dict[str, Any]) -> None:
    for one in body.get("__pagination__", []):
        one["PageNumber"] = 7


def more_than_it_gives(body: dict[str, Any]) -> None:
    for one in body.get("__pagination__", []):
        one["RowCount"] += 1


def nobody(body: dict[str, Any]) -> None:
    if "Staff" in body:
        body.update(Staff=[], __pagination__=[{"PageNumber": 1, "PageCount": 1, "RowCount": 0}])


def no_list(body: dict[str, Any]) -> None:
    if "Staff" in body:
        body["Staff"] = {"Id": "1"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_pages, "does not say how many pages"),
        (another_page, "another page of Staff than was asked for"),
        (more_than_it_gives, "said that there are 4 Staff, and gave 3"),
        (nobody, "nobody on the staff"),
        (no_list, "no list of Staff"),
        (lambda body: body.clear() or body.update(ExceptionMessage="Dr Who"), "gave no token"),
    ],
    ids=["no pages", "another page", "fewer", "nobody", "no list", "no token"],
)
def test_a_bad_answer_is_a_failed_reading_and_nobody_leaves(
    peer: Xporter, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    applied()
    peer.change = change

    assert sentence in failed()


def test_errors_with_status_200_for_ever_are_told_in_the_end(peer: Xporter) -> None:
    peer.trouble = lambda path, nth: "error with 200" if "/Staff/" in path else ""

    assert "answers with an error just now" in failed()


def test_a_list_that_changes_while_it_is_read_is_no_absence(peer: Xporter) -> None:
    peer.schools[0].staff = [member(nth) for nth in range(1, 26)]
    peer.most = 10
    peer.before[4] = lambda: peer.schools[0].staff.append(member(99))

    run = applied()

    assert not run.counts_absence
    assert "changed while they were read" in " ".join(note.sentence for note in ImportNote.of(run.id))


def test_a_token_that_ends_between_two_pages_is_asked_for_anew(peer: Xporter) -> None:
    peer.schools[0].staff = [member(nth) for nth in range(1, 31)]
    peer.most = 10
    peer.before[4] = peer.tokens.clear

    applied()

    assert len(by_key(KIND)) == 31
    assert sum("GetToken" in one for one in peer.asked) == 3


def test_a_token_that_ends_soon_is_not_begun_with(peer: Xporter) -> None:
    peer.token_lasts = timedelta(seconds=30)

    applied()

    assert sum("GetToken" in one for one in peer.asked) == 4


def test_each_school_may_have_a_secret_of_its_own(peer: Xporter) -> None:
    peer.schools[1].secret = "another"
    connect(secret=f"{BEECH} {SECRET}\n{OAK} another")

    applied()

    assert len(by_key(KIND)) == 4


def test_the_secret_of_one_school_is_never_sent_for_another(peer: Xporter) -> None:
    peer.schools[1].secret = "another"

    said = failed()

    assert f"gave no token for the school {OAK}" in said


def test_a_scope_that_the_school_has_not_authorised_is_named(peer: Xporter) -> None:
    peer.schools[1].refuses = frozenset({"Staff"})

    assert f"The school {OAK} has not authorised Staff to be read" in failed()


def test_a_number_that_no_school_has_is_told(peer: Xporter) -> None:
    connect(f"{BEECH}\n1112222")

    assert "1112222" in failed()


def test_trying_out_asks_each_school_for_one_person(peer: Xporter) -> None:
    assert connecting.try_out(KIND) == "Xporter answers, and lets staff be read of 2 schools."
    assert [one["pageSize"] for one in peer.lists_asked("Staff")] == ["1", "1"]

    peer.schools[1].staff = []
    with pytest.raises(Refused, match="shows no staff of"):
        connecting.try_out(KIND)


def test_turned_off_it_is_asked_nothing_more(peer: Xporter) -> None:
    connecting.sync(KIND, by=SYSTEM)
    services.turn(GROUPCALL, False, by=SYSTEM)
    db.session.commit()

    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    assert peer.asked == []


def test_all_faults_together_lose_or_double_nobody(peer: Xporter) -> None:
    peer.schools[0].staff = [member(nth) for nth in range(1, 301)]
    peer.schools[1].staff = [member(nth, WorkEmail=f"o{nth}@maple.example") for nth in range(1, 101)]
    peer.most = 10
    peer.trouble = trouble = Every(FAULTS, of=3)

    applied()

    assert set(trouble.told) == set(FAULTS)
    expected = [f"{school.estab}-{one['Id']}" for school in peer.schools for one in school.staff]
    assert sorted(by_key(KIND)) == sorted(expected)
