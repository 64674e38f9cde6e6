"""The page that a family opens: what it says, in which language, and to whom it says nothing."""

import logging
from datetime import date, timedelta

import pytest

from app.core import across_districts, clock, directory
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.directory import District
from app.core.tenancy import as_district
from app.family.actions import linking
from app.family.models.family_answer import FamilyAnswer
from app.family.models.words_approval import WordsApproval
from app.roster.actions import guardians, students
from app.roster.actions.guardians import Rights
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT
from app.roster.models.guardianship import Guardianship
from app.roster.models.recipients import standings
from app.roster.models.student import Student
from tests.family.homes import DESK, NOW, OFFICE, approve, home, link_of
from tests.page_client import PageClient
from tests.roster import families

LOST = [
    {NO_CONTACT: True, EDUCATION: False, MAIL: False},
    {EDUCATION: False},
    {EDUCATION: None},
    {MAIL: False},
]


@pytest.fixture(autouse=True)
def _october():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def there(app, world):
    return home(app, world.maple)


def say_rights(app, there, **holds):
    with app.app_context(), as_district(there.place.id):
        held = Guardianship.between(there.student_id, there.mother_id)
        rights = {EDUCATION: True, MAIL: True} | holds
        guardians.say_rights(held, Rights(holds=rights, note=""), by=SYSTEM)
        db.session.commit()


def is_shut(page):
    """The calm page: whom to call in the district, and no name, no school, no form."""
    assert page.status == 410
    assert page.h1 == "This link does not work"
    assert not page.all("form")
    for word in ("Mía", "Ortiz", "North", OFFICE):
        assert word not in page.text
    return True


def test_it_says_the_days_whom_to_call_and_what_is_offered(client, there):
    page = client.get(there.path, status=200)

    assert page.h1 == "About Mía at school"
    assert "Ortiz" not in page.text
    assert "North School" in page.text
    rows = {row.one("dt").text: row.one("dd").text for row in page.one("dl").all("div")}
    assert rows == {
        "Whole days": "5",
        "Excused": "2",
        "Not excused": "2",
        "Not explained yet": "1",
        "Days missed in part": "1",
    }
    assert "Counted up to September 25, 2026." in page.text
    assert OFFICE in page.text
    assert page.one("a", class_="call")["href"] == "tel:5550100142"
    assert "7:30 am to 4 pm" in page.text
    assert "A bus from Elm Street." in page.text


def test_it_carries_no_script_no_cookie_and_nothing_of_another_house(client, there):
    page = client.get(there.path)

    assert "<script" not in page.html
    assert "Set-Cookie" not in page.headers
    assert "http://" not in page.html
    assert "https://" not in page.html


def test_its_address_goes_nowhere(client, there):
    headers = client.get(there.path).headers

    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]


def test_its_secret_is_in_no_log_and_no_metric(client, there, caplog):
    caplog.set_level(logging.DEBUG)

    client.get(there.path)
    client.submit(client.get(there.path), "/receipt")
    client.get(f"/f/maple/{'q' * 32}")

    assert there.token not in caplog.text
    assert "q" * 32 not in caplog.text
    assert caplog.text
    told = client.browser.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).text
    assert 'door="family.pages_show"' in told
    assert there.token not in told
    assert "q" * 32 not in told


def test_the_row_keeps_a_hash_and_the_token_is_long(app, there):
    with app.app_context(), as_district(there.place.id):
        link = link_of(there)

        assert len(there.token) == 32  # 160 bits in base32
        assert there.token not in str({name: value for name, value in vars(link).items() if name != "token"})
        assert link.address == f"http://localhost{there.path}"


def test_opening_it_changes_nothing_but_that_it_was_opened(app, client, there):
    for _ in range(2):
        client.get(there.path, status=200)

    with app.app_context(), as_district(there.place.id):
        assert link_of(there).opened_at == NOW
        assert FamilyAnswer.of_student(there.student_id) == []


def test_a_browser_that_fetches_ahead_has_not_opened_it(app, client, there):
    client.get(there.path, headers={"Sec-Purpose": "prefetch"}, status=200)

    with app.app_context(), as_district(there.place.id):
        assert link_of(there).opened_at is None


def test_it_stands_outside_every_district(client, there):
    assert client.get(f"/maple{there.path}").status == 404


def test_a_link_of_another_district_opens_nothing(app, client, there):
    assert is_shut(client.get(f"/f/birch/{there.token}"))


def test_an_unknown_district_and_an_unknown_link_say_the_same(app, client, there):
    assert is_shut(client.get("/f/nowhere/abc"))
    assert is_shut(client.get("/f/maple/abc"))
    assert client.get("/f/maple").status == 404


def test_a_link_that_is_shut_says_whom_to_call(client, there):
    page = client.get("/f/maple/abc")

    assert DESK in page.text
    assert "Maple School District" in page.text


def test_it_ends_after_sixty_days(app, client, there):
    with clock.frozen(NOW + timedelta(days=60) - timedelta(seconds=1)):
        client.get(there.path, status=200)
    with clock.frozen(NOW + timedelta(days=60)):
        assert is_shut(client.get(there.path))


def test_a_withdrawn_link_opens_nothing(app, client, there):
    with app.app_context(), as_district(there.place.id):
        linking.withdraw(link_of(there))
        db.session.commit()

    assert is_shut(client.get(there.path))


@pytest.mark.parametrize("change", LOST)
def test_whoever_lost_the_right_since_sees_nothing(app, client, there, change):
    say_rights(app, there, **change)

    assert is_shut(client.get(there.path))


