"""What is filled in about the register: a file, and what a code means."""

from typing import Any

from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.integrations.spreadsheet.attendance import CALENDAR, CODES, ENROLLMENTS, MARKS
from app.register.models.attendance_code import (
    EXCUSES,
    FLAGS,
    KINDS,
    LONGEST_TO_JUSTIFY,
    AttendanceCode,
    Meaning,
)
from app.register.models.register_import import LARGEST_FILE, MODES, WINDOW
from app.web.fields import FilesField, FilesInput, Paper, options


class RegisterField(FilesField):
    """The file of a register: one, and larger than what may hang on a ticket."""

    widget = FilesInput(multiple=False)

    def __call__(self, **kwargs: Any) -> Any:
        kwargs.update(
            data_max_files=1, data_max_bytes=LARGEST_FILE, accept=".zip,.csv,.txt,application/zip,text/csv"
        )
        return super().__call__(**kwargs)

    def pre_validate(self, form: Any) -> None:
        if len(self.data or []) != 1:
            raise ValidationError("Choose the file that your student information system exported.")


class RegisterFileForm(Paper):
    """A zip of the set, or one CSV file of it."""

    file = RegisterField("Zip, or CSV file", [InputRequired("Choose the file.")])
    alone = SelectField(
        "If it is one CSV file, it holds",
        choices=options(
            [
                (MARKS, "marks"),
                (CALENDAR, "calendar days"),
                (CODES, "what codes mean"),
                (ENROLLMENTS, "enrollments"),
            ]
        ),
        default=MARKS,
    )
    mode = RadioField("The marks in it are", choices=options(MODES.items()), default=WINDOW)
    first_day = DateField("First day", [Optional()])
    last_day = DateField(
        "Last day",
        [Optional()],
        description="Of changes: the last day of which everything is in, if you know it.",
    )


class CodeMeaningForm(Paper):
    """What a code means, to be signed off."""

    description = StringField("Description", [Length(max=120, message="Use at most 120 characters.")])
    kind = SelectField("The student was", choices=options(KINDS.items()))
    excuse = SelectField("Excused?", choices=options(EXCUSES.items()))
    unexcused_after = IntegerField(
        "Unexcused after so many school days without a reason",
        [
            Optional(),
            NumberRange(
                1, LONGEST_TO_JUSTIFY, f"Say a number of school days from 1 to {LONGEST_TO_JUSTIFY}."
            ),
        ],
        description=(
            "Only where the reason is not known. Empty: never. Counted are school days of the student’s calendar after "
            "the day itself, as far as the register is in. Marks of this school year that are here already count so, "
            "too, unless it holds from a later day."
        ),
    )
    medical = BooleanField(FLAGS["medical"])
    state_excused = BooleanField(FLAGS["state_excused"])
    valid_from = DateField("From", [Optional()], description="Empty: since ever.")
    valid_to = DateField("To", [Optional()], description="Empty: until further notice.")

    @classmethod
    def of(cls, code: AttendanceCode) -> "CodeMeaningForm":
        """With what was proposed."""
        form: CodeMeaningForm = cls.filled()
        if not form.is_submitted():
            for name in ("description", "kind", "excuse", "valid_from", "valid_to", "unexcused_after"):
                form[name].data = getattr(code, name)
            for flag in FLAGS:
                form[flag].data = flag in code.flags
        return form

    def meaning(self) -> Meaning:
        """What was filled in."""
        return Meaning(
            kind=self.kind.data,
            excuse=self.excuse.data,
            flags=[flag for flag in FLAGS if self[flag].data],
            description=self.description.data or "",
            valid_from=self.valid_from.data,
            valid_to=self.valid_to.data,
            unexcused_after=self.unexcused_after.data,
        )
