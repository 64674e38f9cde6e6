"""Google's Directory API: what is asked, what is understood, and what an admin is told when it does not work."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from google.oauth2 import service_account as googles
from googleapiclient.discovery import build_from_document
from googleapiclient.http import HttpRequest

from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.listing import BeginAnew, Leaf, Listed
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.integrations.google_directory.service_account import NotAKey, ServiceAccount
from tests import directory_peer, directory_people, google_description
from tests.directory_peer import Peer
from tests.directory_people import ADMIN, GROUP_SCOPE, PRIVATE_PEM, ROBOT, USER_SCOPE, Somebody, key_file
from tests.integrations.directories import close, google, leaves, turn_on
from tests.world import World


@pytest.fixture
def peer(app: Flask, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    with directory_peer.running() as peer, app.app_context(), as_district(world.maple.id):
        directory_peer.stand_in(monkeypatch, settings, peer)
        turn_on()
        yield peer
        close()


def test_everybody_is_told_once_page_by_page(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 1202)]

    found = leaves(google())

    assert [len(leaf.people) for leaf in found] == [500, 500, 201, 0]
    assert [one.key for leaf in found for one in leaf.people] == [one.number for one in peer.people]


def test_an_account_is_reduced_to_what_is_needed(peer: Peer) -> None:
    peer.people = [Somebody(7, given="Nora", family="Bell", email="Bell@Maple.Example")]

    (bell, *_), *_ = (leaf.people for leaf in leaves(google()))

    assert bell == Listed(
        key="100000000000000000007",
        given_name="Nora",
        family_name="Bell",
        email="bell@maple.example",
        path="/Staff/North",
    )
    users = [one for one in peer.asked if "/users" in one]
    assert all("recoveryPhone" not in one and "fields=" in one for one in users)


def test_who_is_suspended_archived_or_a_guest_is_told_so(peer: Peer) -> None:
    peer.people = [
        Somebody(1, active=False),
        Somebody(2, archived=True),
        Somebody(3, guest=True),
        Somebody(4),
    ]

    one, two, three, four = leaves(google())[0].people

    assert (one.active, two.active, three.active, four.active) == (False, False, True, True)
    assert [each.is_guest for each in (one, two, three, four)] == [False, False, True, False]


def test_who_was_deleted_is_told_by_number_alone(peer: Peer) -> None:
    peer.people, peer.deleted = [Somebody(1)], [Somebody(2)]

    assert leaves(google())[-1] == Leaf(gone=["100000000000000000002"])


def test_the_changes_are_who_is_suspended_and_who_was_deleted(peer: Peer) -> None:
    peer.people, peer.deleted = [Somebody(1), Somebody(2, active=False)], [Somebody(3)]
    directory = google()

    first = directory.changes("")
    second = directory.changes(first.then)

    assert [one.key for one in first.people] == [Somebody(2).number]
    assert second == Leaf(gone=[Somebody(3).number])


def test_members_of_a_group_are_told_by_number(peer: Peer) -> None:
    peer.groups = {"techs@maple.example": [Somebody(nth) for nth in range(1, 402)]}

    told = list(google(["techs@maple.example"]).members())

    assert [len(one.keys) for one in told] == [200, 200, 1]
    assert {one.of for one in told} == {("group", "techs@maple.example")}
    assert "includeDerivedMembership=true" in peer.asked[-1]


def test_groups_are_asked_for_only_where_any_matter(peer: Peer) -> None:
    peer.allowed = {USER_SCOPE}
    peer.people = [Somebody(1)]

    assert google().try_out() == "Google answers, and lets people be read."
    with pytest.raises(Unreadable, match=f"exactly these scopes: {USER_SCOPE}, {GROUP_SCOPE}"):
        google(["techs@maple.example"]).try_out()


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "sentence", "wait"),
    [
        ("429", "asks us to slow down", 7.0),
        ("403", "asks us to slow down", None),
        ("500", "does not answer as it should", None),
        ("html", "does not answer as it should", None),
        ("cut", "does not answer as it should", None),
    ],
)
def test_what_passes_by_itself_is_not_now(
    peer: Peer, trouble: str, sentence: str, wait: float | None
) -> None:
    peer.people = [Somebody(1)]
    peer.trouble = lambda path, _: trouble if path.endswith("/users") else ""

    with pytest.raises(NotNow, match=sentence) as raised:
        google().people("")
    assert raised.value.in_seconds == wait


@pytest.mark.parametrize("trouble", ["html", "cut"])
def test_a_connection_that_breaks_off_is_tried_again_at_once(peer: Peer, trouble: str) -> None:
    peer.people = [Somebody(1)]
    told: list[str] = []

    def once(path: str, _: int) -> str:
        if not path.endswith("/users") or told:
            return ""
        told.append(path)
        return trouble

    peer.trouble = once

    assert len(google().people("").people) == 1


def test_a_token_that_ran_out_is_asked_for_anew(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 702)]
    directory = google()
    first = directory.people("")
    peer.tokens.clear()

    assert len(directory.people(first.then).people) == 201
    assert peer.paths().count("/token") == 2


def test_a_place_that_google_has_forgotten_begins_anew(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 702)]
    directory = google()
    then = directory.people("").then
    peer.trouble = lambda *_: "forgotten"

    with pytest.raises(BeginAnew):
        directory.people(then)


def test_a_group_whose_place_is_forgotten_is_asked_for_again(peer: Peer) -> None:
    peer.groups = {"techs@maple.example": [Somebody(nth) for nth in range(1, 1502)]}
    peer.trouble = lambda path, _: "forgotten" if "embers" in path else ""

    with pytest.raises(NotNow, match="has forgotten"):
        list(google(["techs@maple.example"]).members())


def test_a_page_that_leads_back_to_itself_is_asked_for_again(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 702)]
    directory = google()
    then = directory.people("").then
    peer.change = lambda body: body.update(nextPageToken="at-500")

    with pytest.raises(NotNow, match="leads back"):
        directory.people(then)


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (
            {"error": "unauthorized_client", "error_description": "…"},
            "allow the client ID 108123456789012345678",
        ),
        (
            {"error": "invalid_grant", "error_description": "Invalid email or User ID"},
            "knows no such account as adams@",
        ),
        ({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, "Make a new key"),
        ({"error": "deleted_client"}, "was deleted or disabled at Google"),
        ({"error": "something"}, r"gave no token for the service account \(error 400\)"),
    ],
)
def test_a_refused_token_is_told_in_words_to_act_on(
    peer: Peer, refusal: dict[str, Any], sentence: str
) -> None:
    peer.refuse_token = refusal

    with pytest.raises(Unreadable, match=sentence):
        google().people("")


@pytest.mark.parametrize(
    ("status", "reason", "sentence"),
    [
        (403, "forbidden", r"adams@maple\.example may not read the list of people"),
        (403, "accessNotConfigured", "The Admin SDK is not turned on"),
        (404, "notFound", "Google answered with error 404"),
    ],
)
def test_a_refused_list_is_told_in_words_to_act_on(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, status: int, reason: str, sentence: str
) -> None:
    def refuse(*_: object) -> None:
        raise google_description.Refused(status, google_description.google_error(status, reason))

    monkeypatch.setattr(directory_peer, "refuse_what_google_would", refuse)

    with pytest.raises(Unreadable, match=sentence):
        google().people("")


def test_an_unknown_group_is_named(peer: Peer) -> None:
    with pytest.raises(Unreadable, match=r"knows no group nobody@maple\.example"):
        list(google(["nobody@maple.example"]).members())


def test_nothing_is_asked_while_it_is_turned_off(peer: Peer, world: World) -> None:
    with as_district(world.birch.id), pytest.raises(Unreadable, match="is not turned on"):
        google().people("")
    assert peer.asked == []


# --- the key file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("not json", "not the JSON file"),
        (json.dumps({"type": "authorized_user"}), "another kind of key"),
        (key_file(client_email=""), "lacks client_email"),
        (key_file(private_key=PRIVATE_PEM[:400]), "damaged"),
        (key_file(private_key=directory_people.CERTIFICATE_KEY), "no private key"),
        ("[" * 20_000, "not the JSON file"),
    ],
)
def test_a_file_that_is_no_key_says_so(file: str, sentence: str) -> None:
    with pytest.raises(NotAKey, match=sentence):
        ServiceAccount.of_file(file)


def test_the_key_is_told_to_nobody() -> None:
    account = ServiceAccount.of_file(key_file())

    assert account.email == ROBOT
    assert "PRIVATE" not in repr(account)


# --- the peer, by Google's own client ----------------------------------------------------------------------


def test_googles_own_client_reads_the_same_from_the_peer(peer: Peer) -> None:
    peer.people = [Somebody(nth) for nth in range(1, 702)]
    peer.groups = {"techs@maple.example": [Somebody(nth) for nth in range(1, 302)]}
    document = dict(google_description.discovery(), rootUrl=f"{peer.url}/", baseUrl=f"{peer.url}/")
    document.pop("mtlsRootUrl", None)
    its_word = googles.Credentials.from_service_account_info(
        json.loads(key_file()), scopes=[USER_SCOPE, GROUP_SCOPE], subject=ADMIN
    )
    # Its assertion, shown where ours is shown: the peer holds both to the same rules.
    asked = google()._client.post(
        f"{peer.url}/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": its_word._make_authorization_grant_assertion().decode(),
        },
    )
    token = asked.json()["access_token"]

    def request(http: object, *args: Any, **kwargs: Any) -> HttpRequest:
        kwargs["headers"] = {**kwargs.get("headers", {}), "Authorization": f"Bearer {token}"}
        return HttpRequest(http, *args, **kwargs)

    its = build_from_document(document, http=_Http(), requestBuilder=request)
    found, ask = [], its.users().list(customer="my_customer", maxResults=500, orderBy="email")
    while ask is not None:
        said = ask.execute()
        found += [(one["id"], one["primaryEmail"], one["suspended"]) for one in said["users"]]
        ask = its.users().list_next(ask, said)
    members, ask = [], its.members().list(groupKey="techs@maple.example", includeDerivedMembership=True)
    while ask is not None:
        said = ask.execute()
        members += [one["id"] for one in said["members"]]
        ask = its.members().list_next(ask, said)

    ours = [one for leaf in leaves(google()) for one in leaf.people]
    assert found == [(one.key, one.email, not one.active) for one in ours]
    assert members == [key for one in google(["techs@maple.example"]).members() for key in one.keys]


class _Http:
    """httplib2's shape over our own way out: the tests' guard lets nothing else through."""

    def request(self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any) -> Any:
        import httplib2

        answer = google()._client.request(method, uri, content=body, headers=headers)
        return httplib2.Response({"status": str(answer.status_code)}), answer.content
