"""The days of a school year, and where its leavers go."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.roster.actions.school_years import Days
from app.roster.models.school_year_school import LADDER, LEAVE
from app.roster.models.student import GRADES
from app.web.fields import KeyedPaper, Paper, options


class YearForm(KeyedPaper):
    """The days of a school year."""

    name = StringField(
        "Name",
        [
            InputRequired("Write a name, such as 2026–27."),
            Length(max=40, message="Use at most 40 characters."),
        ],
    )
    first_day = DateField("First day of school", [InputRequired("Choose the first day.")])
    last_day = DateField("Last day of school", [InputRequired("Choose the last day.")])

    def days(self) -> Days:
        """What was written. Only once it is valid."""
        assert self.first_day.data is not None
        assert self.last_day.data is not None
        return Days(name=self.name.data or "", first_day=self.first_day.data, last_day=self.last_day.data)


class NextYearForm(YearForm):
    """The days of the next one, and who is in its grades already."""

    told_since = DateField(
        "Whoever came on or after this day is in the new grade already", [InputRequired("Choose that day.")]
    )

    def days(self) -> Days:
        """What was written. Only once it is valid."""
        return replace(super().days(), told_since=self.told_since.data)


class LeaversForm(Paper):
    """A school's highest grade, and where those go who have been in it."""

    highest = SelectField("Highest grade", choices=options((code, GRADES[code]) for code in LADDER))
    goes_to = SelectField("Whoever has been in it")

    def offer(self, schools: Mapping[UUID, str]) -> None:
        """The schools to which they may go."""
        others = ((str(id), f"Goes on to {name}") for id, name in schools.items())
        self.goes_to.choices = options([("", "Choose"), (LEAVE, "Leaves the district"), *others])

    def validate_goes_to(self, field: Any) -> None:
        """Somewhere, or away."""
        if not field.data:
            raise ValidationError("Choose where they go, or that they leave the district.")
