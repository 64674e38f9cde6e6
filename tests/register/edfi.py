"""An Ed-Fi server with a school of five students, connected and turned on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.services import ED_FI
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.register.models.fetched_rows import FetchedRows
from app.register.models.register_import import RegisterImport
from tests import edfi_peer
from tests.edfi_peer import SECRET, EdFi
from tests.peer_server import NAME_IN_A_REFUSAL
from tests.register import registers, systems
from tests.register.test_imports import marks, notes
from tests.roster import families
from tests.world import World

NORTH, CEDAR = 255901001, 255901002
MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
DAYS = [str(MON + timedelta(days=week * 7 + nth)) for week in range(3) for nth in range(5)]
UNEXCUSED, EXCUSED = "Unexcused Absence", "Excused Absence"


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdFi]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with (
        edfi_peer.running() as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
        clock.frozen(noon),
    ):
        edfi_peer.stand_in(monkeypatch, settings, peer)
        for nth in range(1, 6):
            families.student("Mia", f"Reyes {nth}", number=f"100{nth}", school=world.maple.schools["North"])
        registers.code(UNEXCUSED, "absent", "unexcused")
        registers.code(EXCUSED, "absent", "excused")
        systems.a_year()
        for code in ("Excused Absence", "Unexcused Absence", "Tardy", "In Attendance"):
            peer.ods.put(
                "attendanceEventCategoryDescriptors",
                codeValue=code,
                namespace="uri://ed-fi.org/AttendanceEventCategoryDescriptor",
                shortDescription=code,
            )
        peer.ods.school(NORTH, *DAYS)
        for nth in range(1, 6):
            peer.ods.enroll(f"100{nth}", NORTH)
        connect(peer)
        yield peer


def settings_of(peer: EdFi, **more: str) -> dict[str, str]:
    told = {
        "address": peer.address,
        "client_id": edfi_peer.KEY,
        "schools": f"{NORTH} = North School",
        "by": "school",
    }
    return {**told, **more}


def connect(peer: EdFi, **more: Any) -> None:
    own = {
        name: more.pop(name)
        for name in list(more)
        if name in ("schools", "by", "reasons", "minutes", "snapshot")
    }
    systems.connect("ed_fi", ED_FI, settings_of(peer, **own), SECRET, **more)


def read(**more: Any) -> RegisterImport:
    return systems.read("ed_fi", **more)


def done(**more: Any) -> RegisterImport:
    run = read(**more)
    assert run.state == "done", (run.sentence, notes(run))
    return run


def failed() -> str:
    """The sentence of a reading that did not work, and left the register as it was."""
    before = marks()
    run = read()
    assert run.state == "failed"
    assert run.sentence
    assert marks() == before
    assert not db.session.scalar(select(func.count()).select_from(FetchedRows))
    assert NAME_IN_A_REFUSAL not in run.sentence
    return run.sentence


def later_on(**more: Any) -> Any:
    """The same place, some days later."""
    return clock.frozen(datetime(2026, 9, 21, 17, tzinfo=UTC) + timedelta(**more))
