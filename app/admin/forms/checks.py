"""What an admin writes, looked at the same way on every paper."""

import re
from typing import Any, Final

from wtforms.validators import ValidationError

from app.core import clock
from app.core.by_school import schools_named

ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}")

GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

NOT_AN_ADDRESS: Final = "Write the whole address, such as bell@maple.example."


def an_address(_: Any, field: Any) -> None:
    """One mail address, if any was written."""
    if field.data and not ADDRESS.fullmatch(field.data.strip()):
        raise ValidationError(NOT_AN_ADDRESS)


def a_guid(_: Any, field: Any) -> None:
    """A number of Microsoft's, if any was written."""
    if field.data and not GUID.fullmatch(field.data.strip()):
        raise ValidationError(
            "Such an ID has 32 digits and letters in five groups, like 0f8fad5b-d9cb-469f-a165-70867728950e."
        )


def a_token(_: Any, field: Any) -> None:
    """What goes into a header."""
    _goes_into_a_header("token", field)


def a_certificate(_: Any, field: Any) -> None:
    """The same, as Aeries calls it."""
    _goes_into_a_header("certificate", field)


def _goes_into_a_header(called: str, field: Any) -> None:
    given = (field.data or "").strip()
    if not given.isascii() or any(letter.isspace() for letter in given):
        raise ValidationError(f"A {called} has no spaces and no accents. Copy it once more.")


def some_schools(_: Any, field: Any) -> None:
    """A line a school: its id, and perhaps its name here."""
    try:
        schools_named(field.data or "")
    except ValueError as error:
        raise ValidationError(str(error)) from error


def some_schools_by_number(form: Any, field: Any) -> None:
    """The same, where an id is a number."""
    some_schools(form, field)
    if not all(one.id.isdigit() for one in schools_named(field.data or "")):
        raise ValidationError("A school number has digits alone. Write one school a line, its number first.")


def a_zone(_: Any, field: Any) -> None:
    """A name that the time zone database knows, if any was chosen."""
    if field.data:
        try:
            clock.zone(field.data)
        except clock.UnknownZone as error:
            raise ValidationError(str(error)) from error
