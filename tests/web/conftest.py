"""A toy room for the hall: one noun, one paper, the doors that every room has."""

from collections.abc import Iterator
from enum import StrEnum
from types import SimpleNamespace

import pytest
from flask import Flask, abort, render_template_string, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from app.core.actor import Role, current_actor
from app.core.db import db
from app.core.settings import Settings, use_settings
from app.roster.models.school import School
from app.web.fields import FilesField, Paper
from app.web.guard import allow, anyone, me
from app.web.page import done, page
from tests.page_client import PageClient
from tests.world import World

LAYOUT = (
    "{% extends 'layout.html' %}{% block title %}Note{% endblock %}{% block main %}<h1>Note</h1>"
    "<form method='post' action='{{ request.script_root }}/notes/new'>{{ form.hidden_tag() }}"
    "{{ ui.error_summary(form) }}{{ ui.field(form.title) }}{{ ui.field(form.text) }}"
    "{{ ui.field(form.kind) }}{{ ui.field(form.loud) }}{{ ui.field(form.files) }}{{ ui.button('Send') }}"
    "</form>{% endblock %}"
)


class May(StrEnum):
    WRITE = "write a note"
    READ = "read a school"
    WIPE = "wipe the board"
    LEAVE = "leave"


RULES = {
    May.WRITE: [lambda who, _: who.kind == "account"],
    May.READ: [lambda who, school: who.has(Role.TECHNICIAN, school.id)],
    May.WIPE: [lambda who, _: who.has(Role.TECHNICIAN)],
}


class NoteForm(Paper):
    title = StringField("Title", [InputRequired("Give it a title.")])
    text = TextAreaField("Text", [InputRequired("Write something.")])
    kind = SelectField("School")
    loud = BooleanField("Loud")
    files = FilesField("Files")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [(str(one.id), one.name) for one in db.session.scalars(School.by_name())]


def add_doors(app: Flask, seen: list[object]) -> None:
    @allow(May.WRITE, RULES)
    def new() -> ResponseReturnValue:
        return render_template_string(LAYOUT, form=NoteForm.filled())

    @allow(May.WRITE, RULES, paper=NoteForm)
    def create() -> ResponseReturnValue:
        form = NoteForm.filled()
        if not form.validate():
            return render_template_string(LAYOUT, form=form), 422
        seen.append((form.title.data, form.text.data, current_actor().name))
        return done("Sent.", f"{request.script_root}/notes/new")

    @allow(May.READ, RULES, of=School)
    def school(school: School) -> ResponseReturnValue:
        return render_template_string("{{ name }}", name=school.name)

    @allow(May.WIPE, RULES)
    def wipe() -> ResponseReturnValue:
        seen.append(("wiped", me().name))
        return "wiped"

    @allow(May.LEAVE, RULES)
    def without_a_rule() -> ResponseReturnValue:
        return "never"

    @allow(May.WIPE, RULES)
    def half() -> ResponseReturnValue:
        db.session.scalars(select(School)).first().name = "Half a school"
        db.session.flush()
        abort(409)

    @allow(May.WIPE, RULES)
    def whole() -> ResponseReturnValue:
        db.session.scalars(School.by_name()).first().name = "A Whole School"
        return "done"

    @anyone
    def open_door() -> ResponseReturnValue:
        seen.append(current_actor().name)
        return "open"

    for rule, view, method in (
        ("/notes/new", new, "GET"),
        ("/notes/new", create, "POST"),
        ("/notes/later/send", create, "POST"),
        ("/schools/<uuid:id>", school, "GET"),
        ("/board/wipe", wipe, "POST"),
        ("/never", without_a_rule, "GET"),
        ("/half", half, "POST"),
        ("/whole", whole, "POST"),
        ("/open", open_door, "GET"),
    ):
        app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])


@pytest.fixture
def toy(app: Flask, settings: Settings) -> Iterator[SimpleNamespace]:
    """An app with the toy room in it, and what its doors have done."""
    from app.factory import create_app

    with_toy = create_app(settings)
    with_toy.testing = True
    seen: list[object] = []
    add_doors(with_toy, seen)
    yield SimpleNamespace(app=with_toy, seen=seen, client=PageClient(with_toy))
    with with_toy.app_context():
        db.engine.dispose()
    use_settings(settings)


__all__ = ["World", "page"]
