"""Everybody sees who looked at their own record or changed it, and nobody else's."""

from app.auth.models.own_history import belonging
from app.core.actor import acting_as
from app.core.audit import viewed
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.person import Person
from tests.page_client import PageClient

PAGE = "/maple/profile/history"


def lines(client, query=""):
    rows = client.get(PAGE + query, status=200).all("tbody")
    return [row.text for row in rows[0].all("tr")] if rows else []


def test_whoever_looks_at_a_person_leaves_a_line(app, client, world):
    assert lines(client.sign_in(world.bell)) == []

    PageClient(app).sign_in(world.adams).get(f"/maple/admin/people/{world.bell.person_id}", status=200)

    (line,) = lines(client)
    assert line.startswith("Ruth Adamsviewed · your person")


def test_looking_at_oneself_is_no_news(client, world):
    client.sign_in(world.adams).get(f"/maple/admin/people/{world.adams.person_id}", status=200)

    assert lines(client, "?by=anybody") == []


def test_a_role_that_was_given_and_taken_is_told(app, client, world):
    admin = PageClient(app).sign_in(world.adams)
    page = admin.get(f"/maple/admin/people/{world.bell.person_id}")
    admin.submit(page, "/roles", role="technician", school="", status=303)
    given = lines(client.sign_in(world.bell))
    admin.post(
        f"/maple/admin/people/{world.bell.person_id}/roles/withdraw",
        {"role": "technician", "school": ""},
        status=303,
    )
    taken = lines(client.sign_in(world.bell))

    assert any("created · your role" in line and "role: technician" in line for line in given)
    assert any("took a role away · your account" in line and "technician" in line for line in taken)


def test_it_says_nothing_of_anybody_else(app, client, world):
    with app.app_context(), as_district(world.maple.id), acting_as(world.adams.account()):
        viewed(Person.find(world.tess.person_id))
        db.session.commit()

    assert lines(client.sign_in(world.bell), "?by=anybody") == []


def test_ones_own_doings_are_behind_the_other_tab(client, world):
    client.sign_in(world.bell)
    client.post("/maple/profile/sessions/end-others")

    assert lines(client) == []
    assert any("ended other sessions" in line for line in lines(client, "?by=anybody"))


def test_what_one_did_is_behind_the_third_tab_and_nobody_elses_is(app, client, world):
    PageClient(app).sign_in(world.adams).get(f"/maple/admin/people/{world.bell.person_id}", status=200)

    (line,) = [one for one in lines(client.sign_in(world.adams), "?by=me") if "person" in one]
    assert line.startswith("Ruth Adamsviewed · person")
    assert not any("Ruth Adams" in one for one in lines(client.sign_in(world.bell), "?by=me"))


def test_it_goes_on_page_by_page(app, client, world):
    with app.app_context(), as_district(world.maple.id), acting_as(world.adams.account()):
        for _ in range(51):
            viewed(Person.find(world.bell.person_id))
        db.session.commit()
    first = client.sign_in(world.bell).get(PAGE)
    (older,) = [one["href"] for one in first.all("a") if one.get("rel") == "next"]

    assert len(first.all("tbody")[0].all("tr")) == 50
    assert len(client.get(older).all("tbody")[0].all("tr")) == 1
    for nonsense in ("x", "-1", "9" * 30, "٣"):
        assert client.get(f"{PAGE}?before={nonsense}").status == 200


def test_which_rows_are_ones_own_is_asked_of_the_models(app):
    assert ("role_grants", "account_id") in {(model.__tablename__, by) for model, by in belonging()}
