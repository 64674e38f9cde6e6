"""Whoever answers for a school's records sees who looked at a student's and changed it, and of no other school's."""

import pytest

from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.contact import Contact
from tests.page_client import PageClient
from tests.roster import families


class Salas:
    """Mía at North and Max at Cedar with Ana, who belongs to both; Leo at North with nobody: their ids."""

    def __init__(self, place):
        mia = families.student("Mía", "Salas", number="20417", school=place.schools["North"])
        max = families.student("Max", "Salas", number="20418", school=place.schools["Cedar"])
        leo = families.student("Leo", "Brandt", number="20419", school=place.schools["North"])
        ana = families.guardian(mia, "Ana", "Salas")
        families.belongs(max, ana)
        self.mia, self.max, self.leo, self.ana = mia.id, max.id, leo.id, ana.id
        self.number = families.mobile(ana, "+12125550123").id


@pytest.fixture
def salas(app, world):
    with app.app_context(), as_district(world.maple.id):
        made = Salas(world.maple)
        db.session.commit()
        return made


def lines(client, id, query=""):
    rows = client.get(f"/maple/students/{id}/history{query}", status=200).all("tbody")
    return [row.text for row in rows[0].all("tr")] if rows else []


def test_who_looked_at_a_student_or_a_guardian_is_told(app, client, world, salas):
    PageClient(app).sign_in(world.cora).get(f"/maple/students/{salas.mia}", status=200)
    PageClient(app).sign_in(world.clark).get(f"/maple/guardians/{salas.ana}", status=200)

    told = lines(client.sign_in(world.olive), salas.mia)

    assert any(line.startswith(f"{world.cora.name}viewed · student") for line in told)
    assert any(line.startswith(f"{world.clark.name}viewed · guardian") for line in told)


def test_a_contact_that_was_taken_away_is_told_and_its_value_is_not(client, world, salas):
    client.sign_in(world.olive)
    client.submit(client.get(f"/maple/contacts/{salas.number}"), "/removal", status=303)

    (line,) = [one for one in lines(client, salas.mia) if "removed a contact" in one]
    assert line.startswith(world.olive.name)
    assert "kind: mobile" in line
    assert "2125550123" not in line


def test_a_right_is_named_as_the_office_says_it(client, world, salas):
    told = lines(client.sign_in(world.olive), salas.mia)

    assert any("name: Holds education rights" in line for line in told)


def test_nothing_of_another_student_is_in_it(app, client, world, salas):
    PageClient(app).sign_in(world.adams).get(f"/maple/students/{salas.max}", status=200)
    PageClient(app).sign_in(world.adams).get(f"/maple/students/{salas.mia}", status=200)

    told = lines(client.sign_in(world.olive), salas.leo)

    assert not any(world.adams.name in line for line in told)
    assert sum("viewed" in line and world.adams.name in line for line in lines(client, salas.mia)) == 1


def test_it_is_for_the_office_the_principal_and_admins(client, world, salas):
    page = f"/maple/students/{salas.mia}"

    for who, may in ((world.olive, True), (world.adams, True), (world.cora, False), (world.clark, False)):
        client.sign_in(who)
        assert client.get(f"{page}/history").status == (200 if may else 404), who.name
        assert (f"{page}/history" in client.get(page).html) is may, who.name
    for who in (world.tess, world.lena, world.bell, world.sam):
        client.sign_in(who).get(f"{page}/history", status=404)
    client.sign_in(world.olive).get(f"/maple/students/{salas.max}/history", status=404)


def test_it_goes_on_page_by_page(app, client, world, salas):
    with app.app_context(), as_district(world.maple.id):
        for number in range(51):
            families.email(Contact.find(salas.number).guardian, f"ana{number}@example.org")
        db.session.commit()
    first = client.sign_in(world.olive).get(f"/maple/students/{salas.mia}/history")
    (older,) = [one["href"] for one in first.all("a") if one.get("rel") == "next"]

    assert len(first.all("tbody")[0].all("tr")) == 50
    assert client.get(older).all("tbody")[0].all("tr")
