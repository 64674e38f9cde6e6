"""What an admin fills in."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final
from uuid import UUID

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.core import clock
from app.core.actor import Role
from app.core.by_school import schools_named
from app.core.db import uuid_or_none
from app.core.services import (
    AERIES,
    ATTENDANCE_FILE,
    ED_FI,
    ENTRA_USERS,
    GOOGLE_DIRECTORY,
    GROUPCALL,
    ONEROSTER,
    WONDE,
)
from app.integrations.aeries.client import BY as AERIES_BY
from app.integrations.aeries.client import CALENDARS as AERIES_CALENDARS
from app.integrations.edfi.client import BY as ED_FI_BY
from app.integrations.entra_users.registration import NotACertificate, read_pem, runs_out
from app.integrations.file_pickup.client import COVERS
from app.integrations.google_directory.service_account import NotAKey, ServiceAccount
from app.integrations.groupcall.client import secrets_of
from app.integrations.oneroster.presets import METHODS
from app.integrations.spreadsheet.families import GUARDIANS, OF_A_GUARDIAN, OF_A_STUDENT
from app.integrations.spreadsheet.staff import FIELDS as STAFF_FIELDS
from app.integrations.wonde.client import REGIONS
from app.register.actions.connecting import Particulars as AttendanceParticulars
from app.roster.actions.connecting import Particulars
from app.roster.actions.grouping import Meaning
from app.roster.actions.importing import LARGEST_FILE
from app.roster.actions.school_years import Days
from app.roster.models.directory_group import GIVEN
from app.roster.models.roster_source import FAMILY_SPREADSHEET, SPREADSHEET
from app.roster.models.school_year_school import LADDER, LEAVE
from app.roster.models.student import GRADES
from app.web.fields import FilesField, FilesInput, KeyedPaper, Paper, PastedSecretField, options

ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}")
GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NOT_AN_ADDRESS: Final = "Write the whole address, such as bell@maple.example."

#: The zones of the regions that are served; any other IANA name can be set by the operator.
ZONES: Final = (
    "America/New_York",
    "America/Detroit",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "America/Toronto",
    "America/Winnipeg",
    "America/Regina",
    "America/Edmonton",
    "America/Vancouver",
    "Europe/London",
)

#: The hours at which a roster may be asked for: schools are shut.
HOURS: Final = (18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6)

OF_NEW_PEOPLE: Final = "Taken in with somebody who is new. From then on your office keeps it."

#: What each role may do, as an admin reads it.
ROLES: Final = {
    Role.REQUESTER: "Requester: asks for help",
    Role.TECHNICIAN: "Technician: works on the tickets of their schools",
    Role.LEAD: "Help desk lead: a technician who also files stray mail",
    Role.ADMIN: "District admin: people, schools and settings, and no tickets",
    Role.SCHOOL_OFFICE: "School office: keeps the students, guardians and households of their schools",
    Role.COUNSELOR: "Counselor: reads the guardians of the students of their schools",
    Role.ATTENDANCE_CLERK: "Attendance clerk: reads the guardians of the students of their schools",
    Role.PRINCIPAL: "Principal: reads the students and guardians of their schools, and changes nothing",
}


def an_address(_: Any, field: Any) -> None:
    """One mail address, if any was written."""
    if field.data and not ADDRESS.fullmatch(field.data.strip()):
        raise ValidationError(NOT_AN_ADDRESS)


def a_guid(_: Any, field: Any) -> None:
    """A number of Microsoft's, if any was written."""
    if field.data and not GUID.fullmatch(field.data.strip()):
        raise ValidationError(
            "Such an ID has 32 digits and letters in five groups, like 0f8fad5b-d9cb-469f-a165-70867728950e."
        )


def some_schools(_: Any, field: Any) -> None:
    """A line a school: its id, and perhaps its name here."""
    try:
        schools_named(field.data or "")
    except ValueError as error:
        raise ValidationError(str(error)) from error


def a_zone(_: Any, field: Any) -> None:
    """A name that the time zone database knows, if any was chosen."""
    if field.data:
        try:
            clock.zone(field.data)
        except clock.UnknownZone as error:
            raise ValidationError(str(error)) from error


