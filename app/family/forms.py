"""What a family fills in, in its own language: an error is the key of a sentence in the catalogue. And the office's."""

from typing import Any, Final

from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from app.family.models.family_answer import (
    INTERPRETER,
    LONGEST_REMARK,
    LONGEST_TEXT,
    MEETING,
    NOTE,
    REACH,
    RECEIPT,
    STOP,
    WAYS,
)
from app.family.models.family_office import LONGEST, MOST_LINK_DAYS
from app.roster.models.language import LANGUAGES
from app.web.fields import KeyedPaper, OnceField, Paper, PublicPaper, options

_TEXT: Final = Length(max=LONGEST_TEXT, message="e_long")
_SPOKEN: Final = [(tag, one.name) for tag, one in LANGUAGES.items()]


class FamilyPaper(PublicPaper):
    """Sent by a link: the key of the form, whatever else it asks."""

    once = OnceField()


class FamilyReceiptForm(FamilyPaper):
    """That it was read."""


class FamilyNoteForm(FamilyPaper):
    """Words, a file, or both."""

    text = TextAreaField(validators=[_TEXT])
    file = FileField()

    def validate_text(self, field: Any) -> None:
        """One of the two."""
        if not (field.data or "").strip() and not (self.file.data and self.file.data.filename):
            raise ValidationError("e_empty")


class FamilyMeetingForm(FamilyPaper):
    """When they could come."""

    text = TextAreaField(validators=[InputRequired("e_times"), _TEXT])


class FamilyInterpreterForm(FamilyPaper):
    """Of which language."""

    language = SelectField(choices=options(_SPOKEN), validate_choice=False)

    def validate_language(self, field: Any) -> None:
        """One of ours."""
        if field.data not in LANGUAGES:
            raise ValidationError("e_choose")


class FamilyReachForm(FamilyInterpreterForm):
    """In which language, and how."""

    way = SelectField(choices=options(WAYS.items()), validate_choice=False)

    def validate_way(self, field: Any) -> None:
        """One of ours."""
        if field.data not in WAYS:
            raise ValidationError("e_choose")


class FamilyStopForm(FamilyPaper):
    """No more texts."""


#: By the last word of the address that it is sent to.
PAPERS: Final[dict[str, type[FamilyPaper]]] = {
    RECEIPT: FamilyReceiptForm,
    NOTE: FamilyNoteForm,
    MEETING: FamilyMeetingForm,
    INTERPRETER: FamilyInterpreterForm,
    REACH: FamilyReachForm,
    STOP: FamilyStopForm,
}


def _at_most(name: str) -> Length:
    return Length(max=LONGEST[name], message=f"Use at most {LONGEST[name]:,} characters.")


class FamilyOfficeForm(Paper):
    """Whom a family calls, and what is offered."""

    phone = TelField("Phone of the office", [_at_most("phone")])
    hours = StringField("When somebody answers", [_at_most("hours")])
    offers = TextAreaField("What is offered to families", [_at_most("offers")])


class FamilyDistrictForm(FamilyOfficeForm):
    """The same for the district, and how long links work."""

    link_days = IntegerField(
        "Days for which a link works",
        [
            InputRequired(f"Write a number of days from 1 to {MOST_LINK_DAYS}."),
            NumberRange(1, MOST_LINK_DAYS, f"Write a number of days from 1 to {MOST_LINK_DAYS}."),
        ],
    )


class FamilyWordsForm(Paper):
    """That somebody checked a language."""

    checked_by = StringField(
        "Who checked it",
        [
            InputRequired("Write the name of the person who read it all."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    is_right = BooleanField(
        "They read this language well, and every line here says what the English one says",
        [InputRequired("Tick this once it is so.")],
    )


class FamilyLinkForm(KeyedPaper):
    """For whom a link is made."""

    guardian_id = SelectField("Guardian", choices=[])


class FamilySettleForm(Paper):
    """What was done about it."""

    remark = TextAreaField(
        "What was said or done",
        [Length(max=LONGEST_REMARK, message=f"Use at most {LONGEST_REMARK:,} characters.")],
    )
