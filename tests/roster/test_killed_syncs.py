"""A worker that is killed in the middle of a sync, as by a power cut: whoever comes next goes on."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.queue import Work
from app.core.services import ONEROSTER
from app.core.settings import Settings, get_settings, use_settings
from app.core.tenancy import as_district
from app.roster.actions import connecting
from app.roster.actions.connecting import Particulars
from app.roster.models.import_row import ImportRow
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_REST
from jobs import run_work
from tests.integrations.oneroster_server import KEY, SECRET, OneRosterServer, org, running, user
from tests.jobs.conftest import Process
from tests.world import World

WORKER = """
from app.factory import create_app
from jobs import run_work
app = create_app()
with app.app_context():
    run_work("{district}", "{work}")
"""


@pytest.mark.slow
def test_a_killed_worker_costs_the_page_that_it_was_at(
    app: Flask, world: World, settings: Settings, tmp_path: Path
) -> None:
    staff = [user(nth) for nth in range(1, 61)]
    server = OneRosterServer(orgs=[org("s1", "Beech School")], users=staff, most=5)
    with running(server), app.app_context():
        allowed = dataclasses.replace(
            settings, egress_private_allowed=frozenset({f"127.0.0.1:{server.port}"})
        )
        use_settings(allowed)
        district, work = world.maple.id, begun(world, server)
        for nth, killed_at in enumerate((4, 9, 13)):
            code = WORKER.format(district=district, work=work)
            process = Process(tmp_path / f"log-{nth}", get_settings(), code, None)
            server.before[killed_at] = process.kill
            process.end()

        run_work(str(district), str(work))

        with as_district(district):
            run = db.session.scalars(select(RosterImport)).one()
            assert run.state == "ready", run.sentence
            assert ImportRow.counts(run.id)["staff", "new"] == 60
    times = Counter(one["offset"] for one in server.questions("users"))
    assert sum(times.values()) == len(times) + 3, "one page for each death"
    assert max(times.values()) == 2


def begun(world: World, server: OneRosterServer) -> object:
    with as_district(world.maple.id), acting_as(SYSTEM):
        filled = {
            "address": server.address,
            "method": "oauth2",
            "client_id": KEY,
            "token_address": server.token_address,
        }
        connecting.change(ONEROSTER_REST, Particulars(settings=filled, secret=SECRET), by=SYSTEM)
        services.turn(ONEROSTER, True, SYSTEM, connecting.hosts(ONEROSTER_REST))
        connecting.sync(ONEROSTER_REST, by=SYSTEM)
        db.session.commit()
        return db.session.scalars(select(Work.id).where(Work.job == "jobs.roster.advance")).one()