class PersonForm(KeyedPaper):
    """Somebody on the staff."""

    given_name = StringField("Given name", [Length(max=80, message="Use at most 80 characters.")])
    family_name = StringField(
        "Family name",
        [InputRequired("Write the family name."), Length(max=80, message="Use at most 80 characters.")],
    )
    email = EmailField("Work email", [an_address, Length(max=254)])
    school_id = SelectField("School", choices=[])
    title = StringField("What they do", [Length(max=120, message="Use at most 120 characters.")])


class GrantForm(Paper):
    """A role, and where it holds."""

    role = SelectField(
        "Role", choices=options((role.value, words) for role, words in ROLES.items()), default="technician"
    )
    school = SelectField("At", choices=[])


class RosterField(FilesField):
    """The file of a roster: one, and larger than what may hang on a ticket."""

    widget = FilesInput(multiple=False)

    def __call__(self, **kwargs: Any) -> Any:
        kwargs.update(
            data_max_files=1, data_max_bytes=LARGEST_FILE, accept=".zip,.csv,.txt,application/zip,text/csv"
        )
        return super().__call__(**kwargs)

    def pre_validate(self, form: Any) -> None:
        if len(self.data or []) != 1:
            raise ValidationError("Choose the file that your student information system exported.")


class RosterFileForm(Paper):
    """A OneRoster export to read, or a CSV file."""

    file = RosterField("OneRoster zip, or CSV file", [InputRequired("Choose the file.")])
    sheet = RadioField(
        "If it is a CSV file, it is a list of",
        choices=options([(SPREADSHEET, "staff"), (FAMILY_SPREADSHEET, "students, with their guardians")]),
        default=SPREADSHEET,
    )


class ColumnsForm(Paper):
    """Which column of a CSV file is what. The choices are the columns of that file, the questions those of its kind."""

    #: By the kind of file: its questions, under the heading of each part.
    PARTS: ClassVar[Mapping[str, Mapping[str, Sequence[str]]]] = {
        SPREADSHEET: {"": STAFF_FIELDS},
        FAMILY_SPREADSHEET: {
            "The student": OF_A_STUDENT,
            **{f"Guardian {nth}": [f"guardian_{nth}_{what}" for what in OF_A_GUARDIAN] for nth in GUARDIANS},
        },
    }

    number = SelectField("Number")
    given_name = SelectField("First name")
    family_name = SelectField("Last name")
    email = SelectField("Work email")
    school = SelectField("School", description="By name. A name that is not here yet becomes a new school.")
    grade = SelectField("Grade")
    role = SelectField("Role or job")
    language = SelectField("Language spoken at home", description=OF_NEW_PEOPLE)
    active = SelectField("Active", description="Yes or no; an empty one is a yes.")
    has_everybody = BooleanField("")

    def offer(
        self, kind: str, columns: Sequence[str], guess: Mapping[str, str], examples: Mapping[str, str]
    ) -> None:
        """Ask what a file of that kind needs, of its columns, beginning with what was guessed."""
        # Of a file that has no columns to choose, which waits for nothing any more, it does not matter.
        self._kind = kind if kind in self.PARTS else SPREADSHEET
        self.parts = self.PARTS[self._kind]
        asked = self._names()
        for field in [one for one in self if one.type == "SelectField" and one.short_name not in asked]:
            del self[field.short_name]
        self.number.label.text, self.number.description = _NUMBERS[self._kind]
        self.has_everybody.label.text = _EVERYBODY[self._kind]
        for name in asked:
            field = self[name]
            field.choices = options([("", "Not in this file"), *((one, one) for one in columns if one)])
            if not self.is_submitted():
                field.data = guess.get(name, "")
            if example := examples.get(field.data or ""):
                field.description = f"{field.description} In the first row: {example}".strip()

    def chosen(self) -> dict[str, str]:
        """What → its column."""
        return {name: self[name].data for name in self._names() if self[name].data}

    def validate(self, extra_validators: Any = None) -> bool:
        """Somebody must be told from others, and have a name."""
        valid = super().validate(extra_validators)
        chosen = self.chosen()
        if "number" not in chosen and self._kind == FAMILY_SPREADSHEET:
            self.refuse("Choose the column of the student number: by it students are known again.")
        elif "email" not in chosen and "number" not in chosen:
            self.refuse(
                "Choose the column of the work email or of the staff number: by it people are known again."
            )
        if "given_name" not in chosen and "family_name" not in chosen:
            self.refuse("Choose the columns in which the names stand.")
        for nth in GUARDIANS:
            theirs = {name for name in chosen if name.startswith(f"guardian_{nth}_")}
            if theirs and not theirs & {f"guardian_{nth}_name", f"guardian_{nth}_family_name"}:
                self.refuse(f"Choose the column in which the name of guardian {nth} stands.")
        if twice := [one for one, times in Counter(chosen.values()).items() if times > 1]:
            self.refuse(f"“{twice[0]}” is chosen twice. Each column can be one thing alone.")
        return valid and not self.form_errors

    def _names(self) -> list[str]:
        return [name for names in self.parts.values() for name in names]


