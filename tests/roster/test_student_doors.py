"""Students, guardians and contacts through the doors: who sees them, and what the office can do."""

import pytest
from sqlalchemy import select

from app.auth.models.role_grant import RoleGrant
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.search import people_matching
from app.core.tenancy import as_district
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, GuardianRight
from app.roster.models.student import Student
from tests.roster import families


class Family:
    """Mía at North and Max at Cedar, with Ana, who belongs to both: their ids."""

    def __init__(self, place):
        mia = families.student("Mía", "Salas", number="20417", school=place.schools["North"])
        max = families.student("Max", "Salas", number="20418", school=place.schools["Cedar"])
        rights = {EDUCATION: True, MAIL: True, COURT_ORDER: True}
        ana = families.guardian(mia, "Ana", "Salas", language="es", rights=rights, note="The quokka order")
        families.belongs(max, ana)
        self.mia, self.max, self.ana = mia.id, max.id, ana.id
        self.number = families.mobile(ana, "+12125550123").id
        self.held = families.guardianships(mia)[0][0].id


@pytest.fixture
def family(app, world):
    with app.app_context(), as_district(world.maple.id):
        made = Family(world.maple)
        db.session.commit()
        return made


@pytest.mark.parametrize("typed", ["mia salas", "SALAS", "20417"])
def test_the_office_finds_a_student_by_name_or_number(client, world, family, typed):
    found = client.sign_in(world.olive).get(f"/maple/students?q={typed}")

    assert "Mía Salas" in found.text
    assert "Max" not in found.text


def test_nobody_of_another_school_is_listed(client, world, family):
    client.sign_in(world.olive)

    for asked in ("", f"?school={world.maple.schools['Cedar']}"):
        listed = client.get(f"/maple/students{asked}").text
        assert "Mía Salas" in listed
        assert "Max" not in listed


def test_nobody_is_found_by_a_part_of_a_number(client, world, family):
    assert "Nobody matches" in client.sign_in(world.olive).get("/maple/students?q=2041").text


def test_an_admin_finds_those_of_all_schools(client, world, family):
    found = client.sign_in(world.adams).get("/maple/students?q=salas", htmx=True)

    assert "Mía Salas" in found.text
    assert "Max Salas" in found.text


def test_the_page_says_who_is_written_to_and_leaves_an_access_record(app, client, world, family):
    shown = client.sign_in(world.clark).get(f"/maple/students/{family.mia}")

    assert "May be written to" in shown.text
    assert "+12125550123" in shown.text
    assert "Español" in shown.text
    with app.app_context(), as_district(world.maple.id):
        (seen,) = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "viewed"))
        assert (seen.what, seen.which, seen.by_id) == ("students", family.mia, world.clark.id)


def test_what_the_court_order_says_is_for_the_office_and_the_counselor(client, world, family):
    page = f"/maple/guardianships/{family.held}"

    for who, reads in ((world.olive, True), (world.cora, True), (world.clark, False), (world.adams, False)):
        shown = client.sign_in(who).get(page, status=200)
        assert "Court order on file" in shown.text
        assert ("quokka" in shown.html) == (who is world.olive), who.name
        order = client.get(f"{page}/court-order")
        assert (order.status == 200) == ("quokka" in order.html) == reads, who.name


def test_a_guardian_of_two_schools_shows_each_reader_their_own_student(client, world, family):
    shown = client.sign_in(world.olive).get(f"/maple/guardians/{family.ana}")

    assert "Mía Salas" in shown.text
    assert "Max" not in shown.text
    client.get(f"/maple/students/{family.max}", status=404)


def test_readers_change_nothing(client, world, family):
    for who in (world.cora, world.clark, world.adams):
        client.sign_in(who)
        assert not [
            form for form in client.get(f"/maple/students/{family.mia}").all("form") if form.within("main")
        ]
        client.get(f"/maple/students/{family.mia}/guardians/new", status=404)
        client.post(f"/maple/contacts/{family.number}/removal", {}, status=404)


def test_the_help_desk_finds_no_student_and_no_guardian(app, client, world, family):
    with app.app_context(), as_district(world.maple.id):
        assert people_matching("salas") == []
    client.sign_in(world.tess)
    for path in (
        "students",
        f"students/{family.mia}",
        f"guardians/{family.ana}",
        f"contacts/{family.number}",
    ):
        client.get(f"/maple/{path}", status=404)
    assert "Students" not in client.get("/maple/tickets").text


def test_an_admins_staff_pages_know_no_student(client, world, family):
    client.sign_in(world.adams)

    client.get(f"/maple/admin/people/{family.mia}", status=404)
    client.post(f"/maple/admin/people/{family.ana}/leave", {}, status=404)
    assert "Salas" not in client.get("/maple/admin/people?q=salas").one(id="results").text.replace(
        "“salas”", ""
    )


def test_the_office_adds_a_student_and_a_guardian(app, client, world):
    client.sign_in(world.olive)

    added = client.submit(
        client.get("/maple/students/new"),
        given_name="Noor",
        family_name="Haddad",
        number="20500",
        grade="04",
        language="ar",
    )
    student = client.follow(added)
    assert student.h1 == "Noor Haddad"
    added = client.submit(
        client.get(f"{student.path.split('?')[0]}/guardians/new"),
        "/guardians",
        given_name="Layla",
        family_name="Haddad",
        relation="Mother",
        language="ar",
        education_rights="yes",
        may_receive_mail="yes",
    )

    guardian = client.follow(added)
    assert guardian.h1 == "Layla Haddad"
    assert "العربية" in guardian.text
    with app.app_context(), as_district(world.maple.id):
        facts = db.session.scalars(select(GuardianRight)).all()
        assert {fact.name for fact in facts} == {EDUCATION, MAIL}
        assert {fact.entered_by_id for fact in facts} == {world.olive.person_id}


