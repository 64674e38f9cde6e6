"""From Wonde to the people of a district's schools: what it answers badly, or for the wrong region, harms nobody."""

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
from app.core.feed import WholeRead
from app.core.services import WONDE
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.roster.actions import connecting, fetching, importing
from app.roster.actions.connecting import Particulars
from app.roster.actions.refused import Refused
from app.roster.models import roster_source
from app.roster.models.contact import Contact
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.guardian_right import GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.school import School
from app.roster.models.student import Student
from tests import wonde_peer
from tests.directory_peer import Every
from tests.roster.directories import by_key, look, sync
from tests.wonde_peer import FAULTS, TOKEN, Wonde, contact, employee, student, when
from tests.world import World

KIND = roster_source.WONDE
BEECH, OAK = "A1930499544", "A1930499545"
OF_HOME = ("date_of_birth", "1980", "01632", "07700", "mail.example", "upi-")


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wonde]:
    """Two schools with three and two of the staff, connected and turned on."""
    with (
        wonde_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
    ):
        wonde_peer.stand_in(monkeypatch, settings, peer)
        peer.schools = [
            wonde_peer.School(BEECH, "Beech School", employees=[employee(nth) for nth in (1, 2, 3)]),
            wonde_peer.School(OAK, "Oak School", employees=[employee(nth) for nth in (4, 5)]),
        ]
        connect()
        yield peer


def connect(schools: str = f"{BEECH}\n{OAK}", **more: Any) -> None:
    settings = {"region": "uk", "schools": schools}
    connecting.change(KIND, Particulars(settings=settings, secret=TOKEN, **more), by=SYSTEM)
    services.turn(WONDE, True, by=SYSTEM)
    db.session.commit()


def applied() -> RosterImport:
    """A sync that went well."""
    run = sync(KIND, removals=True)
    assert run.state == "done", run.sentence
    return run


def failed() -> str:
    """The sentence of a sync that did not, and left nothing behind."""
    before = {one.id: (one.active, one.name) for one in db.session.scalars(select(Person))}
    run = sync(KIND, removals=True)
    assert run.state == "failed"
    assert run.sentence
    db.session.expire_all()
    assert {one.id: (one.active, one.name) for one in db.session.scalars(select(Person))} == before
    assert not db.session.scalar(select(func.count()).select_from(FetchedPage))
    assert "Dr Who" not in run.sentence
    return run.sentence


def active(key: str) -> bool:
    return by_key(KIND)[key].active


def a_day_older() -> None:
    """As if every reading had been a day earlier: two within twelve hours are one."""
    for run in db.session.scalars(select(RosterImport)):
        run.made_at -= timedelta(days=1)
        if run.ended_at is not None:
            run.ended_at -= timedelta(days=1)
    db.session.commit()


# --- what becomes of it -------------------------------------------------------------------------------------


def test_the_staff_of_each_school_comes_in_with_their_addresses_at_work(peer: Wonde) -> None:
    applied()

    people = by_key(KIND)
    assert len(people) == 5
    one = people["A10000004"]
    assert (one.given_name, one.family_name, one.email) == ("Given4", "Family4", "w4@maple.example")
    assert one.school is not None
    assert one.school.name == "Oak School"


def test_an_address_at_home_is_never_taken_for_one_at_work(peer: Wonde) -> None:
    at_home = {"home": "me@mail.example", "primary": "me@mail.example", "email": "me@mail.example"}
    peer.schools[0].employees[0]["contact_details"] = {"emails": at_home}

    applied()

    assert not by_key(KIND)["A10000001"].email


def test_what_is_not_needed_is_not_asked_for_and_never_written_down(peer: Wonde) -> None:
    connecting.sync(KIND, by=SYSTEM)
    db.session.commit()
    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    kept = " ".join(one.items or "" for one in db.session.scalars(select(FetchedPage)))
    opened = " ".join(zlib.decompress(b64decode(one)).decode() for one in kept.split())
    assert "Given1" in opened
    assert [word for word in OF_HOME if word in opened] == []
    included = {one["include"] for one in peer.lists_asked("employees")}
    assert included == {"contact_details,employment_details"}
    assert peer.lists_asked("students") == []