def test_whoever_is_no_guardian_any_more_sees_nothing(app, client, there):
    with app.app_context(), as_district(there.place.id):
        guardians.unlink(Guardianship.between(there.student_id, there.mother_id))
        db.session.commit()

    assert is_shut(client.get(there.path))


def test_nothing_is_said_about_a_student_who_left(app, client, there):
    with app.app_context(), as_district(there.place.id):
        students.leave(Student.find(there.student_id))
        db.session.commit()

    assert is_shut(client.get(there.path))


def test_a_court_order_that_came_since_shuts_it_until_a_person_has_read_it(app, client, there):
    with clock.frozen(NOW + timedelta(days=1)):
        say_rights(app, there, **{COURT_ORDER: True})
        assert is_shut(client.get(there.path))

        with app.app_context(), as_district(there.place.id):
            link = linking.link_for(Student.find(there.student_id), there.mother_id, by=SYSTEM)
            db.session.commit()
            client.get(f"/f/maple/{link.token}", status=200)


def test_an_eighteenth_birthday_shuts_it_until_a_person_decides(app, client, there):
    with app.app_context(), as_district(there.place.id):
        Student.find(there.student_id).born = date(2008, 10, 7)
        db.session.commit()

    with clock.frozen(NOW + timedelta(days=1)):
        client.get(there.path, status=200)
    with clock.frozen(NOW + timedelta(days=2)):
        assert is_shut(client.get(there.path))
        with app.app_context(), as_district(there.place.id):
            link = linking.link_for(Student.find(there.student_id), there.mother_id, by=SYSTEM)
            db.session.commit()
            client.get(f"/f/maple/{link.token}", status=200)


def test_a_link_that_went_where_the_barred_one_reads_is_shut(app, client, there):
    """By a number that a father shares, who must not be contacted since; the mother's mail still reaches her."""
    with app.app_context(), as_district(there.place.id):
        child = Student.find(there.student_id)
        families.email(link_of(there).guardian, "elena@ortiz.example")
        index = next(way.index for one in standings(child) for way in one.ways if way.kind == "mobile")
        by_text = linking.link_for(child, there.mother_id, by=SYSTEM, way_index=index)
        father = families.guardian(child, "Luis", "Ortiz", rights={NO_CONTACT: True})
        families.mobile(father, "+12065550142")
        db.session.commit()
        token = by_text.token

    assert is_shut(client.get(f"/f/maple/{token}"))
    client.get(there.path, status=200)


def test_who_guesses_links_has_to_wait(client, there):
    for number in range(50):
        assert client.get(f"/f/maple/{number}").status == 410

    answer = client.get("/f/maple/again")

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    client.get(there.path, status=200)


def test_without_a_school_year_or_a_register_it_counts_nothing(app, world, client):
    with app.app_context(), as_district(world.maple.id):
        child = families.student("Noor", "Haddad", number="S2", school=world.maple.schools["Cedar"])
        parent = families.guardian(child, "Rana", "Haddad")
        token = linking.link_for(child, parent.id, by=SYSTEM).token
        db.session.commit()

    page = client.get(f"/f/maple/{token}", status=200)

    assert "There is no count here yet." in page.text
    assert not page.all("dl")


def test_a_language_that_nobody_checked_is_not_shown(app, world, client):
    there = home(app, world.maple, language="es")

    page = client.get(there.path, status=200)

    assert page.one("html")["lang"] == "en"
    assert "Español: Ask for an interpreter" in page.text
    assert client.get(f"{there.path}?l=es").one("html")["lang"] == "en"


def test_once_a_person_checked_it_the_page_is_in_the_familys_language(app, world, client):
    there = home(app, world.maple, language="es")
    approve(app, world.maple, world.adams, "es")

    page = client.get(there.path, status=200)

    assert (page.one("html")["lang"], page.one("html")["dir"]) == ("es", "ltr")
    assert page.h1 == "Sobre Mía en la escuela"
    assert "Contado hasta el 25 de septiembre de 2026." in page.text
    assert client.get(f"{there.path}?l=en").h1 == "About Mía at school"


def test_an_approval_of_other_words_shows_nothing(app, world, client):
    there = home(app, world.maple, language="es")
    approve(app, world.maple, world.adams, "es")
    with app.app_context(), as_district(world.maple.id):
        db.session.query(WordsApproval).one().digest = "0" * 64
        db.session.commit()

    assert client.get(there.path).one("html")["lang"] == "en"


def test_it_is_read_from_right_to_left_with_the_digits_of_the_language(app, world, client):
    there = home(app, world.maple, language="ar")
    approve(app, world.maple, world.adams, "ar")

    page = client.get(there.path, status=200)

    assert (page.one("html")["lang"], page.one("html")["dir"]) == ("ar", "rtl")
    assert "٢٥ سبتمبر ٢٠٢٦" in page.text
    assert [dd.text for dd in page.all("dd")] == ["٥", "٢", "٢", "١", "١"]
    assert page.one("a", class_="call")["dir"] == "ltr"


def test_a_district_that_prepares_shows_nothing(app, world, there, client):
    with app.app_context():
        with across_districts.session() as across:
            across.get(District, world.maple.id).state = "preparing"
        directory.forget_directory()

    assert client.get(there.path).status == 410


def test_a_strangers_browser_is_no_matter(app, world, there):
    """Whoever is signed in, here or elsewhere, sees what the link shows and no menu."""
    page = PageClient(app).sign_in(world.quinn).get(there.path, status=200)

    assert page.h1 == "About Mía at school"
    assert not page.all("nav", **{"aria-label": "Main"})
