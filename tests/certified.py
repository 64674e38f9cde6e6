"""A certified OpenID provider that others wrote: npm's oidc-provider, on loopback, and a person who signs in there."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.loopback import free_port
from tests.sign_in_peer import CLIENT, SECRET, TENANT

PROGRAM = Path(__file__).parent / "peers" / "provider.mjs"
REDIRECTS = [f"http://localhost/maple/sign-in/{word}/callback" for word in ("google", "microsoft")]


@dataclass(frozen=True)
class Certified:
    """Where it is."""

    port: int

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.at}"

    def sign_in(self, address: str, who: str) -> str:
        """Sign in there as a browser would, agree, and say where it sends the browser then."""
        with httpx.Client(trust_env=False, timeout=30) as browser:
            here, answer = address, browser.get(address)
            for _ in range(12):
                if answer.is_redirect:
                    here = urljoin(here, answer.headers["Location"])
                    if not here.startswith(self.url):
                        return here
                    answer = browser.get(here)
                    continue
                assert answer.status_code == 200, answer.text
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                action = re.search(r'action="([^"]+)"', answer.text)
                assert prompt is not None and action is not None, answer.text  # noqa: PT018
                typed = {"prompt": prompt[1], "login": who, "password": "anything"}
                answer = browser.post(urljoin(here, action[1]), data=typed)
            raise AssertionError(f"It never sent anybody back: {answer.text}")


@contextmanager
def running(node: str, modules: Path, log: Path) -> Iterator[Certified]:
    server = Certified(free_port())
    order = [node, str(PROGRAM), str(modules), str(server.port), CLIENT, SECRET, TENANT, *REDIRECTS]
    with log.open("wb") as words:
        process = subprocess.Popen(order, stdout=words, stderr=words)
    try:
        until = time.monotonic() + 60
        while b"listening" not in log.read_bytes():
            assert process.poll() is None and time.monotonic() < until, log.read_text()  # noqa: PT018
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(10)