_NUMBERS: Final = {
    SPREADSHEET: ("Staff number", "By it people are known again when their address changes."),
    FAMILY_SPREADSHEET: ("Student number", "By it students are known again."),
}
_EVERYBODY: Final = {
    SPREADSHEET: "Everybody on the staff is in this file: whoever is missing twice in a row has left",
    FAMILY_SPREADSHEET: (
        "All students are in this file: whoever is missing twice in a row has left, and their guardians too"
    ),
}

for _nth in GUARDIANS:
    for _what, _label, _says in (
        ("name", "Name, or first name", "If first and last name stand in one column, choose it here."),
        ("family_name", "Last name", ""),
        ("relation", "Relationship", "Such as mother, grandfather or guardian."),
        ("email", "Email", ""),
        ("mobile", "Mobile phone", ""),
        ("phone", "Other phone", ""),
        ("language", "Language", OF_NEW_PEOPLE),
    ):
        setattr(ColumnsForm, f"guardian_{_nth}_{_what}", SelectField(_label, description=_says))


class YearForm(KeyedPaper):
    """The days of a school year."""

    name = StringField(
        "Name",
        [
            InputRequired("Write a name, such as 2026–27."),
            Length(max=40, message="Use at most 40 characters."),
        ],
    )
    first_day = DateField("First day of school", [InputRequired("Choose the first day.")])
    last_day = DateField("Last day of school", [InputRequired("Choose the last day.")])

    def days(self) -> Days:
        """What was written. Only once it is valid."""
        assert self.first_day.data is not None
        assert self.last_day.data is not None
        return Days(name=self.name.data or "", first_day=self.first_day.data, last_day=self.last_day.data)


class NextYearForm(YearForm):
    """The days of the next one, and who is in its grades already."""

    told_since = DateField(
        "Whoever came on or after this day is in the new grade already", [InputRequired("Choose that day.")]
    )

    def days(self) -> Days:
        """What was written. Only once it is valid."""
        return replace(super().days(), told_since=self.told_since.data)


class LeaversForm(Paper):
    """A school's highest grade, and where those go who have been in it."""

    highest = SelectField("Highest grade", choices=options((code, GRADES[code]) for code in LADDER))
    goes_to = SelectField("Whoever has been in it")

    def offer(self, schools: Mapping[UUID, str]) -> None:
        """The schools to which they may go."""
        others = ((str(id), f"Goes on to {name}") for id, name in schools.items())
        self.goes_to.choices = options([("", "Choose"), (LEAVE, "Leaves the district"), *others])

    def validate_goes_to(self, field: Any) -> None:
        """Somewhere, or away."""
        if not field.data:
            raise ValidationError("Choose where they go, or that they leave the district.")


