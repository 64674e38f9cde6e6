"""The family page is set up: whom to call, how long links work, and whose words were checked."""

import pytest

from app.core.tenancy import as_district
from app.family.models.catalogue import CATALOGUES
from app.family.models.family_office import FamilyOffice
from app.family.models.words_approval import may_be_shown

PAGE = "/maple/attendance/family-page"


def test_what_a_school_leaves_empty_the_district_says(client, world):
    client.sign_in(world.adams)
    client.submit(client.get(f"{PAGE}/district"), phone="(555) 010-0100", link_days="30", status=303)
    school = f"{PAGE}/schools/{world.maple.schools['North']}"
    client.submit(client.get(school), phone="(555) 010-0142", status=303)

    listed = client.get(PAGE, status=200)

    assert "(555) 010-0142" in listed.text
    assert "The district’s" in listed.text


def test_how_long_links_work_is_the_districts(app, client, world):
    client.sign_in(world.adams)
    for days, status in (("0", 422), ("366", 422), ("", 422), ("14", 303)):
        client.submit(client.get(f"{PAGE}/district"), link_days=days, status=status)

    with app.app_context(), as_district(world.maple.id):
        assert FamilyOffice.lasting().days == 14


def test_the_office_keeps_its_own_school_and_no_other(client, world):
    client.sign_in(world.olive)

    client.get(f"{PAGE}/schools/{world.maple.schools['North']}", status=200)
    client.get(f"{PAGE}/schools/{world.maple.schools['Cedar']}", status=404)
    client.get(f"{PAGE}/district", status=404)


@pytest.mark.parametrize("tag", [tag for tag in CATALOGUES if tag != "en"])
def test_a_language_is_shown_once_somebody_named_has_checked_it(app, client, world, tag):
    client.sign_in(world.adams)
    page = client.get(f"{PAGE}/languages/{tag}", status=200)
    assert "Made by a machine" in page.text
    assert client.submit(page, "/approval", checked_by="").status == 422
    assert client.submit(page, "/approval", checked_by="Rosa Vega").status == 422

    client.submit(page, "/approval", checked_by="Rosa Vega", is_right="y", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert list(may_be_shown()) == sorted(["en", tag])
    with app.app_context(), as_district(world.birch.id):
        assert list(may_be_shown()) == ["en"]
    client.submit(client.get(f"{PAGE}/languages/{tag}"), "/withdrawal", status=303)
    with app.app_context(), as_district(world.maple.id):
        assert list(may_be_shown()) == ["en"]


def test_whoever_only_reads_approves_nothing(client, world):
    client.sign_in(world.clark)

    assert not client.get(f"{PAGE}/languages/es", status=200).all("form", method="post", action="/approval")
    client.post(f"{PAGE}/languages/es/approval", {"checked_by": "Clark", "is_right": "y"}, status=404)


def test_there_is_no_page_of_a_language_that_is_not_shipped(client, world):
    client.sign_in(world.adams)

    client.get(f"{PAGE}/languages/xx", status=404)
    client.get(f"{PAGE}/languages/en", status=404)
