"""One guard a door."""

import pytest
from flask import abort

from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.school import School
from app.web import csrf
from app.web.guard import guard_of, local_path


def names(toy, world) -> set[str]:
    with toy.app.app_context(), as_district(world.maple.id):
        return {one.name for one in db.session.scalars(School.by_name())}


def test_it_hands_the_thing_to_the_view(toy, world):
    page = toy.client.sign_in(world.tess).get(f"/maple/schools/{world.maple.schools['North']}", status=200)

    assert page.text == "North School"


def test_the_wrong_role_the_wrong_district_and_nothing_at_all_look_the_same(toy, world):
    north = world.maple.schools["North"]
    wrong_role = toy.client.sign_in(world.bell).get(f"/maple/schools/{north}", status=404)
    nothing = toy.client.get(f"/maple/schools/{world.bell.id}", status=404)
    other_district = toy.client.get(f"/maple/schools/{world.birch.schools['North']}", status=404)

    assert wrong_role.text == nothing.text == other_district.text


def test_a_technician_of_one_school_is_nobody_at_another(toy, world):
    toy.client.sign_in(world.sam)

    toy.client.get(f"/maple/schools/{world.maple.schools['Cedar']}", status=200)
    toy.client.get(f"/maple/schools/{world.maple.schools['North']}", status=404)


def test_a_session_of_maple_opens_nothing_at_birch(toy, world):
    toy.client.sign_in(world.tess)
    cookie = toy.client.browser.get_cookie("fo_maple")
    toy.client.browser.set_cookie("fo_birch", cookie.value)

    page = toy.client.get(f"/birch/schools/{world.birch.schools['North']}", status=303)

    assert page.location.startswith("/birch/sign-in")


def test_what_no_rule_names_is_denied(toy, world):
    toy.client.sign_in(world.adams).get("/maple/never", status=404)


def test_signed_out_leads_to_sign_in_and_back(toy, world):
    page = toy.client.get(f"/maple/schools/{world.maple.schools['North']}?tab=rooms", status=303)

    assert page.location == f"/maple/sign-in?next=/schools/{world.maple.schools['North']}%3Ftab%3Drooms"


def test_signed_out_htmx_is_told_to_load_the_sign_in_page(toy, world):
    page = toy.client.get(
        "/maple/notes/new",
        htmx=True,
        status=401,
        headers={"HX-Current-URL": "http://localhost/maple/notes/new?page=2"},
    )

    assert page.headers["HX-Redirect"] == "/maple/sign-in?next=/notes/new%3Fpage%3D2"


def test_a_press_without_our_token_does_nothing(toy, world):
    refused = toy.client.sign_in(world.tess).post("/maple/board/wipe", {"csrf_token": "forged"}, status=400)

    assert "Reload it and try again." in refused.text
    assert toy.seen == []


def test_a_press_with_somebody_elses_token_does_nothing(toy, world):
    other = csrf.masked("somebody elses secret")
    toy.client.sign_in(world.tess).post("/maple/board/wipe", {"csrf_token": other}, status=400)

    assert toy.seen == []


def test_a_press_with_our_token_does_it(toy, world):
    toy.client.sign_in(world.tess).post("/maple/board/wipe", status=200)

    assert toy.seen == [("wiped", "Tess Okafor")]


def test_htmx_brings_the_token_in_its_header(toy, world):
    toy.client.sign_in(world.tess)
    token = toy.client.csrf_token("/maple")

    toy.client.post(
        "/maple/board/wipe", {"csrf_token": ""}, htmx=True, headers={"X-CSRFToken": token}, status=200
    )


def test_a_view_that_raises_leaves_nothing_half_done(toy, world):
    toy.client.sign_in(world.tess).post("/maple/half", status=409)

    assert "Half a school" not in names(toy, world)


def test_a_view_that_returns_is_committed(toy, world):
    toy.client.sign_in(world.tess).post("/maple/whole", status=200)

    assert "A Whole School" in names(toy, world)


def test_an_open_door_knows_who_comes_and_takes_it_back_after(toy, world):
    toy.client.sign_in(world.tess).get("/maple/open", status=200)
    toy.client.sign_out().get("/maple/open", status=200)

    assert toy.seen == ["Tess Okafor", "FrontOffice"]


def test_a_suspended_account_is_signed_out_on_its_next_page(toy, world):
    toy.client.sign_in(world.tess)
    with toy.app.app_context(), as_district(world.maple.id):
        world.tess.account().state = "suspended"
        db.session.commit()

    toy.client.get("/maple/notes/new", status=303)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "evil",
        "",
        None,
        "/a\nb",
        "javascript:x",
    ],
)
def test_a_link_to_elsewhere_never_comes_back(path):
    assert local_path(path) is None


def test_a_path_within_comes_back():
    assert local_path("/tickets/1001?page=2") == "/tickets/1001?page=2"


def test_every_view_shows_its_guard(toy):
    assert guard_of(toy.app.view_functions["POST /board/wipe"]).may == "wipe the board"
    assert guard_of(toy.app.view_functions["GET /open"]).is_open
    assert guard_of(abort) is None
