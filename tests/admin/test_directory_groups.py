"""What groups of a directory mean, through the doors: said, looked at twice, and taken back."""

from typing import Any

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import grouping
from app.roster.actions.grouping import Meaning
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY
from app.roster.models.source_person import SourcePerson
from tests.directory_people import APPLICATION, CERTIFICATE, PRIVATE_PEM, SECRET, TENANT, key_file
from tests.page_client import Page, PageClient
from tests.world import World

GOOGLE = f"/maple/admin/services/{GOOGLE_DIRECTORY}"
ENTRA = f"/maple/admin/services/{ENTRA_USERS}"


@pytest.fixture
def admin(client: PageClient, world: World) -> PageClient:
    return client.sign_in(world.adams)


def add(admin: PageClient, at: str = GOOGLE, **fields: str) -> Page:
    filled = {"what": "group", "name": "techs@maple.example", **fields}
    return admin.submit(admin.get(f"{at}/groups"), "/groups", **filled)


def groups(app: Flask, world: World, kind: str = GOOGLE_DIRECTORY) -> list[tuple[str, str, str | None]]:
    with app.app_context(), as_district(world.maple.id):
        return [(one.what, one.name, one.role) for one in DirectoryGroup.of_kind(kind)]


# --- the connection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "fields"),
    [
        (GOOGLE, {"admin": "adams@maple.example", "secret": key_file()}),
        (ENTRA, {"tenant": TENANT.upper(), "client_id": APPLICATION, "secret": SECRET.replace(" ", "~")}),
        (ENTRA, {"tenant": TENANT, "client_id": APPLICATION, "secret": CERTIFICATE + PRIVATE_PEM}),
    ],
)
def test_a_directory_is_set_up_and_its_secret_never_comes_out(
    app: Flask, admin: PageClient, world: World, at: str, fields: dict[str, str]
) -> None:
    page = admin.follow(admin.submit(admin.get(at), f"{at}/connection", **fields))

    assert "Saved." in page.text
    assert fields["secret"][:40] not in page.html
    assert "PRIVATE" not in page.html
    assert "Nobody is taken in before you say who is on the staff." in page.text
    page = admin.follow(admin.submit(page, at))
    assert "is on." in page.text
    with app.app_context(), as_district(world.maple.id):
        kept = RosterConnection.of_kind(at.rpartition("/")[2])
        assert kept.secret == fields["secret"].strip()


def test_a_certificate_says_itself_how_long_it_holds(app: Flask, admin: PageClient, world: World) -> None:
    fields = {"tenant": TENANT, "client_id": APPLICATION, "secret": CERTIFICATE + PRIVATE_PEM}
    admin.submit(admin.get(ENTRA), f"{ENTRA}/connection", status=303, **fields)

    with app.app_context(), as_district(world.maple.id):
        until = RosterConnection.of_kind(ENTRA_USERS).secret_expires_on
    assert until is not None
    assert until.year == clock.now().year + 1


@pytest.mark.parametrize(
    ("at", "fields", "sentence"),
    [
        (GOOGLE, {"admin": "adams@maple.example", "secret": "{}"}, "another kind of key"),
        (GOOGLE, {"admin": "adams@maple.example", "secret": key_file(private_key="x")}, "is damaged"),
        (GOOGLE, {"admin": "nobody", "secret": key_file()}, "address"),
        (ENTRA, {"tenant": "common", "client_id": APPLICATION, "secret": "x"}, "five groups"),
        (ENTRA, {"tenant": TENANT, "client_id": APPLICATION, "secret": "two words"}, "has no spaces"),
        (ENTRA, {"tenant": TENANT, "client_id": APPLICATION, "secret": CERTIFICATE}, "Paste both"),
    ],
)
def test_what_cannot_work_is_refused_and_the_secret_not_repeated(
    admin: PageClient, at: str, fields: dict[str, str], sentence: str
) -> None:
    page = admin.submit(admin.get(at), f"{at}/connection", status=422, **fields)

    assert sentence in page.text
    assert "PRIVATE KEY" not in page.html
    assert page.form(f"{at}/connection").one("textarea", name="secret").text == ""


# --- the groups -------------------------------------------------------------------------------------------


def test_a_group_is_added_shown_and_taken_out(app: Flask, admin: PageClient, world: World) -> None:
    north = str(world.maple.schools["North"])
    page = admin.follow(add(admin, what="ou", name="/Staff/North/", school=north, role="technician"))

    assert "It counts from the next sync on." in page.text
    assert "/Staff/North" in page.text
    assert "Technician, North School" in page.text
    assert groups(app, world) == [("ou", "/Staff/North", "technician")]

    page = admin.follow(admin.submit(page, "/removal"))
    assert "means nothing here any more" in page.text
    assert groups(app, world) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"what": "ou", "name": "Staff"}, "with slashes"),
        ({"name": "techs"}, "named by its address"),
        ({"name": ""}, "Say what it is called"),
        ({"what": "everybody", "name": "", "role": "technician"}, "a role for nobody"),
        ({"takes_in": "no", "role": "technician"}, "no role and no school"),
        ({"role": "admin", "school": "NORTH"}, "admin of the whole district"),
        ({"what": "app_role"}, "Not a valid choice"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    app: Flask, admin: PageClient, world: World, fields: dict[str, str], sentence: str
) -> None:
    filled = {
        name: str(world.maple.schools["North"]) if value == "NORTH" else value
        for name, value in fields.items()
    }
    page = add(admin, **filled)

    assert page.status == 422
    assert sentence in page.text
    assert groups(app, world) == []


