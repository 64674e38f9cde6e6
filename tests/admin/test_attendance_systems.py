"""Systems that are asked for attendance, through the doors of their pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.notices.models.message import Message
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from jobs import perform
from tests import edfi_peer
from tests.edfi_peer import KEY, SECRET, EdFi
from tests.page_client import PageClient
from tests.register import registers, systems
from tests.roster import families
from tests.world import World

HERE = "/maple/admin/services/ed_fi"
NORTH = 255901001


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdFi]:
    with edfi_peer.running() as peer, clock.frozen(datetime(2026, 9, 21, 17, tzinfo=UTC)):
        edfi_peer.stand_in(monkeypatch, settings, peer)
        peer.ods.school(NORTH, "2026-09-07", "2026-09-08")
        peer.ods.enroll("1001", NORTH)
        peer.ods.event("1001", NORTH, "2026-09-07")
        with app.app_context(), as_district(world.maple.id):
            families.student("Mia", "Reyes", number="1001", school=world.maple.schools["North"])
            registers.code("Unexcused Absence", "absent", "unexcused")
            systems.a_year()
            db.session.commit()
        yield peer


def filled(peer: EdFi, **more: str) -> dict[str, str]:
    told = {"address": peer.address, "client_id": KEY, "secret": SECRET, "by": "school", "late_after": "2"}
    return {**told, "schools": f"{NORTH} = North School", "hour": "3", "expected_hour": "8", **more}


def newest() -> UUID:
    return db.session.scalars(RegisterImport.newest()).all()[0].id


def test_an_admin_sets_it_up_tries_it_out_asks_it_and_turns_it_off(
    app: Flask, client: PageClient, world: World, peer: EdFi
) -> None:
    client.sign_in(world.adams)
    shown = client.get(HERE)
    assert "Not verified with a running Ed-Fi server" in shown.text
    assert "Of students their number comes in" in shown.text

    client.submit(shown, action=f"{HERE}/attendance", status=303, **filled(peer))
    client.submit(client.get(HERE), action=HERE, status=303)
    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/attendance/trial"))
    assert "Enrollments: 1 at North School" in shown.text

    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/attendance/reading"))
    assert "Asked of Ed-Fi" in shown.text
    with app.app_context(), as_district(world.maple.id):
        run_id = newest()
        perform("jobs.register.advance", run_id)
    path = f"/maple/attendance/imports/{run_id}"
    assert "Waits for your answer" in client.get(path).text
    client.submit(client.get(HERE), action=f"{HERE}/off", status=303)
    assert "Turn it on to test the connection" in client.get(HERE).text


def test_the_secret_goes_in_and_never_comes_out(
    app: Flask, client: PageClient, world: World, peer: EdFi
) -> None:
    client.sign_in(world.adams)
    client.submit(client.get(HERE), action=f"{HERE}/attendance", status=303, **filled(peer))

    client.submit(client.get(HERE), action=f"{HERE}/attendance", status=303, **filled(peer, secret=""))

    assert SECRET not in client.get(HERE).text
    with app.app_context(), as_district(world.maple.id):
        connection = RegisterConnection.of_kind("ed_fi")
        assert connection is not None
        assert connection.secret == SECRET
        assert SECRET not in (connection.secret_sealed or "")


def test_what_was_typed_wrong_is_said_and_kept(client: PageClient, world: World, peer: EdFi) -> None:
    client.sign_in(world.adams)

    shown = client.submit(
        client.get(HERE),
        action=f"{HERE}/attendance",
        status=422,
        **filled(peer, minutes="lots", schools="? = x"),
    )

    assert "Write the minutes as a number from 60 to 900" in shown.text
    assert "is no id of a school" in shown.text
    assert peer.address in shown.html


def test_what_a_night_finds_wrong_stands_on_the_first_page_and_in_a_mail(
    app: Flask, client: PageClient, world: World, peer: EdFi
) -> None:
    client.sign_in(world.adams)
    client.submit(
        client.get(HERE), action=f"{HERE}/attendance", status=303, **filled(peer, applies_itself="y")
    )
    client.submit(client.get(HERE), action=HERE, status=303)
    peer.may_read -= {"studentSchoolAttendanceEvents"}

    with (
        app.app_context(),
        as_district(world.maple.id),
        clock.frozen(datetime(2026, 9, 22, 8, 1, tzinfo=UTC)),
    ):
        perform("jobs.register.ask_what_is_due")
        run_id = newest()
        perform("jobs.register.advance", run_id)
        perform("jobs.register.tell_of_reading", run_id)
        db.session.commit()

    assert "Attendance did not come from Ed-Fi" in client.get("/maple/admin").text
    with app.app_context(), as_district(world.maple.id):
        told = db.session.scalars(select(Message.kind)).all()
        assert "register_connection" in told


def test_nobody_but_an_admin_keeps_a_connection(client: PageClient, world: World, peer: EdFi) -> None:
    client.sign_in(world.tess)

    client.get(HERE, status=404)


def test_aeries_has_a_page_of_its_own(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    here = "/maple/admin/services/aeries"
    told = {
        "address": "https://maple.aeries.example/api/v5",
        "schools": "994 = North School",
        "late_after": "2",
    }

    client.submit(
        client.get(here),
        action=f"{here}/attendance",
        status=303,
        secret="a" * 32,
        by="period",
        calendar="",
        **told,
    )

    shown = client.get(here)
    assert "Not verified with a running Aeries" in shown.text
    assert "994 = North School" in shown.html
    assert "a" * 32 not in shown.html


def test_clever_has_a_page_of_its_own(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    here = "/maple/admin/services/clever"
    told = {"schools": "994 = North School", "number": "student_number", "codes": "status", "late_after": "2"}

    client.submit(
        client.get(here), action=f"{here}/attendance", status=303, secret="a" * 40, by="section", **told
    )

    shown = client.get(here)
    assert "Not verified with Clever" in shown.text
    assert "stays as it was brought in by file" in shown.text
    assert "994 = North School" in shown.html
    assert "a" * 40 not in shown.html
    refused = client.submit(
        client.get(here), action=f"{here}/attendance", status=422, **{**told, "secret": "two words"}
    )
    assert "A token has no spaces and no accents" in refused.text


def test_wonde_has_a_page_for_attendance_beside_that_for_people(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    here = "/maple/admin/services/wonde_attendance"
    told = {"region": "uk", "schools": "A1930499544 = North School", "by": "lesson", "late_after": "2"}

    client.submit(
        client.get(here), action=f"{here}/attendance", status=303, secret="a-token-of-maple", **told
    )

    shown = client.get(here)
    assert "Not verified with a running Wonde" in shown.text
    assert "A1930499544 = North School" in shown.html
    assert "a-token-of-maple" not in shown.html
    assert "A1930499544 = North School" not in client.get("/maple/admin/services/wonde").html
    refused = client.submit(
        client.get(here), action=f"{here}/attendance", status=422, **{**told, "secret": "a token"}
    )
    assert "A token has no spaces and no accents" in refused.text


def test_powerschool_has_a_page_of_its_own(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    here = "/maple/admin/services/powerschool"
    told = {
        "address": "https://maple.powerschool.example",
        "client_id": "an-id",
        "schools": "994 = North School",
        "by": "ATT_ModeMeeting",
        "calendar": "",
        "tracks": "y",
        "late_after": "2",
    }

    client.submit(client.get(here), action=f"{here}/attendance", status=303, secret="a" * 40, **told)

    shown = client.get(here)
    assert "Not verified with a running PowerSchool" in shown.text
    assert "994 = North School" in shown.html
    assert "a" * 40 not in shown.html
    for wrong, sentence in (
        ({"schools": "A9 = North School"}, "A school number has digits alone"),
        ({"address": "https://maple.powerschool.example/admin"}, "ends with its host"),
    ):
        refused = client.submit(
            client.get(here), action=f"{here}/attendance", status=422, secret="a" * 40, **{**told, **wrong}
        )
        assert sentence in refused.text


def test_a_file_that_lies_ready_has_a_page_of_its_own(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    here = "/maple/admin/services/attendance_file"
    told = {"address": "https://files.maple.example/attendance.zip", "user": "sis", "late_after": "2"}

    client.submit(
        client.get(here), action=f"{here}/attendance", status=303, secret="a-password", covers="", **told
    )

    assert "https://files.maple.example/attendance.zip" in client.get(here).html
    assert "a-password" not in client.get(here).html
    refused = client.submit(
        client.get(here),
        action=f"{here}/attendance",
        status=422,
        **{**told, "user": "s:x", "secret": "pässwort"},
    )
    assert "A name has no colon" in refused.text
    assert "plain letters, digits and signs" in refused.text
