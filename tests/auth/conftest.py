from collections.abc import Iterator

import pytest
from flask import Flask

from app.core import clock
from app.core.settings import Settings
from tests import sign_in_peer
from tests.page_client import PageClient
from tests.sign_in_peer import TENANT, Journey, Peer
from tests.world import World


@pytest.fixture
def still() -> Iterator[None]:
    """Half a minute must not end between a code's being read and its being typed."""
    with clock.frozen(clock.now()):
        yield


@pytest.fixture(scope="session")
def _peer() -> Iterator[Peer]:
    with sign_in_peer.running() as peer:
        yield peer


@pytest.fixture
def peer(
    _peer: Peer, app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Peer]:
    """Google and Microsoft, both turned on at Maple."""
    told = dict(vars(_peer))
    _peer.codes, _peer.asked = {}, []
    sign_in_peer.stand_in(
        monkeypatch, settings, _peer.at, google=_peer.url, microsoft=f"{_peer.url}/{TENANT}/v2.0"
    )
    with app.app_context():
        for word in ("google", "microsoft"):
            sign_in_peer.set_up(world, word)
    yield _peer
    for name in ("keys", "describe", "claim", "make_token", "hand_out"):
        setattr(_peer, name, told[name])


@pytest.fixture
def google(client: PageClient, peer: Peer) -> Journey:
    return Journey(client, peer, "google")


@pytest.fixture
def microsoft(client: PageClient, peer: Peer) -> Journey:
    return Journey(client, peer, "microsoft")
