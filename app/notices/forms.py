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
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from app.core.settings import get_settings
from app.notices.models.mail_setting import Choice, MailSetting, desk
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
