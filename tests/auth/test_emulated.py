"""Microsoft as others wrote it (npm's emulate): its ID tokens sign in, and its tokens for applications are got."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models.sign_in_identity import SignInIdentity
from app.core import egress, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.feed import Unreadable
from app.core.services import ENTRA_USERS
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.integrations.entra_users import registration
from app.integrations.entra_users.registration import Registration
from tests import emulated, needs, sign_in_peer
from tests.emulated import Emulated
from tests.page_client import PageClient
from tests.sign_in_peer import CLIENT, SECRET, TENANT, address_on
from tests.world import World


@pytest.fixture(scope="module")
def emulated_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    node, modules = needs.peers()
    if not (modules / "emulate").is_dir():
        needs.missing("PEERS", "The peers of tests/peers are older than this test: make setup.")
    with emulated.running(node, modules, tmp_path_factory.mktemp("emulate")) as server:
        yield server


@pytest.fixture
def microsoft(
    emulated_one: Emulated, app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Emulated:
    issuer = f"{emulated_one.url}/{TENANT}/v2.0"
    sign_in_peer.stand_in(monkeypatch, settings, emulated_one.at, google=emulated_one.url, microsoft=issuer)
    with app.app_context():
        sign_in_peer.set_up(world, "microsoft")
    return emulated_one


def test_its_id_token_signs_in(app: Flask, client: PageClient, microsoft: Emulated, world: World) -> None:
    going = client.submit(client.get("/maple/sign-in"), "/sign-in/microsoft")

    back = urlsplit(microsoft.sign_in(address_on(going), "bell@maple.example"))

    assert client.get(f"{back.path}?{back.query}").status == 303
    with app.app_context(), as_district(world.maple.id):
        (identity,) = db.session.scalars(select(SignInIdentity)).all()
        assert (identity.account_id, identity.tenant) == (world.bell.id, TENANT)


@pytest.mark.parametrize("secret", [SECRET, "guessed"])
def test_its_token_for_an_application_is_got_with_the_secret_alone(
    app: Flask, microsoft: Emulated, world: World, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(registration, "TOKEN", f"{microsoft.url}/oauth2/v2.0/token")
    known = services.service(ENTRA_USERS)
    monkeypatch.setitem(services._BY_KEY, ENTRA_USERS, sign_in_peer.replace(known, hosts=("127.0.0.1",)))
    application = Registration(tenant=TENANT, client_id=CLIENT, secret=secret)
    with app.app_context(), as_district(world.maple.id):
        services.turn(ENTRA_USERS, True, by=SYSTEM)
        db.session.commit()
        with egress.http_client(ENTRA_USERS) as way_out:
            if secret == SECRET:
                assert application.token(way_out)
            else:
                with pytest.raises(Unreadable, match="does not accept the client secret"):
                    application.token(way_out)
