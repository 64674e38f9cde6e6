"""The pages of notices: approved together, seen one by one, printed, returned, set up."""

import pytest

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import approving, collating
from app.notices.models.notice import Notice, State
from tests.notices.families import maria, ready, tell
from tests.notices.test_leaving import AFTERNOON, MORNING
from tests.roster import families


@pytest.fixture
def told(app, world):
    """A notice that waits, about Maria at North, to her mother: the ids of both."""
    with app.app_context(), as_district(world.maple.id):
        ready(world)
        student = maria(world)
        families.lives_at(families.guardian(student, "Ana", "Salas", language="es"), "12 Maple Street")
        (notice,) = tell(student).notices
        db.session.commit()
        return notice.id, student.id


def test_those_that_wait_are_approved_together_by_a_named_person(app, world, client, told):
    clark = client.sign_in(world.clark)
    waiting = clark.get("/maple/notices")
    answer = clark.submit(waiting, "/approval", notice=str(told[0]))

    assert "Maria Salas" in waiting.text
    assert "1 notice is approved." in clark.follow(answer).text
    with app.app_context(), as_district(world.maple.id):
        assert Notice.find(told[0]).approved_by.name == "Clark Reyes"


def test_nothing_ticked_says_so(world, client, told):
    clark = client.sign_in(world.clark)

    assert "Tick the notices" in clark.follow(clark.post("/maple/notices/approval", {})).text


def test_a_notice_of_another_school_is_not_approved_along(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        other = families.student("Eva", "Park", number="99", school=world.maple.schools["Cedar"])
        families.lives_at(families.guardian(other, "Kim", "Park"), "5 Elm Street")
        (theirs,) = tell(other).notices
        db.session.commit()
        id = theirs.id
    clark = client.sign_in(world.clark)
    clark.post("/maple/notices/approval", {"notice": str(id)})

    assert "Eva" not in clark.get("/maple/notices").text
    with app.app_context(), as_district(world.maple.id):
        assert Notice.find(id).state == State.WAITING


def test_one_is_seen_with_what_it_says_and_its_letter(world, client, told):
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/notices/{told[0]}")

    assert "Maria Salas ha faltado 9 días a la escuela" in page.text
    assert "Dear Ana Salas" in page.text
    assert clark.get(f"/maple/notices/{told[0]}/letter.pdf").data.startswith(b"%PDF-")


def test_one_is_cancelled_with_a_reason(world, client, told):
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/notices/{told[0]}")
    refused = clark.submit(page, "/cancellation", status=422)
    answer = clark.submit(page, "/cancellation", why="The note came.")

    assert "Say why it is cancelled." in refused.text
    assert "Cancelled: The note came." in clark.follow(answer).text


def test_a_family_is_written_to_from_the_student(world, client, told):
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/students/{told[1]}/notices")
    answer = clark.submit(page, "/notices", days="12", unexcused="3")

    assert "Notices: 1 written." in clark.follow(answer).text
    assert "Write how many days were missed." in clark.submit(page, "/notices", days="", unexcused="3").text


def test_a_student_is_found_by_number_where_the_reader_may_see_them(world, client, told):
    clark = client.sign_in(world.clark)

    assert clark.get("/maple/notices/student?number=77").location == f"/maple/students/{told[1]}/notices"
    assert "No student of yours" in clark.follow(clark.get("/maple/notices/student?number=404")).text


def test_the_letters_of_a_day_are_printed_listed_posted_and_taken_back(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        with clock.frozen(MORNING):
            approving.approve(notice, caution_read=False, by=world.adams.account())
        with clock.frozen(AFTERNOON):
            collating.collate()
        db.session.commit()
        batch, code = notice.batch_id, notice.code
    admin = client.sign_in(world.adams)
    page = admin.get(f"/maple/print-batches/{batch}")
    (file,) = (one["href"] for one in page.all("a") if "(PDF)" in one.text)
    manifest = admin.get(f"/maple/print-batches/{batch}/manifest.csv").data.decode("utf-8-sig")
    certificate = admin.get(f"/maple/print-batches/{batch}/certificate.csv").data.decode("utf-8-sig")

    assert admin.get(file).data.startswith(b"%PDF-")
    assert f"1,{code},Ana Salas,in print," in manifest
    assert f'1,Ana Salas,"12 Maple Street, Maple IL 60601",{code}' in certificate
    assert "1 letter is posted." in admin.follow(admin.submit(page, "/posting")).text
    back = admin.submit(admin.get("/maple/returned-letters"), "/returned-letters", code=code, reason="moved")
    assert "Moved, and left no address." in admin.follow(back).text


def test_a_batch_says_how_many_of_its_letters_are_set(app, world, client, told, monkeypatch):
    monkeypatch.setattr(collating, "MOST_AT_ONCE", 1)
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        with clock.frozen(MORNING):
            approving.approve(notice, caution_read=False, by=world.adams.account())
            for duty in ("second", "third"):
                (other,) = tell(notice.student, duty=duty).notices
                approving.approve(other, caution_read=False, by=world.adams.account())
        with clock.frozen(AFTERNOON):
            collating.collate()
        db.session.commit()
        batch = notice.batch_id
    here = f"/maple/print-batches/{batch}"
    with clock.frozen(AFTERNOON):
        admin = client.sign_in(world.adams)
        page = admin.get(here)
        assert "1 of 3 letters set" in page.text
        assert "They are posted" not in page.text
        assert "1 of 3 letters set" in admin.get(here, htmx=True).text
        refused = admin.post(f"{here}/posting")
        assert "2 letters are still being set" in admin.follow(refused).text
        with app.app_context(), as_district(world.maple.id):
            while collating.collate():
                db.session.commit()
        assert admin.get(here, htmx=True).headers["HX-Refresh"] == "true"
        assert "They are posted" in admin.get(here).text


def test_a_letter_that_never_left_cannot_come_back(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        code = Notice.find(told[0]).code
    clark = client.sign_in(world.clark)
    page = clark.get("/maple/returned-letters")

    assert "has not left" in clark.submit(page, "/returned-letters", status=422, code=code).text
    assert "No letter has this code." in clark.submit(page, "/returned-letters", status=422, code="XX").text


def test_an_admin_says_how_families_are_written_to(world, client):
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/notice-settings")
    assert page.one("input", name="practises").get("checked") is not None
    fields = {"envelope": "dl", "cut_off": "14:30"}
    admin.submit(page, "/notice-settings", **fields)
    sender = admin.get("/maple/notice-settings/sender")
    answer = admin.submit(
        sender,
        "/sender",
        return_address="1 School St\nMaple",
        contact_name="Nora Bell",
        contact_phone="312 555 0100",
    )

    assert "Nora Bell, 312 555 0100" in admin.follow(answer).text


def test_what_is_printed_is_seen_by_who_prints_for_all_schools(world, client):
    assert client.sign_in(world.clark).get("/maple/print-batches").status == 404
    assert "No letters yet" in client.sign_in(world.adams).get("/maple/print-batches").text
