"""Systems that are asked for attendance."""

from typing import Any, ClassVar, Final

from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from app.admin.forms.asked import AskedForm, asked_at
from app.admin.forms.checks import a_certificate, a_token, some_schools, some_schools_by_number
from app.core.services import (
    AERIES,
    ATTENDANCE_FILE,
    ATTENDANCE_SFTP,
    CLEVER,
    ED_FI,
    POWERSCHOOL,
    WONDE_ATTENDANCE,
)
from app.integrations.aeries.client import BY as AERIES_BY
from app.integrations.aeries.client import CALENDARS as AERIES_CALENDARS
from app.integrations.clever.client import BY as CLEVER_BY
from app.integrations.clever.client import CODES as CLEVER_CODES
from app.integrations.clever.client import NUMBERS as CLEVER_NUMBERS
from app.integrations.edfi.client import BY as ED_FI_BY
from app.integrations.file_pickup.client import COVERS
from app.integrations.powerschool.client import BY as POWERSCHOOL_BY
from app.integrations.powerschool.client import CALENDARS as POWERSCHOOL_CALENDARS
from app.integrations.powerschool.client import DAILY
from app.integrations.wonde.attendance import BY as WONDE_BY
from app.integrations.wonde.wire import REGIONS
from app.register.actions.connecting import Particulars as AttendanceParticulars
from app.register.actions.sftp_place import BESIDE, LIES, ONE_FILE, PASSWORD, SIGN_IN
from app.web.fields import Paper, options


class AttendanceForm(AskedForm):
    """A system that is asked for attendance."""

    #: False where there is another way in.
    NEEDS_SECRET: ClassVar = True

    secret = PasswordField("Secret", [Length(max=2_000)])
    hour = asked_at(
        "Only when somebody says so", "In the district's time zone, once the registers of the day are closed."
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

    def attendance(self) -> AttendanceParticulars:
        """What was filled in."""
        return AttendanceParticulars(
            settings=self.settings(),
            secret=self.secret_given(),
            secret_expires_on=self.secret_expires_on.data,
            hour=self.hour_chosen(),
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
        [Length(max=200), a_certificate],
        description="Aeries makes it for a vendor, under its API security. Tick Absence Codes, School Calendar, "
        "Enrollment History and Attendance, to be read.",
    )


class CleverForm(AttendanceForm):
    """A district at Clever."""

    OWN = ("schools", "by", "number", "codes")

    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by the School_id that you send to Clever, or by Clever's own id, such as "
        "994 = Beech School. What stands behind it is the school's name here.",
    )
    by = SelectField(
        "Attendance is noted",
        choices=options(CLEVER_BY.items()),
        default="daily",
        description="As Attendance_type says in what you send to Clever. A lesson is the period of its section.",
    )
    number = SelectField(
        "The student number here is at Clever",
        choices=options(CLEVER_NUMBERS.items()),
        default="sis_id",
        description="The SIS ID is what you send as Student_id.",
    )
    codes = SelectField(
        "A code is",
        choices=options(CLEVER_CODES.items()),
        default="excuse",
        description="Each code is signed off by itself. Choose the status alone if excuse codes are written freely.",
    )
    secret = PasswordField(
        "Token",
        [Length(max=2_000), a_token],
        description="The district-app token: Clever shows it to whoever keeps the application, for each district.",
    )


class WondeAttendanceForm(AttendanceForm):
    """The schools of a district at Wonde."""

    OWN = ("region", "schools", "by", "comments")

    region = SelectField(
        "Region",
        choices=options([(word, name) for word, (_, name) in REGIONS.items()]),
        description="Where Wonde keeps the schools. Another region answers as if nobody were there.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools],
        description="One a line, by Wonde’s id, such as A1930499544 = Beech School. What stands behind it is the "
        "school’s name here.",
    )
    by = SelectField("Attendance is noted", choices=options(WONDE_BY.items()), default="session")
    comments = BooleanField(
        "Take in the comment on a mark, too",
        description="What the school wrote beside a code, 200 letters at most. It may say why a child is ill: leave it "
        "out unless those who work with absences need it.",
    )
    secret = PasswordField(
        "Token",
        [Length(max=2_000), a_token],
        description="Wonde makes it for your application; the schools approve what it may read: students and their "
        "education details, leavers, attendance codes, session or lesson attendance, that of leavers, and deletions.",
    )


