"""Every page of the admin room, and who never sees it."""

import pytest

from tests.page_client import PageClient
from tests.world import World

PAGES = (
    "/maple/admin",
    "/maple/admin/opening-day",
    "/maple/admin/people",
    "/maple/admin/people/new",
    "/maple/admin/schools",
    "/maple/admin/schools/new",
    "/maple/admin/services",
    "/maple/admin/services/district_mail_relay",
    "/maple/admin/contact",
    "/maple/admin/district",
    "/maple/admin/audit",
)


@pytest.mark.parametrize("path", PAGES)
def test_an_admin_sees_it(client: PageClient, world: World, path: str) -> None:
    page = client.sign_in(world.adams).get(path, status=200)

    assert page.h1


@pytest.mark.parametrize("path", PAGES)
def test_nobody_else_does(client: PageClient, world: World, path: str) -> None:
    for other in (world.bell, world.tess, world.lena):
        client.sign_in(other).get(path, status=404)


def test_the_admin_of_another_district_is_a_stranger(client: PageClient, world: World) -> None:
    page = client.sign_in(world.avery).get("/maple/admin/people")

    assert page.status == 303
    assert "/sign-in" in page.location


def test_things_of_another_district_are_not_there(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    client.get(f"/maple/admin/people/{world.quincy.person_id}", status=404)
    client.get(f"/maple/admin/schools/{world.birch.schools['North']}", status=404)
    client.get(f"/maple/admin/rooms/{world.birch.rooms['North', 'Library']}", status=404)
    client.post(f"/maple/admin/people/{world.quincy.person_id}/leave", status=404)
    client.post(
        f"/maple/admin/people/{world.quinn.person_id}/roles", {"role": "admin", "school": ""}, status=404
    )
