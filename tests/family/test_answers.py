"""What a family sends: once, bounded, for a person to read; and what the office does about it."""

import io
from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select

from app.core import across_districts, clock, directory, quotas, storage
from app.core.actor import SYSTEM, Role
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import District
from app.core.tenancy import as_district
from app.family.actions import answering, linking
from app.family.actions.answering import MOST_AN_HOUR, Sent
from app.family.actions.refused import NotTaken
from app.family.models.absences import absences_of
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_file import FamilyFile
from app.family.models.family_link import FamilyLink
from app.family.views import pages
from app.roster.models.contact import Contact
from app.roster.models.recipients import recipients
from app.roster.models.stopped_number import StoppedNumber
from app.roster.models.student import Student
from tests.family.homes import NOW, approve, home, link_of
from tests.page_client import PageClient, filled_in
from tests.roster import families
from tests.world import join, write


@pytest.fixture(autouse=True)
def _october():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def there(app, world):
    return home(app, world.maple)


def sent(app, there):
    with app.app_context(), as_district(there.place.id):
        return [(one.kind, one.text) for one in FamilyAnswer.of_student(there.student_id)]


def photo():
    out, picture = io.BytesIO(), Image.new("RGB", (40, 30), "red")
    tags = Image.Exif()
    tags[271] = "Camera of Elena"
    picture.save(out, "JPEG", exif=tags)
    return out.getvalue()


def test_a_receipt_is_confirmed_once_by_a_form_and_never_by_opening(app, client, there):
    page = client.get(there.path)

    answer = client.submit(page, "/receipt", status=303)

    assert answer.location.startswith(f"{there.path}?l=en&done=receipt")
    after = client.get(answer.location)
    assert "You told the school on October 5, 2026" in after.text
    assert not [form for form in after.all("form") if "/receipt" in form["action"]]
    assert sent(app, there) == [("receipt", None)]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("note", {"text": "She had a fever."}),
        ("meeting", {"text": "Tuesdays after 4 pm"}),
        ("interpreter", {"language": "so"}),
        ("reach", {"language": "es", "way": "letter"}),
        ("stop", {}),
    ],
)
def test_each_thing_arrives_once_however_often_it_is_sent(app, client, there, kind, fields):
    page = client.get(there.path)

    first = client.submit(page, f"/{kind}", status=303, **fields)
    client.submit(page, f"/{kind}", status=303, **fields)

    assert sent(app, there) == [(kind, fields.get("text"))]
    assert "Thank you." in client.get(first.location).one(id="done").text