class PowerSchoolForm(AttendanceForm):
    """A district's PowerSchool SIS."""

    OWN = ("address", "client_id", "schools", "by", "calendar", "tracks")

    address = StringField(
        "Address of PowerSchool",
        [InputRequired("Copy the address from there."), Length(max=500)],
        description="Such as https://maple.powerschool.example, without what stands behind it when you are signed in. "
        "It is called at this host and no other.",
    )
    client_id = StringField(
        "Client ID",
        [InputRequired("Copy the client ID from there."), Length(max=200)],
        description="Of the plugin, in PowerSchool under Plugin Management, Data Provider Configuration.",
    )
    schools = TextAreaField(
        "Schools",
        [InputRequired("Name at least one school."), Length(max=20_000), some_schools_by_number],
        description="One a line, by its school number in PowerSchool, such as 994 = Beech School. What stands behind "
        "it is the school's name here.",
    )
    by = SelectField("Attendance is noted", choices=options(POWERSCHOOL_BY.items()), default=DAILY)
    calendar = SelectField(
        "Calendars of the schools", choices=options(POWERSCHOOL_CALENDARS.items()), default="yes"
    )
    tracks = BooleanField(
        "Schools have tracks, A to F",
        description="Each track then has the days that are ticked for it. Leave it out where all have the same days.",
    )
    secret = PasswordField(
        "Client secret", [Length(max=2_000)], description="It stands below the client ID in PowerSchool."
    )


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


class SftpForm(AttendanceForm):
    """Files of the register on an SFTP server."""

    OWN = ("host", "port", "user", "sign_in", "folder", "lies", "name", "covers")
    NEEDS_SECRET = False

    host = StringField(
        "Address of the server",
        [InputRequired("Write the address of the server."), Length(max=253)],
        description="Its name alone, such as sftp.sis.example. It is called at this host and no other.",
    )
    port = StringField(
        "Port",
        [Length(max=5)],
        default="22",
        description="22, unless whoever runs the server says another one.",
    )
    user = StringField("Name", [InputRequired("Write the name of the account."), Length(max=200)])
    sign_in = SelectField(
        "We sign in",
        choices=options(SIGN_IN.items()),
        default=PASSWORD,
        description="A key is safer: what opens the server never leaves FrontOffice. Once this is saved, the line for "
        "the server stands below.",
    )
    folder = StringField(
        "Folder",
        [Length(max=500)],
        description="Such as /exports/attendance. Empty for the one in which the account begins.",
    )
    lies = SelectField("What lies there", choices=options(LIES.items()), default=ONE_FILE)
    name = StringField(
        "What the file or folder is called",
        [Length(max=100)],
        description="A * stands for any letters, such as attendance-*.zip or 2026-*. Of several that fit, the one "
        "written last is taken. Leave it empty where the files lie beside each other.",
    )
    covers = SelectField(
        "What the files have",
        choices=options(COVERS.items()),
        description="A mark of that time that is not in them is gone. What a manifest.json says goes first.",
    )
    secret = PasswordField(
        "Password",
        [Length(max=500)],
        description="Of an account that can read these files and nothing else. Not needed with a key.",
    )

    def validate_port(self, field: Any) -> None:
        """A number of a port."""
        typed = (field.data or "22").strip()
        if not (typed.isascii() and typed.isdigit() and 0 < int(typed) < 65_536):
            raise ValidationError("Write the port as a number, such as 22.")

    def validate_user(self, field: Any) -> None:
        """On one line."""
        if not (field.data or "").isprintable():
            raise ValidationError("A name has only letters, digits and signs.")

    def validate_folder(self, field: Any) -> None:
        """A path from the top or from where the account begins, and never up."""
        typed = field.data or ""
        if not typed.isprintable() or ".." in typed.split("/"):
            raise ValidationError("Write the folder as the server calls it, without .. in it.")

    def validate_name(self, field: Any) -> None:
        """Of one file or folder."""
        typed = (field.data or "").strip()
        if not typed and self.lies.data != BESIDE:
            raise ValidationError("Write what the file or folder is called, such as attendance-*.zip.")
        if "/" in typed or not typed.isprintable():
            raise ValidationError("This is one name without a / in it. The folder has a field of its own.")


class HostKeyForm(Paper):
    """The key of a server, as somebody compared it."""

    shown = HiddenField("Key of the server", [Length(max=200)])


#: The paper of each system that is asked for attendance, by its outside service.
ATTENDANCE_FORMS: Final[dict[str, type[AttendanceForm]]] = {
    ED_FI: EdFiForm,
    AERIES: AeriesForm,
    CLEVER: CleverForm,
    WONDE_ATTENDANCE: WondeAttendanceForm,
    POWERSCHOOL: PowerSchoolForm,
    ATTENDANCE_FILE: AttendanceFileForm,
    ATTENDANCE_SFTP: SftpForm,
}
