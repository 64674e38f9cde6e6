"""The web server of deploy/, for real: what a visitor writes about themselves is not believed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.core.test_storage import ENOUGH
from tests.deploy.hosts import HOST, ROOT, is_ours
from tests.loopback import free_port

FORGED = {
    "Host": "desk.example.org",
    "X-Forwarded-For": "1.1.1.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Host": "evil.example.org",
    "Forwarded": "for=1.1.1.1;proto=https;host=evil.example.org",
    "X-Real-Ip": "1.1.1.1",
}


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Callable[[int], dict[str, Any]]]:
    """What the server hears of a forged request, behind so many proxies."""
    running: list[subprocess.Popen[bytes]] = []

    def ask(count: int) -> dict[str, Any]:
        port, log = free_port(), tmp_path / "log"
        ours = ENOUGH | {
            "FRONTOFFICE_INSTANCE": str(tmp_path),
            "FRONTOFFICE_PORT": str(port),
            "FRONTOFFICE_PROXIES": str(count),
            "WEB_CONCURRENCY": "1",
        }
        kept = {name: value for name, value in os.environ.items() if not is_ours(name)}
        order = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "tests.deploy.echo:app"]
        with log.open("wb") as words:
            running.append(
                subprocess.Popen(
                    [sys.executable, *order], cwd=ROOT, env=kept | ours, stdout=words, stderr=words
                )
            )
        until = time.monotonic() + 30
        while True:
            try:
                answer: dict[str, Any] = httpx.get(f"http://{HOST}:{port}/", headers=FORGED, timeout=5).json()
                return answer
            except httpx.TransportError:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)

    yield ask
    for process in running:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize(
    ("count", "address", "is_secure"),
    [
        (0, HOST, False),
        (
            1,
            "1.1.1.1",
            True,
        ),  # now it is the proxy's to say, and the proxy of deploy/nginx.conf overwrites it
        (2, HOST, False),  # two were promised and one entry is there, so nobody is believed
    ],
)
def test_only_counted_proxies_are_believed(
    heard: Callable[[int], dict[str, Any]], count: int, address: str, is_secure: bool
) -> None:
    assert heard(count) == {"address": address, "host": "desk.example.org", "is_secure": is_secure}
