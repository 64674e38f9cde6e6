"""What is filled in when a rule is switched on."""

from fractions import Fraction
from typing import Any, Final

from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.truancy.law.overlay import LONGEST_TITLE, MAY_BE_ADDED, MOST_DAYS, Added, Overlay
from app.truancy.law.rule import Rule, whole
from app.truancy.law.words import DUTIES
from app.web.fields import KeyedPaper, Paper, options

_NOTE: Final = Length(max=1000, message="Use at most 1,000 characters.")
_DAYS: Final = NumberRange(min=1, max=MOST_DAYS, message=f"Write a number of days from 1 to {MOST_DAYS}.")
_NONE: Final = ("", "None")


class ConfirmationForm(Paper):
    """That counsel confirmed a rule."""

    counsel = StringField(
        "Name of your counsel",
        [InputRequired("Write who confirmed it."), Length(max=120, message="Use at most 120 characters.")],
    )
    confirmed_on = DateField("Confirmed on", [InputRequired("Write the day on which it was confirmed.")])
    note = TextAreaField("Note", [_NOTE])


class ProposalForm(KeyedPaper):
    """From when on a rule is used, and what is laid over it."""

    first_day = DateField("First day on which it fires", [InputRequired("Write the first day.")])
    title = StringField(
        "What your district calls it",
        [Length(max=LONGEST_TITLE, message=f"Use at most {LONGEST_TITLE} characters.")],
    )
    threshold = StringField("Fires earlier, at", [Length(max=12, message="Use at most 12 characters.")])
    sooner = SelectField("Earlier deadline for", choices=[], default="")
    sooner_days = IntegerField("Within how many days", [Optional(), _DAYS])
    added = SelectField("One more duty", choices=options([_NONE, *MAY_BE_ADDED.items()]), default="")
    added_days = IntegerField("Due within how many school days", [Optional(), _DAYS])
    note = TextAreaField("Why", [_NOTE])

    def about(self, rule: Rule) -> None:
        """Ask about the duties that this rule has."""
        self.sooner.choices = options([_NONE, *((duty.do, DUTIES[duty.do]) for duty in rule.duties)])
        self._counts = rule.threshold.n is not None

    def validate_threshold(self, field: Any) -> None:
        """A number, whole or not."""
        if (field.data or "").strip() and self._much() is None:
            raise ValidationError("Write a number, such as 2 or 7.5, or leave it empty.")

    def validate_sooner(self, field: Any) -> None:
        """Days belong to a duty, and a duty to days."""
        if bool(field.data) != (self.sooner_days.data is not None):
            raise ValidationError("Choose the duty and write its days, or leave both empty.")

    def validate_added(self, field: Any) -> None:
        """A deadline belongs to a duty."""
        if self.added_days.data is not None and not field.data:
            raise ValidationError("Choose the duty that is due then, or leave the days empty.")

    def overlay(self) -> Overlay:
        """What was filled in, whether it is strict enough or not."""
        much = self._much()
        return Overlay(
            n=much if self._counts else None,
            percent=None if self._counts else much,
            due=((self.sooner.data, self.sooner_days.data),) if self.sooner.data else (),
            added=(Added(self.added.data, due=self.added_days.data),) if self.added.data else (),
            title=(self.title.data or "").strip(),
        )

    def _much(self) -> Any:
        written = (self.threshold.data or "").strip().removesuffix("%").strip()
        if not written.replace(".", "", 1).isdecimal() or not written.isascii():
            return None
        return whole(Fraction(written))


class EndingForm(Paper):
    """The last day on which a rule fires."""

    last_day = DateField("Last day on which it fires", [InputRequired("Write the last day.")])
