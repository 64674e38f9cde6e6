"""What reached the wrong person: the incident, its steps, and what the district’s own policy asks."""

from collections.abc import Iterable
from datetime import date, datetime, time

from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.core import clock
from app.notices.law.deadlines import LONGEST, STATES
from app.notices.models.incident import CAUSES, DISCLOSES, STEPS
from app.notices.models.incident_setting import card_of_district
from app.web.fields import KeyedPaper, Paper, options


def _moment(on: date | None, at: time | None) -> datetime:
    """Of the two fields, on the district's clock."""
    assert on is not None  # both are asked for
    assert at is not None
    return datetime.combine(on, at, clock.zone(card_of_district().zone))


def moment_now() -> tuple[date, time]:
    """This minute, as the two fields have it."""
    here = clock.local(clock.now(), card_of_district().zone)
    return here.date(), here.time().replace(second=0, microsecond=0)


class IncidentForm(KeyedPaper):
    """That a notice reached the wrong person."""

    cause = RadioField(
        "What went wrong",
        [InputRequired("Say what went wrong.")],
        choices=options(CAUSES.items()),
    )
    reached = StringField(
        "Whom it reached",
        [
            InputRequired("Say whom it reached, as far as you know."),
            Length(max=300, message="Use at most 300 letters."),
        ],
        description="In your own words: “the family next door brought it back”.",
    )
    noticed_on = DateField("Noticed on", [InputRequired("Write the day on which it was noticed.")])
    noticed_time = TimeField("At, on the district’s clock", [InputRequired("Write the time, such as 9:30.")])
    disclosed = SelectMultipleField(
        "What it disclosed",
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    note = TextAreaField("Note", [Length(max=2000, message="Use at most 2,000 letters.")])

    def offer(self, disclosed: Iterable[str]) -> None:
        """What stands in this notice, and nothing else."""
        self.disclosed.choices = options((one, DISCLOSES[one]) for one in disclosed)

    @property
    def noticed_at(self) -> datetime:
        """When it was noticed."""
        return _moment(self.noticed_on.data, self.noticed_time.data)


class IncidentStepForm(KeyedPaper):
    """That something was done about it."""

    kind = SelectField("What was done", choices=options(STEPS.items()))
    done_on = DateField("On", [InputRequired("Write the day on which it was done.")])
    done_time = TimeField("At", [InputRequired("Write the time, such as 9:30.")])
    step_note = StringField("Note", [Length(max=500, message="Use at most 500 letters.")])

    @property
    def done_at(self) -> datetime:
        """When it was done."""
        return _moment(self.done_on.data, self.done_time.data)


class IncidentClosingForm(Paper):
    """That nothing more is to be done, and why."""

    reason = TextAreaField(
        "Why it is closed",
        [
            InputRequired("Say why it is closed: what was done, and why nothing more is to be done."),
            Length(max=2000, message="Use at most 2,000 letters."),
        ],
    )


class IncidentSettingForm(Paper):
    """Which deadlines hold."""

    state = SelectField("State", choices=options([("", "Not said yet"), *STATES.items()]), default="")
    own_hours = IntegerField(
        "By your own policy the privacy officer is told within, in hours",
        [Optional(), NumberRange(1, LONGEST, message=f"Write a number of hours from 1 to {LONGEST}.")],
    )
    own_words = StringField(
        "Where that stands",
        [Length(max=200, message="Use at most 200 letters.")],
        description="The number of the policy, and its date.",
    )
    by_contract = BooleanField("We have signed the National Data Privacy Agreement")

    def validate_own_words(self, field: StringField) -> None:
        """Hours belong to a policy, and a policy to hours."""
        if (self.own_hours.data is not None) != bool((field.data or "").strip()):
            raise ValidationError("Write both the hours and where they stand, or leave both empty.")


class IncidentCounselForm(Paper):
    """That counsel confirmed the deadlines."""

    counsel = StringField(
        "Name of your counsel",
        [InputRequired("Write who confirmed them."), Length(max=120, message="Use at most 120 letters.")],
    )
    confirmed_on = DateField("Confirmed on", [InputRequired("Write the day on which they were confirmed.")])
