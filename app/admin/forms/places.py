"""The district, its schools and their rooms."""

from typing import Final

from wtforms import BooleanField, EmailField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.admin.forms.checks import a_zone, an_address
from app.web.fields import KeyedPaper, Paper

#: The zones of the regions that are served; any other IANA name can be set by the operator.
ZONES: Final = (
    "America/New_York",
    "America/Detroit",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "America/Toronto",
    "America/Winnipeg",
    "America/Regina",
    "America/Edmonton",
    "America/Vancouver",
    "Europe/London",
)


class DistrictForm(Paper):
    """What the district is called, and its clock."""

    name = StringField(
        "Name",
        [
            InputRequired("Write the name of the district."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    zone = SelectField("Time zone", [a_zone], choices=[], validate_choice=False)


class ContactForm(Paper):
    """Whom the public can ask."""

    department = StringField(
        "Department", [InputRequired("Write who answers, such as “Technology Department”."), Length(max=120)]
    )
    phone = TelField("Phone", [Length(max=40)])
    email = EmailField("Email", [an_address, Length(max=254)])
    address = TextAreaField("Postal address", [Length(max=400)])


class SchoolForm(KeyedPaper):
    """A school."""

    name = StringField(
        "Name",
        [
            InputRequired("Write the name of the school."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    short_name = StringField("Short name", [Length(max=30, message="Use at most 30 characters.")])
    zone = SelectField("Time zone", [a_zone], choices=[], validate_choice=False)


class RoomForm(KeyedPaper):
    """A room of a school."""

    name = StringField(
        "Name of the room",
        [InputRequired("Write the name of the room."), Length(max=60, message="Use at most 60 characters.")],
    )


class RoomChangeForm(RoomForm):
    """A room that is there already."""

    active = BooleanField("People can choose this room")
