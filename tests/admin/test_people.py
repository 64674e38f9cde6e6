"""People, accounts and roles, through the doors."""

from typing import Any

from sqlalchemy import select

from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.core.actor import Role
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.person import Person
from tests.page_client import PageClient
from tests.world import World

NEW: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": "Nuñez",
    "email": "Ada.Nunez@maple.example",
    "title": "Librarian",
}


def test_an_admin_adds_somebody(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    sent = client.submit(
        client.get("/maple/admin/people/new"), **NEW, school_id=str(world.maple.schools["North"])
    )

    shown = client.follow(sent)
    assert "Ada Nuñez" in shown.h1
    with app.app_context(), as_district(world.maple.id):
        ada = Person.with_address("ada.nunez@maple.example")
        assert ada is not None
        assert ada.school_id == world.maple.schools["North"]


def test_a_double_click_adds_them_once(app, client: PageClient, world: World) -> None:
    form = client.sign_in(world.adams).get("/maple/admin/people/new")

    client.submit(form, **{**NEW, "email": ""})
    client.submit(form, **{**NEW, "email": ""})

    with app.app_context(), as_district(world.maple.id):
        assert len(db.session.scalars(select(Person).where(Person.given_name == "Ada")).all()) == 1


def test_an_address_that_is_taken_is_said_in_a_sentence(client: PageClient, world: World) -> None:
    form = client.sign_in(world.adams).get("/maple/admin/people/new")

    for htmx in (False, True):
        refused = client.submit(form, htmx=htmx, status=422, **{**NEW, "email": "BELL@maple.example"})

        assert "bell@maple.example belongs to somebody else here already" in refused.text
        assert "Ada" in refused.html


def test_an_address_of_another_district_is_free(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    client.submit(client.get("/maple/admin/people/new"), status=303, **{**NEW, "email": world.quincy.email})


def test_a_school_of_another_district_cannot_be_chosen(client: PageClient, world: World) -> None:
    form = client.sign_in(world.adams).get("/maple/admin/people/new")

    client.submit(form, status=422, **NEW, school_id=str(world.birch.schools["North"]))


def test_a_wrong_address_is_refused_beside_its_field(client: PageClient, world: World) -> None:
    form = client.sign_in(world.adams).get("/maple/admin/people/new")

    refused = client.submit(form, status=422, **{**NEW, "email": "ada at maple"})

    assert refused.one("input", name="email")["aria-invalid"] == "true"


def test_a_changed_address_is_also_the_accounts(app, client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get(f"/maple/admin/people/{world.bell.person_id}")

    client.submit(page, str(world.bell.person_id), status=303, email="nora.bell@maple.example")

    with app.app_context(), as_district(world.maple.id):
        assert world.bell.account().email == "nora.bell@maple.example"


def test_who_left_can_neither_sign_in_nor_go_on(app, client: PageClient, world: World) -> None:
    bell = PageClient(app).sign_in(world.bell)
    client.sign_in(world.adams)

    client.post(f"/maple/admin/people/{world.bell.person_id}/leave", status=303)

    assert bell.get("/maple/profile/sessions").status == 303
    with app.app_context(), as_district(world.maple.id):
        assert world.bell.account().state == "suspended"
        assert not Person.find(world.bell.person_id).is_active_staff()


def test_who_came_back_has_their_roles(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    client.post(f"/maple/admin/people/{world.tess.person_id}/leave", status=303)

    client.post(f"/maple/admin/people/{world.tess.person_id}/come-back", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert world.tess.account().is_active
        assert world.tess.account().has(Role.TECHNICIAN)


def test_admins_do_not_deactivate_themselves(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    shown = client.follow(client.post(f"/maple/admin/people/{world.adams.person_id}/leave"))

    assert "Ask another admin" in shown.text
    with app.app_context(), as_district(world.maple.id):
        assert world.adams.account().is_active


def test_the_last_admin_stays_one(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    shown = client.follow(
        client.post(
            f"/maple/admin/people/{world.adams.person_id}/roles/withdraw", {"role": "admin", "school": ""}
        )
    )

    assert "only admin" in shown.text
    with app.app_context(), as_district(world.maple.id):
        assert world.adams.account().has(Role.ADMIN)


def test_a_role_is_given_at_one_school_and_taken_away(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    page = client.get(f"/maple/admin/people/{world.bell.person_id}")
    cedar = world.maple.schools["Cedar"]

    client.submit(page, "/roles", status=303, role="technician", school=str(cedar))

    with app.app_context(), as_district(world.maple.id):
        assert world.bell.account().has(Role.TECHNICIAN, cedar)
        assert not world.bell.account().has(Role.TECHNICIAN, world.maple.schools["North"])

    client.post(
        f"/maple/admin/people/{world.bell.person_id}/roles/withdraw",
        {"role": "technician", "school": str(cedar)},
    )

    with app.app_context(), as_district(world.maple.id):
        assert not world.bell.account().has(Role.TECHNICIAN, cedar)


def test_somebody_new_is_invited(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    shown = client.follow(client.submit(client.get("/maple/admin/people/new"), **NEW))

    client.submit(shown, "/invitation", status=303)

    with app.app_context(), as_district(world.maple.id):
        account = Account.with_address("ada.nunez@maple.example")
        assert account is not None
        assert account.state == "invited"
        assert (
            db.session.scalar(select(OneTimeLink.purpose).where(OneTimeLink.account_id == account.id))
            == "invite"
        )


def test_search_finds_by_a_part_without_its_marks(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams)
    client.submit(client.get("/maple/admin/people/new"), **NEW)

    found = client.get("/maple/admin/people?q=nunez")

    assert "Ada Nuñez" in found.text
    assert "Tess" not in found.one(id="results").text


def test_search_never_finds_a_stranger(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    assert "Nobody matches" in client.get("/maple/admin/people?q=quincy").text


def test_htmx_gets_the_list_alone(client: PageClient, world: World) -> None:
    part = client.sign_in(world.adams).get("/maple/admin/people?q=bell", htmx=True)

    assert not part.is_whole
    assert "Nora Bell" in part.text