def test_a_school_can_be_one_that_is_called_otherwise_here(peer: Wonde, world: World) -> None:
    connect(f"{BEECH} = North School\n{OAK}")

    applied()

    assert by_key(KIND)["A10000001"].school_id == world.maple.schools["North"]
    assert db.session.scalar(select(School).where(School.name == "Beech School")) is None


def test_another_name_for_a_school_moves_its_people_there(peer: Wonde, world: World) -> None:
    applied()

    connect(f"{BEECH} = North School\n{OAK}")
    applied()

    assert by_key(KIND)["A10000001"].school_id == world.maple.schools["North"]
    assert len(by_key(KIND)) == 5


def test_a_second_night_changes_nothing(peer: Wonde) -> None:
    applied()

    assert applied().rows_applied == 0


# --- where the next page is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["page", "cursor"])
def test_pages_are_asked_for_by_the_cursor_of_the_next_address(peer: Wonde, by: str) -> None:
    peer.schools[0].employees = [employee(nth) for nth in range(1, 26)]
    peer.schools[1].employees = [employee(100)]
    peer.most, peer.pages_by = 10, by

    applied()

    assert len(by_key(KIND)) == 26
    assert [one.get(by) for one in peer.lists_asked("employees")[:3]] == [
        None,
        *(("2", "3") if by == "page" else ("c2", "c3")),
    ]


@pytest.mark.parametrize(
    "leads",
    [
        lambda address: address.replace("127.0.0.1", "wonde.example"),
        lambda address: address.replace("http://", "https://"),
        lambda address: address.replace("/employees", "/students"),
        lambda address: address.replace("127.0.0.1", "127.0.0.1@wonde.example"),
        lambda address: "//wonde.example/v1.0/schools/employees?page=2",
        lambda address: address.replace("page=", "leaf="),
    ],
    ids=["host", "scheme", "list", "user", "no scheme", "no cursor"],
)
def test_the_next_address_is_never_followed_elsewhere(peer: Wonde, leads: Callable[[str], str]) -> None:
    peer.most, peer.next = 2, leads

    assert "leads to another address" in failed()
    assert len(peer.lists_asked("employees")) == 1


def test_a_page_that_comes_again_and_again_is_no_reading(peer: Wonde) -> None:
    peer.most = 2
    peer.next = lambda address: address.replace("page=2", "page=1")
    peer.trouble = lambda path, nth: "404" if nth > 20 else ""  # whoever goes on ends here

    assert "again and again" in failed()


def test_a_redirect_is_not_followed(peer: Wonde) -> None:
    peer.trouble = lambda path, nth: "302" if path.endswith("employees") else ""

    assert "not followed" in failed()


# --- what is no absence -------------------------------------------------------------------------------------


def test_an_empty_list_is_a_failed_reading_and_nobody_leaves(peer: Wonde) -> None:
    applied()
    peer.schools[1].employees = []

    assert "nobody on the staff" in failed()
    assert all(one.active for one in by_key(KIND).values())


def test_a_school_that_is_kept_in_another_region_is_told_before_its_lists_are_asked_for(peer: Wonde) -> None:
    peer.schools[1].domain = "api-ap-southeast-2.wonde.com"

    assert "another region (Australia and New Zealand)" in failed()


def test_a_region_that_knows_nothing_and_says_nothing_is_a_failed_reading(peer: Wonde) -> None:
    peer.schools[1].domain = "api-ap-southeast-2.wonde.com"
    peer.change = lambda body: body["data"].pop("region", None) if isinstance(body["data"], dict) else None

    assert "nobody on the staff" in failed()


def test_an_empty_answer_for_a_school_is_a_failed_reading(peer: Wonde) -> None:
    peer.change = lambda body: body.update(data=[])

    assert "shows nothing of the school" in failed()


def test_whoever_is_missing_once_stays_and_twice_goes(peer: Wonde) -> None:
    applied()
    peer.schools[0].employees.pop()

    a_day_older()
    applied()
    assert active("A10000003")
    a_day_older()
    applied()

    assert not active("A10000003")


# --- who has left -------------------------------------------------------------------------------------------


def test_whoever_was_deleted_leaves_at_once(peer: Wonde) -> None:
    applied()
    gone = peer.schools[0].employees.pop()
    peer.schools[0].deletions = [
        {"id": gone["id"], "type": "employee", "deleted_at": when("2026-11-25 08:00:00"), "restored_at": None}
    ]

    applied()

    assert not active(gone["id"])


