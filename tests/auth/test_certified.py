"""The whole way through a certified provider (npm's oidc-provider), and our own stand-in held against it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models.sign_in_identity import SignInIdentity
from app.core.db import db
from app.core.settings import Settings
from app.core.tenancy import as_district
from tests import certified, needs, sign_in_peer
from tests.certified import Certified
from tests.page_client import PageClient
from tests.sign_in_peer import CLIENT, SECRET, TENANT, Journey, Peer, address_on
from tests.world import World


@pytest.fixture(scope="module")
def certified_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    node, modules = needs.peers()
    with certified.running(node, modules, tmp_path_factory.mktemp("provider") / "log") as provider:
        yield provider


@pytest.fixture
def provider(
    certified_one: Certified, app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Certified:
    url = certified_one.url
    sign_in_peer.stand_in(monkeypatch, settings, certified_one.at, google=url, microsoft=url)
    with app.app_context():
        for word in ("google", "microsoft"):
            sign_in_peer.set_up(world, word)
    return certified_one


def going(client: PageClient, word: str) -> str:
    return address_on(client.submit(client.get("/maple/sign-in"), f"/sign-in/{word}"))


def path_of(address: str) -> str:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost"
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("word", ["google", "microsoft"])
def test_the_whole_way(app: Flask, client: PageClient, provider: Certified, world: World, word: str) -> None:
    back = provider.sign_in(going(client, word), "bell")

    assert parse_qs(urlsplit(back).query)["iss"] == [provider.url]
    assert client.get(path_of(back)).location == "/maple/"
    assert client.get("/maple/profile/sessions").status == 200
    with app.app_context(), as_district(world.maple.id):
        (identity,) = db.session.scalars(select(SignInIdentity)).all()
        number = "bell" if word == "google" else "oid-bell"
        assert (identity.account_id, identity.subject, identity.tenant) == (
            world.bell.id,
            number,
            TENANT if word == "microsoft" else "",
        )


def test_somebody_whom_nobody_knows_waits(client: PageClient, provider: Certified) -> None:
    back = provider.sign_in(going(client, "google"), "nobody")

    assert client.get(path_of(back)).status == 403


def test_it_insists_on_the_proof_that_we_send(client: PageClient, provider: Certified) -> None:
    address = going(client, "google")
    without = "&".join(one for one in address.split("&") if not one.startswith("code_challenge"))

    back = provider.sign_in(without, "bell")

    assert "error=invalid_request" in back
    assert "refused to sign you in" in client.get(path_of(back)).text


def test_it_hands_out_nothing_twice(client: PageClient, provider: Certified) -> None:
    back = path_of(provider.sign_in(going(client, "google"), "bell"))
    client.get(back)
    client.sign_out()

    assert client.get(back).status == 422


def refusals(url: str, token: str) -> list[tuple[int, str]]:
    """What is said to a wrong secret, and to a code that nobody was given."""
    given = {
        "grant_type": "authorization_code",
        "code": "made-up",
        "client_id": CLIENT,
        "code_verifier": "v" * 43,
    }
    given["redirect_uri"] = certified.REDIRECTS[0]
    with httpx.Client(trust_env=False) as caller:
        answers = [
            caller.post(token, data={**given, "client_secret": secret}) for secret in ("wrong", SECRET)
        ]
    return [(one.status_code, one.json()["error"]) for one in answers]


def test_our_stand_in_says_what_a_certified_one_says(
    certified_one: Certified, client: PageClient, peer: Peer
) -> None:
    described = []
    for url in (certified_one.url, peer.url):
        with httpx.Client(trust_env=False) as caller:
            described.append(caller.get(f"{url}/.well-known/openid-configuration").json())
    theirs, ours = described

    assert set(ours) <= set(theirs)
    assert all(type(ours[name]) is type(theirs[name]) for name in ours)
    assert refusals(peer.url, ours["token_endpoint"]) == refusals(certified_one.url, theirs["token_endpoint"])
    assert Journey(client, peer).whole().status == 303