def test_what_is_sent_four_times_at_once_arrives_once(app, client, there):
    page = client.get(there.path)
    fields = {**filled_in(page.form("/note")), "text": "She had a fever."}
    action, together, answers = page.form("/note")["action"], Barrier(4), []

    def post():
        with clock.frozen(NOW):  # each thread has a clock of its own
            together.wait()
            answers.append(PageClient(app).post(action, fields).status)

    threads = [Thread(target=post) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert answers == [303] * 4
    assert sent(app, there) == [("note", "She had a fever.")]


def test_two_different_notes_are_two(app, client, there):
    for text in ("One.", "Two."):
        client.submit(client.get(there.path), "/note", text=text, status=303)

    assert {text for _, text in sent(app, there)} == {"One.", "Two."}


def test_a_key_that_stands_with_another_familys_answer_makes_a_new_one(app, world, there):
    with app.app_context(), as_district(world.maple.id):
        child = families.student("Noor", "Haddad", number="S2", school=world.maple.schools["North"])
        parent = families.guardian(child, "Rana", "Haddad")
        once = uuid4()
        answering.send(linking.link_for(child, parent.id, by=SYSTEM), "note", Sent(text="Theirs"), once=once)
        made = answering.send(link_of(there), "note", Sent(text="Ours"), once=once)
        db.session.commit()

        assert made.id != once
        assert FamilyAnswer.find(once).text == "Theirs"


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("note", {"text": "  "}, "Write a few words, or choose a file."),
        ("note", {"text": "a" * 2001}, "That is too long. Use at most 2000 characters."),
        ("meeting", {"text": ""}, "Write which days and times are good for you."),
        ("interpreter", {"language": "klingon"}, "Choose one from the list."),
        ("reach", {"language": "es", "way": "pigeon"}, "Choose one from the list."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(app, client, there, kind, fields, said):
    answer = client.submit(client.get(there.path), f"/{kind}", status=422, **fields)

    assert said in answer.one(id="problem").text
    assert answer.title.startswith("Nothing was sent yet")
    assert answer.one(id=kind).get("open") is not None
    if fields.get("text", "").strip():
        assert fields["text"] in answer.text
    assert sent(app, there) == []


def test_nothing_is_taken_without_our_token_or_from_another_site(app, client, there):
    page = client.get(there.path)

    assert client.post(f"{there.path}/note", {"text": "Hello"}).status == 422
    assert client.submit(page, "/note", text="Hello", token="1.2.3").status == 422
    action = page.form("/note")["action"]
    elsewhere = {"Origin": "https://elsewhere.example"}
    fields = {"text": "Hello", "token": page.form("/note").one("input", name="token")["value"]}
    assert client.post(action, fields, headers=elsewhere).status == 422
    assert sent(app, there) == []


def test_a_form_that_stood_open_too_long_keeps_what_was_written(client, there):
    page = client.get(there.path)

    with clock.frozen(NOW + timedelta(days=2)):
        answer = client.submit(page, "/note", text="She had a fever.", status=422)

    assert "This page was open for a long time." in answer.text
    assert "She had a fever." in answer.text


def test_there_is_no_other_thing_to_send(client, there):
    assert client.post(f"{there.path}/excuse", {}).status == 404


def test_a_shut_link_takes_nothing(app, client, there):
    page = client.get(there.path)
    with app.app_context(), as_district(there.place.id):
        linking.withdraw(link_of(there))
        db.session.commit()

    assert client.submit(page, "/note", text="Hello").status == 410
    assert sent(app, there) == []


def test_after_twenty_an_hour_it_asks_to_wait(app, client, there):
    with app.app_context(), as_district(there.place.id):
        for number in range(MOST_AN_HOUR):
            answering.send(link_of(there), "note", Sent(text=str(number)), once=uuid4())
        db.session.commit()

    answer = client.submit(client.get(there.path), "/note", text="Once more", status=429)

    assert "That was very often." in answer.text
    assert "Once more" in answer.text
    with clock.frozen(NOW + timedelta(hours=1)):
        client.submit(client.get(there.path), "/note", text="Once more", status=303)


def test_a_photo_is_drawn_anew_and_says_nothing_of_the_camera(app, client, there):
    given = photo()
    assert b"Camera of Elena" in given

    client.submit(client.get(there.path), "/note", file=(io.BytesIO(given), "IMG_1.JPG"), text="", status=303)

    with app.app_context(), as_district(there.place.id):
        (file,) = db.session.scalars(select(FamilyFile))
        with storage.open(file.storage_key) as stream:
            kept = stream.read()
        assert (file.content_type, file.size) == ("image/jpeg", len(kept))
        assert b"Camera of Elena" not in kept
        assert not Image.open(io.BytesIO(kept)).getexif()
        assert quotas.used(quotas.STORED) == file.size + file.thumbnail_size


def test_a_pdf_is_kept_as_it_came(app, client, there):
    letter = b"%PDF-1.7\nA letter\n%%EOF"

    client.submit(client.get(there.path), "/note", file=(io.BytesIO(letter), "../letter.exe"), status=303)

    with app.app_context(), as_district(there.place.id):
        (file,) = db.session.scalars(select(FamilyFile))
        with storage.open(file.storage_key) as stream:
            assert stream.read() == letter
        assert (file.content_type, file.name) == ("application/pdf", "letter.exe")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"<html><script>alert(1)</script>", "Only a photo or a PDF can be sent."),
        (b"PK\x03\x04word/document", "Only a photo or a PDF can be sent."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Only a photo or a PDF can be sent."),
        (b"\xff\xd8\xff" + b"no picture" * 9, "The file cannot be opened."),
    ],
)
def test_nothing_but_a_photo_or_a_pdf_is_taken_whatever_it_is_called(app, client, there, given, said):
    fields = {"file": (io.BytesIO(given), "letter.pdf"), "text": "See the letter"}

    answer = client.submit(client.get(there.path), "/note", status=422, **fields)

    assert said in answer.text
    assert "See the letter" in answer.text
    assert sent(app, there) == []


def test_a_file_too_large_is_refused_with_a_sentence(app, client, there, monkeypatch):
    """Of a smaller limit here: one byte over it, and more than the whole request may have."""
    for module in (answering, pages):
        monkeypatch.setattr(module, "LARGEST_FILE", 100_000)
    for size, status in ((100_001, 422), (350_000, 413)):
        big = (io.BytesIO(b"%PDF-".ljust(size, b"0")), "letter.pdf")

        answer = client.submit(client.get(there.path), "/note", file=big, text="x", status=status)

        assert "The file is too large." in answer.text
    assert sent(app, there) == []


def test_a_district_without_room_says_so_and_keeps_the_note(app, client, there):
    with app.app_context(), as_district(there.place.id):
        quotas.grant("stored-megabytes", 1)
        quotas.count(quotas.STORED, 2_000_000)
        db.session.commit()

    file = (io.BytesIO(photo()), "a.jpg")
    answer = client.submit(client.get(there.path), "/note", file=file, text="See the letter", status=422)

    assert "Nothing can be sent just now." in answer.text
    assert "See the letter" in answer.text
    assert sent(app, there) == []


