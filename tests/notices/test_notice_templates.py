"""What families are told: versions that are never changed, contents of the law, a named person's approval."""

from uuid import UUID

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import ProgrammingError

from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import lettering, templating
from app.notices.actions.refused import Refused
from app.notices.actions.templating import Draft
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText

RULE = "us-ca.truant.1"


@pytest.fixture
def admin(client, world):
    return client.sign_in(world.adams)


@pytest.fixture
def template(app, world):
    """California's first truancy notice, as we ship it."""
    with app.app_context(), as_district(world.maple.id):
        found = templating.begin(RULE)
        db.session.commit()
        yield found


def texts_of(template: NoticeTemplate) -> dict[str, NoticeText]:
    return {text.language: text for text in NoticeText.of(template.id)}


def approve(text: NoticeText, world) -> None:
    templating.approve(text, reads_it=True, by=world.adams.account())


def test_a_template_begins_with_our_drafts_and_nothing_is_approved(admin):
    page = admin.get("/maple/notice-templates")
    made = admin.post("/maple/notice-templates", {"wanted": RULE})
    shown = admin.get(made.location)

    assert "California: Truant: first report" in page.text
    assert "Approve an English text first." in shown.text
    assert shown.text.count("Waits for approval") == 2
    assert shown.text.count("Translation needed") == 20


def test_an_approval_is_refused_while_an_item_of_the_law_has_no_passage(template, world):
    english = texts_of(template)["en"]
    draft = Draft("en", english.heading, english.body, {**english.passages, "right_to_meet": ""})
    text = templating.write(template, draft, by=world.adams.account())

    with pytest.raises(Refused, match="There is no passage that says: the right to meet with the staff"):
        approve(text, world)
    assert not text.is_approved


def test_a_rule_whose_contents_we_do_not_know_is_refused_until_counsel_writes_them(app, world):
    with app.app_context(), as_district(world.maple.id):
        english = texts_of(templating.begin("us-wa.m1"))["en"]

        with pytest.raises(Refused, match="what follows from more absences"):
            approve(english, world)


def test_an_approval_names_a_person_who_reads_it(template, world):
    english = texts_of(template)["en"]

    with pytest.raises(Refused, match="read the language"):
        templating.approve(english, reads_it=False, by=world.adams.account())
    approve(english, world)

    assert english.approved_by.name == "Ruth Adams"
    assert NoticeText.in_use(template.id) is english


def test_a_machine_draft_is_never_approved(template, world):
    approve(texts_of(template)["en"], world)
    draft = Draft(
        "vi", "Tiêu đề", "Nội dung.", {key: "…" for key, _ in texts_of(template)["en"].required}, True
    )
    machine = templating.write(template, draft, by=world.adams.account())

    with pytest.raises(Refused, match="A machine wrote this draft"):
        approve(machine, world)
    assert machine.comes_from == "Machine draft"


def test_a_translation_counts_for_its_own_version_alone(template, world):
    first, spanish = texts_of(template)["en"], texts_of(template)["es"]
    approve(first, world)
    approve(spanish, world)
    assert [one.language for one in lettering.home_then_english(first, "es")] == ["es", "en"]

    second = templating.write(
        template, Draft("en", first.heading, first.body, first.passages), by=world.adams.account()
    )
    approve(second, world)

    assert lettering.home_then_english(NoticeText.in_use(template.id), "es") == []
    with pytest.raises(Refused, match="no longer in use"):
        approve(spanish, world)


def test_the_database_lets_nobody_change_the_words_of_a_version(template):
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.session.execute(sql("update notice_texts set body = 'Other words'"))
    db.session.rollback()


def test_a_changed_text_is_another_version_and_needs_another_approval(admin, app, world):
    page = admin.get(admin.post("/maple/notice-templates", {"wanted": RULE}).location)
    (first,) = {one["href"] for one in page.all("a") if one.text == "English, version 1"}
    approved = admin.submit(admin.get(first), "/approval", reads_it="y")
    edit = admin.get(f"{page.path}/texts/new?language=en")
    saved = admin.submit(edit, "/texts", heading="((student)) was away for ((days)) days")
    second = admin.get(saved.location)

    assert approved.status == 303
    assert second.h1 == "English, version 2"
    assert "Not approved" in second.text
    with app.app_context(), as_district(world.maple.id):
        template = NoticeTemplate.for_(RULE)
        assert NoticeText.in_use(template.id).number == 1


def test_what_was_typed_stays_when_it_is_refused(admin):
    page = admin.get(admin.post("/maple/notice-templates", {"wanted": RULE}).location)
    edit = admin.get(f"{page.path}/texts/new?language=en")
    refused = admin.submit(edit, "/texts", status=422, heading="", **{"passages-3": "Come and see us."})

    assert "Write a heading." in refused.text
    assert "Come and see us." in refused.html


def test_a_passage_that_is_too_long_is_said_beside_it(admin):
    page = admin.get(admin.post("/maple/notice-templates", {"wanted": RULE}).location)
    edit = admin.get(f"{page.path}/texts/new?language=en")

    assert "Use at most 1,000 letters." in admin.submit(edit, "/texts", **{"passages-0": "x" * 1001}).text


def test_the_letter_of_a_version_is_a_pdf(admin, app, world):
    with app.app_context(), as_district(world.maple.id):
        spanish = texts_of(templating.begin(RULE))["es"].id
        db.session.commit()
    answer = admin.get(f"/maple/notice-texts/{spanish}/letter.pdf")

    assert answer.data.startswith(b"%PDF-")


def test_who_works_with_families_reads_it_and_may_not_write_it(client, world):
    clark = client.sign_in(world.clark)

    assert "A principal or a district admin begins them." in clark.get("/maple/notice-templates").text
    assert clark.post("/maple/notice-templates", {"wanted": RULE}).status == 404


def test_missing_values_are_named(template):
    english = texts_of(template)["en"]
    written = lettering.write(
        [english], {"student": "Maria", "guardian": "Ana", "days": "9", "earlier school": "no"}
    )

    assert written.missing == ("unexcused", "contact", "phone", "school")


def test_a_template_of_another_district_is_not_found(client, world, app):
    with app.app_context(), as_district(world.maple.id):
        id: UUID = templating.begin(RULE).id
        db.session.commit()

    assert client.sign_in(world.avery).get(f"/birch/notice-templates/{id}").status == 404