class SchoolForm(KeyedPaper):
    """A school."""

    name = StringField(
        "Name",
        [
            InputRequired("Write the name of the school."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    short_name = StringField("Short name", [Length(max=30, message="Use at most 30 characters.")])
    zone = SelectField("Time zone", [a_zone], choices=[], validate_choice=False)


class RoomForm(KeyedPaper):
    """A room of a school."""

    name = StringField(
        "Name of the room",
        [InputRequired("Write the name of the room."), Length(max=60, message="Use at most 60 characters.")],
    )


class RoomChangeForm(RoomForm):
    """A room that is there already."""

    active = BooleanField("People can choose this room")


class ServiceForm(Paper):
    """Turning an outside service on; a host where the district names it."""

    host = StringField("Host name", [Length(max=253)])


class RegistrationForm(Paper):
    """What a district is registered as at Google or Microsoft."""

    client_id = StringField("Client ID", [InputRequired("Copy the client ID from there."), Length(max=255)])
    client_secret = PasswordField("Client secret", [Length(max=500)])
    secret_expires_on = DateField("Last day on which the secret works", [Optional()])
    tenant = StringField("Tenant ID", [Length(max=40)])
    domains = StringField("Domains", [Length(max=1000)])

    def validate_tenant(self, field: Any) -> None:
        """A GUID: “common” and the like would let in everybody’s staff."""
        if field.data and not GUID.fullmatch(field.data.strip()):
            raise ValidationError(
                "A tenant ID has 32 digits and letters in five groups, such as 0f8fad5b-d9cb-469f-a165-70867728950e."
            )


class ConnectionForm(Paper):
    """A source of the roster that is asked. Each kind has a paper of its own, with the fields that it names `OWN`."""

    #: The fields that say how it is reached, in their order: what is kept of them are its settings.
    OWN: ClassVar[tuple[str, ...]] = ()

    secret = PasswordField("Secret", [Length(max=16_000)])
    secret_expires_on = DateField(
        "Last day on which the secret works",
        [Optional()],
        description="If you know it, admins are reminded in time.",
    )
    hour = SelectField(
        "Ask it",
        choices=options(
            [
                ("", "Only when an admin says so"),
                *((str(hour), f"Each night at {hour:02}:00") for hour in HOURS),
            ]
        ),
        description="In the district's time zone. A quiet hour is kinder to the system that is asked.",
    )
    applies_itself = BooleanField(
        "Apply what the nightly sync finds without asking, unless more people than usual would go"
    )

    def own(self) -> list[Any]:
        """How it is reached."""
        return [self[name] for name in self.OWN]

    def particulars(self) -> Particulars:
        """What was filled in."""
        return Particulars(
            settings={field.name: (field.data or "").strip() for field in self.own()},
            secret=(self.secret.data or "").strip(),
            secret_expires_on=self.secret_expires_on.data,
            hour=int(self.hour.data) if self.hour.data else None,
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


class AdmitForm(Paper):
    """Who somebody is that Google or Microsoft vouches for."""

    email = EmailField(
        "Their address on your staff list",
        [InputRequired("Write the address that they have under People."), an_address, Length(max=254)],
    )


class ContactForm(Paper):
    """Whom the public can ask."""

    department = StringField(
        "Department", [InputRequired("Write who answers, such as “Technology Department”."), Length(max=120)]
    )
    phone = TelField("Phone", [Length(max=40)])
    email = EmailField("Email", [an_address, Length(max=254)])
    address = TextAreaField("Postal address", [Length(max=400)])


class FactorsForm(Paper):
    """Of whom a second factor is asked."""

    factor_for = RadioField(
        "Who needs a second factor?",
        choices=options(
            [
                ("nobody", "Nobody has to have one"),
                ("desk", "Admins and technicians"),
                ("everybody", "Everybody who signs in"),
            ]
        ),
        validate_choice=True,
    )


class SealForm(Paper):
    """The account for emergencies."""

    name = StringField(
        "What it is called",
        [InputRequired("Give it a name."), Length(max=80, message="Use at most 80 characters.")],
        default="Sealed account",
    )


class VisitForm(Paper):
    """For how long the operator may look."""

    minutes = RadioField(
        "For how long?",
        choices=options([("15", "15 minutes"), ("30", "30 minutes"), ("60", "60 minutes")]),
        default="15",
    )


class SafeKeyForm(Paper):
    """A security key for the safe: its name, and what the browser's authenticator answered."""

    name = StringField(
        "Name for this key", [InputRequired("Give it a name, such as “Key in the safe”."), Length(max=60)]
    )
    credential = HiddenField(
        validators=[
            InputRequired(
                "No key came along. It needs a browser that can use passkeys, with scripts allowed."
            ),
            Length(max=20_000),
        ]
    )


class DistrictForm(Paper):
    """What the district is called, and its clock."""

    name = StringField(
        "Name",
        [
            InputRequired("Write the name of the district."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    zone = SelectField("Time zone", [a_zone], choices=[], validate_choice=False)


class DirectoryGroupForm(Paper):
    """What being in a group, unit or app role of a directory means here."""

    what = SelectField("Which", choices=[], validate_choice=True)
    name = StringField("As the directory calls it", [Length(max=254)])
    takes_in = RadioField(
        "Whoever is in it",
        choices=options(
            [("yes", "is on the staff"), ("no", "is not on the staff, whatever else they are in")]
        ),
        default="yes",
    )
    school = SelectField("At the school", choices=[])
    role = SelectField(
        "With the role",
        choices=options(
            [
                ("", "None: they may ask for help, as everybody on the staff"),
                *((role.value, ROLES[role]) for role in GIVEN),
            ]
        ),
    )

    def meaning(self) -> Meaning:
        """What was filled in."""
        return Meaning(
            what=self.what.data,
            name=self.name.data or "",
            takes_in=self.takes_in.data == "yes",
            school_id=uuid_or_none(self.school.data),
            role=Role(self.role.data) if self.role.data else None,
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
        [Length(max=2_000)],
        description="Wonde makes it for your application; the schools approve what it may read.",
    )

    def validate_secret(self, field: Any) -> None:
        """It goes into a header."""
        given = (field.data or "").strip()
        if not given.isascii() or any(letter.isspace() for letter in given):
            raise ValidationError("A token has no spaces and no accents. Copy it once more.")


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


class AttendanceForm(Paper):
    """A system that is asked for attendance. Each kind has a paper of its own, with the fields that it names `OWN`."""

    #: The fields that say how it is reached, in their order: what is kept of them are its settings.
    OWN: ClassVar[tuple[str, ...]] = ()

    secret = PasswordField("Secret", [Length(max=2_000)])
    secret_expires_on = DateField(
        "Last day on which the secret works",
        [Optional()],
        description="If you know it, admins are reminded in time.",
    )
    hour = SelectField(
        "Ask it",
        choices=options(
            [
                ("", "Only when somebody says so"),
                *((str(hour), f"Each night at {hour:02}:00") for hour in HOURS),
            ]
        ),
        description="In the district's time zone, once the registers of the day are closed.",
    )
    applies_itself = BooleanField(
        "Apply what the night finds without asking, at schools where nothing is unusual",
        description="A school that loses many of its marks waits for somebody all the same, and so does everything "
        "once many rows are set aside. Admins hear of it by mail.",
    )
    expected_hour = SelectField(
        "Tell admins of schools whose attendance did not come",
        choices=options(
            [("", "Never"), *((str(hour), f"Each day at {hour:02}:00") for hour in range(5, 13))]
        ),
    )
    late_after = SelectField(
        "It did not come",
        choices=options(
            [
                ("1", "after a school day without a mark"),
                *((str(n), f"after {n} school days without a mark") for n in (2, 3, 5)),
            ]
        ),
        default="2",
        description="A small school can have a day on which nobody is absent.",
    )

    def own(self) -> list[Any]:
        """How it is reached."""
        return [self[name] for name in self.OWN]

    def attendance(self) -> AttendanceParticulars:
        """What was filled in."""
        return AttendanceParticulars(
            settings={field.name: _as_setting(field.data) for field in self.own()},
            secret=(self.secret.data or "").strip(),
            secret_expires_on=self.secret_expires_on.data,
            hour=int(self.hour.data) if self.hour.data else None,
            applies_itself=bool(self.applies_itself.data),
            expected_hour=int(self.expected_hour.data) if self.expected_hour.data else None,
            late_after=int(self.late_after.data),
        )


class EdFiForm(AttendanceForm):
    """An Ed-Fi server, whoever runs it."""

    OWN = (
        "address",
        "client_id",
        "token_address",
        "schools",
        "by",
        "reasons",
        "minutes",
        "open_events",
        "snapshot",
    )

    address = StringField(
        "Address of Ed-Fi",
        [InputRequired("Copy the address from there."), Length(max=500)],
        description="The whole address up to /data/v3, and the year behind it if there is one. It is called at this "
        "host and no other.",
    )
    client_id = StringField("Key", [InputRequired("Copy the key from there."), Length(max=200)])
    token_address = StringField(
        "Address for tokens",
        [Length(max=500)],
        description="Only if it is another one than /oauth/token beside /data.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by its Ed-Fi school id, such as 255901001 = Beech School. What stands behind it is "
        "the school's name here.",
    )
    by = SelectField("Attendance is noted", choices=options(ED_FI_BY.items()), default="school")
    reasons = BooleanField(
        "The reason is part of the code",
        description="If your reasons are a short list, such as Illness or Court: each category and reason is then "
        "signed off by itself. Leave it out where reasons are written freely.",
    )
    minutes = StringField(
        "Minutes of a whole day of school",
        [Length(max=4)],
        description="Ed-Fi's calendars have none. Events of a part of a day are counted by it; without it they are "
        "set aside.",
    )
    open_events = TextAreaField(
        "Further calendar events that are school days",
        [Length(max=4_000)],
        description="One a line. Instructional day, Make-up day and Student late arrival/early dismissal always are; "
        "a day with Holiday, Weather day, Emergency day, Strike, Teacher only day or Non-instructional day never is.",
    )
    snapshot = BooleanField(
        "Read from a snapshot", description="If the operator of the Ed-Fi server makes one each night."
    )
    secret = PasswordField(
        "Secret",
        [Length(max=2_000)],
        description="It comes with the key, from the operator of the Ed-Fi server.",
    )

    def validate_minutes(self, field: Any) -> None:
        """Of one day."""
        typed = (field.data or "").strip()
        if typed and not (typed.isascii() and typed.isdigit() and 60 <= int(typed) <= 900):
            raise ValidationError("Write the minutes as a number from 60 to 900, such as 390.")


class AeriesForm(AttendanceForm):
    """A district's Aeries."""

    OWN = ("address", "schools", "by", "calendar")

    address = StringField(
        "Address of Aeries",
        [InputRequired("Copy the address from there."), Length(max=500)],
        description="The whole address up to /api/v5. It is called at this host and no other.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by its code in Aeries, such as 994 = Beech School. What stands behind it is the "
        "school's name here.",
    )
    by = SelectField("Attendance is noted", choices=options(AERIES_BY.items()), default="day")
    calendar = SelectField(
        "Calendars of the schools", choices=options(AERIES_CALENDARS.items()), default="yes"
    )
    secret = PasswordField(
        "Certificate",
        [Length(max=200)],
        description="Aeries makes it for a vendor, under its API security. Tick Absence Codes, School Calendar, "
        "Enrollment History and Attendance, to be read.",
    )

    def validate_secret(self, field: Any) -> None:
        """It goes into a header."""
        given = (field.data or "").strip()
        if not given.isascii() or any(letter.isspace() for letter in given):
            raise ValidationError("A certificate has no spaces and no accents. Copy it once more.")


class AttendanceFileForm(AttendanceForm):
    """A file of the register that lies ready at an address."""

    OWN = ("address", "user", "covers")

    address = StringField(
        "Address of the file",
        [InputRequired("Write where the file lies."), Length(max=1_000)],
        description="The whole address, with https. A zip of marks.csv, calendar.csv, codes.csv and enrollments.csv, "
        "or marks.csv alone, at most 100 MB. It is fetched from this host and no other.",
    )
    user = StringField(
        "Name", [Length(max=200)], description="That goes with the password. Leave it empty for a token."
    )
    covers = SelectField(
        "What the file has",
        choices=options(COVERS.items()),
        description="A mark of that time that is not in it is gone. What a manifest.json in the zip says goes first.",
    )
    secret = PasswordField(
        "Password or token",
        [Length(max=2_000)],
        description="Of an account that can read this file and nothing else.",
    )

    def validate_secret(self, field: Any) -> None:
        """It goes into a header."""
        given = (field.data or "").strip()
        if not given.isascii() or not given.isprintable():
            raise ValidationError("Use a password or token of plain letters, digits and signs.")

    def validate_user(self, field: Any) -> None:
        """A colon would part it from the password (RFC 7617)."""
        given = (field.data or "").strip()
        if ":" in given or not given.isascii():
            raise ValidationError("A name has no colon and no accents here.")


def _as_setting(value: object) -> str:
    """A box that is ticked is "yes"."""
    return ("yes" if value else "") if isinstance(value, bool) else str(value or "").strip()


#: The paper of each system that is asked for attendance, by its outside service.
ATTENDANCE_FORMS: Final[dict[str, type[AttendanceForm]]] = {
    ED_FI: EdFiForm,
    AERIES: AeriesForm,
    ATTENDANCE_FILE: AttendanceFileForm,
}
