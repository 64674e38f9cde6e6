"""Students and families of a file, and what is looked for of them afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import (
    importing,
)
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school import School
from app.roster.models.student import Student
from tests.roster.exports import staff
from tests.world import World

STAFF = staff(4)


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
        yield world


def of_kind(run: RosterImport, kind: str) -> dict[str, int]:
    told = {verdict: count for (group, verdict), count in ImportRow.counts(run.id).items() if group == kind}
    unchanged = run.unchanged.get(kind, 0)
    return told | ({"same": told.get("same", 0) + unchanged} if unchanged else {})


def student(number: str) -> Student:
    db.session.expire_all()
    found = Student.numbered(number)
    assert found is not None
    return found


def guardian_called(name: str) -> Guardian:
    db.session.expire_all()
    found = db.session.scalar(
        select(Guardian).join(Person, Person.id == Guardian.id).where(Person.given_name == name)
    )
    assert found is not None
    return found


def a_school() -> School:
    found = db.session.scalars(School.by_name()).first()
    assert found is not None
    return found


def parents_of(number: str) -> set[str]:
    held = Guardianship.of_student(student(number).id)
    people = select(Person.given_name).where(Person.id.in_([one.guardian_id for one in held]))
    return set(db.session.scalars(people))


def count(model: Any) -> int:
    return db.session.scalar(select(func.count(model.id))) or 0


def tables() -> dict[str, Any]:
    asked = "select id, xmin::text from {} order by id"
    names = (
        "people",
        "students",
        "guardians",
        "guardianships",
        "guardian_contacts",
        "source_people",
        "households",
    )
    return {name: db.session.execute(text(asked.format(name))).all() for name in names}
