"""Imports of different sources wait side by side for an answer; one of a district is at work."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import importing
from app.roster.actions.refused import Refused
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from tests.page_client import PageClient
from tests.roster.exports import an_export
from tests.roster.test_imports import again, answered, looked_at
from tests.roster.two_sources import ADA, ANA, KIM, Other, ada, ana, kim
from tests.world import World


@pytest.fixture
def other(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Other]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
        db.session.commit()
        yield Other(monkeypatch)


def count_quills() -> int:
    asked = select(func.count(Person.id)).where(Person.family_name == "Quill")
    return db.session.scalar(asked) or 0


def test_a_preview_that_waits_holds_up_no_other_source(other: Other) -> None:
    first = looked_at(an_export([ADA])).id

    second = other.says(ada(), apply=False)

    assert second.state == "ready"
    assert {run.id for run in RosterImport.waiting()} == {first, second.id}


def test_what_the_other_made_meanwhile_is_not_made_twice(other: Other) -> None:
    first = looked_at(an_export([ADA, KIM, ANA])).id

    other.says(ada(), kim(), ana())
    run = answered(again(first), removals=True)

    assert run.state == "done"
    assert count_quills() == 3


def test_none_is_applied_while_another_is_at_work(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    first = looked_at(an_export([ADA])).id
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    at_work = other.says(ada(), apply=False).id
    assert again(at_work).is_working

    with pytest.raises(Refused, match="at work"):
        importing.approve(again(first), removals=True)


def test_none_begins_while_another_is_at_work(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    other.says(ada(), apply=False)

    with pytest.raises(Refused, match="at work"):
        looked_at(an_export([ADA]))


def test_of_one_source_one_waits(other: Other) -> None:
    looked_at(an_export([ADA]))

    with pytest.raises(Refused, match="still waits for you"):
        looked_at(an_export([ADA], salt="again"))


def test_the_database_holds_that_one_is_at_work(other: Other) -> None:
    looked_at(an_export([ADA]))
    other.says(ada(), apply=False)
    db.session.commit()

    with pytest.raises(IntegrityError, match="one_at_work"):
        db.session.execute(text("update roster_imports set state = 'applying' where state = 'ready'"))
    db.session.rollback()


def test_the_pages_show_all_that_wait(client: PageClient, other: Other, world: World) -> None:
    looked_at(an_export([ADA]))
    other.says(ada(), apply=False)
    client.sign_in(world.adams)

    overview, imports = client.get("/maple/admin").text, client.get("/maple/admin/imports").text

    assert "OneRoster file: nothing of it has been applied" in overview
    assert "Made-up: nothing of it has been applied" in overview
    assert imports.count("An import waits for you") == 2
    assert "Upload a file" in imports
