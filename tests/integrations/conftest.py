"""Mail servers that end with the test, and an operator who allows them."""

import base64
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core import settings as core_settings
from app.core.services import OPERATOR_RELAY
from app.core.settings import read_settings, use_settings
from app.integrations.mailbox.smtp import SmtpDoor
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, Peer


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def door_to(tmp_path: Path) -> Iterator[Callable[..., SmtpDoor]]:
    """An SmtpDoor to a port of this machine, which the operator allows."""
    given = {
        "DEMO": "yes",
        "INSTANCE": str(tmp_path),
        "DATABASE_URL": "postgresql://app@/none",
        "MASTER_KEYS": "tests:" + base64.b64encode(b"t" * 32).decode(),
        "COOKIE_SECRET": "c" * 32,
        "SMTP_RELAY_HOST": HOST,
    }
    settings = read_settings({f"FRONTOFFICE_{name}": value for name, value in given.items()})

    def door(port: int, *, security: str = "none", patience: float = 5.0, **known: str) -> SmtpDoor:
        use_settings(dataclasses.replace(settings, egress_private_allowed=frozenset({f"{HOST}:{port}"})))
        return SmtpDoor(OPERATOR_RELAY, HOST, port, security, patience=patience, **known)

    before = core_settings._settings
    yield door
    use_settings(before)


@pytest.fixture
def serve(peer: Peer) -> Iterator[Callable[..., int]]:
    """Start the peer's server; its port."""
    running = []

    def start(**options: object) -> int:
        running.append(mail_server.start(peer, **options))
        return int(running[-1].port)

    yield start
    for controller in running:
        controller.stop(no_assert=True)
