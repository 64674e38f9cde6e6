"""What families are told: a version of a text, and its approval."""

from collections.abc import Mapping, Sequence

from wtforms import BooleanField, FieldList, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.notices.wording.contents import Item
from app.roster.models.language import LANGUAGES
from app.web.fields import Paper, options

#: How many items a law may ask for. Ours has seven at most.
MOST_PASSAGES = 20


class NoticeTextForm(Paper):
    """A new version of what families are told, in one language."""

    language = SelectField("Language", choices=options((one.tag, one.choice) for one in LANGUAGES.values()))
    heading = StringField(
        "Heading",
        [InputRequired("Write a heading."), Length(max=200, message="Use at most 200 letters.")],
        description="It says what it is about, with the number of days.",
    )
    body = TextAreaField(
        "Text",
        [InputRequired("Write the text."), Length(max=6000, message="That is far too long for a letter.")],
        description="At most 150 words. A line that begins with * is a point of a list.",
    )
    line = TextAreaField(
        "Text message",
        [Length(max=400, message="Use at most 400 letters: a text message is one line and a link.")],
        description="One line with ((school)) and ((family page)), perhaps ((contact)) and ((phone)); no name of a "
        "student, no number of days, no reason. What else there is to say stands on the page behind the link. Leave it "
        "empty, and nobody is texted.",
    )
    passages = FieldList(
        TextAreaField(validators=[Length(max=1000, message="Use at most 1,000 letters.")]),
        max_entries=MOST_PASSAGES,
    )
    by_machine = BooleanField("A machine translated this, and nobody has read it yet")

    def ask_for(self, items: Sequence[Item], said: Mapping[str, str]) -> None:
        """One field for each thing that the law has the notice say."""
        while len(self.passages.entries) < len(items):
            self.passages.append_entry(said.get(items[len(self.passages.entries)].key, ""))
        for item, field in zip(items, self.passages.entries, strict=False):
            field.label.text = f"{item.says[0].upper()}{item.says[1:]}"

    def written(self, items: Sequence[Item]) -> dict[str, str]:
        """The passages, by item."""
        return {item.key: field.data or "" for item, field in zip(items, self.passages.entries, strict=False)}


class ApprovalForm(Paper):
    """A named person lets letters say it."""

    reads_it = BooleanField("I read this language, I have read this text, and families may be told it")
