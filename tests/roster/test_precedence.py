"""Whose word counts: where two sources and the office say different things, the order decides, group by group."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing, precedence
from app.roster.actions.refused import Refused
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.precedence import HAND, Precedence
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.student import Student
from tests.roster import families
from tests.roster.exports import an_export
from tests.roster.sources import KIND
from tests.roster.test_imports import taken_in, verdicts
from tests.roster.two_sources import ADA, ANA, KIM, Other, ada, ana, kim
from tests.world import World


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    """Its file of the student information system was set up first, then a connection."""
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


def name_of() -> str:
    return somebody().given_name


def school_of(one: Person) -> str | None:
    return one.school.name if one.school else None


def the_student() -> Student:
    db.session.expire_all()
    found = Student.numbered("N1")
    assert found is not None
    return found


def the_guardian() -> Guardian:
    db.session.expire_all()
    return db.session.scalars(
        select(Guardian).join(Person, Person.id == Guardian.id).where(Person.given_name == "Ana")
    ).one()


def ways() -> set[str]:
    return {str(one.value) for one in Contact.of_guardians([the_guardian().id])}


def everything() -> dict[str, Any]:
    tables = ("people", "students", "guardians", "guardianships", "guardian_contacts", "source_people")
    asked = "select id, xmin::text from {} order by id"
    return {table: db.session.execute(text(asked.format(table))).all() for table in tables}


# --- as it is until somebody says otherwise -----------------------------------------------------------------


def test_the_office_goes_first_and_then_the_sources_as_they_were_set_up(other: Other) -> None:
    assert Precedence.orders()["name"] == [HAND, ONEROSTER_CSV, KIND]
    assert Precedence.orders()["contacts"] == [ONEROSTER_CSV, KIND]


def test_what_stands_lower_never_overwrites(other: Other) -> None:
    taken_in(an_export([ADA]))

    other.says(ada(given_name="Adelaide"))
    other.says(ada(given_name="Addie"))

    assert name_of() == "Ada"


def test_nor_when_both_said_the_same_before(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada())

    other.says(ada(given_name="Addie"))

    assert name_of() == "Ada"


def test_what_nobody_above_says_is_filled_in(other: Other) -> None:
    taken_in(an_export([replace(ADA, school="")]))

    other.says(ada(school_key="s1"))

    assert school_of(somebody()) == "Beech School"


def test_what_the_office_emptied_stays_empty(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada())
    somebody().school_id = None
    db.session.commit()

    taken_in(an_export([ADA], salt="again"))
    other.says(ada())

    assert somebody().school_id is None


def test_two_sources_that_say_what_they_said_write_nothing(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(ada(given_name="Addie"), kim(grade="05"), ana(mobile="312 555 0102"))

    before = everything()
    first = taken_in(an_export([ADA, KIM, ANA], salt="again")).state
    second = other.says(ada(given_name="Addie"), kim(grade="05"), ana(mobile="312 555 0102")).state

    assert (first, second) == ("done", "done")
    assert everything() == before


# --- another order ------------------------------------------------------------------------------------------


def test_another_order_changes_nobody_until_the_next_import_shows_it(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada(given_name="Addie"))

    precedence.move("name", KIND, up=True)
    assert name_of() == "Ada"

    run = other.says(ada(given_name="Addie"), apply=False)
    assert run.state == "ready"
    assert verdicts(run) == {"changed": 1, "same": 1}
    assert [row.changes for row in ImportRow.with_verdict(run.id, "changed")] == [["name"]]
    assert name_of() == "Ada"


def test_what_goes_first_now_is_taken_over_though_it_said_it_before(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada(given_name="Addie"))
    precedence.move("name", KIND, up=True)

    other.says(ada(given_name="Addie"))
    assert name_of() == "Addie"

    taken_in(an_export([ADA], salt="again"))
    assert name_of() == "Addie"


def test_the_order_of_one_group_is_not_that_of_another(other: Other) -> None:
    taken_in(an_export([ADA]))
    precedence.move("name", KIND, up=True)

    other.says(ada(given_name="Addie", school_key="s1"))

    assert (name_of(), school_of(somebody())) == ("Addie", "Ash School")


def test_where_a_source_goes_before_the_office_its_word_comes_back(maple: World) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    precedence.move("name", HAND, up=False)
    precedence.move("grade", HAND, up=False)
    the_student().grade = "06"
    db.session.commit()
    somebody().given_name = "Adelaide"
    db.session.commit()

    taken_in(an_export([ADA, KIM, ANA], salt="again"))

    assert name_of() == "Ada"
    assert the_student().grade == "04"


def test_where_the_office_goes_first_its_word_stays(maple: World, other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    the_student().grade = "06"
    db.session.commit()
    somebody().given_name = "Adelaide"
    db.session.commit()

    taken_in(an_export([replace(ADA, given="Addie"), replace(KIM, grades="05"), ANA]))
    other.says(ada(given_name="Adda"), kim(grade="07"), ana())

    assert name_of() == "Adelaide"
    assert the_student().grade == "06"


def test_an_address_of_somebody_else_is_not_taken_because_of_an_order(other: Other) -> None:
    taken_in(an_export([ADA]))
    other.says(ada())
    other.says(ada(email="bell@maple.example"))
    precedence.move("email", KIND, up=True)

    other.says(ada(email="bell@maple.example"))

    assert name_of() == "Ada"


def test_an_order_is_told_in_the_audit_log_with_what_it_was(other: Other) -> None:
    precedence.move("name", KIND, up=True)
    precedence.move("name", KIND, up=True)
    db.session.commit()

    entries = select(AuditEntry).where(AuditEntry.what == "roster_precedences").order_by(AuditEntry.position)
    assert [entry.changes["ranked"] for entry in db.session.scalars(entries)] == [
        [None, [HAND, KIND, ONEROSTER_CSV]],
        [[HAND, KIND, ONEROSTER_CSV], [KIND, HAND, ONEROSTER_CSV]],
    ]


@pytest.mark.parametrize(("who", "up"), [(HAND, True), (KIND, False), ("nobody", True)])
def test_a_place_that_there_is_not_is_refused(other: Other, who: str, up: bool) -> None:
    with pytest.raises(Refused):
        precedence.move("name", who, up=up)


# --- who falls silent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "given"), [(59, "Ash School"), (61, "Beech School")])
def test_what_is_left_blank_may_be_said_by_the_next_after_sixty_days(
    other: Other, days: int, given: str
) -> None:
    taken_in(an_export([ADA]))
    other.says(ada(school_key="s1"))
    taken_in(an_export([replace(ADA, school="", given="Ada M.")]))

    with clock.frozen(clock.now() + timedelta(days=days)):
        other.says(ada(school_key="s1"))

    assert school_of(somebody()) == given


@pytest.mark.parametrize(("days", "grade"), [(59, "05"), (61, "04")])
def test_a_connection_that_is_not_asked_any_more_is_passed_over(other: Other, days: int, grade: str) -> None:
    precedence.move("grade", KIND, up=True)
    other.says(kim(grade="05"), ana())
    taken_in(an_export([ADA, KIM, ANA]))
    assert the_student().grade == "05"

    with clock.frozen(clock.now() + timedelta(days=days)):
        taken_in(an_export([ADA, KIM, ANA], salt="again"))

    assert the_student().grade == grade


def test_a_file_is_never_too_old(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))

    with clock.frozen(clock.now() + timedelta(days=300)):
        other.says(ada(given_name="Addie"), kim(grade="05"), ana())

    assert name_of() == "Ada"
    assert the_student().grade == "04"


@pytest.mark.parametrize(("days", "name"), [(59, "Kim"), (61, "Kimmy")])
def test_whom_a_source_has_no_more_the_next_may_name_after_sixty_days(
    other: Other, days: int, name: str
) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(given_name="Kimmy"), ana())
    taken_in(an_export([replace(KIM, status="tobedeleted")], kind="delta"))
    assert the_student().person.active

    with clock.frozen(clock.now() + timedelta(days=days)):
        other.says(kim(given_name="Kimmy"), ana())

    assert the_student().person.given_name == name


# --- students and families ----------------------------------------------------------------------------------


def test_of_a_student_too_the_lower_source_never_overwrites(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))

    other.says(kim(given_name="Kimmy", grade="05", school_key="s1"), ana())
    other.says(kim(given_name="Kimberly", grade="06", school_key="s1"), ana())

    found = the_student()
    assert (found.name, found.grade, school_of(found.person)) == ("Kim Quill", "04", "Ash School")


def test_of_a_student_too_the_lower_source_fills_in(other: Other) -> None:
    taken_in(an_export([ADA, replace(KIM, grades="", school=""), ANA]))

    other.says(kim(grade="05", school_key="s1"), ana())

    found = the_student()
    assert (found.grade, school_of(found.person)) == ("05", "Beech School")


def test_of_a_student_too_another_order_shows_with_the_next_import_that_says_nothing_new(
    other: Other,
) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(given_name="Kimmy", grade="05"), ana())
    precedence.move("grade", KIND, up=True)
    assert the_student().grade == "04"

    run = other.says(kim(given_name="Kimmy", grade="05"), ana(), apply=False)
    assert [row.changes for row in ImportRow.with_verdict(run.id, "changed")] == [["grade"]]

    importing.cancel(run)
    other.says(kim(given_name="Kimmy", grade="05"), ana())
    found = the_student()
    assert (found.person.given_name, found.grade) == ("Kim", "05")


def test_a_way_to_reach_somebody_is_added_only_where_none_above_names_one(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))

    other.says(kim(), ana(mobile="312 555 0102", phone="312 555 0103"))

    assert ways() == {"ana@home.example", "+13125550101", "+13125550103"}


def test_what_goes_first_now_takes_the_place_of_the_other_and_asks_anew(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(), ana(mobile="312 555 0102"))
    held = next(one for one in Contact.of_guardians([the_guardian().id]) if one.kind == "mobile")
    held.consent, held.consent_source, held.consent_at = "implied", "paper", clock.now()
    db.session.commit()
    precedence.move("contacts", KIND, up=True)
    assert ways() == {"ana@home.example", "+13125550101"}

    other.says(kim(), ana(mobile="312 555 0102"))

    assert ways() == {"ana@home.example", "+13125550102"}
    assert {one.consent for one in Contact.of_guardians([the_guardian().id])} == {"not asked"}


def test_what_the_office_wrote_down_stays_beside_them_all(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    families.mobile(the_guardian(), "+13125550199")
    db.session.commit()
    precedence.move("contacts", KIND, up=True)

    other.says(kim(), ana(mobile="312 555 0102"))

    assert ways() == {"ana@home.example", "+13125550102", "+13125550199"}


def test_what_the_office_took_away_another_source_does_not_bring_back(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(), ana(mobile="312 555 0102"))
    for one in Contact.of_guardians([the_guardian().id]):
        if one.kind == "mobile":
            db.session.delete(one)
    db.session.commit()

    taken_in(an_export([ADA, KIM, ANA], salt="again"))
    other.says(kim(), ana(mobile="312 555 0102"))

    assert ways() == {"ana@home.example"}


def test_a_number_that_another_still_names_stays(other: Other) -> None:
    taken_in(an_export([ADA, KIM, ANA]))
    other.says(kim(), ana(mobile="312 555 0101"))
    precedence.move("contacts", KIND, up=True)

    taken_in(an_export([ADA, KIM, replace(ANA, mobile="312 555 0109")]))

    assert ways() == {"ana@home.example", "+13125550101"}


def test_a_relationship_ends_only_when_no_source_tells_of_it(other: Other) -> None:
    bea = replace(ANA, key="p2", given="Bea", email="bea@home.example", mobile="")
    taken_in(an_export([ADA, replace(KIM, relatives="p1,p2"), ANA, bea]))
    other.says(kim(), ana())

    alone = [ADA, replace(KIM, relatives="p2"), replace(ANA, relatives="k9"), bea]
    taken_in(an_export(alone))
    assert Guardianship.between(the_student().id, the_guardian().id) is not None

    other.says(kim(relatives=("z9",)), ana(relatives=("z9",)))
    assert Guardianship.between(the_student().id, the_guardian().id) is None
