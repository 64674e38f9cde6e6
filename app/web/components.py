"""`ui`: the components, as one name that every template, block and partial knows.

A macro imported at the top of a page is undefined when one block of it is rendered alone;
a global of the environment is not.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from flask import Flask
from jinja2 import Environment
from markupsafe import Markup
from wtforms import Field, FieldList, Form, RadioField, SelectMultipleField
from wtforms.widgets import ListWidget

from app.web import filters, icons

Problem = tuple[str, str | None]

_PILL = Markup('<span class="pill" data-tone="%s">%s</span>')

#: What a phone's own checks would say in the browser's words; the server says it in ours.
NOT_THE_BROWSERS = {"required": False, "maxlength": False, "minlength": False}


def install(app: Flask) -> None:
    app.jinja_env.globals["ui"] = Components(app.jinja_env)


class Components:
    """`ui.field(...)` is the macro `field` of `components/field.html`.

    What stands in every row of a list is a function here: it costs a tenth of a macro.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getattr__(self, name: str) -> Callable[..., Markup]:
        if name.startswith("_"):
            raise AttributeError(name)
        macro: Callable[..., Markup] = getattr(
            self._environment.get_template(f"components/{name}.html").module, name
        )
        if not self._environment.auto_reload:
            setattr(self, name, macro)
        return macro

    #: A line drawing beside words that say the same.
    icon = staticmethod(icons.icon)

    #: A moment, told by the school's clock.
    time = staticmethod(filters.time)

    @staticmethod
    @lru_cache(512)
    def pill(text: str, tone: str = "neutral") -> Markup:
        """A state in a word. Each tone has its own shape too, so colour is never the only sign."""
        return _PILL % (tone, text)

    @staticmethod
    def attributes(given: Mapping[str, Any]) -> Markup:
        """Further attributes as they were named in the call: hx_post becomes hx-post."""
        return Markup("").join(_attribute(name, value) for name, value in given.items())

    @staticmethod
    def kind_of(field: Field) -> str:
        """How the field is laid out: hidden, checkbox, choices, file, select, textarea or text."""
        if isinstance(field, RadioField) or (
            isinstance(field, SelectMultipleField) and isinstance(field.widget, ListWidget)
        ):
            return "choices"
        widget = field.widget
        kind = getattr(widget, "input_type", None) or type(widget).__name__.lower()
        return kind if kind in {"hidden", "checkbox", "file", "select", "textarea"} else "text"

    @staticmethod
    def needed(field: Field) -> bool:
        return bool(getattr(field.flags, "required", False))

    @staticmethod
    def may_be_empty(field: Field) -> bool:
        """Whether to say "(optional)": a list always has something chosen unless it says otherwise."""
        if Components.kind_of(field) in {"select", "choices"}:
            return bool(getattr(field.flags, "optional", False))
        return not Components.needed(field)

    @staticmethod
    def described(field: Field, hint: str) -> Markup:
        ids = _described_by(field, hint)
        return Markup(' aria-describedby="{}"').format(ids) if ids else Markup("")

    @staticmethod
    def control(
        field: Field,
        hint: str,
        rows: int | None,
        autocomplete: str | None,
        given: Mapping[str, Any],
    ) -> Markup:
        """The control itself, with what ties it to its hint and error."""
        attributes: dict[str, Any] = {**NOT_THE_BROWSERS, "class_": "control"}
        kind = Components.kind_of(field)
        if kind == "checkbox":
            attributes["class_"] = "choice__box"
        if kind == "textarea":
            attributes["rows"] = rows or 5
        if autocomplete:
            attributes["autocomplete"] = autocomplete
        if Components.needed(field):
            attributes["aria_required"] = "true"
        if ids := _described_by(field, hint):
            attributes["aria_describedby"] = ids
        if field.errors:
            attributes["aria_invalid"] = "true"
        attributes |= {
            name if name.endswith("_") else name.replace("_", "-"): value for name, value in given.items()
        }
        control: Markup = field(**attributes)
        return control

    @staticmethod
    def problems(form: Form) -> list[Problem]:
        """Each thing wrong with the form: the sentence, and the id of the field to go to."""
        return [(str(sentence), None) for sentence in form.form_errors] + [
            (str(field.errors[0]), _anchor(field)) for field in _each(form) if field.errors
        ]


def _each(form: Form) -> Iterator[Field]:
    """The fields, those of a list of them one by one: of the list itself nobody can say what is wrong."""
    for field in form:
        yield from field.entries if isinstance(field, FieldList) else (field,)


def _attribute(name: str, value: Any) -> Markup:
    if value is None or value is False:
        return Markup("")
    dashed = name.rstrip("_").replace("_", "-")
    return Markup(" {}").format(dashed) if value is True else Markup(' {}="{}"').format(dashed, value)


def _described_by(field: Field, hint: str) -> str:
    return " ".join(_described_parts(field, hint))


def _described_parts(field: Field, hint: str) -> Iterator[str]:
    if hint or field.description:
        yield f"{field.id}-hint"
    if field.errors:
        yield f"{field.id}-error"


def _anchor(field: Field) -> str | None:
    kind = Components.kind_of(field)
    if kind == "hidden":
        return None
    return f"{field.id}-0" if kind == "choices" else str(field.id)
