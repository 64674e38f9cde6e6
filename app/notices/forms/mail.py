"""How the desk’s mail leaves."""

import re
from typing import Any

from wtforms import IntegerField, PasswordField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from app.core.settings import get_settings
from app.integrations.google_directory.service_account import LARGEST_KEY, NotAKey, ServiceAccount
from app.notices.forms.checks import has_the_shape
from app.notices.models.mail_setting import BY_MAILGUN, GMAIL, GRAPH, Choice, MailSetting, desk
from app.web.fields import Paper, PastedSecretField

RELAY = SelectChoice("relay", "Through the mail server of whoever runs this site")
OWN = SelectChoice("smtp", "Through our own mail server")
MICROSOFT = SelectChoice("graph", "From a mailbox of our Microsoft 365 (Graph)")
GOOGLE = SelectChoice("gmail", "From a mailbox of our Google Workspace (Gmail)")
MAILGUN = SelectChoice("mailgun", "By Mailgun")
DOMAIN = re.compile(r"(?=.{4,190}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
FOLDER = SelectChoice("maildir", "Into a folder of this machine (demonstrations only)")
GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
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
    driver = RadioField("How mail leaves", choices=[RELAY, OWN, MICROSOFT, GOOGLE, MAILGUN])
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
    tenant = StringField("Tenant ID", [Length(max=40)])
    client_id = StringField("Application (client) ID", [Length(max=40)])
    # A browser takes several passwords in one form for several forms, and says so: keys of vendors are pasted.
    secret = PastedSecretField(
        "Client secret", [Length(max=500, message="A client secret has some forty letters.")]
    )
    key_file = PastedSecretField("Key of the service account", [Length(max=LARGEST_KEY)])
    domain = StringField("Sending domain", [Length(max=190)])
    region = SelectField(
        "Region", choices=[SelectChoice("us", "United States"), SelectChoice("eu", "European Union")]
    )
    api_key = PastedSecretField("API key", [Length(max=200)])
    signing_key = PastedSecretField("Webhook signing key", [Length(max=200)])
    authserv_id = StringField(
        "Name of your receiving mail server",
        [Length(max=250, message="Use at most 250 letters.")],
        description="As it stands first in the Authentication-Results header of mail that you receive. "
        "Without it, no mail counts as verified.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if get_settings().demo:
            self.driver.choices = [FOLDER, RELAY, OWN, MICROSOFT, GOOGLE, MAILGUN]

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
            now |= setting.particulars
        return cls.filled(data=now)

    def validate_host(self, field: StringField) -> None:
        if self.driver.data == "smtp" and not (field.data or "").strip():
            raise ValidationError("Write the name of your mail server, such as smtp.example.org.")

    def validate_domain(self, field: StringField) -> None:
        if self.driver.data == BY_MAILGUN:
            field.data = (field.data or "").strip().lower()
            has_the_shape(field, DOMAIN, "Write the domain as Mailgun has it, such as mg.maple.example.")

    def validate_key_file(self, field: Any) -> None:
        """Looked at now: later nobody could say what was pasted."""
        try:
            if self.driver.data == GMAIL and (field.data or "").strip():
                ServiceAccount.of_file(field.data)
        except NotAKey as error:
            raise ValidationError(str(error)) from error

    def validate_tenant(self, field: StringField) -> None:
        _is_a_guid(self, field, "tenant ID")

    def validate_client_id(self, field: StringField) -> None:
        _is_a_guid(self, field, "application ID")

    def secret_of_the_vendor(self) -> str:
        """What was entered for the way that was chosen."""
        field = {GMAIL: self.key_file, BY_MAILGUN: self.api_key}.get(self.driver.data, self.secret)
        return (field.data or "").strip()

    def particulars(self) -> dict[str, str]:
        """How the vendor that was chosen knows us."""
        own = {GRAPH: ("tenant", "client_id"), BY_MAILGUN: ("domain", "region")}.get(self.driver.data, ())
        return {name: (self[name].data or "").strip().lower() for name in own}

    def choice(self) -> Choice:
        """What was chosen."""
        return Choice(
            particulars=self.particulars(),
            secret=self.secret_of_the_vendor(),
            signing_key=(self.signing_key.data or "").strip(),
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


def _is_a_guid(form: MailSettingForm, field: StringField, called: str) -> None:
    if form.driver.data == GRAPH:
        has_the_shape(
            field,
            GUID,
            f"Copy the {called} from Entra: 32 digits and letters, as in 0f8fad5b-d9cb-469f-a165-70867728950e.",
        )
