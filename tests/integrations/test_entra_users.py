"""Microsoft Graph: what is asked, what is understood, and what an admin is told when it does not work."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.listing import BeginAnew, Listed
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.integrations.entra_users.registration import NotACertificate, read_pem
from tests import directory_peer, directory_people, google_description
from tests.directory_peer import Peer, entra_refusal
from tests.directory_people import CERTIFICATE, PRIVATE_PEM, SECRET, TENANT, Somebody
from tests.integrations.directories import close, entra, leaves, turn_on
from tests.world import World

DESK = "11111111-2222-4333-8444-555555555555"
NESTED = "22222222-2222-4333-8444-555555555555"
BOTH = CERTIFICATE + PRIVATE_PEM


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    with directory_peer.running() as peer, app.app_context(), as_district(world.maple.id):
        directory_peer.stand_in(monkeypatch, settings, peer)
        turn_on()
        yield peer
        close()


def key_of(somebody: Somebody) -> str:
    return f"{TENANT}/{somebody.guid}"


def test_everybody_is_told_once_page_by_page(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 2001)]

    first, *others = leaves(entra())

    assert [len(leaf.people) for leaf in others] == [999, 999, 2]
    assert [one.key for leaf in others for one in leaf.people] == [key_of(one) for one in peer.people]
    assert first.bookmark.endswith("$deltatoken=d1")


def test_an_account_is_reduced_to_what_is_needed(peer: Peer) -> None:
    peer.people = [
        Somebody(7, given="Nora", family="Bell", email="Bell@Maple.Example"),
        Somebody(8, active=False),
        Somebody(9, guest=True, email="ann_gmail.com#EXT#@maple.onmicrosoft.example"),
    ]

    bell, left, guest = leaves(entra())[1].people

    assert bell == Listed(
        key=key_of(peer.people[0]), given_name="Nora", family_name="Bell", email="bell@maple.example"
    )
    assert (left.active, left.is_guest) == (False, False)
    assert (guest.active, guest.is_guest, guest.email) == (True, True, "")
    assert not any("mobilePhone" in one for one in peer.asked)


def test_somebody_without_parts_of_a_name_has_the_whole_one(peer: Peer) -> None:
    peer.people = [Somebody(1)]
    peer.change = lambda body: [
        one.update(givenName=None, surname=None, mail=None) for one in body.get("value", [])
    ]

    (one,) = leaves(entra())[1].people

    assert (one.given_name, one.family_name, one.email) == ("", "Given1 Family1", "n000001@maple.example")


# --- groups and app roles ---------------------------------------------------------------------------------


def test_members_of_a_group_are_told_by_number(peer: Peer) -> None:
    peer.groups = {DESK: [Somebody(nth) for nth in range(1, 1502)]}

    told = list(entra([DESK.upper()]).members())

    assert [len(one.keys) for one in told] == [999, 502]
    assert {one.of for one in told} == {("group", DESK.upper())}
    assert any("/transitiveMembers/microsoft.graph.user" in one for one in peer.asked)


def test_who_has_an_app_role_themselves_or_by_a_group(peer: Peer) -> None:
    peer.groups = {NESTED: [Somebody(2), Somebody(3)]}
    peer.app_roles = {"Technician": [Somebody(1), NESTED], "Lead": [Somebody(4)]}

    told: dict[Any, set[str]] = {}
    for one in entra(app_roles=True).members():
        told.setdefault(one.of, set()).update(one.keys)

    assert told == {
        ("app_role", "Technician"): {key_of(Somebody(nth)) for nth in (1, 2, 3)},
        ("app_role", "Lead"): {key_of(Somebody(4))},
    }
    assert f"/v1.0/groups/{NESTED}/members/microsoft.graph.user" in peer.paths()


def test_an_id_that_is_none_is_never_asked_for(peer: Peer) -> None:
    with pytest.raises(Unreadable, match="is no object ID"):
        list(entra(["../users"]).members())


# --- changes ----------------------------------------------------------------------------------------------


def test_changes_are_whole_people_and_who_has_gone(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 41)]
    bookmark = leaves(entra())[0].bookmark
    # Graph tells the id and what changed, which may be anything.
    peer.changes = [{"id": one.guid, "jobTitle": "Teacher"} for one in peer.people[:20]]
    peer.changes.append({"id": Somebody(99).guid, "@removed": {"reason": "deleted"}})
    peer.people[0].active = False

    leaf = entra().changes(bookmark)

    assert [(one.key, one.active) for one in leaf.people] == [
        (key_of(one), one.nth != 1) for one in peer.people[:20]
    ]
    assert list(leaf.gone) == [key_of(Somebody(99))]
    assert (leaf.then, leaf.bookmark.endswith("$deltatoken=d2")) == ("", True)


def test_a_bookmark_that_is_too_old_begins_anew(peer: Peer) -> None:
    bookmark = entra().people("").bookmark
    peer.trouble = lambda path, _: "forgotten" if path.endswith("delta") else ""

    with pytest.raises(BeginAnew):
        entra().changes(bookmark)


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "sentence", "wait"),
    [
        ("429", "asks us to slow down", 7.0),
        ("500", "does not answer as it should", None),
        ("html", "does not answer as it should", None),
        ("cut", "does not answer as it should", None),
    ],
)
def test_what_passes_by_itself_is_not_now(
    peer: Peer, trouble: str, sentence: str, wait: float | None
) -> None:
    peer.trouble = lambda path, _: trouble if path.endswith("/users") else ""

    with pytest.raises(NotNow, match=sentence) as raised:
        entra().people("/users")
    assert raised.value.in_seconds == wait


def test_a_token_that_ran_out_is_asked_for_anew(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 1202)]
    directory = entra()
    first = directory.people("/users")
    peer.tokens.clear()

    assert len(directory.people(first.then).people) == 202


def test_a_place_that_microsoft_has_forgotten_begins_anew(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 1202)]
    directory = entra()
    then = directory.people("/users").then
    peer.trouble = lambda *_: "forgotten"

    with pytest.raises(BeginAnew):
        directory.people(then)


@pytest.mark.parametrize("link", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v1.0/users",
        "https://graph.microsoft.com@evil.example/v1.0/users",
        "http://127.0.0.1:1/v1.0/users",
        "/users",
    ],
)
def test_the_token_goes_to_graph_alone(peer: Peer, link: str, address: str) -> None:
    peer.people = [Somebody(1)]
    peer.change = lambda body: body.update({link: address}) if "value" in body else None

    with pytest.raises(Unreadable, match="leads to another address"):
        leaves(entra())
    assert not any("evil" in one for one in peer.asked)


def test_a_bookmark_leads_to_graph_alone(peer: Peer) -> None:
    with pytest.raises(Unreadable, match="leads to another address"):
        entra().changes("https://evil.example/v1.0/users/delta?$deltatoken=d1")


def test_a_group_whose_place_is_forgotten_is_asked_for_again(peer: Peer) -> None:
    peer.groups = {DESK: [Somebody(nth) for nth in range(1, 1502)]}
    peer.trouble = lambda path, _: "forgotten" if "embers" in path else ""

    with pytest.raises(NotNow, match="has forgotten"):
        list(entra([DESK]).members())


def test_a_page_that_leads_back_to_itself_is_asked_for_again(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 1202)]
    directory = entra()
    then = directory.people("/users").then
    peer.change = lambda body: body.update({"@odata.nextLink": then})

    with pytest.raises(NotNow, match="leads back"):
        directory.people(then)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (7000215, "does not accept the client secret"),
        (7000222, "has run out"),
        (700016, "no such application"),
        (90002, "no such tenant"),
        (700027, "does not know the certificate"),
        (65001, "grant admin consent"),
        (99999, "look up AADSTS99999"),
    ],
)
def test_a_refused_token_is_told_in_words_to_act_on(peer: Peer, code: int, sentence: str) -> None:
    peer.refuse_token = entra_refusal("invalid_client", code)

    with pytest.raises(Unreadable, match=sentence) as raised:
        entra().people("")
    assert "Trace ID" not in str(raised.value)


def test_a_refused_list_names_the_permission(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise google_description.Refused(403, {"error": {"code": "Authorization_RequestDenied"}})

    monkeypatch.setattr(directory_peer._Answering, "_graph", refuse)

    for ask, permission in (
        (lambda: entra().people("/users"), r"User\.Read\.All"),
        (lambda: list(entra([DESK]).members()), r"GroupMember\.Read\.All"),
        (lambda: list(entra(app_roles=True).members()), r"Application\.Read\.All"),
    ):
        with pytest.raises(Unreadable, match=permission):
            ask()


# --- how it shows who it is -------------------------------------------------------------------------------


def test_a_certificate_shows_it_as_well_as_a_secret(peer: Peer) -> None:
    peer.people = [Somebody(1)]

    assert entra(secret="", certificate=BOTH).try_out() == "Microsoft answers, and lets people be read."


def test_a_wrong_secret_does_not(peer: Peer) -> None:
    with pytest.raises(Unreadable, match="does not accept the client secret"):
        entra(secret="guessed").try_out()


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (CERTIFICATE, "Paste both"),
        (PRIVATE_PEM, "Paste both"),
        (CERTIFICATE + PRIVATE_PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"), "locked with a password"),
        (CERTIFICATE[:200] + "\n-----END CERTIFICATE-----\n" + PRIVATE_PEM, "damaged"),
        (
            CERTIFICATE + directory_people.sign_in_key(),
            "not the one of this certificate",
        ),
    ],
)
def test_a_pem_that_cannot_sign_says_so(pem: str, sentence: str) -> None:
    with pytest.raises(NotACertificate, match=sentence):
        read_pem(pem)


def test_the_secrets_are_told_to_nobody() -> None:
    told = repr(entra(secret=SECRET, certificate=BOTH).registration)
    close()

    assert SECRET not in told
    assert "PRIVATE" not in told
