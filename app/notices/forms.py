"""The paper of the mail settings, and of what families are told."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import (
    BooleanField,
    FieldList,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from app.core.settings import get_settings
from app.integrations.typesetting.paper import PAPERS
from app.notices.models.mail_setting import Choice, MailSetting, desk
from app.notices.models.notice import EMAIL, LETTER
from app.notices.wording.contents import Item
from app.roster.models.language import LANGUAGES
from app.web.fields import Paper, options

RELAY = SelectChoice("relay", "Through the mail server of whoever runs this site")
OWN = SelectChoice("smtp", "Through our own mail server")
FOLDER = SelectChoice("maildir", "Into a folder of this machine (demonstrations only)")

ADDRESS = Regexp(
    r"^[A-Za-z0-9.!#$%&'*/=?^_`{|}~-]{1,58}@[A-Za-z0-9.-]{1,190}$",
    message="Write the desk's address as name@your-domain, without a plus sign.",
)


class MailSettingForm(Paper):
    """How the desk's mail leaves."""

    desk_address = StringField(
        "The desk's address", [InputRequired("Write the address that the desk writes from."), ADDRESS]
    )
    desk_name = StringField(
        "The desk's name, as people see it", [Length(max=80, message="Use at most 80 letters.")]
    )
    driver = RadioField("How mail leaves", choices=[RELAY, OWN])
    host = StringField("Mail server", [Length(max=253, message="That is too long for a host name.")])
    port = IntegerField(
        "Port", [Optional(), NumberRange(1, 65535, message="Give a port from 1 to 65535, mostly 587 or 465.")]
    )
    security = SelectField(
        "Encryption",
        choices=[
            SelectChoice("starttls", "STARTTLS, mostly port 587"),
            SelectChoice("tls", "TLS, mostly port 465"),
        ],
    )
    username = StringField("User name", [Length(max=250, message="Use at most 250 letters.")])
    password = PasswordField("Password", [Length(max=250, message="Use at most 250 letters.")])
    authserv_id = StringField(
        "Name of your receiving mail server",
        [Length(max=250, message="Use at most 250 letters.")],
        description="As it stands first in the Authentication-Results header of mail that you receive. "
        "Without it, no mail counts as verified.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if get_settings().demo:
            self.driver.choices = [FOLDER, RELAY, OWN]

    @classmethod
    def of(cls, setting: MailSetting | None) -> "MailSettingForm":
        """The paper with what holds now, or as it was sent."""
        ours = desk()
        now: dict[str, Any] = {
            "desk_address": ours.address,
            "desk_name": ours.name,
            "driver": ours.driver,
            "port": 587,
        }
        if setting is not None:
            kept = ("host", "port", "security", "username", "authserv_id")
            now |= {name: getattr(setting, name) for name in kept}
        return cls.filled(data=now)

    def validate_host(self, field: StringField) -> None:
        if self.driver.data == "smtp" and not (field.data or "").strip():
            raise ValidationError("Write the name of your mail server, such as smtp.example.org.")

    def choice(self) -> Choice:
        """What was chosen."""
        return Choice(
            driver=self.driver.data,
            desk_address=self.desk_address.data or "",
            desk_name=self.desk_name.data or "",
            host=self.host.data or "",
            port=self.port.data or 587,
            security=self.security.data,
            username=self.username.data or "",
            password=self.password.data or "",
            authserv_id=self.authserv_id.data or "",
        )


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


#: Why post comes back, in the words of the post office.
RETURNED = {
    "not known": "Not known at this address",
    "moved": "Moved, and left no address",
    "insufficient": "The address is incomplete",
    "vacant": "Nobody lives there",
    "refused": "Not accepted",
    "unclaimed": "Not picked up",
    "other": "For another reason",
}


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
    by_letter = BooleanField("By letter", default=True)
    by_email = BooleanField("By email, to those who agreed to it")

    def values(self) -> dict[str, str]:
        """As they are put into the text."""
        return {"days": str(self.days.data), "unexcused": str(self.unexcused.data)}

    @property
    def channels(self) -> tuple[str, ...]:
        """How they are told."""
        return (*([LETTER] if self.by_letter.data else []), *([EMAIL] if self.by_email.data else []))


class CautionForm(Paper):
    """One notice is approved by itself."""

    caution_read = BooleanField("I have read this, and the notice may leave")


class CancelForm(Paper):
    """A notice is stopped."""

    why = StringField(
        "Why",
        [InputRequired("Say why it is cancelled."), Length(max=200, message="Use at most 200 letters.")],
    )


class ReturnForm(Paper):
    """A letter came back."""

    code = StringField(
        "Code on the letter",
        [
            InputRequired("Write or scan the code."),
            Length(max=40, message="A code has eight letters and digits."),
        ],
        description="It stands in the window, beside the square. A scanner types it.",
    )
    reason = SelectField("Why it came back", choices=options(RETURNED.items()))


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
