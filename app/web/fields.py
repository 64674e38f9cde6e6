"""Paper: what people fill in. Every refusal is a sentence above or beside the field, and nothing is lost."""

import re
from collections.abc import Iterable
from copy import copy
from typing import Any, Self
from uuid import UUID
from weakref import WeakKeyDictionary

from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from markupsafe import Markup, escape
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField, PasswordField, SelectChoice, StringField, widgets
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.validators import ValidationError
from wtforms.widgets.core import clean_key

from app.core.db import uuid7
from app.core.settings import get_settings
from app.web import csrf, drafts, public_forms
from app.web.filters import file_size

ANOTHER_HAND = (
    "Somebody else signed in on this device after this form was opened. "
    "It is shown empty, and nothing was sent."
)


def attributes(**given: Any) -> Markup:
    """What wtforms' html_params writes, sorted as it does, at a third of the cost."""
    written = (
        name if value is True else f'{name}="{escape(value)}"'
        for name, value in sorted((clean_key(name), value) for name, value in given.items())
        if value is not False
    )
    return Markup(" ".join(written))  # noqa: S704 - names are ours, values are escaped


class TextArea(widgets.TextArea):
    """wtforms' own, with our attributes()."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        kwargs.setdefault("id", field.id)
        opened = attributes(name=field.name, **{**_of_flags(field, self.validation_attrs), **kwargs})
        return _TEXTAREA % (opened, field._value())


class FilesInput(widgets.FileInput):
    """wtforms' own, with our attributes()."""

    html_params = staticmethod(attributes)


def _of_flags(field: Any, names: Iterable[str]) -> dict[str, Any]:
    return {
        name: getattr(field.flags, name) for name in names if getattr(field.flags, name, None) is not None
    }


_TEXTAREA = Markup("<textarea %s>\r\n%s</textarea>")
_HIDDEN = Markup('<input name="%s" type="hidden" value="%s">')


class PastedSecretField(PasswordField):
    """A secret of several lines, which a browser would press into one elsewhere. It goes in and never comes out."""

    widget = TextArea()

    def _value(self) -> str:
        return ""


class CodeField(StringField):
    """A code that opens something once. Typed wrong it is not shown again: it may be one off of somebody's paper."""

    def _value(self) -> str:
        return ""


class OnceField(HiddenField):
    """A key made when the form is shown: however often the form arrives, it counts once."""

    data: UUID | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default=uuid7, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            try:
                self.data = UUID(valuelist[0])
            except ValueError:
                self.data = uuid7()

    def _value(self) -> str:
        return str(self.data or "")


class AuthorField(HiddenField):
    """Who has this form before them: as it came, who had it then; as it is shown, who has it now."""

    def _value(self) -> str:
        return drafts.author_token()


class FilesField(MultipleFileField):
    """Several files at once: only those really chosen, within the limits of the settings."""

    widget = FilesInput(multiple=True)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [one for one in valuelist if isinstance(one, FileStorage) and one.filename]

    def __call__(self, **kwargs: Any) -> Markup:
        limits = get_settings()
        kwargs.setdefault("data-max-files", limits.max_files)
        kwargs.setdefault("data-max-bytes", limits.max_file_bytes)
        control: Markup = super().__call__(**kwargs)
        return control

    def pre_validate(self, form: Any) -> None:
        limits = get_settings()
        files: list[FileStorage] = self.data or []
        if len(files) > limits.max_files:
            raise ValidationError(f"Choose at most {limits.max_files} files. You chose {len(files)}.")
        for one in files:
            size = _size_of(one)
            if size == 0:
                raise ValidationError(f"{one.filename} is empty. Choose it again, or leave it out.")
            if size > limits.max_file_bytes:
                most = file_size(limits.max_file_bytes)
                raise ValidationError(
                    f"{one.filename} has {file_size(size)}. A file may have at most {most}."
                )


