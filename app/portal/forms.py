"""What operators fill in. They have no session row of a district, so each paper proves itself."""

from wtforms import (
    EmailField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from app.admin.models.operator_visit import SCOPES
from app.auth.models.password import LONGEST
from app.web.fields import CodeField, PublicPaper

CODE_WANTED = "Type the six digits that your app shows."


class OperatorSignInForm(PublicPaper):
    """Address, password and code, all at once."""

    email = EmailField("Email", [InputRequired("Type your email address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=1000)])
    code = CodeField("Code of your app", [InputRequired(CODE_WANTED), Length(max=60)])


class OperatorSetupForm(PublicPaper):
    """A password, and the first code of an app."""

    password = PasswordField("New password", [InputRequired("Choose a password.")])
    again = PasswordField("The same password again", [InputRequired("Type the password again.")])
    code = CodeField("Code that the app shows", [InputRequired(CODE_WANTED), Length(max=60)])

    def validate_again(self, field: PasswordField) -> None:
        """Both must be the same."""
        if field.data != self.password.data:
            raise ValidationError("The two passwords differ. Type the same one twice.")

    def validate_password(self, field: PasswordField) -> None:
        """What is longer than this is not a password."""
        if len(field.data or "") > LONGEST:
            raise ValidationError(f"Use at most {LONGEST} characters.")


class OperatorSignOutForm(PublicPaper):
    """Nothing is typed."""


class VisitAskForm(PublicPaper):
    """Which district, what of it, and why."""

    district = SelectField("District", choices=[])
    scope = RadioField(
        "What do you need to see?",
        choices=[SelectChoice(word, sees) for word, (sees, _, _) in SCOPES.items()],
        default="settings",
    )
    reason = TextAreaField(
        "Why",
        [
            InputRequired("Write why: the district’s admins read it and decide by it."),
            Length(min=10, max=1000, message="Write a sentence or two that an admin can decide by."),
        ],
    )


class VisitLeaveForm(PublicPaper):
    """Nothing is typed."""
