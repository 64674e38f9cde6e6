"""Paper: nothing is lost, everything counts once, and every refusal is a sentence."""

from io import BytesIO
from uuid import UUID, uuid4

import pytest
from flask import Flask, session
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from app.core.settings import Settings
from app.web import csrf, drafts, fields, public_forms
from app.web.fields import FilesField, Paper, PublicPaper

SECRET = "a-secret-of-the-session"


class LongNoteForm(Paper):
    text = TextAreaField("Note", [InputRequired("Write a note before you send it.")])


class PictureForm(PublicPaper):
    name = StringField("Name")
    pictures = FilesField("Pictures")


def posted(app: Flask, **data: object):
    return app.test_request_context(method="POST", data=data)


def test_what_was_typed_comes_back_with_the_sentence(hall_app: Flask) -> None:
    with posted(hall_app, text="  Lamp is dead ", csrf_token="dead"):
        session["csrf_token"] = SECRET
        form = LongNoteForm.filled()

        assert not form.validate()
        assert form.form_errors == [csrf.STALE]
        assert "csrf_token" not in form.errors
        assert form.text.data == "  Lamp is dead "


def test_a_whole_form_of_ours_is_good(hall_app: Flask) -> None:
    with posted(hall_app, text="Lamp is dead", csrf_token=csrf.masked(SECRET)):
        session["csrf_token"] = SECRET
        assert LongNoteForm.filled().validate()


def test_another_hand_finds_it_empty(hall_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = uuid4()
    monkeypatch.setattr(drafts, "author_of", lambda token: somebody)
    with posted(hall_app, text="Private", author="bell", csrf_token=csrf.masked(SECRET)):
        session["csrf_token"] = SECRET
        form = LongNoteForm.filled()

        assert not form.validate()
        assert form.form_errors == [fields.ANOTHER_HAND]
        assert not form.text.data


def test_a_paper_knows_nothing_of_the_one_before(hall_app: Flask) -> None:
    with posted(hall_app, text="", csrf_token=csrf.masked(SECRET)):
        session["csrf_token"] = SECRET
        before = LongNoteForm.filled()
        assert not before.validate()
        before.text.flags.required = False
    with posted(hall_app, text="Mine", csrf_token=csrf.masked(SECRET)):
        session["csrf_token"] = SECRET
        form = LongNoteForm.filled()

        assert not form.text.errors
        assert form.text.flags.required
        assert form.validate()
        assert form.text.data == "Mine"
        assert before.text.data == ""


def test_the_key_stays_the_same_until_the_form_is_sent(hall_app: Flask) -> None:
    key = uuid4()
    with posted(hall_app, once=str(key)):
        assert LongNoteForm.filled().once.data == key
        assert LongNoteForm.blank().once.data != key


@pytest.mark.parametrize("given", ["", "x", "../../etc", str(UUID(int=0)) + "0"])
def test_a_broken_key_is_replaced(hall_app: Flask, given: str) -> None:
    with posted(hall_app, once=given):
        assert isinstance(LongNoteForm.filled().once.data, UUID)


def test_two_papers_fit_on_one_page(hall_app: Flask) -> None:
    with hall_app.test_request_context():
        form = LongNoteForm()

        assert form.text.id == form.text.label.field_id == "long-note-text"
        assert ' id="' not in form.hidden_tag()
        assert 'name="once"' in form.hidden_tag()


def test_files_that_were_not_chosen_are_none(hall_app: Flask) -> None:
    with posted(hall_app, pictures=(BytesIO(b""), "")):
        assert PictureForm.filled().pictures.data == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([(b"x", "one.png")] * 3, "Choose at most 2 files. You chose 3."),
        ([(b"", "one.png")], "one.png is empty. Choose it again, or leave it out."),
        ([(b"x" * 3000, "one.png")], "one.png has 3 KB. A file may have at most 2 KB."),
    ],
)
def test_files_beyond_the_limits_are_refused(
    hall_app: Flask,
    hall_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    files: list[tuple[bytes, str]],
    sentence: str,
) -> None:
    object.__setattr__(hall_settings, "max_files", 2)
    object.__setattr__(hall_settings, "max_file_bytes", 2048)
    monkeypatch.setattr(public_forms, "check", lambda *_: True)
    with posted(hall_app, pictures=[(BytesIO(body), name) for body, name in files]):
        form = PictureForm.filled()

        assert not form.validate()
        assert form.pictures.errors == [sentence]


def test_a_public_paper_wants_its_own_token_and_our_origin(hall_app: Flask) -> None:
    with hall_app.test_request_context():
        token = PictureForm().token.data
    for origin, given, good in [
        ("http://localhost", token, True),
        ("http://elsewhere.example", token, False),
        ("http://localhost", "forged", False),
        ("http://localhost", public_forms_token_of(hall_app, "other"), False),
    ]:
        with hall_app.test_request_context(method="POST", data={"token": given}, headers={"Origin": origin}):
            assert PictureForm.filled().validate() is good


def public_forms_token_of(app: Flask, form_name: str) -> str:
    with app.test_request_context():
        return public_forms.token(form_name)
