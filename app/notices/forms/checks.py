"""What several forms ask of what was typed."""

from typing import Any

from wtforms import StringField
from wtforms.validators import ValidationError


def has_the_shape(field: StringField, shape: Any, sentence: str) -> None:
    """Raises ValidationError with the sentence where what was typed does not match all of `shape`."""
    if not shape.fullmatch((field.data or "").strip()):
        raise ValidationError(sentence)
