"""Vendors as others wrote them: npm's emulate, on loopback.

Of Microsoft's identity platform it has the shapes of its tokens; it knows secrets and not certificates, and its list of
people is none of Graph's. Of Twilio it has messages and signed callbacks; nobody says STOP to it. Only what it has is
asked of it.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.loopback import free_port
from tests.sign_in_peer import CLIENT, SECRET, TENANT

SEED: Final = f"""
microsoft:
  users:
    - email: bell@maple.example
      name: Nora Bell
      tenant_id: {TENANT}
  oauth_clients:
    - client_id: {CLIENT}
      client_secret: {SECRET}
      name: FrontOffice
      tenant_id: {TENANT}
      redirect_uris: ["http://localhost/maple/sign-in/microsoft/callback"]
"""


@dataclass(frozen=True)
class Emulated:
    """Where it is."""

    port: int

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    def sign_in(self, address: str, email: str) -> str:
        """Choose an account as a person does on its page, and say where it sends the browser then."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        with httpx.Client(trust_env=False, timeout=30) as browser:
            answer = browser.post(
                f"{self.url}/oauth2/v2.0/authorize/callback", data={**asked, "email": email}
            )
        assert answer.is_redirect, answer.text
        return str(answer.headers["Location"])


@contextmanager
def running(
    node: str, modules: Path, folder: Path, service: str = "microsoft", seeded: str = SEED
) -> Iterator[Emulated]:
    server, seed, log = Emulated(free_port()), folder / "seed.yaml", folder / "log"
    seed.write_text(seeded)
    order = [node, str(modules / "emulate/dist/index.js"), "start", "--service", service]
    order += ["--port", str(server.port), "--base-url", server.url, "--seed", str(seed)]
    with log.open("wb") as words:
        process = subprocess.Popen(order, stdout=words, stderr=words, cwd=folder)
    try:
        until = time.monotonic() + 60
        while not _answers(server):
            assert process.poll() is None and time.monotonic() < until, log.read_text()  # noqa: PT018
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _answers(server: Emulated) -> bool:
    try:
        return not httpx.get(f"{server.url}/discovery/v2.0/keys", trust_env=False).is_server_error
    except httpx.TransportError:
        return False