def test_whoever_was_taken_back_stays(peer: Wonde) -> None:
    peer.schools[1].employees = [
        employee(nth, updated_at=when("2026-01-01 08:00:00")) for nth in range(100, 140)
    ]
    connect(hour=2)
    applied()
    back = peer.schools[1].employees[2]
    deleted = {"id": back["id"], "type": "employee", "deleted_at": when("2099-01-01 08:00:00")}
    peer.schools[1].deletions = [{**deleted, "restored_at": when("2099-01-02 08:00:00")}]

    look(KIND)

    assert active(back["id"])


def test_whoever_is_not_employed_any_more_leaves_and_never_comes(peer: Wonde) -> None:
    applied()
    former = {"data": None, "current": False}
    peer.schools[0].employees[0]["employment_details"] = former
    peer.schools[0].employees.append(employee(9, employment_details=former))

    applied()

    assert not active("A10000001")
    assert "A10000009" not in by_key(KIND)


def test_deletions_that_may_not_be_read_are_done_without(peer: Wonde) -> None:
    peer.rights -= {"deletions"}

    applied()

    assert len(by_key(KIND)) == 5


def test_each_hour_only_what_changed_is_asked_for(peer: Wonde) -> None:
    peer.schools[1].employees = [employee(nth) for nth in range(100, 140)]
    connect(hour=2)
    applied()
    for one in [*peer.schools[0].employees, *peer.schools[1].employees]:
        one["updated_at"] = when("2026-01-01 08:00:00")
    peer.schools[0].employees[0] |= {"surname": "Renamed", "updated_at": when("2099-01-01 08:00:00")}
    gone = peer.schools[1].employees.pop()
    peer.schools[1].deletions = [
        {"id": gone["id"], "type": "employee", "deleted_at": when("2099-01-01 08:00:00"), "restored_at": None}
    ]
    peer.asked.clear()

    look(KIND)

    assert by_key(KIND)["A10000001"].family_name == "Renamed"
    assert not active(gone["id"])
    assert active("A10000002")
    assert all("updated_after" in one for one in peer.lists_asked("employees"))


