"""Components: each says what it is to every reader, and escapes what people typed."""

from collections.abc import Callable

import pytest
from flask import Flask
from wtforms import BooleanField, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from tests.page_client import Element, read


class RequestForm(Form):
    title = StringField("Title", [InputRequired("Write a title."), Length(max=3)])
    text = TextAreaField("Text", description="What did you see?")
    urgency = RadioField("Urgency", [InputRequired("Choose one.")], choices={"low": "Low", "high": "High"})
    school = SelectField("School", choices={"1": "Maple High"})
    quiet = BooleanField("Keep quiet")


Draw = Callable[..., Element]


@pytest.fixture
def draw(hall_app: Flask) -> Draw:
    def drawn(source: str, **context: object) -> Element:
        with hall_app.test_request_context():
            return read(hall_app.jinja_env.from_string(source).render(**context))

    return drawn


def refused() -> RequestForm:
    form = RequestForm(data={"school": "1"})
    form.validate()
    return form


def test_a_field_is_tied_to_its_label_hint_and_error(draw: Draw) -> None:
    page = draw("{{ ui.field(form.title, hint='One line.') }}", form=refused())

    control = page.one("input")
    assert page.one("label")["for"] == control["id"]
    assert control["aria-describedby"] == "title-hint title-error"
    assert control["aria-invalid"] == control["aria-required"] == "true"
    assert page.one("p", id="title-error").text == "Error: Write a title."


def test_the_browser_says_nothing_in_words_of_its_own(draw: Draw) -> None:
    control = draw("{{ ui.field(form.title) }}", form=RequestForm()).one("input")

    assert control.get("required") is None
    assert control.get("maxlength") is None


def test_only_what_may_stay_empty_says_so(draw: Draw) -> None:
    page = draw("{% for field in form %}{{ ui.field(field) }}{% endfor %}", form=RequestForm())

    assert [label.text for label in page.all(class_="field__label")] == [
        "Title",
        "Text (optional)",
        "Urgency",
        "School",
    ]


def test_choices_are_a_group_with_a_name(draw: Draw) -> None:
    page = draw("{{ ui.field(form.urgency) }}", form=refused())

    assert page.one("legend").text == "Urgency"
    assert page.one("fieldset")["aria-describedby"] == "urgency-error"
    assert [one["id"] for one in page.all("input")] == ["urgency-0", "urgency-1"]


def test_the_summary_leads_to_every_field(draw: Draw) -> None:
    form = refused()
    form.form_errors.append("Tess changed this ticket meanwhile.")
    page = draw("{{ ui.error_summary(form) }}", form=form)

    summary = page.one("div", role="alert")
    assert summary.get("data-focus") is not None
    assert summary["tabindex"] == "-1"
    assert [one["href"] for one in page.all("a")] == ["#title", "#urgency-0"]
    assert page.one("h2").text == "There are 3 problems"
    assert "Tess changed this ticket meanwhile." in summary.text


def test_there_is_no_summary_where_nothing_is_wrong(draw: Draw) -> None:
    assert draw("{{ ui.error_summary(form) }}", form=RequestForm()).text == ""


def test_further_words_become_attributes(draw: Draw) -> None:
    page = draw("{{ ui.button('Take', hx_post='/take', disabled=True, hidden=False) }}")

    button = page.one("button")
    assert button["hx-post"] == "/take"
    assert button.get("disabled") == ""
    assert button.get("hidden") is None
    assert button["type"] == "submit"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ui.button(evil) }}",
        "{{ ui.button('x', name=evil, value=evil) }}",
        "{{ ui.button('x', title=evil) }}",
        "{{ ui.link_button(evil, evil) }}",
        "{{ ui.pill(evil, evil) }}",
        "{{ ui.notice(evil, evil, title=evil) }}",
        "{{ ui.empty(evil, evil) }}",
        "{{ ui.facts([(evil, evil)]) }}",
        "{{ ui.tabs([(evil, evil, true)], evil) }}",
        "{{ ui.pager(evil, evil, evil) }}",
        "{{ ui.icon(evil) }}",
    ],
)
def test_what_people_typed_stays_words(draw: Draw, source: str) -> None:
    page = draw(source, evil="\"'><script>alert(1)</script>")

    assert page.all("script") == []


def test_a_value_that_is_missing_is_said(draw: Draw) -> None:
    page = draw("{{ ui.facts([('Room', none), ('Replies', 0)]) }}")

    assert [one.text for one in page.all("dd")] == ["–not given", "0"]


def test_a_component_works_in_a_block_rendered_alone(hall_app: Flask) -> None:
    with hall_app.test_request_context():
        template = hall_app.jinja_env.from_string("{% block one %}{{ ui.pill('New', 'info') }}{% endblock %}")
        alone = "".join(template.blocks["one"](template.new_context()))

    assert read(alone).one("span", class_="pill").text == "New"


def test_a_name_without_a_component_is_an_error(draw: Draw) -> None:
    with pytest.raises(Exception, match="components/nothing"):
        draw("{{ ui.nothing() }}")
