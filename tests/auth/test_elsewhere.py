"""Signing in with Google or Microsoft: who comes in, who waits for an admin, and who is told why not."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import select

from app.admin.actions import staff
from app.auth.actions import registering
from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.held_sign_in import HeldSignIn
from app.auth.models.sign_in_flow import SignInFlow, forget_old_flows
from app.auth.models.sign_in_identity import SignInIdentity
from app.auth.models.sign_in_provider import SignInProvider
from app.core import clock, services, sessions
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.services import GOOGLE_SIGN_IN
from app.core.tenancy import as_district
from app.roster.actions import people
from app.roster.models.person import Person
from app.web import public_forms
from tests.auth.second_factor import code_now
from tests.auth.test_sign_in import sign_in
from tests.page_client import PageClient, filled_in
from tests.sign_in_peer import CLIENT, KEY, OTHER_KEY, SECRET, TENANT, Journey, Peer, json_of, signed
from tests.world import Player, World


def is_signed_in(client: PageClient) -> bool:
    return client.get("/maple/profile/sessions").status == 200


def held(app: Flask, world: World) -> list[tuple[str, str]]:
    with app.app_context(), as_district(world.maple.id):
        return [(one.email, one.because) for one in HeldSignIn.waiting()]


def identities(app: Flask, world: World) -> list[tuple[Any, str, str, str]]:
    with app.app_context(), as_district(world.maple.id):
        rows = db.session.scalars(select(SignInIdentity)).all()
        return [(one.account_id, one.word, one.tenant, one.subject) for one in rows]


def the_person_leaves(app: Flask, world: World, who: Player) -> None:
    with app.app_context(), as_district(world.maple.id):
        person = db.session.get(Person, who.person_id)
        people.leave(person)
        db.session.commit()


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_offers_what_is_turned_on_in_this_district(
    client: PageClient, peer: Peer, world: World
) -> None:
    maple, birch = client.get("/maple/sign-in"), client.get("/birch/sign-in")

    ways = [one.get("action") for one in maple.all("form") if "/sign-in/" in (one.get("action") or "")]
    assert {"/maple/sign-in/google", "/maple/sign-in/microsoft"} <= set(ways)
    assert "Google" not in birch.text
    assert "Microsoft" not in birch.text


def test_what_is_off_is_not_offered_and_opens_nothing(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    page = client.get("/maple/sign-in")
    with app.app_context(), as_district(world.maple.id):
        services.turn(GOOGLE_SIGN_IN, False, by=SYSTEM)
        db.session.commit()

    assert "Sign in with Google" not in client.get("/maple/sign-in").text
    assert "is not turned on here" in client.submit(page, "/sign-in/google", status=422).text


def test_a_district_that_has_set_nothing_up_sends_nobody_away(
    client: PageClient, peer: Peer, world: World
) -> None:
    with client.app.app_context(), as_district(world.birch.id):
        token = public_forms.token("sign-in")

    answer = client.post("/birch/sign-in/google", {"token": token})

    assert "is not turned on here" in answer.text
    assert peer.asked == []


def test_only_our_own_page_sends_a_browser_away(google: Journey, client: PageClient, peer: Peer) -> None:
    answer = client.post("/maple/sign-in/google", headers={"Origin": "https://evil.example"}, status=422)

    assert "Refresh" not in answer.headers
    assert peer.asked == []


def test_each_way_there_has_secrets_of_its_own(google: Journey, client: PageClient) -> None:
    first, second = (parse_qs(urlsplit(google.go().headers["Refresh"]).query) for _ in range(2))

    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
    assert first["redirect_uri"] == ["http://localhost/maple/sign-in/google/callback"]


def test_the_database_alone_knows_none_of_the_secrets(app: Flask, google: Journey, world: World) -> None:
    asked = parse_qs(urlsplit(google.go().headers["Refresh"]).query)
    with app.app_context(), as_district(world.maple.id):
        (row,) = db.session.execute(select(SignInFlow.__table__)).mappings().all()

    assert {asked["state"][0], asked["nonce"][0]}.isdisjoint(map(str, row.values()))


# --- who comes in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["google", "microsoft"])
def test_somebody_of_the_staff_signs_in(
    request: pytest.FixtureRequest, app: Flask, client: PageClient, world: World, way: str
) -> None:
    journey: Journey = request.getfixturevalue(way)
    journey.sign_in_there(journey.go("?next=/profile/sessions"))

    page = journey.come_back()

    assert page.status == 303
    assert page.location == "/maple/profile/sessions"
    assert is_signed_in(client)
    number = "110169484474386276334" if way == "google" else "690222be-ff1a-4d56-abd1-7e4f7d38e474"
    assert identities(app, world) == [(world.bell.id, way, TENANT if way == "microsoft" else "", number)]


def test_googles_older_name_is_google_too(google: Journey, client: PageClient, peer: Peer) -> None:
    peer.claim = lambda claims: claims.update(iss=peer.at)

    assert google.whole().status == 303


def test_an_elliptic_key_signs_as_well(google: Journey, peer: Peer) -> None:
    key = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}, private=True)
    peer.keys = [key]  # type: ignore[list-item]
    peer.make_token = lambda claims: jws.serialize_compact(
        {"alg": "ES256", "kid": "curve"}, json_of(claims), key
    )

    assert google.whole().status == 303


def test_the_number_is_the_key_and_not_the_address(app: Flask, google: Journey, world: World) -> None:
    google.whole()
    google.client.sign_out()

    assert google.whole(email="ortiz@maple.example", name="Another Name").status == 303
    assert [one[0] for one in identities(app, world)] == [world.bell.id]


def test_the_same_address_under_another_number_waits(app: Flask, google: Journey, world: World) -> None:
    """A domain that was sold has the same addresses and other people."""
    google.whole()
    google.client.sign_out()

    page = google.whole(sub="2")

    assert page.status == 403
    assert not is_signed_in(google.client)
    assert held(app, world) == [
        (
            "bell@maple.example",
            "The account with their address is opened by another account of that provider.",
        )
    ]


def test_somebody_on_the_roster_without_an_account_gets_one(
    app: Flask, google: Journey, world: World
) -> None:
    with app.app_context(), as_district(world.maple.id):
        db.session.add(Person(given_name="Ida", family_name="Moss", email="moss@maple.example"))
        db.session.commit()

    assert google.whole(sub="7", email="moss@maple.example").status == 303
    with app.app_context(), as_district(world.maple.id):
        account = Account.with_address("moss@maple.example")
        assert account is not None
        assert account.password_hash is None
        assert not account.is_privileged()


def test_the_roster_makes_accounts_and_nothing_else_does(app: Flask, google: Journey, world: World) -> None:
    page = google.whole(sub="8", email="nobody@maple.example", name="No Body")

    assert page.status == 403
    assert page.h1 == "Your admin has to let you in"
    assert not is_signed_in(google.client)
    assert held(app, world) == [("nobody@maple.example", "Nobody on the staff has their address.")]
    with app.app_context(), as_district(world.maple.id):
        assert Account.with_address("nobody@maple.example") is None


@pytest.mark.parametrize("who", ["tess", "lena", "sam", "adams"])
def test_an_account_with_more_rights_is_opened_by_an_admin_alone(
    app: Flask, google: Journey, world: World, who: str
) -> None:
    player: Player = getattr(world, who)

    assert google.whole(email=player.email).status == 403
    assert held(app, world) == [
        (player.email, "The account with their address can do more than ask for help.")
    ]


def test_an_address_that_google_does_not_vouch_for_matches_nobody(
    app: Flask, google: Journey, world: World
) -> None:
    assert google.whole(email_verified=False).status == 403
    assert held(app, world) == [("", "The provider vouches for no address of theirs.")]


def test_microsofts_email_is_what_somebody_wrote(app: Flask, microsoft: Journey, world: World) -> None:
    """“nOAuth”: the claim is taken only where Microsoft says that the domain's owner vouches for it."""
    page = microsoft.whole(preferred_username="guest@elsewhere.example", email="bell@maple.example")

    assert page.status == 403
    assert held(app, world) == [
        ("guest@elsewhere.example", "Their address is not at a domain that is verified as the district’s.")
    ]