def test_a_look_of_several_pages_goes_on_as_a_look(peer: Wonde, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.schools[0].employees = [employee(nth) for nth in range(10, 40)]
    connect(hour=2)
    applied()
    for one in peer.schools[0].employees[:25]:
        one |= {"surname": "Renamed", "updated_at": when("2099-01-01 08:00:00")}
    peer.most = 10
    peer.asked.clear()
    monkeypatch.setattr(importing, "A_WHILE", -1.0)

    look(KIND)

    assert sum(one.family_name == "Renamed" for one in by_key(KIND).values()) == 25
    assert [one.get("page") for one in peer.lists_asked("employees")] == [None, "2", "3", None]
    assert all("updated_after" in one for one in peer.lists_asked("employees"))


def test_a_look_is_never_an_absence(peer: Wonde) -> None:
    source = fetching.opened(RosterConnection.of_kind(KIND))

    *_, everybody = source.pages({})
    source = fetching.opened(RosterConnection.of_kind(KIND))
    *_, changed = source.pages({"since": "2026-11-25 08:00:00"})

    assert everybody.then == WholeRead(True)
    assert changed.then == WholeRead(False)
    assert changed.bookmark


def test_a_look_that_finds_nothing_is_no_absence_and_leaves_nothing(peer: Wonde) -> None:
    connect(hour=2)
    applied()
    peer.schools[0].employees = peer.schools[1].employees = []
    runs = db.session.scalar(select(func.count()).select_from(RosterImport))

    look(KIND)

    assert all(one.active for one in by_key(KIND).values())
    assert db.session.scalar(select(func.count()).select_from(RosterImport)) == runs


# --- refusals -----------------------------------------------------------------------------------------------


def test_a_token_that_is_taken_back_in_the_midst_ends_the_reading(peer: Wonde) -> None:
    peer.most = 1
    peer.before[4] = lambda: setattr(peer, "token", "another")

    assert "does not accept the token" in failed()


@pytest.mark.parametrize(
    ("right", "sentence"),
    [
        ("employees", "may not read employees and their contact details"),
        ("contact_details", "contact details"),
    ],
)
def test_a_right_that_is_missing_is_named(peer: Wonde, right: str, sentence: str) -> None:
    peer.rights -= {right}

    assert sentence in failed()


def test_contact_details_that_are_left_away_are_asked_for(peer: Wonde) -> None:
    def without(body: dict[str, Any]) -> None:
        for one in body["data"] if isinstance(body["data"], list) else []:
            one.pop("contact_details", None)

    peer.change = without

    assert "answered without contact details" in failed()


def test_employment_is_done_without_where_it_may_not_be_read(peer: Wonde) -> None:
    peer.rights -= {"employment_details"}

    applied()

    assert len(by_key(KIND)) == 5


@pytest.mark.parametrize(
    ("access", "sentence"), [("pending", "has not yet approved"), ("revoked", "took back its approval")]
)
def test_a_school_that_does_not_let_itself_be_read_is_named(peer: Wonde, access: str, sentence: str) -> None:
    peer.schools[1].access = access

    said = failed()
    assert sentence in said
    assert OAK in said


def test_trying_out_asks_each_school_for_one_person(peer: Wonde) -> None:
    assert connecting.try_out(KIND) == "Wonde answers, and lets staff be read of Beech School and Oak School."
    assert [one["per_page"] for one in peer.lists_asked("employees")] == ["1", "1"]


def test_trying_out_says_what_is_wrong_and_the_page_keeps_it(peer: Wonde) -> None:
    peer.token = "another"

    with pytest.raises(Refused, match="does not accept the token"):
        connecting.try_out(KIND)

    connection = RosterConnection.of_kind(KIND)
    assert connection is not None
    db.session.refresh(connection)
    assert connection.failing
    assert "does not accept the token" in connection.failure


def test_turned_off_it_is_asked_nothing_more(peer: Wonde) -> None:
    connecting.sync(KIND, by=SYSTEM)
    services.turn(WONDE, False, by=SYSTEM)
    db.session.commit()

    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    assert peer.asked == []


# --- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_or_doubles_anybody(peer: Wonde, fault: str) -> None:
    peer.schools[0].employees = [employee(nth) for nth in range(10, 110)]
    peer.most = 10
    peer.trouble = trouble = Every([fault], of=3)

    applied()

    assert len(trouble.told) >= 3
    assert sorted(by_key(KIND)) == sorted(one["id"] for school in peer.schools for one in school.employees)


def test_all_faults_together_lose_or_double_nobody(peer: Wonde) -> None:
    peer.schools[0].employees = [employee(nth) for nth in range(10, 311)]
    peer.most = 10
    peer.trouble = trouble = Every(FAULTS, of=3)

    applied()

    assert set(trouble.told) == set(FAULTS)
    assert sorted(by_key(KIND)) == sorted(one["id"] for school in peer.schools for one in school.employees)


def test_the_log_names_the_wait_that_was_asked_for(peer: Wonde) -> None:
    first = iter(["slow down"])
    peer.trouble = lambda path, nth: next(first, "")

    run = applied()

    assert "slow down" in " ".join(note.sentence for note in ImportNote.of(run.id))


# --- students and families ----------------------------------------------------------------------------------


@pytest.fixture
def families(peer: Wonde) -> Wonde:
    """Two sisters and a cousin at Beech, whose aunt is the sisters' mother; a neighbour, and a doctor."""
    mother, father = contact(1), contact(2, "Father")
    neighbour, doctor = contact(3, "Neighbour"), contact(4, "Doctor")
    peer.schools[0].students = [
        student(1, mother, father, neighbour),
        student(2, mother, doctor),
        student(3, {**mother, "relationship": {"relationship": "Aunt", "parental_responsibility": False}}),
    ]
    minder = {**contact(5), "relationship": {"relationship": "Child Minder", "parental_responsibility": True}}
    peer.schools[1].students = [student(4, minder)]
    connect(families=True)
    return peer


def relations() -> set[tuple[str, str, str]]:
    """Guardian, what they are, student."""
    people = {one.id: one.given_name for one in db.session.scalars(select(Person))}
    lasting = db.session.scalars(select(Guardianship).where(Guardianship.ended_at.is_(None)))
    return {(people[one.guardian_id], one.relation, people[one.student_id]) for one in lasting}


def test_each_relative_is_what_wonde_says_of_the_two_of_them(families: Wonde) -> None:
    applied()

    assert relations() == {
        ("Pat1", "Mother", "Sam1"),
        ("Pat2", "Father", "Sam1"),
        ("Pat1", "Mother", "Sam2"),
        ("Pat1", "Aunt", "Sam3"),
        ("Pat5", "Other", "Sam4"),
    }
    one = by_key(KIND)["A20000001"]
    found = Student.find(one.id)
    assert found is not None
    assert (found.grade, one.school and one.school.name) == ("07", "Beech School")


def test_no_right_comes_in_with_a_family(families: Wonde) -> None:
    applied()

    assert db.session.scalar(select(func.count()).select_from(GuardianRight)) == 0
    sealed = db.session.scalars(select(Contact)).all()
    assert {one.consent for one in sealed} == {"not asked"}
    assert {"email", "mobile", "landline"} == {one.kind for one in sealed}


def test_whoever_is_nobody_of_the_family_goes_no_further_than_the_answer(families: Wonde) -> None:
    applied()

    assert not {"A30000003", "A30000004"} & by_key(KIND).keys()
    assert db.session.scalar(select(func.count()).where(ImportRow.given_name.in_(["Pat3", "Pat4"]))) == 0


def test_of_a_family_no_more_is_written_down_than_what_they_are(families: Wonde) -> None:
    connecting.sync(KIND, by=SYSTEM)
    db.session.commit()
    run = RosterImport.under_way()
    assert run is not None
    importing.advance(run.id)

    kept = [one.items or "" for one in db.session.scalars(select(FetchedPage))]
    opened = " ".join(zlib.decompress(b64decode(one)).decode() for one in kept)
    assert "Pat1" in opened
    never = ("2015", "lives_with", "responsibility", "court", "priority", "upi-", "Pat3", "Pat4", "Neighbour")
    assert [word for word in never if word in opened] == []


def test_trying_out_asks_for_students_too_once_they_are_chosen(families: Wonde) -> None:
    said = connecting.try_out(KIND)
    assert said == "Wonde answers, and lets staff and students be read of Beech School and Oak School."

    families.rights -= {"contacts"}
    with pytest.raises(Refused, match="may not read students, their year, their contacts"):
        connecting.try_out(KIND)


def test_students_are_not_asked_for_unless_they_were_chosen(families: Wonde) -> None:
    connect(families=False)

    applied()

    assert families.lists_asked("students") == []


def test_families_again_change_nothing(families: Wonde) -> None:
    applied()
    before = relations()

    run = applied()

    assert relations() == before
    assert not any(count for (_, verdict), count in ImportRow.counts(run.id).items() if verdict != "same")


def test_no_students_of_a_school_are_no_absence(families: Wonde) -> None:
    applied()
    families.schools[0].students = []

    for _ in range(3):
        a_day_older()
        run = applied()

    assert active("A20000001")
    assert "no students of Beech School" in " ".join(note.sentence for note in ImportNote.of(run.id))


def test_contacts_that_are_left_away_are_a_right_to_ask_for(families: Wonde) -> None:
    families.rights -= {"contacts"}

    assert "may not read students, their year, their contacts" in failed()


def test_a_student_who_was_deleted_leaves_at_once(families: Wonde) -> None:
    families.schools[0].students += [student(nth, contact(nth)) for nth in range(10, 50)]
    applied()
    gone = families.schools[0].students.pop()
    families.schools[0].deletions = [
        {"id": gone["id"], "type": "student", "deleted_at": when("2026-11-25 08:00:00"), "restored_at": None},
        {"id": "A9", "type": "class", "deleted_at": when("2026-11-25 08:00:00"), "restored_at": None},
    ]

    applied()

    assert not active(gone["id"])


def test_all_faults_together_lose_or_double_no_family(families: Wonde) -> None:
    families.schools[0].students = [
        student(nth, contact(nth // 2 + 1000), contact(nth + 2000, "Father")) for nth in range(10, 210)
    ]
    families.most = 10
    families.trouble = trouble = Every(FAULTS, of=3)

    applied()

    assert set(trouble.told) == set(FAULTS)
    keys = [one["id"] for school in families.schools for one in [*school.employees, *school.students]]
    contacts = {
        one["id"] for school in families.schools for each in school.students for one in each["contacts"]
    }
    assert sorted(by_key(KIND)) == sorted([*keys, *contacts])
    assert len(relations()) == 200 * 2 + 1
