"""Tokens and callbacks that somebody made up: each is refused, with its sentence, and told in the audit log."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc import jws
from sqlalchemy import select

from app.auth.actions import registering
from app.auth.models.sign_in_identity import SignInIdentity
from app.core import clock, services
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.services import GOOGLE_SIGN_IN
from app.core.tenancy import as_district
from tests.page_client import Page, PageClient
from tests.sign_in_peer import CLIENT, KEY, OTHER_KEY, SECRET, Journey, Peer, json_of, part, signed
from tests.world import World

Claims = dict[str, Any]


def now() -> int:
    return int(time.time())


def by_nobody(claims: Claims) -> str:
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}."


def by_the_public_key(claims: Claims) -> str:
    """The old trick: the public key, which everybody has, as the secret of an HMAC."""
    signing = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims)}"
    code = hmac.digest(KEY.as_pem(private=False), signing.encode(), hashlib.sha256)
    return f"{signing}.{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def altered(claims: Claims) -> str:
    header, _, signature = signed(claims).split(".")
    return f"{header}.{part({**claims, 'sub': 'somebody else'})}.{signature}"


def relabelled(claims: Claims) -> str:
    """A good signature under a header that says another kind."""
    _, payload, signature = signed(claims).split(".")
    return f"{part({'alg': 'ES256', 'kid': 'first'})}.{payload}.{signature}"


def without_kid(claims: Claims) -> str:
    return jws.serialize_compact({"alg": "RS256"}, json_of(claims), KEY)


def marked(header: Claims) -> Callable[[Claims], str]:
    def make(claims: Claims) -> str:
        _, payload, signature = signed(claims).split(".")
        return f"{part({'alg': 'RS256', 'kid': 'first', **header})}.{payload}.{signature}"

    return make


def says(**said: Any) -> Callable[[Claims], object]:
    return lambda claims: claims.update(said)


def lacks(name: str) -> Callable[[Claims], object]:
    return lambda claims: claims.pop(name)


ISSUER = "issued by somebody else"
AUDIENCE = "made for another application"
FROM_NOWHERE = "does not say when it was made"
#: provider, what is changed in the claims or how they are signed, a piece of the sentence.
TOKENS: list[tuple[str, str, str, Any, str]] = [
    ("another issuer", "google", "claim", says(iss="https://evil.example"), ISSUER),
    ("no issuer", "google", "claim", lacks("iss"), ISSUER),
    ("a list of issuers", "google", "claim", says(iss=["http://127.0.0.1"]), ISSUER),
    ("another audience", "google", "claim", says(aud="another"), AUDIENCE),
    ("another audience, azp ours", "google", "claim", says(aud="another", azp=CLIENT), AUDIENCE),
    ("two audiences", "google", "claim", says(aud=[CLIENT, "another"]), AUDIENCE),
    ("no audience, azp ours", "google", "claim", lacks("aud"), AUDIENCE),
    ("azp of another", "google", "claim", says(azp="another"), "handed out to another application"),
    ("no signature", "google", "make_token", by_nobody, "not signed in a way"),
    ("HMAC with the public key", "google", "make_token", by_the_public_key, "not signed in a way"),
    ("RS512", "google", "make_token", marked({"alg": "RS512"}), "not signed in a way"),
    ("altered", "google", "make_token", altered, "signature of the ID token does not hold"),
    ("another key under the known name", "google", "make_token",
     lambda claims: signed(claims, OTHER_KEY, kid="first"), "signature of the ID token does not hold"),
    ("a key nobody published", "google", "make_token",
     lambda claims: signed(claims, OTHER_KEY), "does not publish"),
    ("its own key along", "google", "make_token",
     lambda claims: signed(claims, OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)), "does not publish"),
    ("a key of another kind", "google", "make_token", relabelled, "key of another kind"),
    ("no key named", "google", "make_token", without_kid, "which key signed it"),
    ("a critical header", "google", "make_token", marked({"crit": ["b64"], "b64": False}), "not understood here"),
    ("expired", "google", "claim", lambda claims: claims.update(iat=now() - 400, exp=now() - 61), "has expired"),
    ("made too long ago", "google", "claim", lambda claims: claims.update(iat=now() - 700), "too long ago"),
    ("from the future", "google", "claim", lambda claims: claims.update(iat=now() + 120), "from the future"),
    ("not valid yet", "google", "claim", lambda claims: claims.update(nbf=now() + 120), "from the future"),
    ("no end", "google", "claim", lacks("exp"), FROM_NOWHERE),
    ("an end in words", "google", "claim", says(exp="tomorrow"), FROM_NOWHERE),
    ("an endless end", "google", "claim", says(exp=float("inf")), FROM_NOWHERE),
    ("another nonce", "google", "claim", says(nonce="another"), "belongs to another sign-in"),
    ("no nonce", "google", "claim", lacks("nonce"), "belongs to another sign-in"),
    ("nobody", "google", "claim", lacks("sub"), "who it is about"),
    ("a private Google account", "google", "claim", lacks("hd"), "not one of this district’s"),
    ("another school's Google", "google", "claim", says(hd="birch.example"), "not one of this district’s"),
    ("not a token", "google", "make_token", lambda _: "a.b.c", "The ID token is not one"),
    ("too large a token", "google", "make_token", lambda claims: signed({**claims, "x": "x" * 20_000}), "is not one"),
    ("no token", "google", "hand_out", lacks("id_token"), "sent no ID token"),
    ("a list for a token", "google", "hand_out", says(id_token=["x"]), "sent no ID token"),
    ("another organization", "microsoft", "claim", says(tid="9188040d-6c67-4c5b-b112-36a304b66dad"),
     "belongs to another organization"),
    ("no organization", "microsoft", "claim", lacks("tid"), "belongs to another organization"),
    ("a guest", "microsoft", "claim", says(idp="https://sts.windows.example/9188040d/"), "is a guest"),
    ("no oid, though a sub", "microsoft", "claim", lacks("oid"), "who it is about"),
    ("the template itself for an issuer", "microsoft", "claim",
     says(iss="https://login.microsoftonline.com/{tenantid}/v2.0"), ISSUER),
    ("too large an answer", "google", "hand_out", says(x="x" * 300_000), "too large"),
]  # fmt: skip


def is_refused(app: Flask, world: World, client: PageClient, page: Page, sentence: str) -> None:
    """The person reads why, the audit log has the same sentence, and nobody is signed in."""
    assert page.status == 422, page
    assert page.h1 == "You are not signed in"
    assert sentence in page.text
    assert client.get("/maple/profile/sessions").status == 303
    with app.app_context(), as_district(world.maple.id):
        told = db.session.scalars(
            select(AuditEntry).where(AuditEntry.did == "sign-in refused").order_by(AuditEntry.position)
        ).all()
        assert sentence in told[-1].changes["why"]
        assert told[-1].changes["why"] in page.text
        assert db.session.scalars(select(SignInIdentity)).all() == []


@pytest.mark.parametrize(
    ("word", "where", "change", "sentence"), [one[1:] for one in TOKENS], ids=[one[0] for one in TOKENS]
)
def test_a_token_that_is_not_right_opens_nothing(
    app: Flask,
    client: PageClient,
    peer: Peer,
    world: World,
    word: str,
    where: str,
    change: Any,
    sentence: str,
) -> None:
    setattr(peer, where, change)

    page = Journey(client, peer, word).whole()

    is_refused(app, world, client, page, sentence)


def test_a_state_that_nobody_made(app: Flask, google: Journey, client: PageClient, world: World) -> None:
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(state="a" * 32), "not begun here")
    is_refused(app, world, client, google.come_back(state=None), "not begun here")
    is_refused(app, world, client, google.come_back(state="a" * 5000), "not begun here")


def test_a_state_that_was_used(
    app: Flask, google: Journey, client: PageClient, world: World, peer: Peer
) -> None:
    peer.claim = says(nonce="another")
    google.whole()
    peer.claim = says()

    is_refused(app, world, client, google.come_back(), "This sign-in was used already")
    assert peer.asked.count("/token") == 1


def test_a_state_of_another_browser(app: Flask, google: Journey, world: World) -> None:
    google.sign_in_there(google.go())
    victim = PageClient(app)

    is_refused(app, world, victim, google.come_back(victim), "begun in another browser")
    assert google.come_back().status == 303, "whoever it belongs to still comes in"


def test_a_state_of_another_district(app: Flask, google: Journey, client: PageClient, world: World) -> None:
    google.sign_in_there(google.go())

    page = client.get(
        f"/birch/sign-in/google/callback?state={google.back['state']}&code={google.back['code']}"
    )

    assert page.status == 422
    assert "not begun here" in page.text


def test_a_state_that_is_older_than_ten_minutes(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    google.sign_in_there(google.go())

    with clock.frozen(clock.ago(minutes=-10)):
        page = google.come_back()

    is_refused(app, world, client, page, "longer than 10 minutes")


def test_an_answer_at_the_other_providers_door(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(word="microsoft"), "begun with another provider")


def test_an_answer_that_another_issuer_gave(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    """RFC 9207: a code that was made elsewhere is not carried to Google."""
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(iss="https://evil.example"), "did not come from Google")
    assert "/token" not in google.peer.asked


def test_an_answer_without_the_issuer_that_was_promised(
    app: Flask, google: Journey, client: PageClient, world: World, peer: Peer
) -> None:
    peer.describe = says(authorization_response_iss_parameter_supported=True)
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(), "did not come from Google")


def test_an_answer_with_its_issuer_comes_in(google: Journey, peer: Peer) -> None:
    peer.describe = says(authorization_response_iss_parameter_supported=True)
    google.sign_in_there(google.go())

    assert google.come_back(iss=peer.url).status == 303


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("access_denied", "did not agree there"),
        ("server_error", "cannot sign anybody in just now"),
        ("<script>alert(1)</script>", "refused to sign you in"),
    ],
)
def test_an_answer_that_says_no(
    app: Flask, google: Journey, client: PageClient, world: World, error: str, sentence: str
) -> None:
    google.sign_in_there(google.go())

    page = google.come_back(error=error, code=None)

    is_refused(app, world, client, page, sentence)
    assert "<script>alert" not in page.html


def test_an_answer_without_a_code(app: Flask, google: Journey, client: PageClient, world: World) -> None:
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(code=None), "sent no code")


def test_an_answer_with_two_codes(app: Flask, google: Journey, client: PageClient, world: World) -> None:
    google.sign_in_there(google.go())
    state, code = google.back["state"], google.back["code"]

    page = client.get(f"/maple/sign-in/google/callback?state={state}&code={code}&code=other")

    is_refused(app, world, client, page, "sent no code")


def test_a_code_that_another_sign_in_was_given(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    """An injected code meets a verifier that it was not made for."""
    google.sign_in_there(google.go())
    theirs = google.back["code"]
    google.sign_in_there(google.go())

    is_refused(app, world, client, google.come_back(code=theirs), "took too long")


def test_an_answer_that_settings_have_changed_under(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    google.sign_in_there(google.go())
    with app.app_context(), as_district(world.maple.id):
        registering.change("google", client_id=CLIENT, client_secret=SECRET)
        db.session.commit()

    is_refused(app, world, client, google.come_back(), "settings were changed")


def test_an_answer_that_comes_after_it_was_turned_off(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    google.sign_in_there(google.go())
    with app.app_context(), as_district(world.maple.id):
        services.turn(GOOGLE_SIGN_IN, False, by=SYSTEM)
        db.session.commit()

    is_refused(app, world, client, google.come_back(), "is not turned on here")
    assert "/token" not in google.peer.asked


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_a_description_that_names_another_host_is_not_followed(
    app: Flask, google: Journey, world: World, peer: Peer, name: str
) -> None:
    peer.describe = says(**{name: "https://evil.example/x"})

    page = google.go()

    is_refused(app, world, google.client, page, "evil.example is not a host of Google")


def test_a_description_of_another_issuer_is_not_followed(
    app: Flask, google: Journey, world: World, peer: Peer
) -> None:
    peer.describe = says(issuer="https://evil.example")

    is_refused(app, world, google.client, google.go(), "is of somebody else")


@pytest.mark.parametrize(
    "next_path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_nobody_is_sent_on_to_another_site(google: Journey, client: PageClient, next_path: str) -> None:
    page = client.get("/maple/sign-in")
    google.sign_in_there(client.submit(page, "/sign-in/google", next=next_path))

    assert google.come_back().location == "/maple/"


def test_whoever_fails_too_often_waits(google: Journey, client: PageClient) -> None:
    for _ in range(50):
        client.browser.get("/maple/sign-in/google/callback?state=made-up")

    page = client.get("/maple/sign-in/google/callback?state=made-up")

    assert page.status == 429
    assert "too many tries" in page.text
