"""Guardians and their rights: each a fact with who entered it and when."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core.actor import acting_as
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.roster.actions import contacts, guardians, places, students
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Rights
from app.roster.actions.refused import Refused
from app.roster.models.contact import Contact
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT, GuardianRight
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.student import Student
from tests.roster import families


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


@pytest.fixture
def mia(maple):
    return families.student("Mia", "Salas", number="S-1", school=maple.schools["North"])


def held_by(mia, one):
    return next(held for held, guardian in families.guardianships(mia) if guardian.id == one.id)


def test_a_right_knows_who_entered_it_and_the_one_before_it_stays(mia, world):
    ana = families.guardian(mia, "Ana", "Salas")
    held, olive = held_by(mia, ana), world.olive.account()

    guardians.say_rights(held, Rights(holds={EDUCATION: False, MAIL: True}), by=olive)

    facts = GuardianRight.in_force([held.id])[held.id]
    assert {name: fact.holds for name, fact in facts.items()} == {EDUCATION: False, MAIL: True}
    assert facts[EDUCATION].entered_by.name == "Olive Marsh"
    assert facts[MAIL].entered_by is None
    assert [(fact.name, fact.holds) for fact in GuardianRight.replaced_of(held.id)] == [(EDUCATION, True)]


def test_saying_the_same_again_writes_nothing(mia, world):
    ana = families.guardian(mia, "Ana", "Salas")
    held = held_by(mia, ana)

    guardians.say_rights(held, Rights(holds=families.BOTH), by=world.olive.account())

    assert GuardianRight.replaced_of(held.id) == []


def test_what_nobody_knows_any_more_is_no_fact(mia, world):
    ana = families.guardian(mia, "Ana", "Salas")
    held = held_by(mia, ana)

    guardians.say_rights(held, Rights(holds={}), by=world.olive.account())

    assert GuardianRight.in_force([held.id])[held.id] == {}


def test_no_contact_cannot_stand_beside_rights(mia):
    with pytest.raises(Refused, match="cannot stand beside"):
        families.guardian(mia, "Rex", "Stone", rights={NO_CONTACT: True, MAIL: True})


def test_what_a_court_order_says_is_sealed_and_in_no_audit_entry(mia):
    families.guardian(mia, "Ana", "Salas", rights={COURT_ORDER: True}, note="Supervised weekends")

    sealed = db.session.scalar(select(GuardianRight.note_sealed).where(GuardianRight.name == COURT_ORDER))
    told = [str(entry.changes) for entry in db.session.scalars(select(AuditEntry))]
    assert sealed.startswith("v1.")
    assert not any("Supervised" in one for one in told)
    with pytest.raises(Refused, match="court order is on file"):
        families.guardian(mia, "Rex", "Stone", rights={}, note="Nothing on file")


def test_the_database_keeps_one_fact_of_a_name_in_force(mia):
    ana = families.guardian(mia, "Ana", "Salas")
    db.session.add(GuardianRight(guardianship_id=held_by(mia, ana).id, name=MAIL, holds=False))

    with pytest.raises(IntegrityError, match="uq_guardian_rights_in_force"):
        db.session.flush()


def test_the_database_knows_no_note_but_of_a_court_order(mia):
    ana = families.guardian(mia, "Ana", "Salas")
    fact = GuardianRight(guardianship_id=held_by(mia, ana).id, name=NO_CONTACT, holds=True)
    fact.note = "Hidden where nobody looks"
    db.session.add(fact)

    with pytest.raises(IntegrityError, match="note_of_a_court_order"):
        db.session.flush()


def test_a_student_is_told_apart_by_what_the_office_needs_and_nothing_else(app):
    columns = set(Student.__table__.columns.keys()) | set(Person.__table__.columns.keys())

    assert columns == {
        *("id", "district_id", "number", "grade", "language"),
        "born",  # where the office wrote it down; no file brings it
        *("given_name", "family_name", "kind", "school_id", "active", "source", "made_at", "folded"),
        *("email", "title"),  # of the staff alone
    }


def test_a_number_belongs_to_one_student(mia, maple):
    with pytest.raises(Refused, match="has the number S-1"):
        families.student("Max", "Salas", number=" S-1", school=maple.schools["Cedar"])


def test_added_twice_is_added_once(maple):
    of = students.Enrollment(
        given_name="Max", family_name="Salas", number="S-2", school_id=maple.schools["North"]
    )
    once = uuid7()

    assert students.add(of, once=once).id == students.add(of, once=once).id


def test_what_reaches_a_guardian_is_sealed_and_found_by_its_index(mia):
    ana = families.guardian(mia, "Ana", "Salas")
    number = families.mobile(ana, "+12125550123")
    db.session.expire_all()

    stored = db.session.scalar(text("select value_sealed from guardian_contacts"))
    assert "555" not in stored
    assert number.value == "+12125550123"
    assert [
        one.id for one in db.session.scalars(select(Contact).where(Contact.value_index == number.value_index))
    ]
    with pytest.raises(Refused, match="already"):
        families.mobile(ana, "+12125550123")


@pytest.mark.parametrize(
    ("consent", "why"),
    [
        (Consent(state="given", wording="2026-08"), "where this answer comes from"),
        (Consent(state="given", source="paper"), "which version of the wording"),
    ],
)
def test_consent_says_where_it_comes_from_and_to_which_words(mia, consent, why):
    ana = families.guardian(mia, "Ana", "Salas")

    with pytest.raises(Refused, match=why):
        families.email(ana, "ana@example.com", consent)


def test_consent_of_one_number_is_not_consent_of_the_next(mia):
    ana = families.guardian(mia, "Ana", "Salas")
    number = families.mobile(ana, "+12125550123")

    contacts.change(number, "+12125550124", Consent())

    assert (number.consent, number.consent_source, number.consent_at) == ("not asked", "", None)
    assert not number.is_wanted


def test_a_change_of_consent_is_told_by_value_and_the_number_is_not(mia, world):
    ana = families.guardian(mia, "Ana", "Salas")
    number = families.mobile(ana, "+12125550123")

    with acting_as(world.olive.account()):
        contacts.change(number, "+12125550123", Consent(state="refused", source="phone"))

    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.which == number.id, AuditEntry.did == "changed")
    ).one()
    assert entry.by_id == world.olive.id
    assert entry.changes["consent"] == ["given", "refused"]
    assert "5550123" not in str(entry.changes)


def test_a_school_with_students_is_not_closed(mia, maple):
    for one in db.session.scalars(select(Person).where(Person.kind == "staff")):
        one.active = False

    with pytest.raises(Refused, match="1 student goes to North School"):
        places.close_school(School.find(maple.schools["North"]))
