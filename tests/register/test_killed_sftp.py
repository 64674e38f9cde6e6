"""Workers killed while they fetch from an SFTP server: asked again, and no mark is lost or doubled."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.settings import Settings, get_settings, use_settings
from app.core.tenancy import as_district
from app.register.actions import importing, sftp_place
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_connection import SFTP, RegisterConnection
from tests import sftp_peer
from tests.jobs.conftest import Process
from tests.register import registers, systems
from tests.register.files import a_set
from tests.register.test_killed_systems import WORKER
from tests.register.test_sftp_place import connect
from tests.roster import families
from tests.world import World

MON = date(2026, 9, 7)
#: Where the worker of the time is killed: before it looks, in the middle of the file, and at the second look.
DEATHS = (("list", 1), ("open", 1), ("read", 9), ("list", 5))


@pytest.mark.slow
def test_deaths_lose_or_double_no_mark(
    app: Flask, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp_place, "LOOKS_APART", 0.0)
    (tmp_path / "served").mkdir()
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    rows = [
        (f"K{nth}", "North", MON + timedelta(days=day), "", "U", "", "", os.urandom(20).hex())
        for nth in range(30)
        for day in range(nth % 3, 5, 3)
    ]
    with (
        sftp_peer.running(tmp_path / "served") as peer,
        app.app_context(),
        clock.frozen(noon),
        as_district(world.maple.id),
        acting_as(SYSTEM),
    ):
        use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
        for nth in range(30):
            families.student("Kid", f"No {nth}", number=f"K{nth}", school=world.maple.schools["North"])
        registers.calendar(world.maple.schools["North"], weeks=3)
        registers.code("U", "absent", "unexcused")
        systems.a_year()
        connect(peer)
        peer.put("attendance.zip", a_set(first=MON, last=MON + timedelta(days=4), marks=rows))
        peer.most = 100
        connection = RegisterConnection.of_kind(SFTP)
        assert connection is not None
        run_id = importing.begin_asking(connection, by=SYSTEM).id
        db.session.commit()
        for nth, moment in enumerate(DEATHS):
            code = WORKER.format(district=world.maple.id, run=run_id, stands_in="")
            process = Process(tmp_path / f"log-{nth}", get_settings(), code, None)
            peer.before[moment] = process.kill
            process.end()
            assert moment not in peer.before, process.words

        run = systems.go_on(run_id)
        assert run.state == "ready", run.sentence
        importing.approve(run)
        db.session.commit()
        assert systems.go_on(run_id).state == "done"

        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == len(rows)
