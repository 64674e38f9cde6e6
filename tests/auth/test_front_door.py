"""The door to the street."""


def test_it_asks_for_the_work_email(client, world):
    page = client.get("/", status=200)

    assert page.h1 == "Find your help desk"


def test_the_domain_names_the_district(client, world):
    page = client.submit(client.get("/"), email="Anybody.at.all@MAPLE.example", status=303)

    assert page.location == "/maple/sign-in"


def test_an_unknown_domain_gets_a_sentence(client, world):
    page = client.submit(client.get("/"), email="somebody@elsewhere.example", status=422)

    assert "No district here uses that address" in page.text


def test_half_an_address_gets_another(client, world):
    page = client.submit(client.get("/"), email="bell", status=422)

    assert "Type the whole address" in page.text


def test_the_demo_shows_its_two_districts_and_nobody_else_does(client, world, app, monkeypatch):
    assert [one["href"] for one in client.get("/").all("a", class_="button")] == [
        "/maple/sign-in",
        "/birch/sign-in",
    ]

    monkeypatch.setitem(app.extensions, "demo_accounts", ())
    assert client.get("/").all("a", class_="button") == []


def test_sign_in_outside_a_district_asks_the_same(client, world):
    assert client.get("/sign-in", status=200).h1 == "Find your help desk"


def test_inside_it_leads_to_the_first_page_that_one_may_see(client, world):
    page = client.sign_in(world.tess).get("/maple/", status=303)

    assert page.location.startswith("/maple/")
    assert page.location != "/maple/sign-in"
    assert client.follow(page).status == 200
