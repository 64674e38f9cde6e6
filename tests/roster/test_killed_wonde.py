"""Wonde with something wrong at each third question, and workers that are killed between: nobody is lost or doubled."""

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import WONDE
from app.core.settings import Settings, get_settings
from app.core.tenancy import as_district
from app.roster.actions import connecting, importing
from app.roster.actions.connecting import Particulars
from app.roster.models import roster_source
from app.roster.models.guardianship import Guardianship
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from tests import wonde_peer
from tests.directory_peer import Every
from tests.jobs.conftest import Process
from tests.roster.directories import advance, by_key
from tests.wonde_peer import FAULTS, TOKEN, School, contact, employee, student
from tests.world import World

WORKER = """
from dataclasses import replace
from uuid import UUID
from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.tenancy import as_district
from app.factory import create_app
from app.integrations.wonde import wire
from tests.roster.directories import advance
wire.API = "{url}/v1.0"
services._BY_KEY["wonde"] = replace(services.service("wonde"), hosts=("127.0.0.1",))
with create_app().app_context(), as_district(UUID("{district}")), acting_as(SYSTEM):
    advance(UUID("{run}"))
"""
#: Questions at which the worker of the time is killed.
DEATHS = (5, 14, 26, 41, 60)


@pytest.mark.slow
def test_faults_and_deaths_lose_or_double_nobody(
    app: Flask, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wonde_peer.running() as peer, app.app_context():
        wonde_peer.stand_in(monkeypatch, settings, peer)
        staff = [employee(nth) for nth in range(1, 301)]
        # Each two are siblings.
        students = [student(nth, contact(nth // 2), contact(1000 + nth, "Father")) for nth in range(500, 800)]
        peer.schools = [
            School("A11", "Beech School", employees=staff[:200], students=students[:150]),
            School("A12", "Oak School", employees=staff[200:], students=students[150:]),
        ]
        peer.most, peer.trouble = 10, Every(FAULTS, of=3)
        run_id = begun(world)
        for nth, killed_at in enumerate(DEATHS):
            code = WORKER.format(url=peer.url, district=world.maple.id, run=run_id)
            process = Process(tmp_path / f"log-{nth}", get_settings(), code, None)
            peer.before[killed_at] = process.kill
            process.end()
            assert len(peer.asked) >= killed_at, process.words

        with as_district(world.maple.id), acting_as(SYSTEM):
            run = advance(run_id)
            assert run.state == "ready", run.sentence
            importing.approve(run, removals=True)
            db.session.commit()
            assert advance(run_id).state == "done"

            contacts = {one["id"] for each in students for one in each["contacts"]}
            assert sorted(by_key(roster_source.WONDE)) == sorted(
                [*(one["id"] for one in [*staff, *students]), *contacts]
            )
            synced = db.session.scalar(select(func.count()).where(Person.source == "sync"))
            assert synced == 300 + 300 + len(contacts)
            assert db.session.scalar(select(func.count()).select_from(Guardianship)) == 600


def begun(world: World) -> UUID:
    with as_district(world.maple.id), acting_as(SYSTEM):
        filled = Particulars(settings={"region": "uk", "schools": "A11\nA12"}, secret=TOKEN, families=True)
        connecting.change(roster_source.WONDE, filled, by=SYSTEM)
        services.turn(WONDE, True, SYSTEM)
        connecting.sync(roster_source.WONDE, by=SYSTEM)
        db.session.commit()
        return db.session.scalars(select(RosterImport.id)).one()