def test_a_district_that_is_read_only_takes_nothing(app, world, client, there):
    page = client.get(there.path)
    with app.app_context():
        with across_districts.session() as across:
            across.get(District, world.maple.id).state = "read-only"
        directory.forget_directory()

    answer = client.submit(page, "/note", text="Hello", status=422)

    assert "Nothing can be sent just now." in answer.text
    assert "Hello" in answer.text


def test_stopping_texts_stops_the_number_as_a_text_would(app, world, client, there):
    client.submit(client.get(there.path), "/stop", status=303)

    with app.app_context(), as_district(world.maple.id):
        (hers,) = Contact.of_guardians([there.mother_id])
        assert StoppedNumber.holding(hers.value_index).how == "page"
    with app.app_context(), as_district(world.birch.id):
        assert StoppedNumber.count() == 0


def test_stopping_texts_holds_at_once_and_for_whoever_shares_the_number(app, world, client, there):
    with app.app_context(), as_district(world.maple.id):
        child = families.student("Noor", "Haddad", number="S2", school=world.maple.schools["North"])
        aunt = families.guardian(child, "Rana", "Haddad", relation="Aunt")
        families.mobile(aunt, "+12065550142")
        other = families.guardian(child, "Sami", "Haddad", relation="Father")
        families.mobile(other, "+12065550199")
        db.session.commit()
        ids = aunt.id, other.id

    client.submit(client.get(there.path), "/stop", status=303)

    with app.app_context(), as_district(world.maple.id):
        (hers,) = Contact.of_guardians([there.mother_id])
        assert (hers.consent, hers.consent_source) == ("refused", "family page")
        (aunts,) = Contact.of_guardians([ids[0]])
        assert aunts.consent == "refused"
        (others,) = Contact.of_guardians([ids[1]])
        assert others.consent == "given"
        assert not recipients(Student.find(there.student_id)).may
    # The page itself still opens: it is the texts that stopped.
    assert not [form for form in client.get(there.path, status=200).all("form") if "/stop" in form["action"]]


def test_nothing_that_is_sent_excuses_a_day(app, client, there):
    with app.app_context(), as_district(there.place.id):
        before = absences_of(Student.find(there.student_id))

    fields = {"file": (io.BytesIO(photo()), "a.jpg"), "text": "Doctor"}
    client.submit(client.get(there.path), "/note", status=303, **fields)

    with app.app_context(), as_district(there.place.id):
        assert absences_of(Student.find(there.student_id)) == before


def test_the_answer_keeps_the_language_of_the_page(app, world, client, there):
    approve(app, world.maple, world.adams, "es")

    answer = client.submit(client.get(f"{there.path}?l=es"), "/note", text="Tuvo fiebre.", status=303)

    assert "l=es" in answer.location
    assert client.get(answer.location).one(id="done").text.startswith("Gracias.")
    with app.app_context(), as_district(world.maple.id):
        assert FamilyAnswer.of_student(there.student_id)[0].read_in == "es"


# --- the office ---------------------------------------------------------------------------------------------


@pytest.fixture
def noted(app, there):
    with app.app_context(), as_district(there.place.id):
        answer = answering.send(link_of(there), "note", Sent(text="She had a fever."), once=uuid4())
        db.session.commit()
        return f"/maple/attendance/from-families/{answer.id}"


def test_it_waits_for_the_office_and_is_settled_with_a_remark(client, world, there, noted):
    client.sign_in(world.clark)
    listed = client.get("/maple/attendance/from-families", status=200)
    assert "1 thing waits" in listed.text
    assert "Mía Ortiz" in listed.text

    page = client.get(noted, status=200)
    assert "She had a fever." in page.text
    assert "+1 206-555-0142" in page.text or "2065550142" in page.text.replace("-", "").replace(" ", "")
    client.submit(page, "/settlement", remark="Called on Monday.", status=303)

    assert "0 things wait" in client.get("/maple/attendance/from-families").text
    assert "Mía Ortiz" in client.get("/maple/attendance/from-families?show=settled").text
    after = client.get(noted)
    assert "Called on Monday." in after.text
    client.submit(after, "/reopening", status=303)
    assert "1 thing waits" in client.get("/maple/attendance/from-families").text


def test_a_receipt_waits_for_nobody(app, client, world, there):
    client.submit(client.get(there.path), "/receipt", status=303)

    listed = client.sign_in(world.clark).get("/maple/attendance/from-families")

    assert "0 things wait" in listed.text


def test_only_those_of_the_school_see_it(app, world, there, noted):
    statuses = {}
    for name in ("tess", "lena", "bell", "adams", "quinn", "avery", "clark", "cora", "olive"):
        statuses[name] = PageClient(app).sign_in(getattr(world, name)).get(noted).status

    assert statuses == {
        **dict.fromkeys(("tess", "lena", "bell", "adams"), 404),
        **dict.fromkeys(("quinn", "avery"), 303),
        **dict.fromkeys(("clark", "cora", "olive"), 200),
    }


