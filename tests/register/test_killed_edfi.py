"""Ed-Fi with something wrong at each third question, and workers killed between: no mark is lost or doubled."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import ED_FI
from app.core.settings import Settings, get_settings
from app.core.tenancy import as_district
from app.register.actions import importing
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.fetched_rows import FetchedRows
from app.register.models.register_connection import RegisterConnection
from tests import edfi_peer
from tests.directory_peer import Every
from tests.edfi_peer import KEY, SECRET
from tests.jobs.conftest import Process
from tests.peer_server import FAULTS
from tests.register import registers, systems
from tests.roster import families
from tests.world import World

WORKER = """
from datetime import UTC, datetime
from uuid import UUID
from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.tenancy import as_district
from app.factory import create_app
from tests.register import systems
noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
with create_app().app_context(), as_district(UUID("{district}")), acting_as(SYSTEM), clock.frozen(noon):
    systems.go_on(UUID("{run}"))
"""
NORTH = 255901001
#: Questions at which the worker of the time is killed.
DEATHS = (4, 9, 17, 26, 40)
DAYS = [str(date(2026, 9, 7) + timedelta(days=nth)) for nth in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]


@pytest.mark.slow
def test_faults_and_deaths_lose_or_double_no_mark(
    app: Flask, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with edfi_peer.running() as peer, app.app_context(), clock.frozen(noon):
        edfi_peer.stand_in(monkeypatch, settings, peer)
        peer.most, peer.trouble = 5, Every(FAULTS, of=3)
        with as_district(world.maple.id), acting_as(SYSTEM):
            for nth in range(30):
                families.student("Kid", f"No {nth}", number=f"K{nth}", school=world.maple.schools["North"])
            registers.code("Unexcused Absence", "absent", "unexcused")
            systems.a_year()
            peer.ods.school(NORTH, *DAYS)
            for nth in range(30):
                peer.ods.enroll(f"K{nth}", NORTH)
                for day in DAYS[nth % 3 :: 3]:
                    peer.ods.event(f"K{nth}", NORTH, day)
            told = {"address": peer.address, "client_id": KEY, "schools": f"{NORTH} = North School"}
            systems.connect("ed_fi", ED_FI, told, SECRET)
            connection = RegisterConnection.of_kind("ed_fi")
            assert connection is not None
            run_id = importing.begin_asking(connection, by=SYSTEM).id
            db.session.commit()
        for nth, killed_at in enumerate(DEATHS):
            code = WORKER.format(district=world.maple.id, run=run_id)
            process = Process(tmp_path / f"log-{nth}", get_settings(), code, None)
            peer.before[killed_at] = process.kill
            process.end()
            assert len(peer.asked) >= killed_at, process.words

        with as_district(world.maple.id), acting_as(SYSTEM):
            run = systems.go_on(run_id)
            assert run.state == "ready", run.sentence
            importing.approve(run)
            db.session.commit()
            assert systems.go_on(run_id).state == "done"

            expected = {(f"K{nth}", day) for nth in range(30) for day in DAYS[nth % 3 :: 3]}
            marks = db.session.scalar(select(func.count()).select_from(AttendanceMark))
            assert marks == len(expected)
            assert not db.session.scalar(select(func.count()).select_from(FetchedRows))
