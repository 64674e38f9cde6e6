"""Nobody calls the audit log, and nobody can forget it."""

import pytest
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from app.core import audit
from app.core.actor import acting_as
from app.core.audit import AuditEntry, AuditPersonal, AuditSeal
from app.core.db import db
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.roster.models.person import Person
from app.roster.models.school import School


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


FIRST = "position = (select min(position) from audit_entries where district_id = :d)"
OF_THE_FIRST_SEAL = (
    "district_id = :d and (transaction, position) <= "
    "(select through_transaction, through_position from audit_seals where number = 1 and district_id = :d)"
)


def newest(what):
    newest_first = AuditEntry.position.desc()
    return db.session.scalars(
        select(AuditEntry).where(AuditEntry.what == what).order_by(newest_first)
    ).first()


def test_a_change_is_written_down_with_who_what_and_which(maple, world):
    school = db.session.scalars(select(School)).first()
    before = school.name
    with acting_as(world.adams.account()):
        school.name = "New name"
        db.session.commit()

    entry = newest("schools")
    assert (entry.did, entry.which, entry.by_id) == ("changed", school.id, world.adams.id)
    assert entry.changes["name"] == [before, "New name"]


def test_what_is_personal_lies_sealed_beside_the_entry(maple):
    person = db.session.scalars(select(Person)).first()
    person.given_name = "Marguerite"
    db.session.commit()

    entry = newest("people")
    assert entry.changes["given_name"] == "(personal)"
    beside = db.session.scalars(select(AuditPersonal).where(AuditPersonal.entry_id == entry.id)).all()
    assert any("Marguerite" in (kept.values or "") for kept in beside)
    assert "Marguerite" not in str(
        db.session.execute(text("select * from audit_entries, audit_personal")).all()
    )


def test_what_is_rolled_back_leaves_no_entry(maple):
    count = len(db.session.scalars(select(AuditEntry)).all())
    db.session.scalars(select(School)).first().name = "Never"
    db.session.flush()
    db.session.rollback()

    assert len(db.session.scalars(select(AuditEntry)).all()) == count


@pytest.mark.parametrize("statement", [update(AuditEntry).values(did="nothing"), delete(AuditEntry)])
def test_an_entry_cannot_be_changed_or_removed(maple, statement):
    audit.noted("tried", "schools")
    db.session.commit()

    with pytest.raises(ProgrammingError, match="permission denied"):
        db.session.execute(statement)


def test_the_chain_holds_and_names_its_unsealed_tail(maple):
    audit.noted("one", "schools")
    db.session.commit()
    sealed = audit.seal_entries()
    db.session.commit()
    audit.noted("two", "schools")
    db.session.commit()

    verdict = audit.verify()
    assert verdict.holds
    assert (verdict.entries, verdict.unsealed) == (sealed, 1)


@pytest.mark.parametrize(
    "tampering",
    [
        f"update audit_entries set did = 'nothing' where {FIRST}",
        f"delete from audit_personal; delete from audit_entries where {FIRST}",
        "update audit_seals set entries = entries + 1 where district_id = :d",
        "delete from audit_seals where number = 1 and district_id = :d",
        "update audit_seals set number = number + 100 where district_id = :d",
        # the beginning taken away with its seal, and the rest counted anew
        f"delete from audit_personal; delete from audit_entries where {OF_THE_FIRST_SEAL};"
        "delete from audit_seals where number = 1 and district_id = :d;"
        "update audit_seals set number = number - 1 where district_id = :d",
    ],
    ids=["an entry changed", "an entry gone", "a count", "a seal gone", "numbers", "the beginning gone"],
)
def test_tampering_is_found(maple, tampering):
    for word in ("one", "two"):
        audit.noted(word, "schools")
        db.session.commit()
        audit.seal_entries()
        db.session.commit()
    owner_engine = create_engine(get_settings().database_owner_url, poolclass=NullPool)
    with owner_engine.begin() as owner:
        for statement in tampering.split(";"):
            owner.execute(text(statement), {"d": maple.id} if ":d" in statement else {})

    assert not audit.verify().holds


def test_an_entry_of_a_running_transaction_waits_for_its_seal(maple, app):
    audit.noted("finished", "schools")
    db.session.commit()
    audit.seal_entries()
    db.session.commit()
    audit.noted("running", "schools")
    with as_district(maple.id):
        audit.noted("later but over", "schools")
        db.session.commit()
        assert audit.seal_entries() == 0, "it may not be sealed before the one that still runs"
        db.session.commit()
    db.session.commit()

    assert audit.seal_entries() == 2
    db.session.commit()
    assert audit.verify().holds
    assert db.session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc())).first().entries == 2


def test_one_district_never_sees_the_log_of_another(maple, world):
    audit.noted("of maple", "schools")
    db.session.commit()
    with as_district(world.birch.id):
        assert db.session.scalars(select(AuditEntry).where(AuditEntry.did == "of maple")).all() == []
