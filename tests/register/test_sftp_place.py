"""Files on an SFTP server are fetched at night: the newest whole set or none, from the server that was confirmed."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import births, clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.quotas import STORED, used
from app.core.services import ATTENDANCE_SFTP
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.register.actions import connecting, sftp_place, trusting
from app.register.actions.connecting import Particulars
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_connection import SFTP, RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.actions.refused import Refused
from tests import cluster, sftp_peer
from tests.register import registers, systems
from tests.register.files import a_file, a_set
from tests.register.test_imports import marks, notes
from tests.roster import families
from tests.sftp_peer import PASSWORD, USER, SftpPeer
from tests.world import World

MON, TUE, FRI = (date(2026, 9, 7) + timedelta(days=at) for at in (0, 1, 11))


@pytest.fixture
def peer(
    app: Flask, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SftpPeer]:
    monkeypatch.setattr(sftp_place, "LOOKS_APART", 0.0)
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    with (
        sftp_peer.running(tmp_path) as peer,
        app.app_context(),
        as_district(world.maple.id),
        acting_as(SYSTEM),
        clock.frozen(noon),
    ):
        use_settings(replace(settings, egress_private_allowed=frozenset({peer.at})))
        for at in range(1, 6):
            families.student("Mia", f"Reyes {at}", number=f"100{at}", school=world.maple.schools["North"])
        registers.calendar(world.maple.schools["North"], weeks=3)
        registers.code("U", "absent", "unexcused")
        systems.a_year()
        connect(peer)
        yield peer


def told(peer: SftpPeer, **more: str) -> dict[str, str]:
    """What the form gives."""
    filled = {"host": "127.0.0.1", "port": str(peer.port), "user": USER, "sign_in": "password", "folder": ""}
    return {**filled, "lies": "file", "name": "attendance*", "covers": "", **more}


def connect(peer: SftpPeer, *, secret: str = PASSWORD, confirm: bool = True, **more: str) -> None:
    """Set up, turned on, and its key confirmed."""
    trusting.change(Particulars(settings=told(peer, **more), secret=secret), by=SYSTEM)
    services.turn(ATTENDANCE_SFTP, True, SYSTEM, connecting.hosts(SFTP))
    db.session.commit()
    if confirm:
        trusting.look()
        if (shown := connection().settings.get("shown_key")) is not None:
            trusting.confirm(shown)
        db.session.commit()


def connection() -> RegisterConnection:
    found = RegisterConnection.of_kind(SFTP)
    assert found is not None
    return found


def a_window(*rows: Any) -> bytes:
    return a_set(first=MON, last=FRI, marks=rows)


def done(**more: Any) -> RegisterImport:
    run = systems.read(SFTP, **more)
    assert run.state == "done", (run.sentence, notes(run))
    return run


def failed() -> str:
    before, stored = marks(), used(STORED)
    run = systems.read(SFTP)
    assert run.state == "failed", run.state
    assert run.sentence
    assert (marks(), used(STORED)) == (before, stored)
    return run.sentence


def a_manifest(**files: bytes) -> bytes:
    return json.dumps(
        {
            "files": [
                {
                    "file": f"{name}.csv",
                    "rows": octets.count(b"\r\n") - 1,
                    "sha256": hashlib.sha256(octets).hexdigest(),
                    **(
                        {"mode": "window", "window_from": f"{MON}", "window_to": f"{FRI}"}
                        if name == "marks"
                        else {}
                    ),
                }
                for name, octets in files.items()
            ]
        }
    ).encode()


MARKS = a_file("marks", [("1001", "North", MON, "", "U")])
CODES = a_file("codes", [("", "U", "Unexcused", "absent", "unexcused", "", "", "")])


def test_a_zip_on_the_server_becomes_the_register(peer: SftpPeer) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))

    run = done(by_itself=True)

    assert (run.first_day, run.last_day) == (MON, FRI)
    assert marks() == {("1001", MON, "DAY"): "U"}
    assert used(STORED) == 0
    assert (peer.folder / "attendance.zip").exists()


def test_no_transaction_is_open_while_files_are_read(peer: SftpPeer, database: cluster.TestDatabase) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    idle = "select count(*) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
    found: list[int] = []

    def count() -> None:
        with database.connect() as connection:
            found.extend(int(str(row[0])) for row in connection.execute(idle))

    peer.before["read", 1] = count
    done()

    assert found == [0]


def test_of_dated_zips_the_one_written_last_is_taken(peer: SftpPeer) -> None:
    peer.put("attendance-11262026.zip", a_window(("1001", "North", MON, "", "U")), at=2_000)
    peer.put("attendance-12252025.zip", a_window(("1002", "North", MON, "", "U")), at=1_000)

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}


def test_marks_alone_are_of_the_days_that_were_said(peer: SftpPeer) -> None:
    connect(peer, name="ATT*.csv", covers="year")
    peer.put("att_daily.csv", MARKS)

    run = done()

    assert (run.first_day, run.is_whole) == (date(2026, 8, 24), True)
    assert marks() == {("1001", MON, "DAY"): "U"}


def test_files_beside_each_other_are_one_set(peer: SftpPeer) -> None:
    connect(peer, lies="files", name="", folder="exports")
    peer.put("exports/MARKS.csv", MARKS)
    peer.put("exports/codes.csv", CODES)
    peer.put("exports/contacts.csv", b"name\r\nPat Doe\r\n")
    peer.put("exports/students.csv", b"student_id,birth_date\r\n1001,2012-01-01\r\n")
    peer.put("exports/manifest.json", a_manifest(marks=MARKS, codes=CODES, students=b"and others\r\n"))

    run = done()

    assert marks() == {("1001", MON, "DAY"): "U"}
    assert set(run.rows_read) == {"marks", "codes"}
    assert not [one for one in peer.asked if "contacts" in one or "students" in one]


def test_dates_of_birth_are_fetched_while_something_asks_for_an_age(
    peer: SftpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(births, "are_wanted", lambda: True)
    connect(peer, lies="files")
    students = b"student_id,birth_date\r\n1001,2012-01-01\r\n"
    peer.put("marks.csv", MARKS)
    peer.put("manifest.json", a_manifest(marks=MARKS, students=students))
    assert "not all there yet" in failed()

    peer.put("students.csv", students)
    assert set(done().rows_read) == {"marks", "students"}


def test_of_a_folder_for_each_night_the_newest_is_taken(peer: SftpPeer) -> None:
    connect(peer, lies="folders", name="2026-*", folder="exports")
    for night, student in (("2026-11-25", "1002"), ("2026-11-26", "1001")):
        octets = a_file("marks", [(student, "North", MON, "", "U")])
        peer.put(f"exports/{night}/marks.csv", octets)
        peer.put(f"exports/{night}/manifest.json", a_manifest(marks=octets))
        os.utime(peer.folder / "exports" / night, (int(night[-2:]), int(night[-2:])))

    done()

    assert marks() == {("1001", MON, "DAY"): "U"}


@pytest.mark.parametrize("lies", ["file", "files"])
def test_the_same_files_again_are_no_work(peer: SftpPeer, lies: str) -> None:
    connect(peer, lies=lies)
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")), at=1_000)
    peer.put("marks.csv", MARKS, at=1_000)
    done()
    os.utime(peer.folder / "attendance.zip", (2_000, 2_000))
    os.utime(peer.folder / "marks.csv", (2_000, 2_000))

    run = done()

    assert "applied before" in notes(run)
    assert run.read_in_all == 0


def test_a_file_that_still_grows_is_fetched_later_and_whole(peer: SftpPeer) -> None:
    whole = a_file("marks", [(f"100{at}", "North", MON, "", "U") for at in range(1, 6)])
    path = peer.put("attendance.csv", whole[:80])

    def grow() -> None:
        path.write_bytes(whole)

    peer.before["read", 1] = grow
    run = done()

    assert "still being written" in notes(run)
    assert len(marks()) == 5


def test_a_set_that_does_not_agree_with_its_manifest_is_fetched_later(peer: SftpPeer) -> None:
    """The files of tonight lie there, and the manifest is still that of last night."""
    connect(peer, lies="files")
    peer.put("marks.csv", MARKS)
    peer.put("manifest.json", a_manifest(marks=b"another\r\n"))
    assert "Perhaps it is still being written" in failed()

    peer.put("manifest.json", a_manifest(marks=MARKS, codes=CODES))
    assert "not all there yet" in failed()

    peer.put("codes.csv", CODES)
    done()


def test_an_older_set_does_not_pass_for_the_newest(peer: SftpPeer) -> None:
    connect(peer, lies="folders", name="*")
    peer.put("25/marks.csv", MARKS)
    os.utime(peer.folder / "25", (25, 25))
    (peer.folder / "26").mkdir()

    assert "not all there yet" in failed()
    assert marks() == {}


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "not all there yet"),
        (b"PK\x03\x04 and no more", "not a zip file"),
        (a_set(marks=[])[:-30], "not a zip"),
    ],
)
def test_what_is_no_file_of_the_set_is_said(peer: SftpPeer, octets: bytes, sentence: str) -> None:
    peer.put("attendance.zip", octets)

    assert sentence in failed()


def test_where_nothing_is_called_like_that_it_is_said(peer: SftpPeer) -> None:
    peer.put("other.zip", a_window(("1001", "North", MON, "", "U")))
    (peer.folder / "attendance.zip").symlink_to(peer.folder / "other.zip")
    assert "no file called like that" in failed()

    connect(peer, lies="folders")
    assert "no folder called like that" in failed()

    connect(peer, lies="files")
    assert "none of marks.csv" in failed()


def test_files_that_are_too_large_are_not_read(peer: SftpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.put("attendance.zip", b"x" * 2_000)
    peer.put("marks.csv", b"x" * 2_000)
    peer.put("codes.csv", b"x" * 2_000)
    monkeypatch.setattr(sftp_place, "LARGEST_FILE", 1_000)
    monkeypatch.setattr(sftp_place, "LARGEST_SET", 3_000)
    assert "may have at most" in failed()

    connect(peer, lies="files")
    assert "larger than" in failed()
    assert not [one for one in peer.asked if one.startswith("open")]


def test_the_same_file_in_large_and_small_letters_is_refused(peer: SftpPeer) -> None:
    connect(peer, lies="files")
    peer.put("marks.csv", MARKS)
    peer.put("Marks.csv", MARKS)

    assert "holds marks.csv twice" in failed()


def test_columns_that_nobody_knows_wait_for_somebody(peer: SftpPeer) -> None:
    peer.put("attendance.csv", a_file("marks", [("1001", "North", MON, "", "U")], head="a,b,c,d,e,f,g,h"))

    assert systems.read(SFTP, by_itself=True).state == "columns"


def test_a_connection_that_breaks_off_is_fetched_again_and_never_half_read(peer: SftpPeer) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    peer.before = {("read", 1): peer.drop, ("list", 2): peer.drop}

    run = done()

    assert notes(run).count("does not answer as it should") == 2
    assert marks() == {("1001", MON, "DAY"): "U"}


# --- whom we trust ------------------------------------------------------------------------------------------


def test_nothing_is_sent_to_a_server_before_somebody_confirmed_it(peer: SftpPeer) -> None:
    connection().settings = told(peer)
    db.session.commit()
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    with pytest.raises(Refused, match="Nobody has confirmed"):
        connecting.try_out(SFTP)
    assert peer.passwords == []

    trusting.look()
    assert connection().settings["shown_key"] == peer.host_key
    with pytest.raises(Refused, match="another key since"):
        trusting.confirm("ssh-ed25519 SHA256:another")
    trusting.confirm(peer.host_key)
    db.session.commit()

    assert connecting.try_out(SFTP) == "There is a file, with marks.csv."
    assert peer.passwords == [PASSWORD]
    assert "shown_key" not in connection().settings


def test_a_server_with_another_key_is_told_nothing_until_that_is_confirmed(peer: SftpPeer) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    peer.host_keys = [asyncssh.generate_private_key("ssh-ed25519")]
    peer.restart()

    assert "another key than the one that was confirmed" in failed()
    assert peer.passwords == []

    assert "Compare" in trusting.look()
    trusting.confirm(peer.host_key)
    db.session.commit()
    assert trusting.look() == "The server shows the key that was confirmed."
    done()


def test_a_confirmation_belongs_to_host_and_port(peer: SftpPeer, settings: Settings) -> None:
    use_settings(replace(settings, egress_private_allowed=frozenset({peer.at, "127.0.0.1:2222"})))
    trusting.change(Particulars(settings=told(peer, folder="exports")), by=SYSTEM)
    assert connection().settings["host_key"] == peer.host_key

    trusting.change(Particulars(settings=told(peer, port="2222")), by=SYSTEM)
    assert "host_key" not in connection().settings


def test_a_password_does_not_go_to_another_host(peer: SftpPeer) -> None:
    with pytest.raises(Refused, match="Enter the secret again"):
        trusting.change(Particulars(settings=told(peer, host="sftp.birch.example", port="22")), by=SYSTEM)


def test_a_key_is_made_here_and_opens_the_server(peer: SftpPeer) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    connect(peer, sign_in="key", secret="")
    public = connection().settings["public_key"]
    assert public.startswith("ssh-ed25519 ")
    assert (connection().secret or "").startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert "PRIVATE" not in (connection().secret_sealed or "")

    assert "public line" in failed()
    peer.authorized = [public]
    done()
    assert peer.passwords == []


def test_a_key_stays_until_a_new_one_is_made_or_the_host_is_another(peer: SftpPeer) -> None:
    connect(peer, sign_in="key", secret="")
    first = connection().settings["public_key"]

    trusting.change(Particulars(settings=told(peer, sign_in="key", folder="exports")), by=SYSTEM)
    assert connection().settings["public_key"] == first
    trusting.renew_key()
    second = connection().settings["public_key"]
    assert second != first
    trusting.change(
        Particulars(settings=told(peer, sign_in="key", host="sftp.maple.example", port="22")), by=SYSTEM
    )
    assert connection().settings["public_key"] not in (first, second)


def test_a_key_is_never_sent_as_a_password(peer: SftpPeer) -> None:
    connect(peer, sign_in="key", secret="")

    with pytest.raises(Refused, match="Write the password"):
        trusting.change(Particulars(settings=told(peer)), by=SYSTEM)

    connect(peer, secret=PASSWORD)
    assert connection().secret == PASSWORD
    assert "public_key" not in connection().settings
    with pytest.raises(Refused, match="Choose to sign in with a key"):
        trusting.renew_key()


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("10.1.2.3", "22", "private"),
        ("sftp.maple.example", "25", "SSH servers are called at port"),
        ("sftp://sftp.maple.example", "22", "not a host name"),
        ("0x7f000001", "22", "not a host name"),
    ],
)
def test_a_server_that_is_never_called_is_refused_when_it_is_typed(
    peer: SftpPeer, host: str, port: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        trusting.change(Particulars(settings=told(peer, host=host, port=port), secret=PASSWORD), by=SYSTEM)


def test_turned_off_it_is_not_called(peer: SftpPeer) -> None:
    services.turn(ATTENDANCE_SFTP, False, SYSTEM)
    db.session.commit()

    with pytest.raises(Refused, match="turned off"):
        trusting.look()
    with pytest.raises(Refused, match="turned off"):
        connecting.try_out(SFTP)


def test_birch_sees_neither_the_connection_nor_its_marks(peer: SftpPeer, world: World) -> None:
    peer.put("attendance.zip", a_window(("1001", "North", MON, "", "U")))
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind(SFTP) is None
        assert not services.is_on(ATTENDANCE_SFTP)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