def test_microsofts_groups_go_by_their_number(app: Flask, admin: PageClient, world: World) -> None:
    assert "object ID" in add(admin, ENTRA, name="Technicians").text
    add(admin, ENTRA, name=TENANT.upper())
    add(admin, ENTRA, what="app_role", name="Technician", role="technician")

    assert groups(app, world, ENTRA_USERS) == [
        ("group", TENANT, None),
        ("app_role", "Technician", "technician"),
    ]


def test_the_same_group_twice_is_refused(admin: PageClient) -> None:
    add(admin)

    assert "is among the groups already" in add(admin, name="Techs@Maple.example").text


def test_a_role_that_opens_much_is_looked_at_twice(app: Flask, admin: PageClient, world: World) -> None:
    look = add(admin, role="lead")
    assert "/second-look" in look.location
    assert "Waits for a second look" in admin.get(f"{GOOGLE}/groups").text
    with app.app_context(), as_district(world.maple.id):
        (group,) = DirectoryGroup.of_kind(GOOGLE_DIRECTORY)
        record: dict[str, Any] = {"given_name": "", "family_name": "", "email": "", "school_key": ""}
        db.session.add(
            SourcePerson(
                source_id=group.source_id, key="1", person_id=world.bell.person_id, role="staff",
                groups=[str(group.id)], **record,
            )
        )  # fmt: skip
        db.session.commit()

    page = admin.get(look.location)
    assert "Nora Bell" in page.one("main").text
    page = admin.follow(admin.submit(page, "/second-look"))

    assert "gives the role from now on" in page.text
    assert "Waits for a second look" not in page.text
    again = admin.post(look.location)
    assert "nothing to confirm" in admin.follow(again).text


def test_the_second_look_asks_whether_it_is_still_them(app: Flask, admin: PageClient, world: World) -> None:
    look = add(admin, role="admin").location
    with clock.frozen(clock.ago(minutes=-30)):
        assert "/profile/confirm" in admin.get(look).location
        admin.post(look)

    with app.app_context(), as_district(world.maple.id):
        (group,) = DirectoryGroup.of_kind(GOOGLE_DIRECTORY)
        assert group.confirmed_at is None


def test_another_districts_groups_are_not_there(app: Flask, admin: PageClient, world: World) -> None:
    with app.app_context(), as_district(world.birch.id):
        group = grouping.add(GOOGLE_DIRECTORY, Meaning(what="ou", name="/Birch", role=None))
        db.session.commit()
        group_id = group.id

    assert "/Birch" not in admin.get(f"{GOOGLE}/groups").text
    admin.get(f"/maple/admin/directory-groups/{group_id}/second-look", status=404)


@pytest.mark.parametrize(
    ("at", "what", "name", "needed"),
    [
        (GOOGLE, "ou", "/Staff", ["admin.directory.user.readonly"]),
        (GOOGLE, "group", "techs@maple.example", ["admin.directory.group.readonly"]),
        (ENTRA, "group", TENANT, ["User.Read.All, GroupMember.Read.All"]),
        (ENTRA, "app_role", "Desk", ["GroupMember.Read.All, Application.Read.All"]),
    ],
)
def test_the_page_says_what_to_allow_there(
    admin: PageClient, at: str, what: str, name: str, needed: list[str]
) -> None:
    if at == GOOGLE:
        admin.submit(admin.get(at), f"{at}/connection", admin="adams@maple.example", secret=key_file())
    add(admin, at, what=what, name=name)

    page = admin.get(at)

    assert all(one in page.text for one in needed)
    assert ("108123456789012345678" in page.text) == (at == GOOGLE)
    assert ("directory.group" in page.text) == (at == GOOGLE and what == "group")


def test_a_persons_page_tells_which_role_comes_with_a_group(
    app: Flask, admin: PageClient, world: World
) -> None:
    with app.app_context(), as_district(world.maple.id):
        grant = world.tess.account().grants[0]
        grant.from_directory = True
        db.session.commit()

    page = admin.get(f"/maple/admin/people/{world.tess.person_id}")

    assert "It comes with a group of the directory, and goes with it." in page.text
    assert "Take away" not in page.text


def test_only_directories_have_groups(admin: PageClient) -> None:
    admin.get("/maple/admin/services/oneroster/groups", status=404)
