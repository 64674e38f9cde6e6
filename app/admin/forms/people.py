"""Who is on the staff, and what they may do."""

from typing import Final

from wtforms import EmailField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.admin.forms.checks import an_address
from app.core.actor import Role
from app.core.db import uuid_or_none
from app.roster.actions.grouping import Meaning
from app.roster.models.directory_group import GIVEN
from app.web.fields import KeyedPaper, Paper, options

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
