"""Google and Microsoft as an admin sets them up, tries them out, and decides on whoever waits."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models.account import Account
from app.auth.models.held_sign_in import HeldSignIn, forget_old_held_sign_ins
from app.auth.models.sign_in_provider import SignInProvider
from app.core import clock, services
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.services import GOOGLE_SIGN_IN, MICROSOFT_SIGN_IN
from app.core.settings import Settings
from app.core.tenancy import as_district
from tests import sign_in_peer
from tests.page_client import Page, PageClient
from tests.sign_in_peer import CLIENT, SECRET, TENANT, Journey, Peer
from tests.world import World

GOOGLE = f"/maple/admin/services/{GOOGLE_SIGN_IN}"
MICROSOFT = f"/maple/admin/services/{MICROSOFT_SIGN_IN}"


@pytest.fixture
def admin(client: PageClient, world: World) -> PageClient:
    return client.sign_in(world.adams)


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    with sign_in_peer.running() as peer:
        microsoft = f"{peer.url}/{TENANT}/v2.0"
        sign_in_peer.stand_in(monkeypatch, settings, peer.at, google=peer.url, microsoft=microsoft)
        yield peer


def save(client: PageClient, path: str, **fields: str) -> Page:
    filled = {"client_id": CLIENT, "client_secret": SECRET, **fields}
    return client.submit(client.get(path), "/registration", **filled)


def of_google(app: Flask, world: World) -> SignInProvider:
    with app.app_context(), as_district(world.maple.id):
        found = SignInProvider.of("google")
        assert found is not None
        db.session.expunge(found)
        return found


# --- the settings -----------------------------------------------------------------------------------------


def test_it_is_off_until_it_is_filled_in_and_turned_on(app: Flask, admin: PageClient, world: World) -> None:
    early = admin.submit(admin.get(GOOGLE), f"/services/{GOOGLE_SIGN_IN}", status=422)
    assert "Fill in the client ID" in early.text

    admin.follow(save(admin, GOOGLE))
    assert "Sign in with Google" not in PageClient(app).get("/maple/sign-in").text

    page = admin.follow(admin.submit(admin.get(GOOGLE), f"/services/{GOOGLE_SIGN_IN}"))
    assert "Google sign-in is on" in page.text
    assert "Sign in with Google" in PageClient(app).get("/maple/sign-in").text
    assert "by Ruth Adams" in admin.get(GOOGLE).text


def test_the_page_says_what_passes_and_where_to_come_back_to(admin: PageClient) -> None:
    page = admin.get(GOOGLE)

    assert services.service(GOOGLE_SIGN_IN).passes in page.text
    assert "http://localhost/maple/sign-in/google/callback" in page.text
    assert "maple.example" in page.text


def test_the_secret_goes_in_and_never_comes_out(app: Flask, admin: PageClient, world: World) -> None:
    admin.follow(save(admin, GOOGLE))

    assert SECRET not in admin.get(GOOGLE).html
    with app.app_context(), as_district(world.maple.id):
        (row,) = db.session.execute(select(SignInProvider.__table__)).mappings().all()
        assert SECRET not in str(dict(row))
        told = db.session.scalars(select(AuditEntry).where(AuditEntry.what == "sign_in_providers")).all()
        assert [one.changes["client_secret_sealed"] for one in told] == ["(private)"]
        assert SECRET not in repr(SignInProvider.of("google").registration())


def test_a_secret_left_empty_stays(app: Flask, admin: PageClient, world: World) -> None:
    admin.follow(save(admin, GOOGLE))
    admin.follow(save(admin, GOOGLE, client_secret="", client_id="another"))

    with app.app_context(), as_district(world.maple.id):
        setting = SignInProvider.of("google")
        assert (setting.client_id, setting.client_secret, setting.version) == ("another", SECRET, 2)


def test_a_refused_form_says_why_and_keeps_what_was_typed(admin: PageClient) -> None:
    page = save(admin, GOOGLE, domains="maple.example birch.example")

    assert page.status == 422
    assert "birch.example is not verified as this district’s" in page.text
    assert f'value="{CLIENT}"' in page.html
    assert "Copy the client secret" in save(admin, GOOGLE, client_secret="").text


@pytest.mark.parametrize("tenant", ["common", "organizations", "maple.onmicrosoft.example", "", "../x"])
def test_microsofts_tenant_is_one_and_the_districts_own(admin: PageClient, tenant: str) -> None:
    assert save(admin, MICROSOFT, tenant=tenant).status == 422
    assert save(admin, MICROSOFT, tenant=TENANT.upper()).status == 303


def test_a_district_sees_its_own_settings_alone(app: Flask, admin: PageClient, world: World) -> None:
    admin.follow(save(admin, GOOGLE))
    avery = PageClient(app).sign_in(world.avery)

    assert CLIENT not in avery.get(f"/birch/admin/services/{GOOGLE_SIGN_IN}").html


# --- trying it out ----------------------------------------------------------------------------------------


def on(admin: PageClient, path: str, key: str, **fields: str) -> None:
    admin.follow(save(admin, path, **fields))
    admin.follow(admin.submit(admin.get(path), f"/services/{key}"))


def test_the_connection_is_tried_out(app: Flask, admin: PageClient, peer: Peer, world: World) -> None:
    on(admin, GOOGLE, GOOGLE_SIGN_IN)

    page = admin.follow(admin.submit(admin.get(GOOGLE), "/trial"))

    assert "Google answers for this district, with 1 key" in page.text
    assert peer.asked == ["/.well-known/openid-configuration", "/keys"]
    assert of_google(app, world).worked_at is not None


def test_microsofts_own_template_for_an_issuer_is_filled_in(admin: PageClient, peer: Peer) -> None:
    on(admin, MICROSOFT, MICROSOFT_SIGN_IN, tenant=TENANT)

    assert (
        "Microsoft answers for this district"
        in admin.follow(admin.submit(admin.get(MICROSOFT), "/trial")).text
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda said: said.update(issuer="https://evil.example"), "is of somebody else"),
        (lambda said: said.pop("jwks_uri"), "lacks an address"),
        (lambda said: said.update(jwks_uri="https://evil.example/keys"), "evil.example is not a host of"),
        (lambda said: said.update(jwks_uri="http://127.0.0.1:1/keys"), "only https is"),
        (lambda said: said.update(jwks_uri=said["issuer"] + "/nothing"), "answered with error 404"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    app: Flask, admin: PageClient, peer: Peer, world: World, spoil, sentence: str
) -> None:
    on(admin, GOOGLE, GOOGLE_SIGN_IN)
    peer.describe = spoil

    page = admin.follow(admin.submit(admin.get(GOOGLE), "/trial"))

    assert sentence in page.one("main").text
    assert sentence in of_google(app, world).failure


def test_nothing_is_called_while_it_is_off(admin: PageClient, peer: Peer) -> None:
    admin.follow(save(admin, GOOGLE))

    page = admin.follow(admin.post(f"{GOOGLE}/trial"))

    assert "is not turned on" in page.text
    assert peer.asked == []


def test_a_secret_that_ran_out_is_said_where_the_admin_looks(
    app: Flask, admin: PageClient, peer: Peer
) -> None:
    on(admin, GOOGLE, GOOGLE_SIGN_IN, client_secret="an old one")

    Journey(PageClient(app), peer).whole()

    assert "Google does not accept the client ID and secret" in admin.get(GOOGLE).text


# --- whoever waits ----------------------------------------------------------------------------------------


def waits(app: Flask, admin: PageClient, peer: Peer, **claims: str) -> Journey:
    on(admin, GOOGLE, GOOGLE_SIGN_IN)
    journey = Journey(PageClient(app), peer)
    assert journey.whole(**claims).status == 403
    return journey


def test_an_admin_lets_somebody_in(app: Flask, admin: PageClient, peer: Peer, world: World) -> None:
    journey = waits(app, admin, peer, sub="9", email="tess@maple.example", name="Tess Okafor")
    waiting = admin.get("/maple/admin/held-sign-ins")
    assert "Tess Okafor" in waiting.text

    shown = admin.get(waiting.one("a", class_="cards__link")["href"])
    assert "can do more than ask for help" in shown.text
    admin.follow(admin.submit(shown, shown.path.removeprefix("/maple")))

    assert journey.whole(sub="9").status == 303
    assert journey.client.get("/maple/tickets").status == 200
    with app.app_context(), as_district(world.maple.id):
        told = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "accepted a sign-in")).one()
        assert (told.by_id, told.which) == (world.adams.id, world.tess.id)


def test_an_admin_refuses_somebody_and_may_change_their_mind(
    app: Flask, admin: PageClient, peer: Peer, world: World
) -> None:
    journey = waits(app, admin, peer, sub="9", email="nobody@maple.example")
    where = admin.get("/maple/admin/held-sign-ins").one("a", class_="cards__link")["href"]

    admin.follow(admin.submit(admin.get(where), "/refuse"))

    assert "An admin of your district refused this account" in journey.whole(sub="9").text
    admin.follow(admin.submit(admin.get(where), where.removeprefix("/maple"), email=world.ortiz.email))
    assert journey.whole(sub="9").status == 303


def test_somebody_is_let_in_as_one_of_the_staff_or_not_at_all(
    app: Flask, admin: PageClient, peer: Peer
) -> None:
    waits(app, admin, peer, sub="9", email="nobody@maple.example")
    where = admin.get("/maple/admin/held-sign-ins").one("a", class_="cards__link")["href"]

    page = admin.submit(admin.get(where), where.removeprefix("/maple"), email="nobody@maple.example")

    assert page.status == 422
    assert "Nobody on the staff has that address" in page.text


def test_whoever_has_not_tried_for_long_is_forgotten(
    app: Flask, admin: PageClient, peer: Peer, world: World
) -> None:
    waits(app, admin, peer, sub="9", email="nobody@maple.example")

    with app.app_context(), as_district(world.maple.id):
        assert forget_old_held_sign_ins() == 0
        with clock.frozen(clock.ago(days=-91)):
            assert forget_old_held_sign_ins() == 1
        assert db.session.scalars(select(HeldSignIn)).all() == []
        assert Account.with_address("nobody@maple.example") is None
        db.session.rollback()
