"""`make run` itself: it opens, it survives being killed, it keeps what it had, it ends."""

import http.client
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.laptop.instance import Instance
from tests.loopback import free_port

ROOT = Path(__file__).parents[2]
OPENS_WITHIN = 120.0


class Running:
    """One `make run` in a folder of its own."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        self.port, self.smtp_port = free_port(), free_port()
        self.words = instance.with_suffix(".out")

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        ours = {
            "FRONTOFFICE_INSTANCE": str(self.instance),
            "FRONTOFFICE_PORT": str(self.port),
            "FRONTOFFICE_SMTP_PORT": str(self.smtp_port),
        }
        with self.words.open("wb") as words:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.laptop"],
                cwd=ROOT,
                env=kept | ours,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.words.read_text()

    def wait_until_open(self) -> None:
        until = time.monotonic() + OPENS_WITHIN
        while "FrontOffice is open" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.1)

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def ask(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def children(self) -> list[str]:
        """Whoever works for this instance: it is in their order or in their environment."""
        mine, found = os.fsencode(self.instance), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                order = (folder / "cmdline").read_bytes()
                if order and (mine in order or mine in (folder / "environ").read_bytes()):
                    found.append(order.replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def are_all_gone(self, seconds: float = 30) -> list[str]:
        until = time.monotonic() + seconds
        while (left := self.children()) and time.monotonic() < until:
            time.sleep(0.1)
        return left


@pytest.fixture
def running(folder: Path) -> Iterator[Running]:
    running = Running(folder / "instance")
    running.start()
    yield running
    running.end()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_opens_survives_and_ends(running: Running) -> None:
    running.wait_until_open()
    said = running.said()
    assert f"http://127.0.0.1:{running.port}/maple/" in said
    assert "bell@maple.example" in said
    assert f"smtplib.SMTP('127.0.0.1', {running.smtp_port})" in said
    assert running.ask("/maple/sign-in")[0] == 200
    letter = re.search(r'python3 -c "(.*)"', said)
    assert letter is not None
    until = time.monotonic() + 30
    while True:  # the mail door opens after the first page
        try:
            smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < until, "The mail door stays shut."
            time.sleep(0.1)
    sent = subprocess.run([sys.executable, "-c", letter[1]], capture_output=True, text=True, check=False)
    assert sent.returncode == 0, sent.stderr
    secrets_before = Instance(running.instance).config()

    running.process.kill()
    running.process.wait()
    assert running.are_all_gone() == []

    running.start()
    running.wait_until_open()
    assert "Preparing" not in running.said()
    assert Instance(running.instance).config() == secrets_before
    assert running.ask("/maple/sign-in")[0] == 200

    twice = subprocess.run(
        [sys.executable, "-m", "app.laptop"],
        cwd=ROOT,
        env=os.environ | {"FRONTOFFICE_INSTANCE": str(running.instance)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert twice.returncode == 1
    assert "is already running with the folder" in twice.stderr

    assert running.end() == 0
    assert running.are_all_gone() == []
    assert not (running.instance / "running.toml").exists()


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "-m", "app.laptop"],
            cwd=ROOT,
            env=os.environ | {"FRONTOFFICE_INSTANCE": str(folder / "i"), "FRONTOFFICE_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 1
    assert told.stderr == (
        f"Port {port} is taken by another program. Choose another: FRONTOFFICE_PORT={port + 1} make run\n"
    )


def test_a_setting_it_does_not_know_is_named(folder: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "app.laptop"],
        cwd=ROOT,
        env=os.environ | {"FRONTOFFICE_INSTANCE": str(folder / "i"), "FRONTOFFICE_PROT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "FRONTOFFICE_PROT is not a setting of FrontOffice. Did you mean FRONTOFFICE_PORT?" in told.stderr
    assert "Traceback" not in told.stderr
