"""A file of people, and its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import InputRequired, ValidationError

from app.integrations.spreadsheet.families import GUARDIANS, OF_A_GUARDIAN, OF_A_STUDENT
from app.integrations.spreadsheet.staff import FIELDS as STAFF_FIELDS
from app.roster.actions.importing import LARGEST_FILE
from app.roster.models.roster_source import FAMILY_SPREADSHEET, SPREADSHEET
from app.web.fields import FilesField, FilesInput, Paper, options

OF_NEW_PEOPLE: Final = "Taken in with somebody who is new. From then on your office keeps it."


class RosterField(FilesField):
    """The file of a roster: one, and larger than what may hang on a ticket."""

    widget = FilesInput(multiple=False)

    def __call__(self, **kwargs: Any) -> Any:
        kwargs.update(
            data_max_files=1, data_max_bytes=LARGEST_FILE, accept=".zip,.csv,.txt,application/zip,text/csv"
        )
        return super().__call__(**kwargs)

    def pre_validate(self, form: Any) -> None:
        if len(self.data or []) != 1:
            raise ValidationError("Choose the file that your student information system exported.")


class RosterFileForm(Paper):
    """A OneRoster export to read, or a CSV file."""

    file = RosterField("OneRoster zip, or CSV file", [InputRequired("Choose the file.")])
    sheet = RadioField(
        "If it is a CSV file, it is a list of",
        choices=options([(SPREADSHEET, "staff"), (FAMILY_SPREADSHEET, "students, with their guardians")]),
        default=SPREADSHEET,
    )


class ColumnsForm(Paper):
    """Which column of a CSV file is what. The choices are the columns of that file, the questions those of its kind."""

    #: By the kind of file: its questions, under the heading of each part.
    PARTS: ClassVar[Mapping[str, Mapping[str, Sequence[str]]]] = {
        SPREADSHEET: {"": STAFF_FIELDS},
        FAMILY_SPREADSHEET: {
            "The student": OF_A_STUDENT,
            **{f"Guardian {nth}": [f"guardian_{nth}_{what}" for what in OF_A_GUARDIAN] for nth in GUARDIANS},
        },
    }

    number = SelectField("Number")
    given_name = SelectField("First name")
    family_name = SelectField("Last name")
    email = SelectField("Work email")
    school = SelectField("School", description="By name. A name that is not here yet becomes a new school.")
    grade = SelectField("Grade")
    role = SelectField("Role or job")
    language = SelectField("Language spoken at home", description=OF_NEW_PEOPLE)
    active = SelectField("Active", description="Yes or no; an empty one is a yes.")
    has_everybody = BooleanField("")

    def offer(
        self, kind: str, columns: Sequence[str], guess: Mapping[str, str], examples: Mapping[str, str]
    ) -> None:
        """Ask what a file of that kind needs, of its columns, beginning with what was guessed."""
        # Of a file that has no columns to choose, which waits for nothing any more, it does not matter.
        self._kind = kind if kind in self.PARTS else SPREADSHEET
        self.parts = self.PARTS[self._kind]
        asked = self._names()
        for field in [one for one in self if one.type == "SelectField" and one.short_name not in asked]:
            del self[field.short_name]
        self.number.label.text, self.number.description = _NUMBERS[self._kind]
        self.has_everybody.label.text = _EVERYBODY[self._kind]
        for name in asked:
            field = self[name]
            field.choices = options([("", "Not in this file"), *((one, one) for one in columns if one)])
            if not self.is_submitted():
                field.data = guess.get(name, "")
            if example := examples.get(field.data or ""):
                field.description = f"{field.description} In the first row: {example}".strip()

    def chosen(self) -> dict[str, str]:
        """What → its column."""
        return {name: self[name].data for name in self._names() if self[name].data}

    def validate(self, extra_validators: Any = None) -> bool:
        """Somebody must be told from others, and have a name."""
        valid = super().validate(extra_validators)
        chosen = self.chosen()
        if "number" not in chosen and self._kind == FAMILY_SPREADSHEET:
            self.refuse("Choose the column of the student number: by it students are known again.")
        elif "email" not in chosen and "number" not in chosen:
            self.refuse(
                "Choose the column of the work email or of the staff number: by it people are known again."
            )
        if "given_name" not in chosen and "family_name" not in chosen:
            self.refuse("Choose the columns in which the names stand.")
        for nth in GUARDIANS:
            theirs = {name for name in chosen if name.startswith(f"guardian_{nth}_")}
            if theirs and not theirs & {f"guardian_{nth}_name", f"guardian_{nth}_family_name"}:
                self.refuse(f"Choose the column in which the name of guardian {nth} stands.")
        if twice := [one for one, times in Counter(chosen.values()).items() if times > 1]:
            self.refuse(f"“{twice[0]}” is chosen twice. Each column can be one thing alone.")
        return valid and not self.form_errors

    def _names(self) -> list[str]:
        return [name for names in self.parts.values() for name in names]


_NUMBERS: Final = {
    SPREADSHEET: ("Staff number", "By it people are known again when their address changes."),
    FAMILY_SPREADSHEET: ("Student number", "By it students are known again."),
}

_EVERYBODY: Final = {
    SPREADSHEET: "Everybody on the staff is in this file: whoever is missing twice in a row has left",
    FAMILY_SPREADSHEET: (
        "All students are in this file: whoever is missing twice in a row has left, and their guardians too"
    ),
}

for _nth in GUARDIANS:
    for _what, _label, _says in (
        ("name", "Name, or first name", "If first and last name stand in one column, choose it here."),
        ("family_name", "Last name", ""),
        ("relation", "Relationship", "Such as mother, grandfather or guardian."),
        ("email", "Email", ""),
        ("mobile", "Mobile phone", ""),
        ("phone", "Other phone", ""),
        ("language", "Language", OF_NEW_PEOPLE),
    ):
        setattr(ColumnsForm, f"guardian_{_nth}_{_what}", SelectField(_label, description=_says))
