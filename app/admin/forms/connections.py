"""Sources of the roster that are asked."""

from dataclasses import replace
from typing import Any, Final

from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from app.admin.forms.asked import AskedForm, asked_at
from app.admin.forms.checks import a_guid, a_token, an_address, some_schools
from app.core.by_school import schools_named
from app.core.services import ENTRA_USERS, GOOGLE_DIRECTORY, GROUPCALL, ONEROSTER, WONDE
from app.integrations.entra_users.registration import NotACertificate, read_pem, runs_out
from app.integrations.google_directory.service_account import NotAKey, ServiceAccount
from app.integrations.groupcall.client import secrets_of
from app.integrations.oneroster.presets import METHODS
from app.integrations.wonde.wire import REGIONS
from app.roster.actions.connecting import Particulars
from app.web.fields import Paper, PastedSecretField, options


class ServiceForm(Paper):
    """Turning an outside service on; a host where the district names it."""

    host = StringField("Host name", [Length(max=253)])


class ConnectionForm(AskedForm):
    """A source of the roster that is asked."""

    hour = asked_at(
        "Only when an admin says so",
        "In the district's time zone. A quiet hour is kinder to the system that is asked.",
    )
    applies_itself = BooleanField(
        "Apply what the nightly sync finds without asking, unless more people than usual would go"
    )

    def particulars(self) -> Particulars:
        """What was filled in."""
        return Particulars(
            settings=self.settings(),
            secret=self.secret_given(),
            secret_expires_on=self.secret_expires_on.data,
            hour=self.hour_chosen(),
            families="families" in self and bool(self["families"].data),
            classes="classes" in self and bool(self["classes"].data),
            applies_itself=bool(self.applies_itself.data),
        )


class OneRosterForm(ConnectionForm):
    """A OneRoster server, whichever vendor's."""

    OWN = ("address", "method", "client_id", "token_address")

    address = StringField(
        "Address of OneRoster",
        [InputRequired("Copy the address from there."), Length(max=500)],
        description="The whole address up to v1p1 or v1p2. It is called at this host and no other.",
    )
    method = SelectField("How it knows us", choices=options(METHODS.items()), default="oauth2")
    client_id = StringField(
        "Key, or client ID", [Length(max=500)], description="Not needed with a bearer token."
    )
    families = BooleanField(
        "Take in students and families, too",
        description="Of students name, number, school and first grade; of their families name, role, email and "
        "numbers; and who belongs to whom. Never who has which rights: those are entered by the school office.",
    )
    classes = BooleanField(
        "Take in classes, too",
        description="For the class lists, and the classes on each student's page. Of classes title, code, type, "
        "school, course, periods and the days of their terms; of who is in them role, primary and days. Students are "
        "in them once students are taken in.",
    )
    token_address = StringField(
        "Address for tokens", [Length(max=500)], description="For OAuth 2 alone: where the token is made."
    )


class GoogleDirectoryForm(ConnectionForm):
    """A service account that may read a Google Workspace in the name of one of its admins."""

    OWN = ("admin",)

    admin = EmailField(
        "In the name of",
        [InputRequired("Name the admin in whose name it is read."), Length(max=254), an_address],
        description="An admin of your Google Workspace who may read users and groups. One made for this alone is best.",
    )
    secret = PastedSecretField(
        "Key of the service account",
        [Length(max=16_000)],
        description="All of the JSON file that Google made.",
    )

    def validate_secret(self, field: Any) -> None:
        """Looked at now: later nobody could say what was pasted."""
        if field.data and field.data.strip():
            try:
                ServiceAccount.of_file(field.data)
            except NotAKey as error:
                raise ValidationError(str(error)) from error


class EntraUsersForm(ConnectionForm):
    """An app registration that may read a Microsoft tenant by itself."""

    OWN = ("tenant", "client_id")

    tenant = StringField("Directory (tenant) ID", [InputRequired("Copy the tenant ID."), a_guid])
    client_id = StringField(
        "Application (client) ID",
        [InputRequired("Copy the application ID."), a_guid],
        description="Its app roles are the ones that can be given a meaning here.",
    )
    secret = PastedSecretField(
        "Client secret, or certificate",
        [Length(max=16_000)],
        description="The value of the secret. Or, as PEM, a certificate and below it its private key.",
    )

    def validate_secret(self, field: Any) -> None:
        """Looked at now: later nobody could say what was pasted."""
        given = (field.data or "").strip()
        if given.startswith("-----BEGIN"):
            try:
                read_pem(given)
            except NotACertificate as error:
                raise ValidationError(str(error)) from error
        elif any(letter.isspace() for letter in given):
            raise ValidationError("A client secret has no spaces. Copy its value once more.")

    def particulars(self) -> Particulars:
        """What was filled in. A certificate says itself how long it holds."""
        given = super().particulars()
        if not given.secret.startswith("-----BEGIN") or given.secret_expires_on is not None:
            return given
        return replace(given, secret_expires_on=runs_out(given.secret).date())


class WondeForm(ConnectionForm):
    """The schools of a district at Wonde."""

    OWN = ("region", "schools")

    families = BooleanField(
        "Take in students and their families, too",
        description="Of students name, school and year; of their families name, email, numbers, and what they are to "
        "the student. Doctors, childminders and neighbours are left out. Never who has which rights, nor court orders: "
        "those are entered by the school office.",
    )

    region = SelectField(
        "Region",
        choices=options([(word, name) for word, (_, name) in REGIONS.items()]),
        description="Where Wonde keeps the schools. Another region answers as if nobody were there.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by Wonde’s id, such as A1930499544. If it is called otherwise here, write that behind "
        "it: A1930499544 = Beech School. A name that no school has here makes a new one.",
    )
    secret = PasswordField(
        "Token",
        [Length(max=2_000), a_token],
        description="Wonde makes it for your application; the schools approve what it may read.",
    )


class GroupcallForm(ConnectionForm):
    """The schools of a district at Groupcall Xporter. Not verified with the vendor."""

    OWN = ("relying_party", "schools")

    families = BooleanField(
        "Take in students, too",
        description="Of students name, school and year. Their families are not read from Xporter.",
    )
    relying_party = StringField(
        "Relying party",
        [InputRequired("Write the relying party as Groupcall registered it."), Length(max=200)],
        description="The name under which Groupcall knows who asks, such as desk.maple.example.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by the number of local authority and establishment, such as 8232999. If it is called "
        "otherwise here, write that behind it: 8232999 = Beech School.",
    )
    secret = PastedSecretField(
        "Secret",
        [Length(max=16_000)],
        description="One for all schools; or, where each has its own, a line a school: its number, a space, its "
        "secret.",
    )

    def validate_secret(self, field: Any) -> None:
        """Looked at now: later nobody could say what was pasted."""
        try:
            if field.data and field.data.strip():
                secrets_of(field.data, schools_named(self.schools.data or ""))
        except ValueError as error:
            raise ValidationError(str(error)) from error


#: The paper of each source of the roster that is asked, by its outside service.
CONNECTION_FORMS: Final[dict[str, type[ConnectionForm]]] = {
    ONEROSTER: OneRosterForm,
    GOOGLE_DIRECTORY: GoogleDirectoryForm,
    ENTRA_USERS: EntraUsersForm,
    WONDE: WondeForm,
    GROUPCALL: GroupcallForm,
}
