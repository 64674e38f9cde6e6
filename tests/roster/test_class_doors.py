"""Classes through the doors: the office sees those of its school, a teacher their own, and nobody else any."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models.enrollment import Enrollment
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school_class import SchoolClass
from tests.roster import families


class Taught:
    """Band at North, which Bell teaches with Mía in it, and Chess at Cedar with Max: their ids."""

    def __init__(self, world):
        schools = world.maple.schools
        mia = families.student("Mía", "Salas", number="20417", school=schools["North"])
        max = families.student("Max", "Salas", number="20418", school=schools["Cedar"])
        self.mia, self.max = mia.id, max.id
        self.band = self._class("Band", schools["North"], [mia, max], world.bell.person_id)
        self.chess = self._class("Chess", schools["Cedar"], [max], None)

    def _class(self, title, school_id, students, teacher_id):
        source = RosterSource.of_kind(ONEROSTER_CSV)
        made = SchoolClass(
            source_id=source.id,
            key=title,
            title=title,
            code=title[:3].upper(),
            kind="scheduled",
            school_id=school_id,
        )
        db.session.add(made)
        db.session.flush()
        rows = [(one.id, "student") for one in students] + [(teacher_id, "teacher")] * bool(teacher_id)
        for nth, (person_id, role) in enumerate(rows):
            db.session.add(Enrollment(class_id=made.id, person_id=person_id, key=f"{nth}", role=role))
        return made.id


@pytest.fixture
def taught(app, world):
    with app.app_context(), as_district(world.maple.id):
        made = Taught(world)
        db.session.commit()
        return made


def changed(app, world, **values):
    """Band is so from now on."""
    with app.app_context(), as_district(world.maple.id):
        band = db.session.scalar(select(SchoolClass).where(SchoolClass.title == "Band"))
        for name, value in values.items():
            setattr(band, name, value)
        db.session.commit()


def test_the_office_finds_the_classes_of_its_school(client, world, taught):
    listed = client.sign_in(world.olive).get("/maple/classes")

    assert "Band" in listed.text
    assert "Nora Bell" in listed.text
    assert "Chess" not in listed.text


@pytest.mark.parametrize("typed", ["ban", "BAND", "chess"])
def test_a_class_is_found_by_a_part_of_its_title_or_code(client, world, taught, typed):
    found = client.sign_in(world.adams).get(f"/maple/classes?q={typed}", htmx=True).text

    assert ("Band" in found) == (typed != "chess")
    assert ("Chess" in found) == (typed == "chess")


def test_an_admin_chooses_a_school(client, world, taught):
    listed = client.sign_in(world.adams).get(f"/maple/classes?school={world.maple.schools['Cedar']}").text

    assert "Chess" in listed
    assert "Band" not in listed


def test_the_class_says_who_teaches_it_and_who_is_in_it_and_leaves_an_access_record(
    app, client, world, taught
):
    shown = client.sign_in(world.olive).get(f"/maple/classes/{taught.band}")

    assert "Nora Bell" in shown.text
    assert "2 students" in shown.text
    assert f"/students/{taught.mia}" in shown.html
    assert "Max Salas" in shown.text
    assert f"/students/{taught.max}" not in shown.html
    with app.app_context(), as_district(world.maple.id):
        (seen,) = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "viewed"))
        assert (seen.what, seen.which, seen.by_id) == ("classes", taught.band, world.olive.id)


def test_a_teacher_sees_their_own_classes_and_of_students_no_more_than_that(client, world, taught):
    client.sign_in(world.bell)

    listed = client.get("/maple/classes")
    shown = client.get(f"/maple/classes/{taught.band}")

    assert "Band" in listed.text
    assert "Chess" not in listed.text
    assert "Mía Salas" in shown.text
    assert "/students/" not in shown.html
    client.get(f"/maple/students/{taught.mia}", status=404)
    client.get(f"/maple/classes/{taught.chess}", status=404)


def test_the_menu_offers_a_teacher_their_classes_and_nobody_who_teaches_none(app, client, world, taught):
    assert "/maple/classes" in client.sign_in(world.bell).get("/maple/requests").html
    with app.app_context(), as_district(world.maple.id):
        db.session.execute(delete(Enrollment).where(Enrollment.role == "teacher"))
        db.session.commit()

    assert "/maple/classes" not in client.get("/maple/requests").html
    client.get("/maple/classes", status=404)


@pytest.mark.parametrize(
    "so", ["it is over by its days", "the source has it no more", "they teach it no more"]
)
def test_a_teacher_sees_no_class_that_is_over(app, client, world, taught, so):
    yesterday = clock.now() - timedelta(days=2)
    if so == "it is over by its days":
        changed(app, world, ends_on=yesterday.date())
    elif so == "the source has it no more":
        changed(app, world, ended_at=yesterday)
    else:
        with app.app_context(), as_district(world.maple.id):
            held = db.session.scalar(select(Enrollment).where(Enrollment.role == "teacher"))
            held.ends_on = yesterday.date()
            db.session.commit()

    client.sign_in(world.bell).get(f"/maple/classes/{taught.band}", status=404)


def test_the_office_still_sees_one_that_is_over_and_that_it_is(app, client, world, taught):
    changed(app, world, ends_on=(clock.now() - timedelta(days=2)).date())

    client.sign_in(world.olive)

    assert "Over" in client.get(f"/maple/classes/{taught.band}").text
    assert "Band" not in client.get("/maple/classes").text


def test_whoever_works_at_the_desk_sees_none(client, world, taught):
    client.sign_in(world.tess)

    client.get("/maple/classes", status=404)
    client.get(f"/maple/classes/{taught.band}", status=404)


def test_a_students_page_says_which_classes_and_who_teaches_them(client, world, taught):
    shown = client.sign_in(world.olive).get(f"/maple/students/{taught.mia}")

    assert "Band" in shown.text
    assert "Nora Bell" in shown.text
    assert f"/classes/{taught.band}" in shown.html


def test_a_persons_page_says_what_they_teach(client, world, taught):
    shown = client.sign_in(world.adams).get(f"/maple/admin/people/{world.bell.person_id}")

    assert "Teaches" in shown.text
    assert f"/classes/{taught.band}" in shown.html
