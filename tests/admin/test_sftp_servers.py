"""Files on an SFTP server, through the doors of their page: set up, confirmed, tried out and asked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import asyncssh
import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.register.actions import sftp_place
from app.register.models.register_connection import SFTP, RegisterConnection
from jobs import perform
from tests import sftp_peer
from tests.admin.test_attendance_systems import newest
from tests.page_client import PageClient
from tests.register import registers, systems
from tests.register.files import a_set
from tests.roster import families
from tests.sftp_peer import PASSWORD, USER, SftpPeer
from tests.world import World

HERE = "/maple/admin/services/attendance_sftp"
MON, FRI = date(2026, 9, 7), date(2026, 9, 18)


@pytest.fixture
def peer(
    app: Flask, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SftpPeer]:
    monkeypatch.setattr(sftp_place, "LOOKS_APART", 0.0)
    with sftp_peer.running(tmp_path) as peer, clock.frozen(datetime(2026, 9, 21, 17, tzinfo=UTC)):
        use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
        with app.app_context(), as_district(world.maple.id):
            families.student("Mia", "Reyes", number="1001", school=world.maple.schools["North"])
            registers.calendar(world.maple.schools["North"], weeks=3)
            registers.code("U", "absent", "unexcused")
            systems.a_year()
            db.session.commit()
        peer.put("attendance-0921.zip", a_set(first=MON, last=FRI, marks=[("1001", "North", MON, "", "U")]))
        yield peer


def filled(peer: SftpPeer, **more: str) -> dict[str, str]:
    told = {"host": "127.0.0.1", "port": str(peer.port), "user": USER, "sign_in": "password", "folder": "/"}
    rest = {"lies": "file", "name": "attendance-*.zip", "covers": "", "hour": "3", "expected_hour": "8"}
    return {**told, **rest, "late_after": "2", "secret": PASSWORD, **more}


def set_up(client: PageClient, world: World, peer: SftpPeer, **more: str) -> None:
    client.sign_in(world.adams)
    client.submit(client.get(HERE), action=f"{HERE}/attendance", status=303, **filled(peer, **more))
    client.submit(client.get(HERE), action=HERE, status=303)


def press(client: PageClient, door: str) -> str:
    return client.follow(client.submit(client.get(HERE), action=f"{HERE}/{door}")).text


def test_an_admin_sets_it_up_confirms_the_server_tries_it_out_and_asks_it(
    app: Flask, client: PageClient, world: World, peer: SftpPeer
) -> None:
    client.sign_in(world.adams)
    assert "nothing is written or deleted there" in client.get(HERE).text
    client.submit(client.get(HERE), action=f"{HERE}/attendance", status=303, **filled(peer))
    assert "Turn it on to have the key shown" in client.get(HERE).text
    client.submit(client.get(HERE), action=HERE, status=303)
    assert "Nobody has confirmed yet" in press(client, "attendance/trial")
    assert peer.passwords == []

    assert peer.host_key in press(client, "server")
    assert "Confirmed" in press(client, "server/confirmation")
    with app.app_context(), as_district(world.maple.id):
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.position.desc())).first()
        assert entry is not None
        assert (entry.by_id, entry.what) == (world.adams.id, "register_connections")
        assert peer.host_key in str(entry.changes["settings"])
    assert "There is a file, with marks.csv." in press(client, "attendance/trial")

    assert "Attendance files on an SFTP server" in press(client, "attendance/reading")
    with app.app_context(), as_district(world.maple.id):
        run_id = newest()
        perform("jobs.register.advance", run_id)
    assert "Waits for your answer" in client.get(f"/maple/attendance/imports/{run_id}").text
    assert PASSWORD not in client.get(HERE).html


def test_the_line_for_the_server_is_shown_and_the_private_half_is_not(
    app: Flask, client: PageClient, world: World, peer: SftpPeer
) -> None:
    set_up(client, world, peer, sign_in="key", secret="")

    shown = client.get(HERE)

    assert "ssh-ed25519 AAAA" in shown.text
    assert "PRIVATE KEY" not in shown.html
    first = shown.text.split("ssh-ed25519 ")[1].split()[0]
    assert first not in press(client, "key")
    with app.app_context(), as_district(world.maple.id):
        connection = RegisterConnection.of_kind(SFTP)
        assert connection is not None
        peer.authorized = [connection.settings["public_key"]]
    press(client, "server")
    press(client, "server/confirmation")
    assert "There is a file, with marks.csv." in press(client, "attendance/trial")


def test_a_changed_key_of_the_server_is_warned_of_before_it_can_be_confirmed(
    client: PageClient, world: World, peer: SftpPeer
) -> None:
    set_up(client, world, peer)
    press(client, "server")
    press(client, "server/confirmation")
    peer.host_keys = [asyncssh.generate_private_key("ssh-ed25519")]
    peer.restart()

    assert "another key than the one that was confirmed" in press(client, "attendance/trial")
    shown = press(client, "server")

    assert "The server shows another key than before" in shown
    assert peer.host_key in shown
    assert peer.passwords == []


def test_a_confirmation_of_a_key_that_is_not_shown_any_more_is_refused(
    client: PageClient, world: World, peer: SftpPeer
) -> None:
    set_up(client, world, peer)
    press(client, "server")
    stale = client.get(HERE)
    peer.host_keys = [asyncssh.generate_private_key("ssh-ed25519")]
    peer.restart()
    press(client, "server")

    answer = client.follow(client.submit(stale, action=f"{HERE}/server/confirmation"))

    assert "another key since" in answer.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"host": ""}, "Write the address of the server."),
        ({"host": "sftp://sftp.maple.example"}, "is not a host name or address"),
        ({"host": "10.1.2.3", "port": "22"}, "private network"),
        ({"port": "ssh"}, "Write the port as a number"),
        ({"port": "3389"}, "SSH servers are called at port"),
        ({"user": ""}, "Write the name of the account."),
        ({"folder": "/exports/../../etc"}, "without .. in it"),
        ({"name": ""}, "Write what the file or folder is called"),
        ({"name": "exports/attendance.zip"}, "one name without a /"),
    ],
)
def test_what_is_filled_in_wrongly_is_said_and_nothing_is_lost(
    client: PageClient, world: World, peer: SftpPeer, wrong: dict[str, str], sentence: str
) -> None:
    client.sign_in(world.adams)

    refused = client.submit(
        client.get(HERE), action=f"{HERE}/attendance", status=422, **filled(peer, **wrong, covers="year")
    )

    assert sentence in refused.text
    assert "attendance-*.zip" in refused.html or "name" in wrong
    assert PASSWORD not in refused.html


def test_whoever_keeps_no_switches_is_refused(client: PageClient, world: World, peer: SftpPeer) -> None:
    set_up(client, world, peer, sign_in="key", secret="")

    client.sign_in(world.tess)
    for door in ("server", "server/confirmation", "key"):
        client.post(f"{HERE}/{door}", status=404)
