"""Mail dropped into a folder is stored before it is moved, whatever its file is called."""

import signal
import smtplib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core.settings import Settings
from jobs import maildir
from jobs.mail_door import deliver
from jobs.maildir import hand_in, watch
from tests.jobs.conftest import Process, wait_until
from tests.jobs.test_mail_door import RAW, stored

LARGEST = 100_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("new", "cur", "help@birch.example/new"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def drop(folder: Path, name: str = "mail.eml", raw: bytes = RAW, under: str = "new") -> Path:
    path = folder / under / name
    path.write_bytes(raw)
    return path


def names(folder: Path, under: str) -> list[str]:
    return sorted(path.name for path in (folder / under).glob("*"))


def test_it_is_stored_and_moved(maple: UUID, folder: Path) -> None:
    hand_in(drop(folder), LARGEST, deliver)

    (email,) = stored()
    assert (email.district_id, email.mailbox) == (maple, "help@maple.example")
    assert names(folder, "new") == []
    assert names(folder, "cur") == ["mail.eml:2,"]


def test_it_is_not_moved_before_it_is_stored(maple: UUID, folder: Path) -> None:
    def fail(*_mail: Any) -> None:
        raise OSError("The database is away.")

    path = drop(folder)
    with pytest.raises(OSError, match="away"):
        hand_in(path, LARGEST, fail)

    assert path.exists()


def test_a_crash_between_storing_and_moving_is_harmless(maple: UUID, folder: Path) -> None:
    hand_in(drop(folder), LARGEST, deliver)
    hand_in(drop(folder), LARGEST, deliver)

    assert len(stored()) == 1
    assert len(names(folder, "cur")) == 2


def test_another_mail_under_the_same_name_is_another_mail(maple: UUID, folder: Path) -> None:
    hand_in(drop(folder), LARGEST, deliver)
    hand_in(drop(folder, raw=RAW + b"And it smells.\r\n"), LARGEST, deliver)

    assert len(stored()) == 2
    assert len(names(folder, "cur")) == 2


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"])
def test_the_desk_is_found_in_the_headers(maple: UUID, folder: Path, header: str) -> None:
    raw = f"{header}: The desk <help@maple.example>\nFrom: x@y.example\n\nHello\n".encode()

    hand_in(drop(folder, raw=raw), LARGEST, deliver)

    assert [email.mailbox for email in stored()] == ["help@maple.example"]


def test_who_it_was_delivered_to_counts_before_who_it_was_written_to(
    maple: UUID, birch: UUID, folder: Path
) -> None:
    hand_in(drop(folder, raw=b"Delivered-To: help@birch.example\n" + RAW), LARGEST, deliver)

    assert [email.district_id for email in stored()] == [birch]


def test_where_that_is_nobody_of_ours_the_letterhead_counts(maple: UUID, folder: Path) -> None:
    hand_in(drop(folder, raw=b"Delivered-To: everything@gateway.example\n" + RAW), LARGEST, deliver)

    assert [email.district_id for email in stored()] == [maple]


def test_a_folder_named_after_a_desk_is_that_desks(maple: UUID, birch: UUID, folder: Path) -> None:
    hand_in(drop(folder, under="help@birch.example/new"), LARGEST, deliver)

    assert [email.district_id for email in stored()] == [birch]
    assert names(folder, "help@birch.example/cur") == ["mail.eml:2,"]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"To: nobody@elm.example\n\nHi", b"\xff\xfe\x00" * 50])
def test_what_is_for_nobody_here_is_put_aside(maple: UUID, folder: Path, raw: bytes) -> None:
    hand_in(drop(folder, raw=raw), LARGEST, deliver)

    assert stored() == []
    assert names(folder, "unknown-address") == ["mail.eml"]


def test_what_is_too_large_is_put_aside(maple: UUID, folder: Path) -> None:
    hand_in(drop(folder, raw=RAW + b"x" * LARGEST), LARGEST, deliver)

    assert stored() == []
    assert names(folder, "too-large") == ["mail.eml"]


class TestWatching:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(maildir, "LOOK_EVERY", 0.05)
        monkeypatch.setattr(maildir, "AFTER_A_FAULT", 0.05)

    def test_one_that_fails_stays_and_the_next_has_its_turn(
        self, app: Flask, maple: UUID, folder: Path
    ) -> None:
        def fail_for_one(*mail: Any) -> None:
            if b"bad" in mail[3]:
                raise ValueError("bad")
            deliver(*mail)

        drop(folder, "a-bad-one", RAW + b"bad")
        drop(folder, "b-good-one")
        with watching(app, folder, fail_for_one):
            wait_until(lambda: names(folder, "cur"))

        assert names(folder, "new") == ["a-bad-one"]
        assert len(stored()) == 1

    def test_a_file_is_left_while_somebody_writes_it(self, app: Flask, maple: UUID, folder: Path) -> None:
        handed_in: list[bytes] = []
        with watching(app, folder, lambda *mail: handed_in.append(mail[3])):
            with (folder / "new" / "slow").open("wb") as file:
                for part in range(0, len(RAW), 8):
                    file.write(RAW[part : part + 8])
                    file.flush()
                    threading.Event().wait(0.03)
            wait_until(lambda: handed_in)

        assert handed_in == [RAW]


class watching:
    def __init__(self, app: Flask, folder: Path, deliver: Callable[..., None]) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=watch, args=(app, folder, LARGEST, deliver, self.stop))

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


class TestProcess:
    RUN = "from jobs.mail_door import main\nmain()"

    def test_it_takes_mail_by_both_roads_and_ends_when_told(
        self, maple: UUID, start: Callable[..., Process], settings: Settings
    ) -> None:
        port = free_port()
        door = start(self.RUN, FRONTOFFICE_SMTP_PORT=str(port))
        wait_until(lambda: answers(port))

        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.sendmail("bell@maple.example", ["help@maple.example"], RAW)
        drop(settings.instance / "maildir-in", raw=RAW.replace(b"<one@", b"<two@"))
        wait_until(lambda: len(stored()) == 2)

        door.send(signal.SIGTERM)
        status, words = door.end()
        assert status == 0, words
        assert "bell@" not in words, "addresses stay out of the log"

    def test_a_port_in_use_is_said_in_a_sentence(self, start: Callable[..., Process], here: None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            status, words = start(self.RUN, FRONTOFFICE_SMTP_PORT=str(taken.getsockname()[1])).end()

        assert status == 1
        assert "Set FRONTOFFICE_SMTP_HOST or FRONTOFFICE_SMTP_PORT to another." in words
        assert "Traceback" not in words


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