class PlainPaper(FlaskForm):
    """What every paper has: ids of its own on the page, and hidden fields without any."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """A field as wtforms makes it: made once, and copied for each paper."""
            made = _MADE.setdefault(type(form), {})
            if unbound_field not in made:
                field = super().bind_field(form, unbound_field, options)
                if options.get("prefix") or getattr(type(form), options["name"], None) is not unbound_field:
                    return field  # of this one paper alone
                made[unbound_field] = (type(field), {**vars(field), "_form": None, "meta": None})
            kind, state = made[unbound_field]
            field = object.__new__(kind)
            vars(field).update(state, _form=form, meta=self, flags=copy(state["flags"]))
            return field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Two papers on one page may both ask for a "text".
        short_name = self.short_name()
        for field in self:
            field.id = field.label.field_id = f"{short_name}-{field.name}"

    @classmethod
    def short_name(cls) -> str:
        """ReplyForm is "reply"."""
        plain = re.sub("(Form|Paper)$", "", cls.__name__) or cls.__name__
        return re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()

    @classmethod
    def filled(cls, **kwargs: Any) -> Self:
        """The paper as it came with the request, or as it was kept while its writer signed in again."""
        kept = drafts.kept(cls)
        return cls(kept, **kwargs) if kept is not None else cls(**kwargs)

    @classmethod
    def blank(cls, **kwargs: Any) -> Self:
        """A fresh paper, whatever came with the request: for what is shown after it was sent."""
        return cls(None, **kwargs)

    def hidden_tag(self, *fields: Any) -> Markup:
        """The hidden fields, without ids: several papers stand on one page."""
        hidden = fields or [one for one in self if isinstance(one, HiddenField | CSRFTokenField)]
        # Written here and not by wtforms, whose way costs a page with several papers a fifth of its time.
        return Markup("\n").join(_HIDDEN % (one.name, one._value()) for one in hidden)

    def refuse(self, sentence: str) -> None:
        """Say above the whole form what is wrong; an action's refusal comes this way."""
        self.form_errors.append(sentence)


#: The fields of each paper, as they are before anything was written in them.
_MADE: WeakKeyDictionary[type[PlainPaper], dict[Any, tuple[type[Any], dict[str, Any]]]] = WeakKeyDictionary()


class TokenField(CSRFTokenField):
    """The token, made when the form is shown."""

    def _value(self) -> str:
        return csrf.token()


class SessionToken(CSRF):
    """flask-wtf's place for the token, with ours in it."""

    field_class = TokenField

    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        return ""  # TokenField has it

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        if not csrf.came_from_us():
            raise ValidationError(csrf.STALE)


class Paper(PlainPaper):
    """A form of somebody signed in. A dead token is a sentence above it, never an error page."""

    class Meta(FlaskForm.Meta):
        csrf = True
        csrf_class = SessionToken

    once = OnceField()
    author = AuthorField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_another = self.is_submitted() and drafts.is_anothers_hand(self.author.data)
        if self._by_another:
            self.process(None)

    def validate(self, extra_validators: Any = None) -> bool:
        if self._by_another:
            self.refuse(ANOTHER_HAND)
            return False
        valid = super().validate(extra_validators)
        if self.csrf_token.errors:
            self.csrf_token.errors = ()
            self.refuse(csrf.STALE)
        return bool(valid)


class KeyedPaper(Paper):
    """Paper for something new: its key becomes the new row's id, so that sent twice it is made once."""

    @property
    def key(self) -> UUID:
        """The key that was made when the form was shown."""
        return self.once.data or uuid7()


def options(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """A list to choose from: what is sent, and what is read."""
    return [SelectChoice(value, words) for value, words in pairs]


class PublicPaper(PlainPaper):
    """A form of somebody not signed in: no cookie, but a signed token and an Origin that must be ours."""

    class Meta(FlaskForm.Meta):
        csrf = False

    token = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given = str(self.token.data or "")
        self.token.data = public_forms.token(self.short_name())

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        if not public_forms.check(self.short_name(), self._given):
            self.refuse(csrf.STALE)
            return False
        return bool(valid)


def _size_of(file: FileStorage) -> int:
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    return size
