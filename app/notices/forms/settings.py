"""How a district writes to families, and whose letters they are."""

from wtforms import BooleanField, RadioField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length

from app.integrations.typesetting.paper import PAPERS
from app.web.fields import Paper, options


class NoticeSettingForm(Paper):
    """How the district writes to families."""

    envelope = RadioField("Envelope", choices=options((one.key, one.called) for one in PAPERS.values()))
    cut_off = TimeField(
        "Letters approved until then are printed the same day",
        [InputRequired("Give a time, such as 15:00.")],
        description="On the district's clock. Until then a letter can be cancelled.",
    )
    practises = BooleanField(
        "Practice: nothing reaches a family",
        description="Emails go to whoever approves them, and letters are addressed to them too.",
    )


class NoticeSenderForm(Paper):
    """Whose letters they are."""

    return_address = TextAreaField(
        "Return address",
        [
            InputRequired("Write where letters come back to."),
            Length(max=200, message="Use at most 200 letters."),
        ],
        description="Two or three lines, under the name of the district and the school.",
    )
    contact_name = StringField(
        "Whom families call",
        [InputRequired("Name a person."), Length(max=80, message="Use at most 80 letters.")],
        description="A person with a name: letters that name one are answered.",
    )
    contact_phone = StringField(
        "Their telephone",
        [InputRequired("Write their telephone."), Length(max=40, message="Use at most 40 letters.")],
    )
