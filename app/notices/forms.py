"""The paper of the mail settings, of the texts, and of what families are told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.core import clock
from app.core.directory import district_by_id
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.integrations.google_directory.service_account import LARGEST_KEY, NotAKey, ServiceAccount
from app.integrations.twilio.client import ACCOUNT_SID, KEY_SID, SERVICE_SID
from app.integrations.typesetting.paper import PAPERS
from app.notices.law.deadlines import LONGEST, STATES
from app.notices.models.incident import CAUSES, DISCLOSES, STEPS
from app.notices.models.incident_setting import card_of_district
from app.notices.models.mail_setting import BY_MAILGUN, GMAIL, GRAPH, Choice, MailSetting, desk
from app.notices.models.notice import EMAIL, LETTER, SMS
from app.notices.models.text_setting import (
    FIRST_HOUR,
    LAST_HOUR,
    MOST_STAFF_NUMBERS,
    TextChoice,
    TextSetting,
)
from app.notices.wording.contents import Item
from app.roster.models.language import LANGUAGES
from app.roster.models.reaching import COUNTRY_OF, Unreachable, phone_number
from app.web.fields import KeyedPaper, Paper, PastedSecretField, options

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
            _has_the_shape(field, DOMAIN, "Write the domain as Mailgun has it, such as mg.maple.example.")

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


#: What the office chooses, and in which order that is tried.
WAYS_OF_THE_OFFICE = {
    LETTER: "By letter",
    EMAIL: "By email, to those who agreed to it; by letter to the others",
    SMS: "By text message with a link, to those who may be texted; by email or letter to the others",
}
ORDERS = {LETTER: (LETTER,), EMAIL: (EMAIL, LETTER), SMS: (SMS, EMAIL, LETTER)}


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
    why_other = StringField(
        "If these are not the register’s numbers: why",
        [Length(max=200, message="Use at most 200 letters.")],
        description="Whoever approves the notice reads it first.",
    )
    way = RadioField("How", choices=options(WAYS_OF_THE_OFFICE.items()), default=LETTER)

    def values(self) -> dict[str, str]:
        """As they are put into the text."""
        return {"days": str(self.days.data), "unexcused": str(self.unexcused.data)}

    @property
    def channels(self) -> tuple[str, ...]:
        """How they are told: each by the first that reaches them."""
        return ORDERS[self.way.data]


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
        _has_the_shape(field, ACCOUNT_SID, "An account SID is AC and 32 digits and letters from a to f.")

    def validate_key_sid(self, field: StringField) -> None:
        _has_the_shape(field, KEY_SID, "The SID of an API key is SK and 32 digits and letters from a to f.")

    def validate_sender(self, field: StringField) -> None:
        written = (field.data or "").strip()
        if written.startswith("MG"):
            _has_the_shape(
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


def _is_a_guid(form: MailSettingForm, field: StringField, called: str) -> None:
    if form.driver.data == GRAPH:
        _has_the_shape(
            field,
            GUID,
            f"Copy the {called} from Entra: 32 digits and letters, as in 0f8fad5b-d9cb-469f-a165-70867728950e.",
        )


def _has_the_shape(field: StringField, shape: Any, sentence: str) -> None:
    if not shape.fullmatch((field.data or "").strip()):
        raise ValidationError(sentence)


def _number(typed: str) -> str:
    try:
        return phone_number(typed, own_country())
    except Unreachable as error:
        raise ValidationError(f"{typed}: {error.sentence}") from error


def _moment(on: date | None, at: time | None) -> datetime:
    """Of the two fields, on the district's clock."""
    assert on is not None  # both are asked for
    assert at is not None
    return datetime.combine(on, at, clock.zone(card_of_district().zone))


def moment_now() -> tuple[date, time]:
    """This minute, as the two fields have it."""
    here = clock.local(clock.now(), card_of_district().zone)
    return here.date(), here.time().replace(second=0, microsecond=0)


class IncidentForm(KeyedPaper):
    """That a notice reached the wrong person."""

    cause = RadioField(
        "What went wrong",
        [InputRequired("Say what went wrong.")],
        choices=options(CAUSES.items()),
    )
    reached = StringField(
        "Whom it reached",
        [
            InputRequired("Say whom it reached, as far as you know."),
            Length(max=300, message="Use at most 300 letters."),
        ],
        description="In your own words: “the family next door brought it back”.",
    )
    noticed_on = DateField("Noticed on", [InputRequired("Write the day on which it was noticed.")])
    noticed_time = TimeField("At, on the district’s clock", [InputRequired("Write the time, such as 9:30.")])
    disclosed = SelectMultipleField(
        "What it disclosed",
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    note = TextAreaField("Note", [Length(max=2000, message="Use at most 2,000 letters.")])

    def offer(self, disclosed: Iterable[str]) -> None:
        """What stands in this notice, and nothing else."""
        self.disclosed.choices = options((one, DISCLOSES[one]) for one in disclosed)

    @property
    def noticed_at(self) -> datetime:
        """When it was noticed."""
        return _moment(self.noticed_on.data, self.noticed_time.data)


class IncidentStepForm(KeyedPaper):
    """That something was done about it."""

    kind = SelectField("What was done", choices=options(STEPS.items()))
    done_on = DateField("On", [InputRequired("Write the day on which it was done.")])
    done_time = TimeField("At", [InputRequired("Write the time, such as 9:30.")])
    step_note = StringField("Note", [Length(max=500, message="Use at most 500 letters.")])

    @property
    def done_at(self) -> datetime:
        """When it was done."""
        return _moment(self.done_on.data, self.done_time.data)


class IncidentClosingForm(Paper):
    """That nothing more is to be done, and why."""

    reason = TextAreaField(
        "Why it is closed",
        [
            InputRequired("Say why it is closed: what was done, and why nothing more is to be done."),
            Length(max=2000, message="Use at most 2,000 letters."),
        ],
    )


class IncidentSettingForm(Paper):
    """Which deadlines hold."""

    state = SelectField("State", choices=options([("", "Not said yet"), *STATES.items()]), default="")
    own_hours = IntegerField(
        "By your own policy the privacy officer is told within, in hours",
        [Optional(), NumberRange(1, LONGEST, message=f"Write a number of hours from 1 to {LONGEST}.")],
    )
    own_words = StringField(
        "Where that stands",
        [Length(max=200, message="Use at most 200 letters.")],
        description="The number of the policy, and its date.",
    )
    by_contract = BooleanField("We have signed the National Data Privacy Agreement")

    def validate_own_words(self, field: StringField) -> None:
        """Hours belong to a policy, and a policy to hours."""
        if (self.own_hours.data is not None) != bool((field.data or "").strip()):
            raise ValidationError("Write both the hours and where they stand, or leave both empty.")


class IncidentCounselForm(Paper):
    """That counsel confirmed the deadlines."""

    counsel = StringField(
        "Name of your counsel",
        [InputRequired("Write who confirmed them."), Length(max=120, message="Use at most 120 letters.")],
    )
    confirmed_on = DateField("Confirmed on", [InputRequired("Write the day on which they were confirmed.")])
