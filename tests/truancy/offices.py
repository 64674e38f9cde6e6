"""Three students with something to do for each, and the office that has it to do."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions.refused import Refused
from app.truancy.actions import following
from app.truancy.actions.following import Asked
from app.truancy.models.case_duty import CaseDuty
from tests.roster import families

NOW = datetime(2026, 9, 21, 15, tzinfo=UTC)
MONDAY = date(2026, 9, 21)
WORK = "/maple/attendance/work"
BLOCKED = [["conference_not_attempted", "us-ca.truant.1"]]


@pytest.fixture(autouse=True)
def _monday():
    with clock.frozen(NOW):
        yield


def asked(of, do="home_contact", **more):
    given = {
        "rule_id": "us-ny.local_example",
        "window": "2026-27",
        "ordinal": 1,
        "trigger": date(2026, 9, 18),
        "to": "",
        "due": date(2026, 9, 25),
        "blocked": [],
        "for_person": False,
    }
    return Asked(student_id=of, do=do, **{**given, **more})


@pytest.fixture
def office(app, world):
    """Three students: two at North, one at Cedar, with something to do for each."""
    with app.app_context(), as_district(world.maple.id):
        made = {}
        for name, school in (("Ana", "North"), ("Ben", "North"), ("Cleo", "Cedar")):
            one = families.student(name, "Ortiz", number=f"S-{name}", school=world.maple.schools[school])
            made[name.lower()] = one.id
        following.follow(list(made.values()), [asked(id) for id in made.values()])
        db.session.commit()
        found = {duty.student_id: duty for duty in db.session.scalars(select(CaseDuty))}
        duties = {name: found[id].id for name, id in made.items()}
        cases = {name: found[id].case_id for name, id in made.items()}
    return SimpleNamespace(**made, duties=duties, cases=cases, world=world)


@pytest.fixture
def here(app, office):
    with app.app_context(), as_district(office.world.maple.id):
        yield office


def state(office, name="ana"):
    found = CaseDuty.find(office.duties[name])
    db.session.refresh(found)
    return found.state


def sentence(act, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        act(*args, **kwargs)
    db.session.rollback()
    return refused.value.sentence


def lines(page):
    """The students on the morning list, in their order."""
    return [one.one("bdi").text for one in page.all("th", scope="rowgroup")]
