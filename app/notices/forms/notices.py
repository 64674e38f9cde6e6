"""A notice to a family: written by the office, approved, cancelled."""

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from app.notices.models.notice import EMAIL, LETTER, SMS
from app.web.fields import Paper, options

#: What the office chooses, and in which order that is tried.
WAYS_OF_THE_OFFICE = {
    LETTER: "By letter",
    EMAIL: "By email, to those who agreed to it; by letter to the others",
    SMS: "By text message with a link, to those who may be texted; by email or letter to the others",
}
ORDERS = {LETTER: (LETTER,), EMAIL: (EMAIL, LETTER), SMS: (SMS, EMAIL, LETTER)}


class NoticeForm(Paper):
    """What a family is told now, without a rule behind it."""

    template = SelectField("What they are told", validators=[InputRequired("Choose what they are told.")])
    days = IntegerField(
        "Days missed this school year",
        [
            InputRequired("Write how many days were missed."),
            NumberRange(1, 366, message="Write a number of days."),
        ],
    )
    unexcused = IntegerField(
        "Of these without an excuse",
        [
            InputRequired("Write how many have no excuse; 0 for none."),
            NumberRange(0, 366, message="Write a number."),
        ],
    )
    why_other = StringField(
        "If these are not the register’s numbers: why",
        [Length(max=200, message="Use at most 200 letters.")],
        description="Whoever approves the notice reads it first.",
    )
    way = RadioField("How", choices=options(WAYS_OF_THE_OFFICE.items()), default=LETTER)

    def values(self) -> dict[str, str]:
        """As they are put into the text."""
        return {"days": str(self.days.data), "unexcused": str(self.unexcused.data)}

    @property
    def channels(self) -> tuple[str, ...]:
        """How they are told: each by the first that reaches them."""
        return ORDERS[self.way.data]


class CautionForm(Paper):
    """One notice is approved by itself."""

    caution_read = BooleanField("I have read this, and the notice may leave")


class CancelForm(Paper):
    """A notice is stopped."""

    why = StringField(
        "Why",
        [InputRequired("Say why it is cancelled."), Length(max=200, message="Use at most 200 letters.")],
    )
