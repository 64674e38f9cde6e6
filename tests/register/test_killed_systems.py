"""Each system with something wrong at each third question, and workers killed between two pages: asked again, no mark
is lost or doubled.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.services import CLEVER, ED_FI, POWERSCHOOL, WONDE_ATTENDANCE
from app.core.settings import Settings, get_settings
from app.register.actions import importing
from app.register.models.fetched_rows import FetchedRows
from app.register.models.register_connection import RegisterConnection
from tests import clever_peer, edfi_peer, peer_server, powerschool_peer, wonde_peer
from tests.directory_peer import Every
from tests.jobs.conftest import Process
from tests.register import registers, systems
from tests.register.test_imports import marks
from tests.roster import families
from tests.world import World

WORKER = """
from dataclasses import replace
from uuid import UUID
from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.tenancy import as_district
from app.factory import create_app
from tests.register import systems
{stands_in}
with create_app().app_context(), as_district(UUID("{district}")), acting_as(SYSTEM), clock.frozen(systems.NOON):
    systems.go_on(UUID("{run}"))
"""
#: Questions at which the worker of the time is killed.
DEATHS = (4, 9, 17)
MORE_DEATHS = (*DEATHS, 26, 40)
DAYS = [date(2026, 9, 7) + timedelta(days=nth) for nth in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
KIDS = [f"100{nth}" for nth in range(30)]
#: Of each student, the days that they missed.
MISSED = [(kid, day) for nth, kid in enumerate(KIDS) for day in DAYS[nth % 3 :: 3]]


@dataclass
class System:
    """One that is connected. `stands_in`: what a worker must be told so that it finds it on this machine."""

    peer: Any
    kind: str
    slot: str = "DAY"
    stands_in: str = ""
    faults: Any = peer_server.FAULTS
    deaths: tuple[int, ...] = DEATHS
    #: A student's number here, by the one above.
    number: Callable[[str], str] = str


def ed_fi(stack: ExitStack, stand_in: Callable[..., None], north: UUID) -> System:
    peer = stack.enter_context(edfi_peer.running())
    stand_in(edfi_peer, peer)
    peer.most, school = 5, 255901001
    students(north)
    registers.code("Unexcused Absence", "absent", "unexcused")
    peer.ods.school(school, *map(str, DAYS))
    for kid in KIDS:
        peer.ods.enroll(kid, school)
    for kid, day in MISSED:
        peer.ods.event(kid, school, str(day))
    told = {"address": peer.address, "client_id": edfi_peer.KEY, "schools": f"{school} = North School"}
    systems.connect("ed_fi", ED_FI, told, edfi_peer.SECRET)
    return System(peer, "ed_fi", deaths=MORE_DEATHS)


def clever(stack: ExitStack, stand_in: Callable[..., None], north: UUID) -> System:
    peer = stack.enter_context(peer_server.running(clever_peer.Clever()))
    stand_in(clever_peer, peer)
    peer.most = 5  # students of a school are one answer, whatever comes between
    students(north)
    registers.code("absent", "absent", "unexcused")
    school = peer.school("994")
    for kid in KIDS:
        school.enroll(kid)
    for kid, day in MISSED:
        peer.note(school, clever_peer.clever_id(0xABC0000 + int(kid)), str(day))
    told = {"schools": "994 = North School", "by": "daily", "number": "sis_id", "codes": "excuse"}
    systems.connect("clever", CLEVER, told, clever_peer.TOKEN)
    stands_in = (
        "from app.integrations.clever import client\n"
        f'client.BASE = "http://{peer.at}/v3.1"\n'
        'services._BY_KEY["clever"] = replace(services.service("clever"), hosts=("127.0.0.1",))'
    )
    return System(peer, "clever", stands_in=stands_in)


def powerschool(stack: ExitStack, stand_in: Callable[..., None], north: UUID) -> System:
    peer = stack.enter_context(peer_server.running(powerschool_peer.PowerSchool()))
    stand_in(powerschool_peer, peer)
    peer.size = 5
    students(north)
    registers.code("U", "absent", "unexcused")
    school = peer.school(994)
    school.code("U", "Absent", "Unexcused absence")
    for day in DAYS:
        school.day(str(day))
    ids = {kid: school.enroll(kid) for kid in KIDS}
    for kid, day in MISSED:
        school.note(ids[kid], str(day), "U")
    told = {"address": peer.address, "client_id": powerschool_peer.KEY, "schools": "994 = North School"}
    told |= {"by": "ATT_ModeDaily", "calendar": "yes", "tracks": ""}
    systems.connect("powerschool", POWERSCHOOL, told, powerschool_peer.SECRET)
    return System(peer, "powerschool")


def wonde(stack: ExitStack, stand_in: Callable[..., None], north: UUID) -> System:
    peer = stack.enter_context(wonde_peer.running())
    stand_in(wonde_peer, peer)
    peer.most = 5
    registers.calendar(north, weeks=4)
    registers.code("O", "absent", "unexcused")
    beech = wonde_peer.School("A1930499544", "Beech School")
    beech.students = [wonde_peer.student(1 + nth) for nth in range(len(KIDS))]
    beech.has_codes(*wonde_peer.CODES)
    ids = {kid: one["id"] for kid, one in zip(KIDS, beech.students, strict=True)}
    students(north, ids.__getitem__)
    for kid, day in MISSED:
        beech.session(ids[kid], str(day), "AM", "O")
    peer.schools = [beech]
    told = {"region": "uk", "schools": f"{beech.id} = North School", "by": "session", "comments": ""}
    systems.connect("wonde", WONDE_ATTENDANCE, told, wonde_peer.TOKEN)
    stands_in = (
        "from app.integrations.wonde import wire\n"
        f'wire.API = "{peer.url}/v1.0"\n'
        "key = 'wonde_attendance'\n"
        'services._BY_KEY[key] = replace(services.service(key), hosts=("127.0.0.1",))'
    )
    return System(peer, "wonde", "AM", stands_in, wonde_peer.FAULTS, number=ids.__getitem__)


def students(north: UUID, number: Callable[[str], str] = str) -> None:
    for kid in KIDS:
        families.student("Kid", f"No {kid}", number=number(kid), school=north)


@pytest.mark.slow
@pytest.mark.parametrize("connected", [ed_fi, clever, powerschool, wonde])
def test_faults_and_deaths_lose_or_double_no_mark(
    app: Flask,
    world: World,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    connected: Callable[..., System],
) -> None:
    def stand_in(module: Any, peer: Any) -> None:
        module.stand_in(monkeypatch, settings, peer)

    with ExitStack() as stack:
        stack.enter_context(systems.at_noon(app, world))
        systems.a_year()
        system = connected(stack, stand_in, world.maple.schools["North"])
        peer = system.peer
        peer.trouble = Every(system.faults, of=3)
        connection = RegisterConnection.of_kind(system.kind)
        assert connection is not None
        run_id = importing.begin_asking(connection, by=SYSTEM).id
        db.session.commit()
        code = WORKER.format(district=world.maple.id, run=run_id, stands_in=system.stands_in)
        for nth, killed_at in enumerate(system.deaths):
            process = Process(tmp_path / f"log-{nth}", get_settings(), code, None)
            peer.before[killed_at] = process.kill
            process.end()
            assert len(peer.asked) >= killed_at, process.words

        run = systems.go_on(run_id)
        assert run.state == "ready", run.sentence
        importing.approve(run)
        db.session.commit()
        assert systems.go_on(run_id).state == "done"

        assert set(marks()) == {(system.number(kid), day, system.slot) for kid, day in MISSED}
        assert not db.session.scalar(select(func.count()).select_from(FetchedRows))
