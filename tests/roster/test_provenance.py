"""Where each part of somebody comes from: one source, another, the office, a school year; and when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models.account import Account
from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing, people, precedence, students
from app.roster.actions.people import Particulars
from app.roster.actions.students import Enrollment
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.person import Person
from app.roster.models.provenance import BY_HAND, Origin, Provenance
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.student import Student
from tests.page_client import PageClient
from tests.roster import families
from tests.roster.exports import an_export
from tests.roster.sources import KIND
from tests.roster.test_imports import taken_in
from tests.roster.two_sources import ADA, ANA, KIM, Other, ada, ana, kim
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
        yield world


@pytest.fixture
def other(maple: World, monkeypatch: pytest.MonkeyPatch) -> Other:
    return Other(monkeypatch)


def somebody() -> Person:
    db.session.expire_all()
    found = Person.with_address("ada@maple.example")
    assert found is not None
    return found


def the_student() -> Student:
    db.session.expire_all()
    found = Student.numbered("N1")
    assert found is not None
    return found


def the_guardian() -> Guardian:
    db.session.expire_all()
    named = select(Guardian).join(Person, Person.id == Guardian.id).where(Person.given_name == "Ana")
    return db.session.scalars(named).one()


def origin(of: Provenance, part: str) -> Origin:
    return next(one for one in of.origins if one.part == part)


def test_each_part_names_the_source_that_said_it_and_when(maple: World) -> None:
    before = clock.now()
    taken_in(an_export([ADA]))

    told = Provenance.of_staff(somebody())

    assert {one.part: one.by for one in told.origins} == {
        "Name": "OneRoster file",
        "Work email": "OneRoster file",
        "School": "OneRoster file",
        "What they do": "",
    }
    at = origin(told, "Name").at
    assert at is not None
    assert at >= before
    assert [(one.source.name, one.key) for one in told.records] == [("OneRoster file", "u1")]


def test_where_two_speak_both_are_told(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada(given_name="Addie", school_key="s1"))

    told = Provenance.of_staff(somebody())

    name, email = origin(told, "Name"), origin(told, "Work email")
    assert (name.by, [(one.source, one.text) for one in name.others]) == (
        "OneRoster file",
        [("Made-up", "Addie Quill")],
    )
    assert (email.by, email.others) == ("OneRoster file", [])
    assert [one.source.name for one in told.records] == ["OneRoster file", "Made-up"]


def test_what_both_say_is_told_of_the_one_that_goes_first(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada())
    precedence.move("name", KIND, up=True)

    assert origin(Provenance.of_staff(somebody()), "Name").by == "Made-up"


def test_what_the_office_wrote_is_told_with_its_time_and_who_says_otherwise(maple: World) -> None:
    taken_in(an_export([ADA]))
    person = somebody()
    later = clock.now() + timedelta(days=3)
    with clock.frozen(later), acting_as(db.session.get_one(Account, maple.adams.id)):
        people.change(
            person,
            Particulars(
                given_name="Adelaide",
                family_name="Quill",
                email=person.email or "",
                school_id=person.school_id,
            ),
        )
        db.session.commit()

    name = origin(Provenance.of_staff(somebody()), "Name")

    assert (name.by, name.at) == (BY_HAND, later)
    assert [one.text for one in name.others] == ["Ada Quill"]
    assert origin(Provenance.of_staff(somebody()), "School").by == "OneRoster file"


def test_whoever_was_entered_by_hand_is_told_so(maple: World) -> None:
    with acting_as(db.session.get_one(Account, maple.adams.id)):
        made = families.student("Noa", "Quill", number="N7", school=next(iter(maple.maple.schools.values())))
        db.session.commit()

    told = Provenance.of_student(made)

    assert {one.by for one in told.origins if one.by} == {BY_HAND}
    assert all(one.at is not None for one in told.origins if one.by)


def test_of_a_student_and_their_language(maple: World) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    kim_ = the_student()
    assert kim_.school_id is not None
    with acting_as(db.session.get_one(Account, maple.adams.id)):
        of = Enrollment(
            given_name="Kim", family_name="Quill", number="N1", school_id=kim_.school_id, grade="05"
        )
        students.change(kim_, of)
        db.session.commit()

    told = Provenance.of_student(the_student())

    assert origin(told, "Grade").by == BY_HAND
    assert [one.text for one in origin(told, "Grade").others] == ["Grade 4"]
    assert origin(told, "Student number").by == "OneRoster file"
    assert origin(told, "Language").by == "Nobody has said another"


def test_what_a_source_leaves_blank_is_told_with_since_when(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada(school_key="s1"))
    precedence.move("school", KIND, up=True)
    other.says(ada(school_key="s1"))
    taken_in(an_export([replace(ADA, school="", given="Ada M.")]))

    (word,) = origin(Provenance.of_staff(somebody()), "School").others
    assert (word.source, word.text) == ("OneRoster file", "Ash School")
    assert word.unsaid_since is not None


def test_each_way_to_reach_a_guardian_is_told_and_what_is_not_kept(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(), ana(mobile="312 555 0102"))
    families.mobile(the_guardian(), "+13125550199")
    db.session.commit()

    contacts = Contact.of_guardians([the_guardian().id])
    told = Provenance.of_guardian(the_guardian(), contacts)

    assert {one.value: told.contacts[one.id].by for one in contacts} == {
        "ana@home.example": "OneRoster file",
        "+13125550101": "OneRoster file",
        "+13125550199": BY_HAND,
    }
    assert told.not_kept == [("Made-up", "mobile phone")]


def test_the_pages_say_it(app: Flask, client: PageClient, other: Other, world: World) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(ada(given_name="Addie"), kim(grade="05"), ana(mobile="312 555 0102"))
    ids = {"people": somebody().id, "students": the_student().id, "guardians": the_guardian().id}
    client.sign_in(world.adams)

    staff = client.get(f"/maple/admin/people/{ids['people']}").text
    student = client.get(f"/maple/students/{ids['students']}").text
    guardian = client.get(f"/maple/guardians/{ids['guardians']}").text

    assert "Made-up says Addie Quill" in staff
    assert "Known to OneRoster file as u1" in staff
    assert "Made-up says Grade 5" in student
    assert "Parent (OneRoster file, " in student
    assert "Made-up names another mobile phone, which is not kept here" in guardian
    assert "parent (OneRoster file, " in guardian
