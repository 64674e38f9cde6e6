"""How the district’s text messages leave."""

from typing import Any

from wtforms import BooleanField, PasswordField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.integrations.twilio.client import ACCOUNT_SID, KEY_SID, SERVICE_SID
from app.notices.forms.checks import has_the_shape
from app.notices.models.text_setting import (
    FIRST_HOUR,
    LAST_HOUR,
    MOST_STAFF_NUMBERS,
    TextChoice,
    TextSetting,
)
from app.roster.models.reaching import COUNTRY_OF, Unreachable, phone_number
from app.web.fields import Paper, options


def own_country() -> str:
    """The country whose numbers are written without a country code here."""
    card = district_by_id(current_district_id())
    return COUNTRY_OF[card.region if card else "us"]


class TextSettingForm(Paper):
    """How the district's texts leave. Secrets go in and never come out."""

    account_sid = StringField(
        "Account SID", [InputRequired("Copy the account SID from Twilio’s console."), Length(max=60)]
    )
    key_sid = StringField(
        "API key SID",
        [InputRequired("Copy the SID of an API key from Twilio’s console."), Length(max=60)],
        description="A key made for this alone. Under Account › API keys & tokens; a restricted key needs Messages: "
        "read and create.",
    )
    key_secret = PasswordField("Secret of the API key", [Length(max=200)])
    auth_token = PasswordField(
        "Auth token",
        [Length(max=200)],
        description="Twilio signs with it what it tells us. It is compared here, and sent nowhere.",
    )
    sender = StringField(
        "Sender",
        [InputRequired("Write the SID of a messaging service, or the number that sends."), Length(max=60)],
        description="A messaging service (MG…) or one of your Twilio numbers. In the United States it must be "
        "registered for texts (10DLC or toll-free verification), or the networks stop every text.",
    )
    staff_numbers = TextAreaField(
        "Numbers of staff for practice and trials",
        [Length(max=1000)],
        description=f"One a line, {MOST_STAFF_NUMBERS} at most. Only of people who agreed to it.",
    )
    is_live = BooleanField(
        "Text families",
        description="Until this is chosen, texts reach the numbers of staff above and nobody else.",
    )
    first_hour = SelectField("Phones may ring from", choices=options([]))
    last_hour = SelectField("Until", choices=options([]))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_hour.choices = options([(str(hour), f"{hour:02}:00") for hour in range(24)])
        self.last_hour.choices = options([(str(hour), f"{hour:02}:00") for hour in range(1, 25)])

    @classmethod
    def of(cls, setting: TextSetting | None) -> dict[str, Any]:
        """What holds now, without the secrets."""
        if setting is None:
            return {"first_hour": str(FIRST_HOUR), "last_hour": str(LAST_HOUR)}
        kept = {name: getattr(setting, name) for name in ("account_sid", "key_sid", "sender", "is_live")}
        hours = {"first_hour": str(setting.first_hour), "last_hour": str(setting.last_hour)}
        return {**kept, **hours, "staff_numbers": "\n".join(setting.staff_numbers)}

    def validate_account_sid(self, field: StringField) -> None:
        has_the_shape(field, ACCOUNT_SID, "An account SID is AC and 32 digits and letters from a to f.")

    def validate_key_sid(self, field: StringField) -> None:
        has_the_shape(field, KEY_SID, "The SID of an API key is SK and 32 digits and letters from a to f.")

    def validate_sender(self, field: StringField) -> None:
        written = (field.data or "").strip()
        if written.startswith("MG"):
            has_the_shape(
                field, SERVICE_SID, "A messaging service is MG and 32 digits and letters from a to f."
            )
            return
        field.data = _number(written)

    def validate_staff_numbers(self, field: TextAreaField) -> None:
        lines = [line.strip() for line in (field.data or "").splitlines() if line.strip()]
        if len(lines) > MOST_STAFF_NUMBERS:
            raise ValidationError(f"Write at most {MOST_STAFF_NUMBERS} numbers.")
        field.data = "\n".join(dict.fromkeys(_number(line) for line in lines))

    def validate_last_hour(self, field: SelectField) -> None:
        if int(field.data or 0) <= int(self.first_hour.data or 0):
            raise ValidationError("Choose a later hour than the one from which phones may ring.")

    def choice(self) -> TextChoice:
        """What was chosen."""
        return TextChoice(
            account_sid=(self.account_sid.data or "").strip(),
            key_sid=(self.key_sid.data or "").strip(),
            key_secret=(self.key_secret.data or "").strip(),
            auth_token=(self.auth_token.data or "").strip(),
            sender=(self.sender.data or "").strip(),
            staff_numbers=tuple((self.staff_numbers.data or "").split()),
            is_live=bool(self.is_live.data),
            first_hour=int(self.first_hour.data),
            last_hour=int(self.last_hour.data),
        )


class TrialTextForm(Paper):
    """Whom a trial text goes to: one of the numbers of staff."""

    number = TelField("Number", [InputRequired("Write the number that the trial goes to."), Length(max=40)])


def _number(typed: str) -> str:
    try:
        return phone_number(typed, own_country())
    except Unreachable as error:
        raise ValidationError(f"{typed}: {error.sentence}") from error
