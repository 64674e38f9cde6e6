"""Letters that came back."""

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.web.fields import Paper, options

#: Why post comes back, in the words of the post office.
RETURNED = {
    "not known": "Not known at this address",
    "moved": "Moved, and left no address",
    "insufficient": "The address is incomplete",
    "vacant": "Nobody lives there",
    "refused": "Not accepted",
    "unclaimed": "Not picked up",
    "other": "For another reason",
}


class ReturnForm(Paper):
    """A letter came back."""

    code = StringField(
        "Code on the letter",
        [
            InputRequired("Write or scan the code."),
            Length(max=40, message="A code has eight letters and digits."),
        ],
        description="It stands in the window, beside the square. A scanner types it.",
    )
    reason = SelectField("Why it came back", choices=options(RETURNED.items()))