def test_an_address_at_a_domain_that_nobody_verified_waits(app: Flask, google: Journey, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        db.session.add(Person(given_name="Ida", family_name="Moss", email="moss@elsewhere.example"))
        db.session.commit()

    assert google.whole(email="moss@elsewhere.example").status == 403
    assert identities(app, world) == []


def test_microsofts_email_counts_where_its_domain_is_vouched_for(microsoft: Journey) -> None:
    page = microsoft.whole(
        preferred_username="nb@maple.onmicrosoft.example", email="bell@maple.example", xms_edov=True
    )

    assert page.status == 303


def test_a_number_opens_nothing_in_another_district(app: Flask, google: Journey, world: World) -> None:
    google.whole()

    assert google.client.get("/birch/profile/sessions").status == 303
    with app.app_context(), as_district(world.birch.id):
        assert db.session.scalars(select(SignInIdentity)).all() == []


def test_what_was_written_when_the_session_ended_is_there_again(
    app: Flask, google: Journey, client: PageClient, world: World
) -> None:
    client.sign_in(world.bell)
    written = filled_in(client.get("/maple/requests/new").form()) | {"title": "The projector is dark"}
    with app.app_context(), as_district(world.maple.id):
        sessions.end_all(world.bell.id)
        db.session.commit()
    sent = client.post("/maple/requests", written, headers={"Referer": "http://localhost/maple/requests/new"})
    assert sent.one("button", formaction="/maple/sign-in/google").text.startswith("Sign in with Google")

    google.sign_in_there(client.post("/maple/sign-in/google", filled_in(sent.form("/sign-in"))))
    back = client.follow(google.come_back())

    assert back.path.startswith("/maple/requests/new?draft=")
    assert 'value="The projector is dark"' in back.html


def test_a_second_factor_is_asked_for_all_the_same(app: Flask, google: Journey, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        made = AuthenticatorApp.make(world.bell.id)
        assert made.takes(code_now(str(made.secret), steps=-1))
        made.confirm()
        db.session.commit()

    page = google.whole()

    assert page.location.startswith("/maple/sign-in/second-step")
    assert not is_signed_in(google.client)


# --- who no longer does -----------------------------------------------------------------------------------


def test_a_suspended_account_says_so(app: Flask, google: Journey, world: World) -> None:
    google.whole()
    google.client.sign_out()
    with app.app_context(), as_district(world.maple.id):
        staff.leave(db.session.get(Person, world.bell.person_id), by=SYSTEM)
        db.session.commit()

    page = google.whole()

    assert page.status == 422
    assert "Your account here is closed" in page.text


def test_somebody_who_left_is_not_linked_at_the_first_sign_in(
    app: Flask, google: Journey, world: World
) -> None:
    the_person_leaves(app, world, world.bell)

    assert "Your account here is closed" in google.whole().text
    assert identities(app, world) == []


def test_whoever_is_taken_off_the_roster_is_signed_out_at_once(
    app: Flask, google: Journey, world: World
) -> None:
    google.whole()
    assert is_signed_in(google.client)

    the_person_leaves(app, world, world.bell)

    assert not is_signed_in(google.client)


def test_whoever_is_taken_off_the_roster_cannot_use_their_password(
    app: Flask, client: PageClient, world: World
) -> None:
    the_person_leaves(app, world, world.bell)

    assert sign_in(client, world.bell.email).status == 422


# --- keys -------------------------------------------------------------------------------------------------


def test_a_key_that_is_not_known_yet_is_asked_for_once(google: Journey, peer: Peer) -> None:
    google.whole()
    google.client.sign_out()
    peer.keys = [KEY, OTHER_KEY]
    peer.make_token = lambda claims: signed(claims, OTHER_KEY)

    assert google.whole().status == 303
    peer.make_token = lambda claims: signed(claims, KEY, kid="third")
    for _ in range(3):
        google.client.sign_out()
        assert "does not publish" in google.whole().text
    assert peer.asked.count("/keys") == 2


def test_settings_that_changed_are_read_for_anew(
    app: Flask, google: Journey, peer: Peer, world: World
) -> None:
    google.whole()
    with app.app_context(), as_district(world.maple.id):
        registering.change("google", client_id=CLIENT, client_secret=SECRET)
        db.session.commit()
    google.client.sign_out()
    google.whole()

    assert peer.asked.count("/.well-known/openid-configuration") == 2


# --- one's own page ---------------------------------------------------------------------------------------


def test_somebody_adds_their_work_account_and_removes_it(
    app: Flask, client: PageClient, peer: Peer, world: World
) -> None:
    client.sign_in(world.tess)
    journey = Journey(client, peer)
    mine = client.get("/maple/profile/ways-in")

    journey.sign_in_there(client.submit(mine, "/ways-in/google"), sub="tess", email="any@maple.example")
    back = client.follow(journey.come_back())

    assert "You can sign in with Google from now on" in back.text
    assert identities(app, world) == [(world.tess.id, "google", "", "tess")]
    assert "no longer opens" in client.follow(client.submit(back, "/remove")).text
    assert identities(app, world) == []


def test_an_account_of_theirs_opens_one_account_of_ours(
    app: Flask, google: Journey, peer: Peer, world: World
) -> None:
    google.whole()
    tess = PageClient(app).sign_in(world.tess)
    journey = Journey(tess, peer)

    journey.sign_in_there(tess.submit(tess.get("/maple/profile/ways-in"), "/ways-in/google"))

    assert "in use already" in journey.come_back().text
    assert [one[0] for one in identities(app, world)] == [world.bell.id]


def test_what_somebody_began_for_themselves_is_not_finished_as_another(
    app: Flask, client: PageClient, peer: Peer, world: World
) -> None:
    client.sign_in(world.tess)
    journey = Journey(client, peer)
    journey.sign_in_there(client.submit(client.get("/maple/profile/ways-in"), "/ways-in/google"))
    client.sign_in(world.ortiz)

    assert "Somebody else is signed in here now" in journey.come_back().text
    assert identities(app, world) == []


def test_the_last_way_in_is_not_removed(app: Flask, google: Journey, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        db.session.add(Person(given_name="Ida", family_name="Moss", email="moss@maple.example"))
        db.session.commit()
    google.whole(sub="7", email="moss@maple.example")
    google.confirm(sub="7", email="moss@maple.example")
    page = google.client.get("/maple/profile/ways-in")

    refused = google.client.follow(google.client.submit(page, "/remove"))

    assert "the only way into your account" in refused.text
    assert len(identities(app, world)) == 1


# --- what is kept -----------------------------------------------------------------------------------------


def test_ways_that_nobody_came_back_from_are_forgotten(app: Flask, google: Journey, world: World) -> None:
    google.go()
    with app.app_context(), as_district(world.maple.id):
        assert forget_old_flows() == 0
        with clock.frozen(clock.ago(days=-2)):
            assert forget_old_flows() == 1
        db.session.rollback()


def test_a_sign_in_is_told_once_in_the_audit_log(app: Flask, google: Journey, world: World) -> None:
    google.whole()

    with app.app_context(), as_district(world.maple.id):
        told = db.session.execute(
            select(AuditEntry.did, AuditEntry.what, AuditEntry.changes, AuditEntry.by_id)
        )
        noted = [one for one in told if one.did == "signed in"]
        assert [(one.what, one.changes, one.by_id) for one in noted] == [
            ("accounts", {"through": "google"}, world.bell.id)
        ]
        setting = SignInProvider.of("google")
        assert setting is not None
        assert setting.worked_at is not None
