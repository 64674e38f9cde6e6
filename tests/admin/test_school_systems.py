"""Wonde and Groupcall Xporter, through the doors of their pages."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.core.actor import SYSTEM, acting_as
from app.core.settings import Settings
from app.core.tenancy import as_district
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_source import WONDE
from tests import wonde_peer
from tests.page_client import PageClient
from tests.wonde_peer import TOKEN, Wonde, employee
from tests.world import World

HERE = "/maple/admin/services/wonde"
ID = "A1930499544"


@pytest.fixture
def peer(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wonde]:
    with wonde_peer.running() as peer:
        wonde_peer.stand_in(monkeypatch, settings, peer)
        peer.schools = [wonde_peer.School(ID, "Beech School", employees=[employee(1), employee(2)])]
        yield peer


def filled(**more: str) -> dict[str, str]:
    return {"region": "uk", "schools": ID, "secret": TOKEN, "hour": "2", **more}


def test_an_admin_sets_it_up_tries_it_out_and_turns_it_off(
    client: PageClient, world: World, peer: Wonde
) -> None:
    client.sign_in(world.adams)
    shown = client.get(HERE)
    assert "of staff names and work addresses; if chosen, of students" in shown.text

    client.submit(shown, action=f"{HERE}/connection", status=303, **filled())
    client.submit(client.get(HERE), action=HERE, status=303)
    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/connection/trial"))

    assert "lets staff be read of Beech School" in shown.text
    shown = client.follow(client.submit(client.get(HERE), action=f"{HERE}/connection/sync"))
    assert "Being asked for" in shown.text
    client.submit(client.get(HERE), action=f"{HERE}/off", status=303)
    assert "Turn it on to test the connection" in client.get(HERE).text


def test_the_token_goes_in_and_never_comes_out(
    app: Flask, client: PageClient, world: World, peer: Wonde
) -> None:
    client.sign_in(world.adams)
    client.submit(client.get(HERE), action=f"{HERE}/connection", status=303, **filled())

    client.submit(client.get(HERE), action=f"{HERE}/connection", status=303, **filled(secret=""))

    assert TOKEN not in client.get(HERE).text
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        connection = RosterConnection.of_kind(WONDE)
        assert connection is not None
        assert connection.secret == TOKEN
        assert TOKEN not in str(connection.settings)
        assert TOKEN not in (connection.secret_sealed or "")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"schools": ""}, "Name at least one school."),
        ({"schools": "Beech School"}, "is no id of a school"),
        ({"schools": f"{ID}\n{ID} = Oak"}, "stands there twice"),
        ({"schools": f"{ID} = {'x' * 121}"}, "longer than a school’s name can be"),
        ({"schools": "\n".join(f"A{nth}" for nth in range(10, 211))}, "More than 200 schools"),
        ({"secret": "two words"}, "A token has no spaces"),
    ],
)
def test_what_cannot_be_asked_gets_a_sentence_and_stays_as_it_was_typed(
    client: PageClient, world: World, peer: Wonde, typed: dict[str, str], sentence: str
) -> None:
    client.sign_in(world.adams)

    shown = client.submit(client.get(HERE), action=f"{HERE}/connection", status=422, **filled(**typed))

    assert sentence in shown.text
    kept = shown.one("textarea", name="schools").text
    assert kept.split() == filled(**typed)["schools"].split()


def test_xporter_says_before_anything_that_it_is_not_verified(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    shown = client.get("/maple/admin/services/groupcall")

    assert "Not verified with the vendor." in shown.text
    assert "Not verified with the vendor." not in client.get(HERE).text


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ("8232999 sesame\n8233000 sesame two", "one secret for all schools, or a line a school"),
        ("8232999 sesame\n8233001 sesame", "The secret of 8233000 is missing"),
    ],
)
def test_a_school_of_xporter_without_a_secret_is_named(
    client: PageClient, world: World, secret: str, sentence: str
) -> None:
    here = "/maple/admin/services/groupcall"
    client.sign_in(world.adams)
    typed = {
        "relying_party": "desk.maple.example",
        "schools": "8232999\n8233000",
        "secret": secret,
        "hour": "",
    }

    shown = client.submit(client.get(here), action=f"{here}/connection", status=422, **typed)

    assert sentence in shown.text
    assert "sesame" not in shown.text