def test_a_clerk_of_another_school_finds_nothing(app, world, there, noted):
    with app.app_context(), as_district(world.maple.id):
        player = join(world.maple, "Ines", "Roy", "Cedar", (Role.ATTENDANCE_CLERK, "Cedar"))
        write({"ines": player})
        db.session.commit()
    client = PageClient(app).sign_in(player[0])

    assert client.get(noted).status == 404
    assert "Mía" not in client.get("/maple/attendance/from-families").text


def test_reading_it_leaves_an_access_record_of_the_student(app, client, world, there, noted):
    client.sign_in(world.clark).get(noted, status=200)

    with app.app_context(), as_district(world.maple.id):
        views = select(AuditEntry).where(AuditEntry.did == "viewed", AuditEntry.which == there.student_id)
        assert [one.what for one in db.session.scalars(views)] == ["students"]


def test_a_file_leaves_the_house_to_be_saved_and_its_picture_alone_is_shown(app, client, world, there):
    fields = {"file": (io.BytesIO(photo()), "IMG_1.JPG"), "text": ""}
    client.submit(client.get(there.path), "/note", status=303, **fields)
    with app.app_context(), as_district(world.maple.id):
        (file,) = db.session.scalars(select(FamilyFile))
        path, answer_id = f"/maple/attendance/from-families/files/{file.id}", file.answer_id
    client.sign_in(world.olive)

    saved = client.get(path, status=200)

    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert client.get(f"{path}/thumbnail").headers["Content-Type"] == "image/jpeg"
    assert client.get(f"/maple/attendance/from-families/{answer_id}").all("img")


def test_a_change_that_is_asked_for_is_a_proposal(app, client, world, there):
    client.submit(client.get(there.path), "/reach", language="es", way="letter", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert link_of(there).guardian.language == "en"
        (answer,) = FamilyAnswer.of_student(there.student_id)
    page = client.sign_in(world.olive).get(f"/maple/attendance/from-families/{answer.id}")
    assert "Español (Spanish), by letter" in page.text
    assert [a for a in page.all("a") if (a.get("href") or "").endswith(f"/guardians/{there.mother_id}")]


def test_the_office_makes_a_link_shows_it_once_and_withdraws_it(app, client, world, there):
    client.sign_in(world.olive)
    page = client.get(f"/maple/students/{there.student_id}/family", status=200)

    made = client.submit(page, "/links", guardian_id=str(there.mother_id), status=200)

    address = made.one("p", class_="mono").text
    assert address.startswith("http://localhost/f/maple/")
    path = address.removeprefix("http://localhost")
    client.get(path, status=200)
    again = client.get(f"/maple/students/{there.student_id}/family")
    assert path not in again.html
    with app.app_context(), as_district(world.maple.id):
        link = FamilyLink.of_student(there.student_id)[0]
    client.post(f"/maple/attendance/family-links/{link.id}/withdrawal", status=303)
    assert client.get(path).status == 410


def test_no_link_is_made_for_whoever_may_not_be_told(app, client, world, there):
    with app.app_context(), as_district(world.maple.id):
        child = Student.find(there.student_id)
        father = families.guardian(child, "Luis", "Ortiz", relation="Father", rights={"no_contact": True})
        db.session.commit()
        father_id = father.id
        with pytest.raises(linking.NotForThem):
            linking.link_for(child, father_id, by=SYSTEM)
    client.sign_in(world.olive)
    page = client.get(f"/maple/students/{there.student_id}/family")
    assert "Luis" not in page.form("/links").text

    answer = client.submit(page, "/links", guardian_id=str(father_id))

    assert answer.status == 422


def test_about_one_notice_there_is_one_link(app, world, there):
    with app.app_context(), as_district(world.maple.id):
        child, about = Student.find(there.student_id), linking.About("notice", uuid4())
        first = linking.link_for(child, there.mother_id, by=SYSTEM, about=about)
        again = linking.link_for(child, there.mother_id, by=SYSTEM, about=about)
        assert again.address == first.address
        linking.withdraw(first)
        db.session.flush()

        assert linking.link_for(child, there.mother_id, by=SYSTEM, about=about).address != first.address


def test_sent_after_a_refusal_nothing_half_is_kept(app, there):
    with app.app_context(), as_district(there.place.id):
        link, wrong = link_of(there), Sent(text="x", upload=answering.Upload("a.pdf", b"<html>"))
        with pytest.raises(NotTaken):
            answering.send(link, "note", wrong, once=uuid4())
        db.session.commit()

        assert FamilyAnswer.of_student(there.student_id) == []
