"""What people may type at the help desk. Labels and errors are sentences to a person."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from wtforms import HiddenField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from app.core.db import db
from app.core.search import people_matching
from app.helpdesk.models.ticket import TITLE_AT_MOST
from app.helpdesk.models.urgency import Urgency
from app.roster.models.person import Person
from app.web.fields import FilesField, Paper, TextArea

LONGEST_TEXT: Final = 50_000
MOST_NAMED: Final = 5
PICTURES: Final = {"accept": "image/*,.heic,.heif,.pdf,.txt,.docx,.xlsx,.pptx,.odt,.ods,.log,.mp4"}
URGENCIES: Final = [SelectChoice(urgency.value, urgency.words) for urgency in reversed(Urgency)]
NOT_ON_IT: Final = "Choose one from the list."


def uuid_or_none(given: Any) -> UUID | None:
    """What a list sends for one of ours, or for none."""
    return given if given is None or isinstance(given, UUID) else UUID(given) if given else None


class ChoiceField(SelectField):
    """A list of things of this district, read when it is needed; what is not on it is refused in words."""

    def __init__(self, label: str, *, none: str | None = None, **kwargs: Any) -> None:
        super().__init__(label, coerce=uuid_or_none, choices=[], invalid_choice_message=NOT_ON_IT, **kwargs)
        self._none = none

    def offer(self, things: Iterable[tuple[UUID, str]]) -> None:
        """Put these on the list, after the words for "none of them". They are read once, and not before."""
        none = [SelectChoice("", self._none)] if self._none is not None else []
        self.choices = lambda: none + [SelectChoice(str(id), name) for id, name in things]

    def pre_validate(self, form: Any) -> None:
        # "None of them" is on every list that offers it, so nothing is read to know that.
        if self.data is not None or self._none is None:
            super().pre_validate(form)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(NOT_ON_IT) from None


class SeenField(HiddenField):
    """The ticket's version that the writer had on the page."""

    def process_formdata(self, valuelist: list[str]) -> None:
        given = valuelist[0] if valuelist else ""
        self.data = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)


class UrgencyField(RadioField):
    """Four answers, the calmest first."""

    def __init__(self, label: str = "How urgent is it?", **kwargs: Any) -> None:
        asked = "Choose how urgent it is."
        super().__init__(
            label, choices=URGENCIES, default=Urgency.NORMAL.value, invalid_choice_message=asked, **kwargs
        )


class WrittenField(TextAreaField):
    """What somebody wrote: as they wrote it, without the blank lines around it."""

    widget = TextArea()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0].replace("\r\n", "\n").strip() if valuelist else ""


class RequestForm(Paper):
    """A request for help."""

    title = StringField(
        "What do you need help with?",
        [
            DataRequired("Say in a few words what you need help with."),
            Length(
                max=TITLE_AT_MOST,
                message=f"Keep this to {TITLE_AT_MOST} letters; there is room for more below.",
            ),
        ],
    )
    text = WrittenField(
        "Tell us more", [Length(max=LONGEST_TEXT, message="Shorten this, or send it as a file.")]
    )
    category_id = ChoiceField("What is it about?", none="I am not sure")
    urgency = UrgencyField()
    school_id = ChoiceField("Which school?")
    room_id = ChoiceField("Which room?", none="No room, or another place")
    device_tag = StringField(
        "Tag on the device", [Length(max=60, message="A tag is shorter. Copy it from the sticker.")]
    )
    files = FilesField("Photos or files", render_kw=PICTURES)
    follows = SeenField()


class AnswerForm(Paper):
    """What a requester answers."""

    text = WrittenField(
        "Your answer",
        [
            DataRequired("Write an answer before you send it."),
            Length(max=LONGEST_TEXT, message="Shorten this, or send it as a file."),
        ],
    )
    files = FilesField("Photos or files", render_kw=PICTURES)
    seen = SeenField()


class ReplyForm(Paper):
    """What a technician answers, and what becomes of the ticket with it: the button says."""

    text = WrittenField(
        "Your reply",
        [
            DataRequired("Write a reply before you send it."),
            Length(max=LONGEST_TEXT, message="Shorten this, or send it as a file."),
        ],
    )
    files = FilesField("Photos or files", render_kw=PICTURES)
    seen = SeenField()


class NoteForm(Paper):
    """What technicians tell each other. It never leaves the house."""

    text = WrittenField(
        "Note for colleagues",
        [
            DataRequired("Write a note before you keep it."),
            Length(max=LONGEST_TEXT, message="Shorten this, or add it as a file."),
        ],
    )
    files = FilesField("Photos or files", render_kw=PICTURES)
    seen = SeenField()


class StepForm(Paper):
    """A button that does one thing: take, close, open again, discard, undo."""

    seen = SeenField()


class AssignmentForm(Paper):
    """Who should look after a ticket."""

    account_id = ChoiceField("Who looks after it?", none="Nobody yet: anyone may take it")


class DetailsForm(Paper):
    """What a technician may put right."""

    urgency = UrgencyField()
    category_id = ChoiceField("What is it about?", none="Not said")
    school_id = ChoiceField("School")
    room_id = ChoiceField("Room", none="No room")
    device_tag = StringField(
        "Tag on the device", [Length(max=60, message="A tag is shorter. Copy it from the sticker.")]
    )


class FilingForm(Paper):
    """Whose request a mail is."""

    person = StringField(
        "Whose request is it?",
        [
            DataRequired("Write the name or the email address of a member of staff."),
            Length(max=200, message="Shorten this: a name or an email address is enough."),
        ],
    )
    #: The person, once the name or address has been found to be one person's.
    found: Person | None = None

    def validate_person(self, field: StringField) -> None:
        """A name or an address of exactly one active member of staff."""
        typed = field.data.strip()
        exact = Person.with_address(typed) if "@" in typed else None
        people = (
            [exact]
            if exact
            else [db.session.get_one(Person, id) for id in people_matching(typed, MOST_NAMED + 1)]
        )
        staff = [person for person in people if person.is_active_staff()]
        if not staff:
            raise ValidationError(
                "Nobody of the staff has this name or address. An admin can add them under People."
            )
        if len(staff) > 1:
            named = ", ".join(f"{person.name} ({person.email})" for person in staff[:MOST_NAMED])
            raise ValidationError(f"Several people match. Write the address of one of them: {named}.")
        self.found = staff[0]


class MergingForm(Paper):
    """The ticket that a mail belongs to."""

    number = StringField(
        "Ticket number", [DataRequired("Write the number of the ticket, such as 1042."), Length(max=12)]
    )
