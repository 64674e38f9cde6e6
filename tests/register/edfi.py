"""An Ed-Fi server with a school of five students, connected and turned on."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app.core.services import ED_FI
from app.core.settings import Settings
from app.register.models.register_import import RegisterImport
from tests import edfi_peer
from tests.edfi_peer import SECRET, EdFi
from tests.register import registers, systems
from tests.world import World

NORTH, CEDAR = 255901001, 255901002
MON, TUE, WED, THU, FRI = (date(2026, 9, 7) + timedelta(days=nth) for nth in range(5))
DAYS = [str(MON + timedelta(days=week * 7 + nth)) for week in range(3) for nth in range(5)]
UNEXCUSED, EXCUSED = "Unexcused Absence", "Excused Absence"


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdFi]:
    """North with five students, connected and turned on, on Monday 21 September at noon."""
    with (
        edfi_peer.running() as peer,
        systems.at_noon(app, world),
    ):
        edfi_peer.stand_in(monkeypatch, settings, peer)
        numbers = systems.five_students(world.maple.schools["North"])
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
        for number in numbers:
            peer.ods.enroll(number, NORTH)
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
    return systems.done("ed_fi", **more)


def failed() -> str:
    return systems.failed("ed_fi")