def test_the_office_writes_a_date_of_birth_down(client, world, family):
    client.sign_in(world.olive)
    address = f"/maple/students/{family.mia}"

    client.follow(client.submit(client.get(address), address, born="2017-03-01"))

    assert client.get(address).one("input", name="born")["value"] == "2017-03-01"
    refused = client.submit(client.get(address), address, born="1957-03-01", status=422)
    assert "it is not that of somebody who goes to school" in refused.text


def test_a_student_is_added_to_a_school_of_theirs_alone(client, world):
    form = client.sign_in(world.olive).get("/maple/students/new")

    assert [one.text for one in form.one("select", name="school_id").all("option")] == ["North School"]
    client.submit(
        form,
        given_name="Noor",
        family_name="Haddad",
        number="20500",
        school_id=str(world.maple.schools["Cedar"]),
        status=422,
    )


def test_a_brothers_guardian_is_chosen_and_not_typed_again(app, client, world, family):
    client.sign_in(world.olive)
    with app.app_context(), as_district(world.maple.id):
        leo = families.student("Leo", "Salas", number="20419", school=world.maple.schools["North"]).id
        db.session.commit()

    form = client.get(f"/maple/students/{leo}/guardians/new?sibling=20417")
    client.submit(form, "/guardians", who=str(family.ana), relation="Mother", education_rights="yes")

    with app.app_context(), as_district(world.maple.id):
        assert [one.id for _, one in families.guardianships(Student.find(leo))] == [family.ana]
        assert len(db.session.scalars(select(Guardian)).all()) == 1


def test_a_brother_whom_the_reader_may_not_see_is_not_there(client, world, family):
    client.sign_in(world.olive)

    hidden = client.get(f"/maple/students/{family.mia}/guardians/new?sibling=20418")
    nobody = client.get(f"/maple/students/{family.mia}/guardians/new?sibling=99999")

    assert hidden.one(class_="notice").text == nobody.one(class_="notice").text
    assert "Ana" not in hidden.text


def test_rights_that_contradict_are_refused_and_nothing_typed_is_lost(app, client, world, family):
    form = client.sign_in(world.olive).get(f"/maple/students/{family.mia}/guardians/new")

    refused = client.submit(
        form,
        "/guardians",
        given_name="Rex",
        family_name="Stone",
        no_contact="yes",
        may_receive_mail="yes",
        note="Typed with care",
        court_order="yes",
        status=422,
    )

    assert "cannot stand beside" in refused.text
    assert "Typed with care" in refused.html
    with app.app_context(), as_district(world.maple.id):
        assert len(db.session.scalars(select(Guardian)).all()) == 1


@pytest.mark.parametrize(
    ("kind", "written", "shown"),
    [
        ("mobile", {"value": "(212) 555-0199"}, "+12125550199"),
        ("email", {"value": "Ana@Example.com"}, "ana@example.com"),
        (
            "post",
            {"line1": "1 Elm Street", "city": "Maple", "region": "il", "postcode": "60601"},
            "1 Elm Street, Maple IL 60601",
        ),
    ],
)
def test_the_office_adds_a_way_to_reach_a_guardian(client, world, family, kind, written, shown):
    form = client.sign_in(world.olive).get(f"/maple/guardians/{family.ana}/contacts/new?kind={kind}")

    sent = client.submit(form, **written, consent="implied", consent_source="enrollment")

    assert shown in client.follow(sent).text


@pytest.mark.parametrize("htmx", [False, True])
def test_a_number_that_rings_nowhere_is_a_sentence_beside_the_field(client, world, family, htmx):
    form = client.sign_in(world.olive).get(f"/maple/guardians/{family.ana}/contacts/new?kind=mobile")

    refused = client.submit(form, value="555-01", htmx=htmx, status=422)

    assert "no number of the United States or Canada" in refused.text
    assert "555-01" in refused.html


def test_each_part_of_an_address_has_its_own_sentence(client, world, family):
    form = client.sign_in(world.olive).get(f"/maple/guardians/{family.ana}/contacts/new?kind=post")

    refused = client.submit(form, line1="1 Elm Street", city="Maple", region="IL", postcode="606", status=422)

    (link,) = refused.one(class_="error-summary__list").all("a")
    assert link["href"] == "#guardian-contact-postcode"
    assert refused.one("input", name="line1")["value"] == "1 Elm Street"


def test_a_way_is_changed_and_removed(app, client, world, family):
    form = client.sign_in(world.olive).get(f"/maple/contacts/{family.number}")
    assert form.one("input", name="value")["value"] == "+12125550123"

    client.submit(form, f"/contacts/{family.number}", value="212 555 0177")
    client.submit(client.get(f"/maple/contacts/{family.number}"), "/removal")

    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(Contact)).all() == []


def test_another_districts_office_finds_nothing(app, client, world, family):
    with app.app_context(), as_district(world.birch.id):
        db.session.add(RoleGrant(id=uuid7(), account_id=world.quincy.id, role="school_office"))
        db.session.commit()
    client.sign_in(world.quincy)

    assert "Nobody matches" in client.get("/birch/students?q=salas").text
    for path in (f"students/{family.mia}", f"guardians/{family.ana}", f"guardianships/{family.held}"):
        client.get(f"/birch/{path}", status=404)
